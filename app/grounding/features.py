"""Measures every clause of an answer against its passages; the numbers that `verdict_model` weighs.

All are in [0, 1] and say how far the clause is from what the passages say, or what kind of clause it is. None says how
long the answer is, where in it a clause stands or how it is phrased: those tell one generator from another, and taking
them out raised the AUROC within a generator from .75 to .78 (RAGTruth QA, development half, cross-validated).
"""

import re
from bisect import bisect_left
from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from app.grounding.alignment import windows
from app.grounding.claims import ClaimPiece, source_words
from app.grounding.evidence import PassageWords, Word, read_words
from app.grounding.flags import flag_conflict, flags_of
from app.grounding.layout import Clause, Layout
from core.search import FloatMatrix

FEATURES = (
    "uncovered",
    "uncovered_soft",
    "uncovered_sentence",
    "uncovered_sentence_soft",
    "novel",
    "novel_soft",
    "novel_run",
    "novel_names",
    "novel_numbers",
    "loose_pairs",
    "unquoted",
    "new_pairs",
    "new_triples",
    "new_pairs_sentence",
    "new_triples_sentence",
    "denied",
    "denied_any",
    "left_open",
    "left_open_any",
    "asked",
    "few_words",
    "conclusion",
    "listed",
    "differs",
    "value_missing",
    "of_sources",
)
ANSWER_FEATURES = ("worst", "mean")

_CONCLUSION = re.compile(
    r"\W*(?:overall|in (?:summary|conclusion|short|general)|to sum|therefore|thus|hence|so|as a result|this (?:suggests|"
    r"means|indicates|shows)|answer)\b",
    re.IGNORECASE,
)
_ENOUGH_WORDS = 6
_LOWEST = 1e-4
_NEAR_WORDS = 5
_LOOKED_AT = 100


def answer_features(missing: Sequence[float]) -> FloatMatrix:
    """Return shape (len(ANSWER_FEATURES),), log odds, for the probabilities of an answer's clauses."""
    values = np.clip([max(missing), sum(missing) / len(missing)], _LOWEST, 1 - _LOWEST)
    return np.asarray(np.log(values / (1 - values)), np.float32)


def clause_features(
    answer: str, pieces: Sequence[ClaimPiece], layout: Layout, question: str
) -> FloatMatrix:
    """Return shape (len(layout.clauses), len(FEATURES))."""
    measuring = _Measuring(answer, pieces, layout, question)
    values: FloatMatrix = np.zeros((len(layout.clauses), len(FEATURES)), np.float32)
    for number, clause in enumerate(layout.clauses):
        values[number] = measuring.row(clause)
    return values


