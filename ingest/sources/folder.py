"""Folders as sources: what is in the tree, and what of it is a document.

Symbolic links are not followed, hidden and temporary files are left out, and so is what a `.footnoteignore`
(in the syntax of `.gitignore`, in any folder) or the source's own patterns exclude.
"""

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from stat import S_ISREG
from typing import TYPE_CHECKING, Any

from core.documents import SourceItem
from core.errors import ParseError, SourceError, UsageError
from index.database import DATABASE_NAME
from ingest.sources.access import (
    SIDECAR_ENDING,
    AccessFiles,
    PathRule,
    PathRules,
    path_spec,
)
from ingest.sources.base import Listing
from ingest.spool import Spool

if TYPE_CHECKING:
    from pathspec import PathSpec

IGNORE_FILE = ".footnoteignore"
_LEFTOVERS = frozenset({"thumbs.db", "desktop.ini"})


@dataclass(frozen=True, slots=True)
class FolderSource:
    """A folder, or one file in it, to read documents from.

    `name` is the source's identity: the name in the configuration, or the folder's full path. `access` is
    its default, None when none was given. `only` limits a run to a path below `root` ('' is everything).
    """

    name: str
    root: Path
    access: tuple[str, ...] | None
    only: str = ""
    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    rules: tuple[PathRule, ...] = ()
    asks_documents: bool = False

    def list(self, remembered: Mapping[str, str], spool: Spool) -> Listing:
        """See `Source.list`; a folder needs nothing of what is remembered."""
        return _Walk(self).listing()

    def fetch(self, item: SourceItem, max_bytes: int) -> bytes:
        """See `Source.fetch`; a folder's items have paths."""
        return read_file(item.path, max_bytes)


def source_of_path(path: Path, access: tuple[str, ...] | None, known: list[str]) -> FolderSource:
    """Return the unnamed source of a file or folder; one that lies in a known source belongs to that.

    Raises:
        UsageError: there is no such file or folder.
    """
    if not path.exists():
        raise UsageError(f"There is no file or folder {str(path)!r}. Check the path.")
    full = path.resolve()
    if not os.access(full, os.R_OK):
        raise UsageError(f"{str(path)!r} cannot be read. Give this user read permission to it.")
    folder = full if full.is_dir() else full.parent
    root = next((parent for parent in (folder, *folder.parents) if str(parent) in known), folder)
    only = "" if full == root else full.relative_to(root).as_posix()
    return FolderSource(str(root), root, access, only)


def read_file(path: str, max_bytes: int) -> bytes:
    """Return a regular file's bytes; a link that took its place since it was listed is not followed.

    Raises:
        ParseError: `too_large`, `access` or `io`.
    """
    try:
        # Without O_NONBLOCK, opening a pipe would wait for somebody to write to it.
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        with os.fdopen(descriptor, "rb") as file:
            status = os.fstat(file.fileno())
            if not S_ISREG(status.st_mode):
                raise ParseError("io", "This is not a regular file any more.")
            require_size(status.st_size, max_bytes)
            content = file.read(max_bytes + 1)
    except PermissionError as error:
        raise ParseError("access", "This user may not read the file.") from error
    except OSError as error:
        raise ParseError("io", f"The file cannot be read ({error.strerror}).") from error
    require_size(len(content), max_bytes)
    return content


def require_size(size: int, max_bytes: int) -> None:
    """Refuse what is larger than the limit.

    Raises:
        ParseError: `too_large`.
    """
    if size > max_bytes:
        raise ParseError(
            "too_large",
            f"The file has {size / 1e6:.0f} MB, the limit is {max_bytes / 1e6:.0f} MB.",
        )


