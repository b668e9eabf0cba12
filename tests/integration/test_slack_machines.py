"""Bots on several machines: they share a PostgreSQL server and no folder, and each question is answered once."""

import json
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from shutil import copytree
from typing import Any

import pytest
from cli_harness import samples_base, writable_copy
from llm_server import llm_server, says
from postgres_server import PostgresServer
from slack_bot import bot_process, env_for, wait_for
from slack_server import BOT_USER, TEAM, SlackServer, slack_server

pytestmark = [pytest.mark.integration, pytest.mark.slow]

QUESTION = "How many days of annual leave do I have?"
TEXT = "Everyone has 27 days of annual leave a year [1]."
WORDS = "Everyone has 27 days of annual leave a year."
ROWS = "SELECT state, attempts, claimed_by FROM slack_inbox"


@pytest.fixture
def slack() -> Iterator[SlackServer]:
    with slack_server() as server:
        server.add_person("U1", "ann@brightwater.example")
        server.add_channel("C1", "public", ["U1"])
        yield server


@pytest.fixture
def machines(
    tmp_path: Path, model_cache: Path, postgres: PostgresServer, monkeypatch: pytest.MonkeyPatch
) -> tuple[Path, Path, str]:
    """Two data folders and the name of the database that both use."""
    name = postgres.lend()
    with monkeypatch.context() as patch:
        # As `each_database` does it, with the name to look into the database by.
        patch.setenv("FOOTNOTE_DATABASE_URL", postgres.url(name))
        patch.setattr("databases._URLS", {})
        patch.setattr("databases.SERVER", postgres)
        first = writable_copy(samples_base(model_cache), tmp_path / "one")
    second = tmp_path / "two"
    copytree(first, second)
    assert not list(tmp_path.glob("*/footnote.db"))
    return first, second, name


def deliver(slack: SlackServer, url: str, ts: str, event_id: str) -> int:
    """Send a mention to one of the bots."""
    event: dict[str, Any] = {
        "type": "app_mention",
        "user": "U1",
        "team": TEAM,
        "channel": "C1",
        "ts": ts,
        "event_ts": ts,
        "text": f"<@{BOT_USER}> {QUESTION}",
    }
    raw = json.dumps(slack.event_body(event, event_id)).encode()
    headers = {"content-type": "application/json", **slack.signed(raw)}
    return slack.post(raw, headers, url=url + slack.events_path).status


@contextmanager
def again_and_again(act: Callable[[], Any]) -> Iterator[list[Any]]:
    """Do something every second; gives what it came to."""
    ended = threading.Event()
    done: list[Any] = []

    def repeat() -> None:
        while not ended.wait(1.0):
            done.append(act())

    thread = threading.Thread(target=repeat)
    thread.start()
    try:
        yield done
    finally:
        ended.set()
        thread.join()


def test_two_bots_on_one_server_answer_each_question_once_though_their_locks_are_cut(
    machines: tuple[Path, Path, str],
    model_cache: Path,
    slack: SlackServer,
    postgres: PostgresServer,
) -> None:
    count = 40
    first, second, name = machines
    times = [f"{100 + number}.0" for number in range(count)]
    more = {"FOOTNOTE_DATABASE_URL": postgres.url(name)}

    def cut() -> int:
        return len(
            postgres.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name LIKE 'footnote slack %'"
            )
        )

    with (
        llm_server(says(TEXT, piece_s=0.2)) as llm,
        bot_process(env_for(first, model_cache, slack, llm, **more)) as one,
        bot_process(env_for(second, model_cache, slack, llm, **more)) as two,
        ThreadPoolExecutor(16) as pool,
        again_and_again(cut) as cuts,
    ):
        sent = [
            pool.submit(deliver, slack, bot.url, ts, f"Ev{ts}{twin}")
            for ts in times
            for bot in (one, two)
            for twin in ("", "-twin")
        ]
        assert {future.result() for future in sent} == {200}
        wait_for(lambda: {row[0] for row in postgres.execute(ROWS, name)} == {"done"})
        requests = len(llm.requests)
    rows = postgres.execute(ROWS, name)
    assert {ts: len(slack.answers_in("C1", ts)) for ts in times} == dict.fromkeys(times, 1)
    assert all(WORDS in message.shown() for ts in times for message in slack.answers_in("C1", ts))
    assert [row[1] for row in rows] == [1] * count, "each was begun once"
    assert requests == count
    assert len({row[2] for row in rows}) == 2, "both answered some"
    assert sum(cuts) >= 2
    assert slack.problems == []
