"""The use case: question -> query -> passages -> draft -> answer that is stored with its whole trace."""

import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from typing import Any, Literal

from app.conversation import standalone_query
from app.conversation_log import ConversationLog
from app.extractive import ExtractiveGenerator
from core.answers import Answer, Caller, Draft, Hit, Note, Passage, Turn
from core.documents import text_hash
from core.errors import UsageError
from core.ids import new_id
from core.log import get_logger
from index.passages import widen
from index.retriever import HybridRetriever
from prompts.library import load_template

_log = get_logger(__name__)

Stage = Literal["searching", "reading", "writing", "checking"]

_NEAREST_SHOWN = 3


@dataclass(frozen=True, slots=True)
class StageStarted:
    """The answer entered a stage."""

    stage: Stage


@dataclass(frozen=True, slots=True)
class TextAdded:
    """More of the answer's text; the concatenation of all is the answer's text."""

    text: str


@dataclass(frozen=True, slots=True)
class AnswerReady:
    """The stored, checked answer; always the last event."""

    answer: Answer


AskEvent = StageStarted | TextAdded | AnswerReady


@dataclass(frozen=True, slots=True)
class AnswerLimits:
    """How much is read for an answer, and how long a question may be."""

    passages: int
    passage_chars: int
    max_question_chars: int


class Answering:
    """Answers questions for callers; keeps what was answered."""

    def __init__(
        self,
        retriever: HybridRetriever,
        generator: ExtractiveGenerator,
        log: ConversationLog,
        limits: AnswerLimits,
    ) -> None:
        self._retriever = retriever
        self._generator = generator
        self._log = log
        self._limits = limits

    def ask_stream(
        self,
        question: str,
        caller: Caller,
        conversation_id: str | None = None,
        history: Sequence[Turn] = (),
    ) -> Iterator[AskEvent]:
        """Answer one question, telling how far it is; the last event has the stored answer.

        Raises:
            UsageError: the question is empty or too long.
            NotFound: the conversation is not the caller's.
        """
        asked = check_question(question, self._limits.max_question_chars)
        earlier = list(history)
        if conversation_id is not None:
            earlier += self._log.history(conversation_id, caller)
        clock = _Clock()
        yield StageStarted("searching")
        query = standalone_query(asked, earlier)
        prepared = self._retriever.prepare(query, caller)
        clock.lap("embed")
        hits = self._retriever.retrieve_prepared(prepared, caller, self._limits.passages)
        generation = self._retriever.refresh()
        clock.lap("retrieve")
        yield StageStarted("reading")
        passages = widen(self._retriever.catalogue, hits, self._limits.passage_chars)
        clock.lap("read")
        yield StageStarted("writing")
        draft = self._generator.generate(query, passages, earlier)
        if draft.status == "abstained":
            draft = self._explained(draft, passages, caller)
        draft = replace(draft, notes=(*draft.notes, *_conflict_notes(hits, draft)))
        clock.lap("generate")
        for piece in _pieces(draft):
            yield TextAdded(piece)
        yield StageStarted("checking")
        answer = _answer(asked, draft, generation, clock)
        trace = _trace(answer, query, hits, passages, draft)
        stored = self._log.append(answer, trace, caller, conversation_id)
        _log.info(
            "question_answered",
            answer_id=stored.answer_id,
            status=stored.status,
            hits=len(hits),
            citations=len(stored.citations),
            generation=generation,
            total_ms=stored.timings_ms["total"],
        )
        yield AnswerReady(stored)

    def _explained(self, draft: Draft, passages: Sequence[Passage], caller: Caller) -> Draft:
        """Say what was searched and what came nearest, among what this caller may read."""
        count = self._retriever.readable_documents(caller)
        titles = dict.fromkeys(
            f"{passage.document.title} ({passage.document.uri})" for passage in passages
        )
        nearest = list(titles)[:_NEAREST_SHOWN]
        text = load_template("abstention").render(
            searched=f"{count} document{'' if count == 1 else 's'}",
            nearest=f"; the nearest are: {'; '.join(nearest)}." if nearest else ".",
        )
        notes = [Note("nearest", title) for title in nearest]
        return replace(draft, text=text, notes=(*draft.notes, *notes))


