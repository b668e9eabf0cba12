"""S5: Slack limits, fails or drops the connection at any call of an answer: one message, every word, none twice."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from cli_harness import samples_base, writable_copy
from llm_server import llm_server, says
from slack_bot import inbox_rows
from slack_in_process import RunningBot, running_bot, slack_settings
from slack_server import SlackServer, slack_server

from index.permissions import caller_named

pytestmark = pytest.mark.integration

ANN = caller_named("ann@brightwater.example", [])
QUESTION = "How many days of annual leave do I have?"
SENTENCES = [f"Everyone has 27 days of annual leave in year {1900 + n} [1]." for n in range(16)]
WORDS = [f"in year {1900 + n}" for n in range(16)]

FAULTS: dict[str, dict[str, Any]] = {
    "limited for a second": {
        "status": 429,
        "headers": {"Retry-After": "1"},
        "body": {"ok": False, "error": "ratelimited"},
    },
    "a server error before it was done": {"status": 500, "body": {"ok": False}},
    "a server error after it was done": {"status": 500, "body": {"ok": False}, "applies": True},
    "a lost connection before it was done": {"drop": True},
    "a lost connection after it was done": {"drop": True, "applies": True},
}
METHODS = ("chat.startStream", "chat.appendStream", "chat.stopStream", "chat.update")


@pytest.fixture(scope="module")
def running(
    tmp_path_factory: pytest.TempPathFactory, model_cache: Path
) -> Iterator[tuple[RunningBot, SlackServer, Path]]:
    base = writable_copy(samples_base(model_cache), tmp_path_factory.mktemp("faults") / "base")
    with llm_server(says(" ".join(SENTENCES), piece_s=0.02)) as llm, slack_server() as slack:
        slack.add_person("U1", "ann@brightwater.example")
        slack.add_channel("C1", "public", ["U1"])
        settings = slack_settings(base, model_cache, slack).model_copy(
            update={"llm": "openai-like:scripted", "llm_base_url": llm.openai_url}
        )
        with running_bot(settings, slack) as bot:
            yield bot, slack, base


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("fault", FAULTS)
def test_an_answer_arrives_whole_and_once_after(
    running: tuple[RunningBot, SlackServer, Path], fault: str, method: str
) -> None:
    bot, slack, base = running
    slack.script(method, **FAULTS[fault])
    asked = slack.mention("U1", "C1", QUESTION)
    assert asked.status == 200
    bot.settle()
    assert not slack._scripts[method], f"{method} was not called"
    row = next(row for row in inbox_rows(base) if row.message_key.endswith(asked.ts))
    assert row.state == "done"
    messages = slack.answers_in("C1", asked.ts)
    shown = [message.shown() for message in messages]
    # Below the answer, doubtful sentences are named a second time.
    drawn = [block for message in messages for block in message.blocks]
    text = "\n".join(block["text"] for block in drawn if block["type"] == "markdown")
    answer, _ = bot.application.service.find_answer(row.answer_id, ANN)
    # What a model says over and over is cut before it is stored.
    wanted = [words for words in WORDS if words in answer.text]
    assert len(wanted) >= 5
    assert [text.count(words) for words in wanted] == [1] * len(wanted), shown
    assert len(shown) == 1
    assert not any(message.is_streaming for message in slack.messages.values())
    assert slack.problems == []


def test_slack_that_is_away_for_a_while_gets_the_answer_later(
    running: tuple[RunningBot, SlackServer, Path],
) -> None:
    bot, slack, _ = running
    slack.script("users.info", drop=True, times=20)
    asked = slack.direct("U1", QUESTION)
    bot.settle()
    shown = [message.shown() for message in slack.answers_in("D1", asked.ts)]
    assert len(shown) == 1
