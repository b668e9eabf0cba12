"""What a person sees under the bot's name: in Home the own questions and flags, in Messages what could be asked."""

from typing import Any

from app.application import Application
from app.chat_view import SHORT_CATEGORY_WORDS, clipped, day
from app.slack.blocks.home_view import HomeLine, home_view
from app.slack.blocks.source_links import SourceLinks
from app.slack.identity import Identities
from app.slack.markup import plain
from core.answers import Caller
from core.errors import NotFound

_MOST_LISTED = 10
_PROMPTS = 4
_PROMPT_TITLE_CHARS = 75


class Home:
    """Makes each person's own tab; nobody else sees it."""

    def __init__(
        self, application: Application, identities: Identities, links: SourceLinks
    ) -> None:
        self._application = application
        self._identities = identities
        self._links = links

    def view(self, slack_user: str, slack_team: str = "") -> dict[str, Any]:
        """Return the Home tab of an account; whoever is refused sees why, and nothing else."""
        asker = self._identities.of(slack_user, slack_team)
        if asker.is_refused:
            # No address here: each makes the one before worthless, and this is drawn with every visit.
            more = (
                " Write me a message: my reply has an address for that." if asker.can_link else ""
            )
            return home_view([], [], f"{asker.refusal}{more}")
        caller = asker.caller
        # Looking does not make them seen: the direct message does.
        told = [notice.text for notice in self._application.notices.unseen(caller)]
        return home_view(self._questions(caller), self._flags(caller), told=told)

    def prompts(self, slack_user: str, slack_team: str = "") -> list[dict[str, str]]:
        """Return questions that this person's own documents answer; none for whoever is refused."""
        asker = self._identities.of(slack_user, slack_team)
        if asker.is_refused:
            return []
        questions = self._application.service.example_questions(asker.caller, _PROMPTS)
        return [
            {"title": clipped(plain(question), _PROMPT_TITLE_CHARS), "message": plain(question)}
            for question in questions
        ]

    def _questions(self, caller: Caller) -> list[HomeLine]:
        listed = self._application.service.conversations(caller, limit=_MOST_LISTED)
        return [
            HomeLine(
                one.title, day(one.updated_at), self._links.of_conversation(one.conversation_id)
            )
            for one in listed
        ]

    def _flags(self, caller: Caller) -> list[HomeLine]:
        flags = self._application.service.feedback_desk.my_flags(caller)[:_MOST_LISTED]
        return [
            HomeLine(
                flag.words or flag.question,
                f"{SHORT_CATEGORY_WORDS[flag.category]} · {flag.state}",
                self._address(flag.conversation_id, caller),
            )
            for flag in flags
        ]

    def _address(self, conversation_id: str, caller: Caller) -> str:
        """Return where a conversation opens, '' where it does not open for this person any more."""
        try:
            self._application.service.open_conversation(conversation_id, caller)
        except NotFound:
            return ""
        return self._links.of_conversation(conversation_id)
