"""Flags for the tests of the review desk: documents in a catalogue, an answer made from some of them, what is said of it."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from app.feedback_log import FeedbackLog, Remark
from app.review.desk import ReviewDesk
from core.answers import Answer, Caller, Citation, Claim, DocumentRef
from core.documents import document_id, text_hash
from index.catalogue import Catalogue
from index.permissions import caller_named

ADA = caller_named("ada@x.org", [])
BO = caller_named("bo@x.org", [])
REV = replace(caller_named("rev@x.org", []), role="reviewer")
OTHER = replace(caller_named("other@x.org", []), role="reviewer")
HR = replace(caller_named("hr@x.org", ["hr"]), role="reviewer")
CANARY = "zebracanary"
OPEN_DOCUMENT = ("leave.md", "Everyone has thirty days of leave.\nAsk your manager first.")
SECRET_DOCUMENT = ("salaries.md", f"The {CANARY} band starts at ninety.")
ANSWER_TEXT = "Everyone has thirty days of leave. Ask first."


class Clock:
    """A clock that stands until it is moved."""

    def __init__(self) -> None:
        self.now = datetime(2026, 3, 1, 9, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def pass_minutes(self, minutes: float) -> None:
        self.now += timedelta(minutes=minutes)


class Flags:
    """A catalogue with an open and a secret document, a desk over it, and flags on answers made from them."""

    def __init__(self, catalogue: Catalogue, new_version: Callable[..., Any]) -> None:
        self.catalogue = catalogue
        self.clock = Clock()
        self.log = FeedbackLog(catalogue.engine, catalogue.data_dir)
        self.desk = ReviewDesk(catalogue, catalogue.data_dir, self.clock)
        self._made = 0
        versions = [
            new_version(*OPEN_DOCUMENT, range(1, 3)),
            new_version(*SECRET_DOCUMENT, range(3, 4), access=("group:hr",)),
        ]
        catalogue.store(versions, [])

    def answer(
        self, *documents: tuple[str, str], question: str = "How many days of leave?", **changes: Any
    ) -> tuple[Answer, dict[str, Any]]:
        """Return an answer with its trace, as if made from documents; the first line of each is cited."""
        self._made += 1
        citations, passages = [], []
        for marker, (uri, text) in enumerate(documents, start=1):
            doc_id, line = document_id("docs", uri), text.split("\n")[0]
            reference = DocumentRef(doc_id, uri, uri, "v1")
            citations.append(Citation(marker, reference, "c", (), None, 0, len(line), line))
            passages.append(_passage(marker, doc_id, uri, text))
        answer = Answer(
            answer_id=f"answer-{self._made}",
            conversation_id="c",
            trace_id="t",
            question=question,
            text=ANSWER_TEXT,
            status="answered",
            claims=(
                Claim(0, 34, ANSWER_TEXT[:34], "supported", 1.0, (1,)),
                Claim(35, 45, ANSWER_TEXT[35:], "contradicted", 0.1, (), ("Nobody says so.",)),
            ),
            citations=tuple(citations),
            notes=(),
            model="extractive",
            prompt_version="p",
            index_generation=1,
            created_at="2026-01-01",
            timings_ms={"total": 12.0},
        )
        trace = {"query": question, "history": [], "confidence": 0.5, "hits": []}
        return replace(answer, **changes), {**trace, "passages": passages}

    def flag(
        self,
        *documents: tuple[str, str],
        caller: Caller = ADA,
        remark: Remark | None = None,
        made: tuple[Answer, dict[str, Any]] | None = None,
        **changes: Any,
    ) -> str:
        """Flag a new answer, or one that was `made`; returns the flag's id."""
        answer, trace = made or self.answer(*(documents or (OPEN_DOCUMENT,)), **changes)
        given = remark or Remark("bad", "wrong_fact", "It is 31.")
        return self.log.add(answer, trace, caller, given, "streamlit").feedback_id

    def ids(self, caller: Caller = REV, **filters: Any) -> Sequence[str]:
        """Return the flags of the queue in its order."""
        return [entry.feedback_id for entry in self.desk.queue(caller, **filters).entries]

    def state(self, feedback_id: str, caller: Caller = REV) -> str:
        """Return the state of one flag."""
        return self.desk.open(feedback_id, caller).state


def _passage(marker: int, doc_id: str, uri: str, text: str) -> dict[str, Any]:
    return {
        "marker": marker,
        "doc_id": doc_id,
        "uri": uri,
        "title": uri,
        "version": "v1",
        "chunk_id": "c",
        "start": 0,
        "end": len(text),
        "score": 0.5,
        "packed": True,
        "text": text,
        "text_sha256": text_hash(text),
    }
