"""A workspace as Slack keeps it: people, channels, messages, streams and views, changed by Web API methods.

Only what the bot uses is there, with the rules that bite: a stream takes appends only until it is stopped or five minutes
old, `markdown_text` has 12,000 characters and no `text` or `blocks` beside it, a trigger opens one view.
"""

import importlib.util
import itertools
import json
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, Literal

TEAM = "T0FOOT"
BOT_USER = "U0BOT"
BOT_ID = "B0BOT"
MARKDOWN_CHARS = 12_000
STREAM_S = 300.0
TEXT_CHARS = 40_000
UPDATED_TEXT_CHARS = 4_000

ChannelKind = Literal["dm", "mpim", "private", "public", "external"]


class Refused(Exception):
    """Slack answers with `ok: false`; the first argument is the word in `error`."""


@dataclass
class Person:
    """One account, as `users.info` tells it."""

    user: str
    email: str = ""
    name: str = ""
    team: str = TEAM
    deleted: bool = False
    is_bot: bool = False
    is_stranger: bool = False
    is_restricted: bool = False
    is_ultra_restricted: bool = False
    is_email_confirmed: bool = True

    def as_slack(self) -> dict[str, Any]:
        """Return the `user` of `users.info`."""
        profile = {"real_name": self.name or self.user, "display_name": self.name or self.user}
        if self.email:
            profile["email"] = self.email
        return {
            "id": self.user,
            "team_id": self.team,
            "name": self.user.lower(),
            "deleted": self.deleted,
            "is_bot": self.is_bot,
            "is_stranger": self.is_stranger,
            "is_restricted": self.is_restricted,
            "is_ultra_restricted": self.is_ultra_restricted,
            "is_email_confirmed": self.is_email_confirmed,
            "tz": "Europe/Berlin",
            "locale": "en-GB",
            "profile": profile,
        }


@dataclass
class Channel:
    """One place to talk in, as `conversations.info` tells it; `has_bot` says whether the bot is a member."""

    channel: str
    kind: ChannelKind = "public"
    members: list[str] = field(default_factory=list)
    name: str = ""
    has_bot: bool = True

    def as_slack(self) -> dict[str, Any]:
        """Return the `channel` of `conversations.info`."""
        return {
            "id": self.channel,
            "name": self.name or self.channel.lower(),
            "is_im": self.kind == "dm",
            "is_mpim": self.kind == "mpim",
            "is_channel": self.kind in ("public", "external"),
            "is_group": self.kind == "private",
            "is_private": self.kind in ("dm", "mpim", "private"),
            "is_shared": self.kind == "external",
            "is_ext_shared": self.kind == "external",
            "is_member": self.has_bot,
            "is_archived": False,
            **({"user": self.members[0]} if self.kind == "dm" and self.members else {}),
        }


@dataclass
class Message:
    """One message; `only_for` is the one person who sees an ephemeral one."""

    channel: str
    ts: str
    user: str
    text: str = ""
    blocks: list[dict[str, Any]] = field(default_factory=list)
    thread_ts: str = ""
    is_streaming: bool = False
    is_streamed: bool = False
    started_at: float = 0.0
    only_for: str = ""
    metadata: dict[str, Any] | None = None
    updates: int = 0

    def as_slack(self, *, with_metadata: bool) -> dict[str, Any]:
        """Return the message as a history shows it."""
        said: dict[str, Any] = {"type": "message", "user": self.user, "text": self.text}
        if self.user == BOT_USER:
            said["bot_id"] = BOT_ID
        if with_metadata and self.metadata:
            said["metadata"] = self.metadata
        return {
            **said,
            "ts": self.ts,
            "thread_ts": self.thread_ts or self.ts,
            "blocks": self.blocks,
        }

    def shown(self) -> str:
        """Return what a person sees: the streamed text and the blocks under it, else the blocks, else the text."""
        drawn = "\n".join(block_words(self.blocks))
        if self.is_streamed:
            return "\n".join(part for part in (self.text, drawn) if part)
        return drawn or self.text


def block_words(part: Any) -> Iterator[str]:
    """Yield every text that blocks show, in order; values and ids are not shown."""
    if isinstance(part, list):
        for item in part:
            yield from block_words(item)
    elif isinstance(part, dict):
        for key, value in part.items():
            if key in ("text", "alt_text", "title", "details", "output") and isinstance(value, str):
                yield value
            elif isinstance(value, dict | list):
                yield from block_words(value)


