"""Which of the bot's processes live: on one machine by files, with a server by locks of connections."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from databases import database_url, open_database
from postgres_server import PostgresServer, running_server
from slack_bot import wait_for
from sqlalchemy import Engine

import index.database
import index.postgres
from app.slack.presence import (
    FOLDER,
    LOCKS,
    MISSING_S,
    FilePresence,
    Presence,
    ServerPresence,
    presence_over,
)
from core.errors import FootnoteError, ServiceUnavailable
from core.settings import load_settings
from index.run_lock import REEMBEDDING, RUN

_HOLD = """
import sys
from app.slack.presence import presence_over
from core.settings import load_settings
from index.database import open_database
settings = load_settings()
engine = open_database(settings.data_dir, url=settings.database_url.get_secret_value())
presence = presence_over(engine, settings)
presence.begin()
print(presence.name, flush=True)
sys.stdin.readline()
"""


class Moment:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def engine(each_database: str, data_dir: Path) -> Engine:
    return open_database(data_dir)


def server_presence(engine: Engine, data_dir: Path, clock: Callable[[], float]) -> ServerPresence:
    return ServerPresence(engine, database_url(data_dir), clock)


def lives_no_more(presence: Presence, name: str) -> bool:
    """Whether a process is dead, without the time that one with a server is waited for."""
    if isinstance(presence, ServerPresence):
        moment = Moment()
        presence._clock = moment
        assert presence.lives(name), "nobody is dead at the first look"
        moment.now += MISSING_S
    return not presence.lives(name)


def test_a_process_lives_until_it_is_killed(engine: Engine, data_dir: Path, root: Path) -> None:
    presence = presence_over(engine, load_settings())
    presence.begin()
    with subprocess.Popen(
        [sys.executable, "-c", _HOLD],
        cwd=root,
        env={**os.environ, "FOOTNOTE_DATABASE_URL": database_url(data_dir)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as child:
        assert child.stdout is not None
        name = child.stdout.readline().strip()
        assert name
        assert presence.lives(name)
        child.kill()
        child.wait()
    wait_for(lambda: lives_no_more(presence, name))
    assert presence.lives(presence.name)
    presence.end()
    assert lives_no_more(presence, presence.name)


def test_each_database_has_the_presence_that_reaches_as_far(
    engine: Engine, each_database: str
) -> None:
    kinds = {"sqlite": FilePresence, "postgres": ServerPresence}
    assert isinstance(presence_over(engine, load_settings()), kinds[each_database])


def test_an_unknown_process_does_not_live(engine: Engine) -> None:
    presence = presence_over(engine, load_settings())
    presence.begin()
    assert lives_no_more(presence, "never-was")
    presence.end()


def test_whoever_ended_is_not_brought_back_by_a_late_beat(engine: Engine) -> None:
    presence = presence_over(engine, load_settings())
    presence.begin()
    presence.end()
    presence.keep()
    presence.end()
    assert lives_no_more(presence, presence.name)


def test_on_one_machine_nothing_is_left_of_a_process_that_ended(data_dir: Path) -> None:
    presence = FilePresence(data_dir)
    presence.begin()
    assert not presence.lives("never-was")
    assert [path.name for path in (data_dir / FOLDER).iterdir()] == [presence.name]
    presence.end()
    assert list((data_dir / FOLDER).iterdir()) == []


# --- with a server --------------------------------------------------------------------------------------------------


@pytest.fixture
def url(postgres_url: str) -> str:
    return postgres_url


@pytest.fixture
def moment() -> Moment:
    return Moment()


@pytest.fixture
def two(url: str, data_dir: Path, moment: Moment) -> Iterator[list[ServerPresence]]:
    """Two processes with nothing in common but the database."""
    made = [
        ServerPresence(index.database.open_database(data_dir / name, url=url), url, moment)
        for name in ("one", "two")
    ]
    for presence in made:
        presence.begin()
    yield made
    for presence in made:
        presence.end()


def cut(postgres: PostgresServer, presence: ServerPresence) -> None:
    """End the connection of a process at the server."""
    named = f"application_name = 'footnote slack {presence.name}'"
    found = postgres.execute(
        f"SELECT pg_terminate_backend(pid, 30000) FROM pg_stat_activity WHERE {named}"
    )
    assert found == [(True,)]


def test_processes_of_two_machines_see_each_other(
    two: list[ServerPresence], moment: Moment
) -> None:
    one, other = two
    for _ in range(3):
        assert one.lives(other.name)
        assert other.lives(one.name)
        moment.now += 2 * MISSING_S


def test_a_process_that_lost_its_connection_lives_on_and_takes_its_lock_back(
    two: list[ServerPresence], postgres: PostgresServer, moment: Moment
) -> None:
    one, other = two
    for _ in range(3):
        cut(postgres, one)
        assert other.lives(one.name), "it had no time to come back"
        moment.now += MISSING_S - 1
        assert other.lives(one.name)
        one.keep()
        moment.now += 2
        assert other.lives(one.name)
        assert other._missing == {}


def test_a_process_whose_lock_stays_away_is_dead(
    two: list[ServerPresence], postgres: PostgresServer, moment: Moment
) -> None:
    one, other = two
    cut(postgres, one)
    seen = []
    for _ in range(6):
        seen.append(other.lives(one.name))
        moment.now += 5
    assert seen == [True] * 4 + [False] * 2


def test_two_short_absences_with_no_look_between_them_are_no_death(
    two: list[ServerPresence], postgres: PostgresServer, moment: Moment
) -> None:
    one, other = two
    cut(postgres, one)
    assert other.lives(one.name)
    one.keep()
    moment.now += 100 * MISSING_S
    cut(postgres, one)
    assert other.lives(one.name)


def test_where_a_lost_connection_still_holds_the_lock_the_next_beat_takes_it(
    two: list[ServerPresence], postgres: PostgresServer, url: str
) -> None:
    one, other = two
    cut(postgres, one)
    ghost = index.postgres.connect_alone(url, "of another machine's cut cable")
    assert ghost.execute(one._lock._take).fetchone() == (True,)
    one.keep()
    assert other.lives(one.name), "the ghost holds it"
    ghost.close()
    wait_for(lambda: not is_seen(other, one))
    one.keep()
    assert is_seen(other, one)


def is_seen(by: ServerPresence, presence: ServerPresence) -> bool:
    """Whether a process is seen with its lock at this moment."""
    by.lives(presence.name)
    return presence.name not in by._missing


def test_a_server_that_is_started_again_costs_nobody_their_life(
    data_dir: Path, moment: Moment
) -> None:
    with running_server() as server:
        if server is None:
            pytest.skip("there is no PostgreSQL server here")
        url = server.url(server.database())
        engine = index.database.open_database(data_dir, url=url)
        one, other = (ServerPresence(engine, url, moment) for _ in range(2))
        one.begin()
        other.begin()
        server.stop()
        for act in (one.keep, lambda: other.lives(one.name)):
            with pytest.raises(ServiceUnavailable):
                act()
        server.start()
        assert other.lives(one.name)
        one.keep()
        assert is_seen(other, one)
        other.end()
        one.end()
        index.postgres.forget_engines()


def test_a_connection_that_is_cut_as_soon_as_it_is_made_is_a_sentence_and_made_again(
    two: list[ServerPresence], postgres: PostgresServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, other = two

    def cut_at_once(url: str, name: str) -> Any:
        made = index.postgres.connect_alone(url, name)
        cut(postgres, one)
        return made

    cut(postgres, one)
    with monkeypatch.context() as patch:
        patch.setattr("index.session_lock.connect_alone", cut_at_once)
        with pytest.raises(ServiceUnavailable, match="ended the connection"):
            one.keep()
    assert not is_seen(other, one)
    one.keep()
    assert is_seen(other, one)


def test_a_bot_begins_with_a_sentence_where_the_server_is_down(engine: Engine) -> None:
    presence = ServerPresence(engine, "postgresql://ann:hunter2@127.0.0.1:1/kb")
    with pytest.raises(FootnoteError, match="does not answer") as caught:
        presence.begin()
    assert "hunter2" not in str(caught.value)


def test_the_locks_of_bots_are_no_others(
    two: list[ServerPresence], postgres: PostgresServer, url: str
) -> None:
    other_class = "SELECT pg_try_advisory_lock({}, {})"
    one = two[0]
    number = int(one._lock._take.rpartition(",")[2].strip(" )"))
    connection = index.postgres.connect_alone(url, "somebody else")
    for taken in (
        f"SELECT pg_try_advisory_lock({RUN})",
        f"SELECT pg_try_advisory_lock({REEMBEDDING})",
        f"SELECT pg_try_advisory_lock({(LOCKS << 32) | number})",
        other_class.format(LOCKS + 1, number),
    ):
        assert connection.execute(taken).fetchone() == (True,)
    one.end()
    assert not is_seen(two[1], one)
    connection.close()
