"""Keeps `ingest-status.json` in the data folder: what the daemon does, for `footnote doctor` and for people.

It holds names, counts, times and error sentences; no secret and no text of a document.
"""

import json
import os
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from core.log import get_logger
from ingest.daemon.snapshot import Snapshot
from ingest.daemon.source_state import SourceState

STATUS_NAME = "ingest-status.json"
_MAX_BYTES = 10_000_000

_log = get_logger(__name__)


def write_status(data_dir: Path, snapshot: Snapshot) -> None:
    """Replace the file in one step; a disk that does not take it is logged and costs nothing else."""
    path = data_dir / STATUS_NAME
    # A fixed name: what a killed daemon left half-written is overwritten, not piled up.
    new = data_dir / f".{STATUS_NAME}.new"
    content = json.dumps(content_of(snapshot), indent=1)
    try:
        descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600)
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(content)
        new.replace(path)
    except OSError as error:
        _log.warning("status_not_written", message=error.strerror)


def content_of(snapshot: Snapshot) -> dict[str, Any]:
    """Return what stands in the file; times are in UTC."""
    return {
        "state": snapshot.state,
        "pid": snapshot.pid,
        "host": snapshot.host,
        "started_at": _time(snapshot.started_at),
        "beat": _time(snapshot.beat),
        "problem": snapshot.problem,
        "sources": {entry.name: _source(entry, snapshot.beat) for entry in snapshot.sources},
    }


def last_successes(data_dir: Path) -> dict[str, datetime]:
    """Return when each source last went well, as the last daemon wrote it; empty when that cannot be read."""
    try:
        with (data_dir / STATUS_NAME).open("rb") as file:
            sources = json.loads(file.read(_MAX_BYTES))["sources"]
        times = {name: entry["last_success_at"] for name, entry in sources.items()}
        found = {name: datetime.fromisoformat(text) for name, text in times.items() if text}
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return {}
    return {name: at for name, at in found.items() if at.tzinfo is not None}


def _source(entry: SourceState, now: datetime) -> dict[str, Any]:
    since = entry.running_since
    return {
        "state": entry.state,
        "running_for_s": round((now - since).total_seconds(), 1) if since else None,
        "last_run": _last_run(entry),
        "last_success_at": _time(entry.last_success_at),
        "last_error": entry.last_error,
        "failures": entry.failures,
        "skipped_runs": entry.skipped_runs,
        "next_run_at": _time(entry.next_run_at),
        "documents": dict(entry.documents),
    }


def _last_run(entry: SourceState) -> Mapping[str, Any] | None:
    run = entry.last_run
    if run is None:
        return None
    return {"at": _time(run.at), "seconds": run.seconds, "outcome": run.outcome, **run.counts}


def _time(moment: datetime | None) -> str | None:
    return moment.astimezone(UTC).isoformat(timespec="seconds") if moment else None
