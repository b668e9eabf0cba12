"""Feedback is taken from whoever may see the answer, on the words that were seen, and can be taken back."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import insert, update

from app.answer_markup import shown_text
from app.conversation_log import ConversationLog
from app.feedback_desk import FeedbackDesk, _marks
from app.feedback_log import FeedbackLog, Remark
from app.generation.completion_cache import CompletionCache
from core.answers import Answer, Caller, Feedback
from core.errors import AccessDenied, NotFound, UsageError
from core.ids import new_id
from index.catalogue import Catalogue
from index.database import writing
from index.permissions import administrator, caller_named
from index.schema import feedback, reviews

pytestmark = pytest.mark.usefixtures("each_database")

ANN = caller_named("ann@x.org", [])
BO = caller_named("bo@x.org", [])
TEXT = "Leave is **27 days** 👩‍🚀 a year. [1]"
TRACE = {"generation": {"cache_key": "key"}, "passages": [], "hits": []}


class Exported:
    """Keeps what was exported."""

    def __init__(self) -> None:
        self.flags: list[Feedback] = []

    def flagged(self, feedback: Feedback, answer: Answer) -> None:
        assert feedback.answer_id == answer.answer_id
        self.flags.append(feedback)

    def close(self) -> None: ...


class Office:
    """A desk over an empty data folder, and one answer of Ann's."""

    def __init__(self, catalogue: Catalogue) -> None:
        self.catalogue = catalogue
        self.export = Exported()
        self.cache = CompletionCache(catalogue.engine, catalogue.data_dir, 1.0)
        log = ConversationLog(catalogue.engine, catalogue.data_dir)
        feedback = FeedbackLog(catalogue.engine, catalogue.data_dir)
        self.log = log
        self.desk = FeedbackDesk(log, feedback, self.cache, "web", self.export)
        unsaved = Answer(
            new_id(), "", "t1", "How many?", TEXT, "answered", (), (), (), "m", "p", 1, "2026-01-01"
        )  # fmt: skip
        self.answer = log.append(unsaved, TRACE, ANN, None)

    def flag(self, words: str = "27 days", caller: Caller = ANN) -> Feedback:
        start = TEXT.index(words)
        remark = Remark("bad", "wrong_fact", span=(start, start + len(words)))
        return self.desk.add(self.answer.answer_id, caller, remark, words)


@pytest.fixture
def office(catalogue: Catalogue) -> Office:
    return Office(catalogue)


def test_a_flag_is_stored_exported_and_shown_to_who_flagged(office: Office) -> None:
    given_one = office.flag()
    assert office.desk.mine(office.answer.answer_id, ANN) == [given_one]
    assert office.desk.mine(office.answer.answer_id, BO) == []
    assert office.export.flags == [given_one]


def test_who_may_not_see_an_answer_can_say_nothing_of_it(office: Office) -> None:
    for caller, answer_id in ((BO, office.answer.answer_id), (ANN, "no such answer")):
        with pytest.raises(NotFound):
            office.desk.add(answer_id, caller, Remark("bad"))
    assert office.export.flags == []


def test_a_colleague_flags_an_answer_of_a_shared_conversation(office: Office) -> None:
    office.log.share(office.answer.conversation_id, ANN, is_shared=True)
    given_one = office.flag(caller=BO)
    assert office.desk.mine(office.answer.answer_id, BO) == [given_one]
    office.log.share(office.answer.conversation_id, ANN, is_shared=False)
    with pytest.raises(NotFound):
        office.flag("a year", caller=BO)


@pytest.mark.parametrize("words", ["27 day", "28 days", "**27 days**", ""])
def test_words_that_are_not_those_of_the_span_are_refused(words: str, office: Office) -> None:
    start = TEXT.index("27 days")
    remark = Remark("bad", "other", span=(start, start + 7))
    with pytest.raises(UsageError, match="has changed since"):
        office.desk.add(office.answer.answer_id, ANN, remark, words)
    assert office.desk.mine(office.answer.answer_id, ANN) == []


