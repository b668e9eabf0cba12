"""Connects to a PostgreSQL server that holds the catalogue, for several machines that share one.

What SQLite gives to the rest of the program holds here too:

    reading    a read-only transaction sees one moment of the database (REPEATABLE READ)
    writing    one writer at a time, whatever machine it is on: an advisory lock is the first thing that a write
               takes, so that it sees all that was committed and nobody overwrites what it has not seen
    text       is ordered and compared by its code points (COLLATE "C"), whatever the server's language
    errors     of server and driver become sentences of `core.errors`; none of them has the password in it
"""

import os
from collections.abc import Mapping
from functools import cache, partial
from threading import Lock
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url, text
from sqlalchemy.engine import ExceptionContext
from sqlalchemy.exc import ArgumentError, DBAPIError, IntegrityError

from core.errors import (
    ConfigError,
    DataFolderError,
    FolderBusy,
    FootnoteError,
    ServiceUnavailable,
    StorageFull,
)

_LOCK_TIMEOUT_S = 15
_WRITER = 7_166_001
"""Number of the advisory lock that a write holds; the locks of whole runs are in `ingest.writer_lock`."""
_BEGIN_WRITE = (
    "SET TRANSACTION ISOLATION LEVEL READ COMMITTED, READ WRITE; "
    f"SET LOCAL lock_timeout = '{_LOCK_TIMEOUT_S}s'; "
    f"SELECT pg_advisory_xact_lock({_WRITER})"
)
_CONNECT: Mapping[str, str | int] = {
    "application_name": "footnote",
    "connect_timeout": 10,
    # A machine that vanished holds its locks until the server notices.
    "keepalives_idle": 30,
    "keepalives_interval": 10,
    "keepalives_count": 3,
    "client_encoding": "utf8",
}
_POOL_SIZE, _MOST_CONNECTIONS = 5, 40
_RECYCLE_S = 1800
_ENGINES: dict[tuple[int, str], Engine] = {}
_STOPPED: dict[str, FootnoteError] = {}
_OPENING = Lock()
_SCHEMES = ("postgresql", "postgres", "postgresql+psycopg")


def read_url(url: str) -> URL:
    """Read the address of a database.

    Raises:
        ConfigError: it is none of PostgreSQL, or the driver is not installed; the message does not repeat it.
    """
    try:
        read = make_url(url)
    except (ArgumentError, ValueError):
        read = None
    if read is None or read.drivername not in _SCHEMES or not (read.database or "").strip():
        # The address may have a password in it: it is not shown.
        raise ConfigError(
            "FOOTNOTE_DATABASE_URL is not the address of a PostgreSQL database. Set it to "
            "postgresql://USER:PASSWORD@HOST:5432/DATABASE with special characters as %XX, or leave it empty for "
            "SQLite in the data folder."
        )
    try:
        import psycopg  # noqa: F401  # SQLAlchemy imports it later, where its absence is no sentence
    except ImportError as error:
        raise ConfigError(
            "FOOTNOTE_DATABASE_URL is set, and the driver for PostgreSQL is not installed. "
            "Run: pip install 'footnote[postgres]'"
        ) from error
    return read.set(drivername="postgresql+psycopg")


def name_of(url: URL) -> str:
    """Return what a person calls the database: its name and where it is, without user and password."""
    host = url.query.get("host") or url.host or "this machine"
    place = host if isinstance(host, str) else host[0]
    return f"{url.database!r} on {place}{f':{url.port}' if url.port else ''}"


def open_postgres(url: str) -> Engine:
    """Return the engine of a database; a process has one for each, whatever part of it asks.

    Nothing is connected yet: whatever goes wrong later is a FootnoteError too.

    Raises:
        ConfigError: see `read_url`.
    """
    # A process that was forked must not use its parent's connections.
    key = (os.getpid(), url)
    with _OPENING:
        if key not in _ENGINES:
            _ENGINES[key] = _make_engine(url)
        return _ENGINES[key]