class _Measuring:
    """What all clauses of an answer share while they are measured."""

    def __init__(
        self, answer: str, pieces: Sequence[ClaimPiece], layout: Layout, question: str
    ) -> None:
        self._answer, self._pieces, self._passages = answer, pieces, layout.passages
        self._alignment = alignment = layout.alignment
        self._asked = {word.term for word in read_words(question) if word.is_content}
        self._flags = flags_of(layout.passages)
        count = len(alignment.words)
        self._seen = (
            alignment.exact.max(axis=1) if alignment.exact.size else np.zeros(count, np.float32)
        )
        self._seen_soft = (
            alignment.soft.max(axis=1) if alignment.soft.size else np.zeros(count, np.float32)
        )
        self._whole = {}
        for piece in {clause.piece for clause in layout.clauses}:
            own = [layout.clauses[number] for number in layout.of_piece(piece)]
            best = windows(alignment, [row for c in own for row in c.rows], layout.passages, 1)
            terms = [word.term for clause in own for word in clause.words]
            self._whole[piece] = (best[0] if best else None, _new_runs(terms, layout.passages))

    def row(self, clause: Clause) -> tuple[float, ...]:
        """Return a clause's features."""
        rows = list(clause.rows)
        piece = self._pieces[clause.piece]
        words = [self._alignment.words[row] for row in rows]
        novel = 1 - np.asarray(self._seen[rows], np.float32)
        whole, whole_runs = self._whole[clause.piece]
        found = {finding.verdict for finding in clause.findings}
        return (
            1 - clause.window.exact if clause.window else float(bool(rows)),
            1 - clause.window.soft if clause.window else float(bool(rows)),
            1 - whole.exact if whole else float(bool(rows)),
            1 - whole.soft if whole else float(bool(rows)),
            self._weighted(rows, novel),
            self._weighted(rows, 1 - self._seen_soft[rows]),
            min(1.0, _longest_run(novel) / 4),
            _share(novel, [_is_name(word, self._answer) for word in words]),
            _share(novel, [word.text[:1].isdigit() for word in words]),
            _loose_pairs(words, self._passages),
            1 - clause.quoted,
            *_new_runs([word.term for word in clause.words], self._passages),
            *whole_runs,
            *flag_conflict(words, clause.is_negated, self._flags, self._passages),
            sum(word.term in self._asked for word in words) / len(words) if words else 0.0,
            1 - min(1.0, len(words) / _ENOUGH_WORDS),
            float(bool(_CONCLUSION.match(self._answer[piece.start : piece.end]))),
            float(bool(piece.context)),
            float("contradicted" in found),
            float("unsupported" in found),
            float(self._is_of_sources(clause)),
        )

    def _is_of_sources(self, clause: Clause) -> bool:
        """Tell a clause about the passages themselves, by a word for them that they do not use."""
        text = self._answer[clause.start : clause.end]
        return any(
            not self._passages.places.get(word.term)
            for span in source_words(text)
            for word in read_words(text[span.start : span.end])
        )

    def _weighted(self, rows: list[int], values: FloatMatrix) -> float:
        weights = self._alignment.weights[rows]
        total = float(weights.sum())
        return float(weights @ values) / total if total else 0.0


def _new_runs(terms: Sequence[str], passages: PassageWords) -> tuple[float, float]:
    """Return the shares of pairs and of triples of neighbouring words that no passage has."""
    pairs = list(pairwise(terms))
    triples = list(zip(terms, terms[1:], terms[2:], strict=False))
    new_pairs = sum(pair not in passages.runs for pair in pairs) / len(pairs) if pairs else 0.0
    new_triples = (
        sum(triple not in passages.runs for triple in triples) / len(triples) if triples else 0.0
    )
    return new_pairs, new_triples


def _longest_run(novel: FloatMatrix) -> int:
    best = run = 0
    for value in novel:
        run = run + 1 if value else 0
        best = max(best, run)
    return best


def _share(novel: FloatMatrix, chosen: Sequence[bool]) -> float:
    """Return the share of the chosen words that no passage has; 0 for none chosen."""
    picked = [float(value) for value, is_chosen in zip(novel, chosen, strict=True) if is_chosen]
    return sum(picked) / len(picked) if picked else 0.0


def _is_name(word: Word, answer: str) -> bool:
    """Tell a capitalised word that does not begin a sentence."""
    if not word.text[:1].isupper():
        return False
    before = answer[max(0, word.start - 2) : word.start]
    return bool(before) and before[-1] == " " and before[0] not in ".!?:\n"


def _loose_pairs(words: Sequence[Word], passages: PassageWords) -> float:
    """Return the share of neighbouring content words that stand in no sentence within five words of each other."""
    pairs = list(pairwise(words))
    if not pairs:
        return 0.0
    return sum(not _near(a.term, b.term, passages) for a, b in pairs) / len(pairs)


def _near(first: str, second: str, passages: PassageWords) -> bool:
    places = passages.places.get(second, [])
    for here in passages.places.get(first, [])[:_LOOKED_AT]:
        at = bisect_left(places, here - _NEAR_WORDS)
        close = places[at : at + 2 * _NEAR_WORDS + 1]
        if any(
            abs(here - there) <= _NEAR_WORDS
            and passages.sentence_of[here] == passages.sentence_of[there]
            for there in close
        ):
            return True
    return False
