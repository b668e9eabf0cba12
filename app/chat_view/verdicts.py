"""What an answer's statements come to: which are shown, which are doubtful, and the line that sums them up."""

from dataclasses import dataclass
from typing import Literal

from app.answer_markup import shown_text
from app.chat_view.words import VERDICT_WORDS, clipped, verdict_label
from core.answers import Answer, Claim, Verdict

Tone = Literal["good", "mixed", "bad", "calm"]

# The worst first: a reader who reads no further has read that.
_DOUBTFUL: tuple[Verdict, ...] = ("contradicted", "unsupported", "partial")
_DOUBT_CHARS = 200


@dataclass(frozen=True, slots=True)
class Doubt:
    """A statement that does not hold as it is written: its words, the verdict in words, and why.

    `claim` is its position among the claims that are shown. The worst doubts come first.
    """

    claim: int
    text: str
    verdict: Verdict
    label: str
    reasons: tuple[str, ...]


def shown_claims(answer: Answer) -> list[Claim]:
    """Return the claims in the order of the text, without those that others cover wholly."""
    shown: list[Claim] = []
    position = 0
    for claim in sorted(answer.claims, key=lambda claim: (claim.start, claim.end)):
        end = min(claim.end, len(answer.text))
        if max(claim.start, position) < end:
            shown.append(claim)
            position = end
    return shown


def is_doubtful(verdict: Verdict | None) -> bool:
    """Whether a reader has to be told why a statement does not hold as it is written."""
    return verdict in _DOUBTFUL


def doubts_of(answer: Answer) -> tuple[Doubt, ...]:
    """Return the statements that do not hold, the worst first, those alike in the order of the text."""
    doubts = [
        Doubt(
            number,
            clipped(
                " ".join(shown_text(answer.text, claim.start, claim.end).split()), _DOUBT_CHARS
            ),
            claim.verdict,
            verdict_label(claim.verdict),
            claim.reasons,
        )
        for number, claim in enumerate(shown_claims(answer))
        if is_doubtful(claim.verdict)
    ]
    return tuple(sorted(doubts, key=lambda doubt: _DOUBTFUL.index(doubt.verdict)))


def summary_line(answer: Answer) -> str:
    """Return how well an answer is supported in one line, its worst first; "" when it states nothing."""
    total = len(answer.claims)
    if answer.status != "answered" or not total:
        return ""
    counts = {
        verdict: sum(claim.verdict == verdict for claim in answer.claims)
        for verdict in VERDICT_WORDS
    }
    if counts["unchecked"] == total:
        return "Not checked against the documents"
    noun = "statement" if total == 1 else "statements"
    found = [
        (counts[verdict], VERDICT_WORDS[verdict][1])
        for verdict in (*_DOUBTFUL, "unchecked")
        if counts[verdict]
    ]
    if not any(counts[verdict] for verdict in _DOUBTFUL):
        return ", ".join(
            [f"{counts['supported']} of {total} {noun} supported", *(f"{n} {w}" for n, w in found)]
        )
    (first, words), *rest = found
    verb = "is" if first == 1 else "are"
    return ", ".join([f"{first} of {total} {noun} {verb} {words}", *(f"{n} {w}" for n, w in rest)])


def tone_of(answer: Answer) -> Tone:
    """Return how the summary sounds; `calm` where there is nothing to sum up."""
    verdicts = {claim.verdict for claim in answer.claims}
    if answer.status != "answered" or not verdicts or verdicts == {"unchecked"}:
        return "calm"
    if verdicts & {"unsupported", "contradicted"}:
        return "bad"
    return "good" if verdicts == {"supported"} else "mixed"
