"""What happens around a decision: triage, verification by a run, notices, reports to owners of documents."""

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from review_flags import ADA, BO, CANARY, HR, OPEN_DOCUMENT, OTHER, REV, SECRET_DOCUMENT, Flags
from sqlalchemy import insert, select, update

from app.feedback_log import Remark
from app.notices import Notices
from app.review.case_fields import CaseFields
from app.review.source_reports import SourceReports
from core.answers import Caller
from core.documents import document_id
from core.errors import AccessDenied, NotFound, UsageError
from index.catalogue import Catalogue
from index.database import writing
from index.permissions import administrator, caller_named
from index.schema import (
    audit,
    documents,
    eval_results,
    eval_runs,
    feedback,
    people,
    review_items,
    source_reports,
)

pytestmark = pytest.mark.usefixtures("each_database")

ADMIN = administrator()
CASE = CaseFields("How many days?", reference="Thirty.")
OPEN_ID = document_id("docs", OPEN_DOCUMENT[0])
SECRET_ID = document_id("docs", SECRET_DOCUMENT[0])


@pytest.fixture
def flags(catalogue: Catalogue, new_version: Callable[..., Any]) -> Flags:
    return Flags(catalogue, new_version)


@pytest.fixture
def notices(catalogue: Catalogue) -> Notices:
    return Notices(catalogue.engine, catalogue.data_dir)


@pytest.fixture
def reports(catalogue: Catalogue) -> SourceReports:
    return SourceReports(catalogue.engine, catalogue.data_dir)


def run(flags: Flags, run_id: str, **values: float | None) -> None:
    """Store an evaluation run over the live cases; `values` are metrics, the same for every case."""
    with writing(flags.catalogue.engine) as connection:
        connection.execute(
            insert(eval_runs).values(
                run_id=run_id, variant="current", dataset="flags", started_at="2026", manifest="{}"
            )
        )
        cases = [json.loads(line) for line in flags.desk.cases_jsonl(ADMIN, "flags").splitlines()]
        for case in cases:
            for metric, value in values.items():
                connection.execute(
                    insert(eval_results).values(
                        run_id=run_id, case_id=case["id"], repeat=0, metric=metric, value=value
                    )
                )


def told(notices: Notices, caller: Caller) -> list[str]:
    return [notice.text for notice in notices.unseen(caller)]


# --- triage -------------------------------------------------------------------------------------------


def test_triage_orders_and_assigns_a_flag_without_deciding_it(flags: Flags) -> None:
    one, other = flags.flag(), flags.flag()
    assert list(flags.ids()) == [one, other]
    flags.desk.triage(other, REV, priority="high", assignee=OTHER.name, root_cause="generation")
    assert list(flags.ids()) == [other, one]
    assert list(flags.ids(assignee=OTHER.name)) == [other]
    (entry,) = flags.desk.queue(REV, "triaged").entries
    assert (entry.state, entry.urgency, entry.assignee) == ("triaged", "high", OTHER.name)
    assert flags.desk.queue(REV, "open").total == 2
    item = flags.desk.open(other, REV)
    assert (item.state, item.standing and item.standing.decision) == ("triaged", "triage")
    flags.desk.lock(other, OTHER)
    assert flags.state(other) == "in_review"
    flags.desk.release(other, OTHER)
    assert flags.state(other) == "triaged"


def test_what_a_triage_said_stays_with_the_decision_and_undo_takes_it_back(flags: Flags) -> None:
    one = flags.flag()
    points = flags.desk.queue(REV).entries[0].points
    flags.desk.triage(one, REV, priority="low", root_cause="packing_loss", severity="benign")
    flags.desk.decide(one, REV, "accept")
    with flags.catalogue.engine.connect() as connection:
        assert connection.scalar(select(feedback.c.root_cause)) == "packing_loss"
    flags.desk.undo(one, REV)
    assert flags.state(one) == "triaged"
    flags.desk.undo(one, REV)
    assert flags.state(one) == "new"
    assert flags.desk.queue(REV).entries[0].points == points


