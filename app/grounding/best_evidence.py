"""Chooses the sentences that a claim is compared with, and counts as found what they say in another form."""

from collections.abc import Mapping, Sequence

from app.grounding.alignment import Alignment, windows
from app.grounding.claims import ClaimPiece, unread_spans
from app.grounding.evidence import PassageWords, Word
from app.grounding.facts import agreed_spans
from app.grounding.reading import read

_EVIDENCE_WINDOWS = 2


def count_agreed(
    answer: str,
    pieces: Sequence[ClaimPiece],
    rows_of: Mapping[int, Sequence[int]],
    alignment: Alignment,
    passages: PassageWords,
) -> None:
    """Count the words of a number or date as found where the best evidence has it in another form: 3 weeks, 21 days.

    `rows_of` has the rows of the alignment by the number of their piece.
    """
    for number, rows in rows_of.items():
        piece = pieces[number]
        text = read_text(answer[piece.start : piece.end])
        facts = read(text)
        if not rows or not (facts.numbers or facts.moments):
            continue
        chosen = _chosen(rows, alignment, passages)
        agreed = agreed_spans(text, _joined(chosen, passages))
        for found in rows:
            word = alignment.words[found]
            start, end = word.start - piece.start, word.end - piece.start
            if any(first < end and start < last for first, last in agreed):
                alignment.exact[found, chosen] = 1.0
                alignment.soft[found, chosen] = 1.0
    alignment.found.clear()


def evidence_text(rows: Sequence[int], alignment: Alignment, passages: PassageWords) -> str:
    """Return the sentences that have most of some words, a paragraph each."""
    return _joined(_chosen(rows, alignment, passages), passages)


def source_words(rows: Sequence[int], alignment: Alignment, passages: PassageWords) -> list[Word]:
    """Return the words of the sentence, or the neighbouring ones, that a claim may copy."""
    best = windows(alignment, rows, passages, 1)
    if not best:
        return []
    first, last = passages.sentences[best[0].first], passages.sentences[best[0].last]
    return passages.words[first.first : last.last]


def read_text(text: str) -> str:
    """Blank what names the passages, so that 'passage 2' is no number; every offset stays."""
    for span in unread_spans(text):
        text = text[: span.start] + " " * (span.end - span.start) + text[span.end :]
    return text


def _chosen(rows: Sequence[int], alignment: Alignment, passages: PassageWords) -> list[int]:
    best = windows(alignment, rows, passages, _EVIDENCE_WINDOWS)
    return sorted({number for window in best for number in range(window.first, window.last + 1)})


def _joined(chosen: Sequence[int], passages: PassageWords) -> str:
    """Return sentences as paragraphs: they may be rows of a table or come from different passages."""
    return "\n\n".join(" ".join(passages.text_of(n, n).split()) for n in chosen)