class Workspace:
    """Everything that Slack would know; `answer` is one call of a Web API method."""

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self.clock = clock
        self.stream_s = STREAM_S
        self.scopes = "app_mentions:read,chat:write,commands,im:history,users:read,users:read.email"
        self.people: dict[str, Person] = {}
        self.channels: dict[str, Channel] = {}
        self.messages: dict[tuple[str, str], Message] = {}
        self.statuses: list[tuple[str, str, str]] = []
        self.prompts: list[dict[str, Any]] = []
        self.homes: dict[str, dict[str, Any]] = {}
        self.views: dict[str, dict[str, Any]] = {}
        self.problems: list[str] = []
        self._triggers: dict[str, bool] = {}
        self._numbers = itertools.count(1)
        self._lock = threading.RLock()

    def new_ts(self) -> str:
        """Return the next message's ts; later ones sort behind earlier ones."""
        return f"{int(self.clock())}.{next(self._numbers):06d}"

    def new_trigger(self) -> str:
        """Return a trigger that opens one view."""
        trigger = f"trigger-{next(self._numbers)}"
        self._triggers[trigger] = False
        return trigger

    def keep(self, message: Message) -> Message:
        """Store a message."""
        with self._lock:
            self.messages[message.channel, message.ts] = message
        return message

    def answer(self, method: str, body: dict[str, Any]) -> dict[str, Any]:
        """Do what a method does.

        Raises:
            Refused: Slack would not do it.
        """
        name = "_" + method.replace(".", "_").lower()
        do = getattr(self, name, None)
        if do is None:
            raise Refused("unknown_method")
        with self._lock:
            self._check_payload(method, body)
            result: dict[str, Any] = do(body)
        return {"ok": True, **result}

    def _check_payload(self, method: str, body: dict[str, Any]) -> None:
        found = _limit_problems({**body, "_method": method})
        self.problems.extend(f"{method}: {problem}" for problem in found)
        if found:
            raise Refused("invalid_blocks")

    # --- who and where ------------------------------------------------------------------------------------------

    def _auth_test(self, body: dict[str, Any]) -> dict[str, Any]:
        names = {"team": "Footnote tests", "user": "footnote", "url": "https://slack.invalid/"}
        return {**names, "team_id": TEAM, "user_id": BOT_USER, "bot_id": BOT_ID}

    def _users_info(self, body: dict[str, Any]) -> dict[str, Any]:
        person = self.people.get(body.get("user", ""))
        if person is None:
            raise Refused("user_not_found")
        return {"user": person.as_slack()}

    def _users_lookupbyemail(self, body: dict[str, Any]) -> dict[str, Any]:
        asked = str(body.get("email", "")).lower()
        for person in self.people.values():
            # Also accounts that Slack would not tell of: the bot has to look for itself.
            if person.email.lower() == asked:
                return {"user": person.as_slack()}
        raise Refused("users_not_found")

    def _conversations_info(self, body: dict[str, Any]) -> dict[str, Any]:
        return {"channel": self._channel(body).as_slack()}

    def _conversations_members(self, body: dict[str, Any]) -> dict[str, Any]:
        return {"members": self._channel(body).members, "response_metadata": {"next_cursor": ""}}

    def _conversations_open(self, body: dict[str, Any]) -> dict[str, Any]:
        user = str(body.get("users", ""))
        for channel in self.channels.values():
            if channel.kind == "dm" and channel.members[:1] == [user]:
                return {"channel": {"id": channel.channel}}
        made = Channel(f"D{user[1:]}", "dm", [user])
        self.channels[made.channel] = made
        return {"channel": {"id": made.channel}}

    def _conversations_replies(self, body: dict[str, Any]) -> dict[str, Any]:
        root = str(body.get("ts", ""))
        found = self._history(body, lambda m: root in (m.ts, m.thread_ts))
        if not found:
            raise Refused("thread_not_found")
        return {"messages": found, "has_more": False}

    def _conversations_history(self, body: dict[str, Any]) -> dict[str, Any]:
        found = self._history(body, lambda m: not m.thread_ts)
        return {"messages": found[::-1], "has_more": False}

    def _history(
        self, body: dict[str, Any], is_there: Callable[[Message], bool]
    ) -> list[dict[str, Any]]:
        channel, oldest = self._channel(body).channel, str(body.get("oldest") or "")
        return [
            message.as_slack(
                with_metadata=str(body.get("include_all_metadata")) in ("1", "true", "True")
            )
            for (where, ts), message in sorted(self.messages.items())
            if where == channel and ts > oldest and not message.only_for and is_there(message)
        ]

    def _channel(self, body: dict[str, Any]) -> Channel:
        channel = self.channels.get(str(body.get("channel", "")))
        if channel is None:
            raise Refused("channel_not_found")
        return channel

    # --- messages -----------------------------------------------------------------------------------------------

    def _chat_postmessage(self, body: dict[str, Any]) -> dict[str, Any]:
        message = self._made(body, TEXT_CHARS)
        return {"channel": message.channel, "ts": message.ts, "message": {"text": message.text}}

    def _chat_postephemeral(self, body: dict[str, Any]) -> dict[str, Any]:
        message = self._made(body, TEXT_CHARS)
        message.only_for = str(body.get("user", ""))
        if message.only_for not in self.people:
            raise Refused("user_not_found")
        return {"message_ts": message.ts}

    def _made(self, body: dict[str, Any], text_chars: int) -> Message:
        if body.get("channel") in self.people:
            # A person's id stands for the conversation of the two.
            body = {**body, "channel": f"D{str(body['channel'])[1:]}"}
        channel = self._channel(body)
        if not channel.has_bot:
            raise Refused("not_in_channel")
        text = _text(body, text_chars)
        blocks = body.get("blocks") or []
        if not text and not blocks:
            raise Refused("no_text")
        message = Message(channel.channel, self.new_ts(), BOT_USER, text, blocks)
        message.thread_ts = str(body.get("thread_ts") or "")
        message.metadata = body.get("metadata")
        return self.keep(message)

    def _chat_update(self, body: dict[str, Any]) -> dict[str, Any]:
        message = self._own(body)
        if message.is_streaming and not self._is_streaming(message):
            message.is_streaming = False
        if message.is_streaming:
            raise Refused("streaming_state_conflict")
        text = _text(body, UPDATED_TEXT_CHARS)
        if text:
            message.text = text
        if body.get("blocks") is not None:
            # They take the place of everything, of what was streamed too.
            message.blocks, message.is_streamed = body["blocks"], False
        elif body.get("markdown_text"):
            message.blocks = []
        message.updates += 1
        return {"channel": message.channel, "ts": message.ts, "text": message.text}

    def _chat_delete(self, body: dict[str, Any]) -> dict[str, Any]:
        message = self._own(body)
        del self.messages[message.channel, message.ts]
        return {"channel": message.channel, "ts": message.ts}

    def _chat_getpermalink(self, body: dict[str, Any]) -> dict[str, Any]:
        channel, ts = self._channel(body).channel, str(body.get("message_ts", ""))
        if (channel, ts) not in self.messages:
            raise Refused("message_not_found")
        digits = ts.replace(".", "")
        return {"permalink": f"https://slack.invalid/archives/{channel}/p{digits}"}

    def _own(self, body: dict[str, Any]) -> Message:
        message = self.messages.get((self._channel(body).channel, str(body.get("ts", ""))))
        if message is None:
            raise Refused("message_not_found")
        if message.user != BOT_USER:
            raise Refused("cant_update_message")
        return message

    # --- streams ------------------------------------------------------------------------------------------------

    def _chat_startstream(self, body: dict[str, Any]) -> dict[str, Any]:
        channel = self._channel(body)
        if not body.get("thread_ts"):
            raise Refused("invalid_thread_ts")
        if channel.kind != "dm" and not (
            body.get("recipient_user_id") and body.get("recipient_team_id")
        ):
            raise Refused("missing_recipient_user_id")
        if not channel.has_bot:
            raise Refused("not_in_channel")
        message = Message(channel.channel, self.new_ts(), BOT_USER, _streamed(body))
        message.thread_ts = str(body["thread_ts"])
        message.is_streaming = message.is_streamed = True
        message.started_at = self.clock()
        self.keep(message)
        return {"channel": channel.channel, "ts": message.ts}

    def _chat_appendstream(self, body: dict[str, Any]) -> dict[str, Any]:
        message = self._in_stream(body)
        message.text += _streamed(body)
        return {"channel": message.channel, "ts": message.ts}

    def _chat_stopstream(self, body: dict[str, Any]) -> dict[str, Any]:
        message = self._in_stream(body)
        message.text += _streamed(body)
        message.blocks = body.get("blocks") or []
        message.metadata = body.get("metadata")
        message.is_streaming = False
        return {"channel": message.channel, "ts": message.ts, "message": {"text": message.text}}

    def _in_stream(self, body: dict[str, Any]) -> Message:
        message = self._own(body)
        if not self._is_streaming(message):
            message.is_streaming = False
            raise Refused("message_not_in_streaming_state")
        return message

    def _is_streaming(self, message: Message) -> bool:
        return message.is_streaming and self.clock() - message.started_at < self.stream_s

    def _assistant_threads_setstatus(self, body: dict[str, Any]) -> dict[str, Any]:
        where = (str(body.get("channel_id", "")), str(body.get("thread_ts", "")))
        self._channel({"channel": where[0]})
        self.statuses.append((*where, str(body.get("status", ""))))
        return {}

    def _assistant_threads_setsuggestedprompts(self, body: dict[str, Any]) -> dict[str, Any]:
        self.prompts.append(body)
        return {}

    # --- views --------------------------------------------------------------------------------------------------

    def _views_open(self, body: dict[str, Any]) -> dict[str, Any]:
        trigger = str(body.get("trigger_id", ""))
        if trigger not in self._triggers:
            raise Refused("invalid_trigger_id")
        if self._triggers[trigger]:
            raise Refused("exchanged_trigger_id")
        self._triggers[trigger] = True
        return self._kept_view(f"V{next(self._numbers)}", body["view"])

    def _views_update(self, body: dict[str, Any]) -> dict[str, Any]:
        if str(body.get("view_id", "")) not in self.views:
            raise Refused("not_found")
        return self._kept_view(str(body["view_id"]), body["view"])

    def _views_publish(self, body: dict[str, Any]) -> dict[str, Any]:
        user = str(body.get("user_id", ""))
        if user not in self.people:
            raise Refused("user_not_found")
        self.homes[user] = body["view"]
        return {"view": {"id": f"VH{user}", **body["view"]}}

    def _kept_view(self, view_id: str, view: dict[str, Any]) -> dict[str, Any]:
        if len(view.get("private_metadata", "")) > 3000:
            raise Refused("invalid_arguments")
        self.views[view_id] = {"id": view_id, "hash": "1", "team_id": TEAM, **view}
        return {"view": self.views[view_id]}


