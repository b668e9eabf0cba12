"""The database is what the schema says, keeps what was committed, and its troubles have names."""

import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, create_engine, event, insert, inspect, select, text
from sqlalchemy.exc import IntegrityError

from core.errors import DataFolderError, FolderBusy, NewerDataError, StorageFull
from index.database import (
    DATABASE_NAME,
    SCHEMA_VERSION,
    open_database,
    storage_errors,
    writing,
)
from index.schema import meta, metadata


@pytest.fixture
def engine(data_dir: Path) -> Iterator[Engine]:
    made = open_database(data_dir)
    yield made
    made.dispose()


def shape(engine: Engine) -> dict[str, Any]:
    inspector = inspect(engine)
    return {
        table: {
            "columns": {
                column["name"]: (str(column["type"]), column["nullable"], column["primary_key"])
                for column in inspector.get_columns(table)
            },
            "indexes": sorted(
                (index["name"], tuple(index["column_names"]), bool(index["unique"]))
                for index in inspector.get_indexes(table)
            ),
            "unique": sorted(
                tuple(sorted(constraint["column_names"]))
                for constraint in inspector.get_unique_constraints(table)
            ),
            "foreign": sorted(
                (
                    tuple(key["constrained_columns"]),
                    key["referred_table"],
                    key["options"]["ondelete"],
                )
                for key in inspector.get_foreign_keys(table)
            ),
        }
        for table in inspector.get_table_names()
        if table != "alembic_version"
    }


def test_the_migrations_make_exactly_the_schema(engine: Engine, tmp_path: Path) -> None:
    wanted = create_engine(f"sqlite:///{tmp_path / 'wanted.db'}")
    metadata.create_all(wanted)
    try:
        assert shape(engine) == shape(wanted)
    finally:
        wanted.dispose()


def test_partial_indexes_are_those_of_the_schema(engine: Engine) -> None:
    with engine.connect() as connection:
        found = connection.execute(
            text("SELECT sql FROM sqlite_master WHERE name = 'uq_feedback_live'")
        ).scalar_one()
    assert found.endswith("WHERE superseded_by IS NULL")


def test_commits_survive_a_power_loss_and_readers_do_not_wait(engine: Engine) -> None:
    with engine.connect() as connection:
        pragmas = [
            connection.exec_driver_sql(f"PRAGMA {name}").scalar()
            for name in ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
        ]
    full = 2
    assert pragmas == ["wal", full, 1, 15_000]


def test_a_folder_is_made_for_its_owner_only(engine: Engine, data_dir: Path) -> None:
    assert (data_dir.stat().st_mode & 0o777) == 0o700


def test_opening_again_keeps_what_was_stored(engine: Engine, data_dir: Path) -> None:
    with writing(engine) as connection:
        connection.execute(insert(meta).values(key="k", value="v"))
    again = open_database(data_dir, create=False)
    with again.connect() as connection:
        assert connection.execute(select(meta.c.value)).scalar_one() == "v"
    again.dispose()


def test_without_a_knowledge_base_a_reader_is_told_to_ingest(data_dir: Path) -> None:
    with pytest.raises(DataFolderError, match="footnote ingest"):
        open_database(data_dir, create=False)
    assert not data_dir.exists()


def test_a_folder_of_a_newer_footnote_is_refused(engine: Engine, data_dir: Path) -> None:
    with writing(engine) as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(NewerDataError, match="9999"):
        open_database(data_dir)


def test_the_newest_migration_is_the_version_of_the_code(engine: Engine) -> None:
    with engine.connect() as connection:
        stored = connection.execute(text("SELECT version_num FROM alembic_version")).scalar_one()
    assert stored == SCHEMA_VERSION


def test_a_file_that_is_no_database_is_called_damaged(data_dir: Path) -> None:
    data_dir.mkdir()
    path = data_dir / DATABASE_NAME
    path.write_bytes(b"This is not a database at all. " * 100)
    with pytest.raises(DataFolderError, match="damaged"):
        open_database(data_dir)
    assert path.read_bytes().startswith(b"This is not")


def test_a_folder_in_the_place_of_a_file_is_named(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("")
    with pytest.raises(DataFolderError, match="file"):
        open_database(file / "data")


def test_a_failed_transaction_leaves_nothing_behind(engine: Engine) -> None:
    row = {"key": "k", "value": "v"}
    with pytest.raises(IntegrityError), writing(engine) as connection:
        connection.execute(insert(meta), [row, row])
    with engine.connect() as connection:
        assert connection.execute(select(meta)).all() == []


def test_a_full_disk_has_a_name_and_loses_nothing(engine: Engine, data_dir: Path) -> None:
    with writing(engine) as connection:
        connection.execute(insert(meta).values(key="before", value="kept"))
    engine.dispose()

    def limit(connection: sqlite3.Connection, _record: object) -> None:
        pages = connection.execute("PRAGMA page_count").fetchone()[0]
        connection.execute(f"PRAGMA max_page_count={pages + 2}")

    event.listen(engine, "connect", limit)
    with (
        pytest.raises(StorageFull, match="free some space"),
        storage_errors(data_dir),
        writing(engine) as connection,
    ):
        connection.execute(insert(meta).values(key="huge", value="x" * 1_000_000))
    with engine.connect() as connection:
        assert connection.execute(select(meta.c.key, meta.c.value)).all() == [("before", "kept")]


def test_a_reader_does_not_wait_for_a_writer(engine: Engine) -> None:
    with writing(engine) as connection:
        connection.execute(insert(meta).values(key="k", value="v"))
        with engine.connect() as reader:
            assert reader.execute(select(meta)).all() == []


def test_a_second_writer_that_cannot_wait_is_told_who_is_busy(
    engine: Engine, data_dir: Path
) -> None:
    with writing(engine):
        impatient = open_database(data_dir)
        event.listen(impatient, "connect", lambda c, _: c.execute("PRAGMA busy_timeout=1"))
        impatient.dispose()
        busy = pytest.raises(FolderBusy, match="Another process")
        with busy, storage_errors(data_dir), writing(impatient):
            pass
        impatient.dispose()


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (OSError(28, "No space left on device"), StorageFull),
        (OSError(122, "Disk quota exceeded"), StorageFull),
        (PermissionError(13, "Permission denied"), DataFolderError),
        (OSError(30, "Read-only file system"), DataFolderError),
        (OSError(5, "Input/output error"), DataFolderError),
        (OSError("strange"), DataFolderError),
    ],
)
def test_what_the_system_reports_becomes_an_error_of_the_folder(
    error: OSError, kind: type[DataFolderError], tmp_path: Path
) -> None:
    with pytest.raises(kind) as caught, storage_errors(tmp_path):
        raise error
    assert type(caught.value) is kind
    assert str(tmp_path) in str(caught.value)
    assert caught.value.__cause__ is error