def forget_engines() -> None:
    """Close the connections of this process to every database, for tests that remove databases."""
    with _OPENING:
        engines = [engine for (process, _), engine in _ENGINES.items() if process == os.getpid()]
        _ENGINES.clear()
    for engine in engines:
        engine.pool.dispose()


def connect_alone(url: str, name: str) -> Any:
    """Return a driver's connection outside the pool, on which each statement is a transaction of its own.

    Raises:
        FootnoteError: the database cannot be reached.
    """
    import psycopg

    engine = open_postgres(url)
    args, given = engine.dialect.create_connect_args(engine.url)
    options: dict[str, Any] = {**_CONNECT, **given, "application_name": name}
    try:
        return psycopg.connect(*args, **options, autocommit=True)
    except psycopg.Error as error:
        raise _sentence(error, engine.url) from error


def stop_writes(url: str, why: FootnoteError | None) -> None:
    """Let every further write of this process to a database fail with an error; None lets them through again."""
    if why is None:
        _STOPPED.pop(url, None)
    else:
        _STOPPED[url] = why


def _make_engine(url: str) -> Engine:
    read = read_url(url)
    given = {name: value for name, value in _CONNECT.items() if name not in read.query}
    engine = create_engine(
        read,
        isolation_level="REPEATABLE READ",
        connect_args=given,
        pool_size=_POOL_SIZE,
        max_overflow=_MOST_CONNECTIONS - _POOL_SIZE,
        pool_timeout=_LOCK_TIMEOUT_S,
        pool_pre_ping=True,
        pool_recycle=_RECYCLE_S,
        hide_parameters=True,
    )
    event.listen(engine, "connect", _configure)
    event.listen(engine, "begin", partial(_begin, url))
    event.listen(engine, "handle_error", partial(_translate, read))
    return engine


def describe(connection: Connection) -> str:
    """Return in a few words which server it is, and how many of its connections are in use."""
    version, used, most = connection.execute(
        text(
            "SELECT current_setting('server_version'), count(*), current_setting('max_connections') "
            "FROM pg_stat_activity WHERE backend_type = 'client backend'"
        )
    ).one()
    words = str(version).split(" ")[0]
    return (
        f"PostgreSQL {words}, {name_of(connection.engine.url)}, {used} of {most} connections in use"
    )


def finish_schema(connection: Connection) -> None:
    """Make of the migrations' schema what PostgreSQL needs; what is so already is left alone.

    Text is compared by code points. Indexes hold nothing that a document can make longer than their limit, 2,704
    bytes: titles, addresses and lists of readers.
    """
    for table, column in connection.execute(text(_OTHERWISE_ORDERED)).all():
        # The names are those of the migrations.
        connection.execute(
            text(f'ALTER TABLE "{table}" ALTER COLUMN "{column}" TYPE text COLLATE "C"')
        )
    for statement in _SHORT_INDEXES:
        connection.execute(text(statement))


_OTHERWISE_ORDERED = """
SELECT table_name, column_name FROM information_schema.columns
WHERE table_schema = current_schema() AND data_type IN ('character varying', 'text')
  AND collation_name IS DISTINCT FROM 'C' AND table_name <> 'alembic_version'
ORDER BY table_name, column_name"""
# A document's id is the hash of its source and address, so that these are unique without an index of their own.
_SHORT_INDEXES = (
    "ALTER TABLE documents DROP CONSTRAINT IF EXISTS uq_documents_source_uri",
    "CREATE INDEX IF NOT EXISTS ix_documents_uri ON documents USING hash (uri)",
    "DROP INDEX IF EXISTS ix_documents_listed",
    "CREATE INDEX ix_documents_listed ON documents (source, status, reason, updated_at, doc_id)",
    "ALTER TABLE containers DROP CONSTRAINT IF EXISTS containers_pkey",
    "CREATE UNIQUE INDEX IF NOT EXISTS uq_containers ON containers (source, md5(uri))",
)


def _configure(connection: Any, _record: object) -> None:
    connection.read_only = True
    connection.adapters.register_dumper(str, _text_dumper())
    connection.adapters.register_loader("numeric", _number_loader())


