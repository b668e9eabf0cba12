"""The use case: question -> query -> passages -> draft -> checked answer that is stored with its whole trace.

keep the question ▶ follow-up ▶ standalone question ▶ retrieve, permissions inside ▶ widen ▶ leave out what speaks to an assistant
▶ write (`app.writing`) ▶ check every claim ▶ cite ▶ notes on the sources ▶ store ▶ answer
"""

import time
from collections.abc import Callable, Collection, Generator, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, Literal

from app.abstention import Assessment
from app.abstention_text import explained_abstention
from app.answer_notes import source_notes
from app.answer_rights import readable_among
from app.answer_trace import MadeFrom, trace_of
from app.citing.matching import checked, evidence_texts
from app.conversation_log import ConversationLog, History
from app.extraction.contacts import contact_in_front_matter
from app.extractive import MODEL_NAME
from app.safe_passages import without_instructions
from app.scopes import Scoping
from app.writing import Writer, WritingRequest, Written
from core.answers import Answer, Caller, Citation, Draft, Hit, Note, Passage, Turn
from core.errors import UsageError
from core.grounding import GroundingReport
from core.ids import new_id
from core.log import get_logger
from core.ports import GroundingChecker
from index.filters import Filter
from index.passages import widen
from index.retriever import HybridRetriever

_log = get_logger(__name__)

Stage = Literal["searching", "reading", "writing", "checking"]
Condense = Callable[[str, Sequence[Turn], Caller], str]
"""Makes a question standalone, given the turns before and who asks."""


Export = Callable[[Answer, dict[str, Any], str], None]
"""Takes a stored answer, its trace and the name of who asked, and returns at once."""


@dataclass(frozen=True, slots=True)
class QuestionKept:
    """The question is stored, in a conversation that is there from now on; always the first event of a kept one."""

    question_id: str
    conversation_id: str


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


AskEvent = QuestionKept | StageStarted | TextAdded | AnswerReady


