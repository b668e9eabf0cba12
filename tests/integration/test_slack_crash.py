"""S10: kill -9 between the acknowledgement and the end of the answer; the next start answers once, or says that it broke off."""

import random
import time
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pytest
from cli_harness import samples_base, writable_copy
from llm_server import LlmServer, llm_server, says
from slack_bot import BotProcess, all_ended, env_for, inbox_rows, start_bot, wait_for
from slack_server import SlackServer, slack_server
from slack_workspace import Message

from app.slack.replying import INTERRUPTED

pytestmark = [pytest.mark.integration, pytest.mark.slow]

QUESTION = "How many days of annual leave do I have?"
TEXT = "Everyone has 27 days of annual leave a year [1]."
WORDS = "Everyone has 27 days of annual leave a year."
SLOW = says(TEXT, piece_s=0.4)
STALLED = says(TEXT, fault="stall", after_pieces=3)
HELD_S = 20.0
RUNS = 8


@dataclass
class Bots:
    """Starts bots over one data folder, and ends what is left of them."""

    slack: SlackServer
    data_dir: Path
    model_cache: Path
    running: list[BotProcess]

    def start(self, llm: LlmServer) -> BotProcess:
        bot = start_bot(env_for(self.data_dir, self.model_cache, self.slack, llm))
        self.running.append(bot)
        self.slack.bot_url = bot.url
        return bot


@pytest.fixture
def bots(tmp_path: Path, model_cache: Path) -> Iterator[Bots]:
    data_dir = writable_copy(samples_base(model_cache), tmp_path / "base")
    with slack_server() as slack:
        slack.add_person("U1", "ann@brightwater.example")
        slack.add_channel("C1", "public", ["U1"])
        started = Bots(slack, data_dir, model_cache, [])
        yield started
        for bot in started.running:
            if bot.child.poll() is None:
                bot.kill()
            for stream in (bot.child.stdout, bot.child.stderr):
                if stream is not None:
                    stream.close()


def shown(slack: SlackServer, ts: str, channel: str = "C1") -> list[Message]:
    return slack.answers_in(channel, ts)


def check_answered_once_or_marked(messages: list[Message]) -> str:
    """Return what became of a question: one whole answer, and beside it nothing that is not marked."""
    whole = [message for message in messages if WORDS in message.shown()]
    marked = [message for message in messages if INTERRUPTED in message.shown()]
    texts = [message.shown() for message in messages]
    assert len(whole) + len(marked) == len(messages), f"neither answered nor marked: {texts}"
    assert len(whole) <= 1, f"answered twice: {texts}"
    assert whole or marked, "nothing is said"
    assert not any(message.is_streaming for message in messages), "looks as if more would come"
    return "answered" if whole else "marked"


HELD: dict[str, tuple[str, bool]] = {
    "while Slack is asked who asks": ("users.info", False),
    "before Slack has the first message": ("chat.startStream", False),
    "when Slack has the first message and we do not know": ("chat.startStream", True),
    "while text is on its way": ("chat.appendStream", False),
    "when text has arrived": ("chat.appendStream", True),
    "before the stream is ended": ("chat.stopStream", False),
    "when the stream has ended": ("chat.stopStream", True),
    "before the checked answer is shown": ("chat.update", False),
    "when the checked answer is shown": ("chat.update", True),
}


@pytest.mark.parametrize("moment", HELD)
def test_a_kill_is_survived(bots: Bots, moment: str) -> None:
    method, applies = HELD[moment]
    slack = bots.slack
    with llm_server(says(TEXT, piece_s=0.1)) as llm:
        first = bots.start(llm)
        slack.script(method, delay_s=HELD_S, applies=applies, drop=True)
        asked = slack.mention("U1", "C1", QUESTION)
        assert asked.status == 200
        wait_for(lambda: method in slack.arrived)
        time.sleep(0.1)  # what Slack does at once is done
        first.kill()
        bots.start(llm)
        wait_for(lambda: all_ended(bots.data_dir, 1))
        assert check_answered_once_or_marked(shown(slack, asked.ts)) == "answered"
        row = inbox_rows(bots.data_dir)[0]
        assert (row.state, row.attempts) == ("done", 2)
        # A stored answer is shown, and no model is asked again.
        assert len(llm.requests) <= (1 if method in ("chat.stopStream", "chat.update") else 2)


