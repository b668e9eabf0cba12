"""A language model that cannot hang, storm or run on: time limits, retries, a circuit breaker, a length limit.

The provider's stream is read in a thread of its own, so that a read that never returns costs the thread and not the
answer. A request is repeated only while nothing of its answer was shown, and all repeats of one question, over all
models of a chain, come out of one `RequestBudget`.
"""

import queue
import random
import threading
import time
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from app.generation.circuit_breaker import CircuitBreaker
from app.generation.failures import model_failure
from core.errors import ModelFailure, ModelFailureKind
from core.generation import ChatMessage, ModelChosen, ModelOutput, TokenUsage
from core.log import get_logger
from core.ports import LanguageModel

_log = get_logger(__name__)

_RETRIED: frozenset[ModelFailureKind] = frozenset(
    {"rate_limited", "overloaded", "server_error", "disconnected", "unreachable", "empty"}
)
"""Not `first_token_timeout`: a second request makes a slow server slower, and the reader has waited once."""
_UNHEALTHY: frozenset[ModelFailureKind] = _RETRIED - {"empty"} | {
    "first_token_timeout",
    "stalled",
    "malformed",
}
"""What the breaker counts; after any other failure the provider is known to be there."""
_JOIN_S = 0.5


@dataclass(frozen=True, slots=True)
class ModelLimits:
    """How long one model may take, and how often it is asked again. Times are in seconds.

    `first_token_s` and `between_tokens_s` limit silence: a model that is thinking sends signs of life. A provider
    that asks for a longer pause than `longest_pause_s` is not waited for. `chars_per_token` turns the tokens of an
    answer into the characters at which it is cut; English has 4.
    """

    first_token_s: float = 20.0
    between_tokens_s: float = 15.0
    total_s: float = 120.0
    retries: int = 2
    backoff_s: float = 0.5
    longest_pause_s: float = 10.0
    chars_per_token: int = 8


@dataclass(slots=True)
class RequestBudget:
    """What is left for one question: repeats, and the moment (of `time.monotonic`) when it must be over."""

    retries: int
    deadline: float

    @classmethod
    def of(cls, limits: ModelLimits) -> "RequestBudget":
        """Return the whole budget of a question that is asked now."""
        return cls(limits.retries, time.monotonic() + limits.total_s)

    def left_s(self) -> float:
        """Return the seconds that are left; never below 0."""
        return max(0.0, self.deadline - time.monotonic())


