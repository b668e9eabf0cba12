"""Finds chunks for a question: read the question, ask the store, score, order by version, mark conflicts.

    question ──read──▶ words, names, phrases, vector ──store, permissions inside──▶ candidates
      ──neighbours──▶ ──score (`index.ranking`)──▶ ──versions, rerank──▶ ──copies──▶ hits

Readers follow the writer: before each question the state of the catalogue is compared and what changed is loaded
again, so that an answer never rests on something that was removed, and never on vectors of two models.
"""

import json
import threading
import time
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace

from core.answers import Caller, Conflict, DocumentRef, Hit, Why
from core.log import get_logger
from core.ports import Embedder, QueryRewriter, Reranker, SearchStore
from core.search import Candidates, FloatMatrix, StoreQuery
from index.acronyms import expansions_of, word_runs
from index.analysis import indexed_name, languages_with_stemmers, text_terms
from index.catalogue import LANGUAGES, CandidateRow, Catalogue, ChunkRow
from index.conflicts import FoundText, find_conflicts
from index.embedders.known_words import unknown_share
from index.manifest import check_vectors
from index.permissions import may_read
from index.question import ReadQuestion, corrected, read_question
from index.ranking import AskedWords, Candidate, RankingWeights, Scored, rank
from index.version_facts import VersionFacts, facts_of
from index.versions import OrderedDocument, RankedDocument, order_versions
from index.vocabulary import TYPICAL_LENGTH, Vocabulary

_log = get_logger(__name__)

_NEIGHBOURS_OF = 25
"""Chunks of either search, best first, whose neighbours are looked at too."""
_ORDERED_HITS = 60
"""Chunks, best first, whose documents are compared by version."""
_ORDERED_DOCUMENTS = 6
_COMPARED_HITS = 5
"""Hits that are searched for contradictions."""
_RERANKED = 30
_UNKNOWN_FACTOR = 3.0
"""A question of which a third is unknown to the model is searched by words alone."""
_CACHED_FACTS = 20_000
_NAME_WEIGHT = 0.25
"""Weight of a name's word beside a text's in the store's own order, which only decides what is looked at."""


@dataclass(frozen=True, slots=True)
class Generation:
    """The model and the store that belong together; `manifest` is what the catalogue said of them."""

    manifest: str
    embedder: Embedder
    store: SearchStore


@dataclass(frozen=True, slots=True)
class PreparedQuestion:
    """A question that is read and embedded, by the generation that will search for it."""

    question: str
    read: ReadQuestion
    vector: FloatMatrix
    generation: Generation


@dataclass(frozen=True, slots=True)
class Ranking:
    """Every candidate of one question, best first, with what its place is due to; `query` is what the store was asked."""

    prepared: PreparedQuestion
    query: StoreQuery
    candidates: Candidates
    scored: tuple[Scored, ...]
    rows: Mapping[int, CandidateRow]
    ordering: Mapping[str, OrderedDocument]
    without_phrases: bool = False


@dataclass(slots=True)
class _Collection:
    """What a question is read with; changes with the catalogue."""

    generation: int = -1
    languages: tuple[str, ...] = ("en",)
    chunk_count: int = 1
    average_length: float = TYPICAL_LENGTH
    rarity: dict[str, float] = field(default_factory=dict)
    facts: dict[tuple[str, str], VersionFacts] = field(default_factory=dict)
    names: dict[tuple[str, str], frozenset[str]] = field(default_factory=dict)


