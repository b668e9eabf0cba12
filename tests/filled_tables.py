"""Fills every table of a catalogue with rows of all kinds of values, and reads them back for comparison."""

import random
from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    Engine,
    Float,
    Integer,
    LargeBinary,
    Table,
    UniqueConstraint,
    insert,
    select,
)

from index.database import writing
from index.schema import metadata

TEXTS = (
    "", " ", "plain", "it's \"quoted\" \\ and % and _", "zwei\nZeilen\r\n\ttab", "naïve café Ωμέγα", "漢字 👩‍👩‍👧 🏴󠁧󠁢󠁳󠁣󠁴󠁿",
    "\u202eright to left\u202c", "\ufeffbom", "\x01\x1f\x7f", '{"a": "\\u0000", "b": [1, null]}', "x" * 9000,
)  # fmt: skip
_UNIQUE = {"idem_key", "chunk_id"} | {
    column.name
    for table in metadata.tables.values()
    for constraint in table.constraints
    if isinstance(constraint, UniqueConstraint)
    for column in constraint.columns
}


def fill_every_table(engine: Engine, rows: int = 30, seed: int = 7) -> None:
    """Store `rows` rows in each table; keys fit together, everything else is drawn."""
    drawn = random.Random(seed)
    with writing(engine) as connection:
        for table in metadata.sorted_tables:
            made = [_row(table, number, drawn) for number in range(rows)]
            connection.execute(insert(table), made)


def rows_of(engine: Engine) -> dict[str, list[tuple[Any, ...]]]:
    """Return all rows of all tables, in an order that depends on nothing but what is in them."""
    with engine.connect() as connection:
        return {
            name: sorted((tuple(row) for row in connection.execute(select(table))), key=repr)
            for name, table in metadata.tables.items()
        }


def _row(table: Table, number: int, drawn: random.Random) -> dict[str, Any]:
    return {column.name: _value(column, number, drawn) for column in table.columns}


def _value(column: Column[Any], number: int, drawn: random.Random) -> Any:
    if column.nullable and drawn.random() < 0.4:
        return None
    if isinstance(column.type, LargeBinary):
        return drawn.randbytes(drawn.randrange(400))
    if isinstance(column.type, Float):
        return drawn.choice((0.0, -0.1, 1 / 3, 1e-300, 1.7e308, float(number)))
    if isinstance(column.type, Integer):
        largest = 2**63 - 1 if isinstance(column.type, BigInteger) else 2**31 - 1
        return (
            number
            if column.primary_key or column.name in _UNIQUE
            else drawn.choice((0, -1, number, largest))
        )
    is_unique = column.primary_key or column.foreign_keys or column.name in _UNIQUE
    # A prefix that no language orders as bytes do.
    return f"{'aBé-_ '[number % 6]}{number}" if is_unique else drawn.choice(TEXTS)
