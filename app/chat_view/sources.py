"""The sources under an answer: one card for one place, with an address of its own."""

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from app.chat_view.words import day
from core.answers import Answer, Citation


@dataclass(frozen=True, slots=True)
class SourceCard:
    """One citation as it is listed under an answer; `href` is its own address."""

    marker: int
    title: str
    where: str
    updated: str
    quote: str
    href: str


def grouped_sources(citations: Sequence[Citation]) -> list[list[int]]:
    """Return the positions of citations in groups: those that follow each other in one place of one document.

    A list of fourteen lines that is quoted whole is one place with fourteen quotes.
    """
    groups: list[list[int]] = []
    for position, citation in enumerate(citations):
        if groups and _where(citations[groups[-1][-1]]) == _where(citation):
            groups[-1].append(position)
        else:
            groups.append([position])
    return groups


def _where(citation: Citation) -> tuple[object, ...]:
    document = citation.document
    return document.doc_id, document.version, citation.section, citation.page


def source_card(answer: Answer, citation: Citation) -> SourceCard:
    """Return one citation of an answer as a card."""
    return SourceCard(
        marker=citation.marker,
        title=citation.document.title or citation.document.uri,
        where=place(citation),
        updated=day(citation.document.updated_at),
        quote=" ".join(citation.quote.split()),
        href=citation_address(answer, citation.marker),
    )


def citation_address(answer: Answer, marker: int) -> str:
    """Return the query string that opens a conversation with one citation beside it."""
    return "?" + urlencode(
        {"c": answer.conversation_id, "answer": answer.answer_id, "cite": str(marker)}
    )


def place(citation: Citation) -> str:
    """Return where in its document a citation stands: section path and page, "" when unknown."""
    section = " \u203a ".join(name for name in citation.section if name != citation.document.title)
    page = f"page {citation.page}" if citation.page is not None else ""
    return " · ".join(filter(None, (section, page)))
