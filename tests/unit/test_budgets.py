"""Budgets: what a day may cost is shared by all processes, and whoever is over it is told in a sentence."""

import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from databases import open_database
from sqlalchemy import Engine, select

from app.generation.budgets import BudgetLimits, Budgets, Used
from core.answers import Caller
from core.errors import DataFolderError
from core.generation import TokenUsage
from index.database import writing
from index.schema import llm_usage

pytestmark = pytest.mark.usefixtures("each_database")

ANN = Caller("ann@example.org", frozenset({"everyone"}))
BOB = Caller("bob@example.org", frozenset({"everyone"}))
NOON = datetime(2026, 3, 4, 12, tzinfo=UTC)


@pytest.fixture
def engine(data_dir: Path) -> Iterator[Engine]:
    engine = open_database(data_dir)
    yield engine
    engine.dispose()


class Clock:
    """A clock that the test sets."""

    def __init__(self) -> None:
        self.time = NOON

    def __call__(self) -> datetime:
        return self.time


@pytest.fixture
def clock() -> Clock:
    return Clock()


def budgets(engine: Engine, clock: Clock, **limits: float) -> Budgets:
    return Budgets(engine, Path("data"), BudgetLimits(**limits), clock)  # type: ignore[arg-type]


def test_without_limits_everything_is_allowed(engine: Engine, clock: Clock) -> None:
    free = budgets(engine, clock)
    free.note(ANN, "m", TokenUsage(10**9, 10**9), 1e6)
    decision = free.allow(ANN)
    assert decision.allowed
    assert (decision.remaining_usd, decision.remaining_tokens, decision.reason) == (None, None, "")


def test_a_user_who_is_over_the_budget_is_told_so_and_others_are_not_stopped(
    engine: Engine, clock: Clock
) -> None:
    kept = budgets(engine, clock, user_usd=1.0)
    kept.note(ANN, "m", TokenUsage(1000, 500), 0.75)
    assert kept.allow(ANN).remaining_usd == pytest.approx(0.25)
    kept.note(ANN, "m", TokenUsage(1000, 500), 0.25)
    decision = kept.allow(ANN)
    assert not decision.allowed
    assert decision.remaining_usd == 0
    assert decision.reason.startswith(
        "Your budget for language models is used up for today, so this answer was"
    )
    assert kept.allow(BOB).allowed


def test_the_total_is_what_everybody_used_together(engine: Engine, clock: Clock) -> None:
    kept = budgets(engine, clock, user_usd=1.0, total_usd=1.5)
    kept.note(ANN, "m", TokenUsage(1, 1), 0.9)
    assert kept.allow(BOB).remaining_usd == pytest.approx(0.6)
    kept.note(BOB, "n", TokenUsage(1, 1), 0.6)
    assert kept.allow(ANN).reason.startswith("The common budget")
    assert not kept.allow(BOB).allowed


def test_tokens_are_counted_where_a_price_is_not_known(engine: Engine, clock: Clock) -> None:
    kept = budgets(engine, clock, user_tokens=1000, total_tokens=1500)
    kept.note(ANN, "m", TokenUsage(700, 200), None)
    decision = kept.allow(ANN)
    assert (decision.allowed, decision.remaining_tokens, decision.remaining_usd) == (
        True,
        100,
        None,
    )
    kept.note(ANN, "m", TokenUsage(100, 0), None)
    assert not kept.allow(ANN).allowed
    assert kept.allow(BOB).remaining_tokens == 500


def test_a_model_that_costs_nothing_is_held_to_tokens_only(engine: Engine, clock: Clock) -> None:
    kept = budgets(engine, clock, user_usd=1.0, user_tokens=1000)
    kept.note(ANN, "m", TokenUsage(100, 0), 2.0)
    assert not kept.allow(ANN).allowed
    assert kept.allow(ANN, is_free=True).allowed
    kept.note(ANN, "ollama:m", TokenUsage(900, 0), 0)
    assert not kept.allow(ANN, is_free=True).allowed


def test_a_budget_starts_anew_at_midnight_utc(engine: Engine, clock: Clock) -> None:
    kept = budgets(engine, clock, user_usd=1.0)
    kept.note(ANN, "m", TokenUsage(1, 1), 5.0)
    clock.time = datetime(
        2026, 3, 5, 1, tzinfo=timezone(timedelta(hours=2))
    )  # 23:00 UTC of the 4th
    assert not kept.allow(ANN).allowed
    clock.time += timedelta(hours=1)
    assert kept.allow(ANN).allowed
    assert kept.used() == Used()


def test_sums_are_kept_by_day_user_and_model(engine: Engine, clock: Clock) -> None:
    kept = budgets(engine, clock)
    for caller, spec in ((ANN, "m"), (ANN, "m"), (ANN, "n"), (BOB, "m")):
        kept.note(caller, spec, TokenUsage(10, 5), 0.5)
    with engine.connect() as connection:
        rows = connection.execute(
            select(llm_usage).order_by(llm_usage.c.user_ref, llm_usage.c.spec)
        )
        assert [tuple(row) for row in rows] == [
            ("2026-03-04", "ann@example.org", "m", 20, 10, 1.0, 2),
            ("2026-03-04", "ann@example.org", "n", 10, 5, 0.5, 1),
            ("2026-03-04", "bob@example.org", "m", 10, 5, 0.5, 1),
        ]
    assert kept.used(ANN) == Used(1.5, 45, 3)
    assert kept.used() == Used(2.0, 60, 4)


def test_a_provider_that_counts_backwards_lowers_no_sum(engine: Engine, clock: Clock) -> None:
    kept = budgets(engine, clock)
    kept.note(ANN, "m", TokenUsage(10, 10), 1.0)
    kept.note(ANN, "m", TokenUsage(-5, -5), -1.0)
    assert kept.used(ANN) == Used(1.0, 20, 2)


def test_what_two_processes_note_at_once_is_all_counted(engine: Engine, data_dir: Path) -> None:
    program = (
        "import os, sys; from pathlib import Path\n"
        "from app.generation.budgets import *; from index.database import open_database\n"
        "folder = Path(sys.argv[1]); url = os.environ.get('FOOTNOTE_DATABASE_URL', '')\n"
        "kept = Budgets(open_database(folder, url=url), folder, BudgetLimits())\n"
        "for _ in range(50): kept.note(Caller('ann', frozenset()), 'm', TokenUsage(1, 1), 0.25)\n"
    )
    command = [sys.executable, "-c", program, str(data_dir)]
    children = [subprocess.Popen(command) for _ in range(2)]  # this interpreter, text from above
    assert [child.wait(60) for child in children] == [0, 0]
    with engine.connect() as connection:
        (row,) = connection.execute(select(llm_usage))
    assert tuple(row)[3:] == (100, 100, 25.0, 100)


def test_a_folder_that_takes_no_more_is_named(data_dir: Path, clock: Clock) -> None:
    engine = open_database(data_dir)
    with writing(engine) as connection:
        connection.exec_driver_sql("DROP TABLE llm_usage")
    with pytest.raises(DataFolderError):
        Budgets(engine, data_dir, BudgetLimits(), clock).note(ANN, "m", TokenUsage(), 0)
    engine.dispose()
