"""What a run costs depends on what it changes, and whatever a run leaves behind the next one repairs."""

import shutil
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from databases import open_database

from core.answers import Caller
from core.documents import Chunk, SourceItem
from core.fakes import HashEmbedder
from core.search import IndexEntry, StoreQuery, VectorBatch
from index.analysis import words_in_order
from index.catalogue import Catalogue, NewVersion
from index.database import writing
from index.publication import UNFINISHED, Publisher, words_are_current
from index.stores.embedded_store import EmbeddedStore, EmbeddedWriter

pytestmark = [pytest.mark.integration, pytest.mark.usefixtures("each_database")]

ADMIN = Caller("admin", frozenset(), is_admin=True)
EMBEDDER = HashEmbedder()


class CountingWriter:
    """A writer that notes how much it is given."""

    def __init__(self, folder: Path) -> None:
        self._writer = EmbeddedWriter(folder)
        self.entries = 0
        self.vectors = 0
        self.compared = 0

    def __getattr__(self, name: str) -> object:
        return getattr(self._writer, name)

    def add(self, entries: Iterable[IndexEntry]) -> None:
        made = list(entries)
        self.entries += len(made)
        self._writer.add(made)

    def publish(self, batches: Iterable[VectorBatch], embedder: str, dim: int) -> None:
        def counted() -> Iterator[VectorBatch]:
            for batch in batches:
                self.vectors += len(batch.numbers)
                yield batch

        self._writer.publish(counted(), embedder, dim)

    def close(self) -> None:
        self._writer.close()

    def word_numbers(self) -> set[int]:
        self.compared += 1
        return self._writer.word_numbers()


