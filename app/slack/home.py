"""What a person sees under the bot's name: in Home the own questions and flags, in Messages what could be asked."""

from collections.abc import Callable, Sequence
from typing import Any

from app.application import Application
from app.chat_view import SHORT_CATEGORY_WORDS, clipped, day
from app.slack.blocks.home_view import HomeLine, home_view
from app.slack.blocks.source_links import SourceLinks
from app.slack.identity import Identities
from app.slack.linking import Linking
from app.slack.markup import plain
from core.answers import Caller
from core.errors import NotFound

_MOST_LISTED = 10
_PROMPTS = 4
_PROMPT_TITLE_CHARS = 75

Told = Callable[[Caller], Sequence[str]]
"""Returns sentences that a person has not been told yet; what became of a flag, when there is something that says so."""


def _nothing(caller: Caller) -> Sequence[str]:
    del caller
    return ()


class Home:
    """Makes each person's own tab; nobody else sees it."""

    def __init__(
        self,
        application: Application,
        identities: Identities,
        linking: Linking,
        links: SourceLinks,
        told: Told = _nothing,
    ) -> None:
        self._application = application
        self._identities = identities
        self._linking = linking
        self._links = links
        self._told = told

    def view(self, slack_user: str, team: str, slack_team: str = "") -> dict[str, Any]:
        """Return the Home tab of an account; whoever is refused sees why, and nothing else."""
        asker = self._identities.of(slack_user, slack_team)
        if asker.is_refused:
            return home_view([], [], self._linking.refusal_for(asker, team))
        caller = asker.caller
        return home_view(self._questions(caller), self._flags(caller), " ".join(self._told(caller)))

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