@pytest.mark.parametrize("given", [{}, {"priority": "now"}, {"assignee": "x" * 201}])
def test_a_triage_that_says_nothing_or_too_much_is_refused(
    given: dict[str, str], flags: Flags
) -> None:
    one = flags.flag()
    with pytest.raises(UsageError):
        flags.desk.triage(one, REV, **given)
    flags.desk.decide(one, REV, "reject", note="It is right.")
    with pytest.raises(UsageError, match="rejected already"):
        flags.desk.triage(one, REV, priority="high")


# --- evaluation runs ------------------------------------------------------------------------------------


def test_a_flag_whose_case_passed_is_verified_and_one_that_fails_later_is_opened_again(
    flags: Flags, notices: Notices
) -> None:
    one = flags.flag()
    flags.desk.promote(one, REV, CASE)
    run(flags, "run-1", fact_match=1.0, error=0.0, recall_any=0.2)
    assert flags.desk.verify(ADMIN, [one, one, "nobody's"], "run-1") == (one,)
    item = flags.desk.open(one, REV)
    assert (item.state, item.case_id != "") == ("verified", True)
    assert item.history[-1].reviewer == ADMIN.name
    assert "run-1" in item.history[-1].note
    assert flags.desk.verify(ADMIN, [one], "run-1") == ()
    assert "a test makes sure" in told(notices, ADA)[0]
    assert "run-1" not in told(notices, ADA)[0]
    notices.seen(ADA, [notice.notice_id for notice in notices.unseen(ADA)])
    run(flags, "run-2", fact_match=0.0)
    assert flags.desk.reopen(ADMIN, [one], "run-2") == (one,)
    assert flags.state(one) == "accepted"
    assert "being worked on again" in told(notices, ADA)[0]
    flags.desk.undo(one, ADMIN)
    assert flags.state(one) == "verified"
    with flags.catalogue.engine.connect() as connection:
        actions = list(connection.scalars(select(audit.c.action).order_by(audit.c.audit_id)))
    assert actions[-3:] == ["review.verify", "review.reopen", "review.undo"]


@pytest.mark.parametrize(
    "values",
    [{"fact_match": 0.5}, {"fact_match": 1.0, "error": 1.0}, {"abstention_correct": 0.0}, {}],
)
def test_a_case_that_failed_or_was_not_asked_verifies_nothing(
    values: dict[str, float], flags: Flags
) -> None:
    one = flags.flag()
    flags.desk.promote(one, REV, CASE)
    run(flags, "run-1", **values)
    assert flags.desk.verify(ADMIN, [one], "run-1") == ()
    assert flags.state(one) == "accepted"
    with pytest.raises(NotFound, match="run-9"):
        flags.desk.verify(ADMIN, [one], "run-9")


def test_a_run_changes_a_flag_that_somebody_looks_at_and_none_that_the_caller_may_not_see(
    flags: Flags,
) -> None:
    secret, one = flags.flag(SECRET_DOCUMENT), flags.flag()
    flags.desk.promote(secret, HR, CASE)
    flags.desk.promote(one, REV, CASE)
    run(flags, "run-1", fact_match=1.0)
    flags.desk.lock(one, OTHER)
    assert flags.desk.verify(REV, [secret, one], "run-1") == (one,)
    assert flags.state(secret, HR) == "accepted"


def test_what_was_said_with_the_decision_stays_when_a_flag_is_fixed_and_verified(
    flags: Flags, notices: Notices
) -> None:
    one = flags.flag()
    flags.desk.decide(
        one, REV, "correct", corrected_answer="31.", root_cause="generation", note="You are right."
    )
    flags.desk.decide(one, REV, "fix")
    assert flags.desk.outcomes(ADA)[one].note == "You are right."
    assert flags.desk.case_draft(one, REV).reference == "31."
    with flags.catalogue.engine.connect() as connection:
        assert connection.scalar(select(feedback.c.root_cause)) == "generation"
    assert told(notices, ADA)[0].endswith("You are right.")


