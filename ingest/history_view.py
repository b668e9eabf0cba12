"""Past runs as JSON and as lines for a terminal."""

from collections import Counter
from typing import Any

from ingest.run_history import PastRun

_COUNTS = ("added", "changed", "moved", "removed", "unchanged")


def run_json(run: PastRun) -> dict[str, Any]:
    """Return a run as `footnote ingest history --json` shows it."""
    return {
        "run_id": run.run_id,
        "started_at": run.started_at,
        "finished_at": run.finished_at,
        "status": run.status,
        "sources": list(run.sources),
        **{name: run.report.get(name, 0) for name in _COUNTS},
        "chunks": run.report.get("chunks", 0),
        "seconds": run.report.get("seconds", 0.0),
        "quarantined": run.report.get("quarantined", []),
        "failed_sources": run.report.get("failed_sources", []),
        "warnings": run.report.get("warnings", []),
        "error": run.report.get("error", ""),
    }


def run_lines(run: PastRun, *, with_errors: bool) -> list[str]:
    """Return a run as lines: one of counts, then what failed."""
    report = run.report
    counts = "+{added} ~{changed} >{moved} -{removed}, {unchanged} unchanged".format(
        **{name: report.get(name, 0) for name in _COUNTS}
    )
    seconds = f"{report['seconds']:.1f} s" if "seconds" in report else "-"
    names = ", ".join(run.sources)
    lines = [f"{run.started_at}  {run.status:<10}  {counts}  {seconds}  {names}"]
    if report.get("error"):
        lines.append(f"    {report['error']}")
    quarantined = report.get("quarantined", [])
    if with_errors:
        lines += [
            f"    {entry['uri']}: {entry['reason']}. {entry['detail']}" for entry in quarantined
        ]
    elif quarantined:
        reasons = Counter(entry["reason"] for entry in quarantined)
        listed = ", ".join(f"{count} {reason}" for reason, count in reasons.most_common())
        lines.append(f"    quarantined: {listed}")
    lines += [
        f"    {entry['source']}: {entry['message']}" for entry in report.get("failed_sources", [])
    ]
    return lines
