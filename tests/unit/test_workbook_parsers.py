"""Excel workbooks, new and old: sheets, names of columns, and values as people see them."""

from datetime import date
from io import BytesIO
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZipFile

import pytest
from openpyxl import Workbook
from openpyxl.comments import Comment

from core.errors import ParseError
from ingest.parsers.open_document_parser import parse_open_document
from ingest.parsers.sheet_rows import cell_name
from ingest.parsers.xls_parser import parse_xls
from ingest.parsers.xlsx_parser import parse_xlsx

FIXTURES = Path(__file__).parent / "fixtures"


def stored(book):
    stream = BytesIO()
    book.save(stream)
    return stream.getvalue()


def plains(book):
    elements = parse_xlsx(stored(book), "stock.xlsx").elements
    return [(element.kind, element.page, element.plain) for element in elements]


def raw(sheet, shared=""):
    """A workbook of one sheet with exactly this XML."""
    relation = "<Relationship Id='{}' Type='http://x/{}' Target='{}'/>"
    parts = {
        "_rels/.rels": relation.format("1", "officeDocument", "xl/workbook.xml"),
        "xl/workbook.xml": "<workbook xmlns:r='r'><sheets><sheet name='S' r:id='1'/></sheets></workbook>",
        "xl/_rels/workbook.xml.rels": relation.format("1", "worksheet", "sheet.xml")
        + relation.format("2", "sharedStrings", "texts.xml"),
        "xl/sheet.xml": f"<worksheet><sheetData>{sheet}</sheetData></worksheet>",
        "xl/texts.xml": f"<sst>{shared}</sst>",
    }
    stream = BytesIO()
    with ZipFile(stream, "w", ZIP_DEFLATED) as archive:
        for name, text in parts.items():
            is_list = name.endswith(".rels")
            archive.writestr(name, f"<Relationships>{text}</Relationships>" if is_list else text)
    return stream.getvalue()


@pytest.fixture
def book():
    return Workbook()


def test_rows_carry_the_names_of_their_columns_and_the_sheet_is_a_heading(book):
    book.active.title = "Stock"
    for row in (["Stock in May"], [], ["Part", "Count"], ["Probe", 12], [None, 3]):
        book.active.append(row)
    assert plains(book) == [
        ("heading", 1, "Stock"),
        ("text", 1, "Stock in May"),
        ("table_row", 1, "Part | Count"),
        ("table_row", 1, "Part: Probe; Count: 12"),
        ("table_row", 1, "Count: 3"),
    ]


def test_dates_shares_and_truths_are_shown_as_people_see_them(book):
    sheet = book.active
    sheet.append(["When", "Share", "Done"])
    sheet.append([date(2026, 1, 14), 0.051, True])
    sheet["A2"].number_format, sheet["B2"].number_format = "dd.mm.yyyy", "0.0%"
    assert plains(book)[2][2] == "When: 14.01.2026; Share: 5.1%; Done: TRUE"


def test_hidden_sheets_are_left_out_and_numbers_of_pages_stay(book):
    book.active.title = "Hidden"
    book.active["A1"] = "secret"
    book.create_sheet("Seen")["A1"] = "public"
    book.active.sheet_state = "hidden"
    assert plains(book) == [("heading", 2, "Seen"), ("text", 2, "public")]


def test_merged_cells_name_all_columns_and_hold_for_all_rows(book):
    sheet = book.active
    for row in (["", "May", ""], ["Room", "Mean", "Peak"], ["A", 1, 2], ["", 3, 4]):
        sheet.append(row)
    sheet.merge_cells("B1:C1")
    sheet.merge_cells("A3:A4")
    assert [plain for _, _, plain in plains(book)[1:]] == [
        "Room | May Mean | May Peak",
        "Room: A; May Mean: 1; May Peak: 2",
        "Room: A; May Mean: 3; May Peak: 4",
    ]


def test_comments_stand_behind_the_rows(book):
    book.active["B2"] = "door"
    book.active["B2"].comment = Comment("Does not close", "Ann")
    assert plains(book)[-1] == ("text", 1, "Comment at B2: Does not close")


