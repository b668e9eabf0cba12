"""Dense search finds what may be read and nothing else, and publications survive crashes and tell damage."""

import json
import shutil
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from core.answers import Caller
from core.errors import DataFolderError, StorageFull
from core.search import FloatMatrix, VectorBatch
from index.permissions import may_read
from index.stores import faiss_store
from index.stores.faiss_store import FaissStore, current_serial

DIM = 12
ADMIN = Caller("admin", frozenset(), is_admin=True)
ACCESS = (("everyone",), ("group:hr",), ("group:hr", "group:it"), ())
PRINCIPALS = ("everyone", "group:hr", "group:it", "user:ann@example.org")


def unit_rows(count: int, seed: int, dim: int = DIM) -> FloatMatrix:
    rows = np.random.default_rng(seed).standard_normal((count, dim))
    return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), np.float32)


def access_of(number: int) -> tuple[str, ...]:
    return ACCESS[number % len(ACCESS)]


def batch_of(numbers: Sequence[int], matrix: FloatMatrix) -> VectorBatch:
    """Three chunks in a row are one document's."""
    wanted: npt.NDArray[np.int64] = np.array(numbers, np.int64)
    return VectorBatch(
        wanted, matrix, [f"doc{n // 3}" for n in numbers], [access_of(n) for n in numbers]
    )


def publish(
    store: FaissStore, numbers: Sequence[int], removed: Sequence[int] = (), *, afresh: bool = False
) -> None:
    """Publish chunks whose vectors depend on their numbers only."""
    rows = [unit_rows(1, 100_000 + number) for number in numbers]
    batches = [batch_of(numbers, np.concatenate(rows))] if rows else []
    store.publish(batches, removed, "hash", DIM, afresh=afresh)


def published(folder: Path, count: int = 20) -> FaissStore:
    store = FaissStore(folder)
    publish(store, range(1, count + 1))
    return store


def best(
    wanted: Sequence[int], vector: FloatMatrix, caller: Caller, top_k: int
) -> list[tuple[int, float]]:
    """What a comparison with every vector finds."""
    found = [
        (number, float(unit_rows(1, 100_000 + number)[0] @ vector[0]))
        for number in wanted
        if may_read(caller, access_of(number))
    ]
    return sorted(found, key=lambda pair: (-pair[1], pair[0]))[:top_k]


def assert_same(found: list[tuple[int, float]], wanted: list[tuple[int, float]]) -> None:
    assert [number for number, _ in found] == [number for number, _ in wanted]
    np.testing.assert_allclose(
        [score for _, score in found], [score for _, score in wanted], atol=1e-6
    )


def segment_folders(folder: Path) -> set[str]:
    return {path.name for path in folder.glob("segment-*")}


# --- searching --------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> FaissStore:
    made = published(tmp_path_factory.mktemp("vectors"), 50)
    publish(made, range(51, 60), removed=range(10, 20))
    return made


LEFT = [number for number in range(1, 60) if not 10 <= number < 20]


@hypothesis_settings(max_examples=80, deadline=None)
@given(
    principals=st.sets(st.sampled_from(PRINCIPALS)),
    is_admin=st.booleans(),
    seed=st.integers(0, 2**32 - 1),
    top_k=st.integers(1, 70),
)
def test_search_equals_brute_force_over_what_the_caller_may_read(
    principals: set[str], is_admin: bool, seed: int, top_k: int, store: FaissStore
) -> None:
    caller = Caller("ann", frozenset(principals), is_admin=is_admin)
    vector = unit_rows(1, seed)
    assert_same(store.search(vector, caller, top_k), best(LEFT, vector, caller, top_k))


def test_only_chunks_of_named_documents_are_found(store: FaissStore) -> None:
    found = store.search(unit_rows(1, 5), ADMIN, 50, {"doc7", "doc3", "unknown"})
    assert {number for number, _ in found} == {21, 22, 23, 9}
    assert store.search(unit_rows(1, 5), ADMIN, 50, ()) == []


