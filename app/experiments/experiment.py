"""A live comparison between who asks and what answers: picks an arm, and lets the other one answer in the shadow.

A reader's conversation stays in the arm where it began. Where the variant cannot be opened everybody is answered as
if nothing were compared, and nothing is counted for it.
"""

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass

from sqlalchemy import Engine, select

from app.answering import Answering, AnswerReady, AskEvent
from app.arm_labels import Arm
from app.experiments.assignment import is_chosen
from app.experiments.plan import Plan
from app.experiments.shadow import ShadowQuestion, ShadowRuns
from app.scopes import Scoping
from core.answers import Caller, Turn
from core.errors import FootnoteError
from core.ids import new_id
from core.log import get_logger
from core.variants import CURRENT
from index.filters import Filter
from index.permissions import ANONYMOUS_NAME
from index.schema import answers

_log = get_logger(__name__)

Opened = tuple[Answering, Answering]
"""What answers in the arm `current` and in the arm of the variant, each storing its label."""


@dataclass(frozen=True, slots=True)
class _Side:
    """What answers one question; `arm` is None where it is not counted."""

    answering: Answering
    arm: Arm | None = None


class Experiment:
    """Answers in place of `Answering`, whose methods it has; `plain` answers whoever takes no part."""

    def __init__(
        self,
        plan: Plan,
        engine: Engine,
        plain: Answering,
        open_arms: Callable[[], Opened],
        shadows: ShadowRuns,
    ) -> None:
        self._plan = plan
        self._engine = engine
        self._plain = plain
        self._open_arms = open_arms
        self._shadows = shadows
        self._lock = threading.Lock()
        self._opened: Opened | None = None
        self._is_tried = False
        self.scoping: Scoping = plain.scoping

    def warm_up(self) -> None:
        """Load in the background what the first answer of either arm would have to wait for."""
        self._plain.warm_up()
        threading.Thread(target=self._warm_arms, name="experiment-warm-up", daemon=True).start()

    def ask_stream(
        self,
        question: str,
        caller: Caller,
        conversation_id: str | None = None,
        history: Sequence[Turn] = (),
        *,
        filters: Sequence[Filter] = (),
        replaces: str | None = None,
        is_kept: bool = True,
    ) -> Iterator[AskEvent]:
        """Answer one question in the caller's arm; see `Answering.ask_stream`.

        What is not kept, like a replay, is answered without being counted.
        """
        side = self._side(caller, conversation_id) if is_kept else _Side(self._plain)
        with self._shadows.waiting_reader():
            events = side.answering.ask_stream(
                question,
                caller,
                conversation_id,
                history,
                filters=filters,
                replaces=replaces,
                is_kept=is_kept,
            )
            with closing(events):  # type: ignore[type-var]  # a generator, as its iterator is documented
                for event in events:
                    if isinstance(event, AnswerReady) and side.arm is not None:
                        self._shadow(event.answer.answer_id, caller, side.arm)
                    yield event

    def _side(self, caller: Caller, conversation_id: str | None) -> _Side:
        if not self._plan.takes_part(caller):
            return _Side(self._plain)
        began_in = self._arm_begun(conversation_id, caller) if conversation_id else None
        arm = self._drawn(caller) if began_in is None else began_in
        # Of another comparison, or from before this one: it goes on as it was, and is not counted.
        if arm not in (self._plan.current.label, self._plan.tried.label):
            return _Side(self._plain)
        opened = self._arms()
        if opened is None:
            return _Side(self._plain)
        current, tried = opened
        if arm == self._plan.tried.label:
            return _Side(tried, self._plan.tried)
        return _Side(current, self._plan.current)

    def _drawn(self, caller: Caller) -> str:
        # Readers without any name share one: each of their conversations is drawn by itself.
        subject = new_id() if caller.name == ANONYMOUS_NAME else caller.name
        is_tried = is_chosen(self._plan.experiment, subject, self._plan.share)
        return (self._plan.tried if is_tried else self._plan.current).label

    def _arm_begun(self, conversation_id: str, caller: Caller) -> str | None:
        """Return the label of the caller's conversation, None where nothing is answered in it yet."""
        first = (
            select(answers.c.variant)
            .where(answers.c.conversation_id == conversation_id, answers.c.owner == caller.name)
            .order_by(answers.c.position)
            .limit(1)
        )
        with self._engine.connect() as connection:
            return connection.execute(first).scalar()

    def _shadow(self, answer_id: str, caller: Caller, shown: Arm) -> None:
        if self._opened is None or not is_chosen(
            f"{self._plan.experiment}/shadow", answer_id, self._plan.shadow_share
        ):
            return
        current, tried = self._opened
        is_current = shown.variant == CURRENT
        other = self._plan.tried if is_current else self._plan.current
        answering = tried if is_current else current
        self._shadows.offer(ShadowQuestion(answer_id, caller, shown, other, answering))

    def _arms(self) -> Opened | None:
        """Open both arms once; a variant that cannot be opened is not tried again before a restart."""
        with self._lock:
            if not self._is_tried:
                self._is_tried = True
                try:
                    self._opened = self._open_arms()
                except FootnoteError as error:
                    _log.warning(
                        "experiment_variant_not_opened",
                        experiment=self._plan.experiment,
                        variant=self._plan.variant,
                        error=type(error).__name__,
                        reason=str(error),
                    )
            return self._opened

    def _warm_arms(self) -> None:
        opened = self._arms()
        if opened is not None:
            opened[1].warm_up()
