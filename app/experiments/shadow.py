"""Answers questions a second time by the other arm, after the shown answer is stored, for comparison only.

One worker takes them from a short queue, which drops what does not fit, and waits until no reader does. The same
caller asks, so the same documents are read; what it costs is counted for `shadow`, never against the reader's own
budget. Nothing is stored in a conversation, and what it was compared with takes it along when it is deleted.
"""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from queue import Empty, Full, Queue

from sqlalchemy import Engine, delete, insert, select

from app.answering import Answering, AnswerReady
from app.arm_labels import Arm
from app.conversation_log import ConversationLog
from app.replay import filters_then
from core.answers import Answer, Caller, Turn
from core.errors import FootnoteError
from core.log import get_logger
from index.database import storage_errors, writing
from index.schema import answers, shadow_answers

_log = get_logger(__name__)

SHADOW_NAME = "shadow"
"""Whom budgets count it for. Names of people are emails: nobody has this one."""
_WAITING = 16
_PATIENCE_S = 60.0
"""How long a question waits for readers to be served before it is dropped."""


@dataclass(frozen=True, slots=True)
class ShadowQuestion:
    """A stored answer to be compared: who asked, in which arm it was shown, and what answers in the other one."""

    answer_id: str
    caller: Caller
    shown: Arm
    other: Arm
    answering: Answering


class ShadowRuns:
    """The queue and its worker, which starts with the first question; one for each process."""

    def __init__(
        self,
        engine: Engine,
        data_dir: Path,
        log: ConversationLog,
        *,
        waiting: int = _WAITING,
        patience_s: float = _PATIENCE_S,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._engine = engine
        self._data_dir = data_dir
        self._log = log
        self._patience_s = patience_s
        self._now = now
        self._queue: Queue[ShadowQuestion] = Queue(waiting)
        self._readers = 0
        self._quiet = threading.Condition()
        self._worker: threading.Thread | None = None
        self._start = threading.Lock()

    @contextmanager
    def waiting_reader(self) -> Iterator[None]:
        """Hold back the worker while a reader waits for an answer."""
        with self._quiet:
            self._readers += 1
        try:
            yield
        finally:
            with self._quiet:
                self._readers -= 1
                self._quiet.notify_all()

    def offer(self, question: ShadowQuestion) -> bool:
        """Put a question in the queue and return at once; False where the queue is full and it is dropped."""
        try:
            self._queue.put_nowait(question)
        except Full:
            _log.info("shadow_dropped", answer_id=question.answer_id, why="queue full")
            return False
        with self._start:
            if self._worker is None or not self._worker.is_alive():
                self._worker = threading.Thread(target=self._work, name="shadow", daemon=True)
                self._worker.start()
        return True

    def _work(self) -> None:
        while True:
            try:
                question = self._queue.get(timeout=self._patience_s)
            except Empty:
                with self._start:  # `offer` puts first and looks then: nothing is left behind
                    if self._queue.empty():
                        self._worker = None
                        return
                continue
            with self._quiet:
                is_quiet = self._quiet.wait_for(lambda: self._readers == 0, self._patience_s)
            if not is_quiet:
                _log.info("shadow_dropped", answer_id=question.answer_id, why="readers waiting")
                continue
            self._answer(question)

    def _answer(self, question: ShadowQuestion) -> None:
        try:
            stored, trace = self._log.find(question.answer_id, question.caller)
            history = [Turn(turn["q"], turn["a"]) for turn in trace.get("history", [])]
            asking = replace(question.caller, name=SHADOW_NAME)
            events = question.answering.ask_stream(
                stored.question,
                asking,
                None,
                history,
                filters=filters_then(trace),
                is_kept=False,
            )
            for event in events:
                if isinstance(event, AnswerReady):
                    self._keep(question, event.answer)
        except FootnoteError as error:
            # Nobody waits for it: the answer may be gone, or the budget for shadows spent.
            _log.warning("shadow_failed", answer_id=question.answer_id, error=type(error).__name__)
        except Exception as error:  # noqa: BLE001 - one question must not end the worker
            _log.error("shadow_failed", answer_id=question.answer_id, error=type(error).__name__)

    def _keep(self, question: ShadowQuestion, answer: Answer) -> None:
        content = {
            "experiment": question.other.experiment,
            "variant": question.other.variant,
            "shown": question.shown.variant,
            "answer": asdict(answer),
        }
        is_there = select(answers.c.answer_id).where(answers.c.answer_id == question.answer_id)
        mine = (shadow_answers.c.answer_id == question.answer_id) & (
            shadow_answers.c.variant == question.other.label
        )
        with storage_errors(self._data_dir), writing(self._engine) as connection:
            if connection.execute(is_there).first() is None:
                return  # deleted in the meantime, for good
            connection.execute(delete(shadow_answers).where(mine))
            connection.execute(
                insert(shadow_answers).values(
                    answer_id=question.answer_id,
                    variant=question.other.label,
                    created_at=self._now().isoformat(timespec="milliseconds"),
                    content=json.dumps(content, ensure_ascii=False),
                )
            )
