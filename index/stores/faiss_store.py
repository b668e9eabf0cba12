"""Dense search over the vectors of one data folder, with the permission filter inside the search.

    vectors/
    ├── CURRENT                names the manifest that counts; replaced atomically
    ├── manifest-N.json        embedder, segments with checksums, removed rows
    ├── segment-N-I/           rows that were published together, or merged (`index.stores.segments`)
    └── removed-N-I.i32        which rows of a segment are gone

A publication writes the new rows as one segment and a new manifest: what it costs depends on the change, not on
what is there already. Small segments are merged by tiers, so that their number stays low and each row is
rewritten about once for every eightfold growth. Readers in other processes read CURRENT before each query
and open only what they do not have yet. Design: the segments of Lucene
(https://lucene.apache.org/core/9_0_0/core/org/apache/lucene/index/TieredMergePolicy.html).
"""

import contextlib
import json
import shutil
import threading
from collections import OrderedDict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from core.answers import Caller
from core.errors import DataFolderError, StorageFull
from core.search import FloatMatrix, VectorBatch
from index.database import sync_to_disk
from index.stores.segments import (
    CODES,
    Chosen,
    Positions,
    Rows,
    Segment,
    SegmentWriter,
    blocks_of,
    damaged,
    document_hashes,
    inner_products,
    sha256_of,
)

_CURRENT = "CURRENT"
_FORMAT = 2
_KEPT = 2
"""Manifests whose files stay: the current one and the one that a reader may be loading."""
_FETCH = 600
"""Rows that are compared exactly after a search by codes, or six for each that is asked for if that is more."""
_FIRST_TIER = 512
_TIER_GROWTH = 8
_MAX_ROWS = 500_000
"""A segment grows no further, so that the longest merge takes seconds and not minutes."""
_MAX_REMOVED = 0.25
_CACHED_CALLERS = 64
_TIE = 1e-6


@dataclass(frozen=True, slots=True)
class _Entry:
    """A segment as the manifest names it; `removed` is the file with the positions of its removed rows."""

    name: str
    count: int
    sha256: dict[str, str]
    removed: str = ""
    removed_sha256: str = ""


@dataclass(frozen=True, slots=True)
class _Part:
    """An open segment; `removed` has the positions of the rows that are gone."""

    entry: _Entry
    segment: Segment
    removed: npt.NDArray[np.int32]

    @property
    def alive(self) -> int:
        return self.entry.count - len(self.removed)

    def find(self, numbers: npt.NDArray[np.int64]) -> Positions:
        """Return where chunks stand; -1 for those that are not here (any more)."""
        positions = self.segment.positions_of(numbers)
        if len(self.removed):
            positions[np.isin(positions, self.removed)] = -1
        return positions

    def alive_positions(self) -> Positions:
        return np.delete(np.arange(self.entry.count), self.removed)


@dataclass(frozen=True, slots=True)
class _Published:
    """What one manifest names, open. `serial` 0 is an empty index."""

    serial: int = 0
    embedder: str = ""
    dim: int = 0
    parts: tuple[_Part, ...] = ()
    chosen: "OrderedDict[tuple[bool, frozenset[str]], tuple[Chosen, ...]]" = field(
        default_factory=OrderedDict
    )
    """What callers may read, by their principals: one whose groups change is another one here."""


