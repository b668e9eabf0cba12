"""Widens hits to the sections they stand in, within a budget, and joins those that touch."""

from collections.abc import Sequence

from sqlalchemy import Engine, select

from core.answers import Hit, Passage
from core.documents import Element
from core.errors import NotFound
from index.catalogue import Catalogue
from index.schema import chunks


def widen(catalogue: Catalogue, hits: Sequence[Hit], passage_chars: int) -> list[Passage]:
    """Return passages in the order of their best hits, no two of them over the same characters.

    A passage holds its hit and as many neighbouring chunks of the same section as fit into
    `passage_chars`, taken alternately after and before it.
    """
    passages: list[Passage] = []
    opened: dict[str, tuple[str, tuple[Element, ...]]] = {}
    for hit in hits:
        if any(_holds(passage, hit) for passage in passages):
            continue
        doc_id = hit.document.doc_id
        if doc_id not in opened:
            try:
                opened[doc_id] = catalogue.document_text(doc_id)
            except NotFound:  # removed between the search and now
                continue
        text, elements = opened[doc_id]
        start, end = _widened(catalogue.engine, hit, passage_chars)
        start, end = _without_taken(start, end, hit, passages)
        passages.append(
            Passage(
                marker=len(passages) + 1,
                document=hit.document,
                chunk_id=hit.chunk_id,
                section=hit.section,
                page=hit.page,
                start=start,
                end=end,
                text=text[start:end],
                score=hit.score,
                why=hit.why,
                elements=tuple(
                    element for element in elements if element.start < end and element.end > start
                ),
            )
        )
    return passages


def _holds(passage: Passage, hit: Hit) -> bool:
    same_document = passage.document.doc_id == hit.document.doc_id
    return same_document and passage.start <= hit.start and hit.end <= passage.end


def _widened(engine: Engine, hit: Hit, budget: int) -> tuple[int, int]:
    query = (
        select(chunks.c.start, chunks.c.end, chunks.c.section, chunks.c.chunk_id)
        .where(chunks.c.doc_id == hit.document.doc_id)
        .where(chunks.c.start.between(hit.start - budget, hit.end + budget))
        .order_by(chunks.c.ordinal)
    )
    with engine.connect() as connection:
        rows = connection.execute(query).all()
    here = next((i for i, row in enumerate(rows) if row.chunk_id == hit.chunk_id), None)
    if here is None:
        return hit.start, hit.end
    start, end = hit.start, hit.end
    before, after = here - 1, here + 1
    section = rows[here].section
    while True:
        grown = False
        if (
            after < len(rows)
            and rows[after].section == section
            and rows[after].end - start <= budget
        ):
            end, after, grown = rows[after].end, after + 1, True
        if before >= 0 and rows[before].section == section and end - rows[before].start <= budget:
            start, before, grown = rows[before].start, before - 1, True
        if not grown:
            return start, end


def _without_taken(start: int, end: int, hit: Hit, passages: Sequence[Passage]) -> tuple[int, int]:
    for passage in passages:
        if passage.document.doc_id != hit.document.doc_id:
            continue
        if passage.end <= hit.start:
            start = max(start, passage.end)
        elif passage.start >= hit.end:
            end = min(end, passage.start)
    return start, end
