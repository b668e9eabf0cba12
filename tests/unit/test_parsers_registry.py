"""The contract of every parser through the registry, and every reason to refuse a file."""

import time
import unicodedata
from io import BytesIO
from pathlib import Path, PurePosixPath
from zipfile import ZipFile

import pytest
from docx import Document
from fpdf import FPDF
from openpyxl import Workbook
from PIL import Image

from core.errors import ParseError
from ingest.parsers import registry, signatures
from ingest.parsers.registry import parse

SAMPLES = Path(__file__).resolve().parents[2] / "samples" / "documents"
FIXTURES = Path(__file__).parent / "fixtures"
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
    sorted(path for path in SAMPLES.rglob("*") if path.is_file()),
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
        ("a.csv", f"{HIDING}\n".encode()),
        ("a.docx", docx_bytes(HIDING.replace("\x07", ""))),
    ],
)
def test_hidden_characters_are_never_part_of_what_is_seen(uri, content):
    (element,) = parse(content, uri).elements
    assert "visible end here" in " ".join(element.plain.split())


@pytest.mark.parametrize("uri", ["A.MD", "x/y.markdown", "a.b.txt", "run.LOG", "p.htm", "t.tsv"])
def test_the_ending_counts_in_any_case(uri):
    named = PurePosixPath(uri).suffix.lower()
    assert registry._format_of(b"Some words, here\n", named) == named
    assert parse(b"Some words, here\n", uri).elements


@pytest.mark.parametrize("uri", ["LICENSE", "x.md.bak", "folder.md/file", "notes.qqq", "a.adoc"])
def test_text_under_an_unknown_ending_is_read_as_text(uri):
    (element,) = parse(b"# Some *words*\n", uri).elements
    assert (element.kind, element.plain) == ("text", "# Some *words*")


@pytest.mark.parametrize("uri", ["LICENSE", "a.qqq", "a.doc", "a.xls"])
def test_markup_under_an_ending_that_does_not_say_so_is_read_as_markup(uri):
    page = (
        "<!-- saved --><!-- twice -->\n<html><body><h1>Prices</h1><p>Ten euros.</p></body></html>"
    )
    for content in (page.encode(), page.encode("utf-16"), b"\xef\xbb\xbf" + page.encode()):
        found = [(element.kind, element.plain) for element in parse(content, uri).elements]
        assert found == [("heading", "Prices"), ("text", "Ten euros.")]
    xml = b"<?xml version='1.0'?><a><b>5</b></a>"
    assert parse(xml, uri).text == "b: 5"
    assert parse(b"<?xml version='1.0'?>\n<!DOCTYPE html><html><p>x</p></html>", uri).text == "x"


def test_a_table_that_a_program_calls_a_workbook_is_read_as_a_table():
    rows = b"Part\tCount\nProbe\t12\n"
    for content in (rows, rows.decode().encode("utf-16")):
        assert parse(content, "a.xls").text == "Part | Count\n\nPart: Probe; Count: 12"
    assert parse(b"Just words\n", "a.doc").text.strip() == "Just words"


def test_a_web_archive_that_is_called_a_document_is_read_without_its_wrapping():
    archive = (
        b"From: <Saved>\nSubject: Prices\nX: folded\n\tline\nMIME-Version: 1.0\n"
        b'Content-Type: multipart/related; boundary="b"\n\n--b\nContent-Type: text/html\n\n'
        b"<h1>Prices</h1><p>Ten euros.</p>\n--b--\n"
    )
    text = parse(archive, "prices.doc").text
    assert "Ten euros." in text
    assert "boundary" not in text


def test_a_mail_that_is_saved_as_text_stays_the_text_that_it_is():
    mail = b"Subject: Prices\nMIME-Version: 1.0\n\nTen euros.\n"
    assert parse(mail, "a.txt").text == mail.decode()


def test_comments_without_end_before_markup_cost_no_time():
    started = time.process_time()
    assert signatures.text_ending(b"<!---->" * 1_000) == ".txt"
    assert time.process_time() - started < 0.5


def pdf_bytes(text="Words of a page."):
    document = FPDF()
    document.add_page()
    document.set_font("Helvetica", size=11)
    if text:
        document.cell(0, 6, text)
    return bytes(document.output())


def xlsx_bytes():
    book, stream = Workbook(), BytesIO()
    book.active["A1"] = "Words of a cell."
    book.save(stream)
    return stream.getvalue()


def image_bytes(kind):
    stream = BytesIO()
    Image.new("RGB", (64, 64), "white").save(stream, kind)
    return stream.getvalue()


@pytest.mark.parametrize("uri", ["a.txt", "a.md", "a", "a.docx", "a.pdf", "a.xls", "a.qqq"])
@pytest.mark.parametrize(
    ("content", "words"),
    [
        (pdf_bytes(), "Words of a page."),
        (docx_bytes(), "Some words in a paragraph."),
        (xlsx_bytes(), "Words of a cell."),
        (rb"{\rtf1 Words of a note.\par}", "Words of a note."),
    ],
    ids=["pdf", "docx", "xlsx", "rtf"],
)
def test_what_the_bytes_are_wins_over_what_the_ending_says(content, words, uri):
    assert words in parse(content, uri).text


@pytest.mark.parametrize("ending", ["doc", "ppt", "xls"])
def test_old_office_files_are_told_apart_by_their_directory(ending):
    content = (FIXTURES / f"cold-store.{ending}").read_bytes()
    # A workbook may hold a whole text, and a mail all of them: their bytes name other streams.
    for name in ("WordDocument", "EncryptedPackage", "Workbook"):
        assert "Kühlhaus" in parse(content + name.encode("utf-16-le") + bytes(512), "a.msg").text


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "TIFF", "BMP", "GIF", "WEBP"])
@pytest.mark.parametrize("uri", ["a.pdf", "a", "a.bmp", "a.txt"])
def test_every_kind_of_image_is_known_by_its_bytes(kind, uri):
    named = PurePosixPath(uri).suffix
    assert registry._format_of(image_bytes(kind), named) in registry.IMAGE_ENDINGS


