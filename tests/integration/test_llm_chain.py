"""Models in order: the next one is asked only when nothing of the answer was shown."""

import time
from collections.abc import Iterator
from contextlib import ExitStack

import pytest
from llm_server import DEFAULT_TEXT, LlmServer, Reply, llm_server, says

from app.generation.chain import ModelChain
from app.generation.providers import LlmAccess, open_language_model
from app.generation.resilience import ModelLimits, ResilientModel
from core.errors import AllModelsFailed, ConfigError, ModelFailure
from core.generation import ChatMessage, ModelChosen, TokenUsage

pytestmark = pytest.mark.integration

QUESTION = [ChatMessage("user", "How many days of leave?")]
# A busy machine is silent for half a second too: short limits only for servers that are silent on purpose.
PATIENT = ModelLimits(first_token_s=30.0, between_tokens_s=30.0, total_s=60.0, backoff_s=0.01)
QUICK = ModelLimits(first_token_s=0.4, between_tokens_s=0.4, total_s=60.0, backoff_s=0.01)
SILENT = ("never_starts", "stall")


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    with ExitStack() as opened:
        yield opened


def chain(
    stack: ExitStack, *scripts: str | Reply, limits: ModelLimits | None = None
) -> tuple[ModelChain, list[LlmServer]]:
    servers = [stack.enter_context(llm_server(script)) for script in scripts]
    models = []
    for number, (script, server) in enumerate(zip(scripts, servers, strict=True), start=1):
        access = LlmAccess(base_url=server.openai_url, context_window=1000 * number)
        model = open_language_model(f"openai-like:m{number}", access)
        model.warm_up().join()
        models.append(ResilientModel(model, limits or (QUICK if script in SILENT else PATIENT)))
    return ModelChain(models, limits or PATIENT), servers


def told(model: ModelChain) -> tuple[list[ModelChosen], str, list[TokenUsage]]:
    pieces = list(model.stream(QUESTION, 200))
    return (
        [piece for piece in pieces if isinstance(piece, ModelChosen)],
        "".join(piece for piece in pieces if isinstance(piece, str)),
        [piece for piece in pieces if isinstance(piece, TokenUsage)],
    )


def shown(model: ModelChain) -> tuple[str, ModelFailure | None]:
    text = ""
    try:
        for piece in model.stream(QUESTION, 200):
            text += piece if isinstance(piece, str) else ""
    except ModelFailure as failure:
        return text, failure
    return text, None


def test_the_first_model_writes_when_it_can(stack: ExitStack) -> None:
    model, servers = chain(stack, says("First."), says("Second."))
    chosen, text, usage = told(model)
    assert (chosen, text) == ([ModelChosen("openai-like:m1")], "First.")
    assert usage == [TokenUsage(321, 21)]
    assert [len(server.requests) for server in servers] == [1, 0]


@pytest.mark.parametrize(
    ("script", "kind"),
    [
        ("unauthorized", "authentication"),
        ("never_starts", "first_token_timeout"),
        ("window_exceeded", "window_exceeded"),
        ("server_error", "server_error"),
        ("disconnect_before", "disconnected"),
        ("empty", "empty"),
        ("invalid_json", "malformed"),
    ],
)
def test_the_next_model_writes_when_the_first_showed_nothing(
    stack: ExitStack, script: str, kind: str
) -> None:
    model, _ = chain(stack, script, "ok")
    chosen, text, _ = told(model)
    assert text == DEFAULT_TEXT
    assert [choice.spec for choice in chosen] == ["openai-like:m2"]
    assert [failure.kind for failure in chosen[0].failures] == [kind]


def test_who_writes_is_told_before_the_text(stack: ExitStack) -> None:
    model, _ = chain(stack, "overloaded", "ok")
    assert isinstance(next(iter(model.stream(QUESTION, 200))), ModelChosen)


@pytest.mark.parametrize("script", ["stall", "disconnect", "truncated"])
def test_no_other_model_goes_on_with_a_text_that_was_shown(stack: ExitStack, script: str) -> None:
    model, servers = chain(stack, script, "ok")
    text, failure = shown(model)
    assert text == "Employees have 26 "
    assert failure is not None
    assert failure.received == len(text)
    assert len(servers[1].requests) == 0


def test_when_all_fail_the_last_failure_is_raised_and_all_are_named(stack: ExitStack) -> None:
    model, _ = chain(stack, "unauthorized", "overloaded")
    with pytest.raises(AllModelsFailed) as raised:
        list(model.stream(QUESTION, 200))
    assert raised.value.kind == "overloaded"
    assert "openai-like:m2" in str(raised.value)
    assert [failure.kind for failure in raised.value.failures] == ["authentication", "overloaded"]


def test_all_models_together_have_one_question_of_repeats(stack: ExitStack) -> None:
    model, servers = chain(stack, "overloaded", "overloaded", "overloaded")
    with pytest.raises(AllModelsFailed):
        list(model.stream(QUESTION, 200))
    assert [len(server.requests) for server in servers] == [3, 1, 1]


def test_all_models_together_have_one_question_of_time(stack: ExitStack) -> None:
    limits = ModelLimits(first_token_s=0.5, total_s=0.8, retries=0)
    model, servers = chain(stack, *["never_starts"] * 4, limits=limits)
    started = time.monotonic()
    with pytest.raises(AllModelsFailed) as raised:
        list(model.stream(QUESTION, 200))
    assert time.monotonic() - started < 10
    assert raised.value.kind == "deadline"
    assert [len(server.requests) for server in servers] == [1, 1, 0, 0]


def test_a_prompt_must_fit_the_smallest_window(stack: ExitStack) -> None:
    model, _ = chain(stack, "ok", "ok")
    assert (model.context_window, model.specs) == (1000, ("openai-like:m1", "openai-like:m2"))


def test_a_chain_without_models_is_refused() -> None:
    with pytest.raises(ConfigError, match="No language model is set"):
        ModelChain([])
