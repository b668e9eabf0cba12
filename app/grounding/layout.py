"""Lays an answer beside its passages: every clause with its words, its best evidence and what its facts differ in."""

import re
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace

from app.grounding.alignment import Alignment, Window, WordVectors, align, windows
from app.grounding.best_evidence import (
    count_agreed,
    evidence_text,
    read_text,
    source_words,
)
from app.grounding.claims import (
    ClaimPiece,
    absent_clauses,
    clauses,
    names_sources,
    unread_spans,
)
from app.grounding.edits import Edit, copied_share, edits
from app.grounding.evidence import PassageWords, Word, read_words
from app.grounding.facts import compare
from app.grounding.findings import Finding
from app.grounding.flags import negated_clauses

_TURNS = re.compile(
    r"\b(?:not|no|never|none|unless|except|only|if|until|without|false|untrue|no longer|myth|kein\w*|nicht|nur|außer|wenn|"
    r"falls|salvo|si|solo|sólo)\b|n['’]t\b|不|没|無|无|未",
    re.IGNORECASE,
)
COPIED = 0.5
"""A claim with this share of its words in the order of its evidence is taken for a copy with changes."""
_VALUES = frozenset(
    ("number", "amount", "percentage", "unit", "date", "time", "weekday", "name", "identifier")
)
_STATED, _LEAST_STATED_WORDS = 0.6, 2
_MAX_CONTEXT_CHARS = 60_000
_MAX_CONTENT_WORDS = 4_000


@dataclass(frozen=True, slots=True)
class Clause:
    """A part of a claim, [start, end) in the answer; `rows` are its content words among the answer's.

    `quoted` is the share of its words in the longest run that a passage has word for word; `place` the first and last
    sentence that have all of them so. An `is_absent` clause says that the passages lack something.
    """

    piece: int
    start: int
    end: int
    words: tuple[Word, ...]
    rows: tuple[int, ...]
    quoted: float
    place: tuple[int, int] | None
    window: Window | None
    is_absent: bool
    is_negated: bool
    copied: float = 0.0
    findings: tuple[Finding, ...] = ()
    edits: tuple[Edit, ...] = ()


@dataclass(frozen=True, slots=True)
class Layout:
    """All clauses of an answer, and the alignment of all its content words; nothing from `read_to` on was read."""

    clauses: Sequence[Clause]
    alignment: Alignment
    passages: PassageWords
    read_to: int

    def of_piece(self, piece: int) -> list[int]:
        """Return the numbers of a piece's clauses."""
        return [number for number, clause in enumerate(self.clauses) if clause.piece == piece]


def lay_out(
    answer: str,
    pieces: Sequence[ClaimPiece],
    passages: PassageWords,
    question: str,
    vectors: WordVectors | None,
) -> Layout:
    """Read every clause of an answer's pieces and find its evidence."""
    drafts = [
        draft
        for number, piece in enumerate(pieces)
        for draft in _drafts(answer, number, piece, passages)
    ]
    drafts, read_to = _within_limit(drafts)
    content = [word for draft in drafts for word in draft.words if word.is_content]
    alignment = align(content, passages, vectors)
    count_agreed(answer, pieces, _rows_by_piece(drafts), alignment, passages)
    made: list[Clause] = []
    row = 0
    for draft in drafts:
        count = sum(word.is_content for word in draft.words)
        rows = tuple(range(row, row + count))
        row += count
        best = windows(alignment, rows, passages, 1)
        made.append(
            Clause(
                draft.piece,
                draft.start,
                draft.end,
                draft.words,
                rows,
                _quoted(draft.words, passages),
                passages.quoted_at(draft.words),
                best[0] if best else None,
                draft.is_absent and not _is_stated(answer, draft, rows, best),
                draft.is_negated,
            )
        )
    compared = _with_findings(answer, pieces, made, alignment, passages, question, vectors)
    return Layout(compared, alignment, passages, read_to)


def _is_stated(answer: str, draft: "_Draft", rows: Sequence[int], best: Sequence[Window]) -> bool:
    """Tell a statement that only sounds as if the passages lacked something: 'Refunds cannot be given'."""
    if names_sources(answer[draft.start : draft.end]) or len(rows) < _LEAST_STATED_WORDS:
        return False
    return bool(best) and best[0].exact >= _STATED


@dataclass(frozen=True, slots=True)
class _Draft:
    piece: int
    start: int
    end: int
    words: tuple[Word, ...]
    is_absent: bool
    is_negated: bool


def _within_limit(drafts: list[_Draft]) -> tuple[list[_Draft], int]:
    """Return the first clauses that have no more content words than are compared, and where the others begin."""
    count = 0
    for position, draft in enumerate(drafts):
        count += sum(word.is_content for word in draft.words)
        if count > _MAX_CONTENT_WORDS:
            return drafts[:position], draft.start
    return drafts, sys.maxsize


def _drafts(answer: str, number: int, piece: ClaimPiece, passages: PassageWords) -> list[_Draft]:
    text = answer[piece.start : piece.end]
    words = read_words(text)
    if passages.quoted_at(words) is None:
        words = read_words(text, unread_spans(text))
    parts = clauses(text)
    drafts = []
    for span, is_absent, is_negated in zip(
        parts, absent_clauses(text, parts), negated_clauses(text, parts), strict=True
    ):
        inside = tuple(
            Word(w.start + piece.start, w.end + piece.start, w.text, w.term, w.is_content)
            for w in words
            if span.start <= w.start < span.end
        )
        start, end = span.start + piece.start, span.end + piece.start
        drafts.append(_Draft(number, start, end, inside, is_absent, is_negated))
    return drafts


