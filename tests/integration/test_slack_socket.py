"""Socket Mode over a real WebSocket: questions, clicks, commands, lost and refreshed connections, several processes."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from cli_harness import samples_base, writable_copy
from slack_bot import all_ended, bot_process, end, env_for, inbox_rows, wait_for
from slack_server import SlackServer, slack_server

from app.slack.blocks.answer import FEEDBACK_ACTION

pytestmark = [pytest.mark.integration, pytest.mark.slow]

QUESTION = "How many days of annual leave do I have?"


@pytest.fixture
def base(tmp_path: Path, model_cache: Path) -> Path:
    return writable_copy(samples_base(model_cache), tmp_path / "base")


@pytest.fixture
def slack() -> Iterator[SlackServer]:
    with slack_server() as server:
        server.add_person("U1", "ann@brightwater.example")
        server.add_channel("C1", "public", ["U1"])
        server.ack_s = 20.0
        yield server


def test_questions_clicks_and_commands_come_over_the_socket(
    base: Path, model_cache: Path, slack: SlackServer
) -> None:
    with bot_process(env_for(base, model_cache, slack, by_socket=True), "--socket") as bot:
        assert bot.address == "Connected to Slack."
        asked = slack.mention("U1", "C1", QUESTION)
        assert (asked.status, asked.attempts) == (200, 1)
        wait_for(lambda: all_ended(base, 1))
        (answer,) = slack.answers_in("C1", asked.ts)
        assert "27 days" in answer.shown()
        answer_id = inbox_rows(base)[0].answer_id
        clicked = slack.click("U1", "C1", answer.ts, FEEDBACK_ACTION, f"bad:{answer_id}")
        assert clicked.status == 200
        wait_for(lambda: slack.methods("views.open"))
        told = slack.command("U1", "C1", QUESTION)
        assert told.json["response_type"] == "ephemeral"
        assert "Write your question" in slack.command("U1", "C1", " ").json["text"]
        wait_for(lambda: all_ended(base, 2))
        assert end(bot) == 0
        wait_for(lambda: slack.socket.connections == 0)
    assert slack.problems == []


def test_a_lost_connection_is_opened_again_and_nothing_is_lost(
    base: Path, model_cache: Path, slack: SlackServer
) -> None:
    with bot_process(env_for(base, model_cache, slack, by_socket=True), "--socket") as bot:
        slack.socket.drop()
        wait_for(lambda: slack.socket.opened >= 2 and slack.socket.connections >= 1)
        assert slack.mention("U1", "C1", QUESTION).status == 200
        # What Slack says before it refreshes a connection.
        slack.socket.drop("refresh_requested")
        wait_for(lambda: slack.socket.opened >= 3 and slack.socket.connections == 1)
        assert slack.mention("U1", "C1", QUESTION).status == 200
        wait_for(lambda: all_ended(base, 2))
        assert bot.child.poll() is None


def test_slack_that_is_down_for_a_while_is_connected_to_again(
    base: Path, model_cache: Path, slack: SlackServer
) -> None:
    with bot_process(env_for(base, model_cache, slack, by_socket=True), "--socket"):
        slack.is_down = True
        slack.socket.drop()
        time.sleep(3)
        slack.is_down = False
        wait_for(lambda: slack.socket.connections >= 1)
        assert slack.mention("U1", "C1", QUESTION).status == 200
        wait_for(lambda: all_ended(base, 1))


def test_two_processes_share_the_events_of_one_app(
    base: Path, model_cache: Path, slack: SlackServer
) -> None:
    env = env_for(base, model_cache, slack, by_socket=True)
    with bot_process(env, "--socket") as one, bot_process(env, "--socket") as two:
        wait_for(lambda: slack.socket.connections == 2)
        asked = [
            slack.mention("U1", "C1", QUESTION, ts=f"{n}.0", event_id=f"Ev{n}") for n in range(1, 7)
        ]
        # Slack sends to any connection, again too.
        asked += [
            slack.mention("U1", "C1", QUESTION, ts=f"{n}.0", event_id=f"Ev{n}") for n in range(1, 7)
        ]
        assert {one.status for one in asked} == {200}
        wait_for(lambda: all_ended(base, 6))
        assert (end(one), end(two)) == (0, 0)
    assert [len(slack.answers_in("C1", f"{n}.0")) for n in range(1, 7)] == [1] * 6
