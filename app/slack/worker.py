"""The executor that answers what waits in the inbox: its own threads, apart from those that acknowledge clicks.

claim ─▶ reply (`app.slack.replying`) ─▶ done | failed | again
timekeeper: beats for what is claimed, and takes up what dead processes left

The threads are daemons: a model that never answers does not keep the process from ending.
"""

import threading
import time
from collections.abc import Callable
from typing import Literal
from uuid import uuid4

from app.slack.inbox import Claimed, SlackInbox
from core.errors import FootnoteError
from core.log import get_logger

_log = get_logger(__name__)

POLL_S = 1.0
"""How long a row of another process waits at most until somebody looks."""
KEEPING_S = 5.0
"""Seconds between two looks at dead processes; a beat comes with each."""
MARKING_S = 5.0
"""How long answers that did not end in time may take to say so."""
AGAIN_AFTER_S = 5.0
_FORGET_EVERY = 720

Outcome = Literal["done", "failed", "ignored", "again"]


class Job:
    """One claimed question; tells the inbox how far it is, and whether it shall end."""

    def __init__(self, inbox: SlackInbox, claimed: Claimed) -> None:
        self._inbox = inbox
        self.claimed = claimed
        self.posted_ts = claimed.posted_ts
        self.answer_id = claimed.answer_id
        self._stop = threading.Event()

    @property
    def is_stopped(self) -> bool:
        """Whether the process ends, so that the message has to be marked now."""
        return self._stop.is_set()

    def stop(self) -> None:
        """Ask for an end."""
        self._stop.set()

    def is_mine(self) -> bool:
        """Whether no other process took this over."""
        return self._inbox.is_mine(self.claimed)

    def posted(self, ts: str) -> None:
        """Note a message of the answer, so that a restart finds it."""
        if ts not in self.posted_ts:
            self.posted_ts = (*self.posted_ts, ts)
            self._inbox.note_posted(self.claimed, self.posted_ts)

    def answered(self, answer_id: str) -> None:
        """Note that the answer is stored, so that a restart only has to show it."""
        self.answer_id = answer_id
        self._inbox.note_answer(self.claimed, answer_id)


Reply = Callable[[Job], Outcome]


class AnswerWorkers:
    """Some threads that answer; `wake` tells them that something came."""

    def __init__(
        self, inbox: SlackInbox, reply: Reply, at_once: int, keeping_s: float = KEEPING_S
    ) -> None:
        self._inbox = inbox
        self._reply = reply
        self._keeping_s = keeping_s
        self._changed = threading.Condition()
        self._ended = threading.Event()
        self._calls = 0
        self._running: set[Job] = set()
        self._threads = [
            threading.Thread(target=self._work, name=f"slack-answer-{number}", daemon=True)
            for number in range(at_once)
        ]
        self._keeper = threading.Thread(target=self._keep, name="slack-keeper", daemon=True)

    def start(self) -> None:
        """Take up what is left over, and begin."""
        self._inbox.recover()
        for thread in (*self._threads, self._keeper):
            thread.start()

    def wake(self) -> None:
        """Look at the inbox now."""
        with self._changed:
            self._calls += 1
            self._changed.notify()

    def running(self) -> int:
        """Return how many answers are under way."""
        with self._changed:
            return len(self._running)

    def is_full(self) -> bool:
        """Whether a question that comes now has to wait for another one's end."""
        return self.running() >= len(self._threads)

    def stop(self, limit_s: float) -> bool:
        """Begin nothing new, and let what runs end within a limit; what does not is marked. True where all ended."""
        self._ended.set()
        with self._changed:
            self._changed.notify_all()
            in_time = self._changed.wait_for(lambda: not self._running, limit_s)
            for job in self._running:
                job.stop()
            # What does not even mark itself stays claimed: the next process takes it up.
            ended = self._changed.wait_for(lambda: not self._running, MARKING_S)
        _log.info("slack_answers_ended", in_time=in_time, ended=ended)
        return ended

    def _work(self) -> None:
        while not self._ended.is_set():
            with self._changed:
                calls = self._calls
            job = self._next()
            if job is None:
                self._wait_for_more(calls)
            elif self._ended.is_set():
                self._inbox.put_back(job.claimed, counts=False)
            else:
                self._run(job)

    def _wait_for_more(self, calls: int) -> None:
        """Return when something came since then, or when it is time to look for what came to another process."""
        with self._changed:
            self._changed.wait_for(lambda: self._ended.is_set() or self._calls != calls, POLL_S)

    def _next(self) -> Job | None:
        try:
            claimed = self._inbox.claim()
        except FootnoteError as error:
            _log.warning("slack_inbox_not_read", problem=type(error).__name__)
            return None
        return None if claimed is None else Job(self._inbox, claimed)

    def _run(self, job: Job) -> None:
        with self._changed:
            self._running.add(job)
        begun = time.monotonic()
        outcome: Outcome = "failed"
        try:
            outcome = self._reply(job)
            self._end(job, outcome)
        except Exception as error:  # noqa: BLE001 - the thread has to live on for the next question
            log_incident(error)
            self._end_anyhow(job)
        finally:
            with self._changed:
                self._running.discard(job)
                self._changed.notify_all()
        _log.info(
            "slack_question_ended",
            inbox_id=job.claimed.inbox_id,
            kind=job.claimed.kind,
            outcome=outcome,
            attempt=job.claimed.attempts,
            total_ms=round((time.monotonic() - begun) * 1000, 1),
        )

    def _end(self, job: Job, outcome: Outcome) -> None:
        if outcome == "again":
            self._inbox.put_back(job.claimed, AGAIN_AFTER_S)
        else:
            self._inbox.finish(job.claimed, outcome)

    def _end_anyhow(self, job: Job) -> None:
        try:
            self._inbox.finish(job.claimed, "failed")
        except FootnoteError as error:
            # It stays claimed without a beat, and is taken up again.
            _log.warning("slack_inbox_not_written", problem=type(error).__name__)

    def _keep(self) -> None:
        rounds = 0
        while not self._ended.wait(self._keeping_s):
            rounds += 1
            try:
                with self._changed:
                    at_work = [job.claimed for job in self._running]
                self._inbox.beat(at_work)
                if self._inbox.recover():
                    self.wake()
                if rounds % _FORGET_EVERY == 0:
                    self._inbox.forget_old()
            except FootnoteError as error:
                _log.warning("slack_inbox_not_written", problem=type(error).__name__)


def log_incident(error: Exception) -> str:
    """Log what nobody expected, and return the number that a person can be told.

    Only where it happened is logged: the error's own words may quote a question, a document or a token.
    """
    incident = uuid4().hex[:8]
    frames = []
    trace = error.__traceback__
    while trace is not None:
        frames.append(f"{trace.tb_frame.f_code.co_filename.rpartition('/')[2]}:{trace.tb_lineno}")
        trace = trace.tb_next
    _log.error("slack_failed", incident=incident, kind=type(error).__name__, where=frames[-8:])
    return incident
