"""Turns queue entries and flags into the data of the page's own elements: JSON that becomes text nodes there."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from app.chat_view import day, verdict_label
from app.replay import ReplayedSource
from app.review.flag_queue import QueueEntry
from app.review.item import EvidencePassage, FlagWords, ReviewItem
from app.review.priority import Urgency
from app.review.states import Review
from app.web.quality.wording import STAGE_WORDS
from app.web.review.words import (
    DECISION_WORDS,
    PRIORITY_WORDS,
    ROOT_CAUSE_WORDS,
    SEVERITY_WORDS,
    STATE_WORDS,
    category_words,
    channel_words,
    moment,
)
from core.answers import Answer, Claim

_URGENCY_WORDS: dict[Urgency, str] = {"high": "Urgent", "medium": "Soon", "low": ""}
UNREADABLE = "The copy of this answer cannot be read"
_SOURCE_WORDS = {
    "changed": "has changed since this answer",
    "gone": "is not there any more, or you may not read it",
}


def entry_data(entry: QueueEntry, opened: str, caller_name: str) -> dict[str, Any]:
    """Return one line of the queue; a restricted one has a sentence in place of its words."""
    if entry.restricted:
        documents = "1 document" if entry.restricted == 1 else f"{entry.restricted} documents"
        return {
            "id": entry.feedback_id,
            "state": STATE_WORDS[entry.state],
            "when": day(entry.created_at),
            "restricted": f"Restricted: needs somebody who may read {documents}.",
        }
    held = ""
    if entry.held_by:
        since = entry.held_since[11:16]
        held = (
            "You have this"
            if entry.held_by == caller_name
            else f"{entry.held_by} since {since} UTC"
        )
    people = f"{entry.people} people" if entry.people > 1 else ""
    given = f"For {entry.assignee}" if entry.assignee else ""
    return {
        "id": entry.feedback_id,
        "state": STATE_WORDS[entry.state],
        "when": day(entry.created_at),
        "restricted": "",
        "urgency": entry.urgency,
        "urgency_words": _URGENCY_WORDS[entry.urgency],
        "category": category_words(entry.category),
        "question": entry.question or UNREADABLE,
        "words": entry.selected or entry.comment,
        "is_quote": bool(entry.selected),
        "facts": [part for part in (people, channel_words(entry.channel), given, held) if part],
        "current": entry.feedback_id == opened,
    }


def item_data(item: ReviewItem) -> dict[str, Any]:
    """Return everything that the element of one flag draws."""
    return {
        "id": item.flag.feedback_id,
        "question": item.answer.question,
        "flag": _flag(item.flag, item.reasons),
        "cause": _cause(item),
        "others": [_flag(other, ()) for other in item.others],
        "answer": {
            "status": item.answer.status,
            "parts": answer_parts(item.answer, item.flag.start, item.flag.end),
            "notes": [note.text for note in item.answer.notes],
        },
        "evidence": [_passage(passage, item.sources) for passage in item.passages],
        "sources": [
            f"{source.title} {_SOURCE_WORDS[source.state]}."
            for source in item.sources
            if source.state != "same"
        ],
        "trace": _trace(item),
        "history": [_review(review) for review in item.history],
    }


def answer_data(answer: Answer, passages: Sequence[EvidencePassage]) -> dict[str, Any]:
    """Return what the element draws of an answer that nobody flagged."""
    return {
        "id": answer.answer_id,
        "question": answer.question,
        "flag": None,
        "cause": None,
        "others": [],
        "answer": {
            "status": answer.status,
            "parts": answer_parts(answer, None, None),
            "notes": [note.text for note in answer.notes],
        },
        "evidence": [_passage(passage, ()) for passage in passages],
        "sources": [],
        "trace": None,
        "history": [],
    }


def _cause(item: ReviewItem) -> dict[str, Any] | None:
    """Return where the answer probably went wrong, with what each passage says of the claims under the flag."""
    if item.suggestion is None:
        return None
    packed = [passage for passage in item.passages if passage.packed]
    return {
        "words": ROOT_CAUSE_WORDS[item.suggestion.cause],
        "why": item.suggestion.why,
        "rows": [
            {
                "claim": item.answer.text[row.start : row.end],
                "cells": [
                    {
                        "rank": packed[cell.passage].rank,
                        "verdict": cell.verdict,
                        "label": verdict_label(cell.verdict),
                    }
                    for cell in row.cells
                    if cell.passage < len(packed)
                ],
            }
            for row in item.matrix
        ],
    }


def answer_parts(answer: Answer, start: int | None, end: int | None) -> list[dict[str, Any]]:
    """Return an answer's text in runs; all runs together are the text.

    A run is inside one claim or none, and wholly inside or outside of the flagged words. The last run of a claim carries
    its verdict in words, its citations and what differs.
    """
    claims = _without_overlaps(answer.claims, len(answer.text))
    cuts = {0, len(answer.text)}
    cuts.update(cut for claim in claims for cut in (claim.start, claim.end))
    if start is not None and end is not None:
        cuts.update((start, min(end, len(answer.text))))
    parts = []
    for first, last in pairwise(sorted(cuts)):
        claim = next((c for c in claims if c.start <= first and last <= c.end), None)
        ends_claim = claim is not None and claim.end == last
        parts.append(
            {
                "text": answer.text[first:last],
                "verdict": claim.verdict if claim else "",
                "flagged": start is not None and end is not None and start <= first and last <= end,
                "label": verdict_label(claim.verdict) if claim and ends_claim else "",
                "markers": list(claim.citations) if claim and ends_claim else [],
                "reasons": list(claim.reasons) if claim and ends_claim else [],
            }
        )
    return parts


def _without_overlaps(claims: Sequence[Claim], length: int) -> list[Claim]:
    kept: list[Claim] = []
    position = 0
    for claim in sorted(claims, key=lambda claim: (claim.start, claim.end)):
        if position <= claim.start < claim.end <= length:
            kept.append(claim)
            position = claim.end
    return kept


def _flag(flag: FlagWords, reasons: Sequence[str]) -> dict[str, Any]:
    severity = SEVERITY_WORDS.get(flag.severity, "")
    return {
        "category": "The warning was wrong"
        if flag.verdict == "false_alarm"
        else category_words(flag.category),
        "about": _about(flag),
        "selected": flag.selected,
        "comment": flag.comment,
        "correction": flag.correction,
        "correction_source": flag.correction_source,
        "facts": [
            part
            for part in (
                flag.author,
                moment(flag.created_at),
                channel_words(flag.channel),
                severity,
                STATE_WORDS[flag.state],
            )
            if part
        ],
        "why": "; ".join(reasons),
    }


def _about(flag: FlagWords) -> str:
    if flag.target == "citation":
        return f"Source {flag.target_ref}"
    return "A passage that was found" if flag.target == "passage" else ""


def _passage(passage: EvidencePassage, sources: Sequence[ReplayedSource]) -> dict[str, Any]:
    state = next((source.state for source in sources if source.uri == passage.uri), "same")
    ranks = (
        f"words {passage.lexical_rank}" if passage.lexical_rank else "",
        f"meaning {passage.dense_rank}" if passage.dense_rank else "",
    )
    return {
        "rank": passage.rank,
        "title": passage.title,
        "uri": passage.uri,
        "score": f"{passage.score:.2f}",
        "found_by": ", ".join(filter(None, ranks)),
        "packed": passage.packed,
        "state": _SOURCE_WORDS.get(state, ""),
        "is_cited": any(segment.markers for segment in passage.segments),
        "segments": [
            {"text": segment.text, "markers": list(segment.markers)} for segment in passage.segments
        ],
    }


def _trace(item: ReviewItem) -> dict[str, Any]:
    trace = item.trace
    facts = [
        ("Searched for", trace.query),
        ("Filters", "; ".join(trace.filters)),
        ("Confidence", f"{trace.confidence:.2f}"),
        ("Model", trace.model),
        ("Prompt", trace.prompt_version),
        ("Embedding model", trace.embedder),
        ("Index generation", str(trace.index_generation)),
        ("Found", f"{trace.hits} passages, {len(item.passages)} of them shown here"),
    ]
    if trace.grounding_score is not None:
        facts.insert(3, ("Risk of unsupported words", f"{trace.grounding_score:.2f}"))
    return {
        "facts": [[name, value] for name, value in facts if value],
        "timings": [
            [STAGE_WORDS.get(name, name.capitalize()), f"{value:,.0f} ms"]
            for name, value in trace.timings_ms
        ],
        "history": [[question, answer] for question, answer in trace.history],
    }


def _review(review: Review) -> dict[str, str]:
    labels = review.labels
    details = (
        ROOT_CAUSE_WORDS.get(labels.root_cause, ""),
        f"Right: {labels.corrected_answer}" if labels.corrected_answer else "",
        labels.corrected_source,
        f"Same as flag {labels.dup_of}" if labels.dup_of else "",
        PRIORITY_WORDS.get(labels.priority, ""),
        f"for {labels.assignee}" if labels.assignee else "",
        review.note,
    )
    return {
        "who": review.reviewer,
        "what": DECISION_WORDS[review.decision],
        "when": moment(review.created_at),
        "details": " · ".join(filter(None, details)),
    }
