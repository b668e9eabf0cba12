"""Figures of the Quality page, against rows that are counted by hand."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from quality_rows import Rows
from sqlalchemy import insert

from app.quality.answer_sample import MOST_READ
from app.quality.desk import QualityDesk
from app.quality.period import CHOICES, period_of
from app.quality.usage import percentile
from core.answers import Caller
from core.errors import AccessDenied, NotFound, UsageError
from core.fakes import HashEmbedder
from index.catalogue import Catalogue
from index.database import writing
from index.schema import llm_usage

pytestmark = pytest.mark.usefixtures("each_database")

NOW = datetime(2026, 3, 10, 12, 0, tzinfo=UTC)
REVIEWER = Caller("rev@example.org", frozenset({"everyone"}), role="reviewer")
READER = Caller("ada@example.org", frozenset({"everyone"}))


@pytest.fixture
def rows(catalogue: Catalogue) -> Rows:
    return Rows(catalogue)


@pytest.fixture
def desk(catalogue: Catalogue) -> QualityDesk:
    return QualityDesk(catalogue, catalogue.data_dir, HashEmbedder, lambda: NOW)


def test_every_question_counts_once_on_its_day_in_utc(rows: Rows, desk: QualityDesk) -> None:
    rows.answer("2026-03-09T23:59:59.999+00:00")
    rows.answer("2026-03-10T00:00:00.000+00:00", "abstained", owner="bob@example.org")
    rows.answer("2026-03-10T09:00:00.000+00:00", "error")
    rows.answer("2026-03-03T23:59:59.999+00:00")
    usage = desk.usage(7, REVIEWER)
    assert [each.start for each in usage.outcomes] == [f"2026-03-{day:02}" for day in range(4, 11)]
    ninth, tenth = usage.outcomes[-2:]
    assert (ninth.answered, ninth.abstained, ninth.failed, ninth.people) == (1, 0, 0, 1)
    assert (tenth.answered, tenth.abstained, tenth.failed, tenth.people) == (0, 1, 1, 2)
    assert (usage.now.questions, usage.now.people) == (3, 2)
    assert usage.before.questions == 1


def test_a_clock_in_another_time_zone_means_the_same_days() -> None:
    tokyo = timezone(timedelta(hours=9))
    # In Tokyo it is the 11th already.
    assert period_of(7, datetime(2026, 3, 11, 8, 0, tzinfo=tokyo)).last == date(2026, 3, 10)


@pytest.mark.parametrize("days", CHOICES)
def test_a_period_and_the_one_before_it_meet_without_gap_or_overlap(days: int) -> None:
    period = period_of(days, NOW)
    assert period.days == period.before().days == days
    assert period.before().end == period.start
    assert len(period.dates()) == days


@given(st.datetimes(timezones=st.just(UTC)), st.sampled_from(CHOICES))
def test_every_day_of_a_period_lies_in_one_of_its_buckets(now: datetime, days: int) -> None:
    assume(now.year > 2)
    period = period_of(days, now)
    assert {period.bucket_of(day) for day in period.dates()} == set(period.buckets())


def test_a_year_is_counted_by_weeks_that_begin_on_monday(rows: Rows, desk: QualityDesk) -> None:
    rows.answer("2026-03-01T10:00:00.000+00:00")
    rows.answer("2026-03-02T10:00:00.000+00:00")
    rows.answer("2026-03-08T10:00:00.000+00:00")
    usage = desk.usage(365, REVIEWER)
    found = {each.start: each.questions for each in usage.outcomes if each.questions}
    assert found == {"2026-02-23": 1, "2026-03-02": 2}
    # One person in both weeks is one person.
    assert usage.now.people == 1


def test_an_answer_is_flagged_once_however_many_say_so_and_not_when_it_was_withdrawn(
    rows: Rows, desk: QualityDesk
) -> None:
    flagged = rows.answer("2026-03-09T10:00:00.000+00:00")
    rows.flag(flagged, "2026-03-10T10:00:00.000+00:00")
    rows.flag(flagged, "2026-03-10T11:00:00.000+00:00", "outdated")
    withdrawn = rows.answer("2026-03-09T11:00:00.000+00:00")
    rows.flag(withdrawn, "2026-03-09T12:00:00.000+00:00", superseded_by="withdrawn")
    liked = rows.answer("2026-03-09T13:00:00.000+00:00")
    rows.flag(liked, "2026-03-09T14:00:00.000+00:00", verdict="good")
    usage = desk.usage(7, REVIEWER)
    # By the day of the answer, not of the flag.
    assert {each.start: each.flagged for each in usage.outcomes if each.flagged} == {
        "2026-03-09": 1
    }
    assert [(each.start, each.kind, each.count) for each in usage.thumbs] == [
        ("2026-03-09", "good", 1),
        ("2026-03-10", "bad", 2),
    ]


def test_times_are_percentiles_of_answers_that_were_timed(rows: Rows, desk: QualityDesk) -> None:
    for milliseconds in range(1, 101):
        rows.answer("2026-03-10T10:00:00.000+00:00", total_ms=float(milliseconds))
    rows.answer("2026-03-10T10:00:00.000+00:00", total_ms=0.0)
    today = desk.usage(7, REVIEWER).outcomes[-1]
    assert (today.p50_ms, today.p95_ms) == (50.0, 95.0)
    assert desk.usage(7, REVIEWER).outcomes[0].p50_ms is None


@given(st.lists(st.floats(0, 1e6), min_size=1), st.integers(1, 100))
def test_a_percentile_is_the_smallest_value_that_covers_its_share(
    values: list[float], per_cent: int
) -> None:
    ordered = sorted(values)
    found = percentile(ordered, per_cent / 100)
    assert found in ordered
    assert sum(value <= found for value in ordered) * 100 >= per_cent * len(ordered)
    assert sum(value < found for value in ordered) * 100 < per_cent * len(ordered)


def test_channels_cost_and_tokens_are_summed(
    rows: Rows, desk: QualityDesk, catalogue: Catalogue
) -> None:
    rows.answer("2026-03-10T10:00:00.000+00:00", cost_usd=0.5)
    rows.answer("2026-03-10T10:00:00.000+00:00", cost_usd=0.25, channel="slack")
    use = {"prompt_tokens": 100, "completion_tokens": 10, "cost_usd": 0.5, "answers": 1}
    entries = [
        {"day": "2026-03-10", "user_ref": user, "spec": "openai:m", **use}
        for user in ("ada@example.org", "bob@example.org")
    ]
    with writing(catalogue.engine) as connection:
        connection.execute(insert(llm_usage), entries)
    usage = desk.usage(7, REVIEWER)
    assert usage.now.cost_usd == 0.75
    assert {(each.kind, each.count) for each in usage.channels} == {("streamlit", 1), ("slack", 1)}
    (spent,) = usage.models
    assert (spent.prompt_tokens, spent.completion_tokens, spent.cost_usd) == (200, 20, 1.0)


def test_stages_and_verdicts_are_read_from_the_answers(rows: Rows, desk: QualityDesk) -> None:
    rows.answer("2026-03-10T10:00:00.000+00:00", verdicts=("supported", "supported", "partial"))
    rows.answer("2026-03-09T10:00:00.000+00:00", verdicts=("supported",), total_ms=400.0)
    sample = desk.sample(7, REVIEWER)
    assert (sample.looked_at, sample.total) == (2, 2)
    assert [(each.start, each.kind, each.count) for each in sample.verdicts] == [
        ("2026-03-09", "supported", 1),
        ("2026-03-10", "partial", 1),
        ("2026-03-10", "supported", 2),
    ]
    assert [(each.stage, each.p50_ms, each.p95_ms) for each in sample.stages] == [
        ("retrieve", 25.0, 100.0),
        ("generate", 50.0, 200.0),
    ]


def test_a_sample_is_spread_over_the_whole_period(
    rows: Rows, desk: QualityDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert MOST_READ == 2000
    monkeypatch.setattr("app.quality.answer_sample.MOST_READ", 4)
    for day in range(4, 11):
        rows.answer(f"2026-03-{day:02}T10:00:00.000+00:00", verdicts=("supported",))
    sample = desk.sample(7, REVIEWER)
    assert (sample.looked_at, sample.total) == (4, 7)
    assert [each.start for each in sample.verdicts] == [
        f"2026-03-{day:02}" for day in (4, 6, 8, 10)
    ]


def test_flags_are_counted_by_category_and_state(rows: Rows, desk: QualityDesk) -> None:
    answer = rows.answer("2026-03-09T10:00:00.000+00:00")
    at = "2026-03-09T10:00:00.000+00:00"
    rows.flag(answer, at)
    rows.flag(answer, at, state="in_review")
    rows.flag(answer, at, state="accepted", decided_at="2026-03-09T12:00:00.000+00:00")
    rows.flag(answer, at, "outdated", state="rejected", decided_at="2026-03-10T10:00:00.000+00:00")
    rows.flag(answer, at, "other", superseded_by="withdrawn")
    flags = desk.flags(7, REVIEWER)
    assert [(each.category, each.state, each.count) for each in flags.counts] == [
        ("outdated", "rejected", 1),
        ("wrong_fact", "accepted", 1),
        ("wrong_fact", "open", 2),
    ]
    assert (flags.decided, flags.median_hours) == (2, 13.0)


def test_without_a_question_every_figure_is_empty(desk: QualityDesk) -> None:
    usage = desk.usage(30, REVIEWER)
    assert usage.now.questions == usage.before.questions == 0
    assert len(usage.outcomes) == 30
    assert desk.sample(30, REVIEWER).looked_at == 0
    assert desk.flags(30, REVIEWER).median_hours is None
    assert desk.gaps(30, REVIEWER).gaps == ()
    assert desk.runs(REVIEWER) == ()


CALLS: dict[str, Callable[[QualityDesk, Caller], object]] = {
    "usage": lambda desk, caller: desk.usage(30, caller),
    "sample": lambda desk, caller: desk.sample(30, caller),
    "flags": lambda desk, caller: desk.flags(30, caller),
    "gaps": lambda desk, caller: desk.gaps(30, caller),
    "gaps_csv": lambda desk, caller: desk.gaps_csv(30, caller),
    "runs": lambda desk, caller: desk.runs(caller),
    "compare": lambda desk, caller: desk.compare("a", "b", caller),
    "live": lambda desk, caller: desk.live(30, caller),
    "shadows": lambda desk, caller: desk.shadows(30, caller),
    "trend": lambda desk, caller: desk.trend(30, "model", caller),
    "drift": lambda desk, caller: desk.drift(30, caller),
    "signals": lambda desk, caller: desk.signals(30, caller),
}


def test_every_method_of_the_desk_is_named_below() -> None:
    public = {name for name in vars(QualityDesk) if not name.startswith("_")}
    assert public == set(CALLS)


@pytest.mark.parametrize("name", CALLS)
def test_a_reader_gets_nothing_from_any_method(desk: QualityDesk, name: str) -> None:
    with pytest.raises(AccessDenied):
        CALLS[name](desk, READER)


def test_a_period_that_cannot_be_chosen_is_refused(desk: QualityDesk) -> None:
    with pytest.raises(UsageError, match="7, 30, 90, 365 days"):
        desk.usage(31, REVIEWER)


def test_runs_are_listed_newest_first_with_their_intervals(rows: Rows, desk: QualityDesk) -> None:
    summary = {"correct": {"value": 0.8, "n": 50, "interval": [0.7, 0.9]}, "odd": "text"}
    rows.run("first", {}, summary=summary)
    rows.run("second", {}, started_at="2026-03-02T10:00:00.000+00:00")
    second, first = desk.runs(REVIEWER)
    assert (second.run_id, second.metrics) == ("second", ())
    (metric,) = first.metrics
    assert (metric.value, metric.n, metric.low, metric.high) == (0.8, 50, 0.7, 0.9)
    assert first.versions == (("code", "1.0"),)


def test_two_runs_are_compared_case_by_case(rows: Rows, desk: QualityDesk) -> None:
    rows.run("a", {"correct": [0, 0, 1, 1, None], "only a": [1]})
    rows.run("b", {"correct": [1, 0, 1, 1, 1], "only b": [1]})
    (found,) = desk.compare("a", "b", REVIEWER)
    assert (found.metric, found.n) == ("correct", 4)
    assert (found.before, found.after, found.difference) == (0.5, 0.75, 0.25)
    # One of four cases turned: that shows nothing.
    assert (found.low, found.high) == (-1.0, 1.0)
    assert desk.compare("a", "b", REVIEWER) == (found,)
    (back,) = desk.compare("b", "a", REVIEWER)
    assert back.difference == -0.25


def test_runs_that_do_not_differ_have_an_interval_of_nothing(rows: Rows, desk: QualityDesk) -> None:
    rows.run("a", {"correct": [1, 0, 1], "single": [1]})
    rows.run("b", {"correct": [1, 0, 1], "single": [0]})
    same, single = desk.compare("a", "b", REVIEWER)
    assert (same.difference, same.low, same.high) == (0.0, 0.0, 0.0)
    assert (single.low, single.high) == (None, None)


def test_a_run_that_is_not_there_is_said(desk: QualityDesk) -> None:
    with pytest.raises(NotFound):
        desk.compare("a", "b", REVIEWER)
