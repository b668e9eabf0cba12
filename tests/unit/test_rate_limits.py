"""How many questions one person may ask, counted where all processes see it."""

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from databases import open_database
from sqlalchemy import func, select

from app.rate_limits import DAY_S, MINUTE_S, RateLimiter
from core.answers import Caller
from core.errors import TooManyRequests
from index.schema import rate_counts

pytestmark = pytest.mark.usefixtures("each_database")

ANN = Caller("ann@example.org", frozenset())
BEN = Caller("ben@example.org", frozenset(), role="admin")
NOON = 20_000 * DAY_S + DAY_S / 2

CHILD = """
import os
import sys
from pathlib import Path
from app.rate_limits import RateLimiter
from core.answers import Caller
from core.errors import TooManyRequests
from index.database import open_database

folder = Path(sys.argv[1])
engine = open_database(folder, url=os.environ.get("FOOTNOTE_DATABASE_URL", ""))
limits = RateLimiter(engine, folder, 0, 60, lambda: float(sys.argv[2]))
taken = 0
print("ready", flush=True)
sys.stdin.readline()
for _ in range(60):
    try:
        limits.take(Caller("ann@example.org", frozenset()))
        taken += 1
    except TooManyRequests:
        pass
print(taken)
"""


class Clock:
    def __init__(self) -> None:
        self.now = NOON

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def limiter(folder: Path, clock: Clock, per_minute: int = 0, per_day: int = 0) -> RateLimiter:
    return RateLimiter(open_database(folder), folder, per_minute, per_day, clock)


def taken(limits: RateLimiter, caller: Caller, times: int) -> int:
    count = 0
    for _ in range(times):
        try:
            limits.take(caller)
        except TooManyRequests:
            continue
        count += 1
    return count


def test_a_question_above_the_minutes_limit_is_refused_until_the_minute_ends(
    tmp_path: Path, clock: Clock
) -> None:
    limits = limiter(tmp_path, clock, per_minute=3)
    assert taken(limits, ANN, 5) == 3
    clock.now += 20
    with pytest.raises(
        TooManyRequests, match=r"3 questions within a minute.* in 40 seconds"
    ) as told:
        limits.take(ANN)
    assert told.value.retry_after == 40
    clock.now += told.value.retry_after
    limits.take(ANN)


def test_a_question_above_the_days_limit_is_refused_until_midnight(
    tmp_path: Path, clock: Clock
) -> None:
    limits = limiter(tmp_path, clock, per_day=2)
    assert taken(limits, ANN, 2) == 2
    clock.now += MINUTE_S
    with pytest.raises(TooManyRequests, match=r"2 questions today.*tomorrow") as told:
        limits.take(ANN)
    clock.now += told.value.retry_after
    limits.take(ANN)


def test_refused_questions_are_not_counted(tmp_path: Path, clock: Clock) -> None:
    limits = limiter(tmp_path, clock, per_minute=1, per_day=3)
    assert taken(limits, ANN, 10) == 1
    clock.now += MINUTE_S
    assert taken(limits, ANN, 10) == 1
    clock.now += MINUTE_S
    assert taken(limits, ANN, 10) == 1
    clock.now += MINUTE_S
    assert taken(limits, ANN, 10) == 0


def test_each_person_has_a_limit_of_their_own_admins_too(tmp_path: Path, clock: Clock) -> None:
    limits = limiter(tmp_path, clock, per_minute=2)
    assert taken(limits, ANN, 5) == 2
    assert taken(limits, BEN, 5) == 2


def test_no_limit_counts_nothing(tmp_path: Path, clock: Clock) -> None:
    assert taken(limiter(tmp_path, clock), ANN, 50) == 50
    with open_database(tmp_path).connect() as connection:
        assert connection.execute(select(func.count()).select_from(rate_counts)).scalar() == 0


def test_old_windows_do_not_pile_up(tmp_path: Path, clock: Clock) -> None:
    limits = limiter(tmp_path, clock, per_minute=5, per_day=50)
    for _ in range(10):
        limits.take(ANN)
        clock.now += MINUTE_S
    with open_database(tmp_path).connect() as connection:
        assert connection.execute(select(func.count()).select_from(rate_counts)).scalar() == 2


def test_threads_that_ask_at_once_get_the_limit_and_no_more(tmp_path: Path, clock: Clock) -> None:
    limits = limiter(tmp_path, clock, per_minute=25)
    with ThreadPoolExecutor(8) as pool:
        counts = pool.map(lambda _: taken(limits, ANN, 10), range(8))
    assert sum(counts) == 25


def test_two_processes_share_one_limit(tmp_path: Path) -> None:
    open_database(tmp_path)
    command = [sys.executable, "-c", CHILD, str(tmp_path), str(NOON)]
    children = [
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    counts = []
    for child in children:
        assert child.stdout is not None
        assert child.stdout.readline() == "ready\n"
    for child in children:
        assert child.stdin is not None
        child.stdin.write("\n")
        child.stdin.flush()
    for child in children:
        out, _ = child.communicate(timeout=120)
        counts.append(int(out))
    assert sum(counts) == 60
