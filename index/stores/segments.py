"""One immutable part of the vector index: rows in files beside each other, read where they lie.

    segment-N/
    ├── vectors.f32      (count, dim) float32, rows of length 1
    ├── numbers.i64      (count,) chunk numbers, ascending
    ├── documents.i64    (count,) hashes of document ids
    ├── access.i32       (count,) positions in access.json
    ├── access.json      the distinct access lists of its rows
    └── codes.faiss      4-bit product codes, where there are 4,096 rows or more

A large segment is searched by its codes (64 bytes a row at 384 dimensions), and the best are compared exactly
with vectors read from the file. These are read, not mapped: mapped, 200 searches among 1,000,000 rows held
1.1 GB of them as the process's own memory, and a file cut short would kill the process.
"""

import hashlib
import json
import os
import threading
import weakref
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO, Self

import numpy as np
import numpy.typing as npt

from core.answers import Caller
from core.errors import DataFolderError
from core.search import FloatMatrix
from index.database import sync_to_disk
from index.permissions import may_read

Positions = npt.NDArray[np.int64]
BoolRow = npt.NDArray[np.bool_]

VECTORS, NUMBERS, DOCUMENTS, ACCESS = "vectors.f32", "numbers.i64", "documents.i64", "access.i32"
LISTS, CODES = "access.json", "codes.faiss"

_CODED_ROWS = 4096
"""From here on a segment has codes; 4,096 rows are compared exactly in 0.3 ms."""
_EXACT_ROWS = 2000
"""So many permitted rows of a coded segment are read and compared exactly: at most 4 ms when they lie apart."""
_BLOCK_ROWS = 20_000
_FEW_RUNS = 8
_TRAINING_ROWS = 4096
"""What FAISS uses of a sample to place 16 centres."""
_TRAINING_ROUNDS = 10


