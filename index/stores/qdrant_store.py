"""Searches Qdrant: words and vectors in one request, permissions inside each of its searches.

A point is a chunk, its id the chunk's number. Beside `dense` and `words` it has the payload `access` and
`doc_id` (keyword indexes) and `phrases`, its terms as hashes in order. No text of a document is in Qdrant.

The rule that must not be broken: every prefetch and every query carries the caller's filter, and a caller
without principals is never asked for. Qdrant applies filters while it walks the graph, so that no number of
forbidden neighbours hides an allowed one.
"""

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from core.answers import Caller
from core.search import Candidates, FloatMatrix, StoreQuery
from index.stores.qdrant_connection import DENSE, WORDS, QdrantConnection
from index.stores.qdrant_words import phrase_text, query_words

if TYPE_CHECKING:
    from qdrant_client import models

ACCESS, DOC_ID, PHRASES = "access", "doc_id", "phrases"
"""Keys of a point's payload."""

_LOOK_AGAIN_S = 5.0
"""How long a manifest is believed; the words and vectors themselves are never cached."""

_TIES = 32
"""Points asked for beyond `top_k`, so that equal scores at the cut are decided by number and not by chance."""


_NO_VECTOR: FloatMatrix = np.zeros((1, 0), np.float32)


class QdrantStore:
    """The reading side of one prefix in Qdrant; any number of them, in any number of processes.

    Raises:
        IndexMismatch: the collection has vectors of another size than the connection's `dim`.
        FootnoteError: see `QdrantConnection.read`.
    """

    def __init__(self, connection: QdrantConnection) -> None:
        self._connection = connection
        self._look_again = 0.0
        self.embedder = ""
        self.refresh()

    def refresh(self) -> bool:
        """Look at the manifest again, at most every five seconds; return whether the embedder is another.

        What was added or removed needs no refresh: every search sees it.

        Raises:
            IndexMismatch: the collection was made for vectors of another size.
            FootnoteError: see `QdrantConnection.read`.
        """
        now = time.monotonic()
        if self.embedder and now < self._look_again:
            return False
        manifest = self._connection.manifest()
        if manifest is not None:
            self._connection.check_size(manifest.dim, self._connection.dim)
        before, self.embedder = self.embedder, manifest.embedder if manifest else ""
        self._look_again = now + _LOOK_AGAIN_S
        return self.embedder != before

    def search(self, query: StoreQuery, caller: Caller, top_k: int) -> Candidates:
        """Return up to `top_k` chunks of either search among those that the caller may read.

        Equal scores are in order of number; where more than 32 chunks are equal at the cut, Qdrant decides
        which of them are in.

        Raises:
            ServiceUnavailable: the server does not answer, or refuses.
            FootnoteError: see `QdrantConnection.read`.
        """
        if top_k < 1 or _finds_nothing(query, caller):
            return Candidates({}, {}, {})
        from qdrant_client import models

        channels = _channels(query, caller, top_k + _TIES)
        requests = [
            models.QueryRequest(
                query=channel.query,
                using=channel.using,
                filter=channel.filter,
                limit=channel.limit,
                with_payload=False,
            )
            for channel in channels
        ]
        # The cosine of what was found by words alone costs no second round trip. The outer query has the
        # filter too, although it sees only what its prefetches let through.
        requests.append(
            models.QueryRequest(
                prefetch=channels,
                query=query.vector[0].tolist(),
                using=DENSE,
                filter=channels[0].filter,
                limit=2 * (top_k + _TIES),
                with_payload=False,
            )
        )
        answers = self._connection.read(
            lambda client: client.query_batch_points(self._connection.alias, requests)
        )
        if not answers:
            return Candidates({}, {}, {})
        *found, rescored = [[(int(p.id), float(p.score)) for p in a.points] for a in answers]
        dense = _best(found[0], top_k)
        lexical = _best(found[1], top_k) if len(found) > 1 else {}
        known = dict(rescored)
        cosines = {n: known[n] for n in (*lexical, *dense) if n in known} | dense
        return Candidates(lexical, dense, cosines)

    def cosines(self, vector: FloatMatrix, numbers: Sequence[int]) -> dict[int, float]:
        """Return the cosine of some chunks to a vector of shape (1, dim); unknown numbers are left out.

        Raises:
            FootnoteError: see `QdrantConnection.read`.
        """
        if not numbers:
            return {}
        from qdrant_client import models

        wanted = sorted(set(numbers))
        only = models.Filter(must=[models.HasIdCondition(has_id=list(wanted))])
        # Exact: a graph search among given points may leave some out. Local mode always is, and warns.
        exact = None if self._connection.is_local else models.SearchParams(exact=True)
        answer = self._connection.read(
            lambda client: client.query_points(
                self._connection.alias,
                query=vector[0].tolist(),
                using=DENSE,
                query_filter=only,
                search_params=exact,
                limit=len(wanted),
                with_payload=False,
            )
        )
        return {int(p.id): float(p.score) for p in answer.points} if answer else {}

    def readable_terms(self, terms: Sequence[str], caller: Caller) -> set[str]:
        """Return those of some analysed words that stand in a chunk that the caller may read.

        Raises:
            FootnoteError: see `QdrantConnection.read`.
        """
        if not terms or (not caller.is_admin and not caller.principals):
            return set()
        from qdrant_client import models

        requests = []
        for term in terms:
            words = query_words({term: 1.0}, {})
            sparse = models.SparseVector(indices=list(words), values=list(words.values()))
            allowed = _filter(StoreQuery(_NO_VECTOR, {}), caller)
            requests.append(
                models.QueryRequest(
                    query=sparse, using=WORDS, filter=allowed, limit=1, with_payload=False
                )
            )
        answers = self._connection.read(
            lambda client: client.query_batch_points(self._connection.alias, requests)
        )
        return {term for term, answer in zip(terms, answers or (), strict=False) if answer.points}


def _channels(query: StoreQuery, caller: Caller, limit: int) -> "list[models.Prefetch]":
    """Return the dense search and, where there are words, the lexical one, each with its filter."""
    from qdrant_client import models

    allowed = _filter(query, caller)
    channels = [
        models.Prefetch(query=query.vector[0].tolist(), using=DENSE, filter=allowed, limit=limit)
    ]
    words = query_words(query.terms, query.name_terms)
    if words:
        sparse = models.SparseVector(indices=list(words), values=list(words.values()))
        channels.append(models.Prefetch(query=sparse, using=WORDS, filter=allowed, limit=limit))
    return channels


def _finds_nothing(query: StoreQuery, caller: Caller) -> bool:
    """Return whether the conditions cannot be met; an empty list in a filter must not decide that."""
    return (not caller.is_admin and not caller.principals) or query.doc_ids == frozenset()


def _filter(query: StoreQuery, caller: Caller) -> "models.Filter | None":
    from qdrant_client import models

    must: list[models.Condition] = []
    if not caller.is_admin:
        principals = models.MatchAny(any=sorted(caller.principals))
        must.append(models.FieldCondition(key=ACCESS, match=principals))
    if query.doc_ids is not None:
        documents = models.MatchAny(any=sorted(query.doc_ids))
        must.append(models.FieldCondition(key=DOC_ID, match=documents))
    must.extend(
        models.FieldCondition(key=PHRASES, match=models.MatchPhrase(phrase=phrase_text(phrase)))
        for phrase in query.phrases
        if phrase
    )
    return models.Filter(must=must) if must else None


def _best(pairs: list[tuple[int, float]], top_k: int) -> dict[int, float]:
    return dict(sorted(pairs, key=lambda pair: (-pair[1], pair[0]))[:top_k])
