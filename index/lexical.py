"""BM25 over chunks with the permission filter inside the query, on tantivy.

The index lies in a folder, is written by one process and read by many; tantivy publishes a commit
atomically. It may hold leftovers of replaced documents: the catalogue decides what is shown.
"""

import shutil
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from core.answers import Caller
from core.errors import DataFolderError, StorageFull
from core.search import IndexEntry, StoreQuery
from index.database import storage_errors, sync_to_disk

_ANALYZER = "whitespace"
_WRITER_HEAP = 64_000_000
_MAX_QUERY_TERMS = 200
_REPLACED_WITHIN_S = 2.0
"""Seconds that a reader waits for files that are not there; a rebuild puts new ones in their place."""


class LexicalIndex:
    """Searches words. `k1` 1.2 and `b` 0.75 are tantivy's, fixed."""

    def __init__(self, folder: Path) -> None:
        import tantivy

        self._tantivy = tantivy
        self._folder = folder
        with storage_errors(folder):
            folder.mkdir(parents=True, exist_ok=True)
        with self._damage_named():
            self._index = tantivy.Index(_schema(tantivy), str(folder))
            # Words come analysed (`index.analysis`): they are only taken apart.
            plain = tantivy.TextAnalyzerBuilder(tantivy.Tokenizer.whitespace()).build()
            self._index.register_tokenizer(_ANALYZER, plain)
            self._index.config_reader("manual")
        self.reload()

    def reload(self) -> None:
        """Show what was committed last, by whichever process.

        Raises:
            DataFolderError: the index is damaged.
        """
        with self._damage_named():
            self._reload_once_there()
            self._searcher = self._index.searcher()

    def _reload_once_there(self) -> None:
        """Wait a moment for files that a writer is just putting in the place of others, as `rebuild` does."""
        until = time.monotonic() + _REPLACED_WITHIN_S
        while True:
            try:
                self._index.reload()
                return
            except ValueError as error:
                if "FileDoesNotExist" not in str(error) or time.monotonic() > until:
                    raise
            time.sleep(0.02)

    def search(self, query: StoreQuery, caller: Caller, top_k: int) -> list[tuple[int, float]]:
        """Return (chunk number, BM25 score), best first; only chunks that the caller may read."""
        wanted = self._words_query(query)
        if wanted is None:
            return []
        with self._damage_named():
            result = self._searcher.search(
                self._permitted(wanted, caller, query.doc_ids), top_k, count=False
            )
        addresses = [address for _, address in result.hits]
        numbers = self._searcher.fast_field_values("chunk_no", addresses)
        pairs = [
            (int(number), float(score))
            for number, (score, _) in zip(numbers, result.hits, strict=True)
        ]
        # Equal scores come back in segment order, which differs between two builds of the same index.
        return sorted(pairs, key=lambda pair: (-pair[1], pair[0]))

    def readable_terms(self, terms: Sequence[str], caller: Caller) -> set[str]:
        """Return those of some words that stand in a chunk that the caller may read."""
        make, schema = self._tantivy.Query, self._index.schema
        found = set()
        with self._damage_named():
            for term in terms:
                if not self._searcher.doc_freq("body", term):
                    continue
                word = make.const_score_query(make.term_query(schema, "body", term), 1.0)
                query = self._permitted(word, caller, None)
                if caller.is_admin or self._searcher.search(query, 1, count=False).hits:
                    found.add(term)
        return found

    def count(self) -> int:
        """Return the number of entries, leftovers included."""
        return int(self._searcher.num_docs)

    def numbers(self) -> set[int]:
        """Return the chunk numbers of all entries."""
        query = self._tantivy.Query.all_query()
        result = self._searcher.search(query, max(1, self.count()), count=False)
        addresses = [address for _, address in result.hits]
        return {int(number) for number in self._searcher.fast_field_values("chunk_no", addresses)}

    def writer(self) -> "LexicalWriter":
        """Open the writer; one at a time over all processes."""
        return LexicalWriter(self._tantivy, self._index, self._folder)

    @contextmanager
    def _damage_named(self) -> Iterator[None]:
        try:
            yield
        except BaseException as error:
            # ValueError and OSError are what tantivy raises about its files; a damaged posting list
            # makes it panic, which arrives as a BaseException whose class cannot be imported.
            panicked = type(error).__name__ == "PanicException"
            if not panicked and not isinstance(error, ValueError | OSError):
                raise
            if _is_full(error):
                raise _full_disk() from error
            raise DataFolderError(
                f"The word index in {str(self._folder)!r} is damaged. "
                "Run `footnote index rebuild`: it is made again from the catalogue."
            ) from error

    def _words_query(self, query: StoreQuery) -> Any | None:
        make, schema, occur = self._tantivy.Query, self._index.schema, self._tantivy.Occur
        clauses = [
            *self._weighted("body", query.terms),
            *self._weighted("name", query.name_terms),
        ]
        if not clauses:
            return None
        words = make.boolean_query([(occur.Should, clause) for clause in clauses])
        if not query.phrases:
            return words
        phrases = [
            make.phrase_query(schema, "body", list(phrase))
            if len(phrase) > 1
            else make.term_query(schema, "body", phrase[0])
            for phrase in query.phrases
        ]
        return make.boolean_query([(occur.Must, clause) for clause in (words, *phrases)])

    def _weighted(self, field: str, terms: Mapping[str, float]) -> list[Any]:
        make, schema = self._tantivy.Query, self._index.schema
        clauses = []
        for term, weight in list(terms.items())[:_MAX_QUERY_TERMS]:
            clause = make.term_query(schema, field, term)
            clauses.append(clause if weight == 1.0 else make.boost_query(clause, weight))
        return clauses

    def _permitted(self, words: Any, caller: Caller, doc_ids: frozenset[str] | None) -> Any:
        conditions = [words]
        if not caller.is_admin:
            conditions.append(self._any_of("access", sorted(caller.principals)))
        if doc_ids is not None:
            conditions.append(self._any_of("doc", sorted(doc_ids)))
        if len(conditions) == 1:
            return words
        must = self._tantivy.Occur.Must
        return self._tantivy.Query.boolean_query([(must, condition) for condition in conditions])

    def _any_of(self, field: str, values: Sequence[str]) -> Any:
        make = self._tantivy.Query
        allowed = make.term_set_query(self._index.schema, field, values)
        return make.const_score_query(allowed, 0.0)


