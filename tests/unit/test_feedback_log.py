"""Feedback is kept whole, one live row for each person and place in an answer, and exported without traps."""

import csv
import io
import json
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from dataclasses import asdict, replace
from typing import get_args

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import insert, update

from app.feedback_formats import to_csv, to_jsonl, to_langfuse
from app.feedback_log import (
    MAX_COMMENT_CHARS,
    FeedbackLog,
    Remark,
    span_of,
)
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
from core.errors import NotFound, UsageError
from core.ids import new_id
from index.catalogue import Catalogue
from index.database import writing
from index.permissions import administrator, caller_named
from index.schema import feedback, reviews

pytestmark = pytest.mark.usefixtures("each_database")

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
    return log.add(ANSWER, TRACE, caller, Remark(verdict, category, comment, span), "web")


def rows(catalogue: Catalogue) -> list[tuple[str, str | None]]:
    with catalogue.engine.connect() as connection:
        query = "SELECT feedback_id, superseded_by FROM feedback ORDER BY created_at, feedback_id"
        return [(row[0], row[1]) for row in connection.exec_driver_sql(query)]


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
    assert set(rows(catalogue)) == {
        (first.feedback_id, second.feedback_id),
        (second.feedback_id, None),
    }


def test_saying_the_same_twice_is_one_row(log: FeedbackLog, catalogue: Catalogue) -> None:
    said = [say(log, category="outdated", comment="same", span=(0, 6)) for _ in range(3)]
    assert said == [said[0]] * 3
    assert rows(catalogue) == [(said[0].feedback_id, None)]


def test_double_clicks_of_many_tabs_are_one_row(log: FeedbackLog, catalogue: Catalogue) -> None:
    with ThreadPoolExecutor(8) as pool:
        said = list(pool.map(lambda _: say(log, category="outdated", span=(0, 6)), range(24)))
    assert len({given.feedback_id for given in said}) == 1
    assert len(rows(catalogue)) == 1


def test_words_are_flagged_beside_other_words(log: FeedbackLog) -> None:
    first = say(log, category="outdated", span=(0, 6))
    second = say(log, category="wrong_fact", span=(7, 12))
    whole = say(log, category="incomplete")
    assert log.all_live("a1", ANN) == [first, second, whole]
    assert log.live("a1", ANN) == whole


def test_another_category_for_the_same_words_supersedes_the_first(log: FeedbackLog) -> None:
    say(log, category="outdated", span=(0, 6))
    second = say(log, category="wrong_fact", span=(0, 6))
    assert log.all_live("a1", ANN) == [second]


def test_a_flag_says_more_than_the_thumb_before_it(log: FeedbackLog) -> None:
    say(log, "bad")
    flag = say(log, category="outdated", span=(0, 6))
    assert log.all_live("a1", ANN) == [flag]


