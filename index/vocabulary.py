"""The words of the collection: how rare each is, and which one a misspelt word may be.

Counts only grow until the indexes are rebuilt: rarity needs no more, and whether a word may be *suggested* to
somebody is asked of the store, among what that person may read.
"""

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

from sqlalchemy import Connection, Engine, bindparam, delete, func, insert, select, text, update

from core.search import IndexEntry
from index.database import storage_errors, writing
from index.schema import meta, vocabulary

_CHUNKS, _TERMS = "vocabulary_chunks", "vocabulary_terms"
TYPICAL_LENGTH = 110.0
_SHARED_START = 2
_MIN_LENGTH = 4
_LONG_WORD = 8
_MAX_COMPARED = 20_000


class Vocabulary:
    """The vocabulary of one data folder."""

    def __init__(self, engine: Engine, data_dir: Path) -> None:
        self._engine = engine
        self._data_dir = data_dir

    def add(self, entries: Sequence[IndexEntry]) -> None:
        """Count the words of new chunks."""
        counts = Counter(term for entry in entries for term in set(entry.terms))
        if not counts:
            return
        statement = text(
            "INSERT INTO vocabulary (term, chunks) VALUES (:term, :chunks) "
            "ON CONFLICT (term) DO UPDATE SET chunks = vocabulary.chunks + excluded.chunks"
        )
        with storage_errors(self._data_dir), writing(self._engine) as connection:
            connection.execute(
                statement,
                [{"term": term, "chunks": number} for term, number in sorted(counts.items())],
            )
            before = _totals(connection)
            added = {_CHUNKS: len(entries), _TERMS: sum(len(entry.terms) for entry in entries)}
            for key, number in added.items():
                total = str(before.get(key, 0) + number)
                stored = update(meta).where(meta.c.key == key).values(value=total)
                if not connection.execute(stored).rowcount:
                    connection.execute(insert(meta).values(key=key, value=total))

    def clear(self) -> None:
        """Forget all counts, to count again."""
        with storage_errors(self._data_dir), writing(self._engine) as connection:
            connection.execute(delete(vocabulary))
            connection.execute(delete(meta).where(meta.c.key.in_((_CHUNKS, _TERMS))))

    def size(self) -> tuple[int, float]:
        """Return the number of chunks counted and their average length in words."""
        with self._engine.connect() as connection:
            totals = _totals(connection)
        count = totals.get(_CHUNKS, 0)
        return count, totals.get(_TERMS, 0) / count if count else TYPICAL_LENGTH

    def counts(self, terms: Iterable[str]) -> dict[str, int]:
        """Return how many chunks had each word; words that none had are left out."""
        with self._engine.connect() as connection:
            found = connection.execute(_COUNTS, {"terms": list(dict.fromkeys(terms))}).all()
        return {row[0]: row[1] for row in found}

    def rare_weights(self, terms: Iterable[str], total: int = 0) -> dict[str, float]:
        """Return how telling words are: inverse document frequency, 0 for a word of every chunk.

        `total` is the number of chunks, 0 to look it up.
        """
        wanted = list(dict.fromkeys(terms))
        found = self.counts(wanted)
        total = total or max(1, self.size()[0])
        return {term: _rarity(found.get(term, 0), total) for term in wanted}

    def similar(self, term: str, limit: int = 100) -> list[str]:
        """Return words that `term` may be a misspelling of, the closest and most frequent first.

        One letter added, left out, changed or swapped with its neighbour; two in words of eight letters and
        more. The first two letters are taken to be right, or else only they are wrong. Many are returned: with
        three, three words of forbidden documents hid the one that the asker may read.
        """
        if len(term) < _MIN_LENGTH or not term.isalpha():
            return []
        allowed = 2 if len(term) >= _LONG_WORD else 1
        starts = [term[:_SHARED_START], term[1] + term[0]]
        query = (
            select(vocabulary.c.term, vocabulary.c.chunks)
            .where(func.length(vocabulary.c.term).between(len(term) - allowed, len(term) + allowed))
            .limit(_MAX_COMPARED)
        )
        near: list[tuple[int, int, str]] = []
        with self._engine.connect() as connection:
            for start in starts:
                same_start = vocabulary.c.term.between(start, start + "\U0010ffff")
                for word, number in connection.execute(query.where(same_start)):
                    distance = edit_distance(term, word, allowed)
                    if 0 < distance <= allowed and word.isalpha():
                        near.append((distance, -number, word))
        return [word for _, _, word in sorted(near)[:limit]]


def edit_distance(first: str, second: str, limit: int) -> int:
    """Return the number of edits between two words, a swap of neighbours being one; `limit` + 1 for more.

    The optimal string alignment distance (Damerau 1964, restricted), row by row.
    """
    if abs(len(first) - len(second)) > limit:
        return limit + 1
    before: list[int] = []
    row = list(range(len(second) + 1))
    for i, letter in enumerate(first, start=1):
        older, before, row = before, row, [i]
        for j, other in enumerate(second, start=1):
            best = min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (letter != other))
            swapped = i > 1 and j > 1 and letter == second[j - 2] and first[i - 2] == other
            row.append(min(best, older[j - 2] + 1) if swapped else best)
        if min(row) > limit:
            return limit + 1
    return min(row[-1], limit + 1)


_COUNTS = select(vocabulary.c.term, vocabulary.c.chunks).where(
    vocabulary.c.term.in_(bindparam("terms", expanding=True))
)


def _totals(connection: Connection) -> dict[str, int]:
    query = select(meta.c.key, meta.c.value).where(meta.c.key.in_((_CHUNKS, _TERMS)))
    return {row[0]: int(row[1]) for row in connection.execute(query)}


def _rarity(found: int, total: int) -> float:
    return math.log(1 + max(0.0, total - found + 0.5) / (found + 0.5))
