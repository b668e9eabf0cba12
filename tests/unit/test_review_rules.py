"""The review's rules without a database: states, points, patterns of cases, agreement."""

import json
import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.review.agreement import agreement_of, cohens_kappa
from app.review.case_fields import (
    CaseFields,
    Evidence,
    case_line,
    check_fields,
    check_pattern,
    fields_of_line,
    tidied,
)
from app.review.priority import points_of_flag, points_of_others, urgency_of
from app.review.states import UNDO, Labels, Review, standing_of
from core.answers import Answer, Claim
from core.errors import UsageError

TEXT = "Thirty days. Ask first."


def review(number: int, decision: str, reviewer: str = "a", undoes: str = "") -> Review:
    return Review(f"{number:03}", "f", reviewer, decision, Labels(), "", "", undoes=undoes)


def answer(*verdicts: str) -> Answer:
    claims = tuple(
        Claim(start, end, TEXT[start:end], verdict, 1.0)
        for (start, end), verdict in zip(((0, 12), (13, 23)), verdicts, strict=False)
    )
    return Answer("a", "c", "t", "How many?", TEXT, "answered", claims, (), (), "m", "p", 1, "2026")


def points(
    made: Answer,
    confidence: float = 0.0,
    *,
    severity: str = "",
    category: str = "wrong_fact",
    span: tuple[int, int] | None = None,
    is_explained: bool = False,
) -> int:
    found, _ = points_of_flag(
        made,
        confidence,
        severity=severity,
        category=category,
        span=span,
        is_explained=is_explained,
    )
    return found


def test_a_later_decision_takes_the_place_of_an_earlier_one_and_undo_gives_it_back() -> None:
    history = [review(1, "accept"), review(2, "reject")]
    assert standing_of(history).state == "rejected"
    history.append(review(3, UNDO, undoes="002"))
    assert standing_of(history).state == "accepted"
    history.append(review(4, UNDO, undoes="001"))
    assert standing_of(history).state == "new"


def test_each_rule_of_the_order_adds_its_points() -> None:
    plain = points(answer("supported", "supported"))
    assert plain == 10
    assert points(answer("supported"), severity="unwanted") == 30
    assert points(answer("supported"), severity="benign") == 0
    assert points(answer("supported", "contradicted")) == plain + 25
    assert points(answer("unsupported")) == plain + 15
    assert points(answer("partial")) == plain + 5
    assert points(answer("supported"), 0.9) == plain + 15
    assert points(answer("supported"), is_explained=True) == plain + 5
    assert points(answer("supported"), category="") == 0
    assert [points_of_others(people) for people in (1, 2, 5, 90)] == [0, 8, 32, 32]
    assert [urgency_of(found) for found in (0, 25, 50)] == ["low", "medium", "high"]


def test_only_the_claims_under_the_flagged_words_count() -> None:
    made = answer("supported", "contradicted")
    assert points(made, span=(0, 6)) == points(answer("supported"))
    assert points(made, span=(14, 16)) == points(made)


def test_kappa_is_that_of_the_textbook_table() -> None:
    """Two raters, 50 items: 20 yes-yes, 5 yes-no, 10 no-yes, 15 no-no; p_o 0.7, p_e 0.5, kappa 0.4."""
    yes, no = "accepted", "rejected"
    pairs = [(yes, yes)] * 20 + [(yes, no)] * 5 + [(no, yes)] * 10 + [(no, no)] * 15
    found = cohens_kappa(pairs)
    assert found.flags == 50
    assert found.agreed == pytest.approx(0.7)
    assert found.kappa == pytest.approx(0.4)
    assert found.base_rate == pytest.approx(0.55)


def test_agreement_that_chance_explains_has_no_kappa() -> None:
    assert cohens_kappa([]).kappa is None
    assert cohens_kappa([("accepted", "accepted")] * 9).kappa is None


def test_agreement_takes_what_stands_of_the_first_two_people() -> None:
    both = [review(1, "accept", "a"), review(2, "correct", "b"), review(3, "reject", "c")]
    alone = [review(1, "accept", "a"), review(2, "reject", "a")]
    taken_back = [review(1, "accept", "a"), review(2, "reject", "b"), review(3, UNDO, "b", "002")]
    found = agreement_of([both, alone, taken_back])
    assert (found.flags, found.agreed) == (1, 1.0)


@pytest.mark.parametrize(
    "pattern",
    [
        r"thirty|30",
        r"\b30 days?\b",
        r"(?i)annual leave",
        r"\d{1,2} days.*year",
        r"[*+()]",
        r"[]()*+]{2}",
        r"\(a\)+ \)*",
        r"(a|b)?c",
        "a{,b",
    ],
)
def test_plain_patterns_are_taken(pattern: str) -> None:
    check_pattern(pattern)


@pytest.mark.parametrize(
    "pattern",
    [
        "(",
        "(a+)+$",
        "((a+))*b",
        "(a|aa){2,}",
        "(?:a*)*b",
        "([)]a)+",
        r"(a)\1",
        "(?P<x>a)(?P=x)",
        "a{1000}",
        "a{5,900}",
        "a*b*c*d*e",
        "x" * 201,
        r"[\[]a](b+)+",
        "[[",
        "[[a]b]",
    ],
)
def test_patterns_that_do_not_compile_or_could_run_away_are_refused(pattern: str) -> None:
    with pytest.raises(UsageError):
        check_pattern(pattern)


@given(st.text(alphabet=r"ab()[]{}*+?|\^$.,019-:", max_size=14))
def test_a_pattern_that_is_taken_ends_soon_on_a_long_text(pattern: str) -> None:
    try:
        check_pattern(pattern)
    except UsageError:
        return
    started = time.process_time()
    re.search(pattern, "ab" * 60)
    assert time.process_time() - started < 5.0


def test_a_case_without_anything_that_could_fail_is_refused() -> None:
    with pytest.raises(UsageError, match="could fail"):
        check_fields(CaseFields("How many?"))
    with pytest.raises(UsageError, match="question"):
        check_fields(tidied(CaseFields("  ", reference="Thirty.")))
    with pytest.raises(UsageError, match="do not answer"):
        check_fields(CaseFields("How many?", reference="Thirty.", unanswerable=True))
    check_fields(CaseFields("How many?", unanswerable=True))


_TEXTS = st.text(max_size=20).map(str.strip)


@given(
    st.builds(
        CaseFields,
        question=_TEXTS,
        history=st.lists(st.tuples(_TEXTS, _TEXTS), max_size=2).map(tuple),
        as_user=_TEXTS,
        reference=_TEXTS,
        facts=st.lists(_TEXTS, max_size=3).map(tuple),
        must_match=st.lists(_TEXTS, max_size=3).map(tuple),
        evidence=st.lists(st.builds(Evidence, _TEXTS, _TEXTS), max_size=2).map(tuple),
        unanswerable=st.booleans(),
        tags=st.lists(_TEXTS, max_size=3).map(tuple),
    )
)
def test_a_line_of_a_case_file_has_the_public_names_and_reads_back(fields: CaseFields) -> None:
    line = json.loads(json.dumps(case_line("c1", fields)))
    names = {"id", "question", "history", "as", "reference", "facts", "must_match", "evidence"}
    assert set(line) <= names | {"unanswerable", "tags"}
    assert fields_of_line(line) == fields
