"""Every run is remembered, also one that failed or was killed; the newest comes first."""

from pathlib import Path

import pytest

from core.ids import new_id
from index.catalogue import Catalogue
from ingest.history_view import run_json, run_lines
from ingest.pipeline import IngestReport
from ingest.run_history import PastRun, RunHistory, estimate

pytestmark = pytest.mark.usefixtures("each_database")

BAD = {"uri": "bad.pdf", "reason": "corrupt", "detail": "It broke.", "hint": "Save it again."}


@pytest.fixture
def history(catalogue: Catalogue) -> RunHistory:
    return RunHistory(catalogue)


def run(history: RunHistory, *sources: str, report: IngestReport | None = None) -> str:
    """Remember a whole run; ids sort by milliseconds, and a real run takes more than one."""
    run_id = history.start(sources)
    before = new_id()[:12]
    while new_id()[:12] == before:
        pass
    history.finish(run_id, report or IngestReport())
    return run_id


def past(status: str = "done", **report: object) -> PastRun:
    return PastRun(
        "1", "2026-01-02T03:04:05+00:00", "2026-01-02T03:05:05+00:00", status, ("wiki",), report
    )


def test_runs_come_newest_first(history: RunHistory) -> None:
    ids = [run(history, f"source {n}") for n in range(5)]
    assert [entry.run_id for entry in history.list()] == ids[::-1]
    assert history.list()[0].sources == ("source 4",)


def test_a_run_keeps_its_report(history: RunHistory, data_dir: Path) -> None:
    report = IngestReport(added=2, moved=1, seconds=1.5, warnings=["Ein Wörtchen."])
    run(history, "wiki", "hr", report=report)
    (entry,) = history.list()
    assert (entry.status, entry.sources) == ("done", ("wiki", "hr"))
    assert entry.started_at <= entry.finished_at
    assert (entry.report["added"], entry.report["moved"], entry.report["seconds"]) == (2, 1, 1.5)
    assert entry.report["warnings"] == ["Ein Wörtchen."]


@pytest.mark.parametrize(
    "report",
    [
        IngestReport(quarantined=[BAD]),
        IngestReport(failed_sources=[{"source": "wiki", "message": "No."}]),
    ],
)
def test_a_run_in_which_something_failed_is_incomplete(
    history: RunHistory, report: IngestReport
) -> None:
    run(history, "wiki", report=report)
    assert history.list()[0].status == "incomplete"


def test_what_could_not_be_read_before_does_not_make_a_run_incomplete(history: RunHistory) -> None:
    run(history, "wiki", report=IngestReport(still_quarantined=3))
    assert history.list()[0].status == "done"


def test_a_run_that_ended_with_an_error_says_so(history: RunHistory) -> None:
    history.fail(history.start(["wiki"]), "The disk is full.")
    (entry,) = history.list()
    assert (entry.status, entry.report) == ("failed", {"error": "The disk is full."})


def test_a_run_is_running_until_it_ends_and_killed_when_the_next_one_starts(
    history: RunHistory,
) -> None:
    history.start(["wiki"])
    assert history.list()[0].status == "running"
    run(history, "wiki")
    assert [entry.status for entry in history.list()] == ["done", "killed"]
    assert history.list()[1].finished_at


def test_only_the_newest_runs_are_kept(
    history: RunHistory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ingest.run_history._KEPT_RUNS", 3)
    ids = [run(history) for _ in range(5)]
    assert [entry.run_id for entry in history.list()] == ids[:1:-1]


def test_a_long_list_of_skipped_files_is_cut(history: RunHistory) -> None:
    skipped = [{"uri": str(n), "reason": "excluded"} for n in range(1000)]
    run(history, report=IngestReport(skipped=skipped))
    assert len(history.list()[0].report["skipped"]) == 100


# --- how long a run will take ---------------------------------------------------------------------


def test_the_pace_of_past_runs_is_the_estimate() -> None:
    fast, slow = past(added=100, seconds=10.0), past(changed=50, moved=50, seconds=30.0)
    assert estimate([fast], 1000) == pytest.approx(3 + 100)
    assert estimate([fast, slow], 1000) == pytest.approx(3 + 200)


def test_small_and_failed_runs_say_nothing_of_the_pace() -> None:
    nothing = [past("failed", error="No."), past(added=9, seconds=90.0), past(added=100)]
    assert estimate(nothing, 100) == estimate([], 100) > 3


def test_nothing_to_do_takes_no_time() -> None:
    assert estimate([past(added=100, seconds=10.0)], 0) == 0


# --- how runs are shown ---------------------------------------------------------------------------


def test_a_run_as_json_has_every_field_also_when_it_failed() -> None:
    fields = {
        "run_id",
        "started_at",
        "finished_at",
        "status",
        "sources",
        "added",
        "changed",
        "moved",
        "removed",
        "unchanged",
        "chunks",
        "seconds",
        "quarantined",
        "failed_sources",
        "warnings",
        "error",
    }
    failed = run_json(past("failed", error="No."))
    done = run_json(past(added=3, quarantined=[BAD], seconds=1.5))
    assert failed.keys() == fields
    assert done.keys() == fields
    assert (failed["error"], failed["added"]) == ("No.", 0)
    assert (done["added"], done["quarantined"], done["sources"]) == (3, [BAD], ["wiki"])


def test_a_run_as_lines_counts_and_with_errors_names_what_failed() -> None:
    entry = past(
        "incomplete",
        added=1,
        changed=2,
        moved=3,
        removed=4,
        unchanged=5,
        seconds=1.25,
        quarantined=[BAD, {**BAD, "uri": "worse.pdf"}],
        failed_sources=[{"source": "hr", "message": "It is not there."}],
    )
    short = run_lines(entry, with_errors=False)
    assert "+1 ~2 >3 -4, 5 unchanged" in short[0]
    assert "1.2 s" in short[0]
    assert "wiki" in short[0]
    assert short[1:] == ["    quarantined: 2 corrupt", "    hr: It is not there."]
    long = run_lines(entry, with_errors=True)
    assert long[1:3] == [
        "    bad.pdf: corrupt. It broke.",
        "    worse.pdf: corrupt. It broke.",
    ]


def test_a_killed_run_is_shown_without_counts_of_its_own() -> None:
    (line,) = run_lines(past("killed"), with_errors=True)
    assert "killed" in line
    assert run_lines(past("failed", error="No."), with_errors=False)[1] == "    No."
