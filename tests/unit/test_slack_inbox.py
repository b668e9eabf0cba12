"""The durable inbox: one row for whatever is the same, one process for each row, and nothing lost with a dead one."""

import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine, func, select

from app.slack.inbox import GIVEN_UP_AFTER, KEPT_DAYS, MOST_ATTEMPTS, SILENT_S, Arrival, SlackInbox
from app.slack.presence import FOLDER, Presence
from index.database import open_database
from index.schema import slack_inbox

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
SECRET = "what does the severance plan say"


class Clock:
    def __init__(self) -> None:
        self.now = NOON

    def __call__(self) -> datetime:
        return self.now

    def pass_by(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


class Process:
    """One process's view of the inbox; the living are the names in `alive`."""

    def __init__(
        self, engine: Engine, data_dir: Path, name: str, alive: set[str], clock: Clock
    ) -> None:
        alive.add(name)
        self.name = name
        self.inbox = SlackInbox(engine, data_dir, name, alive.__contains__, clock)


@pytest.fixture
def engine(data_dir: Path) -> Iterator[Engine]:
    opened = open_database(data_dir)
    yield opened
    opened.dispose()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def alive() -> set[str]:
    return set()


@pytest.fixture
def one(engine: Engine, data_dir: Path, alive: set[str], clock: Clock) -> SlackInbox:
    return Process(engine, data_dir, "one", alive, clock).inbox


@pytest.fixture
def two(engine: Engine, data_dir: Path, alive: set[str], clock: Clock) -> SlackInbox:
    return Process(engine, data_dir, "two", alive, clock).inbox


def arrival(number: int = 1, event: str = "") -> Arrival:
    return Arrival(event or f"Ev{number}", f"T1:C1:{number}.0", "mention", {"text": SECRET})


def state(engine: Engine) -> list[tuple[str, int]]:
    query = select(slack_inbox.c.state, slack_inbox.c.attempts).order_by(slack_inbox.c.received_at)
    with engine.connect() as connection:
        return [(row.state, row.attempts) for row in connection.execute(query)]


def test_the_same_event_is_kept_once(one: SlackInbox) -> None:
    assert [one.keep(arrival()) for _ in range(4)] == [True, False, False, False]


def test_the_two_events_of_one_message_are_kept_once(one: SlackInbox, two: SlackInbox) -> None:
    assert one.keep(arrival(1, "Ev-mention"))
    assert not two.keep(arrival(1, "Ev-message"))


def test_what_was_answered_is_not_kept_again(one: SlackInbox) -> None:
    one.keep(arrival())
    claimed = one.claim()
    assert claimed is not None
    assert one.finish(claimed, "done")
    assert not one.keep(arrival())
    assert one.claim() is None


def test_of_many_that_keep_the_same_at_once_one_does(one: SlackInbox) -> None:
    with ThreadPoolExecutor(12) as pool:
        kept = list(pool.map(lambda _: one.keep(arrival()), range(24)))
    assert kept.count(True) == 1


def test_each_row_is_claimed_by_one_of_many(one: SlackInbox, two: SlackInbox) -> None:
    for number in range(20):
        one.keep(arrival(number))
    with ThreadPoolExecutor(8) as pool:
        claimed = list(pool.map(lambda n: (one, two)[n % 2].claim(), range(40)))
    ids = [row.inbox_id for row in claimed if row]
    assert len(ids) == len(set(ids)) == 20


def test_the_oldest_is_claimed_first(one: SlackInbox, clock: Clock) -> None:
    for number in (3, 1, 2):
        one.keep(arrival(number))
        clock.pass_by(1)
    claimed = [one.claim() for _ in range(3)]
    assert [row.inbox_id for row in claimed if row] == sorted(r.inbox_id for r in claimed if r)


def test_what_was_asked_is_gone_when_it_is_done(one: SlackInbox, engine: Engine) -> None:
    one.keep(arrival())
    claimed = one.claim()
    assert claimed is not None
    assert claimed.body == {"text": SECRET}
    one.finish(claimed, "done")
    with engine.connect() as connection:
        row = connection.execute(select(slack_inbox)).one()
    assert SECRET not in str(row)
    assert row.body == "{}"


def test_a_row_of_a_dead_process_waits_again_with_what_it_came_to(
    one: SlackInbox, two: SlackInbox, alive: set[str]
) -> None:
    one.keep(arrival())
    claimed = one.claim()
    assert claimed is not None
    one.note_posted(claimed, ["9.8", "9.9"])
    one.note_answer(claimed, "answer-1")
    assert two.recover() == 0
    alive.remove("one")
    assert two.recover() == 1
    again = two.claim()
    assert again is not None
    assert (again.attempts, again.posted_ts, again.answer_id) == (
        2,
        ("9.8", "9.9"),
        "answer-1",
    )
    assert again.body == {"text": SECRET}


def test_a_process_that_lost_its_claim_writes_nothing(
    one: SlackInbox, two: SlackInbox, alive: set[str], engine: Engine
) -> None:
    one.keep(arrival())
    lost = one.claim()
    assert lost is not None
    alive.remove("one")
    two.recover()
    two.claim()
    assert not one.is_mine(lost)
    written = [
        one.note_posted(lost, ["1.1"]),
        one.note_answer(lost, "a"),
        one.finish(lost, "done"),
        one.put_back(lost),
    ]
    assert not any(written)
    assert state(engine) == [("working", 2)]


def test_an_earlier_claim_of_the_same_process_counts_no_more(one: SlackInbox) -> None:
    one.keep(arrival())
    first = one.claim()
    assert first is not None
    one.put_back(first)
    second = one.claim()
    assert second is not None
    assert not one.finish(first, "done")
    assert one.finish(second, "done")


def test_a_silent_process_loses_its_rows_and_a_beating_one_keeps_them(
    one: SlackInbox, two: SlackInbox, clock: Clock
) -> None:
    one.keep(arrival())
    claimed = one.claim()
    assert claimed is not None
    clock.pass_by(SILENT_S - 1)
    one.beat()
    clock.pass_by(SILENT_S - 1)
    assert two.recover() == 0
    clock.pass_by(2)
    assert two.recover() == 1
    assert not one.is_mine(claimed)


def test_after_two_attempts_all_that_is_left_is_to_mark_it(one: SlackInbox) -> None:
    one.keep(arrival())
    seen = []
    for _ in range(MOST_ATTEMPTS + 1):
        claimed = one.claim()
        assert claimed is not None
        seen.append(claimed.is_last_resort)
        one.put_back(claimed)
    assert seen == [False, False, True]


def test_a_row_that_kills_every_process_is_given_up(
    engine: Engine, data_dir: Path, alive: set[str], clock: Clock
) -> None:
    first = Process(engine, data_dir, "p0", alive, clock).inbox
    first.keep(arrival())
    claims = 0
    for number in range(GIVEN_UP_AFTER + 3):
        process = Process(engine, data_dir, f"p{number}", alive, clock)
        process.inbox.recover()
        claims += process.inbox.claim() is not None
        alive.remove(process.name)
    assert claims == GIVEN_UP_AFTER
    assert state(engine) == [("failed", GIVEN_UP_AFTER)]


def test_what_is_put_back_for_a_while_is_not_claimed_before(one: SlackInbox, clock: Clock) -> None:
    one.keep(arrival())
    claimed = one.claim()
    assert claimed is not None
    one.put_back(claimed, after_s=5)
    assert one.claim() is None
    clock.pass_by(6)
    again = one.claim()
    assert again is not None
    assert again.attempts == 2


def test_a_claim_that_was_not_begun_does_not_count(one: SlackInbox) -> None:
    one.keep(arrival())
    claimed = one.claim()
    assert claimed is not None
    one.put_back(claimed, counts=False)
    again = one.claim()
    assert again is not None
    assert again.attempts == 1


def test_finished_rows_are_forgotten_after_a_month_and_open_ones_are_not(
    one: SlackInbox, clock: Clock, engine: Engine
) -> None:
    one.keep(arrival(1))
    claimed = one.claim()
    assert claimed is not None
    one.finish(claimed, "failed")
    one.keep(arrival(2))
    clock.pass_by((KEPT_DAYS + 1) * 86_400)
    one.forget_old()
    assert state(engine) == [("waiting", 0)]


# --- who lives ------------------------------------------------------------------------------------------------------

_HOLD = """
import sys
from pathlib import Path
from app.slack.presence import Presence
presence = Presence(Path(sys.argv[1]))
presence.begin()
print(presence.name, flush=True)
sys.stdin.readline()
"""


def test_a_process_lives_until_it_is_killed(data_dir: Path, root: Path) -> None:
    presence = Presence(data_dir)
    presence.begin()
    with subprocess.Popen(
        [sys.executable, "-c", _HOLD, str(data_dir)],
        cwd=root,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as child:
        assert child.stdout is not None
        name = child.stdout.readline().strip()
        assert presence.lives(name)
        child.kill()
        child.wait()
        assert not presence.lives(name)
    assert presence.lives(presence.name)
    presence.end()
    assert not presence.lives(presence.name)


def test_an_unknown_process_does_not_live_and_leaves_no_file(data_dir: Path) -> None:
    presence = Presence(data_dir)
    presence.begin()
    assert not presence.lives("never-was")
    assert [path.name for path in (data_dir / FOLDER).iterdir()] == [presence.name]
    presence.end()
    assert list((data_dir / FOLDER).iterdir()) == []


def test_the_keys_are_all_that_is_kept_of_what_is_done(one: SlackInbox, engine: Engine) -> None:
    for number in range(5):
        one.keep(arrival(number))
    while (claimed := one.claim()) is not None:
        one.finish(claimed, "done")
    with engine.connect() as connection:
        longest = connection.execute(select(func.max(func.length(slack_inbox.c.body)))).scalar()
    assert longest == 2
