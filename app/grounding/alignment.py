"""Lays a claim beside the passages: which of its words some sentence has, which only something like them, which nobody.

Soft matching is a greedy word alignment by cosine (BERTScore, Zhang et al. 2020) over static word vectors, with the
weights of `PassageWords`. A window is one to three neighbouring sentences of one passage.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np

from app.grounding.evidence import PassageWords, Word
from core.search import FloatMatrix

WordVectors = Callable[[Sequence[str]], FloatMatrix]
"""Words to unit vectors, shape (len(words), dim)."""

_WINDOW_SENTENCES, _KEPT = 3, 2
_ONE_THREAD = 262_144
"""Multiplications up to which OpenBLAS works on one thread (its GEMM_MULTITHREAD_THRESHOLD of 4 x 65,536)."""
_WINDOW_COST = 0.04
"""A longer window must cover this much more of a claim, so that evidence stays as short as it can be."""


@dataclass(frozen=True, slots=True)
class Alignment:
    """Content words of an answer beside all sentences of its passages; row i belongs to words[i].

    `exact` and `soft` have shape (words, sentences), values in [0, 1]; `weights` has shape (words,).
    """

    words: Sequence[Word]
    weights: FloatMatrix
    exact: FloatMatrix
    soft: FloatMatrix
    found: dict[tuple[int, ...], "list[Window]"] = field(default_factory=dict)
    """The windows of rows that were asked for before."""


@dataclass(frozen=True, slots=True)
class Window:
    """Sentences first..last (inclusive) of one passage, with how much of a claim they cover, in [0, 1]."""

    first: int
    last: int
    exact: float
    soft: float


def align(words: Sequence[Word], passages: PassageWords, vectors: WordVectors | None) -> Alignment:
    """Look every content word of an answer up in every sentence of its passages."""
    terms = [word.term for word in words]
    weights = np.array([passages.weight(term) for term in terms], np.float32)
    exact = passages.presence(terms)
    soft = exact
    if vectors is not None and words and passages.sentences:
        soft = np.maximum(exact, _similarity(words, passages, vectors))
    return Alignment(words, weights, exact, soft)


def _similarity(words: Sequence[Word], passages: PassageWords, vectors: WordVectors) -> FloatMatrix:
    """Return for each word and sentence the highest cosine to a content word of the sentence, at least 0."""
    asked = list(dict.fromkeys(word.text.casefold() for word in words))
    content = [position for position, word in enumerate(passages.words) if word.is_content]
    found: FloatMatrix = np.zeros((len(words), len(passages.sentences)), np.float32)
    if not content:
        return found
    texts = [passages.words[position].text.casefold() for position in content]
    known = list(dict.fromkeys(texts))
    cosines = np.maximum(_products(vectors(known), vectors(asked)), 0)
    place_of = {text: place for place, text in enumerate(known)}
    owners = passages.sentence_of[content]
    firsts = np.flatnonzero(np.r_[True, owners[1:] != owners[:-1]])
    # Words of a sentence stand side by side: one pass takes the highest of each run.
    best = np.maximum.reduceat(cosines[[place_of[text] for text in texts]], firsts, axis=0)
    row_of = {text: row for row, text in enumerate(asked)}
    found[:, owners[firsts]] = best.T[[row_of[word.text.casefold()] for word in words]]
    return found


def _products(first: FloatMatrix, second: FloatMatrix) -> FloatMatrix:
    """Return first @ second.T, a few rows at a time, so that the processor library starts no threads for it.

    Its threads wait for each other where other work has the cores: 19 ms an answer instead of 2.
    """
    rows = max(1, _ONE_THREAD // max(1, second.size))
    parts = [first[start : start + rows] @ second.T for start in range(0, len(first), rows)]
    return np.concatenate(parts) if parts else np.zeros((0, len(second)), np.float32)


def windows(
    alignment: Alignment, rows: Sequence[int], passages: PassageWords, top: int = 1
) -> list[Window]:
    """Return the windows that cover some words best, best first, at most `top` of two, none inside a better one."""
    if not rows or not passages.sentences:
        return []
    asked = tuple(rows)
    if asked not in alignment.found:
        alignment.found[asked] = _best_windows(alignment, asked, passages)
    return alignment.found[asked][:top]


def _best_windows(
    alignment: Alignment, rows: Sequence[int], passages: PassageWords
) -> list[Window]:
    weights = alignment.weights[list(rows)]
    total = float(weights.sum()) or 1.0
    owner = passages.owners
    exact, soft = alignment.exact[list(rows)], alignment.soft[list(rows)]
    wide_exact, wide_soft = exact, soft
    found: list[tuple[float, Window]] = []
    for size in range(1, _WINDOW_SENTENCES + 1):
        if size > 1:
            if len(owner) < size:
                break
            wide_exact = np.maximum(wide_exact[:, :-1], exact[:, size - 1 :])
            wide_soft = np.maximum(wide_soft[:, :-1], soft[:, size - 1 :])
        by_exact = weights @ wide_exact / total
        by_soft = weights @ wide_soft / total
        score = np.asarray(by_exact + 0.5 * by_soft - _WINDOW_COST * (size - 1))
        score[owner[: len(score)] != owner[size - 1 :]] = -1
        for first in np.argsort(-score, kind="stable")[:_KEPT]:
            window = Window(
                int(first), int(first) + size - 1, float(by_exact[first]), float(by_soft[first])
            )
            found.append((float(score[first]), window))
    found.sort(key=lambda pair: (-pair[0], pair[1].first))
    chosen: list[Window] = []
    for value, window in found:
        if value >= 0 and not any(
            w.first <= window.last and window.first <= w.last for w in chosen
        ):
            chosen.append(window)
    return chosen[:_KEPT]
