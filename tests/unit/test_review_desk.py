"""The review desk on a real catalogue: who sees what, locks, decisions, test cases."""

import json
import threading
from collections.abc import Callable
from dataclasses import asdict, replace
from typing import Any

import pytest
from databases import open_database
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test
from review_flags import ADA, BO, CANARY, HR, OPEN_DOCUMENT, OTHER, REV, SECRET_DOCUMENT, Flags
from sqlalchemy import insert, select

from app.feedback_log import Remark
from app.review.case_fields import CaseFields, Evidence
from app.review.desk import ReviewDesk
from app.review.states import OPEN_STATES, STATES, UPHELD_STATES, standing_of
from core.answers import Caller
from core.errors import AccessDenied, FootnoteError, NotFound, UsageError
from index.catalogue import Catalogue
from index.database import writing
from index.permissions import administrator
from index.schema import audit, cases, eval_results, eval_runs, feedback, reviews

pytestmark = pytest.mark.usefixtures("each_database")

ADMIN = administrator()
CASE = CaseFields("How many days?", reference="Thirty.")


@pytest.fixture
def flags(catalogue: Catalogue, new_version: Callable[..., Any]) -> Flags:
    return Flags(catalogue, new_version)


# --- who sees what ---------------------------------------------------------------------------------


def test_a_reader_sees_nothing_of_the_review(flags: Flags) -> None:
    one = flags.flag()
    desk = flags.desk
    calls: dict[str, Callable[[], object]] = {
        "queue": lambda: desk.queue(ADA),
        "open": lambda: desk.open(one, ADA),
        "lock": lambda: desk.lock(one, ADA),
        "release": lambda: desk.release(one, ADA),
        "decide": lambda: desk.decide(one, ADA, "accept"),
        "decide_many": lambda: desk.decide_many([one], ADA, "accept"),
        "undo": lambda: desk.undo(one, ADA),
        "case_draft": lambda: desk.case_draft(one, ADA),
        "promote": lambda: desk.promote(one, ADA, CASE),
        "case": lambda: desk.case("x", ADA),
        "cases_jsonl": lambda: desk.cases_jsonl(ADA, "flags"),
        "agreement": lambda: desk.agreement(ADA),
        "triage": lambda: desk.triage(one, ADA, priority="high"),
        "verify": lambda: desk.verify(ADA, [one], "r"),
        "reopen": lambda: desk.reopen(ADA, [one], "r"),
        "cause_agreement": lambda: desk.cause_agreement(ADA),
    }
    for call in calls.values():
        with pytest.raises(AccessDenied, match="reviewer"):
            call()
    public = {name for name in vars(ReviewDesk) if not name.startswith("_")}
    assert public - set(calls) == {"outcomes"}, "one's own flags alone are everybody's"


def test_nothing_of_an_answer_from_unreadable_documents_is_shown(flags: Flags) -> None:
    """The canary stands in question, answer, comment, flagged words, title and history."""
    secret = flags.answer(OPEN_DOCUMENT, SECRET_DOCUMENT, question=f"Which {CANARY} band?")
    hidden = flags.flag(
        made=secret, remark=Remark("bad", "wrong_fact", f"{CANARY} is wrong", (0, 8))
    )
    seen = flags.flag(question=f"Which {CANARY} band then?")
    flags.desk.decide(hidden, HR, "accept", note=CANARY)
    flags.desk.promote(
        hidden, HR, CaseFields(f"{CANARY}?", evidence=(Evidence("salaries.md", CANARY),))
    )
    entry = next(e for e in flags.desk.queue(REV).entries if e.feedback_id == hidden)
    assert entry.restricted == 2
    assert CANARY not in json.dumps(asdict(entry))
    assert (entry.author, entry.category, entry.points) == ("", "", 0)
    assert CANARY not in flags.desk.cases_jsonl(REV, "flags")
    assert CANARY in flags.desk.cases_jsonl(HR, "flags")
    shown = [
        json.dumps(asdict(flags.desk.open(seen, REV)).get("similar")),
        json.dumps(asdict(flags.desk.open(seen, REV)).get("others")),
    ]
    assert not any(CANARY in text for text in shown)
    tries: list[Callable[[], object]] = [
        lambda: flags.desk.open(hidden, REV),
        lambda: flags.desk.lock(hidden, REV),
        lambda: flags.desk.decide(hidden, REV, "accept"),
        lambda: flags.desk.undo(hidden, REV),
        lambda: flags.desk.case_draft(hidden, REV),
        lambda: flags.desk.promote(hidden, REV, CASE),
        lambda: flags.desk.decide(seen, REV, "duplicate", dup_of=hidden),
    ]
    for attempt in tries:
        with pytest.raises(AccessDenied, match="2 documents") as refusal:
            attempt()
        assert CANARY not in str(refusal.value)


