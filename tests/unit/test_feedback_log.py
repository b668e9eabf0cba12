"""Feedback is kept whole, one live verdict for each person and answer, and exported without traps."""

import csv
import io
import json
from dataclasses import asdict

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.feedback_log import MAX_COMMENT_CHARS, FeedbackLog, to_csv, to_jsonl, to_langfuse
from core.answers import (
    Answer,
    Caller,
    Citation,
    Claim,
    DocumentRef,
    Feedback,
    FeedbackCategory,
    FeedbackVerdict,
)
from core.errors import UsageError
from index.catalogue import Catalogue
from index.permissions import administrator, caller_named

ANN = caller_named("ann@x.org", [])
BO = caller_named("bo@x.org", [])
TRACE = {"query": "q", "passages": [{"text": "Thirty days."}]}
TEXT = "Thirty days. Ask first."
ANSWER = Answer(
    "a1",
    "c1",
    "t1",
    "How many?",
    TEXT,
    "answered",
    (Claim(0, 12, "Thirty days.", "supported", 1.0, (1,)),),
    (Citation(1, DocumentRef("d", "a.md", "A", "v"), "c", (), None, 0, 12, "Thirty days."),),
    (),
    "extractive",
    "p",
    1,
    "2026-01-01",
)


@pytest.fixture
def log(catalogue: Catalogue) -> FeedbackLog:
    return FeedbackLog(catalogue.engine, catalogue.data_dir)


def say(
    log: FeedbackLog,
    verdict: FeedbackVerdict = "bad",
    caller: Caller = ANN,
    *,
    category: FeedbackCategory | None = None,
    comment: str = "",
    span: tuple[int, int] | None = None,
) -> Feedback:
    return log.add(ANSWER, TRACE, caller, verdict, category, comment, span, "web")


def test_feedback_comes_back_as_it_was(log: FeedbackLog) -> None:
    given_one = say(log, category="wrong_fact", comment="  No.  ", span=(0, 6))
    assert log.live("a1", ANN) == given_one
    assert (given_one.selected_text, given_one.comment, given_one.status) == (
        "Thirty",
        "No.",
        "new",
    )
    assert (given_one.author, given_one.category) == ("ann@x.org", "wrong_fact")


def test_a_changed_mind_supersedes_what_was_said_before(log: FeedbackLog) -> None:
    say(log, "bad")
    second = say(log, "good")
    assert log.live("a1", ANN) == second
    assert [row["verdict"] for row in log.list(administrator())] == ["good"]


def test_what_was_superseded_is_kept(log: FeedbackLog, catalogue: Catalogue) -> None:
    first, second = say(log, "bad"), say(log, "good")
    with catalogue.engine.connect() as connection:
        rows = connection.exec_driver_sql(
            "SELECT feedback_id, superseded_by FROM feedback ORDER BY feedback_id"
        ).all()
    assert sorted(map(tuple, rows), key=str) == sorted(
        [(first.feedback_id, second.feedback_id), (second.feedback_id, None)], key=str
    )


def test_saying_the_same_twice_is_one_live_verdict(log: FeedbackLog) -> None:
    for _ in range(3):
        say(log, "bad", comment="same")
    assert len(log.list(administrator())) == 1


def test_two_people_have_two_verdicts(log: FeedbackLog) -> None:
    say(log, "bad", ANN)
    say(log, "good", BO)
    assert len(log.list(administrator())) == 2
    assert [row["author"] for row in log.list(BO)] == ["bo@x.org"]
    assert log.live("a1", caller_named("other@x.org", [])) is None


def test_the_newest_comes_first_and_a_status_can_be_chosen(log: FeedbackLog) -> None:
    first, second = say(log, "bad", ANN), say(log, "good", BO)
    listed = log.list(administrator(), status="new")
    assert {row["id"] for row in listed} == {first.feedback_id, second.feedback_id}
    assert log.list(administrator(), status="accepted") == []


def test_a_row_can_be_replayed_without_the_index(log: FeedbackLog) -> None:
    say(log)
    (row,) = log.list(ANN)
    assert (row["question"], row["answer"], row["trace_id"]) == ("How many?", TEXT, "t1")
    assert row["snapshot"]["trace"] == TRACE
    assert row["snapshot"]["answer"] == json.loads(json.dumps(asdict(ANSWER)))


@pytest.mark.parametrize(
    "span", [(0, 0), (5, 3), (-1, 4), (0, len(TEXT) + 1), (len(TEXT), len(TEXT) + 1)]
)
def test_words_that_are_not_in_the_answer_are_refused(
    span: tuple[int, int], log: FeedbackLog
) -> None:
    with pytest.raises(UsageError, match=f"{len(TEXT)} characters"):
        say(log, span=span)
    assert log.list(administrator()) == []


def test_a_comment_that_is_too_long_is_refused(log: FeedbackLog) -> None:
    say(log, comment="x" * MAX_COMMENT_CHARS)
    with pytest.raises(UsageError, match="Shorten it"):
        say(log, comment="x" * (MAX_COMMENT_CHARS + 1))


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r"])
def test_a_spreadsheet_never_runs_a_comment(start: str) -> None:
    row = {"id": "f1", "comment": f"{start}cmd|' /C calc'!A0", "category": None, "snapshot": {}}
    (read,) = csv.DictReader(io.StringIO(to_csv([row]), newline=""))
    assert read["comment"] == f"'{row['comment']}"
    assert (read["category"], "snapshot" in read) == ("", False)


@given(st.lists(st.text(alphabet=st.characters(exclude_categories=["Cs"])), min_size=1, max_size=5))
def test_csv_keeps_every_comment_and_starts_no_cell_with_a_formula(comments: list[str]) -> None:
    rows = [{"id": str(number), "comment": text} for number, text in enumerate(comments)]
    read = list(csv.DictReader(io.StringIO(to_csv(rows), newline="")))
    assert [row["comment"].removeprefix("'") for row in read] == [
        c.removeprefix("'") for c in comments
    ]
    for row in read:
        assert not row["comment"].startswith(("=", "+", "-", "@", "\t", "\r"))


def test_no_feedback_exports_to_nothing_readable_as_a_row() -> None:
    assert to_csv([]).strip() == ""
    assert to_jsonl([]) == to_langfuse([]) == ""


@given(st.text(), st.text())
def test_jsonl_is_one_object_a_line(first: str, second: str) -> None:
    lines = to_jsonl([{"comment": first}, {"comment": second}]).split("\n")
    assert [json.loads(line)["comment"] for line in lines[:-1]] == [first, second]
    assert lines[-1] == ""


def test_langfuse_gets_one_score_for_each_verdict(log: FeedbackLog) -> None:
    said = say(log, "bad", category="outdated")
    (score,) = map(json.loads, to_langfuse(log.list(ANN)).splitlines())
    assert (score["id"], score["traceId"]) == (said.feedback_id, "t1")
    assert (score["dataType"], score["value"], score["comment"]) == ("CATEGORICAL", "bad", None)
    assert score["metadata"] == {"category": "outdated", "answer_id": "a1"}