@dataclass(frozen=True, slots=True)
class _Asked:
    """A question as it was accepted: from whom, after what, over which part of the documents.

    `doc_ids` are the documents of that part, None for all; `question_id` is None where nothing is kept.
    """

    question: str
    caller: Caller
    history: History
    filters: tuple[Filter, ...]
    doc_ids: frozenset[str] | None
    conversation_id: str | None = None
    question_id: str | None = None
    replaces: str | None = None


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
        writer: Writer,
        checker: GroundingChecker,
        condense: Condense,
        log: ConversationLog,
        limits: AnswerLimits,
        export: Export = lambda answer, trace, caller_name: None,
    ) -> None:
        self._retriever = retriever
        self._writer = writer
        self._checker = checker
        self._condense = condense
        self._log = log
        self._limits = limits
        self._export = export
        self.scoping = Scoping(retriever.catalogue)

    def keeping_in(self, log: ConversationLog) -> "Answering":
        """Return one that answers the same way and stores in another log."""
        return Answering(
            self._retriever,
            self._writer,
            self._checker,
            self._condense,
            log,
            self._limits,
            self._export,
        )

    def warm_up(self) -> None:
        """Load in the background what the first answer would have to wait for."""
        self._writer.warm_up()

    def ask_stream(
        self,
        question: str,
        caller: Caller,
        conversation_id: str | None = None,
        history: Sequence[Turn] = (),
        *,
        filters: Sequence[Filter] = (),
        replaces: str | None = None,
        is_kept: bool = True,
    ) -> Iterator[AskEvent]:
        """Answer one question, telling how far it is; the last event has the answer, stored if `is_kept`.

        A kept question is stored first, and what becomes of it: answered, failed, or stopped where the events are
        not read to their end. Only documents that pass every filter are searched. `replaces` is the caller's last
        answer in the conversation, which this one takes the place of.

        Raises:
            UsageError: the question is empty or too long, or there are too many filters; nothing is stored.
            NotFound: the conversation, or the answer to replace, is not the caller's; nothing is stored.
        """
        asked = check_question(question, self._limits.max_question_chars)
        earlier = History(list(history), None if history else frozenset())
        if conversation_id is not None:
            before = self._log.history(conversation_id, caller, self._readable_among, replaces)
            earlier = _joined(earlier, before)
        doc_ids = self.scoping.documents(filters) if filters else None
        made = _Asked(asked, caller, earlier, tuple(filters), doc_ids)
        if not is_kept:
            yield from self._answered(made)
            return
        question_id, kept_in = self._log.begin(asked, caller, conversation_id, replaces)
        made = replace(made, conversation_id=kept_in, question_id=question_id, replaces=replaces)
        with self._log.unfinished.running(question_id) as running:
            yield QuestionKept(question_id, kept_in)
            with closing(self._answered(made)) as events:
                for event in events:
                    if isinstance(event, TextAdded):
                        running.grow(event.text)
                    elif isinstance(event, StageStarted):
                        running.beat()
                    yield event

    def _answered(self, asked: _Asked) -> Generator[AskEvent]:
        caller, earlier = asked.caller, asked.history.turns
        clock = _Clock()
        yield StageStarted("searching")
        self._writer.warm_up()
        query = self._condense(asked.question, earlier, caller)
        clock.lap("condense")
        prepared = self._retriever.prepare(query, caller)
        clock.lap("embed")
        hits = self._retriever.retrieve_prepared(
            prepared, caller, self._limits.passages, asked.doc_ids
        )
        generation = self._retriever.refresh()
        clock.lap("retrieve")
        yield StageStarted("reading")
        found = widen(self._retriever.catalogue, hits, self._limits.passage_chars)
        passages, notes = without_instructions(found, self._text_of)
        request = WritingRequest(query, passages, earlier, caller, generation, self._access_lists)
        clock.lap("read")
        yield StageStarted("writing")
        written: Written | None = None
        for item in self._writer.stream(request):
            if isinstance(item, str):
                yield TextAdded(item)
            else:
                written = item
        assert written is not None  # noqa: S101 - a writer ends with what was written
        clock.lap("generate")
        yield StageStarted("checking")
        draft, report = self._check(written.draft, passages, query)
        if draft.status == "abstained":
            draft = self._explained(draft, written.assessment, passages, asked)
            yield TextAdded(draft.text[len(written.draft.text) :])
        draft = replace(draft, citations=_word_for_word(draft.citations, found))
        clock.lap("check")
        sources = self._source_notes(hits, draft)
        draft = replace(draft, notes=(*draft.notes, *_told(report, draft), *notes, *sources))
        answer = _answer(asked.question, draft, generation, clock)
        made = MadeFrom(
            query,
            earlier,
            hits,
            passages,
            draft,
            written.assessment,
            report.score if report else None,
            (prepared.generation.embedder.name, prepared.generation.embedder.dim),
            asked.filters,
            asked.history.doc_ids,
        )
        if asked.question_id is not None:
            trace = trace_of(answer, made)
            answer = self._log.append(
                answer,
                trace,
                caller,
                asked.conversation_id,
                asked.question_id,
                asked.replaces,
            )
            self._export(answer, trace, caller.name)
        _log.info(
            "question_answered",
            answer_id=answer.answer_id,
            status=answer.status,
            model=answer.model,
            hits=len(hits),
            citations=len(answer.citations),
            generation=generation,
            total_ms=answer.timings_ms["total"],
        )
        yield AnswerReady(answer)

    def _explained(
        self, draft: Draft, assessment: Assessment, passages: Sequence[Passage], asked: _Asked
    ) -> Draft:
        """Say what was searched, what came nearest and whom to ask, among what this caller may read."""
        is_scoped = asked.doc_ids is not None
        count = (
            self.scoping.count(asked.filters, asked.caller)
            if is_scoped
            else self._retriever.readable_documents(asked.caller)
        )
        contact = assessment.contact or self._owner(assessment, passages)
        text = explained_abstention(assessment, count, contact, is_scoped=is_scoped)
        nearest = [Note("nearest", place.label) for place in assessment.nearest]
        cited = [replace(contact, marker=len(draft.citations) + 1)] if contact else []
        return replace(
            draft,
            text=f"{draft.text}\n\n{text}" if draft.text else text,
            citations=(*draft.citations, *cited),
            notes=(*draft.notes, *nearest),
        )

    def _owner(self, assessment: Assessment, passages: Sequence[Passage]) -> Citation | None:
        """Return what the front matter of the nearest document that has some says of its owner."""
        for place in assessment.nearest:
            doc_id = place.document.doc_id
            passage = next((p for p in passages if p.document.doc_id == doc_id), None)
            found = passage and contact_in_front_matter(self._text_of(doc_id), passage)
            if found:
                return found
        return None

    def _check(
        self, draft: Draft, passages: Sequence[Passage], question: str
    ) -> tuple[Draft, GroundingReport | None]:
        """Judge every claim; what is quoted word for word is supported by construction."""
        if not draft.text or draft.model == MODEL_NAME:
            return draft, None
        packed = draft.details.get("packed")
        shown = [p for p in passages if packed is None or p.marker in packed]
        report = self._checker.check(draft.text, evidence_texts(shown), question)
        return checked(draft, shown, report), report

    def _source_notes(self, hits: Sequence[Hit], draft: Draft) -> list[Note]:
        doc_ids = {hit.document.doc_id for hit in hits} if draft.citations else set()
        records = self._retriever.catalogue.records(doc_ids)
        return source_notes(hits, draft.citations, records, datetime.now(UTC).date())

    def _text_of(self, doc_id: str) -> str:
        return self._retriever.catalogue.document_text(doc_id)[0]

    def _access_lists(self) -> list[tuple[str, ...]]:
        return [access for access, _ in self._retriever.catalogue.documents_by_access()]

    def _readable_among(self, doc_ids: Collection[str], caller: Caller) -> set[str]:
        return readable_among(self._retriever.catalogue, doc_ids, caller)