class HybridRetriever:
    """The retriever of one knowledge base; safe to share between threads."""

    def __init__(
        self,
        catalogue: Catalogue,
        open_generation: Callable[[], Generation],
        *,
        fetch_k: int,
        weights: RankingWeights | None = None,
        per_document: int = 0,
        order_versions: bool = True,
        reranker: Reranker | None = None,
        rewriter: QueryRewriter | None = None,
    ) -> None:
        self.catalogue = catalogue
        self._open_generation = open_generation
        self._current = open_generation()
        self._weights = weights or RankingWeights()
        self.fetch_k = fetch_k
        self._per_document = per_document
        self._order_versions = order_versions
        self._reranker = reranker
        self._rewriter = rewriter
        self._vocabulary = Vocabulary(catalogue.engine, catalogue.data_dir)
        self._lock = threading.Lock()
        self._embedding = ThreadPoolExecutor(2, "embed")
        self._collection = _Collection()

    # --- what others need of the current generation ------------------------------------------------

    @property
    def embedder(self) -> Embedder:
        """The model of the current generation."""
        return self._current.embedder

    @property
    def store(self) -> SearchStore:
        """The search store of the current generation."""
        return self._current.store

    @property
    def reranker(self) -> Reranker | None:
        """The model that orders the best hits again, if there is one."""
        return self._reranker

    def analyze(self, text: str) -> list[str]:
        """Return the words of a text as they are indexed."""
        return [
            term for language in self._collection.languages for term in text_terms(text, language)
        ]

    def asked_words(self, question: str) -> list[str]:
        """Return the telling words of a question, each once, by the stem that the documents have."""
        read = read_question(question, self._collection.languages, (), self._vocabulary.counts)
        return [term for term, weight in read.terms.items() if weight == 1.0]

    def rare_weight(self, term: str) -> float:
        """Return how telling a word is: its inverse document frequency."""
        return self._rarity([term])[term]

    # --- searching -------------------------------------------------------------------------------

    def refresh(self) -> int:
        """Load what the writer published since the last question; return the generation that is shown.

        Raises:
            IndexMismatch: the index was built by another embedder than the settings ask for.
        """
        with self._lock:
            found = self.catalogue.get_all_meta(("generation", "manifest", LANGUAGES))
            if found.get("manifest", "") != self._current.manifest:
                self._current = self._open_generation()
            self._current.store.refresh()
            check_vectors(self._current.store.embedder, self._current.embedder.name)
            generation = int(found.get("generation", 0))
            if generation != self._collection.generation:
                count, length = self._vocabulary.size()
                known = json.loads(found.get(LANGUAGES, "[]"))
                self._collection = _Collection(
                    generation, languages_with_stemmers(known), max(1, count), length
                )
            return generation

    def retrieve(
        self, query: str, caller: Caller, top_k: int, doc_ids: frozenset[str] | None = None
    ) -> list[Hit]:
        """See `core.ports.Retriever`; `doc_ids` restricts the search to some documents."""
        return self.retrieve_prepared(self.prepare(query, caller), caller, top_k, doc_ids)

    def prepare(self, question: str, caller: Caller) -> PreparedQuestion:
        """Read and embed a question for a caller, whose documents decide what its words may stand for."""
        self.refresh()
        current = self._current
        # Embedded beside being read: what is embedded differs only where an acronym was found.
        embedding = self._embedding.submit(current.embedder.embed_query, question)
        read = self._read(question, caller, current.store)
        vector = embedding.result()
        if read.text != question:
            vector = current.embedder.embed_query(read.text)
        return PreparedQuestion(question, read, vector, current)

    def retrieve_prepared(
        self,
        prepared: PreparedQuestion,
        caller: Caller,
        top_k: int,
        doc_ids: frozenset[str] | None = None,
    ) -> list[Hit]:
        """Like `retrieve`, for a question that was prepared for the same caller."""
        return self.hits_of(self.ranking_of(prepared, caller, top_k, doc_ids), caller, top_k)

    def ranking_of(
        self,
        prepared: PreparedQuestion,
        caller: Caller,
        top_k: int,
        doc_ids: frozenset[str] | None = None,
    ) -> Ranking:
        """Return every candidate that the caller may read with its score, best first."""
        query = store_query(prepared, doc_ids)
        store = prepared.generation.store
        fetch_k = max(self.fetch_k, top_k)
        found = store.search(query, caller, fetch_k)
        loosened = bool(query.phrases) and not found.lexical and not found.dense
        if loosened:
            query = replace(query, phrases=())
            found = store.search(query, caller, fetch_k)
        numbers = found.cosines.keys() | found.lexical.keys()
        beside = set() if query.phrases else _neighbour_numbers(found) - numbers
        rows = self.catalogue.candidate_rows([*numbers, *sorted(beside)])
        rows = {n: row for n, row in rows.items() if may_read(caller, row.access)}
        beside = {n for n in beside if n in rows and _stands_beside(rows[n], rows, numbers)}
        rows = {n: row for n, row in rows.items() if n in numbers or n in beside}
        cosines = {**found.cosines, **store.cosines(prepared.vector, sorted(beside))}
        asked = self._asked(prepared.read)
        first = rank(asked, self._candidates(rows, cosines, asked), self._weights_for(prepared))
        # Versions last: a reranker knows nothing of dates.
        judged = self._reranked(prepared.question, first, caller)
        scored, ordering = judged, dict[str, OrderedDocument]()
        if self._order_versions:
            scored, ordering = self._by_version(prepared.question, judged, rows)
        return Ranking(prepared, query, found, tuple(scored), rows, ordering, loosened)

    def hits_of(self, ranking: Ranking, caller: Caller, top_k: int) -> list[Hit]:
        """Return the best candidates as hits, without copies of the same words."""
        lexical_ranks, dense_ranks = (
            {number: place for place, number in enumerate(channel, start=1)}
            for channel in (ranking.candidates.lexical, ranking.candidates.dense)
        )
        hits: list[Hit] = []
        taken = _Taken(self._per_document)
        rows: dict[int, ChunkRow] = {}
        for position, scored in enumerate(ranking.scored):
            if position % top_k == 0:
                batch = ranking.scored[position : position + top_k]
                rows = self.catalogue.chunk_rows([item.chunk_no for item in batch])
            row = rows.get(scored.chunk_no)
            # The index may be a moment behind the catalogue, which has the last word.
            if row is None or not may_read(caller, row.access) or not taken.may_take(row):
                continue
            number = scored.chunk_no
            why = Why(
                lexical_ranks.get(number),
                ranking.candidates.lexical.get(number),
                dense_ranks.get(number),
                ranking.candidates.cosines.get(number, scored.cosine or None),
                words=round(scored.words, 4),
                name=round(scored.name, 4),
                neighbour=round(scored.neighbour, 4),
                notes=_notes(ranking, row),
            )
            hits.append(_hit(row, len(hits) + 1, scored.score, why))
            if len(hits) == top_k:
                break
        return _with_conflicts(hits)

    def readable_documents(self, caller: Caller) -> int:
        """Return how many documents with text this caller may read."""
        counts = self.catalogue.documents_by_access()
        return sum(count for access, count in counts if may_read(caller, access))

    # --- parts -----------------------------------------------------------------------------------

    def _read(self, question: str, caller: Caller, store: SearchStore) -> ReadQuestion:
        runs = word_runs(question)
        known = self.catalogue.acronyms_among(runs) if runs else []
        readable = [acronym for acronym, access in known if may_read(caller, access)]
        read = read_question(
            question,
            self._collection.languages,
            expansions_of(runs, readable),
            lambda terms: self._readable_counts(terms, caller, store),
        )
        read = corrected(
            read, lambda terms: store.readable_terms(terms, caller), self._vocabulary.similar
        )
        if self._rewriter is None:
            return read
        wordings = self._rewriter.rewrite(question)
        added = {
            term: 0.5
            for wording in wordings
            for language in self._collection.languages
            for term in text_terms(wording, language)
        }
        return replace(read, terms={**added, **read.terms})

    def _readable_counts(
        self, terms: Iterable[str], caller: Caller, store: SearchStore
    ) -> dict[str, int]:
        """Return the counts of those words that the caller may read somewhere.

        Of all words, a question's stems would tell which of them stand in forbidden documents.
        """
        found = self._vocabulary.counts(terms)
        readable = store.readable_terms(sorted(found), caller)
        return {term: number for term, number in found.items() if term in readable}

    def _asked(self, read: ReadQuestion) -> AskedWords:
        return AskedWords(
            terms=read.terms,
            name_terms=frozenset(read.name_terms),
            name_runs=read.name_runs,
            rarity=self._rarity(read.terms),
            chunk_count=self._collection.chunk_count,
            average_length=self._collection.average_length,
        )

    def _weights_for(self, prepared: PreparedQuestion) -> RankingWeights:
        """Let meaning count less where the model cannot read the question."""
        path = prepared.generation.embedder.tokenizer_path
        unread = min(1.0, _UNKNOWN_FACTOR * unknown_share(path, prepared.read.text))
        return replace(self._weights, dense=self._weights.dense * (1 - unread))

    def _rarity(self, terms: Collection[str]) -> dict[str, float]:
        known = self._collection.rarity
        found = {term: value for term in terms if (value := known.get(term)) is not None}
        missing = [term for term in terms if term not in found]
        if missing:
            added = self._vocabulary.rare_weights(missing, self._collection.chunk_count)
            if len(known) >= _CACHED_FACTS:
                known.clear()
            known.update(added)
            found |= added
        return found

    def _candidates(
        self, rows: Mapping[int, CandidateRow], cosines: Mapping[int, float], asked: AskedWords
    ) -> list[Candidate]:
        roots = _name_roots(asked.name_terms)
        return [
            Candidate(
                number,
                row.doc_id,
                row.ordinal,
                row.terms,
                self._name(row) if _may_name(row, roots) else frozenset(),
                cosines.get(number),
            )
            for number, row in rows.items()
        ]

    def _name(self, row: CandidateRow) -> frozenset[str]:
        names = self._collection.names
        key = (row.doc_id, row.version)
        found = names.get(key)
        if found is None:
            if len(names) >= _CACHED_FACTS:
                names.clear()
            language = str(json.loads(row.metadata).get("language", ""))
            found = frozenset(indexed_name(row.uri, row.title, language))
            names[key] = found
        return found

    def _by_version(
        self, question: str, scored: Sequence[Scored], rows: Mapping[int, CandidateRow]
    ) -> tuple[list[Scored], dict[str, OrderedDocument]]:
        """Put the version that is in force, or that is asked for, before the others of its family."""
        best: dict[str, Scored] = {}
        texts: dict[str, list[str]] = {}
        for item in scored[:_ORDERED_HITS]:
            doc_id = rows[item.chunk_no].doc_id
            if doc_id in best or len(best) < _ORDERED_DOCUMENTS:
                best.setdefault(doc_id, item)
                texts.setdefault(doc_id, []).append(rows[item.chunk_no].terms)
        ranked = [
            RankedDocument(
                doc_id, item.score, self._facts(rows[item.chunk_no]), " ".join(texts[doc_id])
            )
            for doc_id, item in best.items()
        ]
        ordering = {d.doc_id: d for d in order_versions(question, ranked).documents}
        factors = {
            doc_id: ordering[doc_id].score / item.score if item.score else 1.0
            for doc_id, item in best.items()
        }
        if all(factor == 1.0 for factor in factors.values()):
            return list(scored), ordering
        moved = [
            replace(item, score=min(1.0, item.score * factors.get(rows[item.chunk_no].doc_id, 1.0)))
            for item in scored
        ]
        return sorted(moved, key=lambda item: (-item.score, item.chunk_no)), ordering

    def _facts(self, row: CandidateRow) -> VersionFacts:
        facts = self._collection.facts
        key = (row.doc_id, row.version)
        found = facts.get(key)
        if found is None:
            if len(facts) >= _CACHED_FACTS:
                facts.clear()
            metadata = {str(k): str(v) for k, v in json.loads(row.metadata).items()}
            found = facts_of(row.doc_id, row.uri, row.title, row.updated_at, metadata)
            facts[key] = found
        return found

    def _reranked(self, question: str, scored: list[Scored], caller: Caller) -> list[Scored]:
        """Let the reranker, if there is one, order the best few; the others keep their places behind."""
        if self._reranker is None or not scored:
            return scored
        started = time.perf_counter()
        head = scored[:_RERANKED]
        found = self.catalogue.chunk_rows([item.chunk_no for item in head])
        texts = {
            number: row.chunk.embedded_text
            for number, row in found.items()
            if may_read(caller, row.access)
        }
        known = [item for item in head if item.chunk_no in texts]
        judged = self._reranker.scores(question, [texts[item.chunk_no] for item in known])
        again = sorted(
            zip(judged, known, strict=True), key=lambda pair: (-pair[0], pair[1].chunk_no)
        )
        _log.debug("reranked", texts=len(known), ms=round(1000 * (time.perf_counter() - started)))
        places = [item.score for item in known]
        moved = [replace(item, score=score) for (_, item), score in zip(again, places, strict=True)]
        return [*moved, *scored[_RERANKED:]]