class FaissStore:
    """The published vectors of one folder; safe to share between threads. Written by one process at a time."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._published = _Published()
        self._lock = threading.Lock()

    @property
    def embedder(self) -> str:
        """The model that made the vectors; '' before anything is published."""
        return self._published.embedder

    @property
    def serial(self) -> int:
        """The number of the publication that is shown; 0 before the first."""
        return self._published.serial

    def reload(self) -> bool:
        """Show what was published last; return whether that is newer than what was shown.

        Raises:
            DataFolderError: the published files are damaged.
        """
        with self._lock:
            serial = current_serial(self._folder)
            while serial != self._published.serial:
                try:
                    self._published = self._opened(serial)
                except DataFolderError:
                    # The writer may have published since the pointer was read, and removed these files.
                    newer = current_serial(self._folder)
                    if newer == serial:
                        raise
                    serial = newer
                else:
                    return True
            return False

    # --- searching ------------------------------------------------------------------------------------

    def search(
        self,
        vector: FloatMatrix,
        caller: Caller,
        top_k: int,
        doc_ids: Iterable[str] | None = None,
    ) -> list[tuple[int, float]]:
        """Return (chunk number, cosine), best first, then by number: only what the caller may read.

        `doc_ids` leaves the chunks of these documents. Up to 2,000 permitted rows of a segment are compared
        exactly; among more, at 1,000,000 rows, .98 of the exact 100 best are found and all of the first 10.

        Raises:
            DataFolderError: a file that is read now is damaged.
        """
        published = self._published
        wanted = None if doc_ids is None else document_hashes(sorted(doc_ids))
        fetch = max(_FETCH, 6 * top_k)
        found = [
            (part, part.segment.search(vector, chosen, fetch))
            for part, chosen in self._choose(published, caller, wanted)
        ]
        rough = [result.scores for _, result in found if not result.is_exact]
        least = _least_kept(rough, fetch)
        numbers, scores = [], []
        for part, result in found:
            positions, exact = result.positions, result.scores
            if not result.is_exact:
                positions = np.sort(positions[exact >= least])
                exact = inner_products(part.segment.vectors(positions), vector)
            numbers.append(part.segment.numbers[positions])
            scores.append(exact)
        return _best(numbers, scores, top_k)

    def cosines(self, vector: FloatMatrix, numbers: Sequence[int]) -> dict[int, float]:
        """Return the cosine of some chunks to a vector of shape (1, dim); unknown numbers are left out."""
        wanted = np.unique(np.array(numbers, np.int64))
        made: dict[int, float] = {}
        for part in self._published.parts:
            positions = part.find(wanted)
            is_here = positions >= 0
            if is_here.any():
                scores = inner_products(part.segment.vectors(positions[is_here]), vector)
                made.update(zip(wanted[is_here].tolist(), scores.tolist(), strict=True))
        return made

    def numbers(self) -> npt.NDArray[np.int64]:
        """Return the numbers of all chunks that have a vector, ascending."""
        parts = [np.delete(part.segment.numbers, part.removed) for part in self._published.parts]
        return np.sort(np.concatenate([np.zeros(0, np.int64), *parts]))

    def vectors_of(self, numbers: Sequence[int]) -> FloatMatrix:
        """Return the vectors of chunks, shape (len(numbers), dim); zeros for an unknown number."""
        wanted, inverse = np.unique(np.array(numbers, np.int64), return_inverse=True)
        made = np.zeros((len(wanted), self._published.dim), np.float32)
        for part in self._published.parts:
            positions = part.find(wanted)
            made[positions >= 0] = part.segment.vectors(positions[positions >= 0])
        return made[inverse]

    def _choose(
        self, published: _Published, caller: Caller, wanted: npt.NDArray[np.int64] | None
    ) -> Iterator[tuple[_Part, Chosen]]:
        for part, chosen in zip(published.parts, self._permitted(published, caller), strict=True):
            if wanted is not None and chosen.count:
                of_documents = part.segment.of_documents(wanted)
                chosen = Chosen.of(chosen.mask(part.entry.count) & of_documents)
            if chosen.count:
                yield part, chosen

    def _permitted(self, published: _Published, caller: Caller) -> tuple[Chosen, ...]:
        key = (caller.is_admin, caller.principals)
        with self._lock:
            known = published.chosen.get(key)
            if known is not None:
                published.chosen.move_to_end(key)
                return known
        made = tuple(_permitted_rows(part, caller) for part in published.parts)
        with self._lock:
            published.chosen[key] = made
            while len(published.chosen) > _CACHED_CALLERS:
                published.chosen.popitem(last=False)
        return made

    # --- publishing -----------------------------------------------------------------------------------

    def publish(
        self,
        batches: Iterable[VectorBatch],
        removed: Iterable[int],
        embedder: str,
        dim: int,
        *,
        afresh: bool = False,
    ) -> None:
        """Add vectors and remove chunks; a crash at any point leaves the publication before.

        Chunks that have a vector already are left alone. `afresh` forgets everything there is, damaged or not;
        so does another embedder. What is added is visible before segments are merged.

        Raises:
            StorageFull: there is no room for it; what was published before stays.
            DataFolderError: what is there is damaged, and `afresh` is not set.
        """
        try:
            self._publish(batches, removed, embedder, dim, afresh=afresh)
            while (due := _due(self._published.parts)) is not None:
                self._merge(due)
        except (OSError, RuntimeError) as error:  # FAISS reports a failed write as a RuntimeError
            self._remove_unpublished()
            raise StorageFull(
                f"The vectors cannot be written to {str(self._folder)!r}: the disk may be full. Nothing that "
                "was stored is lost: free some space and run the command again."
            ) from error

    def verify(self) -> None:
        """Check every published file against its checksum.

        Raises:
            DataFolderError: one does not match.
        """
        serial = current_serial(self._folder)
        if not serial:
            return
        _, _, entries = self._manifest(serial)
        try:
            sums = {
                self._folder / entry.name / name: wanted
                for entry in entries
                for name, wanted in entry.sha256.items()
            }
            sums |= {
                self._folder / entry.removed: entry.removed_sha256
                for entry in entries
                if entry.removed
            }
            wrong = [path for path, wanted in sums.items() if sha256_of(path) != wanted]
        except OSError as error:
            raise damaged(self._folder) from error
        if wrong:
            raise damaged(wrong[0])
        self._opened(serial)

    def _publish(
        self,
        batches: Iterable[VectorBatch],
        removed: Iterable[int],
        embedder: str,
        dim: int,
        *,
        afresh: bool,
    ) -> None:
        if not afresh:
            self.reload()
        before = self._published
        if afresh or (before.embedder, before.dim) != (embedder, dim):
            before = _Published()
        serial = _last_serial(self._folder) + 1
        self._folder.mkdir(parents=True, exist_ok=True)
        gone = np.unique(np.fromiter(removed, np.int64))
        kept = [self._without(part, gone, serial, i) for i, part in enumerate(before.parts)]
        rows = _new_rows(batches, before.parts)
        added = self._written(rows, dim, serial)
        entries = [entry for entry in kept if entry is not None] + added
        if before.serial and entries == [part.entry for part in before.parts]:
            return
        self._show(serial, embedder, dim, entries)

    def _merge(self, parts: Sequence[_Part]) -> None:
        published = self._published
        serial = _last_serial(self._folder) + 1
        merged = self._written(_merged_rows(parts), published.dim, serial)
        names = {part.entry.name for part in parts}
        others = [part.entry for part in published.parts if part.entry.name not in names]
        self._show(serial, published.embedder, published.dim, [*others, *merged])

    def _without(
        self, part: _Part, gone: npt.NDArray[np.int64], serial: int, position: int
    ) -> _Entry | None:
        """Return a segment's entry without some chunks; None when nothing is left of it."""
        positions = part.find(gone)
        positions = positions[positions >= 0]
        if not len(positions):
            return part.entry if part.alive else None
        removed = np.union1d(part.removed, positions).astype(np.int32)
        if len(removed) == part.entry.count:
            return None
        path = self._folder / f"removed-{serial}-{position}.i32"
        path.write_bytes(removed.tobytes())
        sync_to_disk(path)
        return replace(part.entry, removed=path.name, removed_sha256=sha256_of(path))

    def _written(self, rows: Iterable[Rows], dim: int, serial: int) -> list[_Entry]:
        """Write rows, in order of number, as new segments; none for no rows."""
        entries: list[_Entry] = []
        writer: SegmentWriter | None = None
        with contextlib.ExitStack() as files:
            for block in rows:
                is_new = writer is None or block.numbers[0] <= writer.last
                if writer is not None and is_new:
                    entries.append(_finished(writer))
                if writer is None or is_new:
                    folder = self._folder / f"segment-{serial}-{len(entries)}"
                    shutil.rmtree(folder, ignore_errors=True)  # left by a crash
                    writer = files.enter_context(SegmentWriter(folder, dim))
                writer.add(block)
                if writer.count >= _MAX_ROWS:
                    entries.append(_finished(writer))
                    writer = None
            if writer is not None:
                entries.append(_finished(writer))
        return entries

    def _show(self, serial: int, embedder: str, dim: int, entries: Sequence[_Entry]) -> None:
        path = self._folder / _manifest_name(serial)
        manifest = {
            "format": _FORMAT,
            "embedder": embedder,
            "dim": dim,
            "segments": [asdict(entry) for entry in entries],
        }
        path.write_text(json.dumps(manifest), encoding="utf-8")
        sync_to_disk(path)
        self._point_to(serial)
        self._remove_old()
        self.reload()

    def _point_to(self, serial: int) -> None:
        temporary = self._folder / f"{_CURRENT}.tmp"
        temporary.write_text(str(serial), encoding="utf-8")
        sync_to_disk(temporary)
        temporary.replace(self._folder / _CURRENT)
        # The folder's own entry, and that of the one above, may be as new as what is in it.
        for folder in (self._folder, *self._folder.absolute().parents[:2]):
            sync_to_disk(folder)

    def _remove_old(self) -> None:
        """Remove what neither the current manifest names nor the one before it."""
        serials = sorted(_serial_of(path) for path in self._folder.glob("manifest-*.json"))
        current = current_serial(self._folder)
        kept = {_CURRENT}
        for serial in [number for number in serials if number <= current][-_KEPT:]:
            kept.add(_manifest_name(serial))
            with contextlib.suppress(DataFolderError):
                _, _, entries = self._manifest(serial)
                kept |= {name for entry in entries for name in (entry.name, entry.removed)}
        for path in self._folder.iterdir():
            if path.name not in kept:
                _remove(path)

    def _remove_unpublished(self) -> None:
        # On a full disk readers need some room too: SQLite opens no catalogue without its shared memory file.
        with contextlib.suppress(DataFolderError, OSError):
            current = current_serial(self._folder)
            for path in self._folder.iterdir():
                if _serial_of(path) > current:
                    _remove(path)

    # --- reading the files ----------------------------------------------------------------------------

    def _opened(self, serial: int) -> _Published:
        if not serial:
            return _Published()
        embedder, dim, entries = self._manifest(serial)
        known = {part.entry.name: part.segment for part in self._published.parts}
        parts = []
        for entry in entries:
            segment = known.get(entry.name)
            if segment is None:
                segment = Segment(
                    self._folder / entry.name, entry.count, dim, is_coded=CODES in entry.sha256
                )
            parts.append(_Part(entry, segment, self._removed(entry)))
        return _Published(serial, embedder, dim, tuple(parts))

    def _manifest(self, serial: int) -> tuple[str, int, list[_Entry]]:
        path = self._folder / _manifest_name(serial)
        try:
            stored = json.loads(path.read_text(encoding="utf-8"))
            if stored["format"] != _FORMAT:
                raise damaged(path)
            entries = [_Entry(**fields) for fields in stored["segments"]]
            return str(stored["embedder"]), int(stored["dim"]), entries
        except (OSError, ValueError, LookupError, TypeError) as error:
            raise damaged(path) from error

    def _removed(self, entry: _Entry) -> npt.NDArray[np.int32]:
        if not entry.removed:
            return np.zeros(0, np.int32)
        path = self._folder / entry.removed
        try:
            removed = np.frombuffer(path.read_bytes(), np.int32)
        except (OSError, ValueError) as error:
            raise damaged(path) from error
        if len(removed) and not 0 <= removed.min() <= removed.max() < entry.count:
            raise damaged(path)
        return removed


