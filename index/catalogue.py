"""Reads and writes documents, chunks and vectors in the catalogue; every write is one transaction.

What is in `chunks` is what may be found: derived indexes can lag behind or hold leftovers, and every hit is
looked up here before it is shown. A document's chunks are replaced in one commit, so that no reader ever
sees half of it.
"""

import json
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt
from sqlalchemy import (
    BindParameter,
    ColumnElement,
    Connection,
    Engine,
    Row,
    Select,
    and_,
    bindparam,
    delete,
    exists,
    func,
    insert,
    or_,
    select,
    update,
)

from core.documents import Chunk, DocumentRecord, Element, SourceItem, element_fields, text_hash
from core.errors import NotFound
from core.search import FloatMatrix, IndexEntry, VectorBatch
from index.acronyms import Acronym, find_acronyms
from index.analysis import entry_of
from index.database import storage_errors, writing
from index.dialects import insert_into
from index.schema import acronyms, chunks, containers, documents, meta, vectors

LANGUAGES = "languages"
"""Key of the catalogue: a JSON list of the languages that documents had."""
# SQLite refuses statements with more than 32,766 variables.
_LOOKUP_BATCH = 10_000
_VECTOR_BATCH = 10_000
"""Vectors that are read at once: 15 MB at 384 dimensions."""

_RECORD_COLUMNS = (
    "doc_id",
    "uri",
    "title",
    "source",
    "version",
    "access",
    "updated_at",
    "status",
    "reason",
    "detail",
    "duplicate_of",
    "metadata",
)

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class KnownDocument:
    """What the catalogue remembers of a source's document, to plan the next run."""

    doc_id: str
    uri: str
    access: tuple[str, ...]
    status: str
    seen_size: int
    seen_stamp: str
    seen_version: str
    seen_access: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class NewVersion:
    """A parsed document with its chunks, ready to replace whatever was there; numbers[i] is chunks[i]'s.

    `access` is who may read in the end; `item.access` what the source said. `signature` is the MinHash of the
    words, b'' when there are too few. `entries[i]` is chunks[i] as it is indexed, made of the other fields.
    """

    doc_id: str
    source: str
    item: SourceItem
    version: str
    title: str
    text: str
    elements: tuple[Element, ...]
    chunks: tuple[Chunk, ...]
    numbers: range
    updated_at: str
    access: tuple[str, ...]
    metadata: Mapping[str, str] = field(default_factory=dict)
    signature: bytes = b""
    entries: tuple[IndexEntry, ...] = field(init=False)

    def __post_init__(self) -> None:
        """Analyse the chunks once, for the catalogue, the word index and the vocabulary alike."""
        language = self.metadata.get("language", "")
        entries = tuple(
            entry_of(number, chunk, self.item.uri, self.title, self.access, language)
            for number, chunk in zip(self.numbers, self.chunks, strict=True)
        )
        object.__setattr__(self, "entries", entries)


@dataclass(frozen=True, slots=True)
class FailedVersion:
    """A file that could not be read; an earlier good version of it stays and keeps answering."""

    doc_id: str
    source: str
    item: SourceItem
    version: str
    reason: str
    detail: str
    updated_at: str


@dataclass(frozen=True, slots=True)
class KnownContainer:
    """An archive or mail whose members are documents, as it was when it was last unpacked."""

    uri: str
    stamp: str
    access: tuple[str, ...]
    members: int


@dataclass(frozen=True, slots=True)
class IngestedDocument:
    """What is reported of a document whose chunks are all searchable."""

    doc_id: str
    uri: str
    version: str
    chunks: int


@dataclass(frozen=True, slots=True)
class ChunkRow:
    """A chunk with what a hit shows of its document.

    `original` is the oldest of the documents with nearly the same words: its own id where there is no other.
    `language` is the document's, '' where it is not known.
    """

    chunk_no: int
    chunk: Chunk
    doc_uri: str
    doc_title: str
    doc_version: str
    doc_updated_at: str
    access: tuple[str, ...]
    original: str
    is_stale: bool
    language: str = ""


