"""Where the number of a source leads: into the web application at the exact words, or to the document's own address."""

from dataclasses import dataclass
from urllib.parse import urlencode

from app.chat_view import citation_address
from app.safe_text import is_on_hosts
from app.slack.blocks.limits import URL_CHARS
from app.slack.markup import is_web_address
from core.answers import Answer, Citation


@dataclass(frozen=True, slots=True)
class SourceLinks:
    """Makes the links of one installation.

    `web_url` is the address of the web application, '' for none: it asks for the reader's permissions again. `hosts` are
    those that documents may be linked on.
    """

    web_url: str = ""
    hosts: tuple[str, ...] = ()

    def of_citation(self, answer: Answer, citation: Citation) -> str:
        """Return the address of a source's exact words, else of its document, '' where neither may be linked."""
        if self.has_web:
            return self._page(citation_address(answer, citation.marker))
        own = citation.document.uri
        return own if len(own) <= URL_CHARS and is_on_hosts(own, self.hosts) else ""

    def of_conversation(self, conversation_id: str) -> str:
        """Return the address of a conversation in the web application, '' without one."""
        return self._page("?" + urlencode({"c": conversation_id})) if self.has_web else ""

    @property
    def has_web(self) -> bool:
        """Whether there is a web application to link to."""
        return is_web_address(self.web_url)

    def _page(self, query: str) -> str:
        return f"{self.web_url.rstrip('/')}/{query}"
