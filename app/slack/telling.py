"""Tells people in a direct message what became of their flags, so that nobody has to open Home for it.

    not seen yet, and a minute old ─▶ whose account (`app.slack.reaching`) ─▶ one message ─▶ marked as seen

A notice is marked as seen when Slack has taken its message: none is lost. One process at a time tells, and each reads what
is left when its turn comes, so that two of them tell nothing twice. Something is told twice only where a process is killed
between the two steps, or the connection broke while Slack took the message; whoever could not be told is tried again
after longer and longer waits. Until then Home and the web application show it.
"""

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from slack_sdk import WebClient

from app.application import Application
from app.notices import Notice
from app.slack.blocks.notices import several
from app.slack.blocks.text_objects import mrkdwn_within
from app.slack.identity import Identities
from app.slack.places import Asker
from app.slack.posting import Part
from app.slack.reaching import Reaching
from app.slack.sending import SendingFailed, SlackCalls, SlackUnreachable
from app.slack.turn import turn
from app.slack.worker import log_incident
from core.errors import FootnoteError
from core.log import get_logger
from core.moments import stamp, utc_now

_log = get_logger(__name__)

EVERY_S = 30.0
SETTLED_S = 60.0
"""How old a notice is before it is sent: a decision that is taken back at once takes its notice with it."""
MOST_AT_ONCE = 5
"""Sentences in one message; the rest comes with the next round."""
_MOST_PEOPLE = 20
"""In one round. Slack answers 50 `users.lookupByEmail` a minute, and takes some hundred messages from all parts of the bot."""
_FIRST_WAIT_S, _LONGEST_WAIT_S = 60.0, 86_400.0
_STOPPING_S = 2.0
_TEXT_CHARS = 12_000


@dataclass(frozen=True, slots=True)
class _Wait:
    """Until when somebody is left alone, unless there is something newer to tell."""

    until: float
    wait_s: float
    newest: str


class Telling:
    """Tells what is new, in a thread of its own; `tell` is one round of it."""

    def __init__(
        self,
        application: Application,
        identities: Identities,
        client: WebClient,
        every_s: float = EVERY_S,
        settled_s: float = SETTLED_S,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        settings, self._notices = application.settings, application.notices
        self._engine, self._data_dir = application.service.catalogue.engine, settings.data_dir
        self._calls = SlackCalls(client, self._rest)
        self._reaching = Reaching(
            self._calls, identities, self._engine, self._data_dir, settings.slack
        )
        self._every_s, self._settled_s, self._clock = every_s, settled_s, clock
        self._waits: dict[str, _Wait] = {}
        self._posted: set[str] = set()
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="slack-telling", daemon=True)

    def start(self) -> None:
        """Tell what is left over, and go on."""
        self._thread.start()

    def stop(self) -> None:
        """Begin no message any more; one that is under way has a moment to be noted."""
        self._ended.set()
        if self._thread.is_alive():
            self._thread.join(_STOPPING_S)

    def tell(self) -> int:
        """Tell everybody who can be told now; return how many people that were.

        Raises:
            FootnoteError: the data folder cannot be read or written.
            SlackUnreachable: Slack does not answer; the next round tries again.
        """
        due = self._due()
        if not due:
            return 0
        with turn(self._engine, self._data_dir) as is_mine:
            return sum(self._told(name, newest) for name, newest in due) if is_mine else 0

    def _due(self) -> list[tuple[str, str]]:
        waiting = self._reaching.waiting(self._settled())
        self._waits = {name: wait for name, wait in self._waits.items() if name in waiting}
        now = self._clock()
        return [
            (name, newest)
            for name, newest in waiting.items()
            if (wait := self._waits.get(name)) is None or wait.newest != newest or now >= wait.until
        ][:_MOST_PEOPLE]

    def _told(self, name: str, newest: str) -> bool:
        """Tell one person, or let this person wait."""
        if self._ended.is_set():
            return False
        asker = self._reaching.member(name)
        if asker is not None:
            try:
                if self._send(asker):
                    return True
            except SendingFailed as failure:
                problem = str(failure)[:60]
                _log.warning("slack_notices_not_sent", user=asker.slack_user, problem=problem)
            except SlackUnreachable:
                # Others come first in the next round: perhaps it is this conversation that is limited.
                self._let_wait(name, newest)
                raise
        self._let_wait(name, newest)
        return False

    def _let_wait(self, name: str, newest: str) -> None:
        before = self._waits.get(name)
        is_again = before is not None and before.newest == newest
        wait_s = min(2 * before.wait_s, _LONGEST_WAIT_S) if before and is_again else _FIRST_WAIT_S
        self._waits[name] = _Wait(self._clock() + wait_s, wait_s, newest)

    def _send(self, asker: Asker) -> bool:
        """Send what is unseen, the oldest first, and mark exactly that as seen.

        What was posted and could not be marked is marked now, and not posted again.
        """
        settled = self._settled()
        unseen = [one for one in self._notices.unseen(asker.caller) if one.created_at <= settled]
        owed = [one for one in reversed(unseen) if one.notice_id not in self._posted]
        if owed := owed[:MOST_AT_ONCE]:
            self._calls.in_time("chat.postMessage", message(asker.slack_user, owed))
            self._posted.update(one.notice_id for one in owed)
        done = [one.notice_id for one in unseen if one.notice_id in self._posted]
        self._notices.seen(asker.caller, done)
        self._posted.difference_update(done)
        _log.info("slack_notices_told", user=asker.slack_user, notices=done)
        return bool(owed)

    def _settled(self) -> str:
        return stamp(utc_now() - timedelta(seconds=self._settled_s))

    def _rest(self, seconds: float) -> None:
        """Wait as long as Slack wants, but not for the end of the process."""
        if self._ended.wait(seconds):
            raise SlackUnreachable

    def _run(self) -> None:
        while not self._ended.is_set():
            self._tell_safely()
            self._ended.wait(self._every_s)

    def _tell_safely(self) -> None:
        try:
            self.tell()
        except SlackUnreachable:
            _log.info("slack_notices_wait", problem="Slack does not answer")
        except FootnoteError as error:
            _log.warning("slack_notices_wait", problem=type(error).__name__)
        except Exception as error:  # noqa: BLE001 - the thread has to live on for the next round
            log_incident(error)


def message(slack_user: str, owed: Sequence[Notice]) -> dict[str, Any]:
    """Return the body of a direct message with some notices; Slack takes a person's id for the conversation with them."""
    sentences = [one.text for one in owed]
    # Screen readers read `text` and not the blocks, so it has all of it.
    part = Part(tuple(several(sentences)), "", mrkdwn_within("\n".join(sentences), _TEXT_CHARS))
    return {"channel": slack_user, "unfurl_links": False, "unfurl_media": False, **part.body()}
