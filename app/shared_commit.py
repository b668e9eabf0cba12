"""Writes what many threads say at once in one commit: each waits for it, and the disk is waited for once.

    thread ──▶ waiting ──┐
    thread ──▶ waiting ──┼─▶ one of them writes for all ──commit──▶ each goes on with its own result
    thread ──▶ waiting ──┘

Nobody is told that something is stored before it is. Where a commit fails, each is written again by itself, so that
one that cannot be stored takes no other along.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock
from typing import Any

from sqlalchemy import Connection, Engine

from index.database import storage_errors, writing

Work = Callable[[Connection], Any]


@dataclass(slots=True)
class _Ticket:
    work: Work
    is_done: bool = False
    result: Any = None
    problem: Exception | None = field(default=None)


class SharedCommit:
    """The writes of one kind to one database, of all threads of this process."""

    def __init__(self, engine: Engine, data_dir: Path) -> None:
        self._engine = engine
        self._data_dir = data_dir
        self._waiting: list[_Ticket] = []
        self._guard = Lock()
        self._turn = Lock()

    def write(self, work: Work) -> Any:
        """Do some work in a write transaction and return its result when it is durable.

        `work` may be done a second time, with nothing left of the first.

        Raises:
            DataFolderError: the database does not take it, or whatever the work raised.
        """
        ticket = _Ticket(work)
        with self._guard:
            self._waiting.append(ticket)
        with self._turn:
            if not ticket.is_done:
                self._write_waiting(ticket)
        if ticket.problem is not None:
            raise ticket.problem
        return ticket.result

    def _write_waiting(self, own: _Ticket) -> None:
        with self._guard:
            batch, self._waiting = self._waiting, []
        try:
            self._commit(batch)
        except Exception:  # noqa: BLE001 - each is told of its own below
            for ticket in batch:
                self._commit_alone(ticket)
        except BaseException:
            # This thread is to end, and what it wanted with it; the others are still waiting.
            left = [ticket for ticket in batch if ticket is not own and not ticket.is_done]
            with self._guard:
                self._waiting = left + self._waiting
            raise

    def _commit(self, batch: list[_Ticket]) -> None:
        with storage_errors(self._data_dir), writing(self._engine) as connection:
            results = [ticket.work(connection) for ticket in batch]
        for ticket, result in zip(batch, results, strict=True):
            ticket.result, ticket.is_done = result, True

    def _commit_alone(self, ticket: _Ticket) -> None:
        try:
            self._commit([ticket])
        except Exception as error:  # noqa: BLE001 - raised in the thread that waits for it
            ticket.problem, ticket.is_done = error, True
