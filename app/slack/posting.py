"""Posts and changes the messages of one answer, so that each is there once and has every word in the end.

A message that Slack may or may not have taken is looked for before it is sent again: by an opaque key in its metadata, or
in the thread as the newest message of ours that nobody knows. Where Slack does not let us look, it is sent again: a
message twice is better than an answer never.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

from app.slack.blocks import Block
from app.slack.places import Place
from app.slack.sending import Refused, SlackCalls, SlackUnreachable, Unclear

Call = Callable[[str, Mapping[str, Any]], Mapping[str, Any]]

_EVENT = "footnote_answer"
_MOST_TRIES = 4
_LOOKED_AT = 100
_BEGINNING = 40
NOT_DRAWN = frozenset(
    ("invalid_blocks", "invalid_blocks_format", "block_mismatch", "msg_blocks_too_long")
)
"""Slack's words for blocks that it does not take; the same message without them is taken."""


@dataclass(frozen=True, slots=True)
class Part:
    """One message: its blocks, its Markdown where Slack does not take the blocks, and what notifications say."""

    blocks: tuple[Block, ...]
    markdown: str
    notice: str

    def body(self) -> dict[str, Any]:
        """Return the fields of a call that shows it; nobody is notified by its words, nothing is linked by them."""
        if not self.blocks:
            return {"markdown_text": self.markdown}
        return {
            "blocks": list(self.blocks),
            "text": self.notice,
            "parse": "none",
            "link_names": False,
        }

    def plain(self) -> "Part":
        """Return it without blocks."""
        return Part((), self.markdown or self.notice, self.notice)


@dataclass(slots=True)
class Posting:
    """The messages of one answer in one place, oldest first; `is_known` says that a message is another answer's."""

    calls: SlackCalls
    place: Place
    on_posted: Callable[[str, int], None]
    is_known: Callable[[str], bool]
    since: str = ""
    posted: list[str] = field(default_factory=list)
    _bot: str = ""

    def note(self, ts: str) -> None:
        """Count a message as ours."""
        self.posted.append(ts)
        self.on_posted(ts, len(self.posted) - 1)

    def post(self, part: Part, *, waits: bool = True) -> str:
        """Post a message once; return its ts.

        Raises:
            Refused: Slack does not take it here.
            Limited: Slack wants to be asked later, and this call does not wait.
            SlackUnreachable: Slack does not answer.
        """
        key = uuid4().hex
        body = {
            "channel": self.place.channel,
            "unfurl_links": False,
            "unfurl_media": False,
            "metadata": {"event_type": _EVENT, "event_payload": {"part": key}},
        }
        if self.place.thread_ts:
            body["thread_ts"] = self.place.thread_ts
        for _ in range(_MOST_TRIES):
            try:
                ts = self._drawn(body, part, self.calls.in_time if waits else self.calls.once)
            except Unclear:
                ts = self._with_key(key)
            if ts:
                self.note(ts)
                return ts
        raise SlackUnreachable

    def _drawn(self, body: Mapping[str, Any], part: Part, call: Call) -> str:
        """Post a message, without its blocks where Slack does not take them; return its ts."""
        try:
            reply = call("chat.postMessage", {**body, **part.body()})
        except Refused as refusal:
            if refusal.code not in NOT_DRAWN or not part.blocks:
                raise
            reply = call("chat.postMessage", {**body, **part.plain().body()})
        return str(reply.get("ts", ""))

    def change(self, ts: str, part: Part) -> bool:
        """Show other words in a message; False where it cannot be changed any more.

        Raises:
            SlackUnreachable: Slack does not answer.
        """
        body = {"channel": self.place.channel, "ts": ts}
        shown = part
        for _ in range(_MOST_TRIES):
            try:
                self.calls.repeated("chat.update", {**body, **shown.body()})
                return True
            except Refused as refusal:
                if refusal.code == "streaming_state_conflict":
                    self.calls.patiently("chat.stopStream", body)
                elif refusal.code in NOT_DRAWN and shown.blocks:
                    shown = part.plain()
                else:
                    return False
        return False

    def settle(self, parts: Sequence[Part]) -> None:
        """Make the messages show exactly these parts, in this order: changed, posted or taken away.

        Raises:
            Refused: Slack does not take them here.
            SlackUnreachable: Slack does not answer.
        """
        kept = 0
        for ts, part in zip(self.posted, parts, strict=False):
            if not self.change(ts, part):
                break
            kept += 1
        # What follows a message that cannot be changed is posted again behind the one that takes its place.
        for ts in self.posted[kept:]:
            self._take_away(ts)
        del self.posted[kept:]
        for part in parts[kept:]:
            self.post(part)

    def newest(self, sent: str) -> str:
        """Return the newest message of ours in the thread that nobody knows, '' where there is none.

        `sent` are the words it was begun with; those of a message that shows others are not taken for it.
        """
        begun = " ".join(sent.split())[:_BEGINNING]
        for message in reversed(self._messages()):
            ts = str(message.get("ts", ""))
            is_ours = self._bot_user() in (message.get("user"), message.get("bot_id"))
            if not is_ours or ts in self.posted or self.is_known(ts):
                continue
            shown = " ".join(str(message.get("text", "")).split())
            if not shown or not begun or shown.startswith(begun) or begun.startswith(shown):
                return ts
        return ""

    def _take_away(self, ts: str) -> None:
        body = {"channel": self.place.channel, "ts": ts}
        if not self.calls.attempt("chat.delete", body):
            self.calls.attempt("chat.update", {**body, "markdown_text": "…"})

    def _with_key(self, key: str) -> str:
        for message in self._messages():
            metadata = message.get("metadata") or {}
            if metadata.get("event_payload", {}).get("part") == key:
                return str(message["ts"])
        return ""

    def _messages(self) -> list[Mapping[str, Any]]:
        """Return the thread's messages since the question, oldest first; [] where Slack does not show them."""
        thread = self.place.thread_ts
        params = {
            "channel": self.place.channel,
            "include_all_metadata": "true",
            "limit": str(_LOOKED_AT),
        }
        if self.since:
            params["oldest"] = self.since
        if thread:
            params["ts"] = thread
        method = "conversations.replies" if thread else "conversations.history"
        try:
            found = self.calls.read(method, params).get("messages") or []
        except Refused:
            return []
        return sorted(found, key=lambda message: str(message.get("ts", "")))

    def _bot_user(self) -> str:
        if not self._bot:
            self._bot = str(self.calls.read("auth.test", {}).get("user_id", ""))
        return self._bot