def test_a_search_finds_nothing_in_what_may_not_be_read(flags: Flags) -> None:
    hidden = flags.flag(SECRET_DOCUMENT, question=f"Which {CANARY} band?")
    assert flags.ids(REV, text=CANARY) == []
    assert flags.desk.queue(REV, text=CANARY).counts["new"] == 0
    assert flags.ids(HR, text=CANARY.upper()) == [hidden]
    assert flags.ids(REV, category="wrong_fact") == []


def test_what_is_restricted_does_not_tell_its_urgency_by_its_place(flags: Flags) -> None:
    hidden = flags.flag(
        SECRET_DOCUMENT, remark=Remark("bad", "wrong_fact", "!", severity="unwanted")
    )
    plain = flags.flag(remark=Remark("bad"))
    assert flags.ids(REV) == [plain, hidden]
    assert flags.ids(HR) == [hidden, plain]


def test_a_document_that_is_gone_is_for_the_local_administrator_alone(flags: Flags) -> None:
    one = flags.flag()
    flags.catalogue.remove([flags.desk.open(one, REV).passages[0].doc_id])
    assert flags.desk.queue(REV).entries[0].restricted == 1
    with pytest.raises(AccessDenied, match="1 document "):
        flags.desk.open(one, REV)
    assert flags.desk.open(one, ADMIN).sources[0].state == "gone"


def test_an_answer_whose_turns_before_are_not_known_is_not_shown(flags: Flags) -> None:
    answer, trace = flags.answer(OPEN_DOCUMENT)
    trace |= {"history": [{"q": CANARY, "a": CANARY}], "history_documents": None}
    one = flags.flag(made=(answer, trace))
    assert flags.desk.queue(REV).entries[0].restricted == 1
    assert flags.desk.open(one, ADMIN).trace.history == ((CANARY, CANARY),)


def test_a_flag_that_was_taken_back_is_not_there_any_more(flags: Flags) -> None:
    one = flags.flag()
    flags.ids()
    flags.log.withdraw(one, ADA)
    assert flags.ids() == []
    with pytest.raises(NotFound):
        flags.desk.open(one, REV)
    with pytest.raises(NotFound):
        flags.desk.open("nobody", REV)


def test_thumbs_up_are_no_flags(flags: Flags) -> None:
    flags.flag(remark=Remark("good"))
    assert flags.ids() == []


# --- the queue -------------------------------------------------------------------------------------


def test_what_many_people_flag_comes_before_what_one_does(flags: Flags) -> None:
    alone = flags.flag()
    both = flags.answer(OPEN_DOCUMENT)
    first, second = flags.flag(made=both), flags.flag(made=both, caller=BO)
    assert flags.ids() == [first, second, alone]
    assert flags.ids(order="newest") == [second, first, alone]
    assert flags.desk.queue(REV).entries[0].people == 2


def test_the_same_words_flagged_in_two_answers_count_together(flags: Flags) -> None:
    words = Remark("bad", "wrong_fact", "", (13, 24))
    flags.flag(remark=words)
    flags.flag(remark=words, caller=BO)
    assert [entry.people for entry in flags.desk.queue(REV).entries] == [2, 2]


def test_filters_and_counts_go_together(flags: Flags) -> None:
    one = flags.flag(question="Is there parking in Straße 7?")
    two = flags.flag(remark=Remark("bad", "outdated", "50% off_by_one"))
    flags.desk.decide(two, REV, "accept")
    queue = flags.desk.queue(REV, state="open")
    assert [entry.feedback_id for entry in queue.entries] == [one]
    assert (queue.counts["new"], queue.counts["accepted"], queue.total) == (1, 1, 1)
    assert flags.ids(text="STRASSE parking") == [one]
    assert flags.ids(text="50% off_by") == [two]
    assert flags.ids(text="off%by") == []
    assert flags.ids(category="outdated", channel="streamlit") == [two]
    assert flags.ids(channel="slack") == []


