"""Proposes test cases from documents: a question made of a heading, and the section's own words as the evidence.

No model is asked, so the same documents give the same proposals. They are a start for a person, not test cases: each
is stored as synthetic and not approved, and no run uses it until somebody approves it.
"""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import zip_longest

from sqlalchemy import select

from app.authorization import authorize
from app.question_from_heading import as_question, suits
from core.answers import Caller
from core.documents import DocumentRecord
from core.function_words import content_words
from core.sentences import sentence_spans
from evals.cases.case import Case, case_of_line
from index.catalogue import Catalogue
from index.permissions import may_read
from index.schema import cases, chunks

DATASET = "proposed"
_STEM_CHARS = 5
_SENTENCE_CHARS = (30, 400)


@dataclass(frozen=True, slots=True)
class _Section:
    path: tuple[str, ...]
    text: str


def proposed_cases(catalogue: Catalogue, caller: Caller, limit: int, uri: str = "") -> list[Case]:
    """Return at most `limit` new cases about documents that the caller may read, one of each document in turns.

    What was proposed before, whatever became of it, is not proposed again. `uri` keeps it to one document.
    """
    authorize(caller, "review")
    records = [
        record
        for record in (catalogue.find_documents(uri) if uri else catalogue.list_documents())
        if record.chunks and not record.duplicate_of and may_read(caller, record.access)
    ]
    with catalogue.engine.connect() as connection:
        known = set(connection.execute(select(cases.c.case_id)).scalars())
    found: dict[str, Case] = {}
    for round_of_each in zip_longest(*(_of_document(catalogue, record) for record in records)):
        for case in round_of_each:
            if case is not None and case.case_id not in known and len(found) < limit:
                found.setdefault(case.case_id, case)
        if len(found) >= limit:
            break
    return list(found.values())


def _of_document(catalogue: Catalogue, record: DocumentRecord) -> Iterator[Case]:
    language = record.metadata.get("language", "")
    for section in _sections(catalogue, record.doc_id):
        heading = " ".join(section.path[-1].split())
        if len(section.path) < 2 or not suits(heading):
            continue
        words = _telling_sentence(section.text, heading)
        if not words:
            continue
        question = as_question(heading, " ".join(record.title.split()), language)
        digest = hashlib.sha256(
            f"{record.source}\n{record.uri}\n{question}".encode("utf-8", "replace")
        )
        yield case_of_line(
            {
                "id": f"proposed-{digest.hexdigest()[:12]}",
                "question": question,
                "evidence": [{"uri": record.uri, "quote": words}],
                "tags": ["synthetic"],
            }
        )


def _sections(catalogue: Catalogue, doc_id: str) -> list[_Section]:
    query = (
        select(chunks.c.section, chunks.c.text)
        .where(chunks.c.doc_id == doc_id)
        .order_by(chunks.c.ordinal)
    )
    texts: dict[tuple[str, ...], list[str]] = {}
    with catalogue.engine.connect() as connection:
        for section, text in connection.execute(query):
            texts.setdefault(tuple(json.loads(section)), []).append(text)
    return [_Section(path, "\n".join(parts)) for path, parts in texts.items() if path]


def _telling_sentence(text: str, heading: str) -> str:
    """Return the first sentence that has a word of the heading and is long enough to say something; '' for none."""
    stems = {word.casefold()[:_STEM_CHARS] for word in content_words(heading).split()}
    for paragraph in text.split("\n"):
        if paragraph.lstrip().startswith("#") or heading in paragraph:
            continue
        for span in sentence_spans(paragraph):
            sentence = paragraph[span.start : span.end].strip()
            is_fit = _SENTENCE_CHARS[0] <= len(sentence) <= _SENTENCE_CHARS[1]
            if is_fit and any(stem in sentence.casefold() for stem in stems):
                return sentence
    return ""
