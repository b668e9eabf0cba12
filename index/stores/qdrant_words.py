"""Words as Qdrant's sparse vectors: a term is a dimension, BM25 is an inner product.

A chunk's value for a term is tf * (k1 + 1) / (tf + k1 * (1 - b + b * length / average)); Qdrant multiplies by
the inverse document frequency (`Modifier.IDF`), the query brings the weights. The sum is BM25 on the scale of
the embedded store. Average lengths are constants, because Qdrant knows no lengths: a document's score
must not need every other document's vector to be written again.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from hashlib import blake2s

from index.vocabulary import TYPICAL_LENGTH

_K1, _B = 1.2, 0.75
_AVERAGE_NAME_TERMS = 10
_TEXT, _NAME = b"", b"name"
_MARK = 0xFFFFFFFF
"""A dimension that no query asks for: a chunk without words has it, so that no sparse vector is empty."""


def dimension(term: str, field: bytes = _TEXT) -> int:
    """Return the stable 32-bit dimension of a term; a name's terms have dimensions of their own."""
    digest = blake2s(term.encode("utf-8", "surrogatepass"), digest_size=4, person=field).digest()
    return int.from_bytes(digest, "big")


def chunk_words(terms: Sequence[str], name_terms: Sequence[str]) -> dict[int, float]:
    """Return a chunk's words as dimension to value, values above 0; never empty."""
    words: dict[int, float] = {}
    _saturate(words, terms, _TEXT, TYPICAL_LENGTH)
    _saturate(words, name_terms, _NAME, _AVERAGE_NAME_TERMS)
    return words or {_MARK: 1.0}


def query_words(terms: Mapping[str, float], name_terms: Mapping[str, float]) -> dict[int, float]:
    """Return the weights of a query's terms as dimension to weight."""
    words: dict[int, float] = {}
    for field, weights in ((_TEXT, terms), (_NAME, name_terms)):
        for term, weight in weights.items():
            key = dimension(term, field)
            words[key] = words.get(key, 0.0) + weight
    return words


def phrase_text(terms: Sequence[str]) -> str:
    """Return terms in order as words of eight hexadecimal digits, for phrase search.

    Any tokenizer cuts them at the same places, so that phrases are exact on a server and in local mode,
    whatever characters a term has; and no text of a document is kept in Qdrant.
    """
    return " ".join(f"{dimension(term):08x}" for term in terms)


def _saturate(words: dict[int, float], terms: Sequence[str], field: bytes, average: float) -> None:
    norm = _K1 * (1 - _B + _B * len(terms) / average)
    for term, count in Counter(terms).items():
        key = dimension(term, field)
        words[key] = words.get(key, 0.0) + count * (_K1 + 1) / (count + norm)
