"""Dates and versions are read where they stand, and numbers that only look like one are not."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.asked_time import time_asked
from index.dates import mentions, mentions_in_name, period_of, version_of
from index.periods import Period, Version

DAYS = st.dates(date(1950, 1, 1), date(2099, 12, 31))


def _read(text: str) -> list[str]:
    return [_shown(mention.value) for mention in mentions(text)]


def _shown(value: Period | Version) -> str:
    return (
        f"v{value}" if isinstance(value, Version) else f"{value.kind} {value.first}..{value.last}"
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("What was decided in 2023?", "year 2023-01-01..2023-12-31"),
        ("the 2021 results", "year 2021-01-01..2021-12-31"),
        ("2021's plan", "year 2021-01-01..2021-12-31"),
        ("pre-2020 rules", "year 2020-01-01..2020-12-31"),
        ("in the year 2000", "year 2000-01-01..2000-12-31"),
        ("FY2018 revenue", "fiscal_year 2018-01-01..2018-12-31"),
        ("FY18 revenue", "fiscal_year 2018-01-01..2018-12-31"),
        ("FY2017/18", "fiscal_year 2018-01-01..2018-12-31"),
        ("fiscal year 2020", "fiscal_year 2020-01-01..2020-12-31"),
        ("im Geschäftsjahr 2021", "fiscal_year 2021-01-01..2021-12-31"),
        ("ejercicio 2021", "fiscal_year 2021-01-01..2021-12-31"),
        ("Q3 2022", "quarter 2022-07-01..2022-09-30"),
        ("3Q22", "quarter 2022-07-01..2022-09-30"),
        ("Q3 FY22", "quarter 2022-07-01..2022-09-30"),
        ("Q1'24", "quarter 2024-01-01..2024-03-31"),
        ("2022 Q4", "quarter 2022-10-01..2022-12-31"),
        ("third quarter of 2022", "quarter 2022-07-01..2022-09-30"),
        ("1. Quartal 2024", "quarter 2024-01-01..2024-03-31"),
        ("H1 2021", "half 2021-01-01..2021-06-30"),
        ("second half of 2021", "half 2021-07-01..2021-12-31"),
        ("2. Halbjahr 2021", "half 2021-07-01..2021-12-31"),
        ("May 2023", "month 2023-05-01..2023-05-31"),
        ("im März 2023", "month 2023-03-01..2023-03-31"),
        ("febrero de 2024", "month 2024-02-01..2024-02-29"),
        ("en août 2023", "month 2023-08-01..2023-08-31"),
        ("Sept. 2023", "month 2023-09-01..2023-09-30"),
        ("03/2024", "month 2024-03-01..2024-03-31"),
        ("2024-03-01", "day 2024-03-01..2024-03-01"),
        ("01.03.2024", "day 2024-03-01..2024-03-01"),
        ("25/12/2023", "day 2023-12-25..2023-12-25"),
        ("12/25/2023", "day 2023-12-25..2023-12-25"),
        ("May 1, 2023", "day 2023-05-01..2023-05-01"),
        ("1. Mai 2023", "day 2023-05-01..2023-05-01"),
        ("1 de mayo de 2023", "day 2023-05-01..2023-05-01"),
        ("le 1er mai 2023", "day 2023-05-01..2023-05-01"),
        ("v2.3", "v2.3"),
        ("version 9.x", "v9.x"),
        ("release 4", "v4"),
        ("Release 2023.1", "v2023.1"),
        ("3rd edition", "v3"),
        ("in 7.x", "v7.x"),
    ],
)
def test_a_date_or_version_is_read(text: str, expected: str) -> None:
    assert _read(text) == [expected]


def test_a_date_whose_order_is_unknown_has_a_sure_year_only() -> None:
    assert _read("on 03/04/2024") == ["year 2024-01-01..2024-12-31"]


@pytest.mark.parametrize(
    "text",
    [
        "How does the 401k plan work?",
        "Where is form 1099?",
        "What did 3M sell?",
        "Which service uses port 8080?",
        "Does port 2024 need a rule?",
        "Are we certified for ISO 27001?",
        "We have 2000 employees",
        "We have 2020 employees",
        "an essay in 2000 words",
        "Call +1 2021 555 0100",
        "Call 2021-555-0100",
        "Call 030 2021 4455",
        "What is the state of INC-2023?",
        "PROJ-2019-12 is open",
        "See #2021 and PR 2020",
        "It costs $2021 or 2021 €",
        "Meet in room 2019",
        "The server is 192.168.20.20",
        "We sold 2,021 items",
        "Order 12024 was sent",
        "Ticket #05/2024 is open",
        "Write to gizmo@v2.example",
        "a cake for 2000 guests",
        "a sum of 1900",
        "May I work from home in the fall?",
        "Who marches in march?",
        "31.02.2024",
    ],
)
def test_a_number_that_only_looks_like_a_date_is_none(text: str) -> None:
    assert _read(text) == []


def test_several_dates_are_read_in_order_and_do_not_overlap() -> None:
    text = "between Q3 2021 and 2022, since May 1, 2023 in v2.3"
    found = mentions(text)
    assert [text[m.start : m.end] for m in found] == ["Q3 2021", "2022", "May 1, 2023", "v2.3"]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("WFH policy update May 2023", ["month 2023-05-01..2023-05-31"]),
        ("report_2023_05", ["month 2023-05-01..2023-05-31"]),
        ("20230501_policy", ["day 2023-05-01..2023-05-01"]),
        ("ACME_2018_10K", ["year 2018-01-01..2018-12-31"]),
        ("travel-policy-2023-final", ["year 2023-01-01..2023-12-31"]),
        ("Q3-2022-results", ["quarter 2022-07-01..2022-09-30"]),
        ("handbook_v2", ["v2"]),
        ("Manual-2.3.1", ["v2.3.1"]),
        ("Handbook 2.0", ["v2.0"]),
        ("OAuth 2.0 Setup", []),
        ("ISO 27001 policy", []),
        ("Guide for 2000 users", []),
    ],
)
def test_names_are_read_with_their_separators(name: str, expected: list[str]) -> None:
    assert [_shown(mention.value) for mention in mentions_in_name(name)] == expected


@given(DAYS)
def test_an_iso_date_is_that_day_as_metadata_and_in_a_sentence(day: date) -> None:
    whole = Period("day", day, day)
    assert period_of(day.isoformat()) == whole
    assert period_of(f"{day.isoformat()}T10:00:00Z") == whole
    assert [m.value for m in mentions(f"It changed on {day.isoformat()}.")] == [whole]


@given(DAYS)
def test_a_year_contains_its_days_and_no_others(day: date) -> None:
    year = period_of(str(day.year))
    assert year is not None
    assert year.contains(Period("day", day, day))
    assert (year.last - year.first) in (timedelta(364), timedelta(365))


@given(st.text())
def test_any_text_is_read_within_its_bounds(text: str) -> None:
    ends = 0
    for mention in mentions(text):
        assert ends <= mention.start < mention.end <= len(text)
        ends = mention.end
    time_asked(text)
    for mention in mentions_in_name(text):
        assert 0 <= mention.start < mention.end <= len(text)


@pytest.mark.parametrize(
    ("value", "shown"),
    [("9.x", "9.x"), ("v2.3", "2.3"), ("Version 4", "4"), ("2.0-beta", "2.0"), ("7", "7")],
)
def test_a_metadata_value_is_a_version(value: str, shown: str) -> None:
    assert str(version_of(value)) == shown


@pytest.mark.parametrize("value", ["", "latest", "2023-05-01", "20230501", "1/2"])
def test_a_metadata_value_that_is_no_version_is_none(value: str) -> None:
    assert version_of(value) is None


@pytest.mark.parametrize(
    ("version", "asked", "matches"),
    [
        ("7.x", "7", True),
        ("7.17", "7", True),
        ("7.x", "7.17", True),
        ("7.17", "7.x", True),
        ("2", "2.0", True),
        ("7", "7.17", False),
        ("7.1", "7.17", False),
        ("70", "7", False),
        ("9.x", "7", False),
    ],
)
def test_a_version_is_meant_by_the_number_that_people_say(
    version: str, asked: str, matches: bool
) -> None:
    one, other = version_of(version), version_of(asked)
    assert one is not None
    assert other is not None
    assert one.matches(other) is matches


def test_newer_versions_come_after_older_ones_and_open_ones_are_not_told_apart() -> None:
    order = [version_of(text) for text in ("6.x", "7.2", "7.10", "7.10.1", "9.x")]
    for number, newer in enumerate(order):
        for older in order[:number]:
            assert newer is not None
            assert older is not None
            assert newer.is_newer(older)
            assert not older.is_newer(newer)
    nine, open_nine = version_of("9.2"), version_of("9.x")
    assert nine is not None
    assert open_nine is not None
    assert not nine.is_newer(open_nine)
    assert not open_nine.is_newer(nine)


@pytest.mark.parametrize(
    ("question", "wants"),
    [
        ("What is the latest travel policy?", "current"),
        ("Welche Regel gilt aktuell?", "current"),
        ("¿Cuál es la política vigente?", "current"),
        ("Quelle règle est en vigueur ?", "current"),
        ("How did the legacy setup work?", "old"),
        ("What is the deprecated way?", "old"),
        ("Wie war die alte Regelung?", "old"),
        ("What was the previous travel rule?", "previous"),
        ("What was the original rule?", "original"),
        ("How many days do I get?", "any"),
        ("How old is the company?", "any"),
        ("What do former employees get?", "any"),
        ("Does my previous employer matter?", "any"),
        ("What do I do with my old laptop?", "any"),
        ("Was tun alte Mitarbeiter?", "any"),
        ("Gilt das auch im Alter von 60 Jahren?", "any"),
        ("Which tool is used to sign contracts?", "any"),
        ("How did it used to work?", "old"),
    ],
)
def test_a_question_asks_for_the_newest_or_an_earlier_version(question: str, wants: str) -> None:
    assert time_asked(question).wants == wants


@pytest.mark.parametrize(
    ("question", "relation"),
    [
        ("What applied in 2021?", "in"),
        ("What applied before May 2022?", "before"),
        ("Was galt vor 2022?", "before"),
        ("¿Qué regía antes de 2022?", "before"),
        ("What applies since 2023?", "since"),
        ("Was gilt seit 2023?", "since"),
        ("Qu'est-ce qui vaut depuis 2023 ?", "since"),
    ],
)
def test_a_question_says_how_its_date_is_meant(question: str, relation: str) -> None:
    asked = time_asked(question)
    assert len(asked.periods) == 1
    assert asked.relation == relation


def test_a_number_after_a_name_may_be_a_version() -> None:
    assert [str(v) for v in time_asked("How do I log in to Gizmo 7?").versions] == ["7"]
    assert [str(v) for v in time_asked("Where is Section 7?").versions] == []
    assert [str(v) for v in time_asked("Is it 7 days?").versions] == []