def test_a_kill_right_after_the_acknowledgement_is_survived(bots: Bots) -> None:
    with llm_server(says(TEXT)) as llm:
        first = bots.start(llm)
        asked = bots.slack.mention("U1", "C1", QUESTION)
        first.kill()
        assert asked.status == 200
        bots.start(llm)
        wait_for(lambda: all_ended(bots.data_dir, 1))
    assert check_answered_once_or_marked(shown(bots.slack, asked.ts)) == "answered"


def test_kills_at_random_moments_lose_nothing_and_double_nothing(bots: Bots) -> None:
    rng = random.Random(10)
    slack, told = bots.slack, []
    with llm_server(says(TEXT, piece_s=0.05)) as llm:
        bot = bots.start(llm)
        for run in range(RUNS):
            asked = [slack.mention("U1", "C1", QUESTION), slack.direct("U1", QUESTION)]
            assert {one.status for one in asked} == {200}
            told += [("C1", asked[0].ts), ("D1", asked[1].ts)]
            for _ in range(1 + run % 2):
                time.sleep(rng.uniform(0.0, 2.5))
                bot.kill()
                bot = bots.start(llm)
            wait_for(partial(all_ended, bots.data_dir, len(told)))
    outcomes = [check_answered_once_or_marked(shown(slack, ts, channel)) for channel, ts in told]
    attempts = [row.attempts for row in inbox_rows(bots.data_dir)]
    print(
        f"\n{RUNS * 3 // 2} kills, {len(told)} questions: {outcomes.count('answered')} answered once, "
        f"{outcomes.count('marked')} marked; {sum(a > 1 for a in attempts)} were begun again"
    )


def test_a_question_that_died_twice_is_marked_in_its_message(bots: Bots) -> None:
    slack = bots.slack
    with llm_server(SLOW, STALLED, STALLED) as llm:
        bot = bots.start(llm)
        asked = slack.mention("U1", "C1", QUESTION)
        for attempt in (1, 2):
            wait_for(
                lambda n=attempt: is_being_answered(bots, n) and "chat.startStream" in slack.arrived
            )
            wait_for(lambda n=attempt: len(llm.requests) >= n)
            bot.kill()
            bot = bots.start(llm)
        wait_for(lambda: all_ended(bots.data_dir, 1))
    (message,) = shown(slack, asked.ts)
    assert check_answered_once_or_marked([message]) == "marked"
    assert INTERRUPTED in message.shown()
    assert inbox_rows(bots.data_dir)[0].state == "failed"
    assert len(llm.requests) == 2


def is_being_answered(bots: Bots, attempt: int) -> bool:
    return [(row.state, row.attempts) for row in inbox_rows(bots.data_dir)] == [
        ("working", attempt)
    ]


def test_a_living_process_takes_up_what_a_killed_one_left(bots: Bots) -> None:
    slack = bots.slack
    with llm_server(SLOW) as llm:
        first = bots.start(llm)
        asked = slack.mention("U1", "C1", QUESTION)
        wait_for(lambda: is_being_answered(bots, 1))
        bots.start(llm)
        first.kill()
        begun = time.monotonic()
        wait_for(lambda: all_ended(bots.data_dir, 1))
        print(f"\ntaken up and answered {time.monotonic() - begun:.1f} s after the kill")
    assert check_answered_once_or_marked(shown(slack, asked.ts)) == "answered"


def test_a_command_that_was_answered_is_not_answered_again(
    bots: Bots,
) -> None:
    slack = bots.slack
    with llm_server(says(TEXT)) as llm:
        first = bots.start(llm)
        assert slack.command("U1", "C1", QUESTION).status == 200
        wait_for(lambda: all_ended(bots.data_dir, 1))
        first.kill()
        second = bots.start(llm)
        time.sleep(1.0)
        assert second.child.poll() is None
    told = [m for m in slack.messages.values() if m.only_for == "U1"]
    assert len(told) == 1
