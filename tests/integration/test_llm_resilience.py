"""A model that stalls, breaks off, refuses or runs on costs the reader a bounded time, and no request storm."""

import threading
import time
from collections.abc import Callable, Iterator, Sequence

import pytest
from llm_server import DEFAULT_TEXT, LlmServer, Reply, llm_server

from app.generation.circuit_breaker import CircuitBreaker
from app.generation.providers import LlmAccess, open_language_model
from app.generation.resilience import ModelLimits, ResilientModel
from core.errors import ModelFailure
from core.generation import ChatMessage, TokenUsage

pytestmark = pytest.mark.integration

QUESTION = [ChatMessage("user", "How many days of leave?")]
# A busy machine is silent for half a second too: short limits only where the server's silence is the subject.
PATIENT = ModelLimits(first_token_s=30.0, between_tokens_s=30.0, total_s=60.0, backoff_s=0.01)
QUICK = ModelLimits(first_token_s=0.4, between_tokens_s=0.4, total_s=5.0, backoff_s=0.01)


@pytest.fixture(autouse=True)
def _no_thread_is_left() -> Iterator[None]:
    yield
    end = time.monotonic() + 15
    while time.monotonic() < end and _stream_threads():
        time.sleep(0.01)
    assert _stream_threads() == []


def _stream_threads() -> list[str]:
    return [thread.name for thread in threading.enumerate() if thread.name == "llm-stream"]


def resilient(server: LlmServer, limits: ModelLimits = PATIENT, **parts: object) -> ResilientModel:
    model = open_language_model("openai-like:scripted", LlmAccess(base_url=server.openai_url))
    model.warm_up().join()
    return ResilientModel(model, limits, **parts)  # type: ignore[arg-type]


def _limits_for(script: str) -> ModelLimits:
    return QUICK if script in ("never_starts", "stall") else PATIENT


def told(
    model: ResilientModel, max_tokens: int = 200
) -> tuple[str, TokenUsage | None, ModelFailure | None]:
    """What a reader gets: the text, what was used, and the failure that ended it."""
    text, usage = "", None
    try:
        for piece in model.stream(QUESTION, max_tokens):
            if isinstance(piece, TokenUsage):
                assert usage is None, "usage was told twice"
                usage = piece
            else:
                assert piece, "an empty piece was shown"
                text += piece
    except ModelFailure as failure:
        return text, usage, failure
    return text, usage, None


def test_a_whole_answer_comes_through_with_its_usage() -> None:
    with llm_server("ok") as server:
        assert told(resilient(server)) == (DEFAULT_TEXT, TokenUsage(321, 21), None)


@pytest.mark.parametrize(
    "script", ["rate_limited_no_header", "server_error", "overloaded", "hang_up", "disconnect_before"]
)  # fmt: skip
def test_a_failure_before_the_first_word_is_repeated(script: str) -> None:
    with llm_server(script, script, "ok") as server:
        text, _, failure = told(resilient(server))
        assert (text, failure, len(server.requests)) == (DEFAULT_TEXT, None, 3)


@pytest.mark.parametrize(
    ("script", "kind"),
    [
        ("unauthorized", "authentication"),
        ("forbidden", "authentication"),
        ("bad_request", "refused"),
        ("unknown_model", "refused"),
        ("out_of_quota", "refused"),
        ("window_exceeded", "window_exceeded"),
        ("content_filter", "refused"),
        ("invalid_json", "malformed"),
        ("never_starts", "first_token_timeout"),
    ],
)
def test_what_another_attempt_cannot_mend_is_sent_once(script: str, kind: str) -> None:
    with llm_server(script) as server:
        _, _, failure = told(resilient(server, _limits_for(script)))
        assert failure is not None
        assert (failure.kind, len(server.requests)) == (kind, 1)


def test_there_are_never_more_repeats_than_the_budget_has() -> None:
    with llm_server("server_error") as server:
        _, _, failure = told(resilient(server))
        assert failure is not None
        assert (failure.kind, len(server.requests)) == ("server_error", 3)


def test_an_empty_answer_is_asked_for_once_more() -> None:
    with llm_server("empty") as server:
        _, usage, failure = told(resilient(server))
        assert failure is not None
        assert (failure.kind, len(server.requests)) == ("empty", 2)
        assert usage == TokenUsage(642, 42), "what was used for nothing costs too"