@dataclass(slots=True)
class _Walk:
    """One listing under way."""

    source: FolderSource
    items: list[SourceItem] = field(default_factory=list)
    skipped: list[tuple[str, str]] = field(default_factory=list)
    ruled: set[str] = field(default_factory=set)
    problem: str = ""
    files: AccessFiles = field(default_factory=AccessFiles)
    _rules: PathRules = field(init=False)
    _include: "PathSpec[Any] | None" = field(init=False)
    _exclude: "PathSpec[Any] | None" = field(init=False)
    _ignores: "dict[str, PathSpec[Any] | None]" = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._rules = PathRules(self.source.rules)
        self._include = path_spec(self.source.include) if self.source.include else None
        self._exclude = path_spec(self.source.exclude) if self.source.exclude else None

    def listing(self) -> Listing:
        """Walk the tree and return what was found."""
        start = self.source.root / self.source.only
        try:
            start.stat()
        except FileNotFoundError as error:
            raise SourceError(
                f"There is no folder or file {str(start)!r} now; a share may not be mounted. Nothing was changed."
            ) from error
        except OSError as error:
            raise SourceError(
                f"The folder {str(start)!r} cannot be listed ({error.strerror}). Nothing was changed."
            ) from error
        if start.is_file():
            names = {path.name for path in start.parent.iterdir()}
            self._add(start, start.name, names)
        else:
            self._walk(start)
        return Listing(
            tuple(self.items),
            tuple(self.skipped),
            frozenset(self.ruled),
            self.problem,
            tuple(self.files.warnings),
        )

    def _walk(self, start: Path) -> None:
        def remember(error: OSError) -> None:
            if error.filename == str(start):
                raise SourceError(
                    f"The folder {error.filename!r} cannot be listed ({error.strerror}). Nothing was changed."
                ) from error
            self.problem = f"The folder {error.filename!r} cannot be listed ({error.strerror})."

        for place, names, files in os.walk(start, onerror=remember):
            folder = Path(place)
            names.sort()
            # Linked folders are not followed; they are listed here so that they are reported as skipped.
            # (Path.is_symlink and Path.is_file raise where a path is too long for the system.)
            links = [name for name in names if os.path.islink(folder / name)]  # noqa: PTH114
            present = {*names, *files}
            names[:] = [
                name
                for name in names
                if not name.startswith(".") and name not in links and self._enters(folder / name)
            ]
            for name in [*links, *sorted(files)]:
                if not name.endswith(SIDECAR_ENDING):
                    self._add(folder / name, name, present)

    def _enters(self, folder: Path) -> bool:
        uri = _uri(folder, self.source.root)
        if not _is_unicode(uri):
            self.skipped.append((_printable(uri), "the folder's name is not UTF-8; rename it"))
            return False
        if os.path.exists(folder / DATABASE_NAME):  # noqa: PTH110
            self.skipped.append((uri, "a data folder of Footnote"))
            return False
        return not self._is_excluded(f"{uri}/")

    def _add(self, path: Path, name: str, siblings: set[str]) -> None:
        uri = _uri(path, self.source.root)
        try:
            status = path.lstat()
        except FileNotFoundError:
            return  # gone since the folder was listed
        except OSError as error:
            # It is there: a folder that may be listed but not entered, or a path that is too long.
            self.problem = f"{str(path)!r} cannot be looked at ({error.strerror})."
            return
        reason = _skip_reason(path, name, S_ISREG(status.st_mode))
        if not reason and self._is_excluded(uri):
            reason = "excluded"
        if reason:
            self.skipped.append((_printable(uri), reason))
            return
        access = self.files.access_of(path, has_sidecar=name + SIDECAR_ENDING in siblings)
        if access is None:
            access = self._rules.access_of(uri)
        if access is not None:
            self.ruled.add(uri)
        item = SourceItem(
            uri=uri,
            stamp=f"{status.st_size}:{status.st_mtime_ns}",
            access=access if access is not None else self.source.access or (),
            size=status.st_size,
            path=str(path),
            updated_at=_iso(status.st_mtime),
        )
        self.items.append(item)

    def _is_excluded(self, uri: str) -> bool:
        if self._exclude is not None and self._exclude.match_file(uri):
            return True
        is_folder = uri.endswith("/")
        if self._include is not None and not is_folder and not self._include.match_file(uri):
            return True
        return any(spec.match_file(below) for spec, below in self._ignoring(uri))

    def _ignoring(self, uri: str) -> "Iterator[tuple[PathSpec[Any], str]]":
        """Yield the ignore files above an item, each with the item's path from there."""
        parts = uri.rstrip("/").split("/")[:-1]
        for depth in range(len(parts) + 1):
            folder = "/".join(parts[:depth])
            if folder not in self._ignores:
                self._ignores[folder] = self._ignore_file(folder)
            spec = self._ignores[folder]
            if spec is not None:
                yield spec, uri[len(folder) + 1 :] if folder else uri

    def _ignore_file(self, folder: str) -> "PathSpec[Any] | None":
        path = self.source.root / folder / IGNORE_FILE
        if not os.path.isfile(path):  # noqa: PTH113
            return None
        try:
            return path_spec(path.read_text(encoding="utf-8").splitlines())
        except (OSError, UnicodeDecodeError) as error:
            raise SourceError(
                f"The ignore file {str(path)!r} cannot be read. Save it as UTF-8 text, or remove it. "
                "Nothing was changed."
            ) from error


def _skip_reason(path: Path, name: str, is_file: bool) -> str:
    if not _is_unicode(str(path)):
        return "the file's name is not UTF-8; rename it"
    if name.startswith((".", "~$")) or name.casefold() in _LEFTOVERS:
        return "hidden or temporary file"
    if path.is_symlink():
        return "symbolic link"
    return "" if is_file else "not a regular file"


def _uri(path: Path, root: Path) -> str:
    return path.relative_to(root).as_posix()


def _printable(uri: str) -> str:
    return uri.encode("utf-8", "replace").decode()


def _is_unicode(text: str) -> bool:
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


def _iso(seconds: float) -> str:
    try:
        return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds")
    except (OverflowError, ValueError, OSError):
        return ""  # a file system may hold a time outside the years 1 to 9999