@given(
    st.lists(
        st.tuples(
            st.sampled_from(get_args(FeedbackVerdict)),
            st.sampled_from([None, "outdated", "other"]),
            st.sampled_from([None, (0, 6), (0, 12), (3, 9)]),
        ),
        min_size=1,
        max_size=6,
    )
)
@settings(
    max_examples=30,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_the_last_word_stands_and_good_and_bad_never_stand_together(
    log: FeedbackLog,
    said: list[tuple[FeedbackVerdict, FeedbackCategory | None, tuple[int, int] | None]],
) -> None:
    given_last = [say(log, v, category=c, span=s) for v, c, s in said][-1]
    live = log.all_live("a1", ANN)
    assert given_last in live
    places = [(one.start, one.end) for one in live]
    assert len(places) == len(set(places))
    assert len(live) == 1 or all(one.verdict != "good" for one in live)


def test_the_target_is_the_answer_a_claim_or_other_words(log: FeedbackLog) -> None:
    spans: list[tuple[int, int] | None] = [None, (0, 12), (0, 6)]
    given_ones = [say(log, category="other", span=span) for span in spans]
    assert [one.target for one in given_ones] == ["answer", "claim", "span"]
    assert {row["id"]: row["target"] for row in log.list(ANN)} == {
        one.feedback_id: one.target for one in given_ones
    }


def test_what_is_right_and_where_it_stands_is_kept(log: FeedbackLog) -> None:
    remark = Remark(
        "bad", "outdated", "c", (0, 6), "unwanted", " Forty days. ", " https://intranet/x "
    )
    given_one = log.add(ANSWER, TRACE, ANN, remark, "web")
    assert log.find(given_one.feedback_id, ANN) == given_one
    assert (given_one.severity, given_one.correction, given_one.correction_source) == (
        "unwanted",
        "Forty days.",
        "https://intranet/x",
    )
    (row,) = log.list(ANN)
    fields = ("severity", "correction", "correction_source", "root_cause", "dup_of", "target")
    assert [row[name] for name in fields] == [
        "unwanted", "Forty days.", "https://intranet/x", "", "", "span",
    ]  # fmt: skip


def test_a_row_of_before_there_were_places_gives_way_as_well(
    log: FeedbackLog, catalogue: Catalogue
) -> None:
    say(log, category="outdated", span=(0, 6))
    with writing(catalogue.engine) as connection:
        connection.exec_driver_sql("UPDATE feedback SET idem_key = 'old'")
    second = say(log, category="wrong_fact", span=(0, 6))
    assert log.all_live("a1", ANN) == [second]


def test_feedback_can_be_taken_back_once_and_again(log: FeedbackLog, catalogue: Catalogue) -> None:
    given_one = say(log, category="outdated")
    for _ in range(2):
        log.withdraw(given_one.feedback_id, ANN)
    assert log.live("a1", ANN) is None
    assert log.list(administrator()) == []
    assert rows(catalogue) == [(given_one.feedback_id, "withdrawn")]
    again = say(log, category="outdated")
    assert log.live("a1", ANN) == again


@pytest.mark.parametrize("caller", [BO, administrator()])
def test_nobody_takes_back_or_opens_what_somebody_else_said(
    caller: Caller, log: FeedbackLog
) -> None:
    given_one = say(log, category="outdated")
    for act in (log.withdraw, log.find):
        with pytest.raises(NotFound):
            act(given_one.feedback_id, caller)
        with pytest.raises(NotFound):
            act("no such", caller)
    assert log.live("a1", ANN) == given_one


def test_what_was_reviewed_cannot_be_taken_back(log: FeedbackLog, catalogue: Catalogue) -> None:
    given_one = say(log, category="outdated")
    review(catalogue, given_one, "accepted")
    with pytest.raises(UsageError, match="reviewed already"):
        log.withdraw(given_one.feedback_id, ANN)
    assert log.live("a1", ANN) is not None
    assert say(log, category="outdated").status == "accepted"


def review(catalogue: Catalogue, given_one: Feedback, status: str, note: str = "") -> None:
    with writing(catalogue.engine) as connection:
        connection.execute(update(feedback).values(status=status))
        connection.execute(
            insert(reviews).values(
                review_id=new_id(),
                feedback_id=given_one.feedback_id,
                reviewer="rea@x.org",
                decision="reject",
                labels="{}",
                note=note,
                created_at="2026-01-02",
            )
        )


def test_own_flags_have_their_question_and_what_the_reviewer_wrote(
    log: FeedbackLog, catalogue: Catalogue
) -> None:
    say(log, "bad", BO, category="outdated")
    given_one = say(log, category="outdated", span=(0, 6))
    review(catalogue, given_one, "rejected", "It is right.")
    (flag,) = log.flags(ANN, 10)
    assert (flag.question, flag.conversation_id, flag.note) == ("How many?", "c1", "It is right.")
    assert flag.feedback.status == "rejected"


def test_a_thumb_is_no_flag(log: FeedbackLog) -> None:
    say(log, "bad")
    assert log.flags(ANN, 10) == []


@pytest.mark.parametrize(
    "remark",
    [
        Remark("evil", "outdated"),  # type: ignore[arg-type]
        Remark("bad", "<script>"),  # type: ignore[arg-type]
        Remark("bad", "other", severity="huge"),  # type: ignore[arg-type]
    ],
)
def test_only_words_that_are_offered_can_be_chosen(remark: Remark, log: FeedbackLog) -> None:
    with pytest.raises(UsageError, match="no '"):
        log.add(ANSWER, TRACE, ANN, remark, "web")
    assert log.list(administrator()) == []


@pytest.mark.parametrize(("start", "end"), [(1, None), (None, 1)])
def test_one_end_alone_is_no_span(start: int | None, end: int | None) -> None:
    with pytest.raises(UsageError, match="both the start and the end"):
        span_of(start, end)
    assert span_of(None, None) is None


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


@pytest.mark.parametrize("name", ["comment", "correction", "correction_source"])
def test_a_text_that_is_too_long_is_refused(name: str, log: FeedbackLog) -> None:
    for extra, is_refused in ((0, False), (1, True)):
        remark = replace(Remark("bad"), **{name: "x" * (MAX_COMMENT_CHARS + extra)})
        with pytest.raises(UsageError, match="Shorten it") if is_refused else nullcontext():
            log.add(ANSWER, TRACE, ANN, remark, "web")


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
    assert score["metadata"] == {
        "category": "outdated",
        "answer_id": "a1",
        "target": "answer",
        "target_ref": "",
        "source": "end_user",
    }


# --- sources as targets ------------------------------------------------------------------------------


def on_source(log: FeedbackLog, target: str, ref: str, verdict: str = "bad") -> Feedback:
    trace = {"passages": [{"chunk_id": "c"}], "hits": [{"chunk_id": "h"}]}
    category = "wrong_source" if verdict == "bad" else None
    remark = Remark(verdict, category, target=target, target_ref=ref)  # type: ignore[arg-type]
    return log.add(ANSWER, trace, ANN, remark, "web")


def test_a_source_is_flagged_beside_the_answer_and_other_sources(log: FeedbackLog) -> None:
    whole = say(log, category="incomplete")
    words = say(log, category="wrong_fact", span=(0, 6))
    cited = on_source(log, "citation", "1")
    found = [on_source(log, "passage", ref) for ref in ("c", "h")]
    again = on_source(log, "citation", "1")
    assert again == cited
    assert set(log.all_live("a1", ANN)) == {whole, words, cited, *found}
    row = next(row for row in log.list(ANN) if row["id"] == cited.feedback_id)
    assert (row["target"], row["target_ref"], row["source"]) == ("citation", "1", "end_user")


def test_a_thumb_up_takes_back_flags_on_sources_and_a_right_source_takes_back_nothing(
    log: FeedbackLog,
) -> None:
    flagged, words = on_source(log, "citation", "1"), say(log, category="other", span=(0, 6))
    right = on_source(log, "passage", "c", "good")
    assert set(log.all_live("a1", ANN)) == {flagged, words, right}
    changed = on_source(log, "passage", "c")
    assert set(log.all_live("a1", ANN)) == {flagged, words, changed}
    assert log.all_live("a1", ANN)
    good = say(log, "good")
    assert log.all_live("a1", ANN) == [good]


@pytest.mark.parametrize(
    ("target", "ref"),
    [
        ("citation", "2"),
        ("citation", ""),
        ("passage", "1"),
        ("claim", ""),
        ("answer", "1"),
        ("x", ""),
    ],
)
def test_what_the_answer_does_not_have_cannot_be_meant(
    target: str, ref: str, log: FeedbackLog
) -> None:
    with pytest.raises(UsageError):
        on_source(log, target, ref)


def test_a_row_of_before_there_were_targets_says_what_its_span_says(
    log: FeedbackLog, catalogue: Catalogue
) -> None:
    say(log, category="other", span=(0, 12))
    with writing(catalogue.engine) as connection:
        connection.execute(update(feedback).values(target=""))
    assert [given_one.target for given_one in log.all_live("a1", ANN)] == ["claim"]


def test_the_note_that_is_read_is_that_of_the_decision_that_stands(
    log: FeedbackLog, catalogue: Catalogue
) -> None:
    said = say(log, category="outdated")
    decisions = (
        ("1", "triage", "Among us.", {}),
        ("2", "reject", "It is right.", {}),
        ("3", "undo", "", {"undoes": "2"}),
    )
    with writing(catalogue.engine) as connection:
        for review_id, decision, note, labels in decisions:
            connection.execute(
                insert(reviews).values(
                    review_id=review_id,
                    feedback_id=said.feedback_id,
                    reviewer="r",
                    decision=decision,
                    labels=json.dumps(labels),
                    note=note,
                    created_at="2026",
                )
            )
    (flag,) = log.flags(ANN, 5)
    assert flag.note == ""
