"""A scripted Slack on loopback: the Web API over real HTTP, Socket Mode over a real WebSocket, and events as Slack sends them.

with slack_server() as slack:                          # people, channels and messages are `Workspace`'s
    slack.add_person("U1", "ann@example.org")
    slack.add_channel("C1", "public", ["U1"])
    ... FOOTNOTE_SLACK__API_BASE_URL=slack.url ...       # the bot's Web API; tokens BOT_TOKEN and APP_TOKEN
    slack.bot_url = "http://127.0.0.1:3000"              # where the bot listens; "" sends through the socket
    slack.script("chat.appendStream", status=429, headers={"Retry-After": "1"}, body={"ok": False})
    delivery = slack.mention("U1", "C1", "How many days?")   # signed; sent again like Slack does, if it must be
    slack.shown("C1", ts)                                # what a person would see now
    slack.calls                                          # every call that left the bot
"""

import hashlib
import hmac
import json
import threading
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.parse import parse_qsl, urlencode
from urllib.request import Request, urlopen

from slack_socket import SlackSocket
from slack_workspace import (
    BOT_ID,
    BOT_USER,
    TEAM,
    Channel,
    ChannelKind,
    Message,
    Person,
    Refused,
    Workspace,
    decoded,
)

__all__ = [
    "APP_TOKEN",
    "BOT_TOKEN",
    "BOT_USER",
    "SIGNING_SECRET",
    "TEAM",
    "SlackServer",
    "slack_server",
]

BOT_TOKEN = "xoxb-valid-scripted-token"
APP_TOKEN = "xapp-valid-scripted-token"
SIGNING_SECRET = "scripted-signing-secret"
APP_ID = "A0FOOT"


@dataclass(frozen=True)
class Call:
    """One call as it arrived; `reply` is what it got, None where the connection was dropped."""

    method: str
    body: dict[str, Any]
    headers: dict[str, str]
    at: float
    status: int
    reply: dict[str, Any] | None


@dataclass(frozen=True)
class Scripted:
    """What one call gets instead of its proper reply; with `applies`, it is done all the same."""

    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    body: dict[str, Any] | None = None
    drop: bool = False
    applies: bool = False
    delay_s: float = 0.0


@dataclass(frozen=True)
class Delivery:
    """How the bot took one thing from Slack: the last status, and how long that attempt took; 0 is no answer."""

    status: int
    body: str
    headers: dict[str, str]
    took_s: float
    attempts: int = 1
    ts: str = ""
    trigger: str = ""

    @property
    def json(self) -> dict[str, Any]:
        """The body, read as JSON; {} where it is empty."""
        read: dict[str, Any] = json.loads(self.body) if self.body else {}
        return read