# --- notices --------------------------------------------------------------------------------------------


def test_who_flagged_is_told_each_outcome_once_and_nobody_else(
    flags: Flags, notices: Notices
) -> None:
    one = flags.flag()
    flags.desk.decide(one, REV, "reject", note="Page 3\nsays so.")
    flags.desk.decide(one, REV, "accept")
    (text,) = told(notices, ADA)
    assert "was right" in text, "what nobody saw gives way to what stands now"
    assert told(notices, BO) == told(notices, REV) == []
    (notice,) = notices.unseen(ADA)
    notices.seen(BO, [notice.notice_id])
    assert told(notices, ADA)
    notices.seen(ADA, [notice.notice_id])
    assert told(notices, ADA) == []
    flags.desk.undo(one, REV)
    assert "says so." in told(notices, ADA)[0]


def test_a_decision_that_was_taken_back_unseen_is_never_told(
    flags: Flags, notices: Notices
) -> None:
    one = flags.flag()
    flags.desk.decide(one, REV, "accept")
    flags.desk.undo(one, REV)
    assert told(notices, ADA) == []


def test_whom_a_flag_is_given_to_is_told_nothing_of_its_words(
    flags: Flags, notices: Notices
) -> None:
    secret = flags.flag(SECRET_DOCUMENT, caller=HR, question=f"What is the {CANARY} band?")
    flags.desk.triage(secret, HR, assignee=REV.name)
    (text,) = told(notices, REV)
    assert CANARY not in text


# --- documents that are wrong ---------------------------------------------------------------------------


def owned(flags: Flags, doc_id: str, owner: str) -> None:
    with writing(flags.catalogue.engine) as connection:
        is_it = documents.c.doc_id == doc_id
        connection.execute(
            update(documents).where(is_it).values(metadata=json.dumps({"Author": owner}))
        )


def known(flags: Flags, email: str, name: str = "", groups: tuple[str, ...] = ()) -> Caller:
    with writing(flags.catalogue.engine) as connection:
        connection.execute(
            insert(people).values(
                email=email,
                name=name,
                groups=json.dumps(groups),
                is_active=1,
                first_seen="2026",
                last_seen="2026",
            )
        )
    return caller_named(email, groups)


@pytest.mark.parametrize("said", ["Olga Meier <olga@x.org>", "OLGA@x.org", "Olga Meier"])
def test_a_wrong_document_goes_to_its_owner(
    said: str, flags: Flags, notices: Notices, reports: SourceReports
) -> None:
    olga = known(flags, "olga@x.org", "Olga Meier")
    owned(flags, OPEN_ID, said)
    one = flags.flag()
    flags.desk.decide(one, REV, "correct", corrected_answer="31.", root_cause="source_wrong")
    (report,) = reports.mine(olga)
    assert (report.uri, report.state, report.correction) == ("leave.md", "open", "31.")
    assert report.quote == OPEN_DOCUMENT[1].split("\n")[0]
    assert "leave.md" in told(notices, olga)[0]
    assert reports.mine(ADA) == []
    flags.desk.undo(one, REV)
    assert reports.mine(olga) == []
    assert told(notices, olga) == []


def test_only_somebody_who_may_read_a_document_can_be_its_owner(
    flags: Flags, notices: Notices, reports: SourceReports
) -> None:
    olga = known(flags, "olga@x.org")
    owned(flags, SECRET_ID, "olga@x.org")
    secret = flags.flag(SECRET_DOCUMENT)
    flags.desk.decide(secret, HR, "accept", root_cause="source_wrong")
    assert told(notices, olga) == []
    assert reports.mine(olga) == []
    reader = replace(olga, role="admin")
    assert reports.mine(reader) == [], "an admin who may not read it sees nothing either"
    (report,) = reports.mine(replace(HR, role="admin"))
    assert report.owner == ""
    assert reports.all(REV) == []
    with pytest.raises(AccessDenied):
        reports.all(ADA)


