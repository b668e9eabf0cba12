"""Keeps the bytes of documents as they came, named by their version, in DATA/originals.

    stage ──bytes, any time──▶ originals/incoming/VERSION ──keep, with the document──▶ originals/VERSION

Who reads a file stages it; whoever stores its document, and holds the writer's lease, keeps it. So nothing
that is only being read can be taken away by `sweep`, which removes what no document has any more. The disk is
waited for in threads of their own, and only by `keep`: parsers go on meanwhile. An original is a convenience: what
cannot be kept is left out, and never costs a document.
"""

import os
import re
import tempfile
import threading
import time
from collections.abc import Collection, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Literal

from sqlalchemy import Engine, func, select

from core.documents import content_version
from core.log import get_logger
from index.database import sync_to_disk
from index.schema import documents

Keeping = Literal["all", "pages", "none"]
"""Which originals are kept: all, those that are shown as pages (PDF and images), none."""

FOLDER = "originals"
_INCOMING = "incoming"
_VERSION = re.compile(r"[0-9a-f]{16}")
_ROOM = 64 * 1024 * 1024
"""Bytes that stay free for the catalogue and the indexes, which need the disk more."""
_ABANDONED_S = 24 * 3600.0
_SYNCED_AT_ONCE = 4
_HEAD_BYTES = 1024
_IMAGES = (
    b"\x89PNG\r\n\x1a\n",
    b"\xff\xd8\xff",
    b"II*\x00",
    b"MM\x00*",
    b"II+\x00",
    b"MM\x00+",
    b"GIF8",
    b"BM",
)
"""PNG, JPEG, TIFF (and BigTIFF) in both byte orders, GIF, BMP; WebP is asked for apart."""

_log = get_logger(__name__)