class _Taken:
    """Leaves out the same words from another copy of a document, and too many chunks of one.

    Only among what the caller may read: a copy that is hidden from somebody must not hide his own.
    """

    def __init__(self, per_document: int) -> None:
        self._per_document = per_document
        self._words: dict[tuple[str, str], str] = {}
        self._counts: dict[str, int] = {}

    def may_take(self, row: ChunkRow) -> bool:
        doc_id = row.chunk.doc_id
        words = " ".join(row.chunk.text.casefold().split())
        if self._words.setdefault((row.original, words), doc_id) != doc_id:
            return False
        if self._per_document and self._counts.get(doc_id, 0) >= self._per_document:
            return False
        self._counts[doc_id] = self._counts.get(doc_id, 0) + 1
        return True


def store_query(prepared: PreparedQuestion, doc_ids: frozenset[str] | None) -> StoreQuery:
    """Return a question in the form that stores understand, restricted to some documents or to none."""
    read = prepared.read
    names = {term: _NAME_WEIGHT * weight for term, weight in read.name_terms.items()}
    return StoreQuery(prepared.vector, read.terms, names, read.phrases, doc_ids)


def _name_roots(terms: Iterable[str]) -> frozenset[str]:
    """Return what a name must have some of to share a word with a question: beginnings, and years as FY21."""
    starts = {term[:4] for term in terms}
    return frozenset(starts | {f"fy{start[2:]}" for start in starts if start.isdigit()})


