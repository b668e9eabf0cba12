"""Sources are opened for whoever may read them, each time anew; files go out under names that do no harm."""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.source_desk.desk import SourceDesk
from app.source_desk.media_types import content_disposition, file_name, media_type
from app.source_desk.reasons import readers
from core.answers import Answer, Citation, DocumentRef, Note
from core.documents import content_version
from core.errors import NotFound
from index.catalogue import Catalogue, NewVersion
from index.originals import Originals
from index.permissions import caller_named

CONTENT = b"The bell rings at nine."
VERSION = content_version(CONTENT)
STAFF = caller_named("sam@example.org", ("staff",))
GUEST = caller_named("gil@example.org", ())


@pytest.fixture
def stored(catalogue: Catalogue, new_version: Callable[..., NewVersion]) -> NewVersion:
    version = new_version(
        "rules/bell.txt", CONTENT.decode(), range(1, 2), access=("group:staff",), version=VERSION
    )
    catalogue.store([version], [])
    originals = Originals(catalogue.data_dir)
    originals.stage(CONTENT)
    originals.keep([VERSION])
    return version


def test_a_reader_gets_the_document_its_text_and_its_original(
    catalogue: Catalogue, stored: NewVersion
) -> None:
    desk = SourceDesk(catalogue)
    opened = desk.open(stored.doc_id, STAFF)
    assert (opened.text, opened.has_original, opened.is_paged) == (CONTENT.decode(), True, False)
    original = desk.original(stored.doc_id, STAFF)
    assert (original.name, original.content) == ("bell.txt", CONTENT)
    assert desk.text_file(stored.doc_id, STAFF).name == "bell.txt"
    assert desk.version(stored.doc_id, STAFF) == VERSION


@pytest.mark.parametrize("act", ["open", "original", "text_file", "version", "page_image", "why"])
def test_what_may_not_be_read_and_what_is_not_there_are_the_same(
    catalogue: Catalogue, stored: NewVersion, act: str
) -> None:
    desk = SourceDesk(catalogue)
    acts: dict[str, Callable[[str], object]] = {
        "page_image": lambda doc_id: desk.page_image(doc_id, GUEST, 1),
        "why": lambda doc_id: desk.why(answer_citing(doc_id), {}, 1, GUEST),
    }

    def said(doc_id: str) -> str:
        with pytest.raises(NotFound) as raised:
            acts.get(act, lambda doc_id: getattr(desk, act)(doc_id, GUEST))(doc_id)
        return str(raised.value)

    assert said(stored.doc_id) == said("0" * 20)


def test_what_was_opened_before_is_closed_when_access_ends(
    catalogue: Catalogue, stored: NewVersion, new_version: Callable[..., NewVersion]
) -> None:
    desk = SourceDesk(catalogue)
    desk.open(stored.doc_id, STAFF)
    catalogue.store(
        [new_version("rules/bell.txt", CONTENT.decode(), range(2, 3), access=("group:board",), version=VERSION)],
        [],
    )  # fmt: skip
    for act in (desk.open, desk.original, desk.text_file):
        with pytest.raises(NotFound):
            act(stored.doc_id, STAFF)


def test_without_an_original_the_text_is_left(catalogue: Catalogue, stored: NewVersion) -> None:
    (catalogue.data_dir / "originals" / VERSION).write_bytes(b"changed by somebody")
    desk = SourceDesk(catalogue)
    with pytest.raises(NotFound, match="is not kept"):
        desk.original(stored.doc_id, STAFF)
    (catalogue.data_dir / "originals" / VERSION).unlink()
    assert not desk.open(stored.doc_id, STAFF).has_original
    with pytest.raises(NotFound, match="is not kept"):
        desk.page_image(stored.doc_id, STAFF, 1)
    assert desk.text_file(stored.doc_id, STAFF).content == CONTENT


def answer_citing(doc_id: str, *notes: Note) -> Answer:
    document = DocumentRef(doc_id, "rules/bell.txt", "bell", VERSION)
    citation = Citation(1, document, "chunk-9", (), None, 0, 8, "The bell")
    return Answer(
        "a1", "c1", "t1", "When?", "At nine [1].", "answered", (), (citation,), notes, "m", "p", 1, "2026-01-01"
    )  # fmt: skip


