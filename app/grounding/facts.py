"""Compares the facts of a claim with its evidence without any model: numbers, dates, names, negation, wording; pure.

    claim, evidence -> Readings -> one comparison for each sort of fact -> Findings

Precision comes first: a faithful paraphrase has no finding. Values that stand elsewhere in the passages, in a sentence
that is about the claim as much, are no finding either.
"""

from collections.abc import Callable, Iterator

from app.grounding.assignments import compare_assignments
from app.grounding.findings import FactKind, Finding
from app.grounding.names import compare_identifiers, compare_names, compare_quotes
from app.grounding.occasions import agreeing_moments, compare_moments
from app.grounding.pairing import Pair, needed
from app.grounding.qualifiers import compare_qualifiers
from app.grounding.reading import normal, read, read_all
from app.grounding.replacements import compare_replaced
from app.grounding.roles import compare_roles
from app.grounding.settling import settled
from app.grounding.values import agreeing_values, compare_values
from app.grounding.wording import compare_wording

__all__ = ["FactKind", "Finding", "agreed_spans", "compare"]

_COMPARISONS: tuple[Callable[[Pair], Iterator[Finding]], ...] = (
    compare_values,
    compare_moments,
    compare_identifiers,
    compare_names,
    compare_quotes,
    compare_wording,
    compare_qualifiers,
    compare_assignments,
    compare_roles,
)
_MAX_EVIDENCE_CHARS = 10_000
_MAX_EVIDENCE_SENTENCES = 40


def compare(
    claim: str, evidence: str, context: str = "", question: str = "", around: str = ""
) -> list[Finding]:
    """Return in what a claim differs from its evidence, in the order of the claim.

    `evidence` is the one to three sentences chosen for the claim, `context` all passages' text, `question` what was
    asked, whose names and values a claim may repeat, `around` the answer's claims before and after, which may have the
    conditions that the claim leaves out. Text that is too long is read in part: 2,000 characters of a
    sentence, 10,000 of the evidence, 60,000 of the context.
    """
    pair = _pair(claim, evidence, context, question, around)
    if pair is None or _is_quoted(claim, evidence, pair):
        return []
    compared = (finding for comparison in _COMPARISONS for finding in comparison(pair))
    found = [finding for finding in (settled(f, pair) for f in compared) if finding]
    if not any(finding.verdict == "contradicted" for finding in found):
        replaced = list(compare_replaced(pair))
        found = [f for f in found if not any(_overlap(f, other) for other in replaced)] + replaced
    return sorted(found, key=lambda finding: (finding.start, finding.end))


def _overlap(first: Finding, second: Finding) -> bool:
    return first.start < second.end and second.start < first.end


def agreed_spans(claim: str, evidence: str, context: str = "") -> list[tuple[int, int]]:
    """Return where a claim has a number, date or time that its evidence has too, in whatever form.

    'three weeks' agrees with '21 days': for whoever looks words up, these have been found. Spans are [start, end)
    of the claim, in order.
    """
    pair = _pair(claim, evidence, context, "")
    return sorted((*agreeing_values(pair), *agreeing_moments(pair))) if pair else []


def _pair(claim: str, evidence: str, context: str, question: str, around: str = "") -> Pair | None:
    sentences = read_all(evidence[:_MAX_EVIDENCE_CHARS])[:_MAX_EVIDENCE_SENTENCES]
    if not claim.strip() or not sentences:
        return None
    own = read(claim)
    return Pair(own, needed(own, sentences), context or evidence, read(question), read(around))


def _is_quoted(claim: str, evidence: str, pair: Pair) -> bool:
    """Whether a claim is one of the sentences, word for word."""
    words = normal(claim)
    is_all = " ".join(claim.split()) == " ".join(evidence.split())
    return is_all or any(normal(sentence.text) == words for sentence in pair.evidence)
