"""Numbers are read with what they count, in four languages, and nothing that only looks like one is."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.quantities import Quantity, quantities

DAY = 1440.0


def _one(text: str) -> Quantity:
    found = [quantity for quantity in quantities(text) if not quantity.is_plain]
    assert len(found) == 1, found
    return found[0]


@pytest.mark.parametrize(
    ("text", "value", "dimension"),
    [
        ("30 days", 30 * DAY, "time"),
        ("twenty-five days", 25 * DAY, "time"),
        ("fünfundzwanzig Tage", 25 * DAY, "time"),
        ("treinta y cinco días", 35 * DAY, "time"),
        ("quatre-vingt-dix jours", 90 * DAY, "time"),
        ("soixante-dix heures", 70 * 60.0, "time"),
        ("half an hour", 30.0, "time"),
        ("one and a half hours", 90.0, "time"),
        ("2 and a half hours", 150.0, "time"),
        ("2½ hours", 150.0, "time"),
        ("14 fully paid weeks", 14 * 7 * DAY, "time"),
        ("15 working days", 15 * DAY, "working time"),
        ("20 días laborables", 20 * DAY, "working time"),
        ("1,500 EUR", 1500, "money eur"),
        ("€1.2 million", 1_200_000, "money eur"),
        ("CHF 40", 40, "money chf"),
        ("two hundred and fifty staff", 250, "count"),
        ("three thousand four hundred users", 3400, "count"),
        ("a dozen people", 12, "count"),
        ("1 000 km", 1_000_000, "length"),
        ("5km", 5000, "length"),
        ("32 GB", 32e9, "data"),
        ("20 Mbit/s", 2.5e6, "data"),
        ("80%", 80, "percent"),
        ("40 Prozent", 40, "percent"),
        ("5 percentage points", 5, "points"),
        ("212 °F", 100, "temperature"),
        ("twice a year", 2, "turns"),
        ("0.38 EUR per kilometre", 0.38, "money eur"),
        ("1.204.331 Zeilen", 1_204_331, "count"),
        ("11'500 Stück", 11_500, "count"),
    ],
)
def test_a_number_has_its_value_in_base_units(text: str, value: float, dimension: str) -> None:
    found = [quantity for quantity in quantities(text) if quantity.dimension == dimension]
    assert [round(quantity.value, 6) for quantity in found[:1]] == [value]


@pytest.mark.parametrize(
    "text", ["X200", "RS-485", "version 2.3.1", "10:30", "POL-12", "the other one", "1/2/3", "G2"]
)
def test_what_is_part_of_a_name_or_no_number_is_not_read(text: str) -> None:
    assert quantities(text) == ()


def test_a_point_before_three_digits_may_be_either() -> None:
    assert _one("1.000 Euro").values == (1.0, 1000.0)
    assert _one("1,000 euros").values == (1000.0,)


@pytest.mark.parametrize(
    ("text", "bound"),
    [
        ("at least 14 characters", 1),
        ("no less than 14 characters", 1),
        ("14 characters or more", 1),
        ("14+ characters", 1),
        ("up to 14 characters", -1),
        ("no more than 14 characters", -1),
        ("under $14", -1),
        ("höchstens 14 Zeichen", -1),
        ("14 characters", 0),
    ],
)
def test_the_words_around_a_number_bound_it(text: str, bound: int) -> None:
    assert _one(text).bound == bound


def test_both_ends_of_a_range_have_its_unit() -> None:
    for text in ("3-5 days", "between 3 and 5 days", "three to five days", "3 oder 5 Tage"):
        assert [q.value for q in quantities(text)] == [3 * DAY, 5 * DAY], text
    assert [q.value for q in quantities("$3-5 million")] == [3e6, 5e6]
    assert [q.unit for q in quantities("5 to 49 gateways")] == ["gatewa", "gatewa"]


def test_a_rate_says_for_how_long_it_is() -> None:
    assert _one("three days a week").per == _one("3 days per week").per == "10080"
    assert _one("three days a month").per == "43830"
    assert _one("three times in a month").per == "43830"
    assert _one("three days").per == ""


def test_about_is_told_from_exactly() -> None:
    assert _one("about 20 people").is_about
    assert not _one("20 people").is_about


@given(st.integers(min_value=2, max_value=999_999))
def test_thousands_separators_do_not_change_a_number(number: int) -> None:
    assert number in _one(f"{number} widgets").values
    assert number in _one(f"{number:,} widgets").values
    assert number in _one(f"{number:,} widgets".replace(",", ".")).values


@given(st.text(max_size=200))
def test_any_text_is_read_and_places_lie_in_it(text: str) -> None:
    for quantity in quantities(text):
        assert 0 <= quantity.start < quantity.end <= len(text)