class SlackServer(Workspace):
    """The workspace with its server; `calls` has everything that the bot asked of Slack, in order.

    `arrived` names the methods as they came, also of calls that have no reply yet.
    """

    def __init__(self) -> None:
        super().__init__()
        self.calls: list[Call] = []
        self.arrived: list[str] = []
        self.bot_url = ""
        self.events_path = "/slack/events"
        self.signing_secret = SIGNING_SECRET
        self.ack_s = 3.0
        self.retry_waits: tuple[float, ...] = (0.02, 0.05, 0.1)
        self.is_down = False
        self._scripts: dict[str, deque[Scripted]] = {}
        self._responses: dict[str, tuple[str, str, str]] = {}
        self._http = _Http(("127.0.0.1", 0), _Handler)
        self._http.slack = self
        self.socket = SlackSocket()
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.02,), daemon=True)

    @property
    def url(self) -> str:
        """The Web API's address, as FOOTNOTE_SLACK__API_BASE_URL takes it."""
        return f"http://127.0.0.1:{self._http.server_port}/api/"

    def start(self) -> None:
        """Listen."""
        self._thread.start()
        self.socket.start()

    def close(self) -> None:
        """Stop listening; connections that are open are closed."""
        self.socket.close()
        self._http.shutdown()
        self._http.server_close()
        self._thread.join()

    # --- what the test sets up ----------------------------------------------------------------------------------

    def add_person(self, user: str, email: str = "", **facts: Any) -> Person:
        """Add an account, with a DM channel `D…` of its own."""
        person = self.people[user] = Person(user, email, **facts)
        self.channels[f"D{user[1:]}"] = Channel(f"D{user[1:]}", "dm", [user])
        return person

    def add_channel(
        self,
        channel: str,
        kind: ChannelKind = "public",
        members: list[str] | None = None,
        **facts: Any,
    ) -> Channel:
        """Add a channel."""
        made = self.channels[channel] = Channel(channel, kind, list(members or ()), **facts)
        return made

    def script(self, method: str, *, times: int = 1, **reply: Any) -> None:
        """Let the next calls of a method get a reply of one's own: see `Scripted` for what can be said."""
        queue = self._scripts.setdefault(method, deque())
        queue.extend([Scripted(**reply)] * times)

    def methods(self, *names: str) -> list[Call]:
        """Return the calls of some methods, in order."""
        return [call for call in list(self.calls) if call.method in names]

    def shown(self, channel: str, ts: str) -> str:
        """Return what a person would see now in a message; "" where it is gone."""
        message = self.messages.get((channel, ts))
        return message.shown() if message else ""

    def answers_in(self, channel: str, thread_ts: str | None = None) -> list[Message]:
        """Return the bot's messages of a channel, or of one thread, oldest first."""
        return [
            message
            for _, message in sorted(self.messages.items())
            if message.channel == channel
            and message.user == BOT_USER
            and thread_ts in (None, message.thread_ts)
        ]

    # --- what people do -----------------------------------------------------------------------------------------

    def mention(self, user: str, channel: str, text: str, **more: Any) -> Delivery:
        """Send an `app_mention`; `ts`, `thread_ts`, `event_id` and other fields of the event can be given."""
        return self.event("app_mention", user, channel, f"<@{BOT_USER}> {text}", **more)

    def direct(self, user: str, text: str, **more: Any) -> Delivery:
        """Send a direct message."""
        return self.event("message", user, f"D{user[1:]}", text, channel_type="im", **more)

    def event(
        self,
        kind: str,
        user: str,
        channel: str = "",
        text: str = "",
        *,
        event_id: str = "",
        **more: Any,
    ) -> Delivery:
        """Send one event, again if the bot does not take it; the message is there before."""
        ts = str(more.pop("ts", "") or self.new_ts())
        retries = bool(more.pop("retries", True))
        event = {"type": kind, "user": user, "team": TEAM, "event_ts": ts, **more}
        if channel:
            event["channel"] = channel
        if kind in ("app_mention", "message"):
            event.update(ts=ts, text=text)
            event = {"client_msg_id": f"m-{ts}", **event}
            said = Message(channel, ts, user, text, thread_ts=str(more.get("thread_ts", "")))
            self.messages.setdefault((channel, ts), said)
        sent = self.deliver(self.event_body(event, event_id or f"Ev{ts}"), retries=retries)
        return Delivery(sent.status, sent.body, sent.headers, sent.took_s, sent.attempts, ts)

    def event_body(self, event: dict[str, Any], event_id: str) -> dict[str, Any]:
        """Return the envelope that Slack puts around an event."""
        channel = self.channels.get(str(event.get("channel", "")))
        return {
            "type": "event_callback",
            "token": "verification-token",
            "team_id": TEAM,
            "api_app_id": APP_ID,
            "event": event,
            "event_id": event_id,
            "event_time": int(self.clock()),
            "is_ext_shared_channel": bool(channel and channel.kind == "external"),
            "authorizations": [
                {"enterprise_id": None, "team_id": TEAM, "user_id": BOT_USER, "is_bot": True}
            ],
        }

    def click(
        self, user: str, channel: str, ts: str, action_id: str, value: str = "", **more: Any
    ) -> Delivery:
        """Click a button of a message; `channel` may be "" for a button of App Home or of a modal."""
        body: dict[str, Any] = self._interaction("block_actions", user)
        kind = more.pop("kind", "button")
        action = {"action_id": action_id, "block_id": "b", "type": kind, "value": value, **more}
        body["actions"] = [{**action, "action_ts": self.new_ts()}]
        if channel:
            message = self.messages.get((channel, ts))
            body["channel"] = {"id": channel}
            body["container"] = {"type": "message", "message_ts": ts, "channel_id": channel}
            body["message"] = _as_seen(message, ts)
            body["response_url"] = self._response_url(channel, user, ts)
        else:
            body["container"] = {"type": "view", "view_id": f"VH{user}"}
        return self._interact(body)

    def submit(self, user: str, view: dict[str, Any], values: dict[str, Any]) -> Delivery:
        """Submit a modal; `values` is the state as Slack sends it: {block_id: {action_id: {...}}}."""
        body = self._interaction("view_submission", user)
        body["view"] = {**view, "state": {"values": values}}
        return self._interact(body)

    def shortcut(self, user: str, callback_id: str, channel: str, ts: str) -> Delivery:
        """Use a message shortcut."""
        body = self._interaction("message_action", user)
        body.update(callback_id=callback_id, channel={"id": channel}, message_ts=ts)
        body["message"] = _as_seen(self.messages.get((channel, ts)), ts)
        body["response_url"] = self._response_url(channel, user, "")
        return self._interact(body)

    def command(self, user: str, channel: str, text: str, command: str = "/ask") -> Delivery:
        """Use a slash command."""
        trigger = self.new_trigger()
        body = {
            "command": command,
            "text": text,
            "team_id": TEAM,
            "user_id": user,
            "channel_id": channel,
            "api_app_id": APP_ID,
            "response_url": self._response_url(channel, user, ""),
            "trigger_id": trigger,
        }
        return self._interact(body, "slash_commands")

    def _interaction(self, kind: str, user: str) -> dict[str, Any]:
        person = self.people.get(user)
        team = {"id": TEAM, "domain": "tests"}
        who = {"id": user, "username": user.lower(), "team_id": person.team if person else TEAM}
        shared = {"team": team, "user": who, "api_app_id": APP_ID}
        return {"type": kind, **shared, "trigger_id": self.new_trigger()}

    def _interact(self, body: dict[str, Any], kind: str = "interactive") -> Delivery:
        """Send what is not sent again: a click that is not acknowledged is lost."""
        sent = self.deliver(body, kind, retries=False)
        return Delivery(**{**sent.__dict__, "trigger": body["trigger_id"]})

    def _response_url(self, channel: str, user: str, ts: str) -> str:
        name = f"R{len(self._responses)}"
        self._responses[name] = (channel, user, ts)
        return self.url.removesuffix("api/") + f"response/{name}"

    # --- the way to the bot -------------------------------------------------------------------------------------

    def deliver(
        self, body: dict[str, Any], kind: str = "events_api", *, retries: bool = True
    ) -> Delivery:
        """Send something; an event again up to three times while the bot does not answer 200 within three seconds."""
        for number in range(len(self.retry_waits) + 1 if retries else 1):
            if number:
                time.sleep(self.retry_waits[number - 1])
            sent = self.deliver_once(body, kind, number)
            if sent.status == 200 or "x-slack-no-retry" in sent.headers:
                break
        return Delivery(**{**sent.__dict__, "attempts": number + 1})

    def deliver_once(
        self, body: dict[str, Any], kind: str = "events_api", number: int = 0
    ) -> Delivery:
        """Send something once; `number` counts how often it was sent before."""
        if not self.bot_url:
            begun = time.monotonic()
            payload = self.socket.send(kind, body, number, self.ack_s)
            took = time.monotonic() - begun
            said = json.dumps(payload) if payload else ""
            return Delivery(0 if payload is None else 200, said, {}, took)
        raw, content_type = _encoded(kind, body)
        headers = {"content-type": content_type, **self.signed(raw)}
        if number:
            headers |= {"x-slack-retry-num": str(number), "x-slack-retry-reason": "http_timeout"}
        return self.post(raw, headers)

    def signed(self, raw: bytes, at: float | None = None) -> dict[str, str]:
        """Return the two headers that say that a body came from Slack."""
        stamp = str(int(self.clock() if at is None else at))
        key, signed = self.signing_secret.encode(), b"v0:" + stamp.encode() + b":" + raw
        made = "v0=" + hmac.new(key, signed, hashlib.sha256).hexdigest()
        return {"x-slack-request-timestamp": stamp, "x-slack-signature": made}

    def post(self, raw: bytes, headers: dict[str, str], url: str = "") -> Delivery:
        """Post bytes to the bot as they are, or to another address."""
        address = url or self.bot_url + self.events_path
        request = Request(address, data=raw, headers=headers)
        begun = time.monotonic()
        try:
            with urlopen(request, timeout=self.ack_s) as reply:
                status, body, back = reply.status, reply.read().decode(), dict(reply.headers)
        except HTTPError as error:
            with error:
                status, body, back = error.code, error.read().decode(), dict(error.headers)
        except (URLError, OSError) as error:
            status, body, back = 0, str(error), {}
        took = time.monotonic() - begun
        return Delivery(status, body, {name.lower(): value for name, value in back.items()}, took)

    # --- the way from the bot -----------------------------------------------------------------------------------

    def take(self, method: str, body: dict[str, Any], headers: dict[str, str]) -> Scripted:
        """Do one call and return what it gets."""
        at = self.clock()
        self.arrived.append(method)
        queue = self._scripts.get(method)
        with self._lock:
            scripted = queue.popleft() if queue else None
        reply = scripted
        if reply is None or reply.applies:
            reply = Scripted(body=self._proper(method, body, headers.get("authorization", "")))
        if scripted is not None:
            if scripted.delay_s:
                time.sleep(scripted.delay_s)
            reply = (
                scripted
                if scripted.body is not None or scripted.drop or scripted.status != 200
                else reply
            )
        shown = None if reply.drop else reply.body
        self.calls.append(Call(method, body, headers, at, reply.status, shown))
        return reply

    def _proper(self, method: str, body: dict[str, Any], authorization: str) -> dict[str, Any]:
        try:
            if method.startswith("response/"):
                return self._respond(method.removeprefix("response/"), body)
            if method == "apps.connections.open":
                if authorization != f"Bearer {APP_TOKEN}":
                    raise Refused("invalid_auth")
                return {"ok": True, "url": self.socket.url}
            if authorization != f"Bearer {BOT_TOKEN}":
                raise Refused("invalid_auth")
            return self.answer(method, body)
        except Refused as refused:
            return {"ok": False, "error": refused.args[0]}

    def _respond(self, name: str, body: dict[str, Any]) -> dict[str, Any]:
        if name not in self._responses:
            raise Refused("used_url")
        channel, user, ts = self._responses[name]
        only_for = "" if body.get("response_type") == "in_channel" else user
        blocks, text = body.get("blocks") or [], str(body.get("text") or "")
        if body.get("replace_original") and (channel, ts) in self.messages:
            old = self.messages[channel, ts]
            old.text, old.blocks = text, blocks
        elif not body.get("delete_original"):
            said = Message(channel, self.new_ts(), BOT_USER, text, blocks, only_for=only_for)
            self.keep(said)
        return {"ok": True}


