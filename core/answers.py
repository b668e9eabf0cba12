"""Questions, hits, answers and what people say of them. Every offset is a code point.

Question -> Hits -> Passages -> Draft (generator) -> Answer (checked) -> Feedback
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from core.documents import Element

Role = Literal["reader", "reviewer", "admin"]
AnswerStatus = Literal["answered", "abstained", "error"]
Verdict = Literal["supported", "partial", "unsupported", "contradicted", "unchecked"]
FeedbackVerdict = Literal["good", "bad", "false_alarm"]
FeedbackCategory = Literal[
    "wrong_fact",
    "wrong_source",
    "outdated",
    "incomplete",
    "should_have_abstained",
    "should_have_answered",
    "other",
]
FeedbackSeverity = Literal["", "benign", "questionable", "unwanted"]
FeedbackTarget = Literal["answer", "claim", "span", "citation", "passage"]
FeedbackSource = Literal["end_user", "reviewer", "auto"]


@dataclass(frozen=True, slots=True)
class DocumentRef:
    """A document as answers and hits name it.

    `is_stale` says that its newest bytes could not be read, so that this is its last good version.
    """

    doc_id: str
    uri: str
    title: str
    version: str
    updated_at: str = ""
    is_stale: bool = False


@dataclass(frozen=True, slots=True)
class Why:
    """Why a hit was found: its rank (1-based, None if not found) and raw score in either search.

    `words` is the score of the question's words, `name` the share of its naming words that the document's name
    has, `neighbour` the score of the better chunk beside it; `notes` say what its version or date did.
    """

    lexical_rank: int | None = None
    lexical_score: float | None = None
    dense_rank: int | None = None
    dense_score: float | None = None
    words: float = 0.0
    name: float = 0.0
    neighbour: float = 0.0
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Conflict:
    """Another hit that says something else about the same thing; offsets into the two documents.

    `kind` names what differs: a number, a date, a negation …
    """

    kind: str
    other_rank: int
    other_chunk_id: str
    start: int
    end: int
    other_start: int
    other_end: int


@dataclass(frozen=True, slots=True)
class Hit:
    """A chunk found for a query; `score` in [0, 1], higher is better; `rank` from 1."""

    rank: int
    score: float
    chunk_id: str
    document: DocumentRef
    section: tuple[str, ...]
    page: int | None
    start: int
    end: int
    text: str
    why: Why
    conflicts: tuple[Conflict, ...] = ()


@dataclass(frozen=True, slots=True)
class Passage:
    """A span of a document as it is shown to the generator, widened from one or more hits.

    `marker` is its number in the prompt; `chunk_id` and `score` are those of its best hit; `text` equals
    the canonical text between `start` and `end`, `elements` are the document's elements in that span.
    """

    marker: int
    document: DocumentRef
    chunk_id: str
    section: tuple[str, ...]
    page: int | None
    start: int
    end: int
    text: str
    score: float
    why: Why = field(default_factory=Why)
    elements: tuple[Element, ...] = ()


@dataclass(frozen=True, slots=True)
class Citation:
    """The exact words of a document that a part of an answer rests on."""

    marker: int
    document: DocumentRef
    chunk_id: str
    section: tuple[str, ...]
    page: int | None
    start: int
    end: int
    quote: str


@dataclass(frozen=True, slots=True)
class Claim:
    """A span of an answer's text with its verdict; `score` in [0, 1]; `citations` are markers.

    `reasons` are sentences for the reader: what in it differs from the sources.
    """

    start: int
    end: int
    text: str
    verdict: Verdict
    score: float
    citations: tuple[int, ...] = ()
    reasons: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Note:
    """Something a reader should know about an answer; `kind` names it for machines."""

    kind: str
    text: str


@dataclass(frozen=True, slots=True)
class Draft:
    """What a generator made of a question and passages, before anything is checked.

    `details` are facts for the trace: what was packed and left out, which models failed, the cache's key.
    """

    text: str
    claims: tuple[Claim, ...]
    citations: tuple[Citation, ...]
    status: AnswerStatus
    model: str
    prompt_version: str
    confidence: float
    notes: tuple[Note, ...] = ()
    prompt_tokens: int = 0
    completion_tokens: int = 0
    cost_usd: float = 0.0
    details: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Answer:
    """One answered question, as stored and as every face shows it."""

    answer_id: str
    conversation_id: str
    trace_id: str
    question: str
    text: str
    status: AnswerStatus
    claims: tuple[Claim, ...]
    citations: tuple[Citation, ...]
    notes: tuple[Note, ...]
    model: str
    prompt_version: str
    index_generation: int
    created_at: str
    prompt_tokens: int = 0
    completion_tokens: int = 0
    cost_usd: float = 0.0
    timings_ms: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Turn:
    """One earlier question of a conversation with its answer's text."""

    question: str
    answer: str


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks. `principals` decide what can be read, `role` what can be done beside reading.

    `is_admin` is the local administrator, who reads everything; a person with the role `admin` does not.
    """

    name: str
    principals: frozenset[str]
    is_admin: bool = False
    role: Role = "reader"


@dataclass(frozen=True, slots=True)
class Feedback:
    """What somebody said of one answer. `start`/`end` mark words of the answer, if any were chosen.

    `target` says what is meant: the answer, a whole claim, any other span, or what `target_ref` names: a citation by
    its marker, a passage that was found by its chunk id. `source` tells who speaks. `severity` tells how bad an error is; `correction` is what would be right and `correction_source` where it stands. Reviewers set `status`,
    `root_cause`, and in `dup_of` the feedback that said the same before.
    """

    feedback_id: str
    answer_id: str
    author: str
    verdict: FeedbackVerdict
    category: FeedbackCategory | None
    comment: str
    created_at: str
    start: int | None = None
    end: int | None = None
    selected_text: str = ""
    status: str = "new"
    severity: FeedbackSeverity = ""
    correction: str = ""
    correction_source: str = ""
    root_cause: str = ""
    dup_of: str = ""
    target: FeedbackTarget = "answer"
    target_ref: str = ""
    source: FeedbackSource = "end_user"