class LexicalWriter:
    """Adds and removes chunks; nothing is seen before `commit`."""

    def __init__(self, tantivy: Any, index: Any, folder: Path) -> None:
        self._tantivy = tantivy
        self._folder = folder
        self._schema = index.schema
        with _full_disk_named():
            self._writer = index.writer(_WRITER_HEAP, 1)

    def add(self, entry: IndexEntry) -> None:
        """Add one chunk by its words, with the principals that may read it."""
        document = self._tantivy.Document()
        document.add_unsigned("chunk_no", entry.chunk_no)
        document.add_text("body", " ".join(entry.terms))
        document.add_text("name", " ".join(entry.name_terms))
        document.add_text("doc", entry.doc_id)
        for principal in entry.access:
            document.add_text("access", principal)
        with _full_disk_named():
            self._writer.add_document(document)

    def remove(self, numbers: Sequence[int]) -> None:
        """Remove chunks by number."""
        make = self._tantivy.Query
        for number in numbers:
            # By query: deleting by term finds nothing in a field of unsigned numbers (tantivy 0.27).
            query = make.term_query(self._schema, "chunk_no", number)
            with _full_disk_named():
                self._writer.delete_documents_by_query(query)

    def clear(self) -> None:
        """Remove everything."""
        with _full_disk_named():
            self._writer.delete_all_documents()

    def commit(self) -> None:
        """Make everything since the last commit durable and visible at once."""
        with _full_disk_named():
            self._writer.commit()
            # tantivy syncs the folder before it renames the file that names the commit, but not after.
            sync_to_disk(self._folder)

    def close(self) -> None:
        """Finish merging segments and release the writer's lock."""
        with _full_disk_named():
            self._writer.wait_merging_threads()


def discard(folder: Path) -> None:
    """Remove a word index whole, to make it again."""
    shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _full_disk_named() -> Iterator[None]:
    try:
        yield
    except (ValueError, OSError) as error:  # tantivy reports a failed write as a ValueError
        raise _full_disk() from error


def _is_full(error: BaseException) -> bool:
    said = str(error).lower()
    return any(words in said for words in ("no space left", "quota exceeded"))


def _full_disk() -> StorageFull:
    return StorageFull(
        "The word index cannot be written: the disk may be full. Nothing that was stored is lost: "
        "free some space and run the command again."
    )


def _schema(tantivy: Any) -> Any:
    builder = tantivy.SchemaBuilder()
    builder.add_unsigned_field("chunk_no", indexed=True, fast=True)
    builder.add_text_field("body", tokenizer_name=_ANALYZER, index_option="position")
    builder.add_text_field("name", tokenizer_name=_ANALYZER, index_option="freq")
    for field in ("access", "doc"):
        builder.add_text_field(field, tokenizer_name="raw", index_option="basic")
    return builder.build()
