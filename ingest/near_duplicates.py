"""Finds documents with nearly the same words: MinHash signatures and banded lookup.

Two signatures agree in each place with the probability of the Jaccard similarity of the documents' word
triples (Broder 1997); bands make the candidates (Leskovec, Rajaraman, Ullman: Mining of Massive Datasets,
chapter 3). With 16 bands of 4 places, a pair of similarity .9 is a candidate with probability .9999999, one
of .5 with .64, and then the whole signatures decide.
"""

import re
import zlib
from collections.abc import Iterable, Mapping, Sequence
from itertools import combinations
from typing import Any

import numpy as np

_PLACES = 64
_BANDS = 16
_SHINGLE_WORDS = 3
_MIN_SHINGLES = 20
"""Below this a text says too little to call another one its copy."""
_MIN_AGREEMENT = 0.85
_MAX_BUCKET = 50
"""Documents of one band compared pair by pair; in larger buckets each with the oldest only."""

_WORD = re.compile(r"\w+")


def signature(texts: Iterable[str]) -> bytes:
    """Return the MinHash of a document's words: 64 unsigned 32-bit numbers, b'' for too few words."""
    words = [word for text in texts for word in _WORD.findall(text.casefold())]
    spans = range(len(words) - _SHINGLE_WORDS + 1)
    hashes = {
        zlib.crc32(" ".join(words[i : i + _SHINGLE_WORDS]).encode("utf-8", "replace"))
        for i in spans
    }
    if len(hashes) < _MIN_SHINGLES:
        return b""
    found = np.fromiter(hashes, np.uint64, len(hashes))
    # A block at a time: a book has 100,000 triples, and 64 rows of them would be 50 MB.
    lowest = np.full(_PLACES, np.iinfo(np.uint64).max, np.uint64)
    for start in range(0, len(found), 4096):
        mixed = _mixed(found[None, start : start + 4096] ^ _seeds()[:, None])
        lowest = np.minimum(lowest, mixed.min(axis=1))
    return lowest.astype(np.uint32).tobytes()


def _seeds() -> "np.ndarray[tuple[int], np.dtype[np.uint64]]":
    # Fixed numbers: signatures of different runs must agree.
    return _mixed(np.arange(1, _PLACES + 1, dtype=np.uint64) << np.uint64(32))


def _mixed(
    values: "np.ndarray[Any, np.dtype[np.uint64]]",
) -> "np.ndarray[Any, np.dtype[np.uint64]]":
    """Shuffle all bits (the finaliser of MurmurHash3): `a * x + b` alone kept the order of small numbers."""
    values = (values ^ (values >> np.uint64(33))) * np.uint64(0xFF51AFD7ED558CCD)
    values = (values ^ (values >> np.uint64(33))) * np.uint64(0xC4CEB9FE1A85EC53)
    return values ^ (values >> np.uint64(33))


def older_copies(signatures: Mapping[str, bytes], ages: Mapping[str, str]) -> dict[str, str]:
    """Return for each document that has an older near-copy the id of the oldest one.

    `ages` gives each id a value that sorts by age; ties go by id, so that the result does not depend on any
    order.
    """
    ids = sorted(
        (doc_id for doc_id, value in signatures.items() if len(value) == 4 * _PLACES),
        key=lambda doc_id: (ages[doc_id], doc_id),
    )
    if len(ids) < 2:
        return {}
    matrix = np.frombuffer(b"".join(signatures[doc_id] for doc_id in ids), np.uint32)
    matrix = matrix.reshape(len(ids), _PLACES)
    oldest = list(range(len(ids)))
    for bucket in _buckets(matrix):
        for older, newer in _pairs(bucket):
            if float(np.mean(matrix[older] == matrix[newer])) >= _MIN_AGREEMENT:
                _join(oldest, older, newer)
    return {
        ids[number]: ids[root]
        for number in range(len(ids))
        if (root := _root(oldest, number)) != number
    }


def _buckets(matrix: "np.ndarray[tuple[int, int], np.dtype[np.uint32]]") -> Iterable[list[int]]:
    width = _PLACES // _BANDS
    # A band as one number: what two different bands share by chance, the whole signatures tell apart.
    mixers = _seeds()[:width]
    for band in range(_BANDS):
        columns = matrix[:, band * width : (band + 1) * width].astype(np.uint64)
        keys = (columns * mixers).sum(axis=1, dtype=np.uint64)
        order = np.argsort(keys, kind="stable")
        edges = np.flatnonzero(keys[order][1:] != keys[order][:-1]) + 1
        for group in np.split(order, edges):
            if len(group) > 1:
                yield sorted(int(number) for number in group)


def _pairs(bucket: Sequence[int]) -> Iterable[tuple[int, int]]:
    if len(bucket) <= _MAX_BUCKET:
        return combinations(bucket, 2)
    return ((bucket[0], newer) for newer in bucket[1:])


def _root(oldest: list[int], number: int) -> int:
    while oldest[number] != number:
        oldest[number] = oldest[oldest[number]]
        number = oldest[number]
    return number


def _join(oldest: list[int], first: int, second: int) -> None:
    one, two = sorted((_root(oldest, first), _root(oldest, second)))
    oldest[two] = one
