"""S3: while twenty answers are streamed, a click is acknowledged within a second."""

import statistics
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from cli_harness import samples_base, writable_copy
from llm_server import llm_server, says
from slack_bot import all_ended, bot_process, env_for, inbox_rows, wait_for
from slack_server import SlackServer, slack_server

from app.slack.blocks.answer import FEEDBACK_ACTION
from app.slack.events import WAITING

pytestmark = [pytest.mark.integration, pytest.mark.slow]

QUESTION = "How many days of annual leave do I have?"
STREAMS = 20
CLICKS = 9
ACKNOWLEDGED_S = 1.0
LONG = " ".join(f"Everyone has 27 days of annual leave a year [1] ({n})." for n in range(12))


@pytest.fixture
def base(tmp_path: Path, model_cache: Path) -> Path:
    return writable_copy(samples_base(model_cache), tmp_path / "base")


@pytest.fixture
def slack() -> Iterator[SlackServer]:
    with slack_server() as server:
        for number in range(STREAMS):
            server.add_person(f"U{number}", f"person{number}@brightwater.example")
        server.add_channel("C1", "public", list(server.people))
        yield server


def streaming(slack: SlackServer) -> int:
    return sum(message.is_streaming for message in list(slack.messages.values()))


def test_a_click_is_acknowledged_within_a_second_while_twenty_answers_are_streamed(
    base: Path, model_cache: Path, slack: SlackServer
) -> None:
    extra = {"FOOTNOTE_SLACK__CONCURRENT_ANSWERS": str(STREAMS)}
    with (
        llm_server(
            says("Everyone has 27 days of annual leave a year [1]."), says(LONG, piece_s=0.15)
        ) as llm,
        bot_process(env_for(base, model_cache, slack, llm, **extra)) as bot,
    ):
        slack.bot_url = bot.url
        first = slack.mention("U0", "C1", QUESTION)
        wait_for(lambda: all_ended(base, 1))
        answer = slack.answers_in("C1", first.ts)[0]
        answer_id = inbox_rows(base)[0].answer_id
        asked = [slack.direct(f"U{number}", QUESTION) for number in range(STREAMS)]
        assert {one.status for one in asked} == {200}
        wait_for(lambda: len(llm.requests) == 1 + STREAMS and streaming(slack) == STREAMS)
        took = []
        for number in range(CLICKS):
            clicked = slack.click(
                f"U{number}",
                "C1",
                answer.ts,
                FEEDBACK_ACTION,
                f"bad:{answer_id}",
                kind="feedback_buttons",
            )
            assert clicked.status == 200
            took.append(clicked.took_s)
        still = streaming(slack)
        assert still == STREAMS, f"only {still} answers were still written"
        wait_for(lambda: len(slack.methods("views.open")) == CLICKS)
        wait_for(lambda: all_ended(base, 1 + STREAMS))
    print(
        f"\n{CLICKS} clicks while {STREAMS} answers were streamed: acknowledged after "
        f"{statistics.median(took) * 1000:.0f} ms (median), {max(took) * 1000:.0f} ms (longest); questions: "
        f"{max(one.took_s for one in asked) * 1000:.0f} ms (longest)"
    )
    assert statistics.median(took) <= ACKNOWLEDGED_S
    assert slack.problems == []


def test_more_questions_than_places_wait_in_order_and_are_all_answered(
    base: Path, model_cache: Path, slack: SlackServer
) -> None:
    extra = {"FOOTNOTE_SLACK__CONCURRENT_ANSWERS": "2"}
    with (
        llm_server(says("Everyone has 27 days of annual leave a year [1].", piece_s=0.05)) as llm,
        bot_process(env_for(base, model_cache, slack, llm, **extra)) as bot,
    ):
        slack.bot_url = bot.url
        asked = [slack.mention(f"U{number}", "C1", QUESTION) for number in range(8)]
        most = 0
        begun = time.monotonic()
        while not all_ended(base, 8) and time.monotonic() - begun < 120:
            most = max(most, sum(row.state == "working" for row in inbox_rows(base)))
    assert all_ended(base, 8)
    assert any(status == WAITING for _, _, status in slack.statuses)
    assert 1 <= most <= 2
    assert [len(slack.answers_in("C1", one.ts)) for one in asked] == [1] * 8