def decoded(body: dict[str, Any]) -> dict[str, Any]:
    """Return a form's fields with those that are JSON (blocks, view, metadata, chunks) read."""
    read = dict(body)
    for name in ("blocks", "view", "metadata", "chunks", "prompts", "attachments"):
        if isinstance(read.get(name), str):
            read[name] = json.loads(read[name])
    return read


def _text(body: dict[str, Any], text_chars: int) -> str:
    markdown = str(body.get("markdown_text") or "")
    if markdown and (body.get("text") or body.get("blocks")):
        raise Refused("markdown_text_conflict")
    if len(markdown) > MARKDOWN_CHARS or len(str(body.get("text") or "")) > text_chars:
        raise Refused("msg_too_long")
    return markdown or str(body.get("text") or "")


def _streamed(body: dict[str, Any]) -> str:
    pieces = [str(body.get("markdown_text") or "")]
    pieces += [
        str(chunk.get("text", ""))
        for chunk in body.get("chunks") or []
        if chunk.get("type") == "markdown_text"
    ]
    if any(len(piece) > MARKDOWN_CHARS for piece in pieces):
        raise Refused("msg_too_long")
    return "".join(pieces)


def _limit_problems(payload: dict[str, Any]) -> list[str]:
    """Check a payload against Slack's documented limits, as `app.slack.blocks.limits` has them."""
    if importlib.util.find_spec("app.slack.blocks") is None:
        return []
    if importlib.util.find_spec("app.slack.blocks.limits") is None:
        return []
    from app.slack.blocks.limits import problems

    payload.pop("_method")
    return list(problems(payload))