def test_pages_hold_25_and_one_too_far_is_the_last(flags: Flags) -> None:
    for _ in range(27):
        flags.flag()
    assert len(flags.desk.queue(REV, page=1).entries) == 25
    last = flags.desk.queue(REV, page=9)
    assert (last.page, last.pages, len(last.entries), last.total) == (2, 2, 2, 27)


def test_an_opened_flag_has_its_evidence_marked_and_what_others_said(flags: Flags) -> None:
    made = flags.answer(OPEN_DOCUMENT)
    one = flags.flag(made=made)
    flags.flag(made=made, caller=BO, remark=Remark("bad", "outdated", "Old."))
    near = flags.flag(question="How many days of leave are there?")
    item = flags.desk.open(one, REV)
    segments = item.passages[0].segments
    assert "".join(segment.text for segment in segments) == OPEN_DOCUMENT[1]
    assert [s.text for s in segments if s.markers == (1,)] == [OPEN_DOCUMENT[1].split("\n")[0]]
    assert [other.comment for other in item.others] == ["Old."]
    assert {flag.feedback_id: flag.why for flag in item.similar}[near] == "near question"
    assert item.similar[0].why == "same answer"
    assert item.sources[0].state == "same"
    assert item.trace.timings_ms == (("total", 12.0),)


# --- locks -----------------------------------------------------------------------------------------


def test_one_of_many_who_come_at_once_gets_the_flag(flags: Flags) -> None:
    one = flags.flag()
    flags.ids()
    people = [replace(REV, name=f"r{number}@x.org") for number in range(8)]
    barrier, held = threading.Barrier(8), []

    def take(caller: Caller) -> None:
        engine = open_database(flags.catalogue.data_dir)
        desk = ReviewDesk(Catalogue(engine, flags.catalogue.data_dir), flags.catalogue.data_dir)
        barrier.wait()
        lock = desk.lock(one, caller)
        held.append((lock.held_by, lock.is_mine))
        engine.dispose()

    threads = [threading.Thread(target=take, args=(person,)) for person in people]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(held) == 8
    assert len({name for name, _ in held}) == 1
    assert sum(is_mine for _, is_mine in held) == 1


def test_a_lock_is_renewed_by_use_and_ends_by_itself(flags: Flags) -> None:
    one = flags.flag()
    since = flags.desk.lock(one, REV).since
    flags.clock.pass_minutes(14)
    assert flags.desk.lock(one, REV).since == since
    flags.clock.pass_minutes(14)
    assert not flags.desk.lock(one, OTHER).is_mine
    assert flags.state(one) == "in_review"
    with pytest.raises(UsageError, match=r"rev@x\.org is at this flag since 09:00"):
        flags.desk.decide(one, OTHER, "accept")
    flags.clock.pass_minutes(2)
    assert flags.state(one) == "new"
    assert flags.desk.lock(one, OTHER).is_mine
    assert flags.desk.lock(one, REV).held_by == OTHER.name


def test_a_lock_is_let_go_by_who_has_it_alone(flags: Flags) -> None:
    one = flags.flag()
    flags.desk.lock(one, REV)
    flags.desk.release(one, OTHER)
    assert flags.desk.lock(one, OTHER).held_by == REV.name
    flags.desk.release(one, REV)
    assert flags.desk.lock(one, OTHER).is_mine


# --- decisions -------------------------------------------------------------------------------------


def test_a_decision_is_kept_as_a_review_a_state_and_a_line_of_the_audit(flags: Flags) -> None:
    one = flags.flag()
    flags.desk.lock(one, REV)
    made = flags.desk.decide(one, REV, "correct", root_cause="generation", corrected_answer=" 31 ")
    with flags.catalogue.engine.connect() as connection:
        row = connection.execute(select(feedback)).one()
        line = connection.execute(select(audit)).one()
    assert (row.status, row.root_cause) == ("accepted", "generation")
    assert (line.actor, line.action, line.object) == (REV.name, "review.correct", one)
    assert made.labels.corrected_answer == "31"
    assert flags.desk.lock(one, OTHER).is_mine