@dataclass(frozen=True, slots=True)
class CandidateRow:
    """What a chunk is scored by; `metadata` as stored, a JSON object."""

    chunk_no: int
    doc_id: str
    ordinal: int
    terms: str
    uri: str
    title: str
    version: str
    updated_at: str
    access: tuple[str, ...]
    metadata: str


class Catalogue:
    """The documents of one data folder."""

    def __init__(self, engine: Engine, data_dir: Path) -> None:
        self.engine = engine
        self.data_dir = data_dir
        # Hashes of texts that lost a chunk since unused vectors were dropped; None when it may be any text.
        self._loose: set[str] | None = set()

    # --- settings of the knowledge base -------------------------------------------------------------

    def generation(self) -> int:
        """Return the number of the last commit that changed what can be found; 0 when empty."""
        return int(self.get_meta("generation") or 0)

    def get_meta(self, key: str) -> str | None:
        """Return a stored value, None if it was never set."""
        with self.engine.connect() as connection:
            value = connection.execute(select(meta.c.value).where(meta.c.key == key)).scalar()
        return None if value is None else str(value)

    def get_all_meta(self, keys: Sequence[str]) -> dict[str, str]:
        """Return the stored values of some keys, read at one moment; keys that were never set are left out."""
        with self.engine.connect() as connection:
            rows = connection.execute(_META, {"keys": list(keys)}).all()
        return {row[0]: str(row[1]) for row in rows}

    def set_meta(self, key: str, value: str) -> None:
        """Store a value under a key."""
        self.set_all_meta({key: value})

    def set_all_meta(self, values: Mapping[str, str]) -> None:
        """Store several values in one commit."""
        with storage_errors(self.data_dir), writing(self.engine) as connection:
            for key, value in values.items():
                _put_meta(connection, key, value)

    # --- writing ------------------------------------------------------------------------------------

    def reserve_chunk_numbers(self, count: int) -> range:
        """Return `count` numbers that no chunk had before, also not a removed one."""
        with storage_errors(self.data_dir), writing(self.engine) as connection:
            found = connection.execute(
                select(meta.c.value).where(meta.c.key == "next_chunk_no")
            ).scalar()
            first = int(found or 1)
            _put_meta(connection, "next_chunk_no", str(first + count))
        return range(first, first + count)

    def store(self, versions: Sequence[NewVersion], failures: Sequence[FailedVersion]) -> list[int]:
        """Replace documents and record failures in one commit; return the numbers of removed chunks."""
        with storage_errors(self.data_dir), writing(self.engine) as connection:
            removed = _chunk_hashes(connection, [version.doc_id for version in versions])
            for version in versions:
                _store_version(connection, version)
            for failure in failures:
                _store_failure(connection, failure)
            _note_languages(connection, versions)
            _next_generation(connection)
        self._loosen(removed.values())
        return list(removed)

    def remove(self, doc_ids: Sequence[str]) -> list[int]:
        """Remove documents in one commit; return the numbers of their chunks."""
        with storage_errors(self.data_dir), writing(self.engine) as connection:
            removed = _chunk_hashes(connection, doc_ids)
            for batch in _batches(doc_ids):
                connection.execute(delete(documents).where(documents.c.doc_id.in_(batch)))
            _next_generation(connection)
        self._loosen(removed.values())
        return list(removed)

    def touch(self, items: Iterable[tuple[str, SourceItem]]) -> None:
        """Remember new modification times of documents whose bytes did not change."""
        with storage_errors(self.data_dir), writing(self.engine) as connection:
            for doc_id, item in items:
                connection.execute(
                    update(documents)
                    .where(documents.c.doc_id == doc_id)
                    .values(seen_size=item.size, seen_stamp=item.stamp)
                )

    def store_containers(
        self, source: str, unpacked: Sequence[KnownContainer], gone: Iterable[str]
    ) -> None:
        """Remember containers whose members are all stored, and forget others."""
        with storage_errors(self.data_dir), writing(self.engine) as connection:
            for uri in [*gone, *(entry.uri for entry in unpacked)]:
                is_it = and_(containers.c.source == source, containers.c.uri == uri)
                connection.execute(delete(containers).where(is_it))
            for entry in unpacked:
                connection.execute(
                    insert(containers).values(
                        source=source,
                        uri=entry.uri,
                        stamp=entry.stamp,
                        access=json.dumps(entry.access),
                        members=entry.members,
                    )
                )

    def put_vectors(self, model: str, rows: Sequence[tuple[str, FloatMatrix]]) -> None:
        """Store vectors under the hash of the text they were made from; known ones are left alone."""
        with storage_errors(self.data_dir), writing(self.engine) as connection:
            connection.execute(
                insert_into(connection, vectors).on_conflict_do_nothing(),
                [
                    {"vector_hash": key, "model": model, "vector": vector.tobytes()}
                    for key, vector in rows
                ],
            )

    def drop_unused_vectors(self) -> int:
        """Remove the vectors, of every model, of texts that no chunk has any more; return how many.

        Looks at the texts of chunks that were replaced or removed here, or at all after `suspect_all_vectors`.
        """
        if self._loose is not None and not self._loose:
            return 0
        unused = ~exists().where(chunks.c.vector_hash == vectors.c.vector_hash)
        dropped = 0
        with storage_errors(self.data_dir), writing(self.engine) as connection:
            if self._loose is None:
                dropped += connection.execute(delete(vectors).where(unused)).rowcount
            for batch in _batches(sorted(self._loose or ())):
                is_loose = vectors.c.vector_hash.in_(batch)
                dropped += connection.execute(delete(vectors).where(is_loose, unused)).rowcount
        self._loose = set()
        return dropped

    def suspect_all_vectors(self) -> None:
        """Let the next `drop_unused_vectors` look at every vector: a run died, and nobody knows what it removed."""
        self._loose = None

    def _loosen(self, hashes: Iterable[str]) -> None:
        if self._loose is not None:
            self._loose.update(hashes)

    # --- reading ------------------------------------------------------------------------------------

    def known_documents(self, source: str) -> dict[str, KnownDocument]:
        """Return what is known of a source, by URI."""
        columns = documents.c
        query = select(
            columns.doc_id,
            columns.uri,
            columns.access,
            columns.status,
            columns.seen_size,
            columns.seen_stamp,
            columns.seen_version,
            columns.seen_access,
        ).where(columns.source == source)
        with self.engine.connect() as connection:
            rows = connection.execute(query).all()
        # Few access lists are shared by many documents.
        parsed = cache(_principals)
        return {
            row.uri: KnownDocument(
                doc_id=row.doc_id,
                uri=row.uri,
                access=parsed(row.access),
                status=row.status,
                seen_size=row.seen_size,
                seen_stamp=row.seen_stamp,
                seen_version=row.seen_version,
                seen_access=parsed(row.seen_access),
            )
            for row in rows
        }

    def containers(self, source: str) -> dict[str, KnownContainer]:
        """Return the containers of a source that were unpacked, by URI."""
        query = select(containers).where(containers.c.source == source)
        with self.engine.connect() as connection:
            return {
                row.uri: KnownContainer(row.uri, row.stamp, _principals(row.access), row.members)
                for row in connection.execute(query)
            }

    def sources(self) -> list[str]:
        """Return the names of all sources that have documents."""
        with self.engine.connect() as connection:
            return list(
                connection.execute(
                    select(documents.c.source).distinct().order_by("source")
                ).scalars()
            )

    def next_chunk_number(self) -> int:
        """Return the number that the next chunk will have; all there are have lower ones."""
        return int(self.get_meta("next_chunk_no") or 1)

    def first_without_vector(self, model: str, first: int = 0) -> int:
        """Return the lowest chunk number, from `first` on, without a vector of this model; else the next number."""
        query = select(func.min(chunks.c.chunk_no)).where(
            chunks.c.chunk_no >= first, _without_vector(model)
        )
        with self.engine.connect() as connection:
            found = connection.execute(query).scalar()
        return self.next_chunk_number() if found is None else int(found)

    def missing_vectors(self, model: str, first: int = 0) -> list[str]:
        """Return the hash of every text that still has no vector of this model, in order of the chunks.

        `first` is the lowest chunk number that is looked at.
        """
        # Repetitions are left out here: grouped by hash, SQLite reads the index of all chunks' hashes.
        query = (
            select(chunks.c.vector_hash)
            .where(chunks.c.chunk_no >= first, _without_vector(model))
            .order_by(chunks.c.chunk_no)
        )
        with self.engine.connect() as connection:
            return list(dict.fromkeys(connection.execute(query).scalars()))

    def texts_to_embed(self, hashes: Sequence[str]) -> list[str]:
        """Return the texts of some hashes, in their order."""
        query = (
            select(chunks.c.vector_hash, func.min(chunks.c.embedded_text))
            .where(chunks.c.vector_hash.in_(hashes))
            .group_by(chunks.c.vector_hash)
        )
        with self.engine.connect() as connection:
            texts = {row[0]: row[1] for row in connection.execute(query)}
        return [texts[key] for key in hashes]

    def waiting_documents(self, model: str, first: int = 0) -> dict[str, set[str]]:
        """Return the hashes that still have no vector, for each document that has some.

        `first` is the lowest chunk number that is looked at.
        """
        query = select(chunks.c.doc_id, chunks.c.vector_hash).where(
            chunks.c.chunk_no >= first, _without_vector(model)
        )
        waiting: dict[str, set[str]] = {}
        with self.engine.connect() as connection:
            for doc_id, key in connection.execute(query):
                waiting.setdefault(doc_id, set()).add(key)
        return waiting

    def ingested(self, doc_ids: Sequence[str]) -> list[IngestedDocument]:
        """Return what is reported of documents when they are complete."""
        counted = (
            select(func.count()).where(chunks.c.doc_id == documents.c.doc_id).scalar_subquery()
        )
        columns = (documents.c.doc_id, documents.c.uri, documents.c.version, counted)
        found: list[IngestedDocument] = []
        with self.engine.connect() as connection:
            for batch in _batches(doc_ids):
                query = select(*columns).where(documents.c.doc_id.in_(batch))
                found.extend(IngestedDocument(*row) for row in connection.execute(query))
        return found

    def signatures(self) -> dict[str, bytes]:
        """Return the MinHash signature of each document that has one."""
        return {doc_id: signature for doc_id, (signature, _) in self.signed_documents().items()}

    def signed_documents(self) -> dict[str, tuple[bytes, str]]:
        """Return (MinHash signature, time of its last change) of each document that has a signature."""
        columns = documents.c
        query = select(columns.doc_id, columns.signature, columns.updated_at).where(
            func.length(columns.signature) > 0
        )
        with self.engine.connect() as connection:
            return {row[0]: (row[1], row[2]) for row in connection.execute(query)}

    def link_duplicates(self, older: Mapping[str, str]) -> int:
        """Store which document is a near-copy of which older one; return how many links changed."""
        query = select(documents.c.doc_id, documents.c.duplicate_of)
        with storage_errors(self.data_dir), writing(self.engine) as connection:
            stored = {row[0]: row[1] for row in connection.execute(query)}
            changed = {
                doc_id: older.get(doc_id, "")
                for doc_id, before in stored.items()
                if before != older.get(doc_id, "")
            }
            for doc_id, original in changed.items():
                is_it = documents.c.doc_id == doc_id
                connection.execute(update(documents).where(is_it).values(duplicate_of=original))
            if changed:
                _next_generation(connection)
        return len(changed)

    def vectors_by_chunk(self, model: str, dim: int) -> tuple[npt.NDArray[np.int64], FloatMatrix]:
        """Return chunk numbers, shape (n,), and their vectors, shape (n, dim); in order of number."""
        query = (
            select(chunks.c.chunk_no, vectors.c.vector)
            .join(vectors, vectors.c.vector_hash == chunks.c.vector_hash)
            .where(vectors.c.model == model)
            .order_by(chunks.c.chunk_no)
        )
        with self.engine.connect() as connection:
            rows = connection.execute(query).all()
        numbers = np.fromiter((row[0] for row in rows), np.int64, len(rows))
        matrix = np.frombuffer(b"".join(row[1] for row in rows), np.float32).reshape(-1, dim)
        return numbers, matrix

    def vector_batches(self, model: str, dim: int, first: int = 0) -> Iterator[VectorBatch]:
        """Yield the vectors of chunks from a number on, in order of number; chunks without one are left out."""
        query = (
            select(chunks.c.chunk_no, vectors.c.vector, chunks.c.doc_id, documents.c.access)
            .join(vectors, vectors.c.vector_hash == chunks.c.vector_hash)
            .join(documents, documents.c.doc_id == chunks.c.doc_id)
            .where(vectors.c.model == model, chunks.c.chunk_no >= first)
            .order_by(chunks.c.chunk_no)
        )
        parsed = cache(_principals)
        with self.engine.connect() as connection:
            found = connection.execution_options(yield_per=_VECTOR_BATCH).execute(query)
            for rows in found.partitions():
                yield VectorBatch(
                    np.fromiter((row[0] for row in rows), np.int64, len(rows)),
                    np.frombuffer(b"".join(row[1] for row in rows), np.float32).reshape(-1, dim),
                    [row[2] for row in rows],
                    [parsed(row[3]) for row in rows],
                )

    def chunk_rows(self, numbers: Sequence[int]) -> dict[int, ChunkRow]:
        """Return the chunks by number; numbers that are not in the catalogue (any more) are left out."""
        found: dict[int, ChunkRow] = {}
        with self.engine.connect() as connection:
            for batch in _batches(numbers):
                rows = connection.execute(_CHUNKS, {"numbers": batch}).all()
                found.update((row.chunk_no, _chunk_row(row)) for row in rows)
        return found

    def candidate_rows(self, numbers: Sequence[int]) -> dict[int, CandidateRow]:
        """Return what chunks are scored by, by number; unknown ones are left out."""
        found: dict[int, CandidateRow] = {}
        parsed = cache(_principals)
        with self.engine.connect() as connection:
            for batch in _batches(numbers):
                for row in connection.execute(_CANDIDATES, {"numbers": batch}).all():
                    found[row[0]] = CandidateRow(*row[:8], parsed(row[8]), row[9])
        return found

    def terms_of(self, doc_id: str) -> list[str]:
        """Return the analysed words of each chunk of a document, joined by blanks."""
        query = select(chunks.c.terms).where(chunks.c.doc_id == doc_id).order_by(chunks.c.ordinal)
        with self.engine.connect() as connection:
            return list(connection.execute(query).scalars())

    def acronyms_among(self, words: Sequence[str]) -> list[tuple[Acronym, tuple[str, ...]]]:
        """Return (acronym, who may read the document that defines it) for short or long forms among `words`."""
        with self.engine.connect() as connection:
            return [
                (Acronym(row.short, row.long), _principals(row.access))
                for row in connection.execute(_ACRONYMS, {"words": list(words)}).all()
            ]

    def update_terms(self, entries: Sequence[IndexEntry]) -> None:
        """Store the analysed words of chunks anew."""
        statement = (
            update(chunks)
            .where(chunks.c.chunk_no == bindparam("number"))
            .values(terms=bindparam("words"))
        )
        with storage_errors(self.data_dir), writing(self.engine) as connection:
            connection.execute(
                statement,
                [{"number": entry.chunk_no, "words": " ".join(entry.terms)} for entry in entries],
            )

    def read_documents_again(self) -> None:
        """Look for the acronyms and the languages of every document anew."""
        query = select(documents.c.doc_id, documents.c.text)
        languages = select(documents.c.metadata).distinct()
        with storage_errors(self.data_dir), writing(self.engine) as connection:
            told = (json.loads(row[0]) for row in connection.execute(languages).all())
            found = {str(facts.get("language", "")) for facts in told} - {""}
            _put_meta(connection, LANGUAGES, json.dumps(sorted(found)))
            connection.execute(delete(acronyms))
            for doc_id, text in connection.execute(query).all():
                _store_acronyms(connection, doc_id, text)

    def all_chunk_rows(self) -> Iterator[ChunkRow]:
        """Yield every chunk in order of number, for rebuilding an index."""
        with self.engine.connect() as connection:
            query = _chunk_query().order_by(chunks.c.chunk_no)
            for row in connection.execution_options(yield_per=1000).execute(query):
                yield _chunk_row(row)

    def chunk_numbers(self) -> set[int]:
        """Return the numbers of all chunks."""
        with self.engine.connect() as connection:
            return set(connection.execute(select(chunks.c.chunk_no)).scalars())

    def list_documents(self) -> list[DocumentRecord]:
        """Return all documents, by source and URI."""
        query = _record_query().order_by(documents.c.source, documents.c.uri)
        with self.engine.connect() as connection:
            return [_record(row) for row in connection.execute(query)]

    def find_documents(self, id_or_uri: str) -> list[DocumentRecord]:
        """Return the document with this id, or those with this URI (one for each source)."""
        match = or_(documents.c.doc_id == id_or_uri, documents.c.uri == id_or_uri)
        with self.engine.connect() as connection:
            return [_record(row) for row in connection.execute(_record_query().where(match))]

    def records(self, doc_ids: Collection[str]) -> dict[str, DocumentRecord]:
        """Return some documents by their ids, those that are there; by the key, however many documents there are."""
        query = _record_query().where(documents.c.doc_id.in_(sorted(doc_ids)))
        with self.engine.connect() as connection:
            return {row.doc_id: _record(row) for row in connection.execute(query)}

    def count_chunks(self) -> int:
        """Return how many chunks there are."""
        with self.engine.connect() as connection:
            return int(connection.execute(select(func.count()).select_from(chunks)).scalar() or 0)

    def count_quarantined(self) -> int:
        """Return how many documents could not be read when they were last looked at."""
        query = select(func.count()).where(documents.c.status == "quarantined")
        with self.engine.connect() as connection:
            return int(connection.execute(query).scalar() or 0)

    def documents_by_access(self) -> list[tuple[tuple[str, ...], int]]:
        """Return (access, number of documents that have chunks) for each distinct access list."""
        has_chunks = exists().where(chunks.c.doc_id == documents.c.doc_id)
        query = (
            select(documents.c.access, func.count()).where(has_chunks).group_by(documents.c.access)
        )
        with self.engine.connect() as connection:
            return [(tuple(json.loads(row[0])), row[1]) for row in connection.execute(query)]

    def section_paths(
        self, limit: int, access: Iterable[tuple[str, ...]]
    ) -> list[tuple[str, tuple[str, ...]]]:
        """Return (title, heading path) of some sections, spread over the documents with one of some access lists.

        The lists are a condition of the query: of the first 400 sections, all may be of forbidden documents.
        """
        lists = [json.dumps(principals) for principals in access][:_LOOKUP_BATCH]
        query = (
            select(documents.c.title, chunks.c.section)
            .join(documents)
            .where(chunks.c.section.like('%", "%'), documents.c.access.in_(lists))
            .order_by(chunks.c.ordinal, chunks.c.chunk_id)
            .limit(limit)
        )
        with self.engine.connect() as connection:
            found = connection.execute(query).all()
        return [(row.title, tuple(json.loads(row.section))) for row in found]

    def document_text(self, doc_id: str) -> tuple[str, tuple[Element, ...]]:
        """Return a document's canonical text and elements.

        Raises:
            NotFound: no such document.
        """
        query = select(documents.c.text, documents.c.elements).where(documents.c.doc_id == doc_id)
        with self.engine.connect() as connection:
            row = connection.execute(query).first()
        if row is None:
            raise NotFound(f"There is no document {doc_id!r}.")
        return row.text, tuple(Element(*fields) for fields in json.loads(row.elements))


