"""Conflicts are statements about one thing that differ in one thing; anything else is left alone."""

import pytest

from index.conflicts import FoundText, find_conflicts


def _hits(
    *texts: str, titles: tuple[str, ...] = ("Staff handbook", "Leave rules")
) -> list[FoundText]:
    return [
        FoundText(f"d{number}", titles[number % len(titles)], "", text)
        for number, text in enumerate(texts)
    ]


@pytest.mark.parametrize(
    ("first", "second", "kind"),
    [
        (
            "All employees receive 25 days of paid vacation each year.",
            "Each year all employees receive 30 days of paid vacation.",
            "number",
        ),
        (
            "Employees must work from the office three days a week.",
            "Employees must work from the office two days a week.",
            "number",
        ),
        (
            "The daily meal allowance for business trips abroad is 40 euros.",
            "The daily meal allowance for business trips abroad is €55.",
            "amount",
        ),
        (
            "The company contribution to the pension plan is 5%.",
            "The company contribution to the pension plan is 7 percent.",
            "percentage",
        ),
        (
            "The annual benefits enrolment window closes on 1 May 2023.",
            "The annual benefits enrolment window closes on 15 May 2023.",
            "date",
        ),
        (
            "Expense reports are due to the finance team every Monday.",
            "Expense reports are due to the finance team every Friday.",
            "weekday",
        ),
        (
            "Backup copies of customer records are kept 30 days before deletion.",
            "Backup copies of customer records are kept 30 weeks before deletion.",
            "unit",
        ),
        (
            "Visitors may bring private laptops into the server room.",
            "Visitors may not bring private laptops into the server room.",
            "negation",
        ),
        (
            "Attendance at the weekly safety training is mandatory for contractors.",
            "Attendance at the weekly safety training is optional for contractors.",
            "obligation",
        ),
        (
            "New support engineers do the onboarding course remotely.",
            "New support engineers do the onboarding course in the office.",
            "alternative",
        ),
    ],
)
def test_statements_that_differ_in_one_thing_conflict(first: str, second: str, kind: str) -> None:
    found = find_conflicts(_hits(first, second))
    assert [conflict.kind for conflict in found] == [kind]
    assert [conflict.kind for conflict in find_conflicts(_hits(second, first))] == [kind]


@pytest.mark.parametrize(
    ("first", "second"),
    [
        # the same in other words, units or order
        (
            "Backup copies of customer records are kept 30 days before deletion.",
            "Backup copies of customer records are kept one month before deletion.",
        ),
        (
            "Passwords of service accounts expire after two weeks.",
            "Passwords of service accounts expire after 14 days.",
        ),
        (
            "All employees receive 25 days of paid vacation each year.",
            "Each year all employees receive 25 days of paid vacation.",
        ),
        # other subjects
        (
            "Developers receive 25 days of paid vacation each year.",
            "Designers receive 30 days of paid vacation each year.",
        ),
        (
            "All employees in Germany receive 30 days of paid vacation each year.",
            "All employees in France receive 25 days of paid vacation each year.",
        ),
        (
            "In Germany, all employees receive 30 days of paid vacation each year.",
            "All employees receive 25 days of paid vacation each year.",
        ),
        (
            "The motor of pump X200 has a rated power of 40 watts.",
            "The motor of pump X300 has a rated power of 60 watts.",
        ),
        (
            "The office kitchen closes after 30 minutes of inactivity.",
            "The vacation request form needs 14 days of notice.",
        ),
        # each of its own time
        (
            "In 2021, the total revenue of the cloud business grew by 5%.",
            "In 2022, the total revenue of the cloud business grew by 8%.",
        ),
        # a second number more is a detail more
        (
            "Employees must work from the office three days a week.",
            "Employees must work from the office three days a week and two days from home.",
        ),
    ],
)
def test_statements_about_different_things_or_of_the_same_content_do_not_conflict(
    first: str, second: str
) -> None:
    assert find_conflicts(_hits(first, second)) == []


def test_titles_of_siblings_make_different_subjects() -> None:
    texts = (
        "All employees receive 30 days of paid vacation each year.",
        "All employees receive 25 days of paid vacation each year.",
    )
    assert (
        find_conflicts(_hits(*texts, titles=("Vacation policy Germany", "Vacation policy France")))
        == []
    )
    assert (
        find_conflicts(_hits(*texts, titles=("Acme annual report", "Globex annual report"))) == []
    )
    assert len(find_conflicts(_hits(*texts, titles=("Vacation policy", "Staff handbook")))) == 1


def test_reports_of_two_years_do_not_conflict() -> None:
    texts = (
        "The total revenue of the cloud business grew by 5%.",
        "The total revenue of the cloud business grew by 8%.",
    )
    assert find_conflicts(_hits(*texts, titles=("Annual report 2021", "Annual report 2022"))) == []
    assert (
        len(find_conflicts(_hits(*texts, titles=("Annual report 2021", "Annual report 2021")))) == 1
    )


def test_a_rule_and_its_later_change_conflict_although_each_says_since_when() -> None:
    texts = (
        "Starting May 2022, all employees will work in the office two days a week.",
        "Starting May 1, 2023, employees will work in the office three days a week, with two days at home.",
    )
    assert [c.kind for c in find_conflicts(_hits(*texts))] == ["number"]


def test_one_document_does_not_conflict_with_itself() -> None:
    first, second = _hits(
        "All employees receive 25 days of paid vacation each year.",
        "All employees receive 30 days of paid vacation each year.",
    )
    same = FoundText(first.doc_id, second.title, "", second.text)
    assert find_conflicts([first, second])
    assert find_conflicts([first, same]) == []


def test_spans_are_the_sentences_in_the_texts() -> None:
    first = "Welcome to the team. All employees receive 25 days of paid vacation each year. Ask HR."
    second = "Rules.\n\nAll employees receive 30 days of paid vacation each year."
    (conflict,) = find_conflicts(_hits(first, second))
    assert (
        first[conflict.first_span.start : conflict.first_span.end]
        == "All employees receive 25 days of paid vacation each year."
    )
    assert (
        second[conflict.second_span.start : conflict.second_span.end]
        == "All employees receive 30 days of paid vacation each year."
    )
    assert (conflict.first, conflict.second) == (0, 1)


def test_only_the_first_ten_hits_are_compared() -> None:
    filler = ["Nothing to see here."] * 9
    first = "All employees receive 25 days of paid vacation each year."
    second = "All employees receive 30 days of paid vacation each year."
    assert find_conflicts(_hits(first, *filler[:8], second))
    assert find_conflicts(_hits(first, *filler, second)) == []


def test_no_text_is_no_conflict() -> None:
    assert find_conflicts([]) == []
    assert find_conflicts(_hits("", "1 2 3 € % ...")) == []
