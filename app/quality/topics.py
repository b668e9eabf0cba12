"""Topics of questions: the groups that they fall into by meaning; pure.

Spherical k-means with k-means++ seeding from a fixed seed: the same questions in the same order give the same topics.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from core.search import FloatMatrix

_QUESTIONS_PER_TOPIC = 25
_FEWEST, _MOST = 2, 20
_ROUNDS = 50
_RESTARTS = 8

Labels = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Topics:
    """The centres of topics: shape (k, dim), rows L2-normalised."""

    centres: FloatMatrix

    def of(self, vectors: FloatMatrix) -> Labels:
        """Return the topic of each question; `vectors` has shape (n, dim), rows L2-normalised."""
        return np.asarray((vectors @ self.centres.T).argmax(axis=1), np.int64)


def find_topics(vectors: FloatMatrix, seed: int = 1) -> Topics:
    """Return 2 to 20 topics, by the number of questions; `vectors` must have a row, and rows L2-normalised.

    Of eight starts the one whose questions lie nearest to their topics is taken.
    """
    count = min(_MOST, max(_FEWEST, len(vectors) // _QUESTIONS_PER_TOPIC), len(vectors))
    rng = np.random.default_rng(seed)
    tried = [_settled(vectors, _spread_out(vectors, count, rng)) for _ in range(_RESTARTS)]
    return Topics(max(tried, key=lambda centres: round(_closeness(vectors, centres), 9)))


def _closeness(vectors: FloatMatrix, centres: FloatMatrix) -> float:
    return float((vectors @ centres.T).max(axis=1).mean())


def _spread_out(vectors: FloatMatrix, count: int, rng: np.random.Generator) -> FloatMatrix:
    """Draw first centres among the questions, the more likely the farther they are from those drawn (k-means++)."""
    drawn = [int(rng.integers(len(vectors)))]
    for _ in range(count - 1):
        nearest = (vectors @ vectors[drawn].T).max(axis=1).astype(np.float64)
        distance = np.maximum(0.0, 1.0 - nearest)
        total = float(distance.sum())
        if total <= 1e-9:
            break  # all others are the same as one that is drawn
        drawn.append(int(rng.choice(len(vectors), p=distance / total)))
    return np.asarray(vectors[drawn], np.float32)


def _settled(vectors: FloatMatrix, centres: FloatMatrix) -> FloatMatrix:
    labels: Labels | None = None
    for _ in range(_ROUNDS):
        found = np.asarray((vectors @ centres.T).argmax(axis=1), np.int64)
        if labels is not None and (found == labels).all():
            break
        labels = found
        sums = np.zeros_like(centres)
        np.add.at(sums, labels, vectors)
        lengths = np.linalg.norm(sums, axis=1, keepdims=True)
        # A topic that lost all its questions stays where it was.
        centres = np.where(lengths > 1e-9, sums / np.maximum(lengths, 1e-9), centres).astype(
            np.float32
        )
    return centres
