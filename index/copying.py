"""Copies a whole catalogue from one database into another empty one: SQLite, PostgreSQL, in either direction.

Rows are streamed, a few large or some hundred small ones at a time, in one transaction on either side: what is
copied is one moment of the source, and a copy that is killed leaves nothing.
"""

from sqlalchemy import Connection, Engine, exists, func, insert, select

from core.errors import DataFolderError
from index.database import writing
from index.schema import answers, documents, eval_answers, feedback, metadata, shadow_answers

_LARGE = frozenset(
    table.name for table in (answers, documents, eval_answers, feedback, shadow_answers)
)
_LARGE_ROWS, _SMALL_ROWS = 25, 1000


def copy_catalogue(source: Engine, target: Engine) -> dict[str, int]:
    """Copy every row of every table; return how many there were, by table.

    Raises:
        DataFolderError: the target has not got what the source has, or cannot take it.
    """
    with source.connect() as reading, writing(target) as connection:
        return {table: _copy_table(table, reading, connection) for table in _tables_by_reference()}


def first_filled(engine: Engine) -> str | None:
    """Return the name of a table that has rows, None where all are empty."""
    with engine.connect() as connection:
        for name, table in metadata.tables.items():
            if connection.execute(select(exists().select_from(table))).scalar():
                return name
    return None


def _tables_by_reference() -> list[str]:
    """Return the names of all tables, those that others refer to before these."""
    return [table.name for table in metadata.sorted_tables]


def _copy_table(name: str, source: Connection, target: Connection) -> int:
    table = metadata.tables[name]
    rows = _LARGE_ROWS if name in _LARGE else _SMALL_ROWS
    read = 0
    for part in source.execute(select(table).execution_options(yield_per=rows)).partitions():
        target.execute(insert(table), [dict(row._mapping) for row in part])
        read += len(part)
    written = target.execute(select(func.count()).select_from(table)).scalar()
    if written != read:
        raise DataFolderError(
            f"Of the {read:,} rows of {name!r} the other database has {written:,}: nothing was copied."
        )
    return read