def _without_vector(model: str) -> ColumnElement[bool]:
    return ~exists().where(
        and_(vectors.c.vector_hash == chunks.c.vector_hash, vectors.c.model == model)
    )


def _put_meta(connection: Connection, key: str, value: str) -> None:
    changed = connection.execute(update(meta).where(meta.c.key == key).values(value=value)).rowcount
    if not changed:
        connection.execute(insert(meta).values(key=key, value=value))


def _next_generation(connection: Connection) -> None:
    found = connection.execute(select(meta.c.value).where(meta.c.key == "generation")).scalar()
    _put_meta(connection, "generation", str(int(found or 0) + 1))


def _chunk_hashes(connection: Connection, doc_ids: Sequence[str]) -> dict[int, str]:
    """Return the number and the text's hash of every chunk of some documents."""
    found: dict[int, str] = {}
    for batch in _batches(doc_ids):
        query = select(chunks.c.chunk_no, chunks.c.vector_hash).where(chunks.c.doc_id.in_(batch))
        found.update((row[0], row[1]) for row in connection.execute(query))
    return found


def _store_version(connection: Connection, version: NewVersion) -> None:
    connection.execute(delete(documents).where(documents.c.doc_id == version.doc_id))
    connection.execute(
        insert(documents).values(
            **_identity(version.doc_id, version.source, version.item, version.version),
            access=json.dumps(version.access),
            metadata=json.dumps(version.metadata, ensure_ascii=False),
            signature=version.signature,
            title=version.title,
            version=version.version,
            text=version.text,
            elements=json.dumps([element_fields(element) for element in version.elements]),
            status="active",
            updated_at=version.updated_at,
        )
    )
    if version.chunks:
        connection.execute(
            insert(chunks),
            [
                _chunk_values(entry.chunk_no, chunk, " ".join(entry.terms))
                for entry, chunk in zip(version.entries, version.chunks, strict=True)
            ],
        )
    _store_acronyms(connection, version.doc_id, version.text)


