"""Says in plain sentences why a claim has its verdict."""

import re
from collections.abc import Sequence

import numpy as np

from app.grounding.layout import Clause, Layout
from core.answers import Verdict

_VALUE = re.compile(r"\d[\w.,:]*\d|\d")
_SHOWN_WORDS = 6
_SHOWN_DIFFERENCES = 3


def claim_reasons(verdict: Verdict, clauses: Sequence[Clause], layout: Layout) -> tuple[str, ...]:
    """Return up to four sentences: what differs, which words no passage has, or that it is a quotation."""
    if verdict == "supported":
        is_quoted = all(clause.place is not None for clause in clauses)
        return ("It stands word for word in a passage.",) if is_quoted else ()
    told = [finding.text for clause in clauses for finding in clause.findings]
    told += [edit.text for clause in clauses for edit in clause.edits]
    reasons = _different(told)[:_SHOWN_DIFFERENCES]
    # A word that a difference has told of is not told again.
    said = " ".join(reasons).casefold()
    missing = [word for word in _missing_words(clauses, layout) if word.casefold() not in said]
    if missing:
        shown = ", ".join(f"“{word}”" for word in missing)
        reasons.append(f"No passage says {shown}.")
    return tuple(reasons) or ("The passages have these words, but nowhere together.",)


def _different(told: Sequence[str]) -> list[str]:
    """Return the sentences that tell of values that none before them told of: a finding and an edit find the same."""
    reasons: list[str] = []
    seen: set[str] = set()
    for sentence in dict.fromkeys(told):
        values = set(_VALUE.findall(sentence))
        if not values or not values <= seen:
            reasons.append(sentence)
        seen |= values
    return reasons


def _missing_words(clauses: Sequence[Clause], layout: Layout) -> list[str]:
    """Return the content words that no passage has, as they are written, at most six."""
    alignment = layout.alignment
    seen = alignment.exact.max(axis=1) if alignment.exact.size else np.zeros(len(alignment.words))
    rows = [row for clause in clauses for row in clause.rows if not seen[row]]
    return list(dict.fromkeys(alignment.words[row].text for row in rows))[:_SHOWN_WORDS]