def _conflict_notes(hits: Sequence[Hit], draft: Draft) -> list[Note]:
    """Say which cited documents are contradicted by another one that was found."""
    cited = {citation.document.doc_id for citation in draft.citations}
    by_chunk = {hit.chunk_id: hit for hit in hits}
    notes: dict[frozenset[str], Note] = {}
    for hit in hits:
        for conflict in hit.conflicts:
            other = by_chunk.get(conflict.other_chunk_id)
            pair = frozenset((hit.document.doc_id, other.document.doc_id)) if other else frozenset()
            if other is None or pair in notes or not pair & cited:
                continue
            names = " and ".join(
                f"{document.title} ({document.uri})" for document in (hit.document, other.document)
            )
            text = f"{names} say different things about this ({conflict.kind}). Compare both."
            notes[pair] = Note("conflict", text)
    return list(notes.values())


def check_question(question: str, max_chars: int) -> str:
    """Return the question without blanks around it.

    Raises:
        UsageError: it is empty or too long.
    """
    # An argument that was no UTF-8 arrives with halves of characters, which nothing can store.
    asked = question.encode("utf-8", "replace").decode().strip()
    if not asked:
        raise UsageError("The question is empty. Type what you want to know.")
    if len(asked) > max_chars:
        raise UsageError(
            f"The question has {len(asked):,} characters; at most {max_chars:,} can be asked at once. "
            "Shorten it, or ask it in parts."
        )
    return asked


class _Clock:
    """Measures stages in milliseconds."""

    def __init__(self) -> None:
        self._started = self._last = time.perf_counter()
        self.laps: dict[str, float] = {}

    def lap(self, name: str) -> None:
        now = time.perf_counter()
        self.laps[name] = round((now - self._last) * 1000, 2)
        self._last = now

    def finished(self) -> dict[str, float]:
        total = round((time.perf_counter() - self._started) * 1000, 2)
        return {**self.laps, "check": 0.0, "total": total}


def _pieces(draft: Draft) -> Iterator[str]:
    """The draft's text claim by claim, so that a reader sees it grow by sentences."""
    position = 0
    for claim in draft.claims:
        yield draft.text[position : claim.end]
        position = claim.end
    if position < len(draft.text):
        yield draft.text[position:]


def _answer(question: str, draft: Draft, generation: int, clock: _Clock) -> Answer:
    return Answer(
        answer_id=new_id(),
        conversation_id="",
        trace_id=new_id(),
        question=question,
        text=draft.text,
        status=draft.status,
        claims=draft.claims,
        citations=draft.citations,
        notes=(*draft.notes, *_stale_notes(draft)),
        model=draft.model,
        prompt_version=draft.prompt_version,
        index_generation=generation,
        created_at=datetime.now(UTC).isoformat(timespec="milliseconds"),
        prompt_tokens=draft.prompt_tokens,
        completion_tokens=draft.completion_tokens,
        cost_usd=draft.cost_usd,
        timings_ms=clock.finished(),
    )


def _stale_notes(draft: Draft) -> list[Note]:
    stale = {c.document.doc_id: c.document for c in draft.citations if c.document.is_stale}
    return [
        Note(
            "stale",
            f"The newest version of {document.title} could not be read; this is its version of "
            f"{document.updated_at[:10]}.",
        )
        for document in stale.values()
    ]


def _trace(
    answer: Answer, query: str, hits: Sequence[Hit], passages: Sequence[Passage], draft: Draft
) -> dict[str, Any]:
    """Return everything that the answer was made from, so that it can be opened again later."""
    return {
        "query": query,
        "confidence": draft.confidence,
        "model": answer.model,
        "prompt_version": answer.prompt_version,
        "index_generation": answer.index_generation,
        "hits": [
            {
                "chunk_id": hit.chunk_id,
                "doc_id": hit.document.doc_id,
                "version": hit.document.version,
                "score": hit.score,
                **asdict(hit.why),
            }
            for hit in hits
        ],
        "passages": [
            {
                "marker": passage.marker,
                "doc_id": passage.document.doc_id,
                "uri": passage.document.uri,
                "version": passage.document.version,
                "start": passage.start,
                "end": passage.end,
                "score": passage.score,
                "text": passage.text,
                "text_sha256": text_hash(passage.text),
            }
            for passage in passages
        ],
    }
