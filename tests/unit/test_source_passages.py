"""The drawer's text: tables as tables, mails with their heads, pages apart, and always the canonical words."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from app.web.sources.page_place import page_of, words_on_page
from app.web.sources.passage_blocks import Block, Row, passage_blocks
from app.web.sources.passage_view import Segment, passage_view
from app.web.sources.table_cells import cells_of, column_names
from core.answers import Citation, DocumentRef
from core.documents import Element
from ingest.parsers.canonical import CanonicalWriter
from ingest.parsers.csv_parser import parse_csv
from ingest.parsers.mail_parser import parse_eml
from ingest.parsers.markdown_parser import parse_markdown
from ingest.parsers.table_rows import header_text, row_text

NAMES = ("tree", "rootstock", "cut in")


@dataclass(frozen=True, slots=True)
class Opened:
    text: str
    elements: tuple[Element, ...]


def cite(text: str, quote: str) -> Citation:
    start = text.index(quote)
    return Citation(
        1, DocumentRef("d", "a", "A", "v1"), "c", (), None, start, start + len(quote), quote
    )


def blocks_of(
    document: Opened, quote: str, uri: str = "a.docx", context: int = 10_000, **metadata: str
) -> tuple[Block, ...]:
    view = passage_view(document, cite(document.text, quote), context)
    return passage_blocks(document, view, uri, metadata)


def words(parts: tuple[Segment, ...]) -> str:
    return "".join(part.text for part in parts)


def table_of(rows: list[list[str]], names: tuple[str, ...] = NAMES) -> Opened:
    writer = CanonicalWriter()
    writer.add("heading", "Orchard", level=1)
    writer.add_table(names, rows)
    writer.add("text", "That was all.")
    document = writer.document("a.docx")
    return Opened(document.text, document.elements)


def cells(row: Row) -> list[str]:
    return [words(parts) for parts in row.cells]


def marked(blocks: tuple[Block, ...]) -> list[str]:
    def parts_of(block: Block) -> Iterator[Segment]:
        yield from block.parts
        for column in block.columns:
            yield from column
        for row in block.rows:
            for cell in row.cells:
                yield from cell

    return [part.text for block in blocks for part in parts_of(block) if part.marked]


def test_a_table_is_a_table_with_its_names_and_the_cited_row() -> None:
    document = table_of([["apple", "M9", "February"], ["plum", "Wavit", "August"]])
    text, table, last = blocks_of(document, "tree: plum; rootstock: Wavit; cut in: August")
    assert (text.kind, words(text.parts)) == ("text", "Orchard")
    assert [words(name) for name in table.columns] == ["tree", "rootstock", "cut in"]
    assert [cells(row) for row in table.rows] == [
        ["apple", "M9", "February"],
        ["plum", "Wavit", "August"],
    ]
    assert [row.is_cited for row in table.rows] == [False, True]
    assert (table.first, table.total) == (1, 2)
    assert words(last.parts) == "That was all."
    assert marked((text, table, last)) == ["plum", "Wavit", "August"]


def test_words_in_one_cell_mark_that_cell_alone() -> None:
    document = table_of([["plum", "Wavit, grafted", "August"]])
    blocks = blocks_of(document, "Wavit")
    assert marked(blocks) == ["Wavit"]
    assert blocks[1].rows[0].is_cited


def test_a_cited_line_of_names_is_marked_in_the_head() -> None:
    document = table_of([["plum", "Wavit", "August"]])
    assert marked(blocks_of(document, "tree | rootstock | cut in")) == list(NAMES)


def test_empty_cells_stay_in_their_columns() -> None:
    table = blocks_of(table_of([["plum", "", "August"], ["", "M9", ""]]), "Orchard")[1]
    assert [cells(row) for row in table.rows] == [["plum", "", "August"], ["", "M9", ""]]


def test_a_window_of_a_long_table_says_which_rows_it_has() -> None:
    rows = "\n".join(f"star-{number:06d},{number % 97}" for number in range(1, 100_001))
    parsed = parse_csv(f"star,magnitude\n{rows}\n".encode(), "stars.csv")
    document = Opened(parsed.text, parsed.elements)
    (table,) = blocks_of(document, "star: star-041233; magnitude: 8", "stars.csv", 2_000)
    assert table.total == 100_000
    assert 50 < len(table.rows) < 200
    assert cells(table.rows[41_233 - table.first])[0] == "star-041233"
    assert [row.is_cited for row in table.rows].index(True) == 41_233 - table.first
    assert [words(name) for name in table.columns] == ["star", "magnitude"]


def test_the_first_rows_of_a_table_are_counted_from_one() -> None:
    document = table_of([[f"tree {number}", "M9", "May"] for number in range(40)])
    table = blocks_of(document, "tree: tree 0; rootstock: M9", context=400)[1]
    assert (table.first, table.total) == (1, 40)
    assert len(table.rows) < 40


def test_a_table_in_markdown_stays_as_it_is_written() -> None:
    source = "# Trees\n\n| tree | root |\n|---|---|\n| plum | Wavit |\n"
    parsed = parse_markdown(source.encode(), "a.md")
    (block,) = blocks_of(Opened(parsed.text, parsed.elements), "| plum | Wavit |", "a.md")
    assert (block.kind, words(block.parts).strip()) == ("text", source.strip())


def test_a_mail_has_its_headers_apart() -> None:
    source = (
        b"From: Inga <inga@example.org>\r\nTo: Tor <tor@example.org>\r\n"
        b"Date: Tue, 10 Feb 2026 08:30:00 +0100\r\nSubject: Vaccine: now\r\n\r\nTwo millilitres each.\r\n"
    )
    parsed = parse_eml(source, "a.eml")
    document = Opened(parsed.text, parsed.elements)
    head, body = blocks_of(document, "Two millilitres", "a.eml", **parsed.metadata)
    assert head.kind == "headers"
    assert [cells(row) for row in head.rows] == [
        ["From", "Inga <inga@example.org>"],
        ["To", "Tor <tor@example.org>"],
        ["Date", "Tue, 10 Feb 2026 08:30:00 +0100"],
        ["Subject", "Vaccine: now"],
    ]
    assert words(body.parts) == "Two millilitres each."
    assert marked(blocks_of(document, "tor@example.org", "a.eml", **parsed.metadata)) == [
        "tor@example.org"
    ]


def test_a_text_that_begins_like_a_mail_is_none() -> None:
    text = "From: here\nto: there it is a long way"
    document = Opened(text, (Element("text", 0, len(text), text),))
    assert [block.kind for block in blocks_of(document, "way", "a.txt")] == ["text"]


def test_pages_and_slides_are_named() -> None:
    text = "one\n\ntwo\n\nthree"
    document = Opened(
        text,
        (
            Element("text", 0, 3, "one", page=1),
            Element("text", 5, 8, "two", page=2),
            Element("text", 10, 15, "three", page=2),
        ),
    )
    kinds = [(block.label or words(block.parts)) for block in blocks_of(document, "two", "a.pdf")]
    assert kinds == ["Page 1", "one", "Page 2", "two\n\nthree"]
    assert blocks_of(document, "two", "a.pptx")[0].label == "Slide 1"
    assert [block.kind for block in blocks_of(document, "two", "a.xlsx")] == ["text"]


plain_cells = st.text(alphabet="abc ;:|1,", max_size=6).map(lambda cell: " ".join(cell.split()))


@given(
    st.lists(st.text(alphabet="xyz", min_size=1, max_size=4), min_size=1, max_size=4),
    st.data(),
)
def test_no_row_loses_or_repeats_a_character(names: list[str], data: st.DataObject) -> None:
    row = data.draw(st.lists(plain_cells, min_size=len(names), max_size=len(names)))
    text = row_text(names, row)
    found = cells_of(text, column_names(header_text(names)))
    places = [(cell.start, cell.end) for cell in found]
    assert places == sorted(places)
    assert all(0 <= start <= end <= len(text) for start, end in places)
    assert all(first[1] <= second[0] for first, second in pairwise(places))


@given(st.lists(st.text(alphabet="abc123", max_size=6), min_size=3, max_size=3))
def test_a_row_of_plain_cells_is_read_back_as_it_was(row: list[str]) -> None:
    text = row_text(NAMES, row)
    found = {cell.column: text[cell.start : cell.end] for cell in cells_of(text, NAMES)}
    assert found == {column: cell for column, cell in enumerate(row) if cell}


def test_a_row_without_names_is_cut_at_its_semicolons() -> None:
    assert [cell.column for cell in cells_of("one; two; three", ())] == [0, 1, 2]


@given(st.data())
def test_blocks_of_any_document_mark_the_quote_and_nothing_else(data: st.DataObject) -> None:
    text = data.draw(st.text(alphabet="ab \n", min_size=1, max_size=40))
    cuts = sorted(data.draw(st.sets(st.integers(0, len(text)), max_size=6)))
    elements = tuple(
        Element(
            "text", first, last, text[first:last], page=data.draw(st.sampled_from((None, 1, 2)))
        )
        for first, last in zip(cuts[::2], cuts[1::2], strict=False)
    )
    start = data.draw(st.integers(0, len(text) - 1))
    quote = text[start : data.draw(st.integers(start + 1, len(text)))]
    citation = Citation(
        1, DocumentRef("d", "a", "A", "v"), "c", (), None, start, start + len(quote), quote
    )
    document = Opened(text, elements)
    view = passage_view(document, citation, data.draw(st.integers(0, 50)))
    blocks = passage_blocks(document, view, "a.pdf", {})
    assert "".join(marked(blocks)).split() == quote.split() or not quote.strip()


def test_the_page_of_a_quote_is_that_of_its_first_word() -> None:
    text = "one two\n\nthree four"
    document = Opened(
        text,
        (Element("text", 0, 7, "one two", page=3), Element("text", 9, 19, "three four", page=4)),
    )
    assert page_of(document, (9, 14), 3) == 4
    assert page_of(document, (4, 14), 1) == 3
    assert words_on_page(document, (4, 14), 3).words == "two"
    assert words_on_page(document, (4, 14), 4).words == "three"
    assert words_on_page(document, (4, 14), 5).words == ""


def test_the_same_words_before_on_the_page_are_counted() -> None:
    text = "the wind. The  wind. the wind"
    document = Opened(text, (Element("text", 0, len(text), text, page=1),))
    assert words_on_page(document, (21, 29), 1).occurrence == 2
    assert words_on_page(document, (0, 8), 1).occurrence == 0


def test_of_a_table_row_the_cells_are_looked_for_on_the_page() -> None:
    writer = CanonicalWriter()
    writer.add_table(NAMES, [["apple", "M9", "May"], ["plum", "M9", "May"]], page=1)
    parsed = writer.document("a.pdf")
    document = Opened(parsed.text, parsed.elements)
    start = parsed.text.index("tree: plum")
    assert words_on_page(document, (start, len(parsed.text)), 1).words == "plum M9 May"
