"""Finds the word that was changed in a sentence that is otherwise copied: the same words in order, another in one place.

A claim that repeats a sentence of a passage and has one other word reads as if it were supported. Words are aligned in
order (longest matching blocks, Ratcliff and Obershelp); a word that stands where the passage has another one is an edit
unless the two mean nearly the same. Names and numbers never do. A claim in words of its own has no edits.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

from app.grounding.alignment import WordVectors
from app.grounding.evidence import Word

_LEAST_WORDS, _MOST_WORDS = 4, 120
_COPIED_SHARE = {"strict": 0.65, "loose": 0.85}
"""Of a claim's words that must stand in the same order in the passage before a changed name or number, or word, counts."""
_SLOT_WORDS = 6
_SAME_MEANING = 0.3
"""Cosine of static word vectors: car/vehicle .60, employee/worker .49, refund/reimbursement .32, tree/invoice -.10."""
_LEAST_ADDED = 2
_UNITS = frozenset(
    (
        "second",
        "minut",
        "hour",
        "day",
        "week",
        "month",
        "quarter",
        "year",
        "percent",
        "euro",
        "dollar",
    )
)
"""Stems of units, which are as exact as numbers."""


@dataclass(frozen=True, slots=True)
class Edit:
    """Words at [start, end) of the answer that stand where the passage has others; `text` tells the reader.

    A `strict` edit changes a name or a number; `is_new` says that no passage has the words at all.
    """

    start: int
    end: int
    strict: bool
    text: str
    is_new: bool = False


def copied_share(claim: Sequence[Word], source: Sequence[Word]) -> float:
    """Return the share of a claim's words, in [0, 1], that stand in the same order in the sentences beside it."""
    if not claim or not source:
        return 0.0
    blocks = _matcher(claim, source).get_matching_blocks()
    return sum(block.size for block in blocks) / len(claim[:_MOST_WORDS])


def _matcher(claim: Sequence[Word], source: Sequence[Word]) -> SequenceMatcher[str]:
    ours = [word.term for word in claim[:_MOST_WORDS]]
    return SequenceMatcher(
        None, ours, [word.term for word in source[: 3 * _MOST_WORDS]], autojunk=False
    )


def edits(
    claim: Sequence[Word], source: Sequence[Word], known: set[str], vectors: WordVectors | None
) -> list[Edit]:
    """Return what was changed between a claim and the sentences it copies; [] for one in words of its own.

    `known` has the terms of all passages: what is added and stands in none of them is an edit too.
    """
    if not _LEAST_WORDS <= len(claim) <= _MOST_WORDS or not source:
        return []
    copied = copied_share(claim, source)
    if copied < _COPIED_SHARE["strict"]:
        return []
    more = Counter(word.term for word in claim)
    fewer = Counter(word.term for word in source[: 3 * _MOST_WORDS])
    found = []
    for kind, a, b, c, d in _matcher(claim, source).get_opcodes():
        added = [
            word for word in claim[a:b] if word.is_content and more[word.term] > fewer[word.term]
        ]
        gone = [
            word for word in source[c:d] if word.is_content and fewer[word.term] > more[word.term]
        ]
        if kind == "replace" and added and gone and max(b - a, d - c) <= _SLOT_WORDS:
            found.extend(_replaced(added, gone, (claim[0], source[0]), known, vectors))
        elif kind == "delete":
            found.extend(_added([word for word in added if word.term not in known], claim[0]))
    return [edit for edit in found if edit.strict or copied >= _COPIED_SHARE["loose"]]


def _replaced(
    added: Sequence[Word],
    gone: Sequence[Word],
    first: tuple[Word, Word],
    known: set[str],
    vectors: WordVectors | None,
) -> list[Edit]:
    numbers = [word.term[:1].isdigit() for word in (*added, *gone)]
    if any(numbers) and not all(numbers):
        return []  # 30 minutes and half an hour: `facts` compares quantities
    said, stands = _without_plurals(added, gone), _without_plurals(gone, added)
    is_strict = any(_is_exact(word, first) for word in said) and any(
        _is_exact(word, first) for word in stands
    )
    if not is_strict and _mean_the_same(added, gone, vectors):
        return []
    ours, theirs = (" ".join(word.text for word in words) for words in (added, gone))
    text = f"The answer says “{ours}” where the passage says “{theirs}”."
    is_new = any(word.term not in known for word in added)
    return [Edit(added[0].start, added[-1].end, is_strict, text, is_new)]


def _without_plurals(words: Sequence[Word], others: Sequence[Word]) -> list[Word]:
    """Return the words that are not one of the others with an s more or less: DJ, DJs."""
    known = {other.term.removesuffix("s") for other in others}
    return [word for word in words if word.term.removesuffix("s") not in known]


def _added(new: Sequence[Word], first: Word) -> list[Edit]:
    """One plain word more may be a manner of speaking; two, or a name or number, are something said."""
    if not new or (len(new) < _LEAST_ADDED and not _is_exact(new[0], (first,))):
        return []
    shown = " ".join(word.text for word in new)
    return [
        Edit(
            new[0].start, new[-1].end, False, f"The answer adds “{shown}” to what the passage says."
        )
    ]


def _is_exact(word: Word, first: Sequence[Word]) -> bool:
    """Tell a name or number, for which nothing that only resembles it will do; any first word has a capital."""
    if word.term[:1].isdigit() or word.term in _UNITS:
        return True
    return word.text[:1].isupper() and all(word is not other for other in first)


def _mean_the_same(
    added: Sequence[Word], gone: Sequence[Word], vectors: WordVectors | None
) -> bool:
    """Tell whether every added word has one of like meaning, or of like letters, among those that are gone."""
    ours, theirs = ([word.text.casefold() for word in words] for words in (added, gone))
    like = [[_same_root(our, their) for their in theirs] for our in ours]
    if vectors is not None:
        close = vectors(ours) @ vectors(theirs).T >= _SAME_MEANING
        return all(any(row) or bool(near.any()) for row, near in zip(like, close, strict=True))
    return all(any(row) for row in like)


def _same_root(first: str, second: str) -> bool:
    shared = 0
    for a, b in zip(first, second, strict=False):
        if a != b:
            break
        shared += 1
    return shared >= 4 and shared >= 0.6 * min(len(first), len(second))
