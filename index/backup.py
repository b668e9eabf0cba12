"""Backups: one tar with a consistent snapshot of the catalogue, and the way back.

    contents.json    format, time, the prompts that answers name, and the SHA-256 of what follows
    footnote.db      the catalogue: documents, vectors, conversations, answers, feedback

A catalogue on a PostgreSQL server is copied into such a file row by row, and back: a backup moves a knowledge base
from the one to the other. The search indexes are left out: they are made again from the stored vectors, without embedding. An archive that is
restored is not trusted: two names are read and no path of it is used, sizes and hashes are checked before the
database is opened, and a database with anything but Footnote's tables is refused.
"""

import hashlib
import json
import os
import re
import sqlite3
import tarfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from typing import IO, Any

from sqlalchemy import Engine

from core.errors import DataFolderError, UsageError
from index.copying import copy_catalogue, first_filled
from index.database import DATABASE_NAME, SCHEMA_VERSION, open_database, open_file, sync_to_disk
from index.manifest import read_manifest
from index.postgres import name_of
from index.schema import metadata

CONTENTS = "contents.json"
_FORMAT = 1
_MAX_CONTENTS = 20_000_000
_BLOCK = 1 << 20
_PROMPTS = "prompts"
_PROMPT = re.compile(r"[a-z][a-z0-9_]{0,63}@([0-9a-f]{12})\.md")
_LABELS = "labels.json"
_RESTORING = f"{DATABASE_NAME}.restoring"
_BESIDE = ("", "-wal", "-shm", "-journal")
"""A database's file, and those that SQLite makes beside it."""
_LEFT = {f"{_RESTORING}{ending}" for ending in _BESIDE}
_MAY_BE_THERE = frozenset({"writer.lock", _PROMPTS, "lost+found", *_LEFT})
"""What does not keep a folder from being empty: the lock of this very run, and what a killed restore left."""


def write_backup(data_dir: Path, target: Path, url: str = "") -> dict[str, Any]:
    """Write a backup while the knowledge base is in use; return what is in it. Whole, or not there at all.

    `url` is the address of the catalogue's PostgreSQL database; without one it is in the folder.

    Raises:
        UsageError: the target exists, or cannot be written.
        DataFolderError: there is no knowledge base, or its catalogue is damaged.
    """
    source = data_dir / DATABASE_NAME
    if not url and not source.exists():
        raise DataFolderError(
            f"There is no knowledge base in {str(data_dir)!r}: nothing to back up."
        )
    if target.exists():
        raise UsageError(f"{str(target)!r} exists already. Name a new file for the backup.")
    snapshot, part = (target.with_name(f".{target.name}.{kind}") for kind in ("db", "part"))
    try:
        _private(snapshot)
        if url:
            _copy_server(open_database(data_dir, create=False, url=url), snapshot)
        else:
            _take_snapshot(source, snapshot)
        contents = _contents_of(snapshot) | {_PROMPTS: _kept_prompts(data_dir)}
        _private(part)
        _write_archive(part, snapshot, contents)
        sync_to_disk(part)
        part.replace(target)
        sync_to_disk(target.absolute().parent)
    except OSError as error:
        raise UsageError(
            f"The backup cannot be written to {str(target)!r} ({error.strerror or error}). Free some space, or name "
            "another file."
        ) from error
    except sqlite3.Error as error:
        raise DataFolderError(
            f"The catalogue in {str(data_dir)!r} cannot be read ({error}): it may be damaged, or the disk is full."
        ) from error
    finally:
        for path in (part, *_with_companions(snapshot)):
            path.unlink(missing_ok=True)
    return contents


def restore_backup(archive: Path, data_dir: Path, url: str = "") -> dict[str, Any]:
    """Put a backup's catalogue into an empty data folder; return what the archive says of itself.

    `url` is the address of an empty PostgreSQL database that takes the catalogue instead. The caller holds the
    writer's lock, and makes the indexes again.

    Raises:
        UsageError: the folder or the database is not empty, or the archive is not a backup, is damaged or was changed.
        DataFolderError: the folder cannot be written.
    """
    _check_empty(data_dir)
    server = _empty_server(data_dir, url) if url else None
    restoring = data_dir / _RESTORING
    try:
        with _opened(archive) as tar:
            contents, size, sha256 = _read_contents(tar, archive)
            _private(restoring)
            _extract_database(tar, archive, restoring, size, sha256)
        _check_database(restoring, archive)
        sync_to_disk(restoring)
        _restore_prompts(contents.get(_PROMPTS, {}), data_dir, archive)
        if server is not None:
            _copy_file(restoring, server, archive)
        else:
            restoring.replace(data_dir / DATABASE_NAME)
            sync_to_disk(data_dir)
    except (tarfile.TarError, EOFError) as error:
        raise _not_a_backup(archive, "it is not a whole tar file") from error
    except OSError as error:
        raise DataFolderError(
            f"{str(archive)!r} cannot be restored to {str(data_dir)!r} ({error.strerror or error})."
        ) from error
    finally:
        for path in _with_companions(restoring):
            path.unlink(missing_ok=True)
    return contents


