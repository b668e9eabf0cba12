"""Who may read an item of a source: by its path, by a file beside it, or by a rule file above it.

The nearest word counts: a sidecar `report.pdf.footnote.yaml`, else the nearest `.footnote.yaml` in the item's
folder or above, else the first matching rule of the sources file, else the source's default. All of them hold
`access: [group:hr]`. One that cannot be understood closes what it stands for: nobody but admins may read it.
"""

import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from core.documents import normal_principals
from core.errors import ConfigError

if TYPE_CHECKING:
    from pathspec import PathSpec

RULE_FILE = ".footnote.yaml"
SIDECAR_ENDING = ".footnote.yaml"
NOBODY: tuple[str, ...] = ()
"""Access of what only admins may read."""


NOT_YAML = (yaml.YAMLError, ValueError, LookupError, AttributeError, RecursionError)
"""What reading YAML raises: PyYAML lets `!!bool x` (KeyError) and `!!timestamp x` (AttributeError) through."""


@dataclass(frozen=True, slots=True)
class PathRule:
    """Who may read the items whose path matches a pattern in the syntax of `.gitignore`."""

    match: str
    access: tuple[str, ...]


class PathRules:
    """The rules of a sources file; the first match counts."""

    def __init__(self, rules: Sequence[PathRule]) -> None:
        self._rules = [(path_spec([rule.match]), rule.access) for rule in rules]

    def access_of(self, uri: str) -> tuple[str, ...] | None:
        """Return who may read an item, None when no rule matches."""
        return next((access for spec, access in self._rules if spec.match_file(uri)), None)


@dataclass(slots=True)
class AccessFiles:
    """The rule files and sidecars of a folder; each is read once. `warnings` names the unreadable ones."""

    warnings: list[str] = field(default_factory=list)
    _nearest: dict[Path, tuple[str, ...] | None] = field(default_factory=dict)

    def access_of(self, path: Path, *, has_sidecar: bool) -> tuple[str, ...] | None:
        """Return what a sidecar or the nearest rule file says of a file; None when there is neither."""
        if has_sidecar:
            return self._read(path.with_name(path.name + SIDECAR_ENDING))
        return self._of_folder(path.parent)

    def _of_folder(self, folder: Path) -> tuple[str, ...] | None:
        # Also above the ingested folder: a part of it is as closed as the whole.
        if folder not in self._nearest:
            rule = folder / RULE_FILE
            if os.path.lexists(rule):
                self._nearest[folder] = self._read(rule)
            elif folder.parent == folder:
                self._nearest[folder] = None
            else:
                self._nearest[folder] = self._of_folder(folder.parent)
        return self._nearest[folder]

    def _read(self, path: Path) -> tuple[str, ...]:
        try:
            return principals_in(path)
        except ConfigError as error:
            self.warnings.append(f"{error} Only admins may read what it stands for.")
            return NOBODY


def principals_in(path: Path) -> tuple[str, ...]:
    """Return the principals of an access file.

    Raises:
        ConfigError: it cannot be read or has no list `access:` of principals.
    """
    content = read_yaml(path, "access rule") if os.path.isfile(path) else None  # noqa: PTH113
    return listed_principals(content, f"The access rule {str(path)!r}")


def listed_principals(content: Any, where: str) -> tuple[str, ...]:
    """Return the principals of an access file's content.

    Raises:
        ConfigError: it has no list `access:` of principals; the message begins with `where`.
    """
    listed = content.get("access") if isinstance(content, dict) else None
    if not isinstance(listed, list) or not listed:
        raise ConfigError(f"{where} must have a list `access:` of principals.")
    return principals(listed, where)


def principals(listed: Sequence[Any], where: str) -> tuple[str, ...]:
    """Return principals in their normal form.

    Raises:
        ConfigError: one is none; the message begins with `where`.
    """
    try:
        return normal_principals([str(principal) for principal in listed])
    except ValueError as error:
        raise ConfigError(f"{where}: {error}.") from error


def path_spec(patterns: Sequence[str]) -> "PathSpec[Any]":
    """Return a matcher for patterns in the syntax of `.gitignore`.

    Raises:
        ConfigError: one is not of that syntax.
    """
    from pathspec import GitIgnoreSpec

    try:
        return GitIgnoreSpec.from_lines(patterns)
    except ValueError as error:
        raise ConfigError(f"A pattern in {list(patterns)} cannot be used: {error}") from error


def read_yaml(path: Path, what: str) -> Any:
    """Return the content of a YAML file, {} when it is empty, None when there is no such file.

    Raises:
        ConfigError: it cannot be read or is no YAML.
    """
    try:
        return yaml.safe_load(path.read_text(encoding="utf-8")) or {}
    except FileNotFoundError:
        return None
    except OSError as error:
        raise ConfigError(f"The {what} {str(path)!r} cannot be read ({error.strerror}).") from error
    except NOT_YAML as error:
        raise ConfigError(f"The {what} {str(path)!r} is not valid YAML.") from error
