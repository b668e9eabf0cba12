"""What people say of answers in Slack: thumbs, and what is wrong, in the same tables as in the web application.

    👍 ─▶ stored          👎, or the shortcut on any part of an answer ─▶ window ─▶ stored ─▶ the window closes

Whoever may see an answer may say what is wrong with it, not only who asked. That is decided with every click.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from app.application import Application
from app.feedback_desk import state_words
from app.feedback_log import Remark
from app.slack.blocks.answer import BAD, GOOD
from app.slack.blocks.flag_modal import (
    CATEGORY,
    COMMENT,
    FlagChoice,
    chosen,
    flag_modal,
    span_of_claim,
)
from app.slack.clicks import Click
from app.slack.identity import Identities
from app.slack.messages import SlackMessages
from core.answers import Answer, Caller, Feedback
from core.errors import AccessDenied, FootnoteError, NotFound

THANKS = "Thank you. It is noted that this answer helped you."
NOT_MINE = "This message is not one of my answers, so there is nothing to flag. Use it on a message of mine with an answer."
NOT_SEEN = "This answer is not there any more, or rests on documents that you may not read, so you cannot judge it."
_NO_CATEGORY = "Choose what is wrong."
_NO_WORDS = "Say in a few words what is wrong, or what would be right."
_MOST_ID_CHARS = 64


@dataclass(frozen=True, slots=True)
class Sent:
    """What became of a window: `errors` by its blocks, or the sentence for whoever sent it."""

    errors: Mapping[str, str]
    confirmation: str = ""


class Flagging:
    """Takes thumbs and flags of people in Slack."""

    def __init__(
        self, application: Application, identities: Identities, messages: SlackMessages
    ) -> None:
        self._service = application.service
        # The service's own: its feedback says that it came from Slack.
        self._desk = application.service.feedback_desk
        self._identities = identities
        self._messages = messages

    def thumb(self, click: Click) -> Answer | None:
        """Store a thumb; return the answer where the person may say more of it.

        Raises:
            FootnoteError: this person may not judge this answer; the sentence is for this person alone.
        """
        is_good = click.value.startswith(GOOD)
        if not is_good and not click.value.startswith(BAD):
            raise NotFound(NOT_SEEN)
        answer_id = click.value.removeprefix(GOOD if is_good else BAD)
        caller, answer = self._seen_by(click, answer_id)
        if is_good:
            self._desk.add(answer_id, caller, Remark("good"))
            return None
        if not self._desk.mine(answer_id, caller) or self._said_good(answer_id, caller):
            # A bare thumb, so that something stays when the window is closed; a flag takes its place.
            self._desk.add(answer_id, caller, Remark("bad"))
        return answer

    def marked(self, click: Click) -> Answer:
        """Return the answer that a message shows a part of, for the window.

        Raises:
            FootnoteError: it shows none, or this person may not judge it; the sentence is for this person alone.
        """
        self._caller(click)
        found = self._messages.answer_of(click.team, click.channel, click.ts)
        if found is None or not click.is_bots:
            raise NotFound(NOT_MINE)
        return self._seen_by(click, found)[1]

    def window(self, answer: Answer, *, is_hallucination: bool = False) -> dict[str, Any]:
        """Return the window that asks what is wrong."""
        return flag_modal(answer, "wrong_fact" if is_hallucination else None)

    def send(self, click: Click, view: Mapping[str, Any]) -> Sent:
        """Store what somebody wrote in the window; when this returns without errors, it is on disk.

        Sending the same again changes nothing.
        """
        choice = chosen(view)
        if missing := _missing(choice):
            return Sent(missing)
        try:
            caller, answer = self._seen_by(click, str(view.get("private_metadata") or ""))
            given = self._desk.add(answer.answer_id, caller, _remark(answer, choice))
        except FootnoteError as error:
            return Sent({CATEGORY: str(error)})
        return Sent({}, _confirmation(given))

    def _seen_by(self, click: Click, answer_id: str) -> tuple[Caller, Answer]:
        caller = self._caller(click)
        try:
            if not 0 < len(answer_id) <= _MOST_ID_CHARS:
                raise NotFound(NOT_SEEN)
            return caller, self._service.find_answer(answer_id, caller)[0]
        except NotFound as error:
            raise NotFound(NOT_SEEN) from error

    def _caller(self, click: Click) -> Caller:
        asker = self._identities.of(click.slack_user, click.slack_team)
        if asker.is_refused:
            raise AccessDenied(asker.refusal)
        return asker.caller

    def _said_good(self, answer_id: str, caller: Caller) -> bool:
        return any(given.verdict == "good" for given in self._desk.mine(answer_id, caller))


def _missing(choice: FlagChoice) -> dict[str, str]:
    if choice.category is None:
        return {CATEGORY: _NO_CATEGORY}
    if choice.category == "other" and not (choice.comment.strip() or choice.correction.strip()):
        return {COMMENT: _NO_WORDS}
    return {}


def _remark(answer: Answer, choice: FlagChoice) -> Remark:
    return Remark(
        "bad",
        choice.category,
        choice.comment,
        span_of_claim(answer, choice.claim),
        choice.severity,
        choice.correction,
        choice.source,
    )


def _confirmation(given: Feedback) -> str:
    return f"Thank you. Your flag is stored and {state_words(given.status)}. Under Home you see what becomes of it."
