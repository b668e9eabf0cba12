"""PDF files: pages, headings, paragraphs, tables, and each way a PDF cannot be read."""

import copy
from pathlib import Path

import pytest
from fpdf import FPDF
from PIL import Image, ImageDraw, ImageFont

from core.errors import ParseError
from ingest.parsers import pdf_images
from ingest.parsers.ocr import is_ocr_installed
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


def test_running_headers_are_read_once_page_numbers_never_and_pages_counted():
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
    assert [(element.page, element.plain) for element in result.elements] == [
        (1, "Quarterly report"),
        (1, "Words of the first page."),
        (2, "Words of the second page."),
        (3, "Words of the third page."),
    ]


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


def test_a_line_that_breaks_at_a_hyphen_keeps_it_where_words_are_not_cut(pdf):
    write_lines(pdf, *["A line of this text, and it ends in a whole word."] * 90)
    pdf.ln(6)
    write_lines(
        pdf,
        "Take the course on near-",
        "water work, and the near-",
        "shore one. We work near-water.",
    )
    assert parsed(pdf).elements[-1].plain == (
        "Take the course on near-water work, and the near-shore one. We work near-water."
    )


def test_a_word_that_is_whole_elsewhere_is_made_whole(pdf):
    write_lines(pdf, *["The readings are kept, and this line ends here."] * 60)
    pdf.ln(6)
    write_lines(pdf, "The retention of raw read-", "ings is thirteen months.")
    assert parsed(pdf).elements[-1].plain == "The retention of raw readings is thirteen months."


def place(document, x, y, text):
    document.text(x, y, text)


def test_a_table_that_is_printed_cell_by_cell_keeps_its_rows(pdf):
    # As office programs print: all lines of a cell, then back up and to the right for the next.
    for x, y, text in (
        (10, 40, "Site"), (60, 40, "Role"), (120, 40, "Nodes"),
        (10, 48, "NO-1"), (60, 48, "standby"), (60, 53, "and backups"), (120, 48, "9"),
        (10, 61, "device-"), (10, 66, "registry"), (60, 61, "primary"), (120, 61, "14"),
    ):  # fmt: skip
        place(pdf, x, y, text)
    place(pdf, 10, 90, "And the text goes on below.")
    assert [(e.kind, e.plain) for e in parsed(pdf).elements] == [
        ("table_row", "Site | Role | Nodes"),
        ("table_row", "Site: NO-1; Role: standby and backups; Nodes: 9"),
        ("table_row", "Site: device-registry; Role: primary; Nodes: 14"),
        ("text", "And the text goes on below."),
    ]


def test_a_name_of_two_lines_that_ends_beside_the_others_is_one_name(pdf):
    for x, y, text in (
        (10, 45, "Where"), (60, 45, "Full day"), (120, 40, "Departure or"), (120, 45, "return day"),
        (10, 53, "Norway"), (60, 53, "64 EUR"), (120, 53, "40 EUR"),
    ):  # fmt: skip
        place(pdf, x, y, text)
    assert [e.plain for e in parsed(pdf).elements] == [
        "Where | Full day | Departure or return day",
        "Where: Norway; Full day: 64 EUR; Departure or return day: 40 EUR",
    ]


def test_two_columns_of_a_form_are_read_one_after_the_other(pdf):
    for x, name in ((10, "Order"), (110, "Cinema")):
        for number, y in enumerate((40, 45, 50, 55)):
            place(pdf, x, y, f"{name} {number}:")
            place(pdf, x + 50, y, f"value{number}")
    assert [e.plain for e in parsed(pdf).elements] == [
        f"{name} {number}:; value{number}" for name in ("Order", "Cinema") for number in range(4)
    ]


def test_two_columns_of_prose_are_no_table(pdf):
    for x, name in ((10, "left"), (110, "right")):
        for number in range(12):
            place(pdf, x, 40 + 5 * number, f"Line {number} of the {name} column of prose")
    place(pdf, 10, 120, "The end of the page, below both of its columns.")
    assert {e.kind for e in parsed(pdf).elements} == {"text"}
    words = " ".join(e.plain for e in parsed(pdf).elements)
    assert words.index("Line 11 of the left") < words.index("Line 0 of the right")