def test_a_double_click_decides_once(flags: Flags) -> None:
    one = flags.flag()
    seen = flags.desk.open(one, REV).seen
    first = flags.desk.decide(one, REV, "accept", seen=seen)
    assert flags.desk.decide(one, REV, "accept", seen=seen) == first
    with flags.catalogue.engine.connect() as connection:
        assert len(connection.execute(select(reviews)).all()) == 1


def test_a_decision_on_what_changed_since_is_refused_and_told_who(flags: Flags) -> None:
    one = flags.flag()
    seen = flags.desk.open(one, REV).seen
    flags.desk.decide(one, OTHER, "reject", note="It is right.")
    with pytest.raises(UsageError, match=r"other@x\.org chose 'reject' since you opened"):
        flags.desk.decide(one, REV, "accept", seen=seen)
    again = flags.desk.open(one, REV)
    flags.desk.decide(one, REV, "accept", seen=again.seen)
    assert [entry.decision for entry in flags.desk.open(one, REV).history] == ["reject", "accept"]


@pytest.mark.parametrize(
    ("decision", "given", "words"),
    [
        ("reject", {"note": " "}, "reads it"),
        ("correct", {}, "right answer"),
        ("duplicate", {}, "Choose the flag"),
        ("duplicate", {"dup_of": "nobody"}, "no flag 'nobody'"),
        ("accept", {"root_cause": "moon"}, "no root cause"),
        ("accept", {"severity": "awful"}, "no severity"),
        ("accept", {"note": "x" * 2001}, "longer"),
        ("fix", {}, "once it was accepted"),
        ("perhaps", {}, "no decision"),
    ],
)
def test_a_decision_that_lacks_something_says_what(
    flags: Flags, decision: Any, given: dict[str, str], words: str
) -> None:
    one = flags.flag()
    with pytest.raises(FootnoteError, match=words):
        flags.desk.decide(one, REV, decision, **given)
    assert flags.state(one) == "new"


def test_a_duplicate_names_a_flag_that_is_none_itself(flags: Flags) -> None:
    one, two, three = flags.flag(), flags.flag(), flags.flag()
    flags.desk.decide(one, REV, "duplicate", dup_of=two)
    with pytest.raises(UsageError, match="itself"):
        flags.desk.decide(two, REV, "duplicate", dup_of=two)
    with pytest.raises(UsageError, match="duplicate itself"):
        flags.desk.decide(two, REV, "duplicate", dup_of=one)
    results = flags.desk.decide_many([two, "nobody"], REV, "duplicate", dup_of=three)
    assert [bool(result.problem) for result in results] == [False, True]
    with flags.catalogue.engine.connect() as connection:
        found = dict(connection.execute(select(feedback.c.feedback_id, feedback.c.dup_of)).all())
    assert found == {one: two, two: three, three: ""}


def test_one_takes_back_only_ones_own_decision(flags: Flags) -> None:
    one = flags.flag()
    flags.desk.decide(one, REV, "accept", root_cause="acl")
    with pytest.raises(UsageError, match=r"rev@x\.org's"):
        flags.desk.undo(one, OTHER)
    flags.desk.undo(one, REV)
    with flags.catalogue.engine.connect() as connection:
        row = connection.execute(select(feedback)).one()
    assert (row.status, row.root_cause) == ("new", "")
    with pytest.raises(UsageError, match="no decision"):
        flags.desk.undo(one, REV)


def test_who_flagged_is_told_the_outcome_and_nobody_else(flags: Flags) -> None:
    one = flags.flag()
    flags.desk.decide(one, REV, "reject", note="Page 3 says so.")
    told = flags.desk.outcomes(ADA)[one]
    assert (told.state, told.note) == ("rejected", "Page 3 says so.")
    assert flags.desk.outcomes(BO) == {}
    flags.desk.undo(one, REV)
    assert flags.desk.outcomes(ADA) == {}