def _with_companions(path: Path) -> list[Path]:
    return [path.with_name(path.name + ending) for ending in _BESIDE]


def _empty_server(data_dir: Path, url: str) -> Engine:
    engine = open_database(data_dir, url=url)
    filled = first_filled(engine)
    if filled is not None:
        raise UsageError(
            f"The database {name_of(engine.url)} is not empty ({filled!r} has rows). A backup is restored into an "
            "empty one only: set FOOTNOTE_DATABASE_URL to a new one."
        )
    return engine


def _copy_file(path: Path, server: Engine, archive: Path) -> None:
    """Copy a backup's catalogue, whatever schema it has, to a server."""
    file = open_file(path, f"The backup {str(archive)!r}")
    try:
        copy_catalogue(file, server)
    finally:
        file.dispose()


def _check_empty(data_dir: Path) -> None:
    found = sorted(path.name for path in data_dir.iterdir() if path.name not in _MAY_BE_THERE)
    if found:
        raise UsageError(
            f"The data folder {str(data_dir)!r} is not empty ({found[0]!r} is there). A backup is restored into an "
            "empty folder only: set FOOTNOTE_DATA_DIR to a new one."
        )


# --- writing ---------------------------------------------------------------------------------------


def _private(path: Path) -> None:
    """Make an empty file that only its owner reads: a backup has every document in it."""
    # What SQLite left beside an older one of this name would be taken for a part of the new one.
    for old in _with_companions(path):
        old.unlink(missing_ok=True)
    os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))


def _take_snapshot(source: Path, snapshot: Path) -> None:
    with (
        closing(sqlite3.connect(f"{source.absolute().as_uri()}?mode=ro", uri=True)) as live,
        closing(sqlite3.connect(snapshot)) as copy,
    ):
        live.backup(copy)
        # The copy has the mode of the original, in which it would be three files.
        copy.execute("PRAGMA journal_mode=DELETE")


def _copy_server(server: Engine, snapshot: Path) -> None:
    file = open_file(snapshot, "The backup")
    try:
        copy_catalogue(server, file)
    finally:
        file.dispose()
    with closing(sqlite3.connect(snapshot)) as copy:
        copy.execute("PRAGMA journal_mode=DELETE")


def _contents_of(snapshot: Path) -> dict[str, Any]:
    with snapshot.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    entry = {"name": DATABASE_NAME, "size": snapshot.stat().st_size, "sha256": digest}
    return {
        "format": _FORMAT,
        "schema": SCHEMA_VERSION,
        "created_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "files": [entry],
    }


def _kept_prompts(data_dir: Path) -> dict[str, str]:
    """Return the kept versions of prompts and their labels, by file name; answers name them."""
    folder = data_dir / _PROMPTS
    files = sorted(folder.iterdir()) if folder.is_dir() else []
    return {
        path.name: path.read_text(encoding="utf-8")
        for path in files
        if _PROMPT.fullmatch(path.name) or path.name == _LABELS
    }


def _restore_prompts(prompts: object, data_dir: Path, archive: Path) -> None:
    """Write kept prompts back; a name or a text that no backup of ours has refuses the whole."""
    if not isinstance(prompts, dict) or not all(isinstance(text, str) for text in prompts.values()):
        raise _not_a_backup(archive, "its prompts cannot be read")
    for name, text in prompts.items():
        kept = _PROMPT.fullmatch(name)
        if not kept and name != _LABELS:
            raise _not_a_backup(archive, f"it lists the prompt {name!r}")
        if kept and hashlib.sha256(text.encode()).hexdigest()[:12] != kept.group(1):
            raise _not_a_backup(archive, f"its prompt {name!r} is not what its name says")
    folder = data_dir / _PROMPTS
    for name, text in prompts.items():
        folder.mkdir(mode=0o700, exist_ok=True)
        _private(folder / name)
        (folder / name).write_text(text, encoding="utf-8")


def _write_archive(part: Path, snapshot: Path, contents: dict[str, Any]) -> None:
    described = json.dumps(contents, indent=1).encode("utf-8")
    with tarfile.open(part, "w") as tar:
        info = tarfile.TarInfo(CONTENTS)
        info.size, info.mode = len(described), 0o600
        tar.addfile(info, BytesIO(described))
        info = tarfile.TarInfo(DATABASE_NAME)
        info.size, info.mode = snapshot.stat().st_size, 0o600
        with snapshot.open("rb") as file:
            tar.addfile(info, file)


# --- reading ---------------------------------------------------------------------------------------