def test_a_caller_whose_groups_change_is_another_caller(store: FaissStore) -> None:
    before = Caller("ann", frozenset({"group:it"}))
    after = Caller("ann", frozenset({"everyone"}))
    for caller in (before, after, before):
        found = store.search(unit_rows(1, 3), caller, 70)
        assert {number for number, _ in found} == {
            number for number in LEFT if may_read(caller, access_of(number))
        }


def test_equal_vectors_stand_in_order_of_number_in_whatever_segments_they_are(
    tmp_path: Path,
) -> None:
    store = FaissStore(tmp_path)
    row = unit_rows(1, 4)
    for numbers in ([8, 30, 31], [1, 2], [5]):
        store.publish([batch_of(numbers, np.repeat(row, len(numbers), 0))], [], "hash", DIM)
    found = store.search(unit_rows(1, 6), ADMIN, 5)
    assert [number for number, _ in found] == [1, 2, 5, 8, 30]
    assert len({score for _, score in found}) == 1


def test_vectors_and_cosines_of_chunks_are_known_where_there_are_any(store: FaissStore) -> None:
    vector = unit_rows(1, 8)
    made = store.vectors_of([9, 1000, 55, 12])
    expected = [unit_rows(1, 100_009)[0], np.zeros(DIM), unit_rows(1, 100_055)[0], np.zeros(DIM)]
    np.testing.assert_array_equal(made, expected)
    cosines = store.cosines(vector, [9, 1000, 55, 12])
    assert cosines.keys() == {9, 55}
    assert cosines == dict(
        pair for pair in store.search(vector, ADMIN, 70) if pair[0] in cosines
    ), "the same number as a search gives"


def test_before_anything_is_published_nothing_is_found(tmp_path: Path) -> None:
    store = FaissStore(tmp_path / "vectors")
    assert not store.reload()
    assert store.search(unit_rows(1, 1), ADMIN, 5) == []
    assert store.cosines(unit_rows(1, 1), [1]) == {}
    assert (store.embedder, store.numbers().tolist()) == ("", [])
    store.verify()


# --- large segments ---------------------------------------------------------------------------------------

LARGE = 6000
LARGE_DIM = 48


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> tuple[FaissStore, FloatMatrix]:
    """6,000 vectors around 60 centres, of which every third is for `group:few`, every hundredth for `group:rare`."""
    rng = np.random.default_rng(3)
    near = unit_rows(60, 1, LARGE_DIM)[rng.integers(0, 60, LARGE)]
    matrix = near + 0.1 * rng.standard_normal((LARGE, LARGE_DIM)).astype(np.float32)
    matrix = np.asarray(matrix / np.linalg.norm(matrix, axis=1, keepdims=True), np.float32)
    numbers = np.arange(LARGE, dtype=np.int64)
    access = [large_access(n) for n in range(LARGE)]
    store = FaissStore(tmp_path_factory.mktemp("large"))
    batches = [
        VectorBatch(
            numbers[start : start + 700],
            matrix[start : start + 700],
            [f"doc{n}" for n in range(start, min(start + 700, LARGE))],
            access[start : start + 700],
        )
        for start in range(0, LARGE, 700)
    ]
    store.publish(batches, [], "hash", LARGE_DIM)
    store.publish([], range(100, 200), "hash", LARGE_DIM)
    return store, matrix


def large_access(number: int) -> tuple[str, ...]:
    rare = ("group:rare",) if number % 100 == 0 else ()
    few = ("group:few",) if number % 5 < 2 else ()
    return ("group:all", *rare, *few)


@pytest.mark.parametrize("group", ["all", "few", "rare"])
def test_a_search_by_codes_finds_nearly_what_brute_force_finds(
    large: tuple[FaissStore, FloatMatrix], group: str
) -> None:
    store, matrix = large
    caller = Caller("ann", frozenset({f"group:{group}"}))
    may = np.array([may_read(caller, large_access(n)) for n in range(LARGE)])
    may[100:200] = False
    found = wanted = 0
    for query in unit_rows(60, 1, LARGE_DIM)[:20]:
        cosines = np.where(may, matrix @ query, -np.inf)
        exact = set(np.argsort(-cosines)[:10].tolist())
        numbers = [number for number, _ in store.search(query[None], caller, 10)]
        assert may[numbers].all()
        wanted += len(exact)
        found += len(exact.intersection(numbers))
    assert found / wanted >= (1.0 if group == "rare" else 0.98), "few rows are compared exactly"


