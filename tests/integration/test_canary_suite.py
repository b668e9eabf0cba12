"""The canary suite over HTTP: another model behind the same name is noticed, the same one and its noise are not."""

import json
from collections.abc import Callable, Sequence
from itertools import count, cycle
from pathlib import Path
from typing import Any

import pytest
from cli_harness import invoke, samples_base, writable_copy
from llm_server import Reply, Request, llm_server, says
from sqlalchemy import select

from core.settings import load_settings
from evals.watching.answer_agreement import agreement_of
from index.database import open_database
from index.schema import answers, conversations, llm_usage

pytestmark = pytest.mark.integration

QUESTIONS = (
    "How many days of annual leave do I have?",
    "How do I report that I am ill?",
    "How do I claim travel expenses?",
    "How do I reset my password?",
    "Who approves my holiday request?",
)
OLD = "Employees have 30 days of annual leave [1]. The team lead approves them."
NEW = "You may take thirty holidays each year [1], which your manager must agree to."

Ask = Callable[..., tuple[int, dict[str, Any]]]


def test_the_same_answers_agree_and_others_do_not() -> None:
    same = {"a": ["one two"] * 3, "b": ["three"] * 3}
    found = agreement_of(same, same)
    assert (found.exact_between, found.f1_between, found.is_changed) == (1.0, 1.0, False)
    found = agreement_of(same, {**same, "b": ["four"] * 3})
    assert (found.exact_between, found.is_changed) == (0.5, True)


def test_answers_that_always_vary_are_no_change_and_a_shift_of_them_is_one() -> None:
    def drawn(words: Sequence[str], shift: int) -> dict[str, list[str]]:
        turns = cycle(words)
        for _ in range(shift):
            next(turns)
        return {f"case-{n}": [next(turns) for _ in range(3)] for n in range(6)}

    old = (
        "thirty days a year",
        "thirty days each year",
        "it is thirty days",
        "30 days",
        "30 days a year",
    )
    new = (
        "ask your lead",
        "please ask the lead",
        "your lead knows",
        "ask somebody",
        "the lead knows",
    )
    assert not agreement_of(drawn(old, 0), drawn(old, 2)).is_changed
    found = agreement_of(drawn(old, 0), drawn(new, 0))
    assert found.is_changed
    assert found.p_value is not None


@pytest.fixture
def ask(tmp_path: Path, model_cache: Path, monkeypatch: pytest.MonkeyPatch) -> Ask:
    base = writable_copy(samples_base(model_cache), tmp_path / "base")
    cases = tmp_path / "canary.jsonl"
    cases.write_text(
        "\n".join(
            json.dumps({"id": f"case-{n}", "question": text}) for n, text in enumerate(QUESTIONS)
        ),
        "utf-8",
    )
    monkeypatch.setenv("FOOTNOTE_DATA_DIR", str(base))
    monkeypatch.setenv("FOOTNOTE_MODEL_CACHE", str(model_cache))
    monkeypatch.setenv("FOOTNOTE_LLM", "openai-like:m")
    monkeypatch.setenv("FOOTNOTE_GENERATION__TEMPERATURE", "0.7")
    port = 0

    def run(reply: Reply, *options: str) -> tuple[int, dict[str, Any]]:
        nonlocal port
        with llm_server(reply, port=port) as server:
            port = server.port
            monkeypatch.setenv("FOOTNOTE_LLM_BASE_URL", server.openai_url)
            result = invoke("eval", "canary", "run", "--cases", cases, "--json", *options)
            assert {request.body["temperature"] for request in server.requests} <= {0.0}
        assert result.stdout, result.stderr
        return result.exit_code, json.loads(result.stdout)

    return run


def test_the_same_model_twice_is_the_same(ask: Ask) -> None:
    assert ask(says(OLD))[1]["state"] == "first"
    code, told = ask(says(OLD))
    assert (code, told["state"]) == (0, "same")
    assert told["agreement"]["exact_between"] == 1.0


def test_another_model_behind_the_same_name_is_a_change_once(ask: Ask) -> None:
    ask(says(OLD))
    code, told = ask(says(NEW))
    assert (code, told["state"]) == (1, "changed")
    assert invoke("eval", "canary", "status").exit_code == 1
    assert ask(says(NEW))[1]["state"] == "same"
    status = json.loads(invoke("eval", "canary", "status", "--json").stdout)
    assert [each["state"] for each in status] == ["same", "changed", "first"]


@pytest.mark.parametrize("named", [{"fingerprint": "fp_2"}, {"model": "m-2026-06"}])
def test_a_reply_that_names_another_system_is_a_change(ask: Ask, named: dict[str, str]) -> None:
    ask(says(OLD, model="m-2026-01", fingerprint="fp_1"))
    code, told = ask(says(OLD, **{"model": "m-2026-01", "fingerprint": "fp_1", **named}))
    assert (code, told["state"]) == (1, "changed")
    assert next(iter(named.values())) in told["reasons"][0]


def test_a_model_that_varies_as_much_as_it_did_is_the_same(ask: Ask) -> None:
    wordings = (OLD, OLD.replace("Employees", "All employees"), OLD.replace("30", "thirty"))

    def noisy() -> Reply:
        numbers = count()

        def text(request: Request) -> str:
            return wordings[next(numbers) * 7 % 5 % len(wordings)]

        return Reply(text)

    ask(noisy())
    code, told = ask(noisy())
    assert (code, told["state"]) == (0, "same")
    assert told["agreement"]["exact_within"] < 1.0


def test_changed_settings_are_told_as_such_and_not_as_another_model(
    ask: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    ask(says(OLD))
    monkeypatch.setenv("FOOTNOTE_RETRIEVAL__PASSAGES", "3")
    code, told = ask(says(NEW))
    assert (code, told["state"]) == (0, "other conditions")
    assert "the settings" in told["reasons"][0]


def test_a_model_that_does_not_answer_says_nothing_of_itself(ask: Ask) -> None:
    ask(says(OLD))
    code, told = ask(says("", status=401, error_code="invalid_api_key"))
    assert code == 3
    assert "did not answer" in told["error"]["message"]
    assert ask(says(OLD))[1]["state"] == "same"


def test_the_suite_leaves_conversations_and_budgets_alone(ask: Ask) -> None:
    ask(says(OLD))
    with open_database(load_settings().data_dir).connect() as connection:
        for table in (answers, conversations, llm_usage):
            assert connection.execute(select(table)).first() is None
