"""How the Documents page words what it knows: outcomes of commands, states of sources, times, access lists."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.knowledge.background import CommandState, StartedCommand
from app.knowledge.configured import Configuration, ConfiguredSource
from app.knowledge.daemon_status import DaemonSource, DaemonStatus
from app.knowledge.outcomes import outcome_of, plan_report
from app.knowledge.readers import access_words
from app.knowledge.run_log import RunSummary, summary_of
from app.knowledge.source_states import Failure, SourceState, source_states
from app.web.documents.wording import (
    REASON_HINTS,
    REASON_WORDS,
    ago,
    moment,
    run_counts,
    schedule_words,
    stage_words,
    took,
)
from core.errors import QUARANTINE_REASONS
from index.runs import PastRun

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
REPORT = {"added": 2, "changed": 0, "unchanged": 9, "seconds": 1.5, "quarantined": []}


def ended(output: Any, *, code: int = 0, late: bool = False) -> CommandState:
    command = StartedCommand("1", "handbook", "ann", NOW.isoformat(), exit_code=code)
    return CommandState(replace(command, ran_out_of_time=late), is_running=False, output=output)


def refused(kind: str, message: str) -> dict[str, Any]:
    return {"error": {"kind": kind, "message": message}}


@pytest.mark.parametrize(
    ("output", "code", "tone", "said"),
    [
        (REPORT, 0, "good", "2 added, 9 unchanged in 1.5 s."),
        (REPORT | {"added": 0, "unchanged": 0}, 0, "good", "Nothing changed"),
        (REPORT | {"quarantined": [{}]}, 1, "mixed", "1 file could not be read"),
        (
            REPORT | {"failed_sources": [{"source": "wiki", "message": "No answer."}]},
            1,
            "bad",
            "No answer.",
        ),
        (refused("FolderBusy", "Process 7 writes."), 2, "bad", "Process 7 writes."),
        (refused("ServiceUnavailable", "Qdrant is away."), 3, "bad", "Qdrant is away."),
        (None, -9, "bad", "the next run goes on from there"),
        ([1], 0, "bad", "the next run goes on from there"),
    ],
)
def test_every_end_of_a_run_is_told_in_a_sentence(
    output: Any, code: int, tone: str, said: str
) -> None:
    outcome = outcome_of(ended(output, code=code))
    assert outcome.tone == tone
    assert said in outcome.text
    assert outcome.title


def test_the_guard_is_told_as_the_guard_also_beside_other_sources() -> None:
    message = "This run would remove 9 of 9 documents; run again with --allow-mass-delete."
    alone = outcome_of(ended(refused("MassDeletionRefused", message), code=2))
    beside = outcome_of(
        ended(REPORT | {"failed_sources": [{"source": "wiki", "message": message}]}, code=1)
    )
    assert alone.kind == beside.kind == "MassDeletionRefused"
    assert alone.title == beside.title


def test_what_took_too_long_is_told_whatever_it_printed() -> None:
    assert "too long" in outcome_of(ended(REPORT, late=True)).title


def test_a_plan_is_read_with_its_steps_and_refusals() -> None:
    steps = [{"uri": "a", "action": "moved", "from": "b"}, {"uri": "c", "action": "removed"}]
    refusals = [{"source": "s", "removed": 7, "message": "Too many."}]
    plan = plan_report({"moved": 1, "removed": 7, "plan": steps, "refused": refusals})
    assert plan is not None
    assert (plan.steps[0].moved_from, plan.counts["removed"]) == ("b", 7)
    assert (plan.refused, plan.removed) == ("Too many.", 7)
    assert plan_report(refused("ConfigError", "No.")) is None
    assert plan_report(None) is None


CONFIGURED = Configuration(
    "sources.yaml", (ConfiguredSource("wiki", "web", "https://wiki", (), "every 6 hours"),)
)


def run(
    minutes_ago: int, status: str = "done", problems: dict[str, str] | None = None
) -> RunSummary:
    told = [{"source": name, "message": text} for name, text in (problems or {}).items()]
    started = (NOW - timedelta(minutes=minutes_ago)).isoformat()
    report = {"error": "It broke."} if status == "failed" else {"failed_sources": told}
    return summary_of(PastRun(str(minutes_ago), started, started, status, ("wiki",), report))


def state(
    runs: list[RunSummary],
    daemon: DaemonStatus | None = None,
    running: frozenset[str] = frozenset(),
    failure: Failure | None = None,
    documents: tuple[int, int] = (3, 0),
) -> SourceState:
    found = source_states(
        CONFIGURED, {"wiki": documents}, runs, daemon or DaemonStatus(), running, failure
    )
    return found[0]


def test_a_source_fails_since_the_first_of_the_runs_that_failed_in_a_row() -> None:
    runs = [
        run(1, "failed"),
        run(5, "incomplete", {"wiki": "No answer."}),
        run(9),
        run(20, "failed"),
    ]
    found = state(runs)
    assert (found.state, found.problem) == ("failing", "It broke.")
    assert found.since == runs[1].started_at


@pytest.mark.parametrize(
    ("runs", "documents", "word"),
    [
        ([], (0, 0), "never"),
        ([run(1)], (3, 0), "ok"),
        ([run(1, "incomplete")], (3, 1), "partial"),
        ([run(1, "killed")], (3, 0), "failing"),
        ([run(1, "running"), run(5)], (3, 0), "ok"),
    ],
)
def test_a_source_has_the_state_of_its_newest_run(
    runs: list[RunSummary], documents: tuple[int, int], word: str
) -> None:
    assert state(runs, documents=documents).state == word


def test_what_the_daemon_and_the_page_know_counts_too() -> None:
    told = DaemonSource("backing_off", "2026-11-21T13:00:00+00:00", "No route.", 3, "")
    daemon = DaemonStatus(is_alive=True, sources={"wiki": told})
    found = state([run(9)], daemon)
    assert (found.state, found.problem) == ("failing", "No route.")
    assert found.next_run == told.next_run_at
    assert state([run(9)], running=frozenset({"wiki"})).state == "running"
    late, early = (
        Failure("wiki", (NOW - timedelta(minutes=at)).isoformat(), "X") for at in (1, 30)
    )
    assert state([run(9)], failure=late).state == "failing"
    assert state([run(9)], failure=early).state == "ok"


def test_sources_that_the_file_does_not_name_come_last() -> None:
    found = source_states(CONFIGURED, {"/b": (1, 0), "/a": (2, 2)}, [], DaemonStatus(), frozenset())
    assert [(entry.name, entry.is_configured) for entry in found] == [
        ("wiki", True),
        ("/a", False),
        ("/b", False),
    ]


def test_every_reason_has_words_and_a_way_out() -> None:
    assert REASON_WORDS.keys() == REASON_HINTS.keys() == set(QUARANTINE_REASONS)


@pytest.mark.parametrize(
    ("access", "words"),
    [
        ((), "nobody but the local administrator"),
        (("everyone", "group:hr"), "everyone"),
        (("group:hr",), "the group hr"),
        (("group:hr", "user:ann@x.org"), "the group hr and ann@x.org"),
        (("group:a", "group:b", "user:c@x.org"), "the groups a and b and c@x.org"),
    ],
)
def test_access_is_told_as_people_say_it(access: tuple[str, ...], words: str) -> None:
    assert access_words(access) == words


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(5, "just now"), (60, "1 minute ago"), (7200, "2 hours ago"), (-7200, "in 2 hours")],
)
def test_times_are_told_by_how_long_ago_they_were(seconds: int, words: str) -> None:
    assert ago((NOW - timedelta(seconds=seconds)).isoformat(), NOW) == words


def test_times_are_told_in_the_zone_of_the_reader() -> None:
    assert moment("2026-11-21T23:30:00+00:00", "Europe/Berlin") == "22 Nov 2026, 00:30"
    assert moment("2026-11-21T23:30:00+00:00", "No/Where") == "21 Nov 2026, 23:30"
    assert moment("yesterday", "UTC") == "yesterday"


@given(st.text(), st.text())
def test_no_text_where_a_time_should_be_breaks_the_page(timestamp: str, zone: str) -> None:
    moment(timestamp, zone)
    ago(timestamp, NOW)
    stage_words(timestamp)


def test_counts_schedules_and_times_are_told_in_words() -> None:
    busy = replace(run(1), added=1200, removed=1, quarantined=2)
    assert run_counts(busy) == "1,200 added, 1 removed, 2 unreadable"
    assert run_counts(run(1)) == "nothing changed"
    wiki = state([])
    assert schedule_words(wiki, has_daemon=True) == "Every 6 hours"
    assert "daemon" in schedule_words(wiki, has_daemon=False)
    assert (took(None), took(2.34), took(600), took(7200)) == ("", "2.3 s", "10 min", "2.0 h")
