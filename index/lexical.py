"""BM25 over chunks with the permission filter inside the query, on tantivy.

The index lies in a folder, is written by one process and read by many; tantivy publishes a commit
atomically. It may hold leftovers of replaced documents: the catalogue decides what is shown.
"""

import re
import shutil
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from core.answers import Caller
from core.errors import DataFolderError, StorageFull
from core.function_words import content_words
from index.database import storage_errors, sync_to_disk

_ANALYZER = "footnote"
# Runs of Chinese, Japanese and Korean letters have no spaces: they are indexed as overlapping pairs.
_UNSPACED = re.compile(r"[\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af\uf900-\ufaff]+")
_WRITER_HEAP = 64_000_000
_MAX_QUERY_TERMS = 200


class LexicalIndex:
    """Searches words. `k1` 1.2 and `b` 0.75 are tantivy's, fixed."""

    def __init__(self, folder: Path) -> None:
        import tantivy

        self._tantivy = tantivy
        self._folder = folder
        with storage_errors(folder):
            folder.mkdir(parents=True, exist_ok=True)
        self._analyzer = _analyzer(tantivy)
        with self._damage_named():
            self._index = tantivy.Index(_schema(tantivy), str(folder))
            self._index.register_tokenizer(_ANALYZER, self._analyzer)
            self._index.config_reader("manual")
        self.reload()

    def reload(self) -> None:
        """Show what was committed last, by whichever process.

        Raises:
            DataFolderError: the index is damaged.
        """
        with self._damage_named():
            self._index.reload()
            self._searcher = self._index.searcher()

    def search(self, query: str, caller: Caller, top_k: int) -> list[tuple[int, float]]:
        """Return (chunk number, BM25 score), best first; only chunks that the caller may read."""
        words = self._words_query(query)
        if words is None:
            return []
        with self._damage_named():
            result = self._searcher.search(self._permitted(words, caller), top_k, count=False)
        addresses = [address for _, address in result.hits]
        numbers = self._searcher.fast_field_values("chunk_no", addresses)
        pairs = [
            (int(number), float(score))
            for number, (score, _) in zip(numbers, result.hits, strict=True)
        ]
        # Equal scores come back in segment order, which differs between two builds of the same index.
        return sorted(pairs, key=lambda pair: (-pair[1], pair[0]))

    def analyze(self, text: str) -> list[str]:
        """Return the terms of a text, as they are indexed."""
        return list(self._analyzer.analyze(split_unspaced(text)))

    def rare_weight(self, term: str) -> float:
        """Return how telling a term is: its inverse document frequency, 0 when it is in every chunk."""
        import math

        total = max(1, self._searcher.num_docs)
        found = self._searcher.doc_freq("body", term)
        return math.log(1 + (total - found + 0.5) / (found + 0.5))

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

    def _words_query(self, query: str) -> Any | None:
        make, schema = self._tantivy.Query, self._index.schema
        terms = list(dict.fromkeys(self.analyze(content_words(query))))[:_MAX_QUERY_TERMS]
        if not terms:
            return None
        should = self._tantivy.Occur.Should
        return make.boolean_query(
            [(should, make.term_query(schema, "body", term)) for term in terms]
        )

    def _permitted(self, words: Any, caller: Caller) -> Any:
        if caller.is_admin:
            return words
        make, occur = self._tantivy.Query, self._tantivy.Occur
        allowed = make.term_set_query(self._index.schema, "access", sorted(caller.principals))
        unscored = make.const_score_query(allowed, 0.0)
        return make.boolean_query([(occur.Must, words), (occur.Must, unscored)])


class LexicalWriter:
    """Adds and removes chunks; nothing is seen before `commit`."""

    def __init__(self, tantivy: Any, index: Any, folder: Path) -> None:
        self._tantivy = tantivy
        self._folder = folder
        self._schema = index.schema
        with _full_disk_named():
            self._writer = index.writer(_WRITER_HEAP, 1)

    def add(self, chunk_no: int, body: str, access: Iterable[str]) -> None:
        """Add one chunk with the principals that may read it."""
        document = self._tantivy.Document()
        document.add_unsigned("chunk_no", chunk_no)
        document.add_text("body", split_unspaced(body))
        for principal in access:
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


def split_unspaced(text: str) -> str:
    """Write runs of unspaced letters as overlapping pairs, so that a part of a run can be found."""
    return _UNSPACED.sub(_pairs, text)


def _pairs(match: re.Match[str]) -> str:
    run = match.group()
    pairs = [run[i : i + 2] for i in range(len(run) - 1)] or [run]
    return f" {' '.join(pairs)} "


def _analyzer(tantivy: Any) -> Any:
    builder = tantivy.TextAnalyzerBuilder(tantivy.Tokenizer.simple())
    filters = tantivy.Filter
    for step in (filters.remove_long(80), filters.lowercase(), filters.ascii_fold()):
        builder = builder.filter(step)
    return builder.filter(filters.stemmer("english")).build()


def _schema(tantivy: Any) -> Any:
    builder = tantivy.SchemaBuilder()
    builder.add_unsigned_field("chunk_no", indexed=True, fast=True)
    builder.add_text_field("body", tokenizer_name=_ANALYZER, index_option="freq")
    builder.add_text_field("access", tokenizer_name="raw", index_option="basic")
    return builder.build()