@dataclass(frozen=True, slots=True)
class Rows:
    """Some rows of a segment, in order: number, vector, hash of the document's id and access list of each."""

    numbers: npt.NDArray[np.int64]
    matrix: FloatMatrix
    documents: npt.NDArray[np.int64]
    access: Sequence[tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Chosen:
    """Which rows of a segment take part in a search; `bits` has one for each row, None for all of them."""

    count: int
    bits: npt.NDArray[np.uint8] | None

    @classmethod
    def of(cls, mask: BoolRow) -> "Chosen":
        """Make it of a mask with a place for each row."""
        count = int(np.count_nonzero(mask))
        return cls(count, None if count == len(mask) else np.packbits(mask, bitorder="little"))

    def mask(self, rows: int) -> BoolRow:
        """Return the mask it was made of."""
        if self.bits is None:
            return np.ones(rows, np.bool_)
        return np.unpackbits(self.bits, count=rows, bitorder="little").view(np.bool_)


@dataclass(frozen=True, slots=True)
class Found:
    """Positions of rows with their inner products, in no order; approximate where a code stood for the vector."""

    positions: Positions
    scores: npt.NDArray[np.float32]
    is_exact: bool


class Segment:
    """The rows of one folder; safe to share between threads. Its vectors stay readable when it is removed."""

    def __init__(self, folder: Path, count: int, dim: int, *, is_coded: bool) -> None:
        """Open the files; none is read whole.

        Raises:
            DataFolderError: one is missing or has another length than it should.
        """
        self.folder = folder
        self.count = count
        self.dim = dim
        self.is_coded = is_coded
        self._lock = threading.Lock()
        self._codes: Any = None
        self._whole: FloatMatrix | None = None
        try:
            self.numbers = self._mapped(NUMBERS, np.dtype(np.int64))
            self._documents = self._mapped(DOCUMENTS, np.dtype(np.int64))
            self._access = self._mapped(ACCESS, np.dtype(np.int32))
            self._lists = read_lists(folder / LISTS)
            if is_coded and not (folder / CODES).stat().st_size:
                raise damaged(folder)
            self._vectors = os.open(folder / VECTORS, os.O_RDONLY)
        except (OSError, ValueError, TypeError) as error:
            raise damaged(folder) from error
        weakref.finalize(self, os.close, self._vectors)
        if os.fstat(self._vectors).st_size != count * dim * 4:
            raise damaged(folder)

    def readable(self, caller: Caller) -> BoolRow:
        """Return for each row whether the caller may read it; the rule is asked once for each access list."""
        allowed = np.array([may_read(caller, access) for access in self._lists], np.bool_)
        if allowed.all():
            return np.ones(self.count, np.bool_)
        return np.asarray(allowed[self._access])

    def of_documents(self, hashes: npt.NDArray[np.int64]) -> BoolRow:
        """Return for each row whether it belongs to one of some documents."""
        return np.isin(self._documents, hashes)

    def positions_of(self, numbers: npt.NDArray[np.int64]) -> Positions:
        """Return where chunks stand; -1 for those that are not here."""
        positions = np.searchsorted(self.numbers, numbers)
        positions[positions == self.count] = 0
        missing = self.numbers[positions] != numbers if self.count else np.ones(len(numbers), bool)
        positions[missing] = -1
        return positions

    def vectors(self, positions: Positions) -> FloatMatrix:
        """Return the vectors at ascending positions, shape (len(positions), dim).

        Raises:
            DataFolderError: the file cannot be read.
        """
        if not self.is_coded:
            return self._small()[positions]
        edges = np.flatnonzero(np.diff(positions) != 1) + 1
        runs = np.split(positions, edges) if len(positions) else []
        if len(runs) > _FEW_RUNS:
            self._announce(runs)
        content = b"".join([self._read(int(run[0]), len(run)) for run in runs])
        return np.frombuffer(content, np.float32).reshape(-1, self.dim)

    def rows(self, positions: Positions) -> Rows:
        """Return some rows, at ascending positions."""
        access = [self._lists[kind] for kind in self._access[positions].tolist()]
        return Rows(
            np.asarray(self.numbers[positions]),
            self.vectors(positions),
            np.asarray(self._documents[positions]),
            access,
        )

    def search(self, vector: FloatMatrix, chosen: Chosen, fetch: int) -> Found:
        """Return at least the `fetch` best of the chosen rows, or all of them; approximate for many."""
        if self.is_coded and chosen.count > max(fetch, _EXACT_ROWS):
            return self._by_codes(vector, chosen, fetch)
        positions = np.flatnonzero(chosen.mask(self.count))
        if chosen.bits is None and not self.is_coded:
            return Found(positions, self._small() @ vector[0], is_exact=False)
        return Found(positions, inner_products(self.vectors(positions), vector), is_exact=True)

    def _by_codes(self, vector: FloatMatrix, chosen: Chosen, fetch: int) -> Found:
        import faiss

        codes = self._opened_codes()
        parameters = None
        if chosen.bits is not None:
            selector = faiss.IDSelectorBitmap(self.count, faiss.swig_ptr(chosen.bits))
            parameters = faiss.SearchParametersIVF(sel=selector, nprobe=1)  # type: ignore[call-arg]  # a SWIG class
        scores, positions = codes.search(vector, fetch, params=parameters)
        real = positions[0] >= 0
        return Found(positions[0][real], scores[0][real], is_exact=False)

    def _opened_codes(self) -> Any:
        with self._lock:
            if self._codes is None:
                self._codes = _read_codes(self.folder, self.count, self.dim)
            return self._codes

    def _small(self) -> FloatMatrix:
        """All vectors, kept in memory: at most 6 MB at 384 dimensions."""
        with self._lock:
            if self._whole is None:
                content = self._read(0, self.count)
                self._whole = np.frombuffer(content, np.float32).reshape(-1, self.dim)
            return self._whole

    def _announce(self, runs: Sequence[Positions]) -> None:
        """Tell the system what is read next, so that the disk is asked for all of it at once.

        600 rows that were not in memory: 65 ms one after the other, 8 ms so; 0.5 ms where they are in memory.
        """
        if not hasattr(os, "posix_fadvise"):  # macOS
            return
        size = self.dim * 4
        for run in runs:
            start, length = int(run[0]) * size, len(run) * size
            os.posix_fadvise(self._vectors, start, length, os.POSIX_FADV_WILLNEED)

    def _read(self, position: int, count: int) -> bytes:
        size = count * self.dim * 4
        try:
            content = os.pread(self._vectors, size, position * self.dim * 4)
        except OSError as error:
            raise damaged(self.folder) from error
        if len(content) != size:
            raise damaged(self.folder)
        return content

    def _mapped(self, name: str, kind: np.dtype[Any]) -> npt.NDArray[Any]:
        path = self.folder / name
        if path.stat().st_size != self.count * kind.itemsize:
            raise damaged(self.folder)
        if not self.count:
            return np.zeros(0, kind)
        return np.memmap(path, kind, "r", shape=(self.count,))


class SegmentWriter:
    """Writes one segment's folder; `finish` makes it durable, leaving without it removes nothing."""

    def __init__(self, folder: Path, dim: int) -> None:
        folder.mkdir()
        self.folder = folder
        self.count = 0
        self.last = -1
        self._dim = dim
        self._kinds: dict[tuple[str, ...], int] = {}
        self._files = {
            name: _HashedFile(folder / name) for name in (VECTORS, NUMBERS, DOCUMENTS, ACCESS)
        }

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for file in self._files.values():
            file.close()

    def add(self, rows: Rows) -> None:
        """Append rows; their numbers are above `last`, the highest one so far."""
        kinds = [self._kinds.setdefault(access, len(self._kinds)) for access in rows.access]
        self._files[VECTORS].write(np.ascontiguousarray(rows.matrix, np.float32))
        self._files[NUMBERS].write(np.ascontiguousarray(rows.numbers, np.int64))
        self._files[DOCUMENTS].write(np.ascontiguousarray(rows.documents, np.int64))
        self._files[ACCESS].write(np.array(kinds, np.int32))
        self.count += len(rows.numbers)
        self.last = int(rows.numbers[-1])

    def finish(self) -> dict[str, str]:
        """Write codes and access lists, sync everything; return the SHA-256 of each file by its name."""
        sums = {}
        for name, file in self._files.items():
            file.close()
            sums[name] = file.sha256
        lists = json.dumps([list(access) for access in self._kinds], ensure_ascii=False)
        (self.folder / LISTS).write_text(lists, encoding="utf-8")
        written = [LISTS]
        if self.count >= _CODED_ROWS:
            _write_codes(self.folder, self.count, self._dim)
            written.append(CODES)
        for name in written:
            sums[name] = sha256_of(self.folder / name)
        for name in sums:
            sync_to_disk(self.folder / name)
        sync_to_disk(self.folder)
        return sums


class _HashedFile:
    """A new file with the checksum of what was written: reading 1.5 GB again would take a second more."""

    def __init__(self, path: Path) -> None:
        self._file: BinaryIO = path.open("wb")
        self._hash = hashlib.sha256()

    @property
    def sha256(self) -> str:
        return self._hash.hexdigest()

    def write(self, array: npt.NDArray[Any]) -> None:
        content = array.tobytes()
        self._hash.update(content)
        self._file.write(content)

    def close(self) -> None:
        self._file.close()


def inner_products(matrix: FloatMatrix, vector: FloatMatrix) -> npt.NDArray[np.float32]:
    """Return the inner product of each row with a vector of shape (1, dim).

    Equal rows have equal products wherever they stand, which a matrix product does not promise: its last bits
    depend on a row's place, and the order of equal texts would depend on how segments were merged.
    """
    return np.asarray(np.einsum("ij,j->i", matrix, vector[0]), np.float32)


@lru_cache(maxsize=50_000)
def document_hash(doc_id: str) -> int:
    """Return 64 bits of a document's id, as a signed number."""
    digest = hashlib.blake2b(doc_id.encode("utf-8"), digest_size=8).digest()
    return int.from_bytes(digest, "little", signed=True)


def document_hashes(doc_ids: Collection[str]) -> npt.NDArray[np.int64]:
    """Return the hashes of some ids, in their order."""
    return np.fromiter((document_hash(doc_id) for doc_id in doc_ids), np.int64, len(doc_ids))


def read_lists(path: Path) -> list[tuple[str, ...]]:
    """Return the access lists in a file.

    Raises:
        OSError, ValueError, TypeError: it is missing or not what was written.
    """
    return [tuple(map(str, access)) for access in json.loads(path.read_text(encoding="utf-8"))]


def sha256_of(path: Path) -> str:
    """Return the checksum of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def damaged(folder: Path) -> DataFolderError:
    """Return the error that says which part of the index is damaged, and what to do."""
    return DataFolderError(
        f"The vector index in {str(folder)!r} is damaged. "
        "Run `footnote index rebuild`: it is made again from the catalogue."
    )


def _write_codes(folder: Path, count: int, dim: int) -> None:
    import faiss

    # One list that every search goes through: this kind of FAISS index takes a selection of rows (the plain
    # IndexPQFastScan takes none). Three numbers of a vector share a code of 4 bits.
    width = next(width for width in (3, 4, 2, 1) if not dim % width)
    index = faiss.IndexIVFPQFastScan(
        faiss.IndexFlatIP(dim), dim, 1, dim // width, 4, faiss.METRIC_INNER_PRODUCT
    )
    index.by_residual = False
    index.pq.cp.niter = _TRAINING_ROUNDS
    sample = np.linspace(0, count - 1, _TRAINING_ROWS).astype(np.int64)
    mapped = np.memmap(folder / VECTORS, np.float32, "r", shape=(count, dim))
    # Training has so little for each thread to do that on a busy machine two took 28 s and one 0.3 s: they wait for
    # each other without rest. The setting is this thread's own.
    threads = faiss.omp_get_max_threads()
    faiss.omp_set_num_threads(1)
    index.train(mapped[sample])
    faiss.omp_set_num_threads(threads if count > _BLOCK_ROWS else 1)
    del mapped
    for start, end in blocks_of(count):
        size = (end - start) * dim
        block = np.fromfile(folder / VECTORS, np.float32, size, offset=start * dim * 4)
        index.add(block.reshape(-1, dim))
    faiss.omp_set_num_threads(threads)
    faiss.write_index(index, str(folder / CODES))


def _read_codes(folder: Path, count: int, dim: int) -> Any:
    import faiss

    try:
        index = faiss.read_index(str(folder / CODES))
    except (OSError, RuntimeError, MemoryError) as error:
        raise damaged(folder) from error
    if (index.ntotal, index.d) != (count, dim) or not isinstance(index, faiss.IndexIVFPQFastScan):
        raise damaged(folder)
    return index


def blocks_of(count: int) -> Iterator[tuple[int, int]]:
    """Yield (start, end) of the blocks that rows are gone through in."""
    for start in range(0, count, _BLOCK_ROWS):
        yield start, min(start + _BLOCK_ROWS, count)