def test_what_is_drawn_last_is_read_where_it_stands(pdf):
    for y in (40, 45, 80, 85):
        place(pdf, 10, y, f"A line of text at the height {y}.")
    place(pdf, 20, 60, "Drawn late")
    place(pdf, 20, 15, "Letterhead")
    words = " ".join(e.plain for e in parsed(pdf).elements)
    assert words == (
        "Letterhead A line of text at the height 40. A line of text at the height 45. Drawn late "
        "A line of text at the height 80. A line of text at the height 85."
    )


def test_a_column_beside_a_gap_of_another_stays_together(pdf):
    for x, name, heights in ((10, "left", (40, 45, 80, 85)), (110, "right", (50, 55, 60, 65, 70))):
        for y in heights:
            place(pdf, x, y, f"A line of the {name} column.")
    words = " ".join(e.plain for e in parsed(pdf).elements)
    assert words.rindex("left") < words.index("right")


BODY = ["Body text of the page goes on and on, and ends in a full stop."] * 12


def bold(document, text):
    document.set_font("Helvetica", style="B", size=11)
    document.cell(0, 6, text, new_x="LMARGIN", new_y="NEXT")
    document.set_font("Helvetica", size=11)


def test_a_short_bold_line_of_body_size_is_a_heading_below_the_larger_ones(pdf):
    write_lines(pdf, "Big title", size=22, step=12)
    write_lines(pdf, *BODY)
    bold(pdf, "Opening hours")
    write_lines(pdf, *BODY)
    found = [(e.level, e.plain) for e in parsed(pdf).elements if e.kind == "heading"]
    assert found == [(1, "Big title"), (2, "Opening hours")]


@pytest.mark.parametrize("text", ["Pay at once.", "Note:", "Never, ever,", "12345", "x" * 101])
def test_a_bold_line_that_reads_like_a_sentence_or_a_number_is_no_heading(pdf, text):
    write_lines(pdf, *BODY)
    pdf.set_font("Helvetica", style="B", size=8 if len(text) > 100 else 11)
    bold(pdf, text)
    write_lines(pdf, *BODY)
    assert "heading" not in {e.kind for e in parsed(pdf).elements}


def test_a_paragraph_whose_first_words_are_bold_is_no_heading(pdf):
    write_lines(pdf, *BODY)
    pdf.write_html("<p><b>Opening hours</b> are from eight to six</p>")
    pdf.write_html("<p>They are <b>never</b> longer <b>than that</b></p>")
    assert "heading" not in {e.kind for e in parsed(pdf).elements}


def test_a_page_that_is_all_bold_has_no_headings(pdf):
    for line in ("Opening hours", *BODY[:3], "Prices", *BODY[:3]):
        bold(pdf, line)
    assert "heading" not in {e.kind for e in parsed(pdf).elements}


def test_bold_names_of_columns_stay_names_of_columns(pdf):
    write_lines(pdf, *BODY)
    pdf.ln(6)
    with pdf.table(col_widths=(60, 80)) as table:
        for cells in (("Who", "What"), ("Ann", "asks the question"), ("Bob", "gives the answer")):
            row = table.row()
            for cell in cells:
                row.cell(cell)
    found = [(e.kind, e.plain) for e in parsed(pdf).elements][-3:]
    assert found == [
        ("table_row", "Who | What"),
        ("table_row", "Who: Ann; What: asks the question"),
        ("table_row", "Who: Bob; What: gives the answer"),
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


@pytest.mark.skipif(not is_ocr_installed(), reason="footnote[ocr] is not installed")
def test_pictures_are_read_while_there_is_time_and_the_rest_says_what_to_do(pdf, monkeypatch):
    image = Image.new("RGB", (1000, 200), "white")
    font = ImageFont.load_default(size=40)
    ImageDraw.Draw(image).text((40, 60), "Restore the database", fill="black", font=font)
    pdf.image(image, w=180)
    content = bytes(pdf.output())
    assert parse_pdf(content, "x.pdf").text == "Restore the database"
    monkeypatch.setattr(pdf_images, "processor_seconds_left", lambda: 3.0)
    with pytest.raises(ParseError, match="run text recognition on it first") as caught:
        parse_pdf(content, "x.pdf")
    assert caught.value.reason == "too_large"


def test_a_pdf_without_text_is_reported_as_such(pdf):
    pdf.rect(10, 10, 50, 50)
    assert reason(bytes(pdf.output())) == "no_text_layer"