def _note_languages(connection: Connection, versions: Sequence[NewVersion]) -> None:
    """Remember the languages that documents had; a question is read in each of them."""
    found = {version.metadata.get("language", "") for version in versions} - {""}
    stored = connection.execute(select(meta.c.value).where(meta.c.key == LANGUAGES)).scalar()
    known = set(json.loads(stored or "[]"))
    if found - known:
        _put_meta(connection, LANGUAGES, json.dumps(sorted(known | found)))


def _store_acronyms(connection: Connection, doc_id: str, text: str) -> None:
    found = find_acronyms(text)
    if found:
        connection.execute(
            insert(acronyms),
            [{"short": acronym.short, "long": acronym.long, "doc_id": doc_id} for acronym in found],
        )


def _store_failure(connection: Connection, failure: FailedVersion) -> None:
    seen = _identity(failure.doc_id, failure.source, failure.item, failure.version)
    failed = {"status": "quarantined", "reason": failure.reason, "detail": failure.detail}
    changed = connection.execute(
        update(documents)
        .where(documents.c.doc_id == failure.doc_id)
        .values(**seen, **failed, access=_access_after(connection, failure))
    ).rowcount
    if not changed:
        connection.execute(
            insert(documents).values(
                **seen,
                **failed,
                access=json.dumps(failure.item.access),
                title=failure.item.uri.rsplit("/", 1)[-1],
                version=failure.version,
                text="",
                elements="[]",
                updated_at=failure.updated_at,
            )
        )