@contextmanager
def _opened(archive: Path) -> Iterator[tarfile.TarFile]:
    try:
        tar = tarfile.open(archive, "r:")  # noqa: SIM115  # closed below
    except OSError as error:
        raise UsageError(
            f"The backup {str(archive)!r} cannot be read ({error.strerror or error})."
        ) from error
    except tarfile.TarError as error:
        raise _not_a_backup(archive, "it is not a tar file") from error
    with tar:
        yield tar


def _read_contents(tar: tarfile.TarFile, archive: Path) -> tuple[dict[str, Any], int, str]:
    """Return what the archive says of itself, and the size and hash of its database."""
    with _member(tar, archive, CONTENTS, _MAX_CONTENTS) as file:
        described = file.read(_MAX_CONTENTS)
    try:
        contents = json.loads(described)
        version = int(contents["format"])
        (entry,) = contents["files"]
        name, size, sha256 = str(entry["name"]), int(entry["size"]), str(entry["sha256"])
    except (ValueError, LookupError, TypeError, RecursionError) as error:
        raise _not_a_backup(archive, f"its {CONTENTS} cannot be read") from error
    if version != _FORMAT:
        raise _not_a_backup(archive, f"its format is {version}, this Footnote knows {_FORMAT}")
    if name != DATABASE_NAME:
        raise _not_a_backup(archive, f"it lists {name!r}")
    return contents, size, sha256


def _extract_database(
    tar: tarfile.TarFile, archive: Path, target: Path, size: int, sha256: str
) -> None:
    digest, written = hashlib.sha256(), 0
    with _member(tar, archive, DATABASE_NAME, size) as file, target.open("wb") as copy:
        while block := file.read(_BLOCK):
            digest.update(block)
            written += len(block)
            copy.write(block)
    if written != size or digest.hexdigest() != sha256:
        raise _not_a_backup(archive, f"{DATABASE_NAME!r} is not what its {CONTENTS} says")
    if tar.next() is not None:
        raise _not_a_backup(archive, "it has more in it than a backup")


@contextmanager
def _member(tar: tarfile.TarFile, archive: Path, name: str, limit: int) -> Iterator[IO[bytes]]:
    """Open the next file of an archive, which must have this very name and no more than so many bytes."""
    member = tar.next()
    if member is None:
        raise _not_a_backup(archive, f"it has no {name!r}")
    if member.name != name or not member.isreg() or member.issparse() or member.size > limit:
        raise _not_a_backup(archive, f"it has {member.name!r} where {name!r} should be")
    file = tar.extractfile(member)
    assert file is not None  # noqa: S101  # it is a regular file
    with file:
        yield file


def _check_database(path: Path, archive: Path) -> None:
    """Refuse a database that is damaged, or that has what could act on its own: views, triggers, other tables."""
    try:
        with closing(sqlite3.connect(path)) as connection:
            connection.execute("PRAGMA trusted_schema=OFF")
            _check_schema(connection, archive)
            found = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
            if found != "ok":
                raise _not_a_backup(archive, f"its database is damaged ({found})")
            _check_vectors(connection, archive)
    except (sqlite3.Error, ValueError, LookupError, TypeError, RecursionError) as error:
        raise _not_a_backup(archive, f"its database is damaged ({error})") from error


def _check_schema(connection: sqlite3.Connection, archive: Path) -> None:
    known = {*metadata.tables, "alembic_version"}
    indexes = {index.name for table in metadata.tables.values() for index in table.indexes}
    rows = connection.execute("SELECT type, name, tbl_name, sql FROM sqlite_master").fetchall()
    for kind, name, table, sql in rows:
        is_table = kind == "table" and name in known and "virtual" not in str(sql)[:40].casefold()
        is_index = kind == "index" and table in known and (name in indexes or sql is None)
        if not is_table and not is_index:
            raise _not_a_backup(archive, f"its database has a {kind} {name!r}")
    needed = {"alembic_version", "meta", "documents", "chunks", "vectors"}
    if not needed <= {row[1] for row in rows}:
        raise _not_a_backup(archive, "its database is not that of a knowledge base")
    schema = str(connection.execute("SELECT version_num FROM alembic_version").fetchone()[0])
    if schema > SCHEMA_VERSION:
        raise _not_a_backup(
            archive, f"a newer Footnote made it (schema {schema}, this one knows {SCHEMA_VERSION})"
        )


def _check_vectors(connection: sqlite3.Connection, archive: Path) -> None:
    for (stored,) in connection.execute("SELECT value FROM meta WHERE key LIKE '%manifest'"):
        manifest = read_manifest(stored)
        if manifest is None:
            continue
        query = "SELECT count(*) FROM vectors WHERE model = ? AND length(vector) <> ?"
        wrong = connection.execute(query, (manifest.embedder, 4 * manifest.dim)).fetchone()[0]
        if wrong:
            raise _not_a_backup(archive, f"{wrong} of its vectors have another size than they say")


def _not_a_backup(archive: Path, why: str) -> UsageError:
    return UsageError(
        f"{str(archive)!r} is not a backup that can be restored: {why}. Nothing was changed."
    )
