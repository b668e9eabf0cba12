"""Numbers of workbooks as people see them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.parsers.number_format import general, shown


@pytest.mark.parametrize(
    ("value", "number_format", "expected"),
    [
        (46036, "dd.mm.yyyy", "14.01.2026"),
        (46036, "d-mmm-yy", "14-Jan-26"),
        (46036, "dddd, mmmm d", "Wednesday, January 14"),
        (46036.5, "yyyy-mm-dd hh:mm", "2026-01-14 12:00"),
        (46036.75, "h:mm AM/PM", "6:00 PM"),
        (0.0625, "mm:ss", "30:00"),
        (1.5, "[h]:mm", "36:00"),
        (59, "yyyy-mm-dd", "1900-02-28"),
        (61, "yyyy-mm-dd", "1900-03-01"),
        (46036, "[$-F800]dddd, mmmm dd, yyyy", "2026-01-14"),
        (0.051, "0.0%", "5.1%"),
        (1234.5, "#,##0.00", "1,234.50"),
        (1234567.4, '#,##0 "EUR"', "1,234,567 EUR"),
        (1234.5, "#,##0.00\\ [$€-407]", "1,234.50 €"),
        (-5, "0;(0)", "(5)"),
        (-5, "0.0", "-5.0"),
        (0, '0;-0;"none"', "none"),
        (12, "00000", "00012"),
        (4912345678, "000-000-0000", "491-234-5678"),
        (1.5, "0.##", "1.5"),
        (1500000, '0.0,,"M"', "1.5M"),
        (12345, "0.00E+00", "1.23E+04"),
        (0.5, "# ?/?", "0.5"),
        (3, 'General" kg"', "3 kg"),
        (3, "GENERAL", "3"),
        (3, "@", "3"),
        (-1, "yyyy", "-1"),
    ],
)
def test_a_number_is_shown_by_its_format(value, number_format, expected):
    assert shown(value, number_format) == expected


def test_days_may_be_counted_since_1904():
    assert shown(0, "yyyy-mm-dd", since_1904=True) == "1904-01-01"


def test_a_number_without_a_format_has_no_noise():
    assert [general(value) for value in (3.0, 0.1 + 0.2, 12345678901234.0)] == [
        "3",
        "0.3",
        "12345678901234",
    ]


@given(st.floats(), st.text(alphabet='0#?.,;%yYmMdhHsS:[]"\\_*E+-/@ $€aG', max_size=300))
def test_no_format_and_no_number_is_too_strange(value, number_format):
    assert isinstance(shown(value, number_format), str)