class ResilientModel:
    """Wraps one model; see `core.ports.LanguageModel`. Share one object, or its `breaker`, among all threads.

    `pause` and `jitter` are for tests: how it waits, and a number in [0, 1).
    """

    def __init__(
        self,
        model: LanguageModel,
        limits: ModelLimits | None = None,
        breaker: CircuitBreaker | None = None,
        pause: Callable[[float], None] = time.sleep,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self.spec = model.spec
        self.context_window = model.context_window
        self.limits = limits or ModelLimits()
        self.breaker = breaker or CircuitBreaker()
        self._model = model
        self._pause = pause
        self._jitter = jitter

    def stream(
        self, messages: Sequence[ChatMessage], max_tokens: int
    ) -> Iterator[str | TokenUsage]:
        """See `core.ports.LanguageModel`; where text was yielded a `TokenUsage` follows, also before a failure."""
        return self.stream_within(messages, max_tokens, RequestBudget.of(self.limits))

    def stream_within(
        self, messages: Sequence[ChatMessage], max_tokens: int, budget: RequestBudget
    ) -> Iterator[str | TokenUsage]:
        """Stream with what is left of a question's budget, and take from it."""
        attempt = 0
        used = TokenUsage()
        while True:
            try:
                for piece in self._attempt(messages, max_tokens, budget):
                    if isinstance(piece, TokenUsage):
                        used = _sum(used, piece)
                    else:
                        yield piece
                yield used
                return
            except ModelFailure as raised:
                failure = raised
            wait_s = self._wait_s(failure, attempt, budget)
            self._log_failure(failure, attempt, wait_s)
            if wait_s is None:
                break
            budget.retries -= 1
            attempt += 1
            self._pause(wait_s)
        if failure.received or used.prompt_tokens:
            yield used
        raise failure

    def _log_failure(self, failure: ModelFailure, attempt: int, wait_s: float | None) -> None:
        _log.info(
            "model_request_failed",
            spec=self.spec,
            kind=failure.kind,
            received=failure.received,
            attempt=attempt + 1,
            retried_after_ms=None if wait_s is None else round(wait_s * 1000),
        )

    def _wait_s(self, failure: ModelFailure, attempt: int, budget: RequestBudget) -> float | None:
        """How long to wait before the next attempt; None if there is to be none."""
        may_retry = failure.kind in _RETRIED and not failure.received and budget.retries > 0
        if not may_retry or self.breaker.wait_s() or (failure.kind == "empty" and attempt > 0):
            return None
        # Full jitter: many readers who failed together must not come back together.
        spread = self.limits.backoff_s * 2**attempt
        wait_s = (failure.retry_after or 0.0) + self._jitter() * spread
        longest = min(self.limits.longest_pause_s, budget.left_s())
        return wait_s if wait_s < longest else None

    def _attempt(
        self, messages: Sequence[ChatMessage], max_tokens: int, budget: RequestBudget
    ) -> Iterator[str | TokenUsage]:
        if not self.breaker.enter():
            raise model_failure(self.spec, "circuit_open", retry_after=self.breaker.wait_s())
        settle: Callable[[], None] = self.breaker.abandoned
        try:
            yield from self._read(messages, max_tokens, budget)
            settle = self.breaker.succeeded
        except ModelFailure as failure:
            if failure.kind in _UNHEALTHY:
                settle = self.breaker.failed
            elif failure.kind != "deadline":  # that one may be another model's doing
                settle = self.breaker.succeeded
            raise
        finally:
            settle()

    def _read(
        self, messages: Sequence[ChatMessage], max_tokens: int, budget: RequestBudget
    ) -> Iterator[str | TokenUsage]:
        """Pass on one stream and watch its time and length."""
        longest = max_tokens * self.limits.chars_per_token
        received = 0
        usage: TokenUsage | None = None
        failure: ModelFailure | None = None
        pump = _Pump(self._model, messages, max_tokens, longest)
        try:
            while (piece := self._next(pump, received, budget)) is not None:
                if isinstance(piece, ModelFailure):
                    failure = piece
                    break
                if isinstance(piece, TokenUsage):
                    usage = piece
                    continue
                shown = piece[: longest - received]
                received += len(shown)
                if shown:
                    yield shown
                if len(shown) < len(piece):
                    failure = model_failure(self.spec, "too_long", received)
                    break
        finally:
            pump.stop()
        if received or usage:
            yield usage or TokenUsage()
        if failure is None and not received:
            failure = model_failure(self.spec, "empty")
        if failure is not None:
            raise failure

    def _next(
        self, pump: "_Pump", received: int, budget: RequestBudget
    ) -> str | TokenUsage | ModelFailure | None:
        """The next piece, None at the end, or the failure that ends the answer."""
        limits = self.limits
        while True:
            # Opening includes the import of the provider's library, 2.4 to 4 s once: not the provider's silence.
            silence_s = limits.between_tokens_s if received else limits.first_token_s
            left_s = budget.left_s()
            wait_s = min(silence_s, left_s) if pump.is_open else left_s
            try:
                piece = pump.pieces.get(timeout=wait_s)
            except queue.Empty:
                return self._silence(received, is_over=wait_s >= left_s)
            if isinstance(piece, BaseException):
                if isinstance(piece, ModelFailure):
                    return piece
                raise piece
            if not isinstance(piece, _Opened):
                return piece
            pump.is_open = True

    def _silence(self, received: int, is_over: bool) -> ModelFailure:
        kind: ModelFailureKind = "stalled" if received else "first_token_timeout"
        return model_failure(self.spec, "deadline" if is_over else kind, received)


def _sum(one: TokenUsage, other: TokenUsage) -> TokenUsage:
    return TokenUsage(
        one.prompt_tokens + other.prompt_tokens, one.completion_tokens + other.completion_tokens
    )


class _Opened:
    """Says that the client is open and the provider's time begins."""


_Event = str | TokenUsage | _Opened | BaseException | None


class _Pump:
    """Reads a stream in a thread into `pieces`; None ends them. Reads little more than may be shown."""

    def __init__(
        self, model: LanguageModel, messages: Sequence[ChatMessage], max_tokens: int, longest: int
    ) -> None:
        self.pieces: queue.SimpleQueue[_Event] = queue.SimpleQueue()
        self.is_open = False
        self._request = (model, messages, max_tokens)
        self._longest = longest
        self._lock = threading.Lock()
        self._stopped = False
        self._stream: Iterator[ModelOutput] | None = None
        self._thread = threading.Thread(target=self._run, name="llm-stream", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Want nothing more: break the connection off, and give the thread a moment to end."""
        with self._lock:
            self._stopped = True
            stream = self._stream
        # A generator can only be closed by the thread that runs it, which looks at `_stopped` after each piece.
        if stream is not None and not isinstance(stream, Generator):
            _close(stream)
        self._thread.join(_JOIN_S)

    def _run(self) -> None:
        model, messages, max_tokens = self._request
        try:
            stream = model.stream(messages, max_tokens)
            try:
                self._pump(stream)
            finally:
                _close(stream)
        except BaseException as error:  # noqa: BLE001 - raised again by the thread that reads the answer
            self.pieces.put(error)

    def _pump(self, stream: Iterator[ModelOutput]) -> None:
        with self._lock:
            self._stream = stream
            if self._stopped:
                return
        self.pieces.put(_Opened())
        seen = 0
        for piece in stream:
            if isinstance(piece, ModelChosen):  # whoever chose among several says so itself
                continue
            self.pieces.put(piece)
            seen += len(piece) if isinstance(piece, str) else 0
            # Nobody is shown more, and an endless answer must not fill the memory of a slow reader.
            if self._stopped or seen > self._longest:
                return
        self.pieces.put(None)


def _close(stream: Iterator[Any]) -> None:
    close = getattr(stream, "close", None)
    if close is not None:
        close()
