"""Asks a language model without any document, to see what documents are worth to its answers.

The answer is checked against the passages that the search finds for the question, just as an answer that was made
from them is: the difference in groundedness is what retrieval adds. Nobody is ever answered like this.
"""

import time
from collections.abc import Sequence
from datetime import UTC, datetime

from app.bootstrap import Measured
from app.generation.refusals import is_refusal
from app.grounding.checker import ClaimChecker
from app.model_wiring import Models
from app.privacy.redacting_model import RedactingModel
from core.answers import Answer, Caller, Claim, Passage, Turn
from core.errors import UsageError
from core.generation import ChatMessage, ModelChosen, TokenUsage
from core.grounding import EvidenceText
from core.ids import new_id
from core.settings import Settings
from evals.running.asking import HITS, Asked
from index.passages import widen

_RULE = (
    "Answer the question from what you know, in a few plain sentences. No documents are given. If you do not know, "
    "say that you do not know."
)


def ask_closed_book(
    measured: Measured, settings: Settings, question: str, history: Sequence[Turn], caller: Caller
) -> Asked:
    """Ask a model alone; the passages in the trace are what its answer is checked against, none of them was shown.

    Raises:
        UsageError: the settings name no language model.
        FootnoteError: the model does not answer.
    """
    models = require_model(measured)
    started = time.perf_counter()
    text, first, usage, spec = _written(models, settings, question, history, started)
    took = _since(started)
    hits = measured.retriever.retrieve(question, caller, max(HITS, settings.retrieval.passages))
    passages = widen(
        measured.retriever.catalogue,
        hits[: settings.retrieval.passages],
        settings.retrieval.passage_chars,
    )
    report = ClaimChecker(measured.retriever.embedder).check(
        text, [EvidenceText(str(p.marker), p.text, p.section) for p in passages], question
    )
    claims = tuple(
        Claim(c.start, c.end, text[c.start : c.end], c.verdict, c.score, (), c.reasons)
        for c in report.claims
    )
    answer = Answer(
        answer_id=new_id(),
        conversation_id="",
        trace_id=new_id(),
        question=question,
        text=text,
        status="abstained" if is_refusal(text) else "answered",
        claims=claims,
        citations=(),
        notes=(),
        model=spec,
        prompt_version="closed-book",
        index_generation=measured.retriever.catalogue.generation(),
        created_at=datetime.now(UTC).isoformat(timespec="milliseconds"),
        prompt_tokens=usage.prompt_tokens,
        completion_tokens=usage.completion_tokens,
        cost_usd=models.parts.prices.cost_usd(spec, usage) or 0.0,
        timings_ms={"total": took},
    )
    trace = {
        "query": question,
        "confidence": 0.0,
        "closed_book": True,
        "hits": [],
        "passages": [_passage(passage) for passage in passages],
    }
    return Asked(answer, trace, tuple(hits), took, first)


def require_model(measured: Measured) -> Models:
    """Return the models that answer.

    Raises:
        UsageError: there are none: answers quote.
    """
    if measured.models is None:
        raise UsageError(
            "Without documents there is nothing to quote: --closed-book needs a language model. Set FOOTNOTE_LLM to one."
        )
    return measured.models


def _written(
    models: Models, settings: Settings, question: str, history: Sequence[Turn], started: float
) -> tuple[str, float | None, TokenUsage, str]:
    parts = models.parts
    model = parts.chain if parts.redactor is None else RedactingModel(parts.chain, parts.redactor)
    messages = [ChatMessage("system", _RULE)]
    for turn in history:
        messages += [ChatMessage("user", turn.question), ChatMessage("assistant", turn.answer)]
    messages.append(ChatMessage("user", question))
    text, first, usage, spec = "", None, TokenUsage(), parts.specs
    for output in model.stream(messages, settings.generation.answer_tokens):
        if isinstance(output, str):
            first = first if first is not None or not output else _since(started)
            text += output
        elif isinstance(output, ModelChosen):
            spec = output.spec
        else:
            usage = output
    return text.strip(), first, usage, spec


def _passage(passage: Passage) -> dict[str, object]:
    return {
        "marker": passage.marker,
        "doc_id": passage.document.doc_id,
        "chunk_id": passage.chunk_id,
        "start": passage.start,
        "end": passage.end,
        "text": passage.text,
        "packed": False,
    }


def _since(started: float) -> float:
    return round((time.perf_counter() - started) * 1000, 2)
