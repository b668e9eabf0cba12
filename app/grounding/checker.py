"""Judges every claim of an answer by its passages, in milliseconds on one processor core; see `core.ports.GroundingChecker`.

    answer -> pieces -> clauses with their evidence and differing facts -> features -> probability of each clause
           -> neighbouring clauses of one verdict joined to claims -> probability of the answer

What stands word for word in a passage is supported whatever the model says, unless the rest of its sentence turns it
round. A difference in facts keeps a clause from being supported, whatever the model says. Only the clauses of which
something is missing are marked when the rest of their sentence stands.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Protocol

from app.grounding.alignment import WordVectors, windows
from app.grounding.claims import ClaimPiece, claim_pieces
from app.grounding.evidence import PassageWords
from app.grounding.features import answer_features, clause_features
from app.grounding.flags import are_records
from app.grounding.layout import COPIED, Clause, Layout, is_quotation, lay_out
from app.grounding.reasons import claim_reasons
from app.grounding.verdict_model import VerdictModel, VerdictModels, load_models
from app.grounding.word_vectors import open_word_vectors
from core.answers import Verdict
from core.grounding import CheckedClaim, EvidenceText, GroundingReport

_QUOTED_MISSING = 0.01
_DIFFERENT_MISSING = 0.5
_LEAST_WORDS, _NEXT_TO_NOTHING = 3, 0.2
_SAME_MATTER = 0.4
"""Of a clause's content words that its evidence must have before one can contradict the other."""


@dataclass(frozen=True, slots=True)
class JudgedClause:
    """A clause with its verdict; `missing` in [0, 1] is how likely it is not supported."""

    clause: Clause
    verdict: Verdict
    missing: float


class EmbeddingModel(Protocol):
    """An embedder, as far as the checker uses it: its folder has the table of its word pieces."""

    @property
    def tokenizer_path(self) -> str:
        """Return where the model's `tokenizer.json` stands, beside its weights."""


class ClaimChecker:
    """The checker that needs no language model."""

    def __init__(
        self, embedder: EmbeddingModel | None = None, models: VerdictModels | None = None
    ) -> None:
        """Judge with the word vectors of an embedding model; by words alone without one, or without such a table."""
        self._vectors: WordVectors | None = None
        if embedder is not None and embedder.tokenizer_path:
            self._vectors = open_word_vectors(embedder.tokenizer_path)
        self._models = models or load_models()

    def check(
        self, answer: str, passages: Sequence[EvidenceText], question: str = ""
    ) -> GroundingReport:
        """See `core.ports.GroundingChecker`."""
        pieces = claim_pieces(answer)
        words = PassageWords(passages)
        is_prose = not are_records(words)
        model = self._models.prose if is_prose else self._models.records
        layout = lay_out(answer, pieces, words, question, self._vectors)
        values = clause_features(answer, pieces, layout, question)
        missing, ranked = model.clause.probabilities(values), model.ranking.probabilities(values)
        claims: list[CheckedClaim] = []
        judged: list[float] = []
        for number, piece in enumerate(pieces):
            own = layout.of_piece(number)
            if not _is_checked(piece, [layout.clauses[row] for row in own]):
                claims.append(_unchecked(piece, layout))
                continue
            likely = [float(missing[row]) for row in own]
            clauses = _judge(own, layout, likely, model, is_prose=is_prose)
            quoted = is_quotation([layout.clauses[row] for row in own], words)
            judged += [
                _QUOTED_MISSING if quoted else float(ranked[row])
                for row in own
                if not _is_neutral(layout.clauses[row])
            ]
            claims.extend(_claims(piece, clauses, layout))
        score = (
            float(model.answer.probabilities(answer_features(judged)[None, :])[0])
            if judged
            else 0.0
        )
        is_contradicted = any(claim.verdict == "contradicted" for claim in claims)
        grounded = score < model.not_grounded_from and not is_contradicted
        return GroundingReport(round(score, 4), grounded, tuple(claims))


def _is_checked(piece: ClaimPiece, clauses: Sequence[Clause]) -> bool:
    """Tell whether a piece states something: it has content words outside what it says the passages lack."""
    states = piece.kind in ("statement", "absence")
    return states and any(clause.rows and not clause.is_absent for clause in clauses)


def _unchecked(piece: ClaimPiece, layout: Layout) -> CheckedClaim:
    reason = "It states nothing that could be checked."
    if piece.kind == "absence":
        reason = "It says what the passages lack, which is not checked."
    if piece.end > layout.read_to:
        reason = "The answer is too long: this part of it was not checked."
    return CheckedClaim(piece.start, piece.end, "unchecked", 1.0, reasons=(reason,))