def _may_name(row: CandidateRow, roots: frozenset[str]) -> bool:
    """Whether a document's name is worth reading; reading one takes 70 microseconds, and most say nothing."""
    name = "".join(filter(str.isalnum, f"{row.uri}{row.title}".casefold()))
    return not name.isascii() or any(root in name for root in roots)


def _neighbour_numbers(found: Candidates) -> set[int]:
    """Return the numbers beside the best chunks of either search; those of a document follow one another."""
    best = (*list(found.lexical)[:_NEIGHBOURS_OF], *list(found.dense)[:_NEIGHBOURS_OF])
    return {number + step for number in best for step in (-1, 1)}


def _stands_beside(
    row: CandidateRow, rows: Mapping[int, CandidateRow], found: Collection[int]
) -> bool:
    """Whether a chunk of the same document, next to this one, was found."""
    sides = (row.chunk_no - 1, row.chunk_no + 1)
    return any(side in found and side in rows and rows[side].doc_id == row.doc_id for side in sides)


def _notes(ranking: Ranking, row: ChunkRow) -> tuple[str, ...]:
    ordered = ranking.ordering.get(row.chunk.doc_id)
    return ordered.reasons if ordered else ()


def _with_conflicts(hits: Sequence[Hit]) -> list[Hit]:
    """Mark the best hits that say something else about the same thing."""
    texts = [
        FoundText(hit.document.doc_id, hit.document.title, hit.document.updated_at, hit.text)
        for hit in hits[:_COMPARED_HITS]
    ]
    marked: dict[int, list[Conflict]] = {}
    for found in find_conflicts(texts):
        for own, other, span, other_span in (
            (found.first, found.second, found.first_span, found.second_span),
            (found.second, found.first, found.second_span, found.first_span),
        ):
            hit, against = hits[own], hits[other]
            marked.setdefault(own, []).append(
                Conflict(
                    found.kind,
                    against.rank,
                    against.chunk_id,
                    hit.start + span.start,
                    hit.start + span.end,
                    against.start + other_span.start,
                    against.start + other_span.end,
                )
            )
    return [
        replace(hit, conflicts=tuple(marked[position])) if position in marked else hit
        for position, hit in enumerate(hits)
    ]


def _hit(row: ChunkRow, rank_: int, score: float, why: Why) -> Hit:
    chunk = row.chunk
    return Hit(
        rank=rank_,
        score=round(score, 6),
        chunk_id=chunk.chunk_id,
        document=DocumentRef(
            chunk.doc_id,
            row.doc_uri,
            row.doc_title,
            row.doc_version,
            row.doc_updated_at,
            row.is_stale,
        ),
        section=chunk.section,
        page=chunk.page,
        start=chunk.start,
        end=chunk.end,
        text=chunk.text,
        why=why,
    )