class Originals:
    """The originals of one data folder; any thread may use it."""

    def __init__(self, data_dir: Path) -> None:
        self._folder = data_dir / FOLDER
        self._staged: dict[str, Future[None]] = {}
        self._syncing: ThreadPoolExecutor | None = None
        self._failed: dict[str, int] = {}
        self._lock = threading.Lock()

    def stage(self, content: bytes, keeping: Keeping = "all") -> bool:
        """Write bytes down for a `keep` that comes later; return whether they are there. Never raises OSError."""
        if keeping == "none" or (keeping == "pages" and not has_pages(content)):
            return False
        version = content_version(content)
        try:
            if self._is_whole(version, len(content)):
                return True
            self._write(version, content)
        except OSError as error:
            self._note_failure(error.strerror or str(error))
            return False
        with self._lock:
            if self._syncing is None:
                self._syncing = ThreadPoolExecutor(_SYNCED_AT_ONCE, thread_name_prefix="originals")
            incoming = self._folder / _INCOMING / version
            self._staged[version] = self._syncing.submit(sync_to_disk, incoming)
        return True

    def keep(self, versions: Iterable[str]) -> None:
        """Make staged originals the documents'; the caller holds the writer's lease.

        A version that was never staged is passed over.
        """
        with self._lock:
            wanted = self._staged.keys() & set(versions)
            staged = {version: self._staged.pop(version) for version in sorted(wanted)}
        if not staged:
            return
        try:
            for version, synced in staged.items():
                self._keep(version, synced)
            sync_to_disk(self._folder / _INCOMING)
            sync_to_disk(self._folder)
        except OSError as error:
            self._note_failure(error.strerror or str(error))

    def get(self, version: str) -> bytes | None:
        """Return the bytes that have this version; None when they are not kept or are not these any more."""
        try:
            content = self._path(version).read_bytes()
        except (OSError, ValueError):
            return None
        if content_version(content) != version:
            _log.warning("original_is_damaged", version=version)
            return None
        return content

    def has(self, version: str) -> bool:
        """Return whether an original is kept; `get` may still find that it is damaged."""
        try:
            return self._path(version).is_file()
        except (OSError, ValueError):
            return False

    def is_paged(self, version: str) -> bool:
        """Return whether an original is kept and is a PDF or an image."""
        try:
            return self._starts_as_pages(version)
        except (OSError, ValueError):
            return False

    def sweep(self, wanted: Collection[str], keeping: Keeping = "all") -> int:
        """Remove what is not wanted, and what was staged and never kept; return how many.

        The caller holds the writer's lease.
        """
        removed = 0
        try:
            with os.scandir(self._folder) as entries:
                kept = [entry.name for entry in entries if entry.is_file(follow_symlinks=False)]
        except OSError:
            return 0
        for name in kept:
            if name not in wanted or not self._is_to_be_kept(name, keeping):
                removed += self._remove(self._folder / name)
        return removed + self._sweep_incoming()

    def take_failures(self) -> dict[str, int]:
        """Return how many originals could not be kept since this was asked last, by why."""
        with self._lock:
            failed, self._failed = self._failed, {}
        return failed

    def _keep(self, version: str, synced: Future[None]) -> None:
        incoming = self._folder / _INCOMING / version
        try:
            synced.result()
            incoming.replace(self._path(version))
        except FileNotFoundError:
            return  # another process kept the same bytes
        except OSError as error:
            incoming.unlink(missing_ok=True)
            self._note_failure(error.strerror or str(error))

    def _is_whole(self, version: str, size: int) -> bool:
        """Return whether an original is kept; a shorter one was cut off by a loss of power."""
        try:
            return self._path(version).stat().st_size == size
        except FileNotFoundError:
            return False

    def _path(self, version: str) -> Path:
        if not _VERSION.fullmatch(version):
            raise ValueError("a version is 16 hex digits")
        return self._folder / version

    def _write(self, version: str, content: bytes) -> None:
        incoming = self._folder / _INCOMING
        if not incoming.is_dir():
            self._folder.mkdir(exist_ok=True, mode=0o700)
            incoming.mkdir(exist_ok=True, mode=0o700)
            sync_to_disk(self._folder.parent)
        disk = os.statvfs(incoming)
        if disk.f_bavail * disk.f_frsize < len(content) + _ROOM:
            raise OSError("the disk has too little room left")
        descriptor, name = tempfile.mkstemp(dir=incoming, prefix=".")  # mode 0600
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(content)
            Path(name).replace(incoming / version)
        except OSError:
            Path(name).unlink(missing_ok=True)
            raise

    def _note_failure(self, why: str) -> None:
        _log.warning("original_not_kept", reason=why)
        with self._lock:
            self._failed[why] = self._failed.get(why, 0) + 1

    def _is_to_be_kept(self, name: str, keeping: Keeping) -> bool:
        if keeping == "all":
            return True
        if keeping == "none":
            return False
        try:
            return self._starts_as_pages(name)
        except OSError:
            return True

    def _starts_as_pages(self, version: str) -> bool:
        with self._path(version).open("rb") as file:
            return has_pages(file.read(_HEAD_BYTES))

    def _sweep_incoming(self) -> int:
        """Remove what a run that died has staged; another process may be reading right now."""
        removed = 0
        incoming = self._folder / _INCOMING
        try:
            paths = list(incoming.iterdir())
        except OSError:
            return 0
        for path in paths:
            try:
                is_old = time.time() - path.stat().st_mtime > _ABANDONED_S
            except OSError:
                continue  # gone meanwhile
            if is_old:
                removed += self._remove(path)
        return removed

    def _remove(self, path: Path) -> int:
        try:
            path.unlink()
        except OSError:
            return 0
        return 1


def versions_in_use(engine: Engine) -> set[str]:
    """Return the versions of all documents that answer, also of those whose newest bytes cannot be read."""
    # The length is in the row's head: no text is read for it.
    query = select(documents.c.version).where(func.length(documents.c.text) > 0).distinct()
    with engine.connect() as connection:
        return set(connection.execute(query).scalars())


def has_pages(content: bytes) -> bool:
    """Return whether the first bytes are those of a PDF or an image, which are shown as pages."""
    is_webp = content[:4] == b"RIFF" and content[8:12] == b"WEBP"
    return is_webp or content.startswith(_IMAGES) or b"%PDF-" in content[:_HEAD_BYTES]