def hit(chunk: str, doc_id: str, **more: Any) -> dict[str, Any]:
    return {"chunk_id": chunk, "doc_id": doc_id, "start": 0, "end": 5, **more}


def test_the_reason_says_how_a_source_was_found_and_names_no_other(
    catalogue: Catalogue, stored: NewVersion
) -> None:
    note = Note("conflict", "Two sources disagree. Secret plan: “ten”; bell.txt: “nine”.")
    trace = {
        "hits": [
            hit("chunk-1", "other", lexical_rank=1, dense_rank=1, notes=[]),
            hit(
                "chunk-9", stored.doc_id, lexical_rank=None, dense_rank=4, notes=["newer than 'Secret plan'"]
            ),
        ]
    }  # fmt: skip
    desk = SourceDesk(catalogue)
    reason = desk.why(answer_citing(stored.doc_id, note), trace, 1, STAFF)
    assert (reason.place, reason.found) == (2, 2)
    assert (reason.by_words, reason.by_meaning) == (None, 4)
    assert reason.readers == "group staff"
    assert "The newest of its versions among what was found." in reason.remarks
    assert "Secret" not in repr(reason)


def test_without_a_trace_the_document_is_still_described(
    catalogue: Catalogue, stored: NewVersion
) -> None:
    reason = SourceDesk(catalogue).why(answer_citing(stored.doc_id), {}, 1, STAFF)
    assert (reason.place, reason.found, reason.source) == (None, 0, "docs")


def test_a_marker_that_the_answer_does_not_have_is_not_found(
    catalogue: Catalogue, stored: NewVersion
) -> None:
    with pytest.raises(NotFound, match="no such source"):
        SourceDesk(catalogue).why(answer_citing(stored.doc_id), {}, 7, STAFF)


@pytest.mark.parametrize(
    ("access", "said"),
    [
        (("everyone", "group:hr"), "everyone"),
        (("group:hr",), "group hr"),
        (("group:sales", "group:hr"), "groups hr, sales"),
        (("group:hr", "user:ada@example.org"), "group hr and one named person"),
        ((), "administrators only"),
    ],
)
def test_readers_are_said_in_plain_words(access: tuple[str, ...], said: str) -> None:
    assert readers(access) == said


@pytest.mark.parametrize(
    ("uri", "name"),
    [
        ("a/b/report.pdf", "report.pdf"),
        ("pack.zip!/../../etc/passwd", "passwd"),
        ("..\\..\\windows\\win.ini", "win.ini"),
        ("https://example.org/page.html?q=1#top", "page.html"),
        ('bad"name;\r\nSet-Cookie: x=1.txt', "bad name Set-Cookie x=1.txt"),
        ("evil\u202efdp.exe", "evil fdp.exe"),
        ("CON.txt", "_CON.txt"),
        ("...", "document"),
        ("", "document"),
        ("x" * 400 + ".pdf", "x" * 116 + ".pdf"),
        ("Übersicht 2026.md", "Übersicht 2026.md"),
    ],
)
def test_a_name_is_one_that_every_system_takes(uri: str, name: str) -> None:
    assert file_name(uri) == name


@given(st.text(max_size=60))
def test_no_uri_breaks_out_of_the_header_or_the_folder(uri: str) -> None:
    name = file_name(uri)
    assert name
    assert not set(name) & set('/\\"\r\n\0')
    assert name not in (".", "..")
    header = content_disposition(name)
    assert header.isascii()
    assert header.isprintable()
    assert header.count('"') == 2


@pytest.mark.parametrize("name", ["a.html", "a.svg", "a.xml", "a.xhtml", "a.js", "a", "a.pdf.htm"])
def test_what_a_browser_would_run_has_no_type_of_its_own(name: str) -> None:
    assert media_type(name) == "application/octet-stream"


def test_a_name_that_is_not_ascii_is_encoded() -> None:
    header = content_disposition("Übersicht.md")
    assert header.endswith("filename*=UTF-8''%C3%9Cbersicht.md")
