"""Asks one question as an evaluation does: the answer with its trace, the hits of its search, and how long it took."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from app.bootstrap import Measured
from app.service import AnswerReady, TextAdded
from core.answers import Answer, Caller, Hit, Turn

HITS = 10
"""How far down the hits are looked at: retrieval metrics end in @10."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A question's answer. `trace` as `app.answer_trace` makes it; times are in milliseconds.

    `hits` are those of the question as it was searched, at least the ten best, whether an answer reads them or not.
    """

    answer: Answer
    trace: Mapping[str, Any]
    hits: tuple[Hit, ...]
    took_ms: float
    first_token_ms: float | None


def ask(measured: Measured, question: str, history: Sequence[Turn], caller: Caller) -> Asked:
    """Ask a question after some turns, for a caller.

    Raises:
        FootnoteError: it cannot be answered.
    """
    started = time.perf_counter()
    first: float | None = None
    answer: Answer | None = None
    for event in measured.answering.ask_stream(question, caller, None, list(history)):
        if isinstance(event, TextAdded) and first is None and event.text:
            first = _since(started)
        elif isinstance(event, AnswerReady):
            answer = event.answer
    took = _since(started)
    assert answer is not None  # noqa: S101 - the last event has the answer
    _, trace = measured.log.find(answer.answer_id, caller)
    top_k = max(HITS, len(trace["hits"]))
    hits = measured.retriever.retrieve(trace["query"], caller, top_k)
    return Asked(answer, trace, tuple(hits), took, first)


def _since(started: float) -> float:
    return round((time.perf_counter() - started) * 1000, 2)
