"""Joins what is known of each source: the sources file, the catalogue, past runs, the daemon, what was started here; pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from app.knowledge.configured import Configuration, ConfiguredSource
from app.knowledge.daemon_status import DaemonStatus
from app.knowledge.run_log import RunSummary

State = Literal["running", "failing", "never", "partial", "ok"]


@dataclass(frozen=True, slots=True)
class SourceState:
    """One source as the page lists it.

    `is_configured` is False for one that documents came from and that the sources file does not name. `state` is
    partial where single files could not be read. `since` is when it began to fail, '' where that is not known;
    `problem` says why. `next_run` is ISO 8601, '' without a daemon.
    """

    name: str
    type: str
    where: str
    access: tuple[str, ...]
    schedule: str
    is_configured: bool
    documents: int
    quarantined: int
    last_run: RunSummary | None
    state: State
    since: str = ""
    problem: str = ""
    next_run: str = ""


@dataclass(frozen=True, slots=True)
class Failure:
    """That a command that was started from the page did not do what it should, and when."""

    source: str
    at: str
    problem: str


def source_states(
    configuration: Configuration,
    documents: Mapping[str, tuple[int, int]],
    runs: Sequence[RunSummary],
    daemon: DaemonStatus,
    running: frozenset[str],
    failure: Failure | None = None,
) -> list[SourceState]:
    """Return the configured sources in the file's order, then the others by name.

    `documents` has (all, quarantined) for each source that has documents; `runs` are newest first.
    """
    listed = list(configuration.sources)
    unlisted = sorted(documents.keys() - configuration.names)
    entries = [(source, True) for source in listed] + [
        (ConfiguredSource(name, "folder", name, (), ""), False) for name in unlisted
    ]
    return [
        _state(source, is_configured, documents, runs, daemon, running, failure)
        for source, is_configured in entries
    ]


def _state(
    source: ConfiguredSource,
    is_configured: bool,
    documents: Mapping[str, tuple[int, int]],
    runs: Sequence[RunSummary],
    daemon: DaemonStatus,
    running: frozenset[str],
    failure: Failure | None,
) -> SourceState:
    count, quarantined = documents.get(source.name, (0, 0))
    own = [run for run in runs if run.concerns(source.name) and run.status != "running"]
    told = daemon.sources.get(source.name)
    problem, since = _problem(source.name, own)
    if failure and failure.source == source.name and (not own or failure.at > own[0].started_at):
        problem, since = failure.problem, since or failure.at
    if told and told.failures:
        problem = told.last_error or problem
    is_running = source.name in running or (told is not None and told.is_running)
    return SourceState(
        name=source.name,
        type=source.type,
        where=source.where,
        access=source.access,
        schedule=source.schedule,
        is_configured=is_configured,
        documents=count,
        quarantined=quarantined,
        last_run=own[0] if own else None,
        state=_word(is_running, problem, bool(own), quarantined),
        since=since,
        problem=problem,
        next_run=told.next_run_at if told else "",
    )


def _problem(source: str, own: Sequence[RunSummary]) -> tuple[str, str]:
    """Return what is wrong with the newest run, and since when every run went wrong; '' each if it is well."""
    since = ""
    for run in own:
        if not run.problem_of(source):
            break
        since = run.started_at
    return (own[0].problem_of(source), since) if since else ("", "")


def _word(is_running: bool, problem: str, has_run: bool, quarantined: int) -> State:
    if is_running:
        return "running"
    if problem:
        return "failing"
    if not has_run:
        return "never"
    return "partial" if quarantined else "ok"
