"""Tells from what Slack sends whether it is a question for the bot, and what makes it the same as another; pure.

A question is a mention, a direct message, a message in a thread that the bot was mentioned in, a question in a channel
whose settings want those answered, a slash command, or the message shortcut. Everything else is somebody else's talk.
"""

import hashlib
import re
from collections.abc import Callable, Mapping
from typing import Any

from app.slack.channels import ChannelsFile
from app.slack.inbox import Arrival
from app.slack.manifest import ASK_SHORTCUT
from app.slack.markup import question_words
from app.slack.places import IncomingKind
from core.errors import FootnoteError
from core.log import get_logger

_log = get_logger(__name__)

InThread = Callable[[str, str, str], bool]
"""Whether the bot answered in a thread before, by team, channel and the thread's ts."""

# An upload with words is a message of its own kind, and one that is shown in the channel as well.
_SUBTYPES = (None, "file_share", "thread_broadcast")
_SLACKBOT = "USLACKBOT"
_QUESTION_MARK = re.compile(r"[?？؟]")
# A question mark in it begins its parameters.
_ADDRESS = re.compile(r"\w{1,32}://\S+")
_PERSON = re.compile(r"<@[UW][A-Z0-9]+(?:\|[^<>]*)?>")


class Arrivals:
    """Sorts what comes for one bot user; looks at the channels file and at the bot's threads, nothing else."""

    def __init__(self, bot_user: str, channels: ChannelsFile, in_thread: InThread) -> None:
        self._bot_user = bot_user
        self._channels = channels
        self._in_thread = in_thread

    def of(self, body: Mapping[str, Any]) -> Arrival | None:
        """Return the question in a payload of any kind, None where there is none for the bot."""
        if isinstance(body.get("event"), Mapping):
            return self._of_event(body, body["event"])
        if "command" in body:
            return self._of_command(body)
        if body.get("type") == "message_action" and body.get("callback_id") == ASK_SHORTCUT:
            return self._of_shortcut(body)
        return None

    def _of_event(self, body: Mapping[str, Any], event: Mapping[str, Any]) -> Arrival | None:
        if event.get("type") not in ("app_mention", "message") or not self._is_a_persons(event):
            return None
        team, channel, ts = team_of(body), _text(event, "channel"), _text(event, "ts")
        thread_ts = _text(event, "thread_ts")
        said = _text(event, "text")
        text = question_words(said, self._bot_user)
        if not (team and channel and ts):
            return None
        kind = self._kind(event, said, text, (team, channel, thread_ts))
        # Who calls the bot and says nothing, or sends it a file without a word, is told to ask something.
        has_called = kind in ("mention", "direct") and bool(said.strip() or event.get("files"))
        if kind is None or not (text or has_called):
            return None
        place = {"team": team, "channel": channel, "thread_ts": thread_ts or ts, "ts": ts}
        who = {
            "user": _text(event, "user"),
            "user_team": _text(event, "user_team") or _text(event, "team") or team,
            "is_direct": kind == "direct",
            "is_shared": body.get("is_ext_shared_channel") is True,
        }
        event_key = _text(body, "event_id") or f"message:{team}:{channel}:{ts}"
        series = f"{team}:{channel}:{place['thread_ts']}:{who['user']}"
        said_it = {**place, **who, "text": text}
        return Arrival(event_key, f"{team}:{channel}:{ts}", kind, said_it, series)

    def _is_a_persons(self, event: Mapping[str, Any]) -> bool:
        user = event.get("user")
        return (
            isinstance(user, str)
            and user not in ("", _SLACKBOT, self._bot_user)
            and not event.get("bot_id")
            and not event.get("bot_profile")
            and not event.get("hidden")
            and event.get("subtype") in _SUBTYPES
        )

    def _kind(
        self, event: Mapping[str, Any], said: str, text: str, thread: tuple[str, str, str]
    ) -> IncomingKind | None:
        if event.get("channel_type") == "im":
            return "direct"
        channel = thread[1]
        called = {match[0][2:-1].partition("|")[0] for match in _PERSON.finditer(said)}
        is_addressed = event["type"] == "app_mention" or self._bot_user in called
        try:
            wanted = self._channels.of(channel).answer
        except FootnoteError as error:
            _log.warning("slack_channels_not_read", problem=type(error).__name__)
            # Who asks the bot is told that something is wrong; nobody else is answered.
            return "mention" if is_addressed else None
        if wanted == "off":
            return None
        if is_addressed:
            return "mention"
        if called:
            # Somebody else is asked.
            return None
        if thread[2] and self._in_thread(*thread):
            return "thread"
        if (
            wanted == "questions"
            and not thread[2]
            and _QUESTION_MARK.search(_ADDRESS.sub(" ", text))
        ):
            return "thread"
        return None

    def _of_command(self, body: Mapping[str, Any]) -> Arrival | None:
        text = question_words(_text(body, "text"), self._bot_user)
        where = (_text(body, "team_id"), _text(body, "channel_id"), _text(body, "user_id"))
        return self._private("command", body, where, text)

    def _of_shortcut(self, body: Mapping[str, Any]) -> Arrival | None:
        message, user, channel = (_part(body, name) for name in ("message", "user", "channel"))
        text = question_words(_text(message, "text"), self._bot_user)
        where = (team_of(body), _text(channel, "id"), _text(user, "id"))
        return self._private("shortcut", body, where, text, _text(user, "team_id"))

    def _private(
        self,
        kind: IncomingKind,
        body: Mapping[str, Any],
        where: tuple[str, str, str],
        text: str,
        user_team: str = "",
    ) -> Arrival | None:
        """Return a question that is answered to the asker alone."""
        trigger = _text(body, "trigger_id")
        if not (text and trigger and all(where)):
            return None
        # A trigger opens a view for its user: it is not kept as it is.
        key = f"{kind}:{hashlib.sha256(trigger.encode()).hexdigest()[:32]}"
        team, channel, user = where
        asked = {"team": team, "channel": channel, "thread_ts": "", "ts": "", "user": user}
        more = {"user_team": user_team or team, "response_url": _text(body, "response_url")}
        return Arrival(key, key, kind, {**asked, **more, "text": text, "is_direct": False})


def team_of(body: Mapping[str, Any]) -> str:
    """Return the workspace that the bot is installed in: in shared channels a message can come from another."""
    authorizations = body.get("authorizations")
    if isinstance(authorizations, list) and authorizations:
        first = authorizations[0]
        if isinstance(first, Mapping) and _text(first, "team_id"):
            return _text(first, "team_id")
    return _text(_part(body, "team"), "id") or _text(body, "team_id")


def _text(part: Mapping[str, Any], name: str) -> str:
    value = part.get(name)
    return value if isinstance(value, str) else ""


def _part(body: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    value = body.get(name)
    return value if isinstance(value, Mapping) else {}
