"""Dense search is exact under any mask, and a published set survives crashes and tells when it is damaged."""

import json
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from core.errors import DataFolderError, StorageFull
from core.ports import FloatMatrix
from index.stores.faiss_store import FaissStore, current_serial

DIM = 8


def unit_rows(count: int, seed: int) -> FloatMatrix:
    rows = np.random.default_rng(seed).standard_normal((count, DIM))
    return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), np.float32)


def numbers_of(count: int) -> npt.NDArray[np.int64]:
    return np.arange(1, count + 1, dtype=np.int64) * 3


def everything(count: int) -> npt.NDArray[np.bool_]:
    return np.ones(count, np.bool_)


def published(folder: Path, count: int = 20, seed: int = 1) -> FaissStore:
    store = FaissStore(folder)
    store.publish(numbers_of(count), unit_rows(count, seed), "hash")
    store.reload()
    return store


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> FaissStore:
    return published(tmp_path_factory.mktemp("vectors"), 50)


@hypothesis_settings(max_examples=60)
@given(
    mask=st.lists(st.booleans(), min_size=50, max_size=50),
    seed=st.integers(0, 2**32 - 1),
    top_k=st.integers(1, 60),
)
def test_search_equals_brute_force_under_any_mask(
    mask: list[bool], seed: int, top_k: int, store: FaissStore
) -> None:
    query, allowed = unit_rows(1, seed), np.array(mask, np.bool_)
    found = store.search(query, allowed, top_k)
    cosines = unit_rows(50, 1) @ query[0]
    best = [row for row in np.argsort(-cosines, kind="stable") if allowed[row]][:top_k]
    assert [number for number, _ in found] == [int(numbers_of(50)[row]) for row in best]
    np.testing.assert_allclose([score for _, score in found], cosines[best], atol=1e-5)


def test_nothing_allowed_finds_nothing(store: FaissStore) -> None:
    assert store.search(unit_rows(1, 9), ~everything(50), 5) == []


def test_vectors_come_back_in_the_order_asked_for_and_zeros_for_unknown(store: FaissStore) -> None:
    rows = unit_rows(50, 1)
    made = store.vectors_of([9, 1000, 3, 4])
    np.testing.assert_array_equal(made, [rows[2], np.zeros(DIM), rows[0], np.zeros(DIM)])


def test_before_anything_is_published_nothing_is_found(tmp_path: Path) -> None:
    store = FaissStore(tmp_path / "vectors")
    assert not (store.reload() and store.published.serial)
    assert store.search(unit_rows(1, 1), everything(0), 5) == []
    store.verify()


def test_a_reader_sees_a_new_set_after_reload(tmp_path: Path) -> None:
    reader, writer = FaissStore(tmp_path), FaissStore(tmp_path)
    writer.publish(numbers_of(3), unit_rows(3, 1), "hash")
    assert reader.reload()
    assert not reader.reload()
    writer.publish(numbers_of(5), unit_rows(5, 2), "hash")
    assert len(reader.published.numbers) == 3
    assert reader.reload()
    assert reader.published.serial == 2
    assert reader.published.embedder == "hash"
    assert list(reader.published.numbers) == list(numbers_of(5))


def test_an_empty_set_can_be_published(tmp_path: Path) -> None:
    store = published(tmp_path, 4)
    store.publish(numbers_of(0), unit_rows(0, 1), "hash")
    store.reload()
    assert store.search(unit_rows(1, 1), everything(0), 5) == []


def test_a_crash_before_current_is_replaced_leaves_the_old_set(tmp_path: Path) -> None:
    published(tmp_path, 4)
    unfinished = tmp_path / "vectors-2"
    unfinished.mkdir()
    (unfinished / "index.faiss").write_bytes(b"half")
    (tmp_path / "CURRENT.tmp").write_text("2")
    store = FaissStore(tmp_path)
    store.reload()
    assert store.published.serial == 1
    store.publish(numbers_of(7), unit_rows(7, 3), "hash")
    store.reload()
    assert len(store.published.numbers) == 7
    store.verify()


