"""What the Quality page shows, as plain records. Times in milliseconds, money in US dollars; `start` is YYYY-MM-DD."""

from dataclasses import dataclass

from app.quality.period import Period


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of the questions of one bucket. `flagged` counts answers that somebody says are wrong.

    `p50_ms` and `p95_ms` are whole answers' times, None where nothing was timed.
    """

    start: str
    answered: int = 0
    abstained: int = 0
    failed: int = 0
    flagged: int = 0
    people: int = 0
    p50_ms: float | None = None
    p95_ms: float | None = None

    @property
    def questions(self) -> int:
        """All of them."""
        return self.answered + self.abstained + self.failed


@dataclass(frozen=True, slots=True)
class Count:
    """How many of one kind (a channel, a verdict) there were in one bucket."""

    start: str
    kind: str
    count: int


@dataclass(frozen=True, slots=True)
class ModelUse:
    """What one language model was used for in one bucket."""

    start: str
    model: str
    prompt_tokens: int
    completion_tokens: int
    cost_usd: float


@dataclass(frozen=True, slots=True)
class Totals:
    """A whole period in numbers; `people` asked at least once."""

    questions: int = 0
    answered: int = 0
    abstained: int = 0
    failed: int = 0
    flagged: int = 0
    people: int = 0
    p50_ms: float | None = None
    p95_ms: float | None = None
    cost_usd: float = 0.0


@dataclass(frozen=True, slots=True)
class Usage:
    """How Footnote was used in a period, and in the one of the same length before it."""

    period: Period
    now: Totals
    before: Totals
    outcomes: tuple[Outcome, ...]
    channels: tuple[Count, ...]
    models: tuple[ModelUse, ...]
    thumbs: tuple[Count, ...]


@dataclass(frozen=True, slots=True)
class StageTime:
    """How long one stage of an answer takes."""

    stage: str
    p50_ms: float
    p95_ms: float


@dataclass(frozen=True, slots=True)
class AnswerSample:
    """What only the answers themselves say: read from `looked_at` of `total` of them, spread evenly over the period."""

    looked_at: int
    total: int
    stages: tuple[StageTime, ...]
    verdicts: tuple[Count, ...]


@dataclass(frozen=True, slots=True)
class FlagCount:
    """How many flags of a category are in a state: open, accepted, rejected, duplicate or fixed."""

    category: str
    state: str
    count: int


@dataclass(frozen=True, slots=True)
class FlagFigures:
    """The flags of a period; `median_hours` from flag to decision, None before the first decision."""

    counts: tuple[FlagCount, ...]
    decided: int
    median_hours: float | None


@dataclass(frozen=True, slots=True)
class DocumentGap:
    """Questions that mean the same and that the documents do not answer; personal data is masked.

    `label` is the most central of them, `questions` are others, `asked` counts askings, `documents` are titles
    that came nearest, of those that the one who looks may read.
    """

    label: str
    questions: tuple[str, ...]
    asked: int
    people: int
    last_asked: str
    documents: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class DocumentGaps:
    """The gaps, largest first. `withheld` askings are in none of them, because one person alone asked."""

    gaps: tuple[DocumentGap, ...]
    asked: int
    withheld: int
