"""What the documents of a LlamaIndex reader are called, and which of them are refused."""

import pytest

from ingest.sources.reader_documents import ReaderDocument, ReaderKeys, join_documents

UUIDS = [f"0000000{number}-0000-4000-8000-000000000000" for number in range(9)]


def document(text: str = "text", doc_id: str = UUIDS[0], **metadata: object) -> ReaderDocument:
    return ReaderDocument(doc_id, text, metadata)


def names(*documents: ReaderDocument, **keys: str) -> list[str]:
    return [reading.uri for reading in join_documents(documents, ReaderKeys(**keys), {})]


def test_the_first_usual_key_that_all_documents_have_names_them() -> None:
    assert names(document(url="u1", file_path="f"), document(url="u2")) == ["u1", "u2"]
    assert names(document(file_path="f", url="u")) == ["f"]
    assert names(document(id=17)) == ["17"]
    assert names(document(doc_id="page-1")) == ["page-1"]


def test_a_key_may_be_chosen() -> None:
    assert names(document(url="u", slug="s"), id="slug") == ["s"]
    assert names(document(url="u", doc_id="d"), id="doc_id") == ["d"]


def test_ids_that_are_new_in_each_run_are_refused_with_the_keys_there_are() -> None:
    with pytest.raises(ValueError, match=r"new ids in each run.*`id_from:`.*lang, slug"):
        names(document(slug="a", lang="en"), document(slug="b", lang="en", other=1))


def test_a_chosen_key_that_a_document_lacks_is_refused() -> None:
    with pytest.raises(ValueError, match="'slug', which `id_from:` asks for"):
        names(document(slug="a"), document(), id="slug")
    with pytest.raises(ValueError, match="'tags'"):
        names(document(tags=["a"]), id="tags")


def test_chosen_ids_that_were_all_others_last_time_are_refused() -> None:
    keys = ReaderKeys(id="doc_id")
    with pytest.raises(ValueError, match="a key that stays"):
        join_documents([document(doc_id=UUIDS[1])], keys, {UUIDS[2]: "x"})
    assert join_documents([document(doc_id=UUIDS[1])], keys, {UUIDS[1]: "x", UUIDS[2]: "x"})
    assert join_documents([document(doc_id=UUIDS[1])], keys, {})


def test_the_pages_of_one_document_are_joined_in_order() -> None:
    pages = [document(f"page {label}", file_path="a.pdf", page_label=label) for label in "123"]
    (reading,) = join_documents(pages, ReaderKeys(), {})
    assert reading.text == "page 1\n\npage 2\n\npage 3"


def test_two_documents_under_one_name_are_refused_with_the_key_that_differs() -> None:
    with pytest.raises(ValueError, match=r"same 'source' \('wiki'\).*'title'"):
        names(document(source="wiki", title="A"), document(source="wiki", title="B"))


def test_the_version_decides_or_else_the_text() -> None:
    def stamp(text: str, **metadata: object) -> str:
        keys = ReaderKeys(version="rev")
        return join_documents([document(text, url="u", **metadata)], keys, {})[0].stamp

    assert stamp("a", rev=1) == stamp("b", rev=1) == "1"
    assert stamp("a") != stamp("b")


def test_title_address_and_date_come_from_the_keys_that_are_named() -> None:
    keys = ReaderKeys(title="t", url="link", updated="day")
    made = document(url="u", t=" A  B ", link="https://x", day="2026-03-04")
    (reading,) = join_documents([made], keys, {})
    assert (reading.title, reading.url) == ("A B", "https://x")
    assert reading.updated_at == "2026-03-04T00:00:00+00:00"
    (other,) = join_documents([document(url="u", day="yesterday")], keys, {})
    assert other.updated_at == ""


def test_names_below_the_folder_that_is_read_are_relative_to_it() -> None:
    assert names(document(file_path="/docs/hr/a.md"), folder="/docs") == ["hr/a.md"]
    assert names(document(file_path="/docs2/a.md"), folder="/docs/") == ["/docs2/a.md"]
    assert names(document(url="https://x/docs/a"), folder="docs") == ["https://x/docs/a"]


def test_no_documents_are_no_readings() -> None:
    assert names() == []