class Reviewing(RuleBasedStateMachine):
    """Two reviewers do anything in any order; the state is always what the reviews that stand say."""

    make: Callable[[], Flags]

    def __init__(self) -> None:
        super().__init__()
        self.flags = type(self).make()
        self.ids = [self.flags.flag(), self.flags.flag()]
        self.before = 0
        self.runs = 0

    @rule(
        who=st.sampled_from([REV, OTHER]),
        flag=st.integers(0, 1),
        decision=st.sampled_from(
            ["triage", "accept", "reject", "correct", "duplicate", "fix", "verify", "reopen"]
        ),
    )
    def decide(self, who: Caller, flag: int, decision: Any) -> None:
        given = {"note": "n", "corrected_answer": "c", "dup_of": self.ids[1 - flag]}
        if decision == "verify":
            self._verify(self.ids[flag])
            return
        self._try(lambda: self.flags.desk.decide(self.ids[flag], who, decision, **given))

    def _verify(self, flag: str) -> None:
        """Let a run of its own pass the flag's case, if it has one."""
        case_id = self.flags.desk.open(flag, REV).case_id
        self.runs += 1
        with writing(self.flags.catalogue.engine) as connection:
            run_id = f"run-{self.runs}"
            connection.execute(
                insert(eval_runs).values(
                    run_id=run_id, variant="v", dataset="d", started_at="2026", manifest="{}"
                )
            )
            if case_id:
                connection.execute(
                    insert(eval_results).values(
                        run_id=run_id, case_id=case_id, repeat=0, metric="fact_match", value=1.0
                    )
                )
        found = self.flags.desk.verify(REV, [flag], run_id)
        assert bool(found) <= bool(case_id)

    @rule(who=st.sampled_from([REV, OTHER]), flag=st.integers(0, 1))
    def lock(self, who: Caller, flag: int) -> None:
        self.flags.desk.lock(self.ids[flag], who)

    @rule(who=st.sampled_from([REV, OTHER]), flag=st.integers(0, 1))
    def undo(self, who: Caller, flag: int) -> None:
        self._try(lambda: self.flags.desk.undo(self.ids[flag], who))

    @rule(who=st.sampled_from([REV, OTHER]), flag=st.integers(0, 1))
    def promote(self, who: Caller, flag: int) -> None:
        self._try(lambda: self.flags.desk.promote(self.ids[flag], who, CASE))

    @rule(minutes=st.sampled_from([1, 16]))
    def wait(self, minutes: int) -> None:
        self.flags.clock.pass_minutes(minutes)

    def _try(self, act: Callable[[], object]) -> None:
        try:
            act()
        except UsageError:
            return

    @invariant()
    def the_state_is_what_stands(self) -> None:
        items = [self.flags.desk.open(one, REV) for one in self.ids]
        with self.flags.catalogue.engine.connect() as connection:
            rows = {row.feedback_id: row for row in connection.execute(select(feedback))}
            live = [
                row.source_feedback_id
                for row in connection.execute(select(cases).where(cases.c.valid_to == ""))
            ]
            count = len(connection.execute(select(reviews)).all())
        for item in items:
            row = rows[item.flag.feedback_id]
            stored = standing_of(item.history).state
            assert item.state in STATES
            assert item.state in (stored, "in_review" if stored in OPEN_STATES else stored)
            assert row.status == stored
            assert bool(row.dup_of) == (item.state == "duplicate")
            assert live.count(row.feedback_id) == (1 if item.case_id else 0)
            assert not item.case_id or item.state in UPHELD_STATES
        assert not all(item.state == "duplicate" for item in items)
        assert count >= self.before  # nothing is ever removed
        self.before = count


def test_any_sequence_of_locks_decisions_and_undos_keeps_the_states_legal(
    data_dir: Any, new_version: Callable[..., Any]
) -> None:
    made = []

    def make() -> Flags:
        folder = data_dir / str(len(made))
        engine = open_database(folder)
        made.append(engine)
        return Flags(Catalogue(engine, folder), new_version)

    machine = type("OwnReviewing", (Reviewing,), {"make": staticmethod(make)})
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=8,
            stateful_step_count=15,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
    for engine in made:
        engine.dispose()


# --- test cases ------------------------------------------------------------------------------------


