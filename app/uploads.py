"""A document that somebody drops into the chat: read and answered from for this session only."""

from core.settings import Settings


class SessionDocuments:
    """The dropped documents of this process; none of them enters the knowledge base."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
