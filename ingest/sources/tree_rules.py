"""What the rule and ignore files of a tree say that is no folder of this machine: a repository, a bucket.

They mean the same as in a folder (`ingest.sources.access`, `ingest.sources.folder`): a `.footnote.yaml` that
closes `hr/` closes it wherever the tree lies. A rule that cannot be understood closes what it stands for.
"""

from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any

import yaml

from core.errors import ConfigError, SourceError
from ingest.sources.access import NOBODY, RULE_FILE, SIDECAR_ENDING, listed_principals, path_spec
from ingest.sources.folder import IGNORE_FILE

if TYPE_CHECKING:
    from pathspec import PathSpec

MAX_RULE_BYTES = 100_000
"""A rule or ignore file is a few lines; more than this is not read."""


class TreeRules:
    """The rules of one listing; `warnings` names the rule files that cannot be understood."""

    def __init__(self, paths: Iterable[str], read: Callable[[str], bytes]) -> None:
        """Take all paths of the tree, and a function that returns at least `MAX_RULE_BYTES` + 1 of a file.

        `read` may raise SourceError, which goes through: a rule that cannot be fetched stops the listing.
        """
        self._names = {
            path
            for path in paths
            if path.endswith(SIDECAR_ENDING) or path.rpartition("/")[2] == IGNORE_FILE
        }
        self._read = read
        self._rules: dict[str, tuple[str, ...]] = {}
        self._ignores: dict[str, PathSpec[Any]] = {}
        self.warnings: list[str] = []

    def access_of(self, path: str) -> tuple[str, ...] | None:
        """Return what a sidecar or the nearest rule file says of a file; None when there is neither."""
        sidecar = path + SIDECAR_ENDING
        if sidecar in self._names:
            return self._access_in(sidecar)
        for folder in reversed(list(_folders_above(path))):
            if folder + RULE_FILE in self._names:
                return self._access_in(folder + RULE_FILE)
        return None

    def is_ignored(self, path: str) -> bool:
        """Return whether an ignore file above excludes a file."""
        return any(
            self._patterns_in(folder + IGNORE_FILE).match_file(path[len(folder) :])
            for folder in _folders_above(path)
            if folder + IGNORE_FILE in self._names
        )

    def _access_in(self, name: str) -> tuple[str, ...]:
        if name not in self._rules:
            where = f"The access rule {name!r}"
            try:
                self._rules[name] = listed_principals(self._yaml(name, where), where)
            except ConfigError as error:
                self.warnings.append(f"{error} Only admins may read what it stands for.")
                self._rules[name] = NOBODY
        return self._rules[name]

    def _yaml(self, name: str, where: str) -> Any:
        content = self._read(name)
        if len(content) > MAX_RULE_BYTES:
            raise ConfigError(f"{where} has more than {MAX_RULE_BYTES} bytes.")
        try:
            return yaml.safe_load(content.decode("utf-8"))
        except (yaml.YAMLError, ValueError, RecursionError) as error:
            raise ConfigError(f"{where} is not valid YAML.") from error

    def _patterns_in(self, name: str) -> "PathSpec[Any]":
        if name not in self._ignores:
            try:
                lines = self._read(name)[:MAX_RULE_BYTES].decode("utf-8").splitlines()
            except UnicodeDecodeError as error:
                raise SourceError(
                    f"The ignore file {name!r} cannot be read. Save it as UTF-8 text, or remove it. "
                    "Nothing was changed."
                ) from error
            self._ignores[name] = path_spec(lines)
        return self._ignores[name]


def _folders_above(path: str) -> Iterator[str]:
    """Yield '' and the folders of a path, outermost first, each with its `/` at the end."""
    yield ""
    for position, char in enumerate(path):
        if char == "/":
            yield path[: position + 1]
