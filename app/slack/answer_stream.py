"""One answer as it grows in Slack: status, stages, text, and in the end the checked answer in its place.

    stage ─▶ status line, task cards     ┐ app.slack.live_text: streamed, rotated before Slack's five minutes,
    grow  ─▶ text in batches             ┘ posted and updated where there are no streams
    finish, interrupted ─▶ app.slack.posting: every message gets its part of the checked answer, whatever was shown
    only for the asker  ─▶ app.slack.whispering: sent once, at the end

A failed call never ends the answer. Every word arrives once in the end, except where Slack neither says whether it took
a message nor lets us look for it: then twice rather than never. Used by one thread.
"""

import time
from collections.abc import Callable, Sequence

from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError

from app.chat_view import clipped
from app.slack.blocks import (
    Block,
    SourceLinks,
    answer_blocks,
    below_blocks,
    fallback_text,
    notice,
)
from app.slack.live_text import LiveText
from app.slack.markup import MarkdownPieces, markdown, mrkdwn
from app.slack.places import Place
from app.slack.posting import Part, Posting
from app.slack.sending import Refused, SlackCalls, Sleep
from app.slack.splitting import split
from app.slack.whispering import Whispering
from core.answers import Answer

_NOTICE_CHARS = 200
_STAGE_CHARS = 100


def _nobody_knows(ts: str) -> bool:
    del ts
    return False


class AnswerStream:
    """Shows one answer; `on_posted` is told every message and its number, `is_known` says that one is another's.

    `asked_ts` is the message that asked. Nothing raises but the end: `finish` and `interrupted`, which can be called
    again.
    """

    def __init__(
        self,
        client: WebClient,
        place: Place,
        asker_user: str,
        asker_team: str,
        links: SourceLinks,
        on_posted: Callable[[str, int], None],
        clock: Callable[[], float] = time.monotonic,
        *,
        sleep: Sleep = time.sleep,
        response_url: str = "",
        with_escalation: bool = False,
        asked_ts: str = "",
        is_known: Callable[[str], bool] = _nobody_knows,
    ) -> None:
        self._place = place
        self._links = links
        self._on_posted = on_posted
        self._with_escalation = with_escalation
        self._calls = SlackCalls(client, sleep)
        self._posting = Posting(self._calls, place, on_posted, is_known, asked_ts)
        self._is_whispered = place.kind == "ephemeral"
        self._live = LiveText(
            self._calls,
            self._posting,
            (asker_user, asker_team),
            clock,
            streams=bool(place.thread_ts) and not self._is_whispered,
        )
        self._whispering = Whispering(client, self._calls, place, asker_user, response_url)
        self._pieces = MarkdownPieces(links.hosts)
        self._has_status = False

    @property
    def posted(self) -> tuple[str, ...]:
        """The messages that show the answer, oldest first; none for an answer that only the asker sees."""
        return tuple(self._posting.posted)

    def resume(self, ts: str) -> None:
        """Go on with a message that a process which is gone had begun: it is where the answer will be."""
        if self._is_whispered:
            return
        self._live.give_up()
        self._posting.note(ts)
        self._calls.attempt("chat.stopStream", {"channel": self._place.channel, "ts": ts})

    def stage(self, words: str) -> None:
        """Say what is done now."""
        if self._is_whispered:
            return
        if not self._live.is_streaming:
            self._say_status(words)
        self._live.stage(clipped(words, _STAGE_CHARS))

    def grow(self, text: str) -> None:
        """Take the next words of the text; what is not certain to be harmless yet is held back."""
        if not self._is_whispered:
            self._live.grow(self._pieces.feed(text))

    def finish(self, answer: Answer, is_private: bool) -> None:
        """Show the checked answer, in as many messages as it needs, instead of what was shown so far.

        Raises:
            SlackApiError: Slack does not take it here.
            SlackUnreachable: Slack does not answer.
        """
        messages = answer_blocks(
            answer, self._links, is_private=is_private, with_escalation=self._with_escalation
        )
        below = below_blocks(
            answer, self._links, is_private=is_private, with_escalation=self._with_escalation
        )
        first = fallback_text(answer)
        self._end(
            [_part(blocks, "" if number else first) for number, blocks in enumerate(messages)],
            below,
        )

    def interrupted(self, sentence: str) -> None:
        """Say that there will be no answer, behind the text that was there already.

        Raises:
            SlackApiError: Slack does not take it here.
            SlackUnreachable: Slack does not answer.
        """
        text, self._pieces = self._live.text + self._pieces.finish(), MarkdownPieces()
        self._live.text = text
        said = notice(sentence)
        words = mrkdwn(clipped(sentence, _NOTICE_CHARS))
        texts = [markdown(part, self._links.hosts) for part in split(text)]
        found = [_part([{"type": "markdown", "text": part}], "") for part in texts if part.strip()]
        before = found.pop() if found else Part((), "", "")
        last = f"{before.markdown}\n\n{markdown(sentence)}".strip()
        self._end([*found, Part((*before.blocks, *said), last, words)], said)

    def leave(self) -> None:
        """Take the status away: nothing was shown, and whoever asked was told elsewhere."""
        if not self._is_whispered:
            self._say_status("")

    def _end(self, shown: Sequence[Part], below: Sequence[Block]) -> None:
        try:
            if self._is_whispered:
                for number, name in enumerate(self._whispering.send(shown)):
                    self._on_posted(name, number)
                return
            self._live.stop(below)
            self._posting.settle(shown)
        except Refused as refusal:
            if isinstance(refusal.__cause__, SlackApiError):
                raise refusal.__cause__ from None
            raise
        if self._has_status:
            self._say_status("")

    def _say_status(self, words: str) -> None:
        if self._place.thread_ts:
            where = {"channel_id": self._place.channel, "thread_ts": self._place.thread_ts}
            self._calls.attempt("assistant.threads.setStatus", {**where, "status": words})
            self._has_status = bool(words)


def _part(blocks: Sequence[Block], words: str) -> Part:
    text = next((str(block["text"]) for block in blocks if block["type"] == "markdown"), "")
    return Part(tuple(blocks), text, words or mrkdwn(clipped(text, _NOTICE_CHARS)))
