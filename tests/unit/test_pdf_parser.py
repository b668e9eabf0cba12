"""PDF files: pages, headings, paragraphs, tables, and each way a PDF cannot be read."""

import copy
from pathlib import Path

import pytest
from fpdf import FPDF

from core.errors import ParseError
from ingest.parsers.pdf_parser import parse_pdf

SAMPLES = Path(__file__).resolve().parents[2] / "samples" / "documents"
RUNBOOK = SAMPLES / "runbooks" / "database-restore.pdf"


@pytest.fixture
def pdf():
    document = FPDF()
    document.add_page()
    document.set_font("Helvetica", size=11)
    return document


def write_lines(document, *lines, size=11, step=6):
    document.set_font("Helvetica", size=size)
    for line in lines:
        document.cell(0, step, line, new_x="LMARGIN", new_y="NEXT")


def parsed(document):
    return parse_pdf(bytes(document.output()), "runbooks/restore.pdf")


def reason(content):
    with pytest.raises(ParseError) as caught:
        parse_pdf(content, "x.pdf")
    return caught.value.reason


def test_a_real_runbook_has_its_pages_headings_and_tables():
    document = parse_pdf(RUNBOOK.read_bytes(), "runbooks/database-restore.pdf")
    assert document.title == "Runbook: database restore"
    headings = [(e.level, e.plain, e.page) for e in document.elements if e.kind == "heading"]
    assert headings[:3] == [
        (1, "Runbook: database restore", 1),
        (2, "1. Goals and facts", 1),
        (2, "2. Before you start", 1),
    ]
    assert (2, "3. Restore", 2) in headings
    rows = [element for element in document.elements if element.kind == "table_row"]
    names = "Database | Size (GB) | Restore order | Time in the drill"
    assert [(row.plain, row.header) for row in rows[:2]] == [
        (names, names),
        ("Database: registry; Size (GB): 38; Restore order: 1; Time in the drill: 6 min", names),
    ]
    assert "Page 1 of 2" not in document.text
    assert [e.plain for e in document.elements if e.plain.startswith("Customers can")] == [
        "Customers can sign in again as soon as the first four databases are back."
    ]


def test_lines_are_joined_to_paragraphs_and_cut_words_made_whole(pdf):
    write_lines(pdf, "The retention of raw read-", "ings is thirteen months.")
    pdf.ln(6)
    write_lines(pdf, "A second paragraph", "of two lines.")
    assert [element.plain for element in parsed(pdf).elements] == [
        "The retention of raw readings is thirteen months.",
        "A second paragraph of two lines.",
    ]


def test_larger_lines_are_headings_ranked_by_size(pdf):
    write_lines(pdf, "Big title", size=22, step=12)
    write_lines(pdf, "Part one", size=15, step=10)
    write_lines(pdf, *["Body text of the page goes on and on here."] * 8)
    found = [(e.kind, e.level, e.plain) for e in parsed(pdf).elements]
    assert found[:2] == [("heading", 1, "Big title"), ("heading", 2, "Part one")]
    assert found[2][0] == "text"


def test_bullets_are_list_items_and_code_keeps_its_lines(pdf):
    write_lines(pdf, "Bring these:", "- a laptop", "- two keys")
    pdf.set_font("Courier", size=11)
    pdf.ln(6)
    pdf.cell(0, 6, "wlctl status", new_x="LMARGIN", new_y="NEXT")
    pdf.cell(0, 6, "wlctl stop", new_x="LMARGIN", new_y="NEXT")
    assert [(e.kind, e.plain) for e in parsed(pdf).elements] == [
        ("text", "Bring these:"),
        ("list_item", "- a laptop"),
        ("list_item", "- two keys"),
        ("code", "wlctl status\nwlctl stop"),
    ]


def test_running_headers_and_page_numbers_are_dropped_and_pages_counted():
    class Report(FPDF):
        def header(self):
            self.set_font("Helvetica", size=9)
            self.set_y(8)
            self.cell(0, 5, "Quarterly report")

        def footer(self):
            self.set_y(-12)
            self.cell(0, 5, f"Page {self.page_no()}")

    document = Report()
    for number in ("first", "second", "third"):
        document.add_page()
        document.set_y(40)
        write_lines(document, f"Words of the {number} page.")
    result = parsed(document)
    assert result.text == "\n\n".join(
        f"Words of the {number} page." for number in ("first", "second", "third")
    )
    assert [element.page for element in result.elements] == [1, 2, 3]


def test_a_table_keeps_its_columns_apart(pdf):
    with pdf.table(col_widths=(60, 40, 40)) as table:
        for cells in [
            ("Plan", "Price", "Seats"),
            ("Base", "10 EUR", "5"),
            ("Plus", "25 EUR", "50"),
        ]:
            row = table.row()
            for cell in cells:
                row.cell(cell)
    assert [(e.kind, e.plain) for e in parsed(pdf).elements] == [
        ("table_row", "Plan | Price | Seats"),
        ("table_row", "Plan: Base; Price: 10 EUR; Seats: 5"),
        ("table_row", "Plan: Plus; Price: 25 EUR; Seats: 50"),
    ]


def test_without_a_heading_the_metadata_then_the_file_names_the_document(pdf):
    write_lines(pdf, "Only body text here.")
    assert parsed(copy.deepcopy(pdf)).title == "Restore"
    pdf.set_title("Restore guide")
    assert parsed(copy.deepcopy(pdf)).title == "Restore guide"
    pdf.set_title("Microsoft Word - restore.doc")
    assert parsed(pdf).title == "Restore"


def test_a_password_is_reported_as_encrypted(pdf):
    write_lines(pdf, "secret")
    pdf.set_encryption(owner_password="owner", user_password="user")
    assert reason(bytes(pdf.output())) == "encrypted"


def test_a_pdf_that_anyone_may_open_is_read_though_it_is_protected(pdf):
    write_lines(pdf, "open to read")
    pdf.set_encryption(owner_password="owner", permissions=0)
    assert parsed(pdf).text == "open to read"


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
def test_a_truncated_pdf_is_corrupt(share):
    content = RUNBOOK.read_bytes()
    assert reason(content[: int(len(content) * share)]) == "corrupt"


def test_a_pdf_whose_inside_is_noise_is_corrupt():
    assert reason(b"%PDF-1.7\n" + b"\x00noise" * 100 + b"\n%%EOF\n") == "corrupt"


def test_a_pdf_without_text_is_reported_as_such(pdf):
    pdf.rect(10, 10, 50, 50)
    assert reason(bytes(pdf.output())) == "no_text_layer"
