"""Opens the catalogue of a folder in the database that a test runs on: its `each_database` chose it."""

import os
from pathlib import Path

from postgres_server import PostgresServer
from sqlalchemy import Engine

import index.database
from index.copying import copy_catalogue
from index.database import DATABASE_NAME, open_file

SERVER: PostgresServer | None = None
_URLS: dict[tuple[str, Path], str] = {}


def database_url(data_dir: Path) -> str:
    """Return the address of a folder's database, '' for SQLite: that of the settings for a test's first folder."""
    url = os.environ.get("FOOTNOTE_DATABASE_URL", "")
    if not url or SERVER is None:
        return url
    key = (url, data_dir.absolute())
    if key not in _URLS:
        is_first = all(other != url for other, _ in _URLS)
        _URLS[key] = url if is_first else SERVER.url(SERVER.lend())
    return _URLS[key]


def open_database(data_dir: Path, *, create: bool = True) -> Engine:
    engine = index.database.open_database(data_dir, create=create, url=database_url(data_dir))
    if engine.dialect.name != "sqlite":
        # Of a server, a process has one engine: a test that disposes of its own would cut off its other threads.
        vars(engine)["dispose"] = lambda: None
    return engine


def move_catalogue(data_dir: Path) -> None:
    """Put the catalogue of a folder into the server that the test runs on, if it does."""
    if not (url := database_url(data_dir)):
        return
    path = data_dir / DATABASE_NAME
    file = open_file(path, str(path))
    copy_catalogue(file, index.database.open_database(data_dir, url=url))
    file.dispose()
    for left in data_dir.glob(f"{DATABASE_NAME}*"):
        left.unlink()