class Bench:
    """A knowledge base that is written without files and parsers; each call of `run` is an ingestion."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.catalogue = Catalogue(open_database(folder), folder)
        self.open()

    def open(self) -> None:
        """Open the writing side as a new process would."""
        self.catalogue = Catalogue(self.catalogue.engine, self.folder)
        self.writer = CountingWriter(self.folder / "index")
        self.publisher = Publisher(
            self.catalogue,
            self.writer,  # type: ignore[arg-type]  # the rest is EmbeddedWriter's
            EMBEDDER.name,
            EMBEDDER.dim,
        )

    def store(self, uri: str, words: Sequence[str]) -> None:
        """Replace a document: a chunk for each word."""
        numbers = self.catalogue.reserve_chunk_numbers(len(words))
        version = new_version(uri, words, numbers)
        self.publisher.add_words([version])
        self.publisher.remove_words(self.catalogue.store([version], []))

    def embed(self) -> int:
        """Give every text a vector that has none; return how many had none."""
        missing = self.catalogue.missing_vectors(EMBEDDER.name, self.publisher.embedded_below)
        if missing:
            matrix = EMBEDDER.embed_passages(self.catalogue.texts_to_embed(missing))
            rows = [(key, matrix[i : i + 1]) for i, key in enumerate(missing)]
            self.catalogue.put_vectors(EMBEDDER.name, rows)
        return len(missing)

    def run(self, documents: dict[str, Sequence[str]]) -> bool:
        """Ingest some documents; return whether something had to be repaired first."""
        repaired = self.publisher.begin()
        for uri, words in documents.items():
            self.store(uri, words)
        self.embed()
        self.publisher.publish_vectors()
        self.catalogue.drop_unused_vectors()
        self.publisher.finish()
        return repaired

    def check(self) -> None:
        """Words, vectors and catalogue have the same chunks, and each is found by its word and its vector."""
        wanted = self.catalogue.chunk_numbers()
        writer = EmbeddedWriter(self.folder / "index")
        assert writer.word_numbers() == writer.vector_numbers() == wanted
        store = EmbeddedStore(self.folder / "index")
        for number, row in self.catalogue.chunk_rows(sorted(wanted)).items():
            vector = EMBEDDER.embed_passages([row.chunk.embedded_text])
            found = store.search(
                StoreQuery(vector, {words_in_order(row.chunk.text)[0]: 1.0}), ADMIN, 100
            )
            assert found.dense[number] == pytest.approx(1.0)
            assert number in found.lexical

    def counts(self) -> tuple[int, int, int]:
        """Return what the writer was given since it was opened: entries, vectors, comparisons."""
        return self.writer.entries, self.writer.vectors, self.writer.compared

    def vector_models(self) -> list[str]:
        with self.catalogue.engine.connect() as connection:
            found = connection.exec_driver_sql("SELECT model FROM vectors ORDER BY model")
            return [row[0] for row in found]


def new_version(uri: str, words: Sequence[str], numbers: range) -> NewVersion:
    chunks = tuple(
        Chunk(f"{uri}-{number}", uri, position, 0, len(word), word, f"{uri} {word}", (), None)
        for position, (number, word) in enumerate(zip(numbers, words, strict=True))
    )
    item = SourceItem(uri, "1", ("everyone",))
    return NewVersion(
        uri, "docs", item, "v", uri, " ".join(words), (), chunks, numbers, "2026", ("everyone",)
    )


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    made = Bench(tmp_path)
    made.run({f"d{n}": [f"word{n}a", f"word{n}b"] for n in range(30)})
    made.check()
    made.open()
    return made


def test_a_run_is_given_only_what_it_changes(bench: Bench) -> None:
    assert not bench.run({"d3": ["new", "words", "here"]})
    assert bench.counts() == (3, 3, 0)
    bench.check()
    bench.open()
    assert not bench.run({})
    assert bench.counts() == (0, 0, 0)


def test_a_reader_that_comes_during_the_first_run_finds_no_other_version(tmp_path: Path) -> None:
    bench = Bench(tmp_path / "new")
    bench.publisher.begin()
    bench.catalogue.reserve_chunk_numbers(1)
    assert words_are_current(bench.catalogue), "numbers are taken before the first words are there"
    bench.store("first", ["one"])
    assert words_are_current(bench.catalogue)
    bench.catalogue.engine.dispose()


def test_texts_that_came_early_by_a_shared_text_are_published(bench: Bench) -> None:
    bench.publisher.begin()
    bench.store("first", ["one"])
    bench.store("second", ["two"])
    (key, *_) = reversed(
        bench.catalogue.missing_vectors(EMBEDDER.name, bench.publisher.embedded_below)
    )
    matrix = EMBEDDER.embed_passages(bench.catalogue.texts_to_embed([key]))
    bench.catalogue.put_vectors(EMBEDDER.name, [(key, matrix)])
    bench.publisher.publish_vectors()
    assert len(bench.writer._writer.vector_numbers()) == 61, "the later text, before the earlier"
    bench.embed()
    bench.publisher.publish_vectors()
    bench.publisher.finish()
    bench.check()


@pytest.mark.parametrize("steps", range(5))
def test_a_run_that_dies_at_any_step_is_repaired_by_the_next(bench: Bench, steps: int) -> None:
    todo: list[Callable[[], object]] = [
        bench.publisher.begin,
        lambda: bench.store("d3", ["new", "words"]),
        lambda: bench.publisher.remove_words(bench.catalogue.remove(["d4"])),
        bench.embed,
        bench.publisher.publish_vectors,
    ]
    for step in todo[: steps + 1]:
        step()
    del todo
    bench.writer.close()  # the operating system releases the lock of a dead process
    bench.open()
    assert bench.run({})
    bench.check()
    assert len(bench.vector_models()) == len(bench.catalogue.chunk_numbers())


def test_a_removal_that_only_the_catalogue_knows_is_repaired(bench: Bench) -> None:
    bench.publisher.begin()
    bench.catalogue.remove(["d1", "d2"])
    bench.open()
    assert bench.run({})
    bench.check()


@pytest.mark.parametrize("lost", ["vectors", "vectors/CURRENT", "vectors/manifest", "lexical"])
def test_a_lost_or_damaged_folder_is_noticed_and_made_again(bench: Bench, lost: str) -> None:
    if lost == "vectors/manifest":
        next((bench.folder / "index" / "vectors").glob("manifest-*")).write_bytes(b"{}")
    elif lost == "vectors/CURRENT":
        (bench.folder / "index" / lost).unlink()
    else:
        shutil.rmtree(bench.folder / "index" / lost)
    bench.open()
    assert bench.run({})
    bench.check()
    bench.open()
    assert not bench.run({})


def test_a_rebuild_makes_everything_again_from_the_catalogue(bench: Bench) -> None:
    bench.catalogue.set_meta(UNFINISHED, "1")
    assert bench.publisher.rebuild() == 60
    bench.publisher.finish()
    bench.check()
    assert bench.catalogue.get_meta(UNFINISHED) == "0"


def test_a_rebuild_without_all_vectors_leaves_them_to_the_next_run(bench: Bench) -> None:
    with writing(bench.catalogue.engine) as connection:
        connection.exec_driver_sql("DELETE FROM vectors")
    bench.publisher.rebuild()
    bench.publisher.finish()
    assert bench.catalogue.get_meta(UNFINISHED) == "1"
    assert bench.run({})
    bench.check()


def test_vectors_of_another_model_stay_while_their_text_is_there(bench: Bench) -> None:
    keys = bench.catalogue.missing_vectors("another")
    row = np.ones((1, 3), np.float32)
    bench.catalogue.put_vectors("another", [(key, row) for key in keys])
    bench.run({"d3": ["new"]})
    assert bench.vector_models().count("another") == len(keys) - 2
    assert bench.vector_models().count(EMBEDDER.name) == len(bench.catalogue.chunk_numbers())


def test_another_model_is_published_whole(bench: Bench) -> None:
    keys = bench.catalogue.missing_vectors("another")
    rng = np.random.default_rng(1)
    bench.catalogue.put_vectors(
        "another", [(key, rng.random((1, 3)).astype(np.float32)) for key in keys]
    )
    other = Publisher(bench.catalogue, EmbeddedWriter(bench.folder / "index"), "another", 3)
    other.begin()
    other.publish_vectors()
    other.finish()
    store = EmbeddedStore(bench.folder / "index")
    assert (store.embedder, len(store.vectors.numbers())) == ("another", 60)


def test_a_text_that_moves_to_another_document_keeps_its_vector(bench: Bench) -> None:
    bench.publisher.begin()
    bench.store("d3", ["gone"])
    numbers = bench.catalogue.reserve_chunk_numbers(1)
    version = new_version("copy", ["word3a"], numbers)
    chunk = replace(version.chunks[0], embedded_text="d3 word3a")
    moved = replace(version, chunks=(chunk,))
    bench.publisher.add_words([moved])
    bench.catalogue.store([moved], [])
    assert bench.embed() == 1, "only the text that is new"
    bench.publisher.publish_vectors()
    bench.catalogue.drop_unused_vectors()
    bench.publisher.finish()
    bench.check()
