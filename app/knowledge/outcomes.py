"""How a command that was started from the page ended, in plain sentences; pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from app.knowledge.background import CommandState

Tone = Literal["good", "mixed", "bad"]

_TITLES = {
    "FolderBusy": "Somebody else is writing",
    "MassDeletionRefused": "Stopped by the guard against mass deletion",
    "ServiceUnavailable": "A service that is needed does not answer",
    "SourceError": "The source cannot be reached",
    "ConfigError": "The configuration is not right",
    "StorageFull": "The disk is full",
}
_STEPS = ("added", "changed", "moved", "removed", "unchanged")


@dataclass(frozen=True, slots=True)
class Outcome:
    """What to tell of an ended command; `kind` is the error's class, '' if there was none."""

    tone: Tone
    title: str
    text: str
    kind: str = ""


@dataclass(frozen=True, slots=True)
class PlannedStep:
    """One document that a run would change; `moved_from` is where a moved one was."""

    action: str
    uri: str
    moved_from: str = ""


@dataclass(frozen=True, slots=True)
class PlanReport:
    """What a run would do; `refused` is the guard's sentence, '' if it lets the run through."""

    counts: Mapping[str, int]
    steps: tuple[PlannedStep, ...]
    seconds: float
    warnings: tuple[str, ...]
    problems: tuple[str, ...]
    refused: str = ""
    removed: int = 0


def outcome_of(state: CommandState) -> Outcome:
    """Return how a command ended, by its exit code and what it printed."""
    output = state.output
    if state.command.ran_out_of_time:
        return Outcome(
            "bad",
            "It took too long",
            "Looking at the source took too long and was ended; nothing was changed. Run "
            "`footnote ingest --plan` in a terminal, which has no such limit.",
        )
    if not isinstance(output, dict):
        return Outcome(
            "bad",
            "It ended without a report",
            "It was ended before it was done. What it stored stays, and the next run goes on from there.",
        )
    if "error" in output:
        error = output["error"]
        kind = str(error.get("kind", ""))
        title = _TITLES.get(kind, "It did not work")
        return Outcome("bad", title, str(error.get("message", "")), kind)
    return _done(output)


def _done(report: Mapping[str, Any]) -> Outcome:
    unread = len(report.get("quarantined", []))
    failed = [str(entry["message"]) for entry in report.get("failed_sources", [])]
    text = f"{counted(report)} in {report.get('seconds', 0):.1f} s."
    if failed:
        refused = "--allow-mass-delete" in failed[0]
        title = _TITLES["MassDeletionRefused"] if refused else "Not everything went well"
        return Outcome(
            "bad", title, " ".join([text, *failed]), "MassDeletionRefused" if refused else ""
        )
    if unread:
        files = "1 file" if unread == 1 else f"{unread:,} files"
        return Outcome(
            "mixed", "Done, with files that could not be read", f"{text} {files} could not be read."
        )
    return Outcome("good", "Done", text)


def counted(report: Mapping[str, Any]) -> str:
    """Return the counts of a report or plan in words, those that are zero left out."""
    parts = [f"{report.get(name, 0):,} {name}" for name in _STEPS if report.get(name, 0)]
    return ", ".join(parts) or "Nothing changed"


def plan_report(output: Any) -> PlanReport | None:
    """Return a plan as `footnote ingest --plan --json` printed it; None if it printed no plan."""
    if not isinstance(output, dict) or "plan" not in output:
        return None
    refused = output.get("refused", [])
    return PlanReport(
        counts={name: int(output.get(name, 0)) for name in _STEPS},
        steps=tuple(
            PlannedStep(str(row["action"]), str(row["uri"]), str(row.get("from", "")))
            for row in output["plan"]
        ),
        seconds=float(output.get("estimated_seconds", 0)),
        warnings=tuple(map(str, output.get("warnings", []))),
        problems=tuple(str(entry["message"]) for entry in output.get("failed_sources", [])),
        refused=" ".join(str(entry["message"]) for entry in refused),
        removed=sum(int(entry["removed"]) for entry in refused),
    )


def duration(seconds: float) -> str:
    """Return a time in words, like `40 s` or `12 min`."""
    if seconds < 90:
        return f"{max(1, round(seconds))} s"
    minutes = seconds / 60
    return f"{minutes:.0f} min" if minutes < 90 else f"{minutes / 60:.1f} h"