def test_names_hold_below_a_blank_row_until_there_are_new_ones(book):
    for row in (["Part", "Count"], ["A", 1], [], ["B", 2], [], ["Room", "Degrees"], ["C", 3]):
        book.active.append(row)
    assert [plain for _, _, plain in plains(book)[1:]] == [
        "Part | Count",
        "Part: A; Count: 1",
        "Part: B; Count: 2",
        "Room | Degrees",
        "Room: C; Degrees: 3",
    ]


def test_years_may_name_columns_and_other_numbers_do_not(book):
    book.active.append(["Region", 2025, 2026])
    book.active.append(["North", 1, 2])
    assert [plain for _, _, plain in plains(book)[1:]] == [
        "Region | 2025 | 2026",
        "Region: North; 2025: 1; 2026: 2",
    ]
    other = Workbook()
    other.active.append(["North", 5, 2])
    other.active.append(["South", 1, 2])
    assert [plain for _, _, plain in plains(other)[1:]] == ["North; 5; 2", "South; 1; 2"]


def test_readings_above_words_are_left_out_and_rich_text_is_joined():
    shared = "<si><r><t>cold </t></r><r><t>store</t></r><rPh><t>reading</t></rPh></si>"
    assert (
        parse_xlsx(raw("<row><c t='s'><v>0</v></c></row>", shared), "x.xlsx").text
        == "S\n\ncold store"
    )


def test_far_cells_cost_no_more_than_near_ones():
    sheet = "".join(f"<row r='{n}'><c r='A{n}'><v>1</v></c><c r='XFD{n}'><v>2</v></c></row>" for n in
                    range(1_047_000, 1_048_000))  # fmt: skip
    document = parse_xlsx(raw(sheet), "x.xlsx")
    assert len(document.text) < 10_000
    assert document.elements[-1].plain == "1; 2"


def test_one_long_text_in_very_many_cells_is_a_bomb():
    sheet = "<row><c t='s'><v>0</v></c></row>" * 2_000
    with pytest.raises(ParseError) as caught:
        parse_xlsx(raw(sheet, f"<si><t>{'word ' * 6_000}</t></si>"), "x.xlsx")
    assert caught.value.reason == "archive_bomb"


def test_long_names_are_not_repeated_in_every_row():
    long = f"<row><c t='inlineStr'><is><t>{'n' * 3_000}</t></is></c><c t='inlineStr'><is><t>m</t></is></c></row>"
    document = parse_xlsx(raw(long + "<row><c><v>1</v></c><c><v>2</v></c></row>" * 50), "x.xlsx")
    assert len(document.text) < 5_000


@pytest.mark.parametrize(
    ("parser", "ending"), [(parse_xls, "xls"), (parse_open_document, "ods")], ids=["xls", "ods"]
)
def test_other_workbooks_read_the_same(parser, ending):
    document = parser((FIXTURES / f"cold-store.{ending}").read_bytes(), f"x.{ending}")
    assert document.text.split("\n\n") == [
        "Prüfung",
        "Kühlhaus: tägliche Prüfung",
        "Raum | Datum | Grenze | Anteil | Formel",
        "Raum: A; Datum: 14.01.2026; Grenze: -18; Anteil: 5.1%; Formel: =SUM(C4:C5)",
        "Raum: B; Datum: 15.01.2026; Grenze: -20; Anteil: 20.0%; Formel: -38",
        "Raum: B; Grenze: -22; Anteil: 100.0%",
        "Comment at A4: Tür schließt schlecht",
    ]
    assert document.metadata["author"] == "Anna Müller"


def test_an_old_workbook_that_is_cut_off_is_corrupt():
    with pytest.raises(ParseError) as caught:
        parse_xls((FIXTURES / "cold-store.xls").read_bytes()[:3000], "x.xls")
    assert caught.value.reason == "corrupt"


def test_cells_are_called_by_letters_and_numbers():
    assert [cell_name(*place) for place in ((0, 0), (2, 25), (2, 26), (0, 16_383))] == [
        "A1",
        "Z3",
        "AA3",
        "XFD1",
    ]