@pytest.mark.parametrize(
    ("script", "kind"),
    [
        ("stall", "stalled"),
        ("disconnect", "disconnected"),
        ("truncated", "disconnected"),
        ("invalid_json_later", "malformed"),
        ("error_event", "server_error"),
    ],
)
def test_a_failure_in_the_middle_keeps_the_text_and_repeats_nothing(script: str, kind: str) -> None:
    with llm_server(script) as server:
        text, usage, failure = told(resilient(server, _limits_for(script)))
        assert failure is not None
        assert (text, usage) == ("Employees have 26 ", TokenUsage())
        assert (failure.kind, failure.received, len(server.requests)) == (kind, len(text), 1)


def test_the_provider_says_how_long_to_wait() -> None:
    waits: list[float] = []
    with llm_server("rate_limited", "ok") as server:
        model = resilient(server, pause=waits.append, jitter=lambda: 0.5)
        assert told(model)[0] == DEFAULT_TEXT
    assert waits == [pytest.approx(1.005)]


@pytest.mark.parametrize(
    ("header", "value"),
    [("Retry-After", "30"), ("retry-after-ms", "30000"), ("Retry-After", "Fri, 01 Jan 2100 00:00:00 GMT")],
)  # fmt: skip
def test_a_pause_that_no_reader_waits_for_ends_the_attempts_at_once(
    header: str, value: str
) -> None:
    with llm_server(Reply(status=429, headers=((header, value),))) as server:
        started = time.monotonic()
        _, _, failure = told(resilient(server))
        assert failure is not None
        assert failure.retry_after is not None
        assert failure.retry_after >= 30
        assert (failure.kind, len(server.requests)) == ("rate_limited", 1)
        assert time.monotonic() - started < 20


def test_pauses_grow_and_are_spread() -> None:
    waits: list[float] = []
    limits = ModelLimits(retries=3, backoff_s=1.0)
    with llm_server("server_error") as server:
        told(resilient(server, limits, pause=waits.append, jitter=lambda: 0.5))
    assert waits == [0.5, 1.0, 2.0]


def test_a_stall_costs_the_time_between_tokens_and_the_connection_is_closed() -> None:
    with llm_server("stall") as server:
        model = resilient(server, QUICK)
        started = time.monotonic()
        told(model)
        assert time.monotonic() - started < 10
        assert server.requests[0].finished.wait(10)
        assert server.requests[0].client_left


def test_the_time_for_the_whole_answer_is_limited_however_steadily_it_comes() -> None:
    limits = ModelLimits(first_token_s=30, between_tokens_s=30, total_s=3)
    with llm_server(Reply(piece_s=0.4)) as server:
        text, _, failure = told(resilient(server, limits))
        assert failure is not None
        assert (failure.kind, failure.received) == ("deadline", len(text))
        assert DEFAULT_TEXT.startswith(text)
        assert text


def test_a_model_that_thinks_is_not_silent() -> None:
    limits = ModelLimits(first_token_s=3.0, between_tokens_s=3.0, total_s=60.0)
    with llm_server(Reply(thinking=("Let me see. ",) * 8, piece_s=0.5)) as server:
        assert told(resilient(server, limits))[0] == DEFAULT_TEXT


def test_an_endless_answer_is_cut_and_the_connection_closed() -> None:
    with llm_server("endless") as server:
        text, usage, failure = told(resilient(server), max_tokens=20)
        assert failure is not None
        assert (failure.kind, len(text), failure.received) == ("too_long", 160, 160)
        assert usage == TokenUsage()
        assert server.requests[0].finished.wait(10)
        assert server.requests[0].client_left


def test_an_answer_that_the_provider_cut_is_too_long() -> None:
    with llm_server("cut_at_limit") as server:
        text, usage, failure = told(resilient(server))
        assert failure is not None
        assert (text, usage, failure.kind) == (DEFAULT_TEXT, TokenUsage(321, 21), "too_long")


def test_a_reader_who_leaves_ends_the_request() -> None:
    with llm_server(Reply(piece_s=0.05)) as server:
        stream = resilient(server).stream(QUESTION, 200)
        assert next(stream) == "Employees "
        stream.close()  # type: ignore[attr-defined]
        assert server.requests[0].finished.wait(10)
        assert server.requests[0].client_left


def test_nobody_who_listens_is_unreachable() -> None:
    with llm_server("ok") as server:
        pass
    model = resilient(server)
    _, _, failure = told(model)
    assert failure is not None
    assert failure.kind == "unreachable"


def test_a_model_that_keeps_failing_is_left_alone_and_tried_again_later() -> None:
    now = [0.0]
    breaker = CircuitBreaker(failures=3, cool_down_s=10, clock=lambda: now[0])
    with llm_server("server_error", "server_error", "server_error", "ok") as server:
        model = resilient(server, breaker=breaker)
        assert told(model)[2] is not None
        _, _, failure = told(model)
        assert failure is not None
        assert (failure.kind, failure.retry_after, len(server.requests)) == ("circuit_open", 10, 3)
        now[0] = 10.0
        assert told(model)[0] == DEFAULT_TEXT
        assert breaker.state == "closed"


