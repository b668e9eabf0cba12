"""A table row as words: `Column: value; Column: value`, so that a row alone keeps its meaning."""

import re
from collections.abc import Sequence
from itertools import zip_longest

from ingest.parsers.plain_text import one_line

_NUMBER = re.compile(r"[-+(]?\s*[$€£]?\s*\d[\d.,'\s]*\s*(?:%|€|EUR|USD)?\)?")


def row_text(header: Sequence[str], cells: Sequence[str]) -> str:
    """Return a row with its column names; empty cells are left out, as is an empty column name."""
    pairs = zip_longest(map(one_line, header), map(one_line, cells), fillvalue="")
    return "; ".join(
        f"{name.rstrip(':')}: {cell}" if name else cell for name, cell in pairs if cell
    )


def header_text(header: Sequence[str]) -> str:
    """Return the column names of a table as one line."""
    return " | ".join(name for name in map(one_line, header) if name)


def is_number(cell: str) -> bool:
    """Say whether a cell is a number, an amount or a share rather than a name."""
    return bool(_NUMBER.fullmatch(cell.strip()))


def looks_like_names(rows: Sequence[Sequence[str]]) -> bool:
    """Say whether the first of several rows names the columns, by its cells alone.

    It does if it has at least two cells, all filled, all different and none a number, and there are
    three or more columns or a column of numbers below it: two columns of words are often a list of
    names and values, which has no such row.
    """
    if len(rows) < 2 or len(rows[0]) < 2:
        return False
    first, below = rows[0], rows[1:]
    if not all(first) or len(set(first)) < len(first) or any(map(is_number, first)):
        return False
    return len(first) > 2 or any(
        all(len(row) > number and is_number(row[number]) for row in below)
        for number in range(len(first))
    )
