"""Everything that a report shows, read for one caller at one moment."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from app.authorization import authorize
from app.quality.desk import QualityDesk
from app.quality.drift import DriftReport, drift_report, embedded
from app.quality.figures import AnswerSample, DocumentGaps, FlagFigures, Usage
from app.quality.period import Period, period_of
from app.quality.question_groups import group_questions
from app.review.agreement import Agreement
from app.review.desk import ReviewDesk
from core.answers import Caller
from core.errors import FootnoteError, NotFound
from core.ports import Embedder
from core.settings import Settings
from evals.comparing.compared_runs import RunComparison, compare
from evals.comparing.scored_run import ScoredRun, read_scored
from evals.gating.baseline import read_baseline
from evals.report.flag_rows import FlagRow, FlagRows, read_flag_rows
from evals.report.live_rows import Audit, LiveAnswer, hours_to_decision, read_answers, read_audit
from evals.running.run_log import LATEST, RunLog
from evals.running.summary import summary_of
from index.catalogue import Catalogue

_MOST_GROUPED = 200


@dataclass(frozen=True, slots=True)
class MeasuredRun:
    """A run with what its metrics come to over the cases that the caller may see."""

    run: ScoredRun
    summary: dict[str, dict[str, object]]


@dataclass(frozen=True, slots=True)
class ReportData:
    """What the sections draw; `notes` are sentences on what is not in it, and why."""

    caller: str
    made_at: datetime
    period: Period
    run: MeasuredRun | None
    comparison: RunComparison | None
    usage: Usage
    answers: tuple[LiveAnswer, ...]
    answers_before: tuple[LiveAnswer, ...]
    sample: AnswerSample
    flags: FlagFigures
    flag_rows: FlagRows
    flag_topics: tuple[tuple[FlagRow, ...], ...]
    hours: tuple[float, ...]
    audit: Audit
    agreement: Agreement
    gaps: DocumentGaps | None
    drift: DriftReport | None
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a report is asked for: runs as `RunLog.read` takes them, '' for what fits best."""

    days: int = 30
    run: str = ""
    against: str = ""


def read_report(
    settings: Settings,
    catalogue: Catalogue,
    caller: Caller,
    wanted: Wanted,
    embedder: Callable[[], Embedder],
    now: datetime | None = None,
) -> ReportData:
    """Read everything.

    Raises:
        AccessDenied: the caller may not see figures.
        NotFound: a run that was asked for is not there.
        UsageError: there are no figures for so many days, or the two runs have no case in common.
    """
    authorize(caller, "see_quality")
    made_at = now or datetime.now(UTC)
    period = period_of(wanted.days, made_at)
    desk = QualityDesk(catalogue, settings.data_dir, embedder, lambda: made_at)
    review = ReviewDesk(catalogue, settings.data_dir)
    log = RunLog(catalogue.engine, settings.data_dir)
    # The queue makes its rows of new flags when it is looked at; without them their documents are unknown.
    review.queue(caller)
    run, against, notes = _runs(log, catalogue, caller, wanted)
    comparison = compare(against, run) if run and against else None
    flag_rows = read_flag_rows(catalogue, period, caller)
    gaps: DocumentGaps | None = None
    drift: DriftReport | None = None
    topics: tuple[tuple[FlagRow, ...], ...] = ()
    try:
        gaps = desk.gaps(wanted.days, caller)
        topics = _topics(flag_rows.rows, embedder)
        drift = drift_report(catalogue.engine, embedder(), period.before(), period, caller)
    except FootnoteError as error:
        notes.append(f"Nothing could be grouped by meaning: {error}")
    return ReportData(
        caller=caller.name,
        made_at=made_at,
        period=period,
        run=_measured(run),
        comparison=comparison,
        usage=desk.usage(wanted.days, caller),
        answers=tuple(read_answers(catalogue.engine, period)),
        answers_before=tuple(read_answers(catalogue.engine, period.before())),
        sample=desk.sample(wanted.days, caller),
        flags=desk.flags(wanted.days, caller),
        flag_rows=flag_rows,
        flag_topics=topics,
        hours=tuple(hours_to_decision(catalogue.engine, period)),
        audit=read_audit(catalogue.engine, period),
        agreement=review.agreement(caller),
        gaps=gaps,
        drift=drift,
        notes=tuple(notes),
    )


def _runs(
    log: RunLog, catalogue: Catalogue, caller: Caller, wanted: Wanted
) -> tuple[ScoredRun | None, ScoredRun | None, list[str]]:
    """Return the run and what it is compared with: what is named, else the latest and the baseline."""
    notes: list[str] = []
    if not wanted.run and not any(record.is_finished for record in log.list()):
        return (
            None,
            None,
            ["No evaluation has run yet: `footnote eval run` measures answers with test cases."],
        )
    run = read_scored(log, catalogue, caller, wanted.run or LATEST)
    if wanted.against:
        return run, read_scored(log, catalogue, caller, wanted.against), notes
    try:
        marked = read_baseline(catalogue, log)
    except NotFound as error:
        return run, None, [str(error)]
    if marked is None or marked.run_id == run.record.run_id:
        return run, None, notes
    baseline = read_scored(log, catalogue, caller, marked.run_id)
    if not baseline.compared().cases & run.compared().cases:
        return (
            run,
            None,
            ["The baseline is of other cases than the latest run, so the two are not compared."],
        )
    return run, baseline, notes


def _measured(run: ScoredRun | None) -> MeasuredRun | None:
    if run is None:
        return None
    if run.hidden or not run.record.summary:
        seed = int(run.record.manifest.get("seed") or 0)
        return MeasuredRun(run, summary_of(run.scores, seed))
    return MeasuredRun(run, dict(run.record.summary))


def _topics(
    rows: Sequence[FlagRow], embedder: Callable[[], Embedder]
) -> tuple[tuple[FlagRow, ...], ...]:
    """Return flags whose questions mean the same, the largest group first."""
    some = [row for row in rows if row.question][:_MOST_GROUPED]
    if not some:
        return ()
    vectors = embedded(embedder(), [row.question for row in some])
    groups = group_questions(vectors, [1] * len(some))
    return tuple(tuple(some[position] for position in group) for group in groups)