def _begin(url: str, connection: Connection) -> None:
    if connection.get_execution_options().get("footnote_write", False):
        if url in _STOPPED:
            raise _STOPPED[url]
        connection.exec_driver_sql(_BEGIN_WRITE)


@cache
def _text_dumper() -> type:
    from psycopg.types.string import StrDumper

    class StorableText(StrDumper):
        """Text for a server that stores no NUL: it becomes the sign for what cannot be shown."""

        def dump(self, obj: str) -> Any:
            return super().dump(obj.replace("\0", "\ufffd") if "\0" in obj else obj)

    return StorableText


@cache
def _number_loader() -> type:
    from psycopg.adapt import Loader

    class PlainNumber(Loader):
        """A sum of whole numbers, which PostgreSQL gives as a decimal."""

        def load(self, data: Any) -> int | float:
            written = bytes(data)
            return int(written) if written.lstrip(b"-").isdigit() else float(written)

    return PlainNumber


# --- errors --------------------------------------------------------------------------------------------


def _translate(url: URL, context: ExceptionContext) -> None:
    """Raise the sentence in the place of a driver's error; SQLAlchemy still drops connections that broke."""
    error = context.original_exception
    # Callers know what a row that is there already means to them.
    if isinstance(context.sqlalchemy_exception, DBAPIError) and not isinstance(
        context.sqlalchemy_exception, IntegrityError
    ):
        raise _sentence(error, url) from error


def _sentence(error: BaseException, url: URL) -> FootnoteError:
    state = str(getattr(error, "sqlstate", None) or "")
    said = " ".join(str(error).split())
    if url.password:
        said = said.replace(str(url.password), "***")
    where = f"The database {name_of(url)}"
    for states, make in _BY_STATE:
        if state.startswith(states):
            return make(where, said)
    if not state:
        return _not_connected(where, said, url)
    return DataFolderError(f"{where} refused what was asked of it ({said}).")


def _not_connected(where: str, said: str, url: URL) -> FootnoteError:
    """Say why there is no connection; the server's words come without a code here."""
    lowered = said.lower()
    if "authentication failed" in lowered or "no password supplied" in lowered:
        return ConfigError(
            f"{where} does not let {url.username or 'this user'!r} in: the password or the user in "
            "FOOTNOTE_DATABASE_URL is wrong."
        )
    if "does not exist" in lowered or "pg_hba.conf" in lowered or "permission denied" in lowered:
        return ConfigError(
            f"{where} cannot be opened ({said}). Create it, or correct FOOTNOTE_DATABASE_URL."
        )
    return _down(where, said)


def _down(where: str, said: str) -> FootnoteError:
    return ServiceUnavailable(
        f"{where} does not answer ({said}). Start the server, or correct FOOTNOTE_DATABASE_URL; what was stored stays."
    )


def _full(where: str, said: str) -> FootnoteError:
    return StorageFull(
        f"{where} has no room left ({said}). Nothing that was stored is lost: free some space on the server and "
        "run the command again."
    )


def _busy(where: str, _said: str) -> FootnoteError:
    return FolderBusy(
        f"Another process has been writing to the database for {_LOCK_TIMEOUT_S} s: {where[4:]} is busy. "
        "Wait for it to end and run again."
    )


def _forbidden(where: str, said: str) -> FootnoteError:
    return ConfigError(
        f"{where} does not allow this ({said}). Let the user of FOOTNOTE_DATABASE_URL own the database, and use "
        "the server that takes writes."
    )


def _unfit(where: str, said: str) -> FootnoteError:
    return DataFolderError(
        f"{where} does not have the tables of this Footnote ({said}). Restore it from a backup, or name an empty "
        "database."
    )


_BY_STATE = (
    (("53100",), _full),
    (("55P03",), _busy),
    (("28", "3D"), lambda where, said: ConfigError(f"{where} cannot be opened ({said}).")),
    (("42501", "25006"), _forbidden),
    (("42P01", "42703", "3F"), _unfit),
    (("08", "53", "57", "58"), _down),
)