def test_a_large_segment_has_codes_and_a_small_one_has_none(
    large: tuple[FaissStore, FloatMatrix], tmp_path: Path
) -> None:
    store, _ = large
    assert list(store._folder.glob("segment-*/codes.faiss"))
    published(tmp_path, 20)
    assert not list(tmp_path.glob("segment-*/codes.faiss"))
    store.verify()


@pytest.mark.parametrize("content", [b"", b"garbage"])
def test_damaged_codes_are_refused_with_what_to_do(
    large: tuple[FaissStore, FloatMatrix], content: bytes, tmp_path: Path
) -> None:
    store, matrix = large
    folder = tmp_path / "vectors"
    shutil.copytree(store._folder, folder)
    (next(folder.glob("segment-*")) / "codes.faiss").write_bytes(content)

    def opened_and_searched() -> None:
        reader = FaissStore(folder)
        reader.reload()
        reader.search(matrix[:1], ADMIN, 10)

    with pytest.raises(DataFolderError, match="index rebuild"):
        opened_and_searched()


# --- publishing -------------------------------------------------------------------------------------------


def test_a_publication_writes_what_is_new_and_leaves_the_rest(tmp_path: Path) -> None:
    store = published(tmp_path, 40)
    (first,) = segment_folders(tmp_path)
    stamps = {path: path.stat().st_mtime_ns for path in (tmp_path / first).iterdir()}
    publish(store, [39, 40, 41, 42], removed=[3, 999])
    assert {path: path.stat().st_mtime_ns for path in (tmp_path / first).iterdir()} == stamps
    (second,) = segment_folders(tmp_path) - {first}
    assert np.fromfile(tmp_path / second / "numbers.i64", np.int64).tolist() == [41, 42]
    assert store.numbers().tolist() == [n for n in range(1, 43) if n != 3]


def test_a_chunk_that_has_a_vector_keeps_it(tmp_path: Path) -> None:
    store = published(tmp_path, 5)
    store.publish([batch_of([2, 9], unit_rows(2, 1))], [], "hash", DIM)
    np.testing.assert_array_equal(store.vectors_of([2]), unit_rows(1, 100_002))
    np.testing.assert_array_equal(store.vectors_of([9]), unit_rows(2, 1)[1:])


def test_nothing_new_is_no_publication(tmp_path: Path) -> None:
    store = published(tmp_path, 5)
    publish(store, [1, 2], removed=[77])
    assert store.serial == 1


def test_a_reader_sees_a_publication_after_reload_and_opens_only_what_it_lacks(
    tmp_path: Path,
) -> None:
    reader, writer = FaissStore(tmp_path), FaissStore(tmp_path)
    publish(writer, range(1, 11))
    assert reader.reload()
    assert not reader.reload()
    (kept,) = (part.segment for part in reader._published.parts)
    publish(writer, [11, 12], removed=[1])
    assert reader.numbers().tolist() == list(range(1, 11))
    assert reader.reload()
    assert reader.numbers().tolist() == list(range(2, 13))
    assert kept in [part.segment for part in reader._published.parts]


def test_an_open_reader_goes_on_when_its_files_are_removed(tmp_path: Path) -> None:
    writer = published(tmp_path, 5)
    reader = FaissStore(tmp_path)
    reader.reload()
    publish(writer, [1, 2], afresh=True)
    publish(writer, [3], afresh=True)
    assert len(reader.search(unit_rows(1, 1), ADMIN, 10)) == 5


