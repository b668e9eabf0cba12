"""Whatever is asked, stopped, asked again and deleted in whatever order: no question gets lost and none appears twice."""

from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from databases import open_database
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from app.conversation_log import ConversationLog
from app.conversation_view import ConversationReader
from core.answers import Answer
from core.errors import NotFound, UsageError
from core.ids import new_id
from index.catalogue import Catalogue
from index.permissions import caller_named

pytestmark = pytest.mark.usefixtures("each_database")

NUMBER = st.integers(0, 99)


def answer_of(answer_id: str, question: str) -> Answer:
    return Answer(
        answer_id=answer_id,
        conversation_id="",
        trace_id="t",
        question=question,
        text="Words.",
        status="answered",
        claims=(),
        citations=(),
        notes=(),
        model="extractive",
        prompt_version="p",
        index_generation=1,
        created_at="2026-01-01T00:00:00",
    )


class Conversations(RuleBasedStateMachine):
    """One person's conversations; `asked` has the questions that must be somewhere, by conversation."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = TemporaryDirectory()
        self.engine = open_database(Path(self.folder.name))
        self.log = ConversationLog(self.engine, Path(self.folder.name))
        self.reader = ConversationReader(Catalogue(self.engine, Path(self.folder.name)))
        self.asked: dict[str, set[str]] = {}
        self.running: dict[str, tuple[str, str, str | None]] = {}
        self.count = 0
        # Somebody of her own for every round: on a server the rounds share one database.
        self.ann = caller_named(f"{new_id()}@x.org", [])

    def teardown(self) -> None:
        self.engine.dispose()
        self.folder.cleanup()

    def _some(self, number: int) -> str | None:
        keys = sorted(self.asked)
        return keys[number % len(keys)] if keys else None

    def _begin(self, conversation: str | None, replaces: str | None) -> None:
        self.count += 1
        question = f"Question {self.count}"
        key, kept_in = self.log.begin(question, self.ann, conversation, replaces)
        self.asked.setdefault(kept_in, set()).add(question)
        self.running[key] = (kept_in, question, replaces)

    @rule(number=NUMBER, is_new=st.booleans())
    def ask(self, number: int, is_new: bool) -> None:
        self._begin(None if is_new else self._some(number), None)

    @precondition(lambda self: self.asked)
    @rule(number=NUMBER, which=NUMBER)
    def ask_again(self, number: int, which: int) -> None:
        conversation = self._some(number)
        assert conversation
        shown = self.log.turns(conversation, self.ann)
        if shown:
            chosen = shown[which % len(shown)]
            if chosen == shown[-1]:
                self._begin(conversation, chosen.answer_id)
            else:
                with pytest.raises(UsageError):
                    self.log.begin("Again", self.ann, conversation, chosen.answer_id)

    @precondition(lambda self: self.running)
    @rule(number=NUMBER)
    def answer(self, number: int) -> None:
        key = sorted(self.running)[number % len(self.running)]
        conversation, question, replaces = self.running.pop(key)
        self.count += 1
        answer = answer_of(f"a{self.count}", question)
        if question in self.asked.get(conversation, ()):
            self.log.append(answer, {}, self.ann, conversation, key, replaces)
        else:
            with pytest.raises(NotFound):
                self.log.append(answer, {}, self.ann, conversation, key, replaces)

    @precondition(lambda self: self.running)
    @rule(number=NUMBER, state=st.sampled_from(["stopped", "failed"]))
    def stop(self, number: int, state: str) -> None:
        key = sorted(self.running)[number % len(self.running)]
        self.log.unfinished.write(key, state, "So far")  # type: ignore[arg-type]  # one of the states
        if state == "stopped":
            del self.running[key]

    @precondition(lambda self: self.running)
    @rule(number=NUMBER)
    def forget(self, number: int) -> None:
        key = sorted(self.running)[number % len(self.running)]
        conversation, question, _ = self.running[key]
        if question in self.asked.get(conversation, ()):
            self.log.forget(key, self.ann)
            self.asked[conversation].remove(question)
            if not self.asked[conversation]:
                del self.asked[conversation]

    @precondition(lambda self: self.asked)
    @rule(number=NUMBER)
    def delete(self, number: int) -> None:
        conversation = self._some(number)
        assert conversation
        self.log.delete(conversation, self.ann)
        del self.asked[conversation]

    @invariant()
    def every_question_stands_once(self) -> None:
        listed = self.reader.listed(self.ann, limit=500)
        assert {entry.conversation_id for entry in listed} == set(self.asked)
        for entry in listed:
            view = self.reader.open(entry.conversation_id, self.ann)
            shown = [turn.answer for turn in view.turns if turn.answer is not None]
            earlier = [answer for turn in view.turns for answer in turn.earlier]
            standing = [entry.question for entry in (*shown, *earlier, *view.unfinished)]
            assert sorted(standing) == sorted(self.asked[entry.conversation_id])
            assert entry.turns == len(shown)
            assert entry.has_unfinished == bool(view.unfinished)


def test_no_question_gets_lost_and_none_appears_twice() -> None:
    run_state_machine_as_test(
        Conversations, settings=settings(max_examples=12, stateful_step_count=20, deadline=None)
    )
