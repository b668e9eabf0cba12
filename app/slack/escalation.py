"""Brings an answer to the experts' channel, on the click of somebody who may see it.

Question and link are posted where everyone in that channel may read all that the answer was made from; the link
alone, where not: the web application asks each reader for permission again. Once for each answer.
"""

import re
from threading import Lock

from slack_sdk import WebClient

from app.answer_rights import may_read_answers
from app.application import Application
from app.chat_view import clipped
from app.slack.audience import PlaceKinds, reading_caller
from app.slack.blocks.source_links import SourceLinks
from app.slack.channels import ChannelsFile
from app.slack.clicks import Click
from app.slack.identity import Identities
from app.slack.markup import link, mrkdwn
from app.slack.messages import ESCALATED, SlackMessages
from app.slack.places import Asker, Place
from core.answers import Answer, Caller
from core.documents import EVERYONE
from core.errors import AccessDenied, NotFound, UsageError
from index.permissions import ANONYMOUS_NAME

SENT = "The question is in the experts' channel, with your name."
SENT_AS_LINK = (
    "The experts' channel has a link to this answer, with your name. The question is not shown there, because not "
    "everybody there may read what the answer was made from."
)
SHARED = "Whoever has the link, and may read the same documents, can open this conversation."
_ALREADY = "This answer is in the experts' channel already."
_NOT_SEEN = "This answer is not there any more, or rests on documents that you may not read."
_NOT_A_MEMBER = "Only members of this workspace can ask the experts."
_NO_CHANNEL = "Nobody has set a channel for experts. Ask whoever runs Footnote."
_QUESTION_CHARS = 1_000
_USER_ID = re.compile(r"[UW][A-Z0-9]{1,30}")


class Escalation:
    """Posts to the one channel that the settings name."""

    def __init__(
        self,
        application: Application,
        client: WebClient,
        identities: Identities,
        kinds: PlaceKinds,
        channels: ChannelsFile,
        messages: SlackMessages,
        links: SourceLinks,
    ) -> None:
        self._service = application.service
        self._experts = application.settings.slack.experts_channel
        self._client = client
        self._identities = identities
        self._kinds = kinds
        self._channels = channels
        self._messages = messages
        self._links = links
        # Two clicks at once must not post twice.
        self._lock = Lock()

    def ask(self, click: Click) -> str:
        """Post an answer to the experts, and return what the person who clicked is told.

        Raises:
            FootnoteError: nothing was posted; the sentence is for this person alone.
        """
        asker = self._identities.of(click.slack_user, click.slack_team)
        if asker.is_refused:
            raise AccessDenied(asker.refusal)
        if not self._experts:
            raise UsageError(_NO_CHANNEL)
        if asker.standing != "member":
            raise AccessDenied(_NOT_A_MEMBER)
        try:
            answer, trace = self._service.find_answer(click.value, asker.caller)
        except NotFound as error:
            raise NotFound(_NOT_SEEN) from error
        place = Place(click.team, self._experts, "", self._kinds.of(self._experts))
        may_all_read = may_read_answers(
            self._service.catalogue, [trace], self._everyone_in(place)
        ) == [True]
        with self._lock:
            if any(shown.segment == ESCALATED for shown in self._messages.of_answer(click.value)):
                raise UsageError(_ALREADY)
            is_shared = self._share(answer, asker)
            posted = self._client.chat_postMessage(
                channel=self._experts,
                text=self._words(answer, asker, with_question=may_all_read),
                unfurl_links=False,
                unfurl_media=False,
            )
            self._messages.note(place, str(posted["ts"]), answer.answer_id, ESCALATED, "channel")
        told = SENT if may_all_read else SENT_AS_LINK
        return f"{told} {SHARED}" if is_shared else told

    def _everyone_in(self, place: Place) -> Caller:
        """Return what everybody in the channel may read: no single person's groups count there."""
        groups = {f"group:{name}" for name in self._channels.of(place.channel).groups}
        everyone = Caller(ANONYMOUS_NAME, frozenset({EVERYONE, *groups}))
        return reading_caller(
            Asker("", everyone, "member"), place, self._channels.of(place.channel)
        )

    def _share(self, answer: Answer, asker: Asker) -> bool:
        """Let the experts open the conversation as far as they may read it; True where it was the asker's alone."""
        try:
            view = self._service.open_conversation(answer.conversation_id, asker.caller)
            if not view.is_own or view.is_shared or not self._links.has_web:
                return False
            self._service.share_conversation(answer.conversation_id, asker.caller, is_shared=True)
        except NotFound:
            return False
        return True

    def _words(self, answer: Answer, asker: Asker, *, with_question: bool) -> str:
        who = f"<@{asker.slack_user}>" if _USER_ID.fullmatch(asker.slack_user) else "Somebody"
        address = self._links.of_conversation(answer.conversation_id)
        where = f" {link(address, 'Open the answer')}" if address else ""
        if not with_question:
            return f"{who} asks an expert about an answer of mine.{where}"
        question = clipped(" ".join(answer.question.split()), _QUESTION_CHARS)
        return f"{who} asks an expert: “{mrkdwn(question)}”{where}"