def test_an_owner_sees_nothing_of_an_answer_from_documents_of_others(
    flags: Flags, reports: SourceReports
) -> None:
    olga = known(flags, "olga@x.org")
    owned(flags, OPEN_ID, "olga@x.org")
    both = flags.flag(OPEN_DOCUMENT, SECRET_DOCUMENT)
    flags.desk.decide(
        both, HR, "correct", corrected_answer=CANARY, note=CANARY, root_cause="source_wrong"
    )
    (report,) = reports.mine(olga)
    assert CANARY not in str(report)


def test_a_report_is_changed_with_its_document_and_closed_with_a_note(
    flags: Flags, reports: SourceReports
) -> None:
    olga = known(flags, "olga@x.org")
    owned(flags, OPEN_ID, "olga@x.org")
    one = flags.flag()
    flags.desk.decide(one, REV, "accept", root_cause="source_wrong")
    with writing(flags.catalogue.engine) as connection:
        connection.execute(update(documents).values(version="v2"))
    assert reports.mine(olga)[0].state == "changed"
    with pytest.raises(UsageError, match="note"):
        reports.close(olga, one, OPEN_ID, " ")
    with pytest.raises(NotFound):
        reports.close(ADA, one, OPEN_ID, "It is right.")
    reports.close(olga, one, OPEN_ID, "Corrected.")
    assert reports.mine(olga) == reports.all(REV) == []
    history = flags.desk.open(one, REV).history
    assert (history[-1].reviewer, history[-1].decision) == ("olga@x.org", "note")
    assert flags.state(one) == "accepted"


@pytest.mark.parametrize(
    ("target", "ref", "found"),
    [("citation", "2", ["salaries.md"]), ("passage", "c", ["leave.md", "salaries.md"])],
)
def test_a_flag_on_a_source_reports_that_source_alone(
    target: Any, ref: str, found: list[str], flags: Flags, reports: SourceReports
) -> None:
    remark = Remark("bad", "wrong_source", target=target, target_ref=ref)
    one = flags.flag(OPEN_DOCUMENT, SECRET_DOCUMENT, remark=remark)
    flags.desk.decide(one, HR, "accept", root_cause="source_wrong")
    assert sorted(report.uri for report in reports.all(HR)) == found


# --- damage -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("snapshot", ["", "{}", '{"answer": 3}', '{"answer": {"text": "x"}}', "[]"])
def test_one_damaged_flag_does_not_break_the_queue(snapshot: str, flags: Flags) -> None:
    good, bad = flags.flag(), flags.flag()
    with writing(flags.catalogue.engine) as connection:
        is_it = feedback.c.feedback_id == bad
        connection.execute(update(feedback).where(is_it).values(snapshot=snapshot))
    entries = {entry.feedback_id: entry.restricted for entry in flags.desk.queue(REV).entries}
    assert entries == {good: 0, bad: 1}, "nobody knows what it was made from"
    assert set(flags.ids(ADMIN)) == {good, bad}
    with pytest.raises(NotFound, match="cannot be read"):
        flags.desk.open(bad, ADMIN)
    flags.desk.decide(bad, ADMIN, "reject", note="Damaged.")
    assert len(flags.log.flags(ADA, 10)) == 2
    assert len(flags.log.list(ADMIN)) == 2


def test_a_state_of_an_older_footnote_is_read_as_waiting(flags: Flags) -> None:
    one = flags.flag()
    flags.ids()
    with writing(flags.catalogue.engine) as connection:
        connection.execute(update(review_items).values(state="in_review"))
    assert flags.state(one) == "new"


def test_reports_end_with_what_they_rest_on(flags: Flags) -> None:
    one = flags.flag()
    flags.desk.decide(one, REV, "accept", root_cause="source_wrong")
    flags.desk.decide(one, REV, "reject", note="The document is right.")
    with flags.catalogue.engine.connect() as connection:
        assert connection.execute(select(source_reports)).all() == []
