"""Who has logged in, with which groups, and who may not any more."""

from pathlib import Path

from sqlalchemy import Engine


class People:
    """The people of one data folder."""

    def __init__(self, engine: Engine, data_dir: Path) -> None:
        self._engine = engine
        self._data_dir = data_dir
