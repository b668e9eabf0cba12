"""Questions that go on from an answer: sections beside those that it cites, and documents that were found beside them.

    cited section ─▶ the sections of the same document, those behind it first ─┐
    trace's hits ──▶ the sections that were found in other documents ─────────┴▶ in turns, until there are enough

They are made of headings, so nothing is searched for them and no model is asked; whether a document answers one was
measured (`tests/integration/test_follow_ups.py`). Only documents that the caller may read are looked at.
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, zip_longest
from typing import Any

from sqlalchemy import select

from app.conversation import leans_back
from app.conversation_log import ConversationLog
from app.question_from_heading import as_question
from core.answers import Answer, Caller
from core.documents import DocumentRecord
from core.errors import NotFound
from core.function_words import content_words
from index.catalogue import Catalogue
from index.permissions import may_read
from index.schema import chunks

_MAX_HEADING_CHARS = 80
_MIN_HEADING_CHARS = 4
_SHORT_SECTION = 60
"""A section with less text than this rarely answers anything."""
_STEM_CHARS = 5
_LOOKED_AT = 4
"""Documents of either kind that are looked at."""
_MAX_CHUNKS = 4_000
# fmt: off
_SAYS_NOTHING = frozenset((
    "anexo", "anhang", "annex", "annexe", "aperçu", "appendix", "background", "contact", "contacto", "contacts",
    "contents", "einleitung", "fragen", "general", "help", "inhalt", "intro", "introducción", "introduction", "kontakt",
    "links", "misc", "notes", "other", "overview", "purpose", "questions", "references", "resumen", "résumé", "scope",
    "summary", "überblick", "zusammenfassung",
))
# fmt: on


@dataclass(frozen=True, slots=True)
class _Section:
    """A heading's path with the text below it, which begins at character `start` of the document."""

    path: tuple[str, ...]
    start: int
    text: str

    @property
    def answers(self) -> bool:
        """Whether the text says more of its heading: it has words of it, and is not just a line."""
        heading = self.path[-1]
        body = self.text.replace(heading, "", 1).casefold()
        words = [word.casefold()[:_STEM_CHARS] for word in content_words(heading).split()]
        return len(body) >= _SHORT_SECTION and any(word in body for word in words)


def follow_up_questions(
    answer: Answer, caller: Caller, limit: int, catalogue: Catalogue, log: ConversationLog
) -> list[str]:
    """Return at most `limit` questions, the nearest first; [] where nothing readable is near."""
    trace, asked = _known_of(answer, caller, log)
    cited = list(dict.fromkeys(c.document.doc_id for c in answer.citations))[:_LOOKED_AT]
    found = _found_beside(trace, cited, answer)
    records = {
        doc_id: record
        for doc_id, record in catalogue.records({*cited, *found}).items()
        if may_read(caller, record.access)
    }
    sections = _sections(catalogue, [*records])
    beside = (
        _worded(records[doc_id], _nearest_first(sections.get(doc_id, ()), places))
        for doc_id, places in _cited_places(answer).items()
        if doc_id in records
    )
    other = (
        _worded(records[doc_id], _around(sections.get(doc_id, ()), starts))
        for doc_id, starts in found.items()
        if doc_id in records
    )
    chosen: dict[str, str] = {}
    for question in _in_turns(chain.from_iterable(beside), _first_of_each(other)):
        key = _key(question)
        if key not in asked and not leans_back(question):
            chosen.setdefault(key, question)
        if len(chosen) >= limit:
            break
    return list(chosen.values())[: max(0, limit)]


def _known_of(
    answer: Answer, caller: Caller, log: ConversationLog
) -> tuple[Mapping[str, Any], set[str]]:
    """Return the answer's trace as far as the caller may see it, and what was asked in its conversation."""
    asked = {_key(answer.question)}
    try:
        trace = log.find(answer.answer_id, caller)[1]
        asked |= {_key(turn.question) for turn in log.turns(answer.conversation_id, caller)}
    except NotFound:
        # An answer that was not kept, or of somebody else.
        return {}, asked
    return trace, asked