@given(st.text(max_size=40), st.data())
def test_the_words_that_are_shown_of_a_span_are_always_taken(
    text: str, data: st.DataObject
) -> None:
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, len(text)))
    answer = Answer("a", "c", "t", "q", text, "answered", (), (), (), "m", "p", 1, "")
    words = shown_text(text, start, end)
    assert _marks(answer, (start, end), words)
    assert not _marks(answer, (start, end), f"{words}x")


def test_bad_feedback_makes_the_next_answer_a_new_one(office: Office) -> None:
    with writing(office.catalogue.engine) as connection:
        connection.exec_driver_sql(
            "INSERT INTO answer_cache VALUES ('key', 1, '2026-01-01', 's', 'c', 0, 0)"
        )
    office.desk.add(office.answer.answer_id, ANN, Remark("good"))
    assert _cached(office) == 1
    office.flag()
    assert _cached(office) == 0


def _cached(office: Office) -> int:
    with office.catalogue.engine.connect() as connection:
        return int(connection.exec_driver_sql("SELECT count(*) FROM answer_cache").scalar_one())


def test_own_flags_are_listed_with_what_became_of_them(office: Office) -> None:
    states = {}
    for words, status, note in (
        ("Leave", "new", ""),
        ("27 days", "accepted", "Thank you."),
        ("a year", "rejected", "It says\nso."),
        ("is", "duplicate", ""),
        ("days", "fixed", ""),
        ("year", "in_review", ""),
    ):
        flag = office.flag(words)
        _decide(office, flag, status, note)
        states[words] = status
    flags = office.desk.my_flags(ANN)
    assert {flag.words: flag.state for flag in flags} == {
        "Leave": "waiting for review",
        "27 days": "accepted",
        "a year": "rejected",
        "is": "duplicate",
        "days": "fixed",
        "year": "being reviewed",
    }
    notes = {flag.words: flag.note for flag in flags if flag.note}
    assert notes == {"27 days": "Thank you.", "a year": "It says so."}
    assert {flag.words for flag in flags if flag.can_undo} == {"Leave"}
    assert {(flag.question, flag.conversation_id) for flag in flags} == {
        ("How many?", office.answer.conversation_id)
    }
    assert office.desk.my_flags(BO) == office.desk.my_flags(administrator()) == []


def _decide(office: Office, flag: Feedback, status: str, note: str) -> None:
    with writing(office.catalogue.engine) as connection:
        is_it = feedback.c.feedback_id == flag.feedback_id
        connection.execute(update(feedback).where(is_it).values(status=status))
        connection.execute(
            insert(reviews).values(
                review_id=new_id(), feedback_id=flag.feedback_id, reviewer="r", decision="accept",
                labels="{}", note=note, created_at="2026-01-02",
            )
        )  # fmt: skip


def test_a_flag_is_taken_back_by_who_flagged_alone(office: Office) -> None:
    flag = office.flag()
    with pytest.raises(NotFound):
        office.desk.withdraw(flag.feedback_id, BO)
    with pytest.raises(NotFound):
        office.desk.find(flag.feedback_id, BO)
    office.desk.withdraw(flag.feedback_id, ANN)
    assert office.desk.my_flags(ANN) == []


@pytest.mark.parametrize(("source", "role"), [("reviewer", "reviewer"), ("auto", "admin")])
def test_only_reviewers_and_programs_speak_as_such(source: str, role: str, office: Office) -> None:
    remark = Remark("bad", "other", source=source)  # type: ignore[arg-type]
    with pytest.raises(AccessDenied):
        office.desk.add(office.answer.answer_id, ANN, remark)
    given_one = office.desk.add(office.answer.answer_id, replace(ANN, role=role), remark)  # type: ignore[arg-type]
    assert given_one.source == source