def _joined(given: History, before: History) -> History:
    """Return turns that came with a question, followed by those of its conversation."""
    is_known = given.doc_ids is not None and before.doc_ids is not None
    return History(
        [*given.turns, *before.turns],
        (given.doc_ids or frozenset()) | (before.doc_ids or frozenset()) if is_known else None,
    )


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


def _word_for_word(
    citations: Sequence[Citation], passages: Sequence[Passage]
) -> tuple[Citation, ...]:
    """Quote what the documents say: in what the answer was made of, marked sentences were blank."""
    return tuple(
        next(
            (
                replace(
                    citation,
                    quote=passage.text[
                        citation.start - passage.start : citation.end - passage.start
                    ],
                )
                for passage in passages
                if passage.document.doc_id == citation.document.doc_id
                and passage.start <= citation.start
                and citation.end <= passage.end
            ),
            citation,
        )
        for citation in citations
    )


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
        return {**self.laps, "total": total}


def _told(report: GroundingReport | None, draft: Draft) -> list[Note]:
    """Say it in words where nothing of an answer holds: colours and marks alone are overlooked."""
    judged = [claim.verdict for claim in draft.claims if claim.verdict != "unchecked"]
    if (
        report is None
        or draft.status != "answered"
        or not judged
        or {"supported", "partial"} & set(judged)
    ):
        return []
    return [
        Note(
            "unsupported",
            "No statement of this answer was found in the documents. Do not rely on it.",
        )
    ]


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
        notes=draft.notes,
        model=draft.model,
        prompt_version=draft.prompt_version,
        index_generation=generation,
        created_at=datetime.now(UTC).isoformat(timespec="milliseconds"),
        prompt_tokens=draft.prompt_tokens,
        completion_tokens=draft.completion_tokens,
        cost_usd=draft.cost_usd,
        timings_ms=clock.finished(),
    )