def test_a_crash_while_writing_leaves_the_old_set(tmp_path: Path) -> None:
    store = published(tmp_path, 4)
    (tmp_path / "CURRENT.tmp").mkdir()  # what is written just before CURRENT is replaced
    with pytest.raises(StorageFull, match="stored is lost"):
        store.publish(numbers_of(9), unit_rows(9, 2), "hash")
    assert current_serial(tmp_path) == 1
    again = FaissStore(tmp_path)
    again.reload()
    assert list(again.published.numbers) == list(numbers_of(4))


def test_the_set_before_stays_for_readers_and_older_ones_go(tmp_path: Path) -> None:
    store = FaissStore(tmp_path)
    for count in range(1, 6):
        store.publish(numbers_of(count), unit_rows(count, count), "hash")
    assert {path.name for path in tmp_path.glob("vectors-*")} == {"vectors-4", "vectors-5"}


@pytest.mark.parametrize("name", ["index.faiss", "numbers.npy", "manifest.json"])
def test_a_damaged_file_is_refused_with_what_to_do(name: str, tmp_path: Path) -> None:
    published(tmp_path, 4)
    (tmp_path / "vectors-1" / name).write_bytes(b"garbage")
    with pytest.raises(DataFolderError, match="index rebuild"):
        FaissStore(tmp_path).reload()


@pytest.mark.parametrize("name", ["index.faiss", "numbers.npy", "manifest.json"])
def test_a_missing_file_is_refused(name: str, tmp_path: Path) -> None:
    published(tmp_path, 4)
    (tmp_path / "vectors-1" / name).unlink()
    with pytest.raises(DataFolderError, match="damaged"):
        FaissStore(tmp_path).reload()


def test_files_of_two_sets_are_not_mixed(tmp_path: Path) -> None:
    store = published(tmp_path, 4)
    store.publish(numbers_of(6), unit_rows(6, 2), "hash")
    old = (tmp_path / "vectors-1" / "numbers.npy").read_bytes()
    (tmp_path / "vectors-2" / "numbers.npy").write_bytes(old)
    with pytest.raises(DataFolderError):
        store.reload()


@pytest.mark.parametrize("name", ["index.faiss", "numbers.npy"])
def test_verify_notices_one_flipped_bit(name: str, tmp_path: Path) -> None:
    store = published(tmp_path, 4)
    store.verify()
    path = tmp_path / "vectors-1" / name
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    with pytest.raises(DataFolderError, match="damaged"):
        store.verify()


def test_the_manifest_says_what_was_published(tmp_path: Path) -> None:
    published(tmp_path, 4)
    manifest = json.loads((tmp_path / "vectors-1" / "manifest.json").read_text())
    assert (manifest["embedder"], manifest["count"]) == ("hash", 4)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("numbers.npy", b""),
        ("manifest.json", b"{}"),
        ("manifest.json", b"[]"),
    ],
)
def test_a_cut_off_file_is_refused_with_what_to_do(
    name: str, content: bytes, tmp_path: Path
) -> None:
    published(tmp_path, 4)
    (tmp_path / "vectors-1" / name).write_bytes(content)
    with pytest.raises(DataFolderError, match="index rebuild"):
        FaissStore(tmp_path).reload()


@pytest.mark.parametrize("content", [b"", b"garbage", b"{}"])
def test_verify_notices_a_damaged_manifest(content: bytes, tmp_path: Path) -> None:
    store = published(tmp_path, 4)
    (tmp_path / "vectors-1" / "manifest.json").write_bytes(content)
    with pytest.raises(DataFolderError, match="damaged"):
        store.verify()


@pytest.mark.parametrize("name", ["index.faiss", "numbers.npy", "manifest.json"])
def test_verify_notices_a_missing_file(name: str, tmp_path: Path) -> None:
    store = published(tmp_path, 4)
    (tmp_path / "vectors-1" / name).unlink()
    with pytest.raises(DataFolderError, match="damaged"):
        store.verify()


def test_a_damaged_pointer_is_not_taken_for_an_empty_index(tmp_path: Path) -> None:
    published(tmp_path, 4)
    (tmp_path / "CURRENT").write_bytes(b"")
    with pytest.raises(DataFolderError, match="damaged"):
        FaissStore(tmp_path).reload()
