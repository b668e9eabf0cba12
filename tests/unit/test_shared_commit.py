"""Writes of many threads in one commit: each gets its own result or problem, and nothing half-done is left."""

from concurrent.futures import ThreadPoolExecutor
from threading import Event
from typing import Any

import pytest
from sqlalchemy import Connection, event, insert, select

from app.shared_commit import SharedCommit
from core.errors import UsageError
from index.catalogue import Catalogue
from index.schema import meta

pytestmark = pytest.mark.usefixtures("each_database")


def store(key: str) -> Any:
    def work(connection: Connection) -> str:
        connection.execute(insert(meta).values(key=key, value="x"))
        if key.startswith("bad"):
            raise UsageError(f"{key} is bad.")
        return key

    return work


def keys(catalogue: Catalogue) -> set[str]:
    with catalogue.engine.connect() as connection:
        found = connection.scalars(select(meta.c.key).where(meta.c.value == "x"))
        return set(found)


def test_many_writes_that_wait_are_one_commit_and_each_has_its_own_result(
    catalogue: Catalogue,
) -> None:
    shared = SharedCommit(catalogue.engine, catalogue.data_dir)
    begun, go_on = Event(), Event()

    def slow(connection: Connection) -> str:
        begun.set()
        assert go_on.wait(60)
        return str(store("first")(connection))

    commits: list[object] = []
    event.listen(catalogue.engine, "commit", commits.append)
    with ThreadPoolExecutor(10) as pool:
        first = pool.submit(shared.write, slow)
        assert begun.wait(60)
        others = [pool.submit(shared.write, store(f"k{n}")) for n in range(8)]
        while len(shared._waiting) < 8:
            pass
        go_on.set()
        results = [first.result(), *(other.result() for other in others)]
    assert results == ["first", *(f"k{n}" for n in range(8))]
    assert keys(catalogue) == set(results)
    assert len(commits) == 2


def test_one_that_cannot_be_stored_takes_no_other_along(catalogue: Catalogue) -> None:
    shared = SharedCommit(catalogue.engine, catalogue.data_dir)
    names = [f"{'bad' if n % 3 == 0 else 'good'}{n}" for n in range(12)]
    with ThreadPoolExecutor(12) as pool:
        jobs = {name: pool.submit(shared.write, store(name)) for name in names}
    for name, job in jobs.items():
        if name.startswith("bad"):
            with pytest.raises(UsageError, match=name):
                job.result()
        else:
            assert job.result() == name
    assert keys(catalogue) == {name for name in names if name.startswith("good")}


def test_a_thread_that_is_ended_leaves_the_others_waiting_and_nothing_lost(
    catalogue: Catalogue,
) -> None:
    shared = SharedCommit(catalogue.engine, catalogue.data_dir)

    def ended(connection: Connection) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        shared.write(ended)
    # What the ended thread wanted is nobody's any more.
    assert shared.write(store("after")) == "after"
    assert keys(catalogue) == {"after"}
