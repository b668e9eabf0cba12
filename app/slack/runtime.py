"""Builds the bot and runs it until it is told to stop: over a WebSocket that it opens (Socket Mode), or over HTTP.

SIGTERM or Ctrl-C ─▶ nothing new is taken ─▶ what is being answered ends, or its message says so ─▶ exit 0
a second signal   ─▶ exit at once; the next start finishes or marks what is left
"""

import logging
import os
import signal
import socket
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from http.client import HTTPException
from types import FrameType

import uvicorn
from slack_bolt import App
from slack_bolt.adapter.socket_mode.builtin import SocketModeHandler
from slack_bolt.error import BoltError
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError

from app.answer_slots import AnswerSlots
from app.application import Application
from app.slack.arrivals import Arrivals
from app.slack.aside import problem_word
from app.slack.channels import ChannelsFile
from app.slack.events import acknowledge_the_rest, keep_questions, threads_of, waking
from app.slack.header_deadline import HeaderDeadline
from app.slack.http_intake import SlackIntake
from app.slack.inbox import SlackInbox
from app.slack.manifest import EVENTS_PATH
from app.slack.presence import Presence, presence_over
from app.slack.telling import Telling
from app.slack.web_client import open_client, refuse_offline
from app.slack.wiring import add_listeners, parts_of, replying_for, telling_for
from app.slack.worker import AnswerWorkers
from core.errors import ConfigError, ServiceUnavailable
from core.log import get_logger
from core.settings import Settings

_log = get_logger(__name__)

LISTENERS = 32
"""Threads that run listeners, and as many that wait for them: a click is acknowledged while others call Slack."""
ENDING_S = 20.0
"""How long answers may take to end after the order to stop; container platforms kill after 30 seconds, and those that
are not done by then still say so."""
_SWITCH_S = 0.0005


@dataclass(frozen=True, slots=True)
class SlackBot:
    """The bot of one process; `start` before anything comes, `stop` after nothing comes any more."""

    app: App
    client: WebClient
    inbox: SlackInbox
    workers: AnswerWorkers
    presence: Presence
    telling: Telling

    def start(self) -> None:
        """Take up what is left over, and answer from here on."""
        self.presence.begin()
        self.workers.start()
        self.telling.start()

    def stop(self, limit_s: float = ENDING_S) -> bool:
        """End; True where every answer ended or was marked."""
        self.telling.stop()
        ended = self.workers.stop(limit_s)
        self.presence.end()
        return ended


def build_bot(settings: Settings, application: Application) -> SlackBot:
    """Build the bot over an application; asks Slack who it is.

    Raises:
        ConfigError: Slack does not accept the token, or a setting is missing or forbids it.
        ServiceUnavailable: Slack does not answer.
    """
    quiet_vendors()
    client = open_client(settings.slack)
    refuse_offline(settings)
    bot_user, team = _who_we_are(client)
    slots = AnswerSlots(settings.slack.concurrent_answers)
    application = replace(application, slots=slots)
    application.service.warm_up()
    engine = application.service.catalogue.engine
    channels = ChannelsFile(settings.slack.channels_file)
    presence = presence_over(engine, settings)
    inbox = SlackInbox(engine, settings.data_dir, presence)
    parts = parts_of(settings, application, client, channels)
    reply = replying_for(parts, inbox)
    workers = AnswerWorkers(inbox, reply, settings.slack.concurrent_answers)
    pool = ThreadPoolExecutor(LISTENERS, thread_name_prefix="slack-listener")
    app = _bolt(settings, client, pool)
    arrivals = Arrivals(bot_user, channels, threads_of(engine))
    keep_questions(app, arrivals, inbox, waking(workers, client, pool))
    add_listeners(app, parts, team)
    acknowledge_the_rest(app)
    return SlackBot(app, client, inbox, workers, presence, telling_for(parts))


def run_socket(settings: Settings, application: Application) -> None:
    """Answer over Socket Mode until told to stop.

    Raises:
        ConfigError: a token is missing or not accepted.
        ServiceUnavailable: Slack does not answer.
    """
    if settings.slack.app_token is None:
        raise ConfigError(
            "Socket Mode needs an app-level token. Set FOOTNOTE_SLACK__APP_TOKEN (`footnote slack --init` says where it "
            "is found), or use --http PORT."
        )
    bot = build_bot(settings, application)
    token = settings.slack.app_token.get_secret_value()
    handler = SocketModeHandler(bot.app, token, concurrency=LISTENERS)
    with _until_told() as told:
        bot.start()
        with _slack_answers("FOOTNOTE_SLACK__APP_TOKEN"):
            handler.client.connect()
        _announce("Connected to Slack.")
        told.wait()
        handler.client.close()
        bot.stop()


