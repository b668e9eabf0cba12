"""Counts each person's questions in the database, so that a limit holds over tabs, processes and restarts."""

from pathlib import Path

from sqlalchemy import Engine


class RateLimiter:
    """The limits of one data folder."""

    def __init__(self, engine: Engine, data_dir: Path) -> None:
        self._engine = engine
        self._data_dir = data_dir