def current_serial(folder: Path) -> int:
    """Return the number of the current publication in a folder; 0 when nothing was published yet.

    Raises:
        DataFolderError: the file that names it is damaged.
    """
    try:
        return int((folder / _CURRENT).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return 0
    except ValueError as error:
        raise damaged(folder) from error


def _permitted_rows(part: _Part, caller: Caller) -> Chosen:
    mask = part.segment.readable(caller)
    mask[part.removed] = False
    return Chosen.of(mask)


def _least_kept(scores: Sequence[npt.NDArray[np.float32]], count: int) -> float:
    """Return the score that the best `count` have at least, and what cannot be told from it."""
    every = np.concatenate([np.zeros(0, np.float32), *scores])
    if len(every) <= count:
        return -np.inf
    return float(np.partition(every, len(every) - count)[len(every) - count]) - _TIE


def _best(
    numbers: Sequence[npt.NDArray[np.int64]], scores: Sequence[npt.NDArray[np.float32]], top_k: int
) -> list[tuple[int, float]]:
    if not numbers:
        return []
    all_numbers, all_scores = np.concatenate(numbers), np.concatenate(scores)
    order = np.lexsort((all_numbers, -all_scores))[:top_k]
    return list(zip(all_numbers[order].tolist(), all_scores[order].tolist(), strict=True))


def _new_rows(batches: Iterable[VectorBatch], parts: Sequence[_Part]) -> Iterator[Rows]:
    """Yield the rows of chunks that have no vector yet."""
    for batch in batches:
        known = np.zeros(len(batch.numbers), np.bool_)
        for part in parts:
            known |= part.find(batch.numbers) >= 0
        new = np.flatnonzero(~known)
        if len(new):
            doc_ids = [batch.doc_ids[i] for i in new.tolist()]
            access = [tuple(batch.access[i]) for i in new.tolist()]
            yield Rows(batch.numbers[new], batch.matrix[new], document_hashes(doc_ids), access)


def _merged_rows(parts: Sequence[_Part]) -> Iterator[Rows]:
    """Yield all rows of some segments that are not removed, in order of number."""
    alive = [part.alive_positions() for part in parts]
    numbers = [part.segment.numbers[found] for part, found in zip(parts, alive, strict=True)]
    order = np.argsort(np.concatenate(numbers), kind="stable")
    owners = np.repeat(np.arange(len(parts)), [len(found) for found in alive])[order]
    positions = np.concatenate(alive)[order]
    for start, end in blocks_of(len(order)):
        yield _gathered(parts, owners[start:end], positions[start:end])


def _gathered(parts: Sequence[_Part], owners: npt.NDArray[np.int64], positions: Positions) -> Rows:
    count = len(owners)
    numbers, documents = np.zeros(count, np.int64), np.zeros(count, np.int64)
    matrix = np.zeros((count, parts[0].segment.dim), np.float32)
    access: list[tuple[str, ...]] = [()] * count
    for owner in np.unique(owners).tolist():
        places = np.flatnonzero(owners == owner)
        rows = parts[owner].segment.rows(positions[places])
        numbers[places], documents[places] = rows.numbers, rows.documents
        matrix[places] = rows.matrix
        for place, readers in zip(places.tolist(), rows.access, strict=True):
            access[place] = readers
    return Rows(numbers, matrix, documents, access)


def _due(parts: Sequence[_Part]) -> list[_Part] | None:
    """Return segments to make one of: a worn one, or as many of one size as a tier may not hold; else None."""
    for part in parts:
        if len(part.removed) > _MAX_REMOVED * part.entry.count:
            return [part]
    tiers: dict[int, list[_Part]] = {}
    for part in parts:
        tiers.setdefault(_tier(part.alive), []).append(part)
    for tier in sorted(tiers):
        if len(tiers[tier]) >= _TIER_GROWTH:
            fitting = _fitting(sorted(tiers[tier], key=lambda part: part.alive))
            if len(fitting) > 1:
                return fitting
    return None


def _fitting(parts: Sequence[_Part]) -> list[_Part]:
    total, fitting = 0, []
    for part in parts:
        total += part.alive
        if total <= _MAX_ROWS:
            fitting.append(part)
    return fitting


def _tier(count: int) -> int:
    tier, limit = 0, _FIRST_TIER
    while count >= limit:
        tier, limit = tier + 1, limit * _TIER_GROWTH
    return tier


def _finished(writer: SegmentWriter) -> _Entry:
    sums = writer.finish()
    return _Entry(writer.folder.name, writer.count, sums)


def _last_serial(folder: Path) -> int:
    """Return the highest number used, also when the file that names the current manifest is damaged."""
    return max((_serial_of(path) for path in folder.glob("*-*")), default=0)


def _serial_of(path: Path) -> int:
    """Return the number of the publication that a file or folder was written for; 0 if it has none."""
    number = path.name.partition("-")[2].partition(".")[0].partition("-")[0]
    return int(number) if number.isdecimal() else 0


def _manifest_name(serial: int) -> str:
    return f"manifest-{serial}.json"


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path, ignore_errors=True)
    else:
        with contextlib.suppress(OSError):
            path.unlink()
