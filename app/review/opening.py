"""Gathers what belongs to one flag: what others said of the same answer, and open flags that may be the same."""

import re
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, select

from app.replay import sources_then
from app.review.cases import live_case_of
from app.review.digest import flag_points, read_snapshot, standing_flags
from app.review.flag_queue import effective_state, people_who_flagged
from app.review.history import history_of
from app.review.item import (
    FlagWords,
    ReviewItem,
    SimilarFlag,
    evidence_passages,
    trace_view,
)
from app.review.locks import holder
from app.review.priority import points_of_others, urgency_of
from app.review.states import OPEN_STATES, standing_of
from app.review.visibility import Sight
from core.answers import Caller
from core.function_words import content_words
from index.catalogue import Catalogue
from index.schema import feedback, review_items

_MOST_SIMILAR = 6
_LOOKED_AT = 1000
_NEAR = 0.5
_WORD = re.compile(r"\w+")
_WHY = ("same answer", "near question", "same document")


def read_item(
    connection: Connection, catalogue: Catalogue, caller: Caller, row: Row[Any], now: datetime
) -> ReviewItem:
    """Return a flag whose row of both tables is given; the caller may read what it was made from."""
    answer, trace = read_snapshot(row.snapshot)
    points, reasons = flag_points(row, answer, trace)
    others = _others(connection, row, now)
    people = people_who_flagged(connection, row.answer_id, row.selected_text)
    points += points_of_others(people)
    if people > 1:
        reasons = (*reasons, f"{people} people flagged this answer or these words")
    history = history_of(connection, row.feedback_id)
    standing = standing_of(history)
    return ReviewItem(
        flag=flag_words(row, now),
        state=effective_state(row.state, row.locked_by, row.locked_at, now),
        points=points,
        urgency=urgency_of(points),
        reasons=reasons,
        people=people,
        answer=answer,
        passages=evidence_passages(answer, trace),
        trace=trace_view(answer, trace),
        sources=sources_then(trace, catalogue, caller),
        others=others,
        similar=_similar(connection, caller, row, now),
        history=history,
        standing=standing.review,
        labels=standing.labels,
        lock=holder(connection, row.feedback_id, caller.name, now),
        seen=history[-1].review_id if history else "",
        case_id=live_case_of(connection, row.feedback_id),
    )


def flag_words(row: Row[Any], now: datetime) -> FlagWords:
    """Return what a person said, from a row of both tables."""
    return FlagWords(
        feedback_id=row.feedback_id,
        author=row.author,
        verdict=row.verdict,
        category=row.category or "",
        severity=row.severity,
        comment=row.comment,
        correction=row.correction,
        correction_source=row.correction_source,
        selected=row.selected_text,
        start=row.start,
        end=row.end,
        channel=row.channel,
        created_at=row.created_at,
        state=effective_state(row.state, row.locked_by, row.locked_at, now),
        target=row.target,
        target_ref=row.target_ref,
    )


def _others(connection: Connection, row: Row[Any], now: datetime) -> tuple[FlagWords, ...]:
    query = (
        select(
            feedback,
            review_items.c.state,
            review_items.c.locked_by,
            review_items.c.locked_at,
        )
        .join(review_items, review_items.c.feedback_id == feedback.c.feedback_id)
        .where(
            feedback.c.answer_id == row.answer_id,
            feedback.c.feedback_id != row.feedback_id,
            feedback.c.feedback_id.in_(standing_flags()),
        )
        .order_by(feedback.c.feedback_id)
    )
    return tuple(flag_words(other, now) for other in connection.execute(query))


def _similar(
    connection: Connection, caller: Caller, row: Row[Any], now: datetime
) -> tuple[SimilarFlag, ...]:
    columns = review_items.c
    query = (
        select(columns.feedback_id, columns.answer_id, columns.question, columns.documents)
        .where(
            columns.state.in_(OPEN_STATES),
            columns.feedback_id != row.feedback_id,
            columns.feedback_id.in_(standing_flags()),
        )
        # Those of the same answer in any case, of the others the newest.
        .order_by((columns.answer_id == row.answer_id).desc(), columns.feedback_id.desc())
        .limit(_LOOKED_AT)
    )
    words = _content_words(row.question)
    near = []
    for other in connection.execute(query):
        why, overlap = _likeness(row, words, other)
        if why:
            near.append((_WHY.index(why), -overlap, other.feedback_id, why, other.documents))
    near.sort()
    sight = Sight(caller, connection, {entry[4] for entry in near})
    chosen = [entry for entry in near if sight.is_whole(entry[4])][:_MOST_SIMILAR]
    return _similar_flags(connection, {entry[2]: entry[3] for entry in chosen}, now)


def _likeness(row: Row[Any], words: frozenset[str], other: Any) -> tuple[str, float]:
    if other.answer_id == row.answer_id:
        return "same answer", 1.0
    theirs = _content_words(other.question)
    overlap = len(words & theirs) / max(1, len(words | theirs))
    if overlap >= _NEAR:
        return "near question", overlap
    # The same set of documents, word for word: one shared document is nothing in a small knowledge base.
    is_same = other.documents == row.documents and row.documents != "[]"
    return ("same document" if is_same else ""), overlap


def _similar_flags(
    connection: Connection, why: dict[str, str], now: datetime
) -> tuple[SimilarFlag, ...]:
    query = (
        select(review_items, feedback.c.comment, feedback.c.created_at)
        .join(feedback, feedback.c.feedback_id == review_items.c.feedback_id)
        .where(review_items.c.feedback_id.in_(why))
    )
    rows = {row.feedback_id: row for row in connection.execute(query)}
    return tuple(
        SimilarFlag(
            feedback_id=feedback_id,
            why=reason,
            question=rows[feedback_id].question,
            selected=rows[feedback_id].selected,
            comment=rows[feedback_id].comment,
            state=effective_state(
                rows[feedback_id].state,
                rows[feedback_id].locked_by,
                rows[feedback_id].locked_at,
                now,
            ),
            created_at=rows[feedback_id].created_at,
        )
        for feedback_id, reason in why.items()
    )


def _content_words(question: str) -> frozenset[str]:
    return frozenset(_WORD.findall(content_words(question).casefold()))