def _access_after(connection: Connection, failure: FailedVersion) -> str:
    """Return who may read a document whose newest bytes cannot be read.

    That is what the source says, unless the document's own word was stricter or wider before: it cannot be
    asked now, so it stands.
    """
    query = select(documents.c.access, documents.c.seen_access).where(
        documents.c.doc_id == failure.doc_id
    )
    row = connection.execute(query).first()
    if row is not None and row.access != row.seen_access:
        return str(row.access)
    return json.dumps(failure.item.access)


def _identity(doc_id: str, source: str, item: SourceItem, version: str) -> dict[str, object]:
    return {
        "doc_id": doc_id,
        "source": source,
        "uri": item.uri,
        "seen_size": item.size,
        "seen_stamp": item.stamp,
        "seen_version": version,
        "seen_access": json.dumps(item.access),
    }


def _chunk_values(number: int, chunk: Chunk, terms: str) -> dict[str, object]:
    return {
        "chunk_no": number,
        "chunk_id": chunk.chunk_id,
        "doc_id": chunk.doc_id,
        "ordinal": chunk.ordinal,
        "start": chunk.start,
        "end": chunk.end,
        "text": chunk.text,
        "embedded_text": chunk.embedded_text,
        "vector_hash": text_hash(chunk.embedded_text),
        "section": json.dumps(chunk.section),
        "page": chunk.page,
        "terms": terms,
    }


