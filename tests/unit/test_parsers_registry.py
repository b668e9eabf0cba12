"""The contract of every parser through the registry, and every reason to refuse a file."""

import unicodedata
from io import BytesIO
from pathlib import Path
from zipfile import ZipFile

import pytest
from docx import Document
from fpdf import FPDF

from core.errors import ParseError
from ingest.parsers import registry
from ingest.parsers.registry import is_supported, parse

SAMPLES = Path(__file__).resolve().parents[2] / "samples" / "documents"
PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(200))
OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
HIDING = "vis\u200bible \U000e0069\U000e0067 e\u202end\x07 \ufeffhere"


def refusal(content, uri):
    with pytest.raises(ParseError) as caught:
        parse(content, uri)
    assert caught.value.detail
    assert "Traceback" not in caught.value.detail
    assert "\n" not in caught.value.detail
    return caught.value.reason


def docx_bytes(text="Some words in a paragraph."):
    document = Document()
    document.add_paragraph(text)
    stream = BytesIO()
    document.save(stream)
    return stream.getvalue()


@pytest.mark.parametrize(
    "path",
    sorted(p for p in SAMPLES.rglob("*") if is_supported(p.name)),
    ids=lambda path: path.name,
)
def test_every_sample_keeps_the_contract(path):
    document = parse(path.read_bytes(), path.name)
    assert document.title.strip()
    assert document.elements
    position = 0
    for element in document.elements:
        assert position <= element.start < element.end <= len(document.text)
        slice_ = document.text[element.start : element.end]
        assert slice_.strip()
        assert element.plain.strip()
        if path.suffix not in (".md", ".txt"):
            assert element.plain == slice_
        assert (element.page is not None) == (path.suffix == ".pdf")
        assert not any(unicodedata.category(c) in ("Cf", "Cs") for c in element.plain)
        position = element.end


@pytest.mark.parametrize(
    ("uri", "content"),
    [
        ("a.md", HIDING.encode()),
        ("a.txt", HIDING.encode()),
        ("a.html", f"<p>{HIDING}</p>".encode()),
        ("b.html", b"<p>vis&#8203;ible &#xE0069;&#xE0067; e&#x202E;nd &#xFEFF;here</p>"),
        ("a.csv", f"name,x\n{HIDING},1\n".encode()),
        ("a.docx", docx_bytes(HIDING.replace("\x07", ""))),
    ],
)
def test_hidden_characters_are_never_part_of_what_is_seen(uri, content):
    (element,) = parse(content, uri).elements
    assert "visible end here" in " ".join(element.plain.split())


@pytest.mark.parametrize("uri", ["A.MD", "x/y.markdown", "a.b.txt", "run.LOG", "p.htm", "t.tsv"])
def test_the_ending_counts_in_any_case(uri):
    assert is_supported(uri)
    assert parse(b"Some words, here\n", uri).elements


@pytest.mark.parametrize("uri", ["a.png", "README", "x.md.bak", ".md", "a.doc", "folder.md/file"])
def test_other_endings_are_unsupported(uri):
    assert not is_supported(uri)
    assert refusal(b"text", uri) == "unsupported"


@pytest.mark.parametrize("uri", ["a.md", "a.txt", "a.html", "a.csv"])
@pytest.mark.parametrize(
    "content", [PNG, docx_bytes(), b"%PDF-1.7\n%%EOF", OLE, b"\x1f\x8b\x08rest", b"a\x00b\x01\x02"]
)
def test_a_binary_file_with_a_text_ending_is_unsupported(uri, content):
    assert refusal(content, uri) == "unsupported"


@pytest.mark.parametrize("content", [b"", b" \n\t\r\n ", b"\xef\xbb\xbf", b"\xff\xfe \x00\n\x00"])
@pytest.mark.parametrize("uri", ["a.md", "a.txt", "a.html", "a.csv", "a.pdf", "a.docx"])
def test_a_file_without_content_is_empty(uri, content):
    assert refusal(content, uri) == "empty"


@pytest.mark.parametrize(
    ("uri", "content"),
    [
        ("a.md", b"---\n\n<!-- nothing -->\n"),
        ("a.txt", "\u200b \u200b".encode()),
        ("a.html", b"<html><script>x()</script></html>"),
        ("a.csv", b",,\n,,\n"),
        ("a.docx", docx_bytes("")),
    ],
)
def test_a_file_without_visible_text_is_empty(uri, content):
    assert refusal(content, uri) == "empty"


@pytest.mark.parametrize("uri", ["a.md", "a.txt", "a.html", "a.csv"])
def test_text_in_no_known_encoding_is_refused(uri):
    assert refusal("é".encode() * 50 + b"\xff\xfe\xff" + b"x" * 50, uri) == "encoding"


def test_office_containers_that_are_no_docx_are_told_apart():
    whole = docx_bytes()
    archive = BytesIO()
    with ZipFile(archive, "w") as zipped:
        zipped.writestr("notes.txt", "x")
    assert (
        refusal(OLE + b"\0" * 64 + "EncryptedPackage".encode("utf-16-le"), "a.docx") == "encrypted"
    )
    assert refusal(OLE + b"\0" * 512, "a.docx") == "unsupported"
    assert refusal(archive.getvalue(), "a.docx") == "unsupported"
    assert refusal(b"just words", "a.docx") == "corrupt"
    assert refusal(whole[: len(whole) // 2], "a.docx") == "corrupt"


def test_a_docx_with_a_broken_part_is_corrupt():
    broken = BytesIO()
    with ZipFile(BytesIO(docx_bytes())) as source, ZipFile(broken, "w") as target:
        for name in source.namelist():
            part = source.read(name)
            target.writestr(name, part[: len(part) // 2] if name == "word/document.xml" else part)
    assert refusal(broken.getvalue(), "a.docx") == "corrupt"


def test_a_docx_that_unpacks_to_gigabytes_is_an_archive_bomb(tmp_path):
    whole = bytearray(docx_bytes())
    central = whole.rindex(b"PK\x01\x02")
    whole[central + 24 : central + 28] = (3 * 1024**3).to_bytes(4, "little")
    assert refusal(bytes(whole), "a.docx") == "archive_bomb"


def test_pdf_reasons_pass_through():
    document = FPDF()
    document.add_page()
    assert refusal(bytes(document.output()), "a.pdf") == "no_text_layer"
    assert refusal(b"words, no PDF", "a.pdf") == "corrupt"


def test_running_out_of_memory_is_reported_and_an_interrupt_is_not_swallowed():
    def fails_with(error):
        def parser(content, uri):
            raise error

        return parser

    with pytest.raises(ParseError) as caught:
        registry.guarded(fails_with(MemoryError()), b"x", "a.md")
    assert caught.value.reason == "memory"
    with pytest.raises(ParseError) as caught:
        registry.guarded(fails_with(KeyError("inner detail")), b"x", "a.md")
    assert (caught.value.reason, "inner detail" in caught.value.detail) == ("corrupt", False)
    with pytest.raises(KeyboardInterrupt):
        registry.guarded(fails_with(KeyboardInterrupt()), b"x", "a.md")