def _as_seen(message: Message | None, ts: str) -> dict[str, Any]:
    if message is None:
        return {"type": "message", "ts": ts, "user": "U0GONE", "text": ""}
    seen = {"type": "message", "ts": message.ts, "user": message.user, "text": message.text}
    if message.user == BOT_USER:
        seen["bot_id"] = BOT_ID
    return {**seen, "thread_ts": message.thread_ts or message.ts}


def _encoded(kind: str, body: dict[str, Any]) -> tuple[bytes, str]:
    if kind == "events_api":
        return json.dumps(body).encode(), "application/json"
    fields = body if kind == "slash_commands" else {"payload": json.dumps(body)}
    return urlencode(fields).encode(), "application/x-www-form-urlencoded"


class _Http(ThreadingHTTPServer):
    slack: SlackServer
    daemon_threads = True
    # Twenty streams at once open that many connections in a moment.
    request_queue_size = 256


class _Handler(BaseHTTPRequestHandler):
    server: _Http
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        if self.server.slack.is_down:
            self.close_connection = True
            return
        length = int(self.headers.get("content-length") or 0)
        raw = self.rfile.read(length).decode()
        if "json" in self.headers.get("content-type", ""):
            body: dict[str, Any] = json.loads(raw) if raw else {}
        else:
            body = dict(parse_qsl(raw, keep_blank_values=True))
        path = self.path.partition("?")[0]
        body |= dict(parse_qsl(self.path.partition("?")[2]))
        method = path.removeprefix("/api/").removeprefix("/")
        headers = {name.lower(): value for name, value in self.headers.items()}
        reply = self.server.slack.take(method, decoded(body), headers)
        if reply.drop:
            self.close_connection = True
            return
        said = json.dumps(reply.body if reply.body is not None else {"ok": False}).encode()
        with suppress(ConnectionError):
            self.send_response(reply.status)
            self.send_header("content-type", "application/json; charset=utf-8")
            self.send_header("content-length", str(len(said)))
            self.send_header("x-oauth-scopes", self.server.slack.scopes)
            for name, value in reply.headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(said)

    do_GET = do_POST

    def log_message(self, format: str, *args: Any) -> None:
        del format, args  # a test's output is its own


@contextmanager
def slack_server() -> Iterator[SlackServer]:
    """Run a scripted Slack for the block."""
    slack = SlackServer()
    slack.start()
    try:
        yield slack
    finally:
        slack.close()
