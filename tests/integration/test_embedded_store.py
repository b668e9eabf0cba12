"""Words and vectors of one folder behind one store: what a reader in another process sees, and damage."""

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from core.answers import Caller
from core.errors import DataFolderError
from core.ports import SearchStore, SearchStoreWriter
from core.search import IndexEntry, StoreQuery, VectorBatch
from index.stores.embedded_store import EmbeddedStore, EmbeddedWriter

pytestmark = pytest.mark.integration

DIM = 4
ADMIN = Caller("admin", frozenset(), is_admin=True)

_READER = """
import sys
from pathlib import Path
from core.answers import Caller
from index.stores.embedded_store import EmbeddedStore
store = EmbeddedStore(Path(sys.argv[1]))
admin = Caller("admin", frozenset(), is_admin=True)
import numpy as np
from core.search import StoreQuery
for line in sys.stdin:
    changed = store.refresh()
    found = store.search(StoreQuery(np.eye(4, dtype=np.float32)[:1], {"valve": 1.0}), admin, 10)
    print(changed, sorted(found.lexical), sorted(found.dense), flush=True)
"""


def entry(number: int, words: str = "valve") -> IndexEntry:
    return IndexEntry(number, f"doc{number}", words.split(), [], ("everyone",))


def batch(numbers: Sequence[int]) -> VectorBatch:
    rows = np.eye(DIM, dtype=np.float32)[[number % DIM for number in numbers]]
    return VectorBatch(
        np.array(numbers, np.int64),
        rows,
        [f"doc{number}" for number in numbers],
        [("everyone",)] * len(numbers),
    )


def write(writer: EmbeddedWriter, numbers: Sequence[int], removed: Sequence[int] = ()) -> None:
    writer.add(entry(number) for number in numbers)
    writer.remove(removed)
    writer.commit()
    writer.publish([batch(numbers)] if numbers else [], "hash", DIM)


def query(**fields: object) -> StoreQuery:
    return StoreQuery(np.eye(DIM, dtype=np.float32)[:1], {"valve": 1.0}, **fields)  # type: ignore[arg-type]


def test_both_sides_are_what_the_ports_ask_for(tmp_path: Path) -> None:
    writer: SearchStoreWriter = EmbeddedWriter(tmp_path)
    store: SearchStore = EmbeddedStore(tmp_path)
    assert store.embedder == ""
    writer.close()


def test_a_reader_in_another_process_follows_each_publication(tmp_path: Path) -> None:
    writer = EmbeddedWriter(tmp_path)
    write(writer, [1])
    with subprocess.Popen(
        [sys.executable, "-c", _READER, str(tmp_path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as reader:

        def seen() -> str:
            assert reader.stdin is not None
            assert reader.stdout is not None
            print("look", file=reader.stdin, flush=True)
            return reader.stdout.readline().strip()

        assert seen() == "False [1] [1]"
        write(writer, [2, 3])
        assert seen() == "True [1, 2, 3] [1, 2, 3]"
        assert seen().startswith("False")
        writer.add([entry(4)])
        assert seen().startswith("False"), "nothing before the commit"
        writer.commit()
        assert seen() == "True [1, 2, 3, 4] [1, 2, 3]"
        write(writer, [], removed=[2])
        assert seen() == "True [1, 3, 4] [1, 3]"
        writer.clear()
        write(writer, [9])
        assert seen() == "True [9] [9]"
    writer.close()


def test_what_was_cleared_is_found_until_the_rebuild_is_published(tmp_path: Path) -> None:
    writer, store = EmbeddedWriter(tmp_path), EmbeddedStore(tmp_path)
    write(writer, [1, 2])
    writer.clear()
    assert writer.vector_numbers() == set()
    store.refresh()
    assert len(store.search(query(), ADMIN, 10).dense) == 2
    writer.publish([batch([3])], "hash", DIM)
    store.refresh()
    assert list(store.search(query(), ADMIN, 10).dense) == [3]
    writer.close()


def test_a_writer_goes_on_after_it_was_closed(tmp_path: Path) -> None:
    writer = EmbeddedWriter(tmp_path)
    write(writer, [1])
    writer.close()
    another = EmbeddedWriter(tmp_path)
    write(another, [2])
    another.close()
    write(writer, [3], removed=[1])
    writer.close()
    assert writer.word_numbers() == writer.vector_numbers() == {2, 3}


def test_a_phrase_is_a_condition_of_the_search_by_meaning_too(tmp_path: Path) -> None:
    writer, store = EmbeddedWriter(tmp_path), EmbeddedStore(tmp_path)
    writer.add([entry(4, "pump"), entry(8, "red valve"), entry(12, "valve red")])
    writer.commit()
    writer.publish([batch([4, 8, 12])], "hash", DIM)
    store.refresh()
    found = store.search(query(phrases=(("red", "valve"),)), ADMIN, 10)
    assert (list(found.lexical), list(found.dense)) == ([8], [8])
    writer.close()


def test_each_change_gives_another_state_and_nothing_else_does(tmp_path: Path) -> None:
    writer = EmbeddedWriter(tmp_path)
    states = [writer.state()]
    for numbers, removed in (([1, 2], []), ([3], []), ([], [1])):
        write(writer, numbers, removed)
        states.append(writer.state())
    assert len(set(states)) == len(states)
    writer.close()
    assert EmbeddedWriter(tmp_path).state() == states[-1]


@pytest.mark.parametrize("name", ["CURRENT", "manifest-1.json", "segment-1-0/vectors.f32"])
def test_damaged_vectors_show_in_the_state_stop_a_reader_and_are_written_anew(
    name: str, tmp_path: Path
) -> None:
    writer = EmbeddedWriter(tmp_path)
    write(writer, [1, 2])
    writer.close()
    (tmp_path / "vectors" / name).write_bytes(b"garbage")
    with pytest.raises(DataFolderError, match="index rebuild"):
        EmbeddedStore(tmp_path)
    again = EmbeddedWriter(tmp_path)
    assert (again.state(), again.vector_numbers()) == ("damaged", set())
    again.publish([batch([1, 2])], "hash", DIM)
    again.verify()
    assert list(EmbeddedStore(tmp_path).search(query(), ADMIN, 10).dense) == [1, 2]
