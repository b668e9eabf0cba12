"""E-books: chapters in reading order, and archives that are no books."""

from io import BytesIO
from zipfile import ZIP_DEFLATED, ZipFile

import pytest

from core.errors import ParseError
from ingest.parsers import epub_parser
from ingest.parsers.epub_parser import parse_epub

CONTAINER = '<container><rootfiles><rootfile full-path="OPS/book.opf"/></rootfiles></container>'
PACKAGE = (
    '<package xmlns:dc="http://purl.org/dc/elements/1.1/"><metadata><dc:title>My book</dc:title>'
    "<dc:creator>Ann</dc:creator><dc:language>en</dc:language></metadata><manifest>"
    '<item id="b" href="text/two.xhtml" media-type="application/xhtml+xml"/>'
    '<item id="a" href="one%20x.xhtml" media-type="application/xhtml+xml"/></manifest>'
    '<spine><itemref idref="a"/><itemref idref="b"/></spine></package>'
)
BOOK = {
    "META-INF/container.xml": CONTAINER,
    "OPS/book.opf": PACKAGE,
    "OPS/one x.xhtml": "<h1>First</h1><p>One.</p>",
    "OPS/text/two.xhtml": "<h1>Second</h1><p>Two.</p>",
    "OPS/unread.xhtml": "<p>not in the spine</p>",
}


def book(**changes):
    stored = BytesIO()
    with ZipFile(stored, "w", ZIP_DEFLATED) as archive:
        for name, content in {**BOOK, **changes}.items():
            if content is not None:
                archive.writestr(name, content)
    return stored.getvalue()


def reason(content):
    with pytest.raises(ParseError) as caught:
        parse_epub(content, "a.epub")
    return caught.value.reason


def test_chapters_are_read_in_the_order_of_the_spine():
    document = parse_epub(book(), "a.epub")
    assert document.title == "My book"
    assert document.metadata == {"author": "Ann", "language": "en"}
    assert [(e.kind, e.plain) for e in document.elements] == [
        ("heading", "First"),
        ("text", "One."),
        ("heading", "Second"),
        ("text", "Two."),
    ]


def test_protected_books_are_encrypted():
    method = '<e><EncryptionMethod Algorithm="http://www.w3.org/2001/04/xmlenc#aes128-cbc"/></e>'
    assert reason(book(**{"META-INF/encryption.xml": method})) == "encrypted"
    assert reason(book(**{"META-INF/rights.xml": "<rights/>"})) == "encrypted"


def test_scrambled_fonts_do_not_hide_the_text():
    method = '<e><EncryptionMethod Algorithm="http://www.idpf.org/2008/embedding"/></e>'
    assert parse_epub(book(**{"META-INF/encryption.xml": method}), "a.epub").elements


def test_a_book_that_unpacks_without_end_is_a_bomb(monkeypatch):
    monkeypatch.setattr(epub_parser, "_MAX_ENTRY_BYTES", 10_000)
    assert reason(book(**{"OPS/one x.xhtml": "<p>" + "a" * 20_000})) == "archive_bomb"


@pytest.mark.parametrize(
    "content",
    [
        b"PK\x03\x04 cut",
        book()[:-40],
        book(**{"META-INF/container.xml": None}),
        book(**{"OPS/book.opf": "<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>"}),
    ],
    ids=["no archive", "cut", "no container", "entities"],
)
def test_what_is_no_book_is_corrupt(content):
    assert reason(content) == "corrupt"


def test_a_chapter_that_is_missing_is_passed_over():
    document = parse_epub(book(**{"OPS/one x.xhtml": None}), "a.epub")
    assert [e.plain for e in document.elements] == ["Second", "Two."]
