"""Runs the real bot in this process, behind real HTTP, over documents that were really ingested.

with running_bot(settings, application, slack) as bot:
    slack.direct("U1", "How many days of leave?")
    bot.settle()                                     # every question ended
"""

import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import uvicorn
from cli_harness import child_env, run_child
from slack_server import BOT_TOKEN, SIGNING_SECRET, SlackServer
from sqlalchemy import select

from app.application import Application
from app.bootstrap import open_application
from app.slack.http_intake import SlackIntake
from app.slack.runtime import SlackBot, build_bot
from core.settings import Settings, load_settings
from index.schema import slack_inbox

PATIENCE_S = 60.0
ENDED = ("done", "failed", "ignored")


@dataclass(frozen=True)
class RunningBot:
    """The bot with what stands behind it."""

    bot: SlackBot
    application: Application

    def states(self) -> list[str]:
        """Return what became of every question, the oldest first."""
        query = select(slack_inbox.c.state).order_by(slack_inbox.c.received_at)
        with self.application.service.catalogue.engine.connect() as connection:
            return list(connection.execute(query).scalars())

    def settle(self) -> list[str]:
        """Wait until every question ended, and the listeners too; return what became of them."""
        deadline = time.monotonic() + PATIENCE_S
        while time.monotonic() < deadline:
            states = self.states()
            if all(state in ENDED for state in states) and not self.bot.workers.running():
                return states
            time.sleep(0.01)
        raise AssertionError(f"not every question ended: {self.states()}")


def ingested(folder: Path, data_dir: Path, model_cache: Path) -> Path:
    """Ingest a folder by the real command; return the data folder."""
    done = run_child("ingest", folder, "--yes", "--json", env=child_env(data_dir, model_cache))
    assert done.returncode == 0, done.stderr
    return data_dir


def slack_settings(
    data_dir: Path, model_cache: Path, slack: SlackServer, groups: Path | None = None, **more: Any
) -> Settings:
    """Return settings of a bot for the scripted Slack; `more` are fields of the Slack settings."""
    return load_settings(
        data_dir=data_dir,
        model_cache=model_cache,
        offline=True,
        groups_file=groups,
        web={"questions_per_minute": 0, "questions_per_day": 0},
        slack={
            "bot_token": BOT_TOKEN,
            "signing_secret": SIGNING_SECRET,
            "api_base_url": slack.url,
            **more,
        },
    )


@contextmanager
def running_bot(
    settings: Settings, slack: SlackServer, application: Application | None = None
) -> Iterator[RunningBot]:
    """Run the bot until the end of the block, listening on a port of its own."""
    application = application or open_application(settings, "slack")
    bot = build_bot(settings, application)
    pool = ThreadPoolExecutor(16, thread_name_prefix="test-intake")
    intake = SlackIntake(bot.app, SIGNING_SECRET, pool)
    config = uvicorn.Config(
        intake.starlette(), host="127.0.0.1", port=0, log_config=None, lifespan="off"
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    deadline = time.monotonic() + PATIENCE_S
    while not server.started and time.monotonic() < deadline:
        time.sleep(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    slack.bot_url = f"http://127.0.0.1:{port}"
    bot.start()
    try:
        yield RunningBot(bot, application)
    finally:
        bot.stop(5.0)
        server.should_exit = True
        thread.join(PATIENCE_S)
        pool.shutdown(wait=False)
        slack.bot_url = ""


def wait_for(condition: Any, what: str = "") -> Any:
    """Return what a condition gives as soon as it is true."""
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        if found := condition():
            return found
        time.sleep(0.01)
    raise AssertionError(f"did not happen within {PATIENCE_S:g} s: {what}")
