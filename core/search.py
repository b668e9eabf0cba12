"""What a search store is asked, what it answers, and what is put into it: one vocabulary for every store."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

FloatMatrix = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class StoreQuery:
    """One question in the form that stores understand.

    `terms` and `name_terms` are analysed words (`index.analysis`) with weights above 0: the first are looked for
    in a chunk's text, the second in its document's path and title. Every one of `phrases`, each a run of
    analysed words, must stand in the text. `vector` has the shape (1, dim) and length 1.
    """

    vector: FloatMatrix
    terms: Mapping[str, float]
    name_terms: Mapping[str, float] = field(default_factory=dict)
    phrases: tuple[tuple[str, ...], ...] = ()
    doc_ids: frozenset[str] | None = None
    """Only chunks of these documents; None for all."""


@dataclass(frozen=True, slots=True)
class Candidates:
    """What both searches found; all of it may be read by the caller who asked.

    `lexical` and `dense` map chunk numbers to scores, best first; equal scores stand in order of number.
    `cosines` has the cosine of every chunk in either, as far as it has a vector.
    """

    lexical: Mapping[int, float]
    dense: Mapping[int, float]
    cosines: Mapping[int, float]


@dataclass(frozen=True, slots=True)
class IndexEntry:
    """A chunk as it is made searchable by words: its analysed words in order, and who may read it."""

    chunk_no: int
    doc_id: str
    terms: Sequence[str]
    name_terms: Sequence[str]
    access: Sequence[str]


@dataclass(frozen=True, slots=True)
class VectorBatch:
    """Vectors of chunks, shape (n, dim), rows of length 1; row i belongs to chunk `numbers[i]`.

    `doc_ids[i]` and `access[i]` are those of its document. Numbers ascend strictly.
    """

    numbers: npt.NDArray[np.int64]
    matrix: FloatMatrix
    doc_ids: Sequence[str]
    access: Sequence[tuple[str, ...]]
