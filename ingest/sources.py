"""Where documents come from: folders, with the access rules that lie in them.

A file `.footnote.yaml` with `access: [group:hr]` sets who may read the documents in its folder and below;
the nearest one counts. A rule file that cannot be understood stops the run: guessing could open a document.
"""

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from core.documents import SourceItem, normal_principals
from core.errors import ConfigError, UsageError

RULE_FILE = ".footnote.yaml"
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


@dataclass(frozen=True, slots=True)
class Listing:
    """What a source holds now. `rules` has the access of each item that a rule file decided."""

    items: tuple[SourceItem, ...]
    skipped: tuple[tuple[str, str], ...]
    ruled: frozenset[str] = field(default_factory=frozenset)


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


def configured_sources(path: Path, access: tuple[str, ...] | None) -> dict[str, FolderSource]:
    """Read the named sources of the configuration.

    Raises:
        ConfigError: the file is missing or not of the documented shape.
    """
    content = _read_yaml(path, "sources file")
    if content is None:
        raise ConfigError(
            f"There is no sources file {str(path)!r}. Name a folder to ingest, or set FOOTNOTE_SOURCES_FILE."
        )
    if not isinstance(content, dict) or not content:
        raise ConfigError(f"The sources file {str(path)!r} must map names to a path and access.")
    return {
        str(name): _configured(str(name), entry, path, access) for name, entry in content.items()
    }


def list_source(source: FolderSource) -> Listing:
    """List a source's files in a fixed order, with the access that rule files give them.

    Files whose access no rule decides carry the source's default, or nothing.

    Raises:
        ConfigError: a rule file cannot be understood.
        UsageError: the folder cannot be listed.
    """
    items: list[SourceItem] = []
    skipped: list[tuple[str, str]] = []
    ruled: set[str] = set()
    for path in _walk(source):
        uri = path.relative_to(source.root).as_posix()
        reason = _skip_reason(path)
        if reason:
            skipped.append((uri.encode("utf-8", "replace").decode(), reason))
            continue
        rule = _rule_for(path.parent)
        if rule is not None:
            ruled.add(uri)
        status = path.stat()
        access = rule if rule is not None else source.access or ()
        items.append(SourceItem(uri, str(path), status.st_size, status.st_mtime_ns, access))
    return Listing(tuple(items), tuple(skipped), frozenset(ruled))


def _walk(source: FolderSource) -> Iterator[Path]:
    start = source.root / source.only
    if start.is_file():
        yield start
        return

    def stop(error: OSError) -> None:
        raise UsageError(
            f"The folder {error.filename!r} cannot be listed ({error.strerror}). Nothing was changed."
        ) from error

    for folder, names, files in os.walk(start, onerror=stop):
        names[:] = sorted(name for name in names if not name.startswith("."))
        # Linked folders are not followed; they come out here so that they are reported as skipped.
        yield from (Path(folder, name) for name in names if Path(folder, name).is_symlink())
        for name in sorted(files):
            yield Path(folder, name)


def _skip_reason(path: Path) -> str:
    if not _is_unicode(str(path)):
        return "the file's name is not UTF-8; rename it"
    if path.name.startswith((".", "~$")) or path.name.casefold() in _LEFTOVERS:
        return "hidden or temporary file"
    if path.is_symlink():
        return "symbolic link"
    return "" if path.is_file() else "not a regular file"


def _is_unicode(text: str) -> bool:
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


def _rule_for(folder: Path) -> tuple[str, ...] | None:
    """Return the nearest rule, also one above the ingested folder: a part of it is as closed as the whole."""
    for place in (folder, *folder.parents):
        rule = place / RULE_FILE
        if os.path.lexists(rule):
            return _read_rule(rule)
    return None


def _read_rule(path: Path) -> tuple[str, ...]:
    content = _read_yaml(path, "access rule") if path.is_file() else None
    listed = content.get("access") if isinstance(content, dict) else None
    if not isinstance(listed, list) or not listed:
        raise ConfigError(
            f"The access rule {str(path)!r} must have a list `access:` of principals. Nothing was changed."
        )
    return _principals(listed, path)


def _configured(name: str, entry: Any, path: Path, access: tuple[str, ...] | None) -> FolderSource:
    if not isinstance(entry, dict) or not isinstance(entry.get("path"), str):
        raise ConfigError(f"Source {name!r} in {str(path)!r} needs a `path:`.")
    root = (path.parent / entry["path"]).expanduser().resolve()
    if not root.is_dir():
        raise ConfigError(f"Source {name!r} in {str(path)!r}: there is no folder {str(root)!r}.")
    listed = entry.get("access", ["everyone"])
    if not isinstance(listed, list):
        raise ConfigError(f"Source {name!r} in {str(path)!r}: `access:` must be a list.")
    return FolderSource(name, root, access or _principals(listed, path))


def _principals(listed: list[Any], path: Path) -> tuple[str, ...]:
    try:
        return normal_principals([str(principal) for principal in listed])
    except ValueError as error:
        raise ConfigError(f"In {str(path)!r}: {error}. Nothing was changed.") from error


def _read_yaml(path: Path, what: str) -> Any:
    try:
        return yaml.safe_load(path.read_text(encoding="utf-8")) or {}
    except FileNotFoundError:
        return None
    except OSError as error:
        raise ConfigError(
            f"The {what} {str(path)!r} cannot be read ({error.strerror}). Nothing was changed."
        ) from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ConfigError(
            f"The {what} {str(path)!r} is not valid YAML. Nothing was changed."
        ) from error
