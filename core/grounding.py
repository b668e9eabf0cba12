"""What checking an answer against its passages takes and gives; see `core.ports.GroundingChecker`."""

from dataclasses import dataclass

from core.answers import Verdict


@dataclass(frozen=True, slots=True)
class EvidenceText:
    """One passage that an answer may rest on; `section` is the heading path it stands under."""

    passage_id: str
    text: str
    section: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class CheckedClaim:
    """A span of the answer, [start, end) in code points, with its verdict.

    `score` in [0, 1] is the calibrated probability that the passages support it. `passage_id` names the passage
    with the best evidence, None where there is none; `evidence_start`/`evidence_end` are offsets into that
    passage's text. `reasons` are sentences that a reader understands.
    """

    start: int
    end: int
    verdict: Verdict
    score: float
    passage_id: str | None = None
    evidence_start: int = 0
    evidence_end: int = 0
    reasons: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class GroundingReport:
    """The verdict on a whole answer.

    `score` is the calibrated probability that it contains something that its passages do not support;
    `grounded` is the decision at the shipped threshold.
    """

    score: float
    grounded: bool
    claims: tuple[CheckedClaim, ...]