@hypothesis_settings(max_examples=25, deadline=None)
@given(
    steps=st.lists(
        st.tuples(st.integers(0, 12), st.lists(st.integers(0, 80), max_size=8)), max_size=25
    )
)
def test_any_order_of_publications_and_removals_leaves_what_was_not_removed(
    steps: list[tuple[int, list[int]]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    store, next_number, wanted = FaissStore(tmp_path_factory.mktemp("steps")), 0, set[int]()
    for count, removed in steps:
        new = range(next_number, next_number + count)
        next_number += count
        publish(store, new, removed)
        wanted = (wanted - set(removed)) | set(new)
    assert store.numbers().tolist() == sorted(wanted)
    vector = unit_rows(1, 2)
    assert_same(store.search(vector, ADMIN, 200), best(sorted(wanted), vector, ADMIN, 200))
    fresh = FaissStore(store._folder)
    fresh.reload()
    fresh.verify()
    assert fresh.numbers().tolist() == sorted(wanted)


def test_small_segments_are_merged_so_that_their_number_stays_low(tmp_path: Path) -> None:
    store = FaissStore(tmp_path)
    for number in range(1, 40):
        publish(store, [number])
        assert len(store._published.parts) < 8
    assert store.numbers().tolist() == list(range(1, 40))
    store.verify()


def test_a_segment_that_lost_a_quarter_is_written_anew(tmp_path: Path) -> None:
    store = published(tmp_path, 20)
    publish(store, [], removed=[1, 2, 3, 4, 5])
    assert [part.entry.count for part in store._published.parts] == [20]
    publish(store, [], removed=[6])
    assert [(part.entry.count, part.alive) for part in store._published.parts] == [(14, 14)]


def test_segments_do_not_grow_without_limit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(faiss_store, "_MAX_ROWS", 10)
    store = FaissStore(tmp_path)
    store.publish((batch_of([n], unit_rows(1, 100_000 + n)) for n in range(25)), [], "hash", DIM)
    assert [part.entry.count for part in store._published.parts] == [10, 10, 5]
    for number in range(25, 60):
        publish(store, [number])
    assert max(part.entry.count for part in store._published.parts) <= 10
    assert store.numbers().tolist() == list(range(60))


def test_batches_out_of_order_are_kept_apart(tmp_path: Path) -> None:
    store = FaissStore(tmp_path)
    batches = [batch_of([n], unit_rows(1, 100_000 + n)) for n in (5, 6, 2)]
    store.publish(batches, [], "hash", DIM)
    assert store.cosines(unit_rows(1, 1), [2, 5, 6]).keys() == {2, 5, 6}


def test_another_embedder_starts_anew(tmp_path: Path) -> None:
    store = published(tmp_path, 5)
    store.publish([batch_of([7], unit_rows(1, 1, 6))], [], "another", 6)
    assert (store.embedder, store.numbers().tolist()) == ("another", [7])


def test_files_of_the_publication_before_stay_for_readers_and_older_ones_go(
    tmp_path: Path,
) -> None:
    store = FaissStore(tmp_path)
    for number in range(1, 6):
        publish(store, [number], afresh=True)
    (tmp_path / "vectors-3").mkdir()  # as older versions wrote
    publish(store, [6], afresh=True)
    names = {path.name for path in tmp_path.iterdir()}
    assert {name for name in names if name.startswith("manifest-")} == {
        f"manifest-{number}.json" for number in (store.serial - 1, store.serial)
    }
    assert len(names) == 5, names


# --- crashes and damage -----------------------------------------------------------------------------------


def test_a_crash_before_current_is_replaced_leaves_the_old_publication(tmp_path: Path) -> None:
    published(tmp_path, 4)
    unfinished = tmp_path / "segment-2-0"
    unfinished.mkdir()
    (unfinished / "vectors.f32").write_bytes(b"half")
    (tmp_path / "CURRENT.tmp").write_text("2")
    store = FaissStore(tmp_path)
    store.reload()
    assert store.serial == 1
    publish(store, range(1, 8))
    assert store.numbers().tolist() == list(range(1, 8))
    assert "segment-2-0" not in segment_folders(tmp_path)
    store.verify()


def test_a_full_disk_leaves_the_old_publication_and_no_files(tmp_path: Path) -> None:
    store = published(tmp_path, 4)
    before = {path.name for path in tmp_path.iterdir()}
    (tmp_path / "CURRENT.tmp").mkdir()  # what is written just before CURRENT is replaced
    with pytest.raises(StorageFull, match="stored is lost"):
        publish(store, range(5, 9), removed=[1])
    assert current_serial(tmp_path) == 1
    assert {path.name for path in tmp_path.iterdir()} == before | {"CURRENT.tmp"}
    again = FaissStore(tmp_path)
    again.reload()
    assert again.numbers().tolist() == [1, 2, 3, 4]


FILES = ("vectors.f32", "numbers.i64", "documents.i64", "access.i32", "access.json")


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("content", [None, b"", b"garbage"])
def test_a_damaged_file_is_refused_with_what_to_do(
    name: str, content: bytes | None, tmp_path: Path
) -> None:
    published(tmp_path, 4)
    path = tmp_path / "segment-1-0" / name
    path.unlink() if content is None else path.write_bytes(content)
    with pytest.raises(DataFolderError, match="index rebuild"):
        FaissStore(tmp_path).reload()
    with pytest.raises(DataFolderError, match="damaged"):
        FaissStore(tmp_path).verify()


@pytest.mark.parametrize("content", [None, b"", b"garbage", b"{}", b"[]", b'{"format": 1}'])
def test_a_damaged_manifest_is_refused(content: bytes | None, tmp_path: Path) -> None:
    published(tmp_path, 4)
    path = tmp_path / "manifest-1.json"
    path.unlink() if content is None else path.write_bytes(content)
    for check in (FaissStore(tmp_path).reload, FaissStore(tmp_path).verify):
        with pytest.raises(DataFolderError, match="index rebuild"):
            check()


@pytest.mark.parametrize("content", [None, b"x", np.array([99], np.int32).tobytes()])
def test_a_damaged_list_of_removed_rows_is_refused(content: bytes | None, tmp_path: Path) -> None:
    store = published(tmp_path, 20)
    publish(store, [], removed=[3])
    (path,) = tmp_path.glob("removed-*")
    path.unlink() if content is None else path.write_bytes(content)
    with pytest.raises(DataFolderError, match="index rebuild"):
        FaissStore(tmp_path).reload()


@pytest.mark.parametrize("name", [*FILES, "removed"])
def test_verify_notices_one_flipped_bit(name: str, tmp_path: Path) -> None:
    store = published(tmp_path, 20)
    publish(store, [], removed=[3])
    store.verify()
    path = (
        next(tmp_path.glob("removed-*")) if name == "removed" else tmp_path / "segment-1-0" / name
    )
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    with pytest.raises(DataFolderError, match="damaged"):
        FaissStore(tmp_path).verify()


def test_a_damaged_pointer_is_not_taken_for_an_empty_index(tmp_path: Path) -> None:
    published(tmp_path, 4)
    (tmp_path / "CURRENT").write_bytes(b"")
    with pytest.raises(DataFolderError, match="damaged"):
        FaissStore(tmp_path).reload()


@pytest.mark.parametrize("damaged", ["CURRENT", "manifest-1.json", "segment-1-0/vectors.f32"])
def test_a_publication_afresh_needs_nothing_of_what_is_there(damaged: str, tmp_path: Path) -> None:
    published(tmp_path, 4)
    (tmp_path / damaged).write_bytes(b"garbage")
    store = FaissStore(tmp_path)
    publish(store, [5, 6], afresh=True)
    assert store.numbers().tolist() == [5, 6]
    store.verify()


def test_the_manifest_says_what_was_published(tmp_path: Path) -> None:
    published(tmp_path, 4)
    manifest = json.loads((tmp_path / "manifest-1.json").read_text())
    assert (manifest["embedder"], manifest["dim"]) == ("hash", DIM)
    assert [entry["count"] for entry in manifest["segments"]] == [4]