def test_an_image_without_text_is_reported_as_one_whatever_it_is_called():
    assert refusal(image_bytes("PNG"), "a.pdf") == "no_text_layer"


def zip_bytes(**members):
    stream = BytesIO()
    with ZipFile(stream, "w") as archive:
        for name, text in members.items():
            archive.writestr(name.replace("__", "/"), text)
    return stream.getvalue()


@pytest.mark.parametrize("uri", ["a.docx", "a.txt", "a.zip", "a"])
def test_an_archive_is_no_document(uri):
    assert refusal(zip_bytes(notes="x"), uri) == "unsupported"
    assert refusal(zip_bytes(), uri) == "unsupported"


def test_the_mimetype_of_a_package_says_what_it_is_and_may_be_broken():
    text = "application/vnd.oasis.opendocument.text"
    for kind in (text, f"{text}-template\n"):
        assert signatures.true_ending(zip_bytes(mimetype=kind), ".zip") == ".odt"
    assert signatures.true_ending(zip_bytes(**{"META-INF__container.xml": ""}), "") == ".epub"
    stored = zip_bytes(mimetype=text)
    assert refusal(stored.replace(text.encode(), text.encode()[::-1]), "a.odt") == "corrupt"


@pytest.mark.parametrize("uri", ["a.md", "a.txt", "a.html", "a.csv", "a", "a.qqq"])
@pytest.mark.parametrize(
    "content",
    [
        b"\x1f\x8b\x08rest",
        b"a\x00b\x01\x02",
        bytes(range(256)) * 8,
        b"ID3\x04" + bytes(60),
        b"RIFF\x24\x00\x00\x00WAVEfmt " + bytes(60),
        b"\x00\x00\x00\x20ftypheic" + bytes(60),
        b"SQLite format 3\x00" + bytes(60),
    ],
    ids=["gzip", "controls", "bytes", "mp3", "wav", "heic", "sqlite"],
)
def test_a_binary_file_that_is_no_document_is_unsupported(uri, content):
    assert refusal(content, uri) == "unsupported"


@pytest.mark.parametrize(
    "words", ["ID3 tags", "RIFF is old", "BM is a mark", "the ftyp box", "II*"]
)
def test_a_text_that_begins_like_a_binary_file_is_a_text(words):
    assert parse(f"{words} and more words.".encode(), "a.txt").text == f"{words} and more words."


@pytest.mark.parametrize(
    "uri", ["a.pem", "A.KEY", "b/.env", "b/.env.local", "prod.env", ".netrc", "smime.p7s", "a.lock"]
)
def test_endings_of_keys_secrets_and_signatures_are_unsupported(uri):
    assert refusal(b"words", uri) == "unsupported"


@pytest.mark.parametrize(
    "first",
    [
        "-----BEGIN RSA PRIVATE KEY-----",
        "\n-----BEGIN CERTIFICATE-----",
        "PuTTY-User-Key-File-3: x",
    ],
)
def test_keys_are_unsupported_under_any_name(first):
    assert refusal(f"{first}\nMIIEpQIBAAKCAQEA\n".encode(), "id_rsa") == "unsupported"
    assert refusal(f"{first}\nMIIEpQIBAAKCAQEA\n".encode(), "notes.txt") == "unsupported"


def test_a_signed_message_is_a_text():
    assert parse(b"-----BEGIN PGP SIGNED MESSAGE-----\n\nPay on Friday.\n", "a.txt").elements


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Die Prüfung des Kühlhauses beginnt jeden Morgen um sechs Uhr.", "de"),
        ("The inspection of the cold store begins every morning at six.", "en"),
        ("42 17 99", None),
    ],
)
def test_the_language_is_said_where_it_can_be_told(text, language):
    assert parse(text.encode(), "a.txt").metadata.get("language") == language


def test_the_language_that_a_file_says_itself_is_kept():
    feed = "<rss><channel><title>N</title><language>de-AT</language><item><a>The cold store is open every day</a></item></channel></rss>"
    assert parse(feed.encode(), "a.xml").metadata["language"] == "de-AT"


@pytest.mark.parametrize(
    "content", [b"", b" \n\t\r\n ", b"\xef\xbb\xbf", b"\xff\xfe \x00\n\x00", bytes(99)]
)
@pytest.mark.parametrize(
    "uri", ["a.md", "a.html", "a.csv", "a.pdf", "a.docx", "a", "a.qqq", "a.png"]
)
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


def renamed(name):
    """An OLE file whose one important stream has this name."""
    old, new = ("WordDocument".encode("utf-16-le"), name.encode("utf-16-le"))
    content = (FIXTURES / "cold-store.doc").read_bytes()
    place = content.index(old)
    entry = new.ljust(64, b"\0") + (len(new) + 2).to_bytes(2, "little")
    return content[:place] + entry + content[place + len(entry) :]


def protected():
    return renamed("EncryptedPackage")


def test_office_containers_that_are_no_docx_are_told_apart():
    whole = docx_bytes()
    archive = BytesIO()
    with ZipFile(archive, "w") as zipped:
        zipped.writestr("notes.txt", "x")
    assert refusal(protected(), "a.docx") == "encrypted"
    assert refusal(OLE + bytes(512), "a.docx") == "corrupt"
    assert refusal(renamed("Unheard of"), "a.docx") == "unsupported"
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