def test_an_opened_circuit_ends_the_repeats_with_the_failure_that_opened_it() -> None:
    with llm_server("server_error") as server:
        model = resilient(server, breaker=CircuitBreaker(failures=1))
        _, _, failure = told(model)
        assert failure is not None
        assert (failure.kind, len(server.requests)) == ("server_error", 1)


def test_a_wrong_key_opens_no_circuit() -> None:
    breaker = CircuitBreaker(failures=1)
    with llm_server("unauthorized") as server:
        told(resilient(server, breaker=breaker))
    assert breaker.state == "closed"


def test_a_question_that_ran_out_of_time_says_nothing_about_the_model() -> None:
    breaker = CircuitBreaker(failures=2)
    breaker.failed()
    limits = ModelLimits(first_token_s=1, total_s=0.2)
    with llm_server("never_starts", "server_error") as server:
        told(resilient(server, limits, breaker=breaker))
        assert not breaker.wait_s()
        told(resilient(server, breaker=breaker))
    assert breaker.state == "open"


def test_half_open_lets_one_request_through_and_another_when_that_one_is_lost() -> None:
    now = [0.0]
    breaker = CircuitBreaker(failures=1, cool_down_s=10, clock=lambda: now[0])
    assert breaker.enter()
    breaker.failed()
    now[0] = 10.0
    assert [breaker.enter() for _ in range(3)] == [True, False, False]
    breaker.abandoned()
    assert breaker.enter()
    now[0] = 15.0
    breaker.failed()
    assert not breaker.enter()
    now[0] = 25.0
    assert breaker.enter()
    now[0] = 35.0
    assert breaker.enter(), "a trial that never ended blocks the model for ever"
    breaker.succeeded()
    assert breaker.state == "closed"


def test_a_reader_who_leaves_before_the_first_word_neither_opens_nor_closes_the_circuit() -> None:
    now = [0.0]
    breaker = CircuitBreaker(failures=1, cool_down_s=10, clock=lambda: now[0])
    breaker.failed()
    now[0] = 10.0
    model = ResilientModel(InMemory(lambda: iter(("some", "text"))), QUICK, breaker)
    stream = model.stream(QUESTION, 10)
    next(stream)
    stream.close()  # type: ignore[attr-defined]
    assert breaker.state == "half_open"


def test_many_readers_of_a_broken_model_send_a_bounded_number_of_requests() -> None:
    readers = 12
    breaker = CircuitBreaker(failures=5, cool_down_s=60)
    with llm_server("overloaded") as server:
        model = resilient(server, breaker=breaker)
        threads = [threading.Thread(target=told, args=(model,)) for _ in range(readers)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(20)
        # Five failures open the circuit; what was on its way by then is at most one request a reader.
        assert len(server.requests) <= readers + 5
        before = len(server.requests)
        told(model)
        assert len(server.requests) == before


class InMemory:
    """A model without a server: a function gives what it streams."""

    spec = "test:memory"
    context_window = 4096

    def __init__(self, pieces: Callable[[], Iterator[str | TokenUsage]]) -> None:
        self._pieces = pieces

    def stream(
        self, messages: Sequence[ChatMessage], max_tokens: int
    ) -> Iterator[str | TokenUsage]:
        yield from self._pieces()


def test_what_is_no_failure_of_the_model_is_raised_as_it_is() -> None:
    def broken() -> Iterator[str]:
        raise ZeroDivisionError("a bug of ours")
        yield ""

    with pytest.raises(ZeroDivisionError):
        list(ResilientModel(InMemory(broken), QUICK).stream(QUESTION, 10))


def test_a_read_that_never_returns_does_not_hold_the_answer() -> None:
    released = threading.Event()

    def stuck() -> Iterator[str]:
        released.wait(10)
        yield "too late"

    started = time.monotonic()
    _, _, failure = told(ResilientModel(InMemory(stuck), QUICK))
    assert failure is not None
    assert failure.kind == "first_token_timeout"
    assert time.monotonic() - started < 8
    released.set()


def test_a_fast_endless_model_does_not_fill_the_memory_of_a_slow_reader() -> None:
    produced = [0]

    def endless() -> Iterator[str]:
        while True:
            produced[0] += 1
            yield "x" * 10

    stream = ResilientModel(InMemory(endless), QUICK).stream(QUESTION, 100)
    next(stream)
    time.sleep(0.3)
    assert produced[0] <= 81
    stream.close()  # type: ignore[attr-defined]