def _found_beside(
    trace: Mapping[str, Any], cited: Sequence[str], answer: Answer
) -> dict[str, list[int]]:
    """Return where hits stand in documents that the answer does not cite; {} where nothing was near."""
    near = trace.get("assessment", {}).get("decision") != "nothing"
    if answer.status == "error" or (answer.status == "abstained" and not near):
        return {}
    found: dict[str, list[int]] = {}
    for hit in trace.get("hits", ()):
        if hit["doc_id"] not in cited:
            found.setdefault(hit["doc_id"], []).append(hit["start"])
    return dict(list(found.items())[:_LOOKED_AT])


def _cited_places(answer: Answer) -> dict[str, list[int]]:
    places: dict[str, list[int]] = {}
    for citation in answer.citations:
        places.setdefault(citation.document.doc_id, []).append(citation.start)
    return dict(list(places.items())[:_LOOKED_AT])


def _sections(catalogue: Catalogue, doc_ids: Sequence[str]) -> dict[str, list[_Section]]:
    """Return the sections of documents that have text of their own, in the order of the text."""
    query = (
        select(chunks.c.doc_id, chunks.c.section, chunks.c.start, chunks.c.text)
        .where(chunks.c.doc_id.in_(doc_ids))
        .order_by(chunks.c.doc_id, chunks.c.ordinal)
        .limit(_MAX_CHUNKS)
    )
    found: dict[str, dict[tuple[str, ...], _Section]] = {}
    with catalogue.engine.connect() as connection:
        for row in connection.execute(query):
            path = tuple(json.loads(row.section))
            known = found.setdefault(row.doc_id, {})
            before = known.get(path, _Section(path, row.start, ""))
            known[path] = _Section(path, before.start, f"{before.text}\n{row.text}")
    return {doc_id: list(known.values()) for doc_id, known in found.items()}


def _nearest_first(sections: Sequence[_Section], cited: Sequence[int]) -> Iterator[_Section]:
    """Return the sections that are not cited by their distance from a cited one; behind it comes before."""
    inside = {_at(sections, start) for start in cited}
    last = max(inside, default=0)
    order = sorted(range(len(sections)), key=lambda number: (abs(number - last), number < last))
    return (sections[number] for number in order if number not in inside)


def _around(sections: Sequence[_Section], found: Sequence[int]) -> Iterator[_Section]:
    """Return the sections that were found, in order of the hits."""
    return (sections[number] for number in dict.fromkeys(_at(sections, start) for start in found))


def _at(sections: Sequence[_Section], start: int) -> int:
    """Return the number of the section that a character stands in."""
    before = [number for number, section in enumerate(sections) if section.start <= start]
    return max(before, key=lambda number: sections[number].start, default=0)


def _worded(record: DocumentRecord, sections: Iterable[_Section]) -> Iterator[str]:
    for section in sections:
        if len(section.path) > 1 and _says(section.path[-1]) and section.answers:
            yield as_question(
                " ".join(section.path[-1].split()),
                " ".join(record.title.split()),
                record.metadata.get("language", ""),
            )


def _says(heading: str) -> bool:
    words = heading.casefold().strip(" .:0123456789").split()
    length = len(heading.strip())
    is_fit = _MIN_HEADING_CHARS <= length <= _MAX_HEADING_CHARS
    return is_fit and any(word not in _SAYS_NOTHING for word in words)


def _first_of_each(documents: Iterable[Iterator[str]]) -> Iterator[str]:
    """Return one question of each document, so that one does not take all places."""
    for questions in documents:
        yield from [question for question in [next(questions, "")] if question]


def _in_turns(first: Iterable[str], second: Iterable[str]) -> Iterator[str]:
    for pair in zip_longest(first, second, fillvalue=""):
        yield from filter(None, pair)


def _key(question: str) -> str:
    return " ".join(question.casefold().split()).rstrip("?!. ")
