"""The text of one answer while it grows: streamed, or posted and updated where Slack has no streams.

What is shown here may be late or broken off: the end shows everything once (`app.slack.posting`). So a stream that breaks
is not mended, and nothing here raises: the model is read to its end whatever Slack does.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from app.slack.blocks import Block
from app.slack.posting import Part, Posting
from app.slack.sending import Limited, Refused, SendingFailed, SlackCalls, SlackUnreachable, Unclear
from app.slack.splitting import MESSAGE_CHARS, parts, seam, size, split
from core.log import get_logger

_log = get_logger(__name__)

BUFFER_CHARS = 512
FLUSH_S = 0.8
"""Slack is called at most this often for one answer."""
SHORT_FLUSH_S = 2.0
"""How long fewer characters than a buffer wait."""
UPDATE_S = 3.0
"""The same where messages are updated, of which Slack takes fifty a minute."""
ROTATE_S = 240.0
"""Slack ends a stream after five minutes."""

Chunk = dict[str, Any]


@dataclass(slots=True)
class _Stream:
    """The stream that is open: since when, and how long its message is."""

    ts: str
    started_at: float
    length: int


class LiveText:
    """Shows what there is so far of one text; `text` only grows."""

    def __init__(
        self,
        calls: SlackCalls,
        posting: Posting,
        recipient: tuple[str, str],
        clock: Callable[[], float],
        *,
        streams: bool,
    ) -> None:
        self._calls = calls
        self._posting = posting
        self._recipient = recipient
        self._clock = clock
        self.text = ""
        self._sent = 0
        self._stream: _Stream | None = None
        self._streams = streams
        self._updates = False
        self._shown: list[str] = []
        self._called_at = float("-inf")
        self._not_before = float("-inf")
        self._stages = 0
        self._stage = ""

    @property
    def is_streaming(self) -> bool:
        """Whether a stream is open."""
        return self._stream is not None

    def give_up(self) -> None:
        """Show nothing more before the end."""
        self._streams = self._updates = False
        self._stream = None

    def stage(self, words: str) -> None:
        """Show a stage as a card of the stream; the one before is complete."""
        done = self._completed()
        self._stages += 1
        self._stage = words
        if self._streams:
            self._send([*done, _task(self._stages, words, "in_progress")])

    def grow(self, text: str) -> None:
        """Take the next text, and show it in time."""
        self.text += text
        waiting = len(self.text) - self._sent
        quiet = self._clock() - self._called_at
        if not waiting or quiet < FLUSH_S or (quiet < SHORT_FLUSH_S and waiting < BUFFER_CHARS):
            return
        if self._streams:
            self._stream_text()
        elif self._updates and quiet >= UPDATE_S:
            self._update_text()

    def stop(self, below: Sequence[Block]) -> None:
        """End the open stream, with blocks for a message that cannot be changed afterwards."""
        if self._stream is None:
            return
        body: dict[str, Any] = {"channel": self._posting.place.channel, "ts": self._stream.ts}
        done = self._completed()
        if below:
            body["blocks"] = list(below)
        self._calls.patiently("chat.stopStream", {**body, **({"chunks": done} if done else {})})
        self.give_up()

    def _completed(self) -> list[Chunk]:
        stage, self._stage = self._stage, ""
        return [_task(self._stages, stage, "complete")] if stage else []

    def _stream_text(self) -> None:
        while self._streams and self._sent < len(self.text):
            waiting = self.text[self._sent :]
            length = self._stream.length if self._stream else 0
            if length and size(waiting) > MESSAGE_CHARS - length:
                if not self._rotate():
                    return
                continue
            part = parts(waiting)[0]
            if not self._send([_text(waiting[: part.end])], part.end):
                return

    def _send(self, chunks: list[Chunk], length: int = 0) -> bool:
        """Send chunks, of which the text is the next so many characters; False where they were not taken."""
        now = self._clock()
        if now < self._not_before:
            return False
        is_old = self._stream is not None and now - self._stream.started_at >= ROTATE_S
        if is_old and not self._rotate():
            return False
        self._called_at = now
        stream = self._stream
        sent = self._append(stream, chunks) if stream else self._start(chunks)
        if sent and self._stream:
            self._stream.length += size(self.text[self._sent : self._sent + length])
            self._sent += length
        return sent

    def _append(self, stream: _Stream, chunks: list[Chunk]) -> bool:
        body = {"channel": self._posting.place.channel, "ts": stream.ts, "chunks": chunks}
        return self._took("chat.appendStream", body)

    def _rotate(self) -> bool:
        """End the open stream, so that the next text begins another message; False where that did not work."""
        if self._stream is None:
            return True
        body: dict[str, Any] = {"channel": self._posting.place.channel, "ts": self._stream.ts}
        closer, _ = seam(self.text, self._sent)
        chunks = [*([_text(closer)] if closer else []), *self._completed()]
        if chunks:
            body["chunks"] = chunks
        if not self._took("chat.stopStream", body):
            return False
        self._stream = None
        return True

    def _took(self, method: str, body: dict[str, Any]) -> bool:
        """Call a method on the open stream; False where it is to be tried later, or never again."""
        try:
            self._calls.once(method, body)
        except Limited as limit:
            self._not_before = self._clock() + limit.wait_s
            return False
        except SendingFailed as failure:
            # Slack ended it, or nobody knows what is shown. Its text is frozen until the end.
            self._break_off(method, failure)
            return False
        return True

    def _start(self, chunks: list[Chunk]) -> bool:
        place = self._posting.place
        _, opener = seam(self.text, self._sent) if self._sent else ("", "")
        opened = [_text(opener), *chunks] if opener else chunks
        body: dict[str, Any] = {
            "channel": place.channel,
            "thread_ts": place.thread_ts,
            "chunks": opened,
        }
        if place.kind != "dm":
            body["recipient_user_id"], body["recipient_team_id"] = self._recipient
        try:
            ts = str(self._calls.once("chat.startStream", body).get("ts", ""))
        except Limited as limit:
            self._not_before = self._clock() + limit.wait_s
            return False
        except Unclear as failure:
            self._break_off("chat.startStream", failure)
            self._adopt(opened)
            return False
        except SendingFailed as failure:
            # No streams in this workspace, or in this kind of place.
            self._break_off("chat.startStream", failure)
            self._updates = True
            return False
        self._posting.note(ts)
        self._stream = _Stream(ts, self._clock(), size(opener))
        return True

    def _adopt(self, chunks: Sequence[Chunk]) -> None:
        """Look for the message of a start that may have happened; without it, nothing was begun."""
        begun = "".join(str(chunk.get("text", "")) for chunk in chunks)
        try:
            ts = self._posting.newest(begun)
        except (Refused, SlackUnreachable):
            ts = ""
        if ts:
            self._posting.note(ts)
            self._calls.attempt(
                "chat.stopStream", {"channel": self._posting.place.channel, "ts": ts}
            )
        self._updates = True

    def _break_off(self, method: str, failure: Exception) -> None:
        _log.info(
            "slack_stream_broken_off", method=method, why=str(failure) or type(failure).__name__
        )
        if self._stream and isinstance(failure, Unclear):
            body = {"channel": self._posting.place.channel, "ts": self._stream.ts}
            self._calls.attempt("chat.stopStream", body)
        self.give_up()

    def _update_text(self) -> None:
        """Show the text so far in messages that are posted and updated."""
        if self._clock() < self._not_before:
            return
        self._called_at = self._clock()
        texts = split(self.text)
        for number, text in enumerate(texts):
            if self._shown[number : number + 1] == [text]:
                continue
            if not self._update(number, Part((), text, "")):
                return
            self._shown[number : number + 1] = [text]
        self._sent = len(self.text)

    def _update(self, number: int, part: Part) -> bool:
        """Show a part in its message without waiting for Slack; False where that is to be tried later, or never."""
        if number < len(self._posting.posted):
            where = {"channel": self._posting.place.channel, "ts": self._posting.posted[number]}
            return self._took("chat.update", {**where, **part.body()})
        try:
            self._posting.post(part, waits=False)
        except Limited as limit:
            self._not_before = self._clock() + limit.wait_s
            return False
        except (SendingFailed, SlackUnreachable) as failure:
            self._break_off("chat.postMessage", failure)
            return False
        return True


def _text(text: str) -> Chunk:
    return {"type": "markdown_text", "text": text}


def _task(number: int, words: str, status: str) -> Chunk:
    return {"type": "task_update", "id": f"stage-{number}", "title": words, "status": status}
