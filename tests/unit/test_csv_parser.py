"""CSV and TSV: one line a row, with the names of the columns."""

import pytest

from core.errors import ParseError
from ingest.parsers.csv_parser import parse_csv


def lines(source, uri="data/price-list.csv"):
    return [element.plain for element in parse_csv(source.encode(), uri).elements]


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_every_delimiter_is_found(delimiter):
    rows = [["name", "price"], ["Probe, long", "1.50"], ["Cable; short", "2"]]
    source = "\n".join(delimiter.join(f'"{cell}"' for cell in row) for row in rows)
    assert lines(source) == [
        "name | price",
        "name: Probe, long; price: 1.50",
        "name: Cable; short; price: 2",
    ]


def test_decimal_commas_do_not_hide_the_semicolon():
    assert lines("Name;Preis\nA;1,5\nB;2,7\n") == [
        "Name | Preis",
        "Name: A; Preis: 1,5",
        "Name: B; Preis: 2,7",
    ]


def test_values_are_kept_as_they_are_written_and_blank_cells_left_out():
    assert lines("id,note,day\n007,,2026-01-02\n") == [
        "id | note | day",
        "id: 007; day: 2026-01-02",
    ]


def test_rows_carry_their_header_and_the_file_names_the_document():
    document = parse_csv(b"sku,name\nA1,Probe\n", "data/price-list.csv")
    assert [(element.kind, element.plain, element.header) for element in document.elements] == [
        ("table_row", "sku | name", "sku | name"),
        ("table_row", "sku: A1; name: Probe", "sku | name"),
    ]
    assert document.title == "Price list"
    assert document.text == "sku | name\n\nsku: A1; name: Probe"


def test_a_first_row_of_numbers_is_a_row():
    assert lines("1,2.5\n3,4\n") == ["Column 1: 1; Column 2: 2.5", "Column 1: 3; Column 2: 4"]


def test_cells_without_a_name_are_named_by_their_column():
    assert lines("a,,c\n1,2,3,4\n") == [
        "a | Column 2 | c | Column 4",
        "a: 1; Column 2: 2; c: 3; Column 4: 4",
    ]


def test_a_quoted_cell_of_several_lines_is_one_line():
    assert lines('a,b\n"x\r\ny",z\n') == ["a | b", "a: x y; b: z"]


def test_a_caption_above_the_table_is_text():
    document = parse_csv(b"Stanley Cups,,\nTeam,City,Cups\nBlues,STL,1\n", "cups.csv")
    kinds = [(element.kind, element.plain) for element in document.elements]
    assert kinds == [
        ("text", "Stanley Cups"),
        ("table_row", "Team | City | Cups"),
        ("table_row", "Team: Blues; City: STL; Cups: 1"),
    ]


def test_a_table_of_names_only_is_text():
    assert lines("a,b\n") == ["a | b"]


def test_tabs_separate_whatever_else_a_tsv_holds():
    assert lines("a,b\tc\n1,2\t3\n", "x.tsv") == ["a,b | c", "a,b: 1,2; c: 3"]


def test_a_long_cell_is_not_refused():
    _, line = lines(f"a,b\n{'x' * 200_000},y\n")
    assert line.endswith("; b: y")


def test_binary_content_is_refused():
    with pytest.raises(ParseError) as caught:
        parse_csv(bytes(range(32)) * 10, "x.csv")
    assert caught.value.reason == "unsupported"
