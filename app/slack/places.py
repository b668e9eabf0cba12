"""Where something was asked in Slack, what was asked, and who asked: plain values that every part passes on."""

from dataclasses import dataclass
from typing import Literal

from core.answers import Caller

PlaceKind = Literal["dm", "mpim", "private", "public", "external", "ephemeral"]
IncomingKind = Literal["mention", "direct", "thread", "command", "shortcut"]
Standing = Literal["member", "guest", "external", "refused"]
Audience = Literal["private", "channel"]


@dataclass(frozen=True, slots=True)
class Place:
    """Where an answer appears. `ephemeral` is any conversation in which only the asker sees the answer.

    `thread_ts` is the message that the thread hangs on, '' where there is none (a slash command).
    """

    team: str
    channel: str
    thread_ts: str
    kind: PlaceKind

    @property
    def is_private(self) -> bool:
        """Whether the asker alone reads what is written here."""
        return self.kind in ("dm", "ephemeral")

    @property
    def audience(self) -> Audience:
        """Who reads what is written here, as messages are noted."""
        return "private" if self.is_private else "channel"


@dataclass(frozen=True, slots=True)
class Incoming:
    """A question as it came from Slack; `text` is without the mention of the bot.

    `slack_team` is the workspace of the person, which is another than the place's for people of other companies.
    """

    inbox_id: str
    kind: IncomingKind
    place: Place
    ts: str
    slack_user: str
    slack_team: str
    text: str
    response_url: str = ""

    @property
    def is_addressed(self) -> bool:
        """Whether it was put to the bot: not a question of a channel that nobody asked it, nor talk in a thread."""
        return self.kind != "thread"

    @property
    def is_overheard(self) -> bool:
        """Whether it is a question of a channel that nobody put to the bot, also not by going on in its thread."""
        return not self.is_addressed and self.place.thread_ts == self.ts


@dataclass(frozen=True, slots=True)
class Asker:
    """Who asks, and with which rights. Whoever is refused has a caller without any.

    `refusal` is a sentence for this person alone; `can_link` says that a one-time address would help.
    """

    slack_user: str
    caller: Caller
    standing: Standing
    refusal: str = ""
    can_link: bool = False

    @property
    def is_refused(self) -> bool:
        """Whether this person gets nothing but the refusal."""
        return self.standing == "refused"