def run_http(settings: Settings, application: Application, host: str, port: int) -> None:
    """Answer signed requests over HTTP until told to stop.

    Raises:
        ConfigError: the signing secret is missing, the token is not accepted, or the port is taken.
        ServiceUnavailable: Slack does not answer.
    """
    secret = settings.slack.signing_secret
    if secret is None or not secret.get_secret_value():
        raise ConfigError(
            "HTTP mode needs the secret that Slack signs with. Set FOOTNOTE_SLACK__SIGNING_SECRET; "
            "`footnote slack --init` says where it is found."
        )
    bot = build_bot(settings, application)
    pool = ThreadPoolExecutor(LISTENERS, thread_name_prefix="slack-intake")
    intake = SlackIntake(bot.app, secret.get_secret_value(), pool)
    with _until_told() as told, _listening(host, port) as listening:
        bot.start()
        server = _server(intake)
        serving = threading.Thread(target=server.run, args=([listening],), name="slack-http")
        serving.start()
        shown = f"[{host}]" if ":" in host else host
        _announce(f"http://{shown}:{listening.getsockname()[1]}{EVENTS_PATH}")
        told.wait()
        intake.is_open = False
        server.should_exit = True
        serving.join()
        bot.stop()
        pool.shutdown(wait=False)


def quiet_vendors() -> None:
    """Keep what the libraries would log of requests, signatures and messages out of the log."""
    for name in ("slack_bolt", "slack_sdk", "uvicorn", "uvicorn.error", "uvicorn.access"):
        logging.getLogger(name).setLevel(logging.WARNING)


def _bolt(settings: Settings, client: WebClient, pool: ThreadPoolExecutor) -> App:
    secret = settings.slack.signing_secret
    with _slack_answers("FOOTNOTE_SLACK__BOT_TOKEN"):
        return App(
            client=client,
            signing_secret=secret.get_secret_value() if secret else None,
            # Unsigned requests end before they come here.
            ssl_check_enabled=False,
            listener_executor=pool,
        )


def _who_we_are(client: WebClient) -> tuple[str, str]:
    """Return the bot's user and its workspace."""
    with _slack_answers("FOOTNOTE_SLACK__BOT_TOKEN"):
        told = client.auth_test()
        return str(told["user_id"]), str(told["team_id"])


@contextmanager
def _slack_answers(token: str) -> Iterator[None]:
    """Say in a sentence what Slack says of a token, or that it says nothing."""
    try:
        yield
    except SlackApiError as error:
        raise ConfigError(
            f"Slack does not accept {token}: it says {problem_word(error)!r}. `footnote doctor` says more, and "
            "`footnote slack --init` where the token is found."
        ) from error
    except BoltError as error:
        raise ConfigError(f"Slack does not accept {token}. `footnote doctor` says more.") from error
    except (OSError, HTTPException) as error:
        raise ServiceUnavailable(
            f"Slack does not answer ({type(error).__name__}). Check FOOTNOTE_SLACK__API_BASE_URL and whether this machine "
            "may open connections to the outside."
        ) from error


def _server(intake: SlackIntake) -> uvicorn.Server:
    config = uvicorn.Config(
        intake.starlette(),
        log_config=None,
        access_log=False,
        lifespan="off",
        server_header=False,
        timeout_graceful_shutdown=5,
        # A connection on which no request comes must not keep a place.
        http=HeaderDeadline,
        timeout_keep_alive=15,
        limit_concurrency=500,
    )
    return uvicorn.Server(config)


@contextmanager
def _listening(host: str, port: int) -> Iterator[socket.socket]:
    """Hold the port, so that one that is taken is a sentence and not uvicorn's exit."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as listening:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listening.bind((host, port))
            listening.listen(256)
        except OSError as error:
            raise ConfigError(
                f"Cannot listen on {host!r}, port {port}: {error.strerror}. Choose another one with --http PORT, or "
                "another address with --host."
            ) from error
        yield listening


@contextmanager
def _until_told() -> Iterator[threading.Event]:
    """Give an event that the first signal sets; the second one ends the process."""
    told = threading.Event()

    def tell(number: int, frame: FrameType | None) -> None:
        del frame
        if told.is_set():
            os._exit(128 + number)
        told.set()

    # With twenty busy threads, the one that acknowledges would wait for its turn too long.
    switch = sys.getswitchinterval()
    sys.setswitchinterval(_SWITCH_S)
    before = {one: signal.signal(one, tell) for one in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield told
    finally:
        sys.setswitchinterval(switch)
        for one, handler in before.items():
            signal.signal(one, handler)


def _announce(words: str) -> None:
    sys.stdout.write(f"{words}\n")
    sys.stdout.flush()