def test_a_wrong_fact_with_a_correction_becomes_a_case_with_reference_and_evidence(
    flags: Flags,
) -> None:
    remark = Remark("bad", "wrong_fact", span=(0, 8), correction="Everyone has 31 days.")
    one = flags.flag(remark=remark)
    draft = flags.desk.case_draft(one, REV)
    assert draft.reference == "Everyone has 31 days."
    assert draft.facts == ("Everyone has 31 days.",)
    assert draft.evidence == (Evidence("leave.md", OPEN_DOCUMENT[1].split("\n")[0]),)
    case_id = flags.desk.promote(one, REV, draft)
    (line,) = [json.loads(line) for line in flags.desk.cases_jsonl(REV, "flags").splitlines()]
    assert line == {
        "id": case_id,
        "question": "How many days of leave?",
        "reference": "Everyone has 31 days.",
        "facts": ["Everyone has 31 days."],
        "evidence": [{"uri": "leave.md", "quote": "Everyone has thirty days of leave."}],
        "tags": ["flag", "wrong_fact"],
    }
    assert flags.state(one) == "accepted"
    assert flags.desk.open(one, REV).case_id == case_id


def test_what_should_have_been_left_unanswered_becomes_an_unanswerable_case(flags: Flags) -> None:
    one = flags.flag(remark=Remark("bad", "should_have_abstained"))
    case_id = flags.desk.promote(one, REV, flags.desk.case_draft(one, REV))
    line = flags.desk.case(case_id, REV)
    assert line["unanswerable"] is True
    assert "evidence" not in line


def test_a_reviewers_correction_comes_before_the_flaggers(flags: Flags) -> None:
    one = flags.flag(remark=Remark("bad", "wrong_fact", correction="31"))
    flags.desk.decide(one, REV, "correct", corrected_answer="32", root_cause="generation")
    draft = flags.desk.case_draft(one, REV)
    assert draft.reference == "32"
    assert "generation" in draft.tags


def test_a_flag_is_promoted_once_also_by_two_at_once(flags: Flags) -> None:
    one = flags.flag()
    flags.ids()
    barrier, made = threading.Barrier(4), []

    def promote() -> None:
        engine = open_database(flags.catalogue.data_dir)
        desk = ReviewDesk(Catalogue(engine, flags.catalogue.data_dir), flags.catalogue.data_dir)
        barrier.wait()
        made.append(desk.promote(one, REV, CASE))
        engine.dispose()

    threads = [threading.Thread(target=promote) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(made) == 4
    assert len(set(made)) == 1


def test_a_case_ends_with_the_decision_it_rests_on(flags: Flags) -> None:
    one = flags.flag()
    first = flags.desk.promote(one, REV, CASE)
    flags.desk.undo(one, REV)
    assert flags.desk.cases_jsonl(REV, "flags") == ""
    with pytest.raises(NotFound):
        flags.desk.case(first, REV)
    flags.desk.decide(one, REV, "reject", note="It is right.")
    with pytest.raises(UsageError, match="rejected"):
        flags.desk.promote(one, REV, CASE)


@pytest.mark.parametrize(
    ("evidence", "words"),
    [
        (Evidence("nowhere.md", "x"), "no document 'nowhere.md', or you may not read it"),
        (Evidence("salaries.md", CANARY), "no document 'salaries.md', or you may not read it"),
        (Evidence("leave.md", "forty days"), "as it is now"),
        (Evidence("leave.md", ""), "which words"),
    ],
)
def test_evidence_must_stand_in_a_document_that_the_reviewer_may_read(
    flags: Flags, evidence: Evidence, words: str
) -> None:
    one = flags.flag()
    with pytest.raises(UsageError, match=words):
        flags.desk.promote(one, REV, CaseFields("How many?", evidence=(evidence,)))
    assert flags.state(one) == "new"


def test_a_case_asks_as_the_flagger_where_not_everybody_may_read(flags: Flags) -> None:
    asker = replace(HR, role="reader")
    hidden = flags.flag(SECRET_DOCUMENT, caller=asker)
    assert flags.desk.case_draft(hidden, HR).as_user == HR.name
    assert flags.desk.case_draft(flags.flag(caller=asker), HR).as_user == ""