# Statements of every question are made once: making one takes as long as running it.
_NUMBERED = chunks.c.chunk_no.in_(bindparam("numbers", expanding=True))
_CANDIDATES = (
    select(
        chunks.c.chunk_no,
        chunks.c.doc_id,
        chunks.c.ordinal,
        chunks.c.terms,
        documents.c.uri,
        documents.c.title,
        documents.c.version,
        documents.c.updated_at,
        documents.c.access,
        documents.c.metadata,
    )
    .join(documents)
    .where(_NUMBERED)
)


def _chunk_query() -> Select[Any]:
    return select(
        chunks,
        documents.c.uri,
        documents.c.title,
        documents.c.version,
        documents.c.updated_at,
        documents.c.access,
        documents.c.duplicate_of,
        documents.c.status,
        documents.c.metadata,
    ).join(documents)


_CHUNKS = _chunk_query().where(_NUMBERED)
_FORMS: BindParameter[str] = bindparam("words", expanding=True)
_ACRONYMS = (
    select(acronyms.c.short, acronyms.c.long, documents.c.access)
    .join(documents, documents.c.doc_id == acronyms.c.doc_id)
    .where(or_(acronyms.c.short.in_(_FORMS), acronyms.c.long.in_(_FORMS)))
    .distinct()
    .order_by(acronyms.c.short, acronyms.c.long)
)
_META = select(meta.c.key, meta.c.value).where(meta.c.key.in_(bindparam("keys", expanding=True)))


