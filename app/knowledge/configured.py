"""Asks `footnote ingest sources` which sources are configured: the page itself knows no source types."""

import json
import subprocess
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import Any

from app.knowledge.background import PROGRAM
from app.knowledge.ingest_arguments import listing_arguments
from core.settings import Settings, environment_for

_LIMIT_S = 60.0


@dataclass(frozen=True, slots=True)
class ConfiguredSource:
    """One source of the sources file; `schedule` is '' where it has none."""

    name: str
    type: str
    where: str
    access: tuple[str, ...]
    schedule: str


@dataclass(frozen=True, slots=True)
class Configuration:
    """What the sources file says. `problem` is the sentence of one that cannot be used; `is_missing` if there is none."""

    path: str
    sources: tuple[ConfiguredSource, ...] = ()
    problem: str = ""
    is_missing: bool = False

    @property
    def names(self) -> frozenset[str]:
        """The names of the sources that can be run."""
        return frozenset(source.name for source in self.sources)


class ConfiguredSources:
    """The sources of one sources file; the command is asked again when the file changes."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._path: Path = settings.sources_file.absolute()
        self._known: tuple[tuple[int, int], Configuration] | None = None
        self._asking = Lock()

    def read(self) -> Configuration:
        """Return what the file says now; takes a second when it changed."""
        try:
            status = self._path.stat()
        except OSError:
            return Configuration(str(self._path), is_missing=not self._path.exists())
        stamp = (status.st_mtime_ns, status.st_size)
        with self._asking:
            if self._known is None or self._known[0] != stamp:
                self._known = (stamp, self._ask())
            return self._known[1]

    def _ask(self) -> Configuration:
        try:
            done = subprocess.run(  # noqa: S603
                [*PROGRAM, *listing_arguments()],
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=_LIMIT_S,
                env=environment_for(self._settings),
                check=False,
            )
            answer: Any = json.loads(done.stdout)
        except (OSError, ValueError, subprocess.TimeoutExpired):
            answer = {"error": {"message": "The sources file could not be looked at."}}
        if isinstance(answer, dict):
            problem = str(answer.get("error", {}).get("message", ""))
            return Configuration(str(self._path), problem=problem)
        return Configuration(str(self._path), tuple(_source(entry) for entry in answer))


def _source(entry: dict[str, Any]) -> ConfiguredSource:
    return ConfiguredSource(
        name=entry["name"],
        type=entry["type"],
        where=entry["where"],
        access=tuple(entry["access"]),
        schedule=entry["schedule"],
    )
