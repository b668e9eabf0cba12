"""Runs the real `footnote slack` in processes of their own, against the scripted Slack and a scripted model.

with bot_process(env_for(data_dir, model_cache, slack, llm), slack) as bot:
    slack.mention("U1", "C1", "How many days of leave?")
    wait_for(lambda: finished(data_dir, 1))
"""

import queue
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cli_harness import child_env
from llm_server import LlmServer
from slack_server import APP_TOKEN, BOT_TOKEN, SIGNING_SECRET, SlackServer
from sqlalchemy import create_engine, text

PATIENCE_S = 120.0
"""How long a condition is waited for: a machine five times slower passes too."""


@dataclass
class BotProcess:
    """A running bot; `log` is what it wrote to stderr until now."""

    child: subprocess.Popen[str]
    address: str = ""
    log: list[str] = field(default_factory=list)

    @property
    def url(self) -> str:
        """The address that requests go to, without a path."""
        return self.address.removesuffix("/slack/events")

    def kill(self) -> None:
        """End it as a crash does."""
        self.child.send_signal(signal.SIGKILL)
        self.child.wait(PATIENCE_S)

    def terminate(self) -> None:
        """Ask it to end."""
        self.child.send_signal(signal.SIGTERM)


def env_for(
    data_dir: Path,
    model_cache: Path,
    slack: SlackServer,
    llm: LlmServer | None = None,
    *,
    by_socket: bool = False,
    **extra: str,
) -> dict[str, str]:
    """Return the environment of a bot over a data folder."""
    own = {
        "FOOTNOTE_SLACK__BOT_TOKEN": BOT_TOKEN,
        "FOOTNOTE_SLACK__API_BASE_URL": slack.url,
        "FOOTNOTE_SLACK__SIGNING_SECRET": SIGNING_SECRET,
        "FOOTNOTE_WEB__QUESTIONS_PER_MINUTE": "0",
        "FOOTNOTE_WEB__QUESTIONS_PER_DAY": "0",
        **({"FOOTNOTE_SLACK__APP_TOKEN": APP_TOKEN} if by_socket else {}),
    }
    if llm is not None:
        own["FOOTNOTE_LLM"] = "openai-like:scripted"
        own["FOOTNOTE_LLM_BASE_URL"] = llm.openai_url
        own["FOOTNOTE_GENERATION__CACHE_HOURS"] = "0"
        own["FOOTNOTE_GENERATION__CONDENSE"] = "false"
        own["FOOTNOTE_GENERATION__REWRITE"] = "false"
    return child_env(data_dir, model_cache, **{**own, **extra})


@contextmanager
def bot_process(env: dict[str, str], *options: str) -> Iterator[BotProcess]:
    """Start a bot and wait until it takes requests; `options` are `--http 0` unless others are given."""
    bot = start_bot(env, *options)
    try:
        yield bot
    finally:
        if bot.child.poll() is None:
            bot.kill()
        for stream in (bot.child.stdout, bot.child.stderr):
            if stream is not None:
                stream.close()


def start_bot(env: dict[str, str], *options: str) -> BotProcess:
    """Start a bot; it is the caller's to end."""
    child = subprocess.Popen(
        [sys.executable, "-c", _SCRIPT, "slack", *(options or ("--http", "0"))],
        env=env,
        cwd=env["FOOTNOTE_DATA_DIR"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    bot = BotProcess(child)
    said: queue.Queue[str] = queue.Queue()
    threading.Thread(target=_read, args=(child.stdout, said.put), daemon=True).start()
    threading.Thread(target=_read, args=(child.stderr, bot.log.append), daemon=True).start()
    try:
        bot.address = said.get(timeout=PATIENCE_S).strip()
    except queue.Empty:
        bot.kill()
        raise AssertionError("the bot did not start:\n" + "".join(bot.log)) from None
    assert bot.address, "the bot did not start:\n" + "".join(bot.log)
    return bot


_SCRIPT = "from app.cli import main; main()"


def _read(stream: Any, take: Callable[[str], Any]) -> None:
    for line in stream:
        take(line)
    take("")


def wait_for(condition: Callable[[], Any], patience_s: float = PATIENCE_S, what: str = "") -> Any:
    """Return what a condition gives as soon as it is true."""
    deadline = time.monotonic() + patience_s
    while time.monotonic() < deadline:
        found = condition()
        if found:
            return found
        time.sleep(0.02)
    raise AssertionError(f"did not happen within {patience_s:g} s: {what or condition}")


@dataclass(frozen=True)
class Row:
    """A row of the inbox."""

    message_key: str
    state: str
    attempts: int
    body: str
    posted_ts: str
    answer_id: str


def inbox_rows(data_dir: Path) -> list[Row]:
    """Return the inbox as it is stored."""
    engine = create_engine(f"sqlite:///{data_dir / 'footnote.db'}")
    try:
        with engine.connect() as connection:
            query = text(
                "SELECT message_key, state, attempts, body, posted_ts, answer_id FROM slack_inbox "
                "ORDER BY received_at"
            )
            return [Row(*row) for row in connection.execute(query)]
    finally:
        engine.dispose()


def states(data_dir: Path) -> list[str]:
    """Return the states of the inbox, oldest first."""
    return [row.state for row in inbox_rows(data_dir)]


def all_ended(data_dir: Path, count: int) -> bool:
    """Whether so many questions came and each ended."""
    found = states(data_dir)
    return len(found) == count and all(state in ("done", "failed", "ignored") for state in found)


def end(bot: BotProcess, patience_s: float = PATIENCE_S) -> int:
    """Ask a bot to end, and return its exit code."""
    bot.terminate()
    return bot.child.wait(patience_s)
