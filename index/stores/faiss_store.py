"""Dense search over an exact FAISS index with the permission filter inside the search.

On disk a published set of vectors is a folder `vectors-N` (index, chunk numbers, checksum); the file `CURRENT`
names the one that counts and is replaced atomically. Readers load it whole, so that an old folder can go.
"""

import contextlib
import hashlib
import json
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from core.errors import DataFolderError, StorageFull
from core.ports import FloatMatrix
from index.database import sync_to_disk

_CURRENT = "CURRENT"
_INDEX, _NUMBERS, _MANIFEST = "index.faiss", "numbers.npy", "manifest.json"
_KEPT = 2
"""Published folders that stay: the current one and the one that a reader may be loading."""


@dataclass(frozen=True, slots=True)
class PublishedVectors:
    """A loaded set: row i of the index is the vector of chunk numbers[i]."""

    serial: int
    embedder: str
    numbers: npt.NDArray[np.int64]


class FaissStore:
    """The vectors of one data folder, exact inner product."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._serial = -1
        self._index: object = None
        self.published = PublishedVectors(0, "", np.zeros(0, np.int64))

    def reload(self) -> bool:
        """Load what was published last; return whether it is newer than what was loaded.

        Raises:
            DataFolderError: the published files are damaged.
        """
        serial = current_serial(self._folder)
        if serial == self._serial:
            return False
        try:
            self._load(serial)
        except DataFolderError:
            # The writer may have published twice since the pointer was read, and removed this folder.
            newer = current_serial(self._folder)
            if newer == serial:
                raise
            self._load(newer)
        return True

    def search(
        self, query: FloatMatrix, allowed: npt.NDArray[np.bool_], top_k: int
    ) -> list[tuple[int, float]]:
        """Return (chunk number, cosine), best first, among the rows where `allowed` is true."""
        count = int(allowed.sum())
        if self._index is None or not count:
            return []
        import faiss

        parameters = None
        if count < len(allowed):
            bitmap = np.packbits(allowed, bitorder="little")
            selector = faiss.IDSelectorBitmap(len(allowed), faiss.swig_ptr(bitmap))
            parameters = faiss.SearchParameters(sel=selector)  # type: ignore[call-arg]  # a SWIG class
        scores, rows = self._index.search(query, min(top_k, count), params=parameters)  # type: ignore[attr-defined]
        numbers = self.published.numbers
        return [
            (int(numbers[row]), float(score))
            for row, score in zip(rows[0], scores[0], strict=True)
            if row >= 0
        ]

    def vectors_of(self, numbers: Sequence[int]) -> FloatMatrix:
        """Return the vectors of chunks, shape (len(numbers), dim); zeros for an unknown number."""
        rows = np.searchsorted(self.published.numbers, numbers)
        out = np.zeros((len(numbers), self._index.d if self._index else 0), np.float32)  # type: ignore[attr-defined]
        for position, (row, number) in enumerate(zip(rows, numbers, strict=True)):
            if row < len(self.published.numbers) and self.published.numbers[row] == number:
                out[position] = self._index.reconstruct(int(row))  # type: ignore[attr-defined]
        return out

    def publish(self, numbers: npt.NDArray[np.int64], matrix: FloatMatrix, embedder: str) -> None:
        """Write a new set and make it the current one; a crash at any point leaves the old one current.

        Raises:
            StorageFull: there is no room for it; the old set stays current.
        """
        try:
            self._publish(numbers, matrix, embedder)
        except (OSError, RuntimeError) as error:  # FAISS reports a failed write as a RuntimeError
            self._remove_unpublished()
            raise StorageFull(
                f"The vectors cannot be written to {str(self._folder)!r}: the disk may be full. Nothing that "
                "was stored is lost: free some space and run the command again."
            ) from error

    def _publish(self, numbers: npt.NDArray[np.int64], matrix: FloatMatrix, embedder: str) -> None:
        import faiss

        serial = _last_serial(self._folder) + 1
        self._folder.mkdir(parents=True, exist_ok=True)
        target = _folder_of(self._folder, serial)
        shutil.rmtree(target, ignore_errors=True)  # left by a crash
        target.mkdir()
        index = faiss.IndexFlatIP(matrix.shape[1])
        index.add(np.ascontiguousarray(matrix))
        faiss.write_index(index, str(target / _INDEX))
        np.save(target / _NUMBERS, numbers)
        manifest = {
            "embedder": embedder,
            "count": len(numbers),
            "sha256": {name: _sha256(target / name) for name in (_INDEX, _NUMBERS)},
        }
        (target / _MANIFEST).write_text(json.dumps(manifest), encoding="utf-8")
        for name in (_INDEX, _NUMBERS, _MANIFEST):
            sync_to_disk(target / name)
        sync_to_disk(target)
        self._point_to(serial)
        self._remove_old(serial)

    def _remove_unpublished(self) -> None:
        # On a full disk readers need some room too: SQLite opens no catalogue without its shared memory file.
        serial = _last_serial(self._folder)
        with contextlib.suppress(DataFolderError):
            if serial > current_serial(self._folder):
                shutil.rmtree(_folder_of(self._folder, serial), ignore_errors=True)

    def verify(self) -> None:
        """Check the published files against their checksums.

        Raises:
            DataFolderError: one does not match.
        """
        serial = current_serial(self._folder)
        if not serial:
            return
        folder = _folder_of(self._folder, serial)
        try:
            manifest = json.loads((folder / _MANIFEST).read_text(encoding="utf-8"))
            intact = all(
                _sha256(folder / name) == manifest["sha256"][name] for name in (_INDEX, _NUMBERS)
            )
        except (OSError, ValueError, LookupError, TypeError) as error:
            raise _damaged(folder) from error
        if not intact:
            raise _damaged(folder)

    def _load(self, serial: int) -> None:
        if not serial:
            self._serial, self._index = 0, None
            self.published = PublishedVectors(0, "", np.zeros(0, np.int64))
            return
        import faiss

        folder = _folder_of(self._folder, serial)
        try:
            manifest = json.loads((folder / _MANIFEST).read_text(encoding="utf-8"))
            index = faiss.read_index(str(folder / _INDEX))
            numbers = np.load(folder / _NUMBERS, allow_pickle=False)
            fits = index.ntotal == len(numbers) == manifest["count"]
            embedder = str(manifest["embedder"])
        except (OSError, EOFError, ValueError, LookupError, TypeError, RuntimeError) as error:
            raise _damaged(folder) from error
        if not fits:
            raise _damaged(folder)
        self._serial, self._index = serial, index
        self.published = PublishedVectors(serial, embedder, numbers)

    def _point_to(self, serial: int) -> None:
        temporary = self._folder / f"{_CURRENT}.tmp"
        temporary.write_text(str(serial), encoding="utf-8")
        sync_to_disk(temporary)
        temporary.replace(self._folder / _CURRENT)
        # The folder's own entry, and that of the one above, may be as new as what is in it.
        for folder in (self._folder, *self._folder.absolute().parents[:2]):
            sync_to_disk(folder)

    def _remove_old(self, serial: int) -> None:
        for folder in self._folder.glob("vectors-*"):
            number = folder.name.removeprefix("vectors-")
            if number.isdigit() and int(number) <= serial - _KEPT:
                shutil.rmtree(folder, ignore_errors=True)


def current_serial(folder: Path) -> int:
    """Return the number of the published set in a folder; 0 when nothing was published yet.

    Raises:
        DataFolderError: the file that names it is damaged.
    """
    try:
        return int((folder / _CURRENT).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return 0
    except ValueError as error:
        raise _damaged(folder) from error


def _last_serial(folder: Path) -> int:
    """Return the highest number used, also when the file that names the current set is damaged."""
    found = [path.name.removeprefix("vectors-") for path in folder.glob("vectors-*")]
    return max((int(number) for number in found if number.isdigit()), default=0)


def _folder_of(folder: Path, serial: int) -> Path:
    return folder / f"vectors-{serial}"


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _damaged(folder: Path) -> DataFolderError:
    return DataFolderError(
        f"The vector index in {str(folder)!r} is damaged. "
        "Run `footnote index rebuild`: it is made again from the catalogue."
    )
