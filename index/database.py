"""Opens the catalogue's database, brought to the newest schema: a SQLite file in the data folder, or PostgreSQL.

SQLite runs in WAL mode with `synchronous=FULL`: what was committed survives a crash and a power loss, and
readers never wait for the writer (https://sqlite.org/wal.html). `index.postgres` gives the same on a server.
"""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, inspect, text
from sqlalchemy.exc import DatabaseError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from core.errors import (
    ConfigError,
    DataFolderError,
    FolderBusy,
    NewerDataError,
    ServiceUnavailable,
    StorageFull,
)
from index.dialects import POSTGRESQL
from index.postgres import describe, finish_schema, name_of, open_postgres

DATABASE_NAME = "footnote.db"
SCHEMA_VERSION = "0008"
"""Revision of the newest migration in `index/migrations/versions`."""

_BUSY_TIMEOUT_MS = 15_000


def open_database(data_dir: Path, *, create: bool = True, url: str = "") -> Engine:
    """Open the catalogue of a data folder, creating or upgrading it first.

    `url` is the address of a PostgreSQL database; without one it is a SQLite file in the folder.

    Raises:
        DataFolderError: the folder or the database cannot be used; its subclasses say why.
        ConfigError: the address is none, or does not let this user in.
        ServiceUnavailable: the server does not answer.
    """
    return _on_server(data_dir, url, create=create) if url else _in_folder(data_dir, create=create)


def _in_folder(data_dir: Path, *, create: bool) -> Engine:
    path = data_dir / DATABASE_NAME
    if not create and not path.exists():
        raise DataFolderError(
            f"There is no knowledge base in {str(data_dir)!r} yet. "
            "Run `footnote ingest FOLDER` first, or set FOOTNOTE_DATA_DIR to the folder that has one."
        )
    with storage_errors(data_dir):
        data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
        return open_file(path, f"The data folder {str(data_dir)!r}")


def open_file(path: Path, what: str) -> Engine:
    """Open a SQLite file, creating or upgrading it first; `what` names it to a person.

    Raises:
        NewerDataError: a newer Footnote wrote it.
    """
    engine = create_engine(f"sqlite:///{path}")
    event.listen(engine, "connect", _configure_sqlite)
    event.listen(engine, "begin", _begin)
    _upgrade(engine, what)
    return engine


def _on_server(data_dir: Path, url: str, *, create: bool) -> Engine:
    engine = open_postgres(url)
    with storage_errors(data_dir):
        # Prompts, originals and search indexes stay in the folder.
        data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    with engine.connect() as connection:
        version = _stored_version(connection)
        encoding = str(connection.execute(text("SHOW server_encoding")).scalar())
    if encoding != "UTF8":
        raise ConfigError(
            f"The database {name_of(engine.url)} stores text as {encoding}. Create it with ENCODING 'UTF8'."
        )
    if not create and not version:
        raise DataFolderError(
            f"There is no knowledge base in the database {name_of(engine.url)} yet. "
            "Run `footnote ingest FOLDER` first, or set FOOTNOTE_DATABASE_URL to the database that has one."
        )
    _upgrade(engine, f"The database {name_of(engine.url)}", version)
    return engine


def describe_database(engine: Engine) -> str:
    """Return in a sentence's words which database it is, its schema, and how fast it answers."""
    with engine.connect() as connection:
        if engine.dialect.name == POSTGRESQL:
            what = describe(connection)
        else:
            what = f"SQLite {connection.exec_driver_sql('SELECT sqlite_version()').scalar()} in the data folder"
        version = _stored_version(connection)
        started = time.perf_counter()
        connection.execute(text("SELECT 1")).scalar()
        took_ms = (time.perf_counter() - started) * 1000
    return f"{what}; schema {version}; answers in {took_ms:.1f} ms"


