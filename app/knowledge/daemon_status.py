"""Reads what the ingestion daemon says of itself in `ingest-status.json`; it is a file, since the daemon is a process of its own."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

_NAME = "ingest-status.json"
_MAX_BYTES = 10_000_000
_SILENT = timedelta(seconds=60)


@dataclass(frozen=True, slots=True)
class DaemonSource:
    """One source as the daemon sees it; times are ISO 8601 or ''."""

    state: str
    next_run_at: str
    last_error: str
    failures: int
    last_success_at: str

    @property
    def is_running(self) -> bool:
        """Whether the daemon is at work on it."""
        return self.state in ("running", "stuck")


@dataclass(frozen=True, slots=True)
class DaemonStatus:
    """Whether a daemon is at work on the data folder, and what it says of each source."""

    is_alive: bool = False
    sources: Mapping[str, DaemonSource] = field(default_factory=dict)


def daemon_status(data_dir: Path) -> DaemonStatus:
    """Return what the daemon last wrote; nothing of one that stopped, or has been silent for a minute."""
    try:
        with (data_dir / _NAME).open("rb") as file:
            content = json.loads(file.read(_MAX_BYTES))
        silent = datetime.now(UTC) - datetime.fromisoformat(content["beat"])
        if content["state"] == "stopped" or silent > _SILENT:
            return DaemonStatus()
        found = {str(name): _source(entry) for name, entry in content["sources"].items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return DaemonStatus()
    return DaemonStatus(is_alive=True, sources=found)


def _source(entry: Mapping[str, Any]) -> DaemonSource:
    return DaemonSource(
        state=str(entry.get("state", "")),
        next_run_at=str(entry.get("next_run_at") or ""),
        last_error=str(entry.get("last_error") or ""),
        failures=int(entry.get("failures") or 0),
        last_success_at=str(entry.get("last_success_at") or ""),
    )
