"""The order to stop: nothing new is taken, what is being answered ends or says that it broke off; errors at the start."""

import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from cli_harness import child_env, refused, run_child, samples_base, writable_copy
from llm_server import llm_server, says
from slack_bot import all_ended, bot_process, end, env_for, inbox_rows, wait_for
from slack_in_process import running_bot, slack_settings
from slack_server import APP_TOKEN, BOT_TOKEN, SIGNING_SECRET, SlackServer, slack_server

from app.slack.presence import FOLDER
from app.slack.replying import INTERRUPTED

pytestmark = [pytest.mark.integration, pytest.mark.slow]

QUESTION = "How many days of annual leave do I have?"
TEXT = "Everyone has 27 days of annual leave a year [1]."
WORDS = "Everyone has 27 days of annual leave a year."


@pytest.fixture
def base(tmp_path: Path, model_cache: Path) -> Path:
    return writable_copy(samples_base(model_cache), tmp_path / "base")


@pytest.fixture
def slack() -> Iterator[SlackServer]:
    with slack_server() as server:
        server.add_person("U1", "ann@brightwater.example")
        server.add_channel("C1", "public", ["U1"])
        yield server


def test_an_answer_under_way_ends_before_the_process_does_and_nothing_new_is_taken(
    base: Path, model_cache: Path, slack: SlackServer
) -> None:
    with (
        llm_server(says(TEXT, piece_s=0.4)) as llm,
        bot_process(env_for(base, model_cache, slack, llm)) as bot,
    ):
        slack.bot_url = bot.url
        asked = slack.mention("U1", "C1", QUESTION)
        wait_for(lambda: llm.requests)
        bot.terminate()
        wait_for(lambda: slack.mention("U1", "C1", QUESTION, retries=False).status != 200)
        assert bot.child.wait(120) == 0
    assert inbox_rows(base)[0].state == "done"
    (answer,) = slack.answers_in("C1", asked.ts)
    assert WORDS in answer.shown()
    assert list((base / FOLDER).iterdir()) == []


def test_the_second_signal_ends_at_once_and_the_next_start_finishes(
    base: Path, model_cache: Path, slack: SlackServer
) -> None:
    with llm_server(says(TEXT, piece_s=1.0), says(TEXT)) as llm:
        with bot_process(env_for(base, model_cache, slack, llm)) as bot:
            slack.bot_url = bot.url
            asked = slack.mention("U1", "C1", QUESTION)
            wait_for(lambda: llm.requests)
            bot.terminate()
            time.sleep(0.3)
            begun = time.monotonic()
            bot.terminate()
            assert bot.child.wait(60) == 128 + signal.SIGTERM
            assert time.monotonic() - begun < 10
        assert inbox_rows(base)[0].state == "working"
        with bot_process(env_for(base, model_cache, slack, llm)) as bot:
            wait_for(lambda: all_ended(base, 1))
            assert end(bot) == 0
    (answer,) = slack.answers_in("C1", asked.ts)
    assert WORDS in answer.shown(), "".join(bot.log)


def test_an_answer_that_does_not_end_in_time_is_marked(
    base: Path, model_cache: Path, slack: SlackServer
) -> None:
    # A model that writes for ever, a piece at a time.
    with llm_server(says(TEXT, fault="endless", piece_s=0.1)) as llm:
        settings = slack_settings(base, model_cache, slack).model_copy(
            update={"llm": "openai-like:scripted", "llm_base_url": llm.openai_url}
        )
        with running_bot(settings, slack) as running:
            asked = slack.mention("U1", "C1", QUESTION)
            wait_for(lambda: slack.answers_in("C1", asked.ts) and llm.requests)
            assert running.bot.workers.stop(0.2)
            (message,) = slack.answers_in("C1", asked.ts)
            assert INTERRUPTED in message.shown()
            assert not message.is_streaming
            assert inbox_rows(base)[0].state == "failed"


# --- what cannot start ----------------------------------------------------------------------------------------------


def test_a_token_that_slack_does_not_accept_is_one_sentence(
    base: Path, model_cache: Path, slack: SlackServer
) -> None:
    env = env_for(base, model_cache, slack, FOOTNOTE_SLACK__BOT_TOKEN="xoxb-canary-wrong")
    done = run_child("slack", "--http", "0", env=env)
    assert "invalid_auth" in refused(done, 2, "FOOTNOTE_SLACK__BOT_TOKEN")
    assert "xoxb-canary-wrong" not in done.stdout + done.stderr


def test_a_wrong_app_level_token_is_one_sentence(
    base: Path, model_cache: Path, slack: SlackServer
) -> None:
    env = env_for(base, model_cache, slack, FOOTNOTE_SLACK__APP_TOKEN="xapp-canary-wrong")
    done = run_child("slack", "--socket", env=env)
    refused(done, 2, "FOOTNOTE_SLACK__APP_TOKEN")
    assert "xapp-canary-wrong" not in done.stdout + done.stderr


def test_slack_out_of_reach_is_one_sentence_and_a_service_that_is_down(
    base: Path, model_cache: Path, slack: SlackServer
) -> None:
    env = env_for(base, model_cache, slack, FOOTNOTE_SLACK__API_BASE_URL="http://127.0.0.1:9/api/")
    refused(run_child("slack", "--http", "0", env=env), 3, "FOOTNOTE_SLACK__API_BASE_URL")


@pytest.mark.parametrize(
    ("options", "given", "named"),
    [
        (("--http", "0"), {"SIGNING_SECRET": SIGNING_SECRET}, "FOOTNOTE_SLACK__BOT_TOKEN"),
        (("--http", "0"), {"BOT_TOKEN": BOT_TOKEN}, "FOOTNOTE_SLACK__SIGNING_SECRET"),
        (("--socket",), {"BOT_TOKEN": BOT_TOKEN}, "FOOTNOTE_SLACK__APP_TOKEN"),
        ((), {"BOT_TOKEN": BOT_TOKEN, "SIGNING_SECRET": SIGNING_SECRET}, "--http PORT"),
        (("--socket", "--http", "1"), {"APP_TOKEN": APP_TOKEN}, "--init"),
    ],
)
def test_what_is_missing_is_named(
    base: Path, model_cache: Path, options: tuple[str, ...], given: dict[str, str], named: str
) -> None:
    extra = {f"FOOTNOTE_SLACK__{name}": value for name, value in given.items()}
    done = run_child("slack", *options, env=child_env(base, model_cache, **extra))
    assert named in refused(done, 2)


def test_a_port_that_is_taken_is_named(base: Path, model_cache: Path, slack: SlackServer) -> None:
    port = slack.url.rsplit(":", 1)[1].partition("/")[0]
    refused(run_child("slack", "--http", port, env=env_for(base, model_cache, slack)), 2, port)


def test_init_prints_the_steps_and_the_manifest_without_tokens(
    base: Path, model_cache: Path
) -> None:
    done = run_child("slack", "--init", env=child_env(base, model_cache))
    assert done.returncode == 0
    assert done.stdout.startswith("1. ")
    assert '"socket_mode_enabled"' in done.stdout