def _chunk_row(row: Row[Any]) -> ChunkRow:
    chunk = Chunk(
        chunk_id=row.chunk_id,
        doc_id=row.doc_id,
        ordinal=row.ordinal,
        start=row.start,
        end=row.end,
        text=row.text,
        embedded_text=row.embedded_text,
        section=tuple(json.loads(row.section)),
        page=row.page,
    )
    return ChunkRow(
        chunk_no=row.chunk_no,
        chunk=chunk,
        doc_uri=row.uri,
        doc_title=row.title,
        doc_version=row.version,
        doc_updated_at=row.updated_at,
        access=tuple(json.loads(row.access)),
        original=row.duplicate_of or row.doc_id,
        is_stale=row.status == "quarantined",
        language=str(json.loads(row.metadata).get("language", "")),
    )


def _record_query() -> Select[Any]:
    counted = select(func.count()).where(chunks.c.doc_id == documents.c.doc_id).scalar_subquery()
    shown = [documents.c[name] for name in _RECORD_COLUMNS]
    return select(*shown, counted.label("chunk_count"))


def _record(row: Row[Any]) -> DocumentRecord:
    return DocumentRecord(
        doc_id=row.doc_id,
        uri=row.uri,
        title=row.title,
        source=row.source,
        version=row.version,
        access=tuple(json.loads(row.access)),
        updated_at=row.updated_at,
        status=row.status,
        chunks=row.chunk_count,
        reason=row.reason,
        detail=row.detail,
        duplicate_of=row.duplicate_of,
        metadata=json.loads(row.metadata),
    )


def _principals(stored: str) -> tuple[str, ...]:
    return tuple(json.loads(stored))


def _batches(items: Sequence[T]) -> Iterator[Sequence[T]]:
    for start in range(0, len(items), _LOOKUP_BATCH):
        yield items[start : start + _LOOKUP_BATCH]
