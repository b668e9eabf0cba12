"""The rules that say where an answer probably went wrong, and who may be told."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.review.root_cause import (
    Cell,
    ClaimRow,
    Facts,
    RightWords,
    Suggestion,
    first_readable,
    suggestions,
)


def row(*verdicts: str, is_verbatim: bool = False) -> ClaimRow:
    cells = (Cell(n, verdict, 0.5, is_verbatim) for n, verdict in enumerate(verdicts))  # type: ignore[arg-type]
    return ClaimRow(0, 10, tuple(cells))


def cause(**changes: object) -> str:
    facts = Facts("answered", "wrong_fact", (row("supported"),))
    return suggestions(replace(facts, **changes))[0].cause  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("place", "expected"),
    [
        ("packed", "generation"),
        ("left_out", "packing_loss"),
        ("not_fetched", "retrieval_miss"),
        ("not_readable", "acl"),
    ],
)
def test_where_the_right_words_stood_says_which_stage_lost_them(place: str, expected: str) -> None:
    assert cause(right=(RightWords("d", "Leave", place),), is_corrected=True) == expected  # type: ignore[arg-type]


def test_words_that_the_asker_may_read_come_before_those_of_others() -> None:
    found = suggestions(
        Facts(
            "answered",
            "wrong_fact",
            (row("supported"),),
            (RightWords("secret", "Salaries", "not_readable"), RightWords("d", "A", "not_fetched")),
            is_corrected=True,
        )
    )
    assert [each.cause for each in found] == ["retrieval_miss", "acl", "source_wrong"]


def test_without_a_correction_the_claim_and_its_passages_speak() -> None:
    assert cause(claims=(row("unsupported", "contradicted"),)) == "generation"
    assert cause(claims=(row("unsupported"), row("supported"))) == "generation"
    assert cause(claims=(row("contradicted", "supported"),), category="other") == "none"
    assert cause(claims=(row("supported", is_verbatim=True),)) == "source_wrong"
    assert cause(category="outdated") == "source_wrong"
    assert cause(category="wrong_source") == "generation"
    assert cause(status="abstained", claims=(), category="should_have_answered") == "retrieval_miss"
    assert cause(marked=("Note",), claims=(row("contradicted"),)) == "injection"


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["open", "secret", "other"]),
            st.sampled_from(["packed", "left_out", "not_fetched", "not_readable"]),
        ),
        max_size=4,
    ),
    st.sampled_from(["answered", "abstained"]),
)
def test_nobody_is_told_of_a_document_that_they_may_not_read(
    places: list[tuple[str, str]], status: str
) -> None:
    right = tuple(RightWords(doc, f"title of {doc}", place) for doc, place in places)  # type: ignore[arg-type]
    found = suggestions(Facts(status, "wrong_fact", (row("supported"),), right, is_corrected=True))
    told = first_readable(found, frozenset({"open"}))
    assert told is not None, "the answer's own documents always say something"
    outside = {doc for doc, place in places if place in ("not_fetched", "not_readable")} - {"open"}
    own = {doc for doc, place in places if place in ("packed", "left_out")}
    assert all(f"title of {doc}" not in told.why for doc in outside - own)
    assert first_readable([Suggestion("acl", "x", "secret")], frozenset()) is None