@contextmanager
def storage_errors(data_dir: Path) -> Iterator[None]:
    """Translate the operating system's and the driver's errors into the tree of `core.errors`."""
    try:
        yield
    except OperationalError as error:
        raise _translated(str(error.orig), data_dir) from error
    except DatabaseError as error:
        raise _translated(str(error.orig), data_dir) from error
    except PoolTimeout as error:
        raise ServiceUnavailable(
            "All connections of this process to the database are in use. Try again in a moment."
        ) from error
    except OSError as error:
        raise _translated(error.strerror or str(error), data_dir) from error


def sync_to_disk(path: Path) -> None:
    """Return when a file's content, or a folder's list of names, would survive a power loss."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def writing(engine: Engine) -> Iterator[Connection]:
    """One write transaction; takes the write lock at once, so that it cannot fail half-way on it."""
    with engine.connect() as connection:
        connection.execution_options(footnote_write=True)
        with connection.begin():
            yield connection


def _translated(message: str, data_dir: Path) -> DataFolderError:
    lowered = message.lower()
    folder = str(data_dir)
    # SQLite does not say why it cannot make a file.
    cannot_open = "unable to open" in lowered
    is_full = any(word in lowered for word in ("full", "no space", "quota", "disk i/o"))
    if is_full or (cannot_open and _takes_no_more(data_dir)):
        return StorageFull(
            f"The disk that holds {folder!r} is full or does not take more ({message}). Nothing that was "
            "stored is lost: free some space and run the command again."
        )
    if "locked" in lowered or "busy" in lowered:
        return FolderBusy(
            f"Another process holds the catalogue in {folder!r}. Wait for it to end and run again."
        )
    if cannot_open or any(word in lowered for word in ("readonly", "read-only", "permission")):
        return DataFolderError(
            f"{folder!r} cannot be written ({message}). Give this user write permission to it, "
            "or set FOOTNOTE_DATA_DIR to another folder."
        )
    if "malformed" in lowered or "not a database" in lowered or "disk image" in lowered:
        return DataFolderError(
            f"The catalogue in {folder!r} is damaged ({message}). Restore it from a backup, or move "
            "the folder away and ingest again."
        )
    return DataFolderError(f"The data folder {folder!r} cannot be used: {message}.")


def _takes_no_more(folder: Path) -> bool:
    """Whether a disk has no room left, for bytes or (where they are counted) for files."""
    try:
        disk = os.statvfs(folder)
    except OSError:
        return False
    return not disk.f_bavail or bool(disk.f_files and not disk.f_favail)


def _configure_sqlite(connection: Any, _record: object) -> None:
    # SQLAlchemy must not start transactions by itself: `_begin` does, with the right kind of lock.
    connection.isolation_level = None
    cursor = connection.cursor()
    cursor.execute(f"PRAGMA busy_timeout={_BUSY_TIMEOUT_MS}")
    cursor.execute("PRAGMA journal_mode=WAL")
    cursor.execute("PRAGMA synchronous=FULL")
    cursor.execute("PRAGMA foreign_keys=ON")
    cursor.close()


def _begin(connection: Connection) -> None:
    write = connection.get_execution_options().get("footnote_write", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if write else "BEGIN")


def _upgrade(engine: Engine, what: str, version: str | None = None) -> None:
    current = _schema_version(engine) if version is None else version
    if current == SCHEMA_VERSION:
        return
    if current > SCHEMA_VERSION:
        raise NewerDataError(
            f"{what} was written by a newer Footnote (schema {current}, this one knows {SCHEMA_VERSION}). "
            "Upgrade Footnote, or use another one."
        )
    with writing(engine) as connection:
        # Another process may have upgraded while this one waited for the lock.
        if _stored_version(connection) != SCHEMA_VERSION:
            _run_migrations(connection)


def _schema_version(engine: Engine) -> str:
    with engine.connect() as connection:
        return _stored_version(connection)


def _stored_version(connection: Connection) -> str:
    if not inspect(connection).has_table("alembic_version"):
        return ""
    found = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
    return str(found or "")


def _run_migrations(connection: Connection) -> None:
    # Alembic takes 0.3 s to import and is needed once in the life of a data folder.
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
    if connection.dialect.name == POSTGRESQL:
        finish_schema(connection)
