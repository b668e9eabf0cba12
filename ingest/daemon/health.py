"""Decides whether the daemon is well; pure."""

from collections.abc import Sequence

from ingest.daemon.source_state import SourceState

MIN_FREE_BYTES = 1_000_000_000
SILENT_S = 60.0


def complaints(sources: Sequence[SourceState], silent_s: float, free_bytes: int) -> list[str]:
    """Return what is wrong, a sentence each; empty when the daemon is well.

    `silent_s` is how long ago the main loop last went round.
    """
    found = []
    if sources and all(entry.failures for entry in sources):
        found.append("Every source fails.")
    found += [f"The source {entry.name!r} is stuck." for entry in sources if entry.state == "stuck"]
    if free_bytes < MIN_FREE_BYTES:
        found.append("Less than 1 GB is free on the data folder's disk.")
    if silent_s > SILENT_S:
        found.append(f"The main loop has not gone round for {silent_s:.0f} s.")
    return found