def _rows_by_piece(drafts: Sequence[_Draft]) -> dict[int, list[int]]:
    found: dict[int, list[int]] = {}
    row = 0
    for draft in drafts:
        count = sum(word.is_content for word in draft.words)
        found.setdefault(draft.piece, []).extend(range(row, row + count))
        row += count
    return found


def _quoted(words: Sequence[Word], passages: PassageWords) -> float:
    """Return the share of a clause's words in its longest run that stands word for word in a passage."""
    texts = [word.text.casefold() for word in words]
    best = start = 0
    # Grow a run while it is found, else move its beginning: each word is looked up at most twice.
    for end in range(1, len(texts) + 1):
        while start < end and f" {' '.join(texts[start:end])} " not in passages.flat:
            start += 1
        best = max(best, end - start)
    return best / len(texts) if texts else 0.0


def _with_findings(
    answer: str,
    pieces: Sequence[ClaimPiece],
    made: Sequence[Clause],
    alignment: Alignment,
    passages: PassageWords,
    question: str,
    vectors: WordVectors | None,
) -> list[Clause]:
    """Compare the facts of every piece that states something and is no whole quotation."""
    context = "\n".join(passage.text for passage in passages.passages)[:_MAX_CONTEXT_CHARS]
    by_piece: dict[int, list[Clause]] = {}
    for clause in made:
        by_piece.setdefault(clause.piece, []).append(clause)
    found: list[Clause] = []
    for number, own in by_piece.items():
        quoted = passages.quoted_at([word for clause in own for word in clause.words])
        if pieces[number].kind not in ("statement", "absence") or _is_whole(own, quoted, passages):
            found.extend(own)
            continue
        piece = pieces[number]
        rows = [row for clause in own for row in clause.rows]
        text = read_text(answer[piece.start : piece.end])
        evidence = passages.text_of(*quoted) if quoted else evidence_text(rows, alignment, passages)
        around = _around(answer, pieces, number)
        differences = compare(text, evidence, context, question, around) if evidence else []
        words = [word for clause in own for word in clause.words]
        source = source_words(rows, alignment, passages)
        changed = [] if quoted else edits(words, source, set(passages.places), vectors)
        compared = _Compared(differences, changed, copied_share(words, source), piece.start)
        found.extend(_with_own(clause, compared, passages) for clause in own)
    return found


def _around(answer: str, pieces: Sequence[ClaimPiece], number: int) -> str:
    """Return the pieces before and after one: a condition may have a sentence of its own."""
    beside = (*pieces[max(0, number - 1) : number], *pieces[number + 1 : number + 2])
    return " ".join(answer[piece.start : piece.end] for piece in beside)


def is_quotation(own: Sequence[Clause], passages: PassageWords) -> bool:
    """Tell a claim that stands word for word in a passage, in a sentence whose other words do not turn it round."""
    words = [word for clause in own for word in clause.words]
    place = passages.quoted_at(words)
    if place is None or any(clause.findings for clause in own):
        return False
    if _is_whole(own, place, passages):
        return True
    said = {word.text.casefold() for word in words}
    rest = _TURNS.finditer(passages.text_of(*place))
    return not any(match.group().casefold() not in said for match in rest)


def _is_whole(own: Sequence[Clause], place: tuple[int, int] | None, passages: PassageWords) -> bool:
    """Tell whether a claim has all the words of the sentences that it quotes."""
    if place is None:
        return False
    return _same_words(passages.text_of(*place), [word for clause in own for word in clause.words])


def _same_words(text: str, words: Sequence[Word]) -> bool:
    return [word.text.casefold() for word in read_words(text)] == [
        word.text.casefold() for word in words
    ]


@dataclass(frozen=True, slots=True)
class _Compared:
    """What comparing a claim found; findings have offsets from `offset` on, edits those of the answer."""

    findings: Sequence[Finding]
    edits: Sequence[Edit]
    copied: float
    offset: int


def _with_own(clause: Clause, compared: _Compared, passages: PassageWords) -> Clause:
    """Return a clause with the findings and edits that lie in it."""
    start, end = clause.start - compared.offset, clause.end - compared.offset
    findings = tuple(
        finding
        for finding in compared.findings
        if finding.start < end
        and finding.end > start
        and not _stands_there(finding, clause, compared, passages)
    )
    changes = tuple(e for e in compared.edits if e.start < clause.end and e.end > clause.start)
    return replace(clause, copied=compared.copied, findings=findings, edits=changes)


def _stands_there(
    finding: Finding, clause: Clause, compared: _Compared, passages: PassageWords
) -> bool:
    """Tell a value that the clause's own best evidence has, in a claim in words of its own.

    In a copied sentence the place of a value tells which is meant; in a paraphrase the nearest other value is often that
    of another sentence ('5 minutes' of three steps of a recipe).
    """
    if finding.verdict == "contradicted" or compared.copied >= COPIED:
        return False  # `settled` has looked for the value in all passages
    if clause.window is None or finding.kind not in _VALUES:
        return False
    first, last = (
        passages.sentences[clause.window.first],
        passages.sentences[clause.window.last],
    )
    known = {word.term for word in passages.words[first.first : last.last]}
    start, end = finding.start + compared.offset, finding.end + compared.offset
    said = [word for word in clause.words if word.start < end and word.end > start]
    values = [word for word in said if word.text[:1].isdigit() or word.text[:1].isupper()] or said
    return bool(values) and all(word.term in known for word in values)