def _judge(
    own: Sequence[int],
    layout: Layout,
    missing: Sequence[float],
    model: VerdictModel,
    *,
    is_prose: bool,
) -> list[JudgedClause]:
    """Give every clause of a piece its verdict; records are put into words, so that new words there say little."""
    clauses = [layout.clauses[row] for row in own]
    if is_quotation(clauses, layout.passages):
        return [JudgedClause(clause, "supported", _QUOTED_MISSING) for clause in clauses]
    judged = [
        _judged(clause, probability, model, is_new=is_prose and _is_new(clause, layout))
        for clause, probability in zip(clauses, missing, strict=True)
    ]
    return _with_neutral(judged)


def _with_neutral(judged: Sequence[JudgedClause]) -> list[JudgedClause]:
    """Let a clause that states nothing, like '(not in the passages)', go with the one before it, or else behind it."""
    stated = [item.verdict for item in judged if not _is_neutral(item.clause)]
    verdict = stated[0] if stated else "supported"
    found = []
    for item in judged:
        if _is_neutral(item.clause):
            found.append(replace(item, verdict=verdict))
        else:
            verdict = item.verdict
            found.append(item)
    return found


def _is_neutral(clause: Clause) -> bool:
    return clause.is_absent or not clause.rows


def _is_new(clause: Clause, layout: Layout) -> bool:
    """Tell a clause of which the passages have next to nothing: whatever people would let pass, it has no support."""
    rows = list(clause.rows)
    if len(rows) < _LEAST_WORDS or not layout.passages.sentences:
        return bool(rows) and not layout.passages.sentences
    seen = layout.alignment.exact[rows].max(axis=1)
    return float(seen.mean()) <= _NEXT_TO_NOTHING


def _judged(clause: Clause, likely: float, model: VerdictModel, *, is_new: bool) -> JudgedClause:
    if _is_neutral(clause):
        likely = min(likely, _QUOTED_MISSING)
        return JudgedClause(clause, "supported", likely)
    kinds = {finding.verdict for finding in clause.findings}
    is_about_it = clause.window is not None and clause.window.exact >= _SAME_MATTER
    is_copied = clause.copied >= COPIED and is_about_it
    if (is_copied and "contradicted" in kinds) or any(
        edit.strict and edit.is_new for edit in clause.edits
    ):
        return JudgedClause(clause, "contradicted", max(likely, _DIFFERENT_MISSING))
    if is_new or likely >= model.unsupported_from:
        return JudgedClause(clause, "unsupported", max(likely, model.unsupported_from))
    if kinds or clause.edits or likely >= model.partial_from:
        return JudgedClause(clause, "partial", max(likely, model.partial_from))
    return JudgedClause(clause, "supported", likely)


def _claims(
    piece: ClaimPiece, judged: Sequence[JudgedClause], layout: Layout
) -> list[CheckedClaim]:
    """Join a piece's neighbouring clauses of one verdict; together the claims hold the whole piece."""
    runs = [list(run) for _, run in groupby(judged, key=lambda item: item.verdict)]
    claims = []
    for position, run in enumerate(runs):
        start = piece.start if position == 0 else run[0].clause.start
        end = piece.end if position == len(runs) - 1 else runs[position + 1][0].clause.start
        claims.append(_claim(start, end, run, layout))
    return claims


def _claim(start: int, end: int, run: Sequence[JudgedClause], layout: Layout) -> CheckedClaim:
    clauses = [item.clause for item in run]
    verdict = run[0].verdict
    score = round(1 - max(item.missing for item in run), 4)
    reasons = claim_reasons(verdict, clauses, layout)
    place = _place(clauses, layout)
    if place is None:
        return CheckedClaim(start, end, verdict, score, reasons=reasons)
    first, last = (layout.passages.sentences[number] for number in place)
    passage_id = layout.passages.passages[first.passage].passage_id
    return CheckedClaim(start, end, verdict, score, passage_id, first.start, last.end, reasons)


def _place(clauses: Sequence[Clause], layout: Layout) -> tuple[int, int] | None:
    """Return the first and last sentence of the best evidence; None where no passage has any of the words."""
    quoted = layout.passages.quoted_at([word for clause in clauses for word in clause.words])
    if quoted:
        return quoted
    rows = [row for clause in clauses for row in clause.rows]
    best = windows(layout.alignment, rows, layout.passages, 1)
    return (best[0].first, best[0].last) if best and best[0].exact > 0 else None
