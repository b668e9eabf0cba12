"""The durable inbox: one row for whatever is the same, one process for each row, and nothing lost with a dead one."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from databases import database_url, open_database
from slack_bot import wait_for
from sqlalchemy import Engine, func, select

import index.database
import index.postgres
from app.slack.inbox import (
    GIVEN_UP_AFTER,
    KEPT_DAYS,
    MOST_ATTEMPTS,
    SILENT_S,
    Arrival,
    Claimed,
    Ending,
    SlackInbox,
)
from app.slack.worker import AnswerWorkers, Job, Outcome
from core.errors import ServiceUnavailable
from index.postgres import open_postgres
from index.schema import slack_inbox

pytestmark = pytest.mark.usefixtures("each_database")

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
        self._alive = alive
        self.is_cut_off = False
        self.inbox = SlackInbox(engine, data_dir, self, clock)

    def begin(self) -> None:
        self._alive.add(self.name)

    def keep(self) -> None:
        if self.is_cut_off:
            raise ServiceUnavailable("The database does not answer.")
        self._alive.add(self.name)

    def end(self) -> None:
        self._alive.discard(self.name)

    def lives(self, name: str) -> bool:
        return name in self._alive


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


@pytest.mark.parametrize("with_writers_lock", [True, False])
def test_each_row_is_claimed_once_by_many_threads_of_two_engines(
    data_dir: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch, *, with_writers_lock: bool
) -> None:
    engines = two_engines(data_dir)
    if not with_writers_lock:
        without = index.postgres._BEGIN_WRITE.rpartition(";")[0]
        monkeypatch.setattr(index.postgres, "_BEGIN_WRITE", without)
    processes = [
        Process(engine, data_dir, name, set(), clock)
        for engine, name in zip(engines, ("one", "two"), strict=True)
    ]
    rounds, rows, threads = 5, 24, 12
    claimed: list[tuple[str, str]] = []
    for each in range(rounds):
        for number in range(rows):
            assert processes[0].inbox.keep(arrival(each * rows + number))
        together = threading.Barrier(threads)
        with ThreadPoolExecutor(threads) as pool:
            work = [
                pool.submit(claim_two, processes[number % 2], together) for number in range(threads)
            ]
            claimed += [pair for done in work for pair in done.result()]
    ids = [inbox_id for inbox_id, _ in claimed]
    assert len(ids) == len(set(ids)) == rounds * rows
    assert {name for _, name in claimed} == {"one", "two"}
    for engine in engines:
        engine.dispose()


def two_engines(data_dir: Path) -> list[Engine]:
    """Return what two processes would have: connections of their own to one database."""
    if not (url := database_url(data_dir)):
        return [index.database.open_database(data_dir) for _ in range(2)]
    return [open_database(data_dir), open_postgres(f"{url}?application_name=another")]


def claim_two(process: Process, together: threading.Barrier) -> list[tuple[str, str]]:
    """Claim as many rows as there are for each thread: whoever is beaten to one gets another."""
    together.wait(60)
    taken = []
    for _ in range(2):
        claimed = process.inbox.claim()
        assert claimed is not None
        assert claimed.attempts == 1
        taken.append((claimed.inbox_id, process.name))
    return taken


def test_whoever_was_beaten_to_a_row_gets_the_next_one(
    engine: Engine, data_dir: Path, alive: set[str], clock: Clock, two: SlackInbox
) -> None:
    process = Process(engine, data_dir, "one", alive, clock)
    for number in (1, 2):
        process.inbox.keep(arrival(number))
        clock.pass_by(1)
    beaten = []

    def keep() -> None:
        # Between the look and the claim.
        if not beaten:
            beaten.append(two.claim())

    process.keep = keep  # type: ignore[method-assign]
    got = process.inbox.claim()
    assert got is not None
    assert beaten[0] is not None
    assert got.inbox_id != beaten[0].inbox_id
    assert process.inbox.claim() is None


def test_a_process_that_others_cannot_see_claims_and_beats_nothing(
    engine: Engine, data_dir: Path, alive: set[str], clock: Clock
) -> None:
    process = Process(engine, data_dir, "one", alive, clock)
    process.inbox.keep(arrival(1))
    claimed = process.inbox.claim()
    assert claimed is not None
    process.inbox.keep(arrival(2))
    process.is_cut_off = True
    clock.pass_by(1)
    for act in (process.inbox.claim, lambda: process.inbox.beat([claimed])):
        with pytest.raises(ServiceUnavailable):
            act()
    assert state(engine) == [("working", 1), ("waiting", 0)]
    with engine.connect() as connection:
        beats = set(connection.execute(select(slack_inbox.c.claimed_at)).scalars())
    assert len(beats) == 2
    assert max(beats) < "2026-11-22T12:00:01"


def test_a_message_that_shows_an_answer_is_known_in_its_channel_alone(one: SlackInbox) -> None:
    one.keep(arrival())
    claimed = one.claim()
    assert claimed is not None
    one.note_posted(claimed, ["11.5", "12.5"])
    asked = [("C1", "11.5"), ("C1", "12.5"), ("C1", "1.5"), ("C1", "%"), ("C2", "11.5")]
    assert [one.has_posted(*each) for each in asked] == [True, True, False, False, False]


def test_the_oldest_is_claimed_first(one: SlackInbox, clock: Clock) -> None:
    for number in (3, 1, 2):
        one.keep(replace(arrival(number), body={"number": number}))
        clock.pass_by(1)
    claimed = [one.claim() for _ in range(3)]
    assert [row.body["number"] for row in claimed if row] == [3, 1, 2]


def test_of_one_series_the_next_begins_when_the_one_before_has_ended(
    one: SlackInbox, two: SlackInbox, clock: Clock
) -> None:
    for number, series in ((1, "ann"), (2, "ann"), (3, "bob"), (4, ""), (5, "")):
        one.keep(replace(arrival(number), body={"number": number}, series=series))
        clock.pass_by(1)
    begun = [process.claim() for process in (one, two, one, two, one)]
    assert [row and row.body["number"] for row in begun] == [1, 3, 4, 5, None]
    first = begun[0]
    assert first is not None
    # Put back it still comes before the second one.
    one.put_back(first, 10)
    assert two.claim() is None
    clock.pass_by(11)
    again = two.claim()
    assert again is not None
    assert again.inbox_id == first.inbox_id
    assert one.claim() is None
    two.finish(again, "failed")
    second = one.claim()
    assert second is not None
    assert second.body["number"] == 2


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
    one.beat([claimed])
    clock.pass_by(SILENT_S - 1)
    assert two.recover() == 0
    clock.pass_by(2)
    assert two.recover() == 1
    assert not one.is_mine(claimed)


def test_what_a_living_process_works_on_no_more_waits_again_after_a_while(
    one: SlackInbox, clock: Clock, engine: Engine
) -> None:
    for number in (1, 2):
        one.keep(arrival(number))
        clock.pass_by(1)
    lost, at_work = one.claim(), one.claim()
    assert lost is not None
    assert at_work is not None
    clock.pass_by(SILENT_S - 10)
    one.beat([at_work])
    assert one.recover() == 0
    clock.pass_by(11)
    one.beat([at_work])
    assert one.recover() == 1
    assert state(engine) == [("waiting", 1), ("working", 1)]
    assert one.is_mine(at_work)
    assert not one.is_mine(lost)


class Interrupted(SlackInbox):
    """An inbox whose database is away at the end of the first answer."""

    failures = 0

    def finish(self, claimed: Claimed, ending: Ending) -> bool:
        if claimed.attempts == 1:
            self.failures += 1
            raise ServiceUnavailable("The database does not answer.")
        return super().finish(claimed, ending)


def test_an_answer_whose_end_could_not_be_written_is_taken_up_again_by_its_own_process(
    engine: Engine, data_dir: Path, alive: set[str], clock: Clock
) -> None:
    process = Process(engine, data_dir, "one", alive, clock)
    inbox = Interrupted(engine, data_dir, process, clock)
    inbox.keep(arrival())
    begun: list[int] = []

    def reply(job: Job) -> Outcome:
        begun.append(job.claimed.attempts)
        return "done"

    workers = AnswerWorkers(inbox, reply, 1, keeping_s=0.01)
    workers.start()
    wait_for(lambda: inbox.failures == 2)
    clock.pass_by(SILENT_S + 1)
    wait_for(lambda: state(engine) == [("done", 2)])
    assert begun == [1, 2]
    assert workers.stop(60)
    # The keeper may be using the database still.
    wait_for(lambda: not [one for one in threading.enumerate() if one.name.startswith("slack-")])


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


def test_the_keys_are_all_that_is_kept_of_what_is_done(one: SlackInbox, engine: Engine) -> None:
    for number in range(5):
        one.keep(arrival(number))
    while (claimed := one.claim()) is not None:
        one.finish(claimed, "done")
    with engine.connect() as connection:
        longest = connection.execute(select(func.max(func.length(slack_inbox.c.body)))).scalar()
    assert longest == 2
