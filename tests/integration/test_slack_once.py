"""S2: whatever Slack repeats and however many processes answer, each question is answered once."""

import json
import random
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from cli_harness import samples_base, writable_copy
from llm_server import LlmServer, llm_server, says
from slack_bot import all_ended, bot_process, env_for, inbox_rows, wait_for
from slack_server import BOT_USER, TEAM, SlackServer, slack_server

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


@pytest.fixture
def llm() -> Iterator[LlmServer]:
    with llm_server(says(TEXT)) as server:
        yield server


def mention(
    slack: SlackServer, ts: str, event_id: str, kind: str = "app_mention"
) -> dict[str, Any]:
    event = {
        "type": kind,
        "user": "U1",
        "team": TEAM,
        "channel": "C1",
        "ts": ts,
        "event_ts": ts,
        "text": f"<@{BOT_USER}> {QUESTION}",
    }
    if kind == "message":
        event["channel_type"] = "channel"
    return slack.event_body(event, event_id)


def answers(slack: SlackServer, ts: str) -> int:
    """Return how many messages answer the question that was asked at a time."""
    found = slack.answers_in("C1", ts)
    assert all(WORDS in message.shown() for message in found), [m.shown() for m in found]
    return len(found)


def test_an_event_four_times_and_its_twin_are_answered_once(
    base: Path, model_cache: Path, slack: SlackServer, llm: LlmServer
) -> None:
    with bot_process(env_for(base, model_cache, slack, llm)) as bot:
        slack.bot_url = bot.url
        taken = [slack.deliver_once(mention(slack, "1.0", "Ev1"), number=n) for n in range(4)]
        taken += [
            slack.deliver_once(mention(slack, "1.0", "Ev2", "message"), number=n) for n in (0, 1)
        ]
        assert [one.status for one in taken] == [200] * 6
        wait_for(lambda: all_ended(base, 1))
        # Long after it was answered, too.
        assert slack.deliver_once(mention(slack, "1.0", "Ev1"), number=3).status == 200
        assert slack.deliver_once(mention(slack, "1.0", "Ev3")).status == 200
        time.sleep(1.5)
    assert all_ended(base, 1)
    assert answers(slack, "1.0") == 1
    assert len(llm.requests) == 1


def test_two_processes_that_get_the_same_at_once_answer_once(
    base: Path, model_cache: Path, slack: SlackServer, llm: LlmServer
) -> None:
    count = 20
    env = env_for(base, model_cache, slack, llm)
    with bot_process(env) as one, bot_process(env) as two, ThreadPoolExecutor(16) as pool:
        sent = []
        for number in range(count):
            for url in (one.url, two.url):
                for event_id in (f"Ev{number}", f"Ev{number}-twin"):
                    body = mention(slack, f"{100 + number}.0", event_id)
                    sent.append(pool.submit(deliver_to, slack, url, body))
        assert {future.result() for future in sent} == {200}
        wait_for(lambda: all_ended(base, count))
        claimed = [line for bot in (one, two) for line in bot.log if "slack_question_ended" in line]
        shares = [sum("slack_question_ended" in line for line in bot.log) for bot in (one, two)]
    assert [answers(slack, f"{100 + number}.0") for number in range(count)] == [1] * count
    assert len(llm.requests) == len(claimed) == count
    assert min(shares) > 0, f"one process did everything: {shares}"


def deliver_to(slack: SlackServer, url: str, body: dict[str, Any], number: int = 0) -> int:
    """Send an event to one of several addresses of the bot, until it is taken."""
    raw = json.dumps(body).encode()
    headers = {"content-type": "application/json", **slack.signed(raw)}
    if number:
        headers["x-slack-retry-num"] = str(number)
    for _ in range(4):
        status = slack.post(raw, headers, url=url + slack.events_path).status
        if status == 200:
            break
    return status


def test_200_events_with_repetitions_are_each_answered_once(
    base: Path,
    model_cache: Path,
    slack: SlackServer,
    llm: LlmServer,
    record_property: Any,
) -> None:
    count, rng = 200, random.Random(8)
    times = [f"{1000 + number}.000{number:03d}" for number in range(count)]
    sent: list[tuple[dict[str, Any], int, int]] = []
    for number, ts in enumerate(times):
        sent.append((mention(slack, ts, f"Ev{number}"), 0, number % 2))
        sent += [
            (mention(slack, ts, f"Ev{number}"), again + 1, rng.randrange(2))
            for again in range(rng.randrange(4))
        ]
        if rng.random() < 0.5:
            twin = mention(slack, ts, f"Ev{number}-twin", "message")
            sent.append((twin, 0, rng.randrange(2)))
    rng.shuffle(sent)
    env = env_for(base, model_cache, slack, llm, FOOTNOTE_SLACK__CONCURRENT_ANSWERS="6")
    with ExitStack() as stack:
        bots = [stack.enter_context(bot_process(env)) for _ in range(2)]
        pool = stack.enter_context(ThreadPoolExecutor(12))
        begun = time.monotonic()
        futures = [
            pool.submit(deliver_to, slack, bots[bot].url, body, number)
            for body, number, bot in sent
        ]
        assert {future.result() for future in futures} == {200}
        taken_s = time.monotonic() - begun
        wait_for(lambda: all_ended(base, count), 600)
        answered_s = time.monotonic() - begun
    assert {row.state for row in inbox_rows(base)} == {"done"}
    assert {ts: answers(slack, ts) for ts in times} == dict.fromkeys(times, 1)
    assert len(llm.requests) == count
    assert slack.problems == []
    record_property("deliveries", len(sent))
    print(
        f"\n{len(sent)} deliveries of {count} questions to 2 processes: acknowledged after {taken_s:.1f} s, "
        f"all answered once after {answered_s:.1f} s"
    )
