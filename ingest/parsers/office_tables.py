"""Tables of documents and slides, written row by row with the names of their columns."""

from collections.abc import Sequence

from ingest.parsers.canonical import CanonicalWriter
from ingest.parsers.plain_text import one_line
from ingest.parsers.table_rows import looks_like_names

_MAX_NAMES_CHARS = 2_000
"""The names are repeated in every row: longer ones would make a long table of a small file."""


def write_table(
    writer: CanonicalWriter,
    rows: Sequence[Sequence[str]],
    *,
    has_names: bool = False,
    page: int | None = None,
) -> None:
    """Write the rows that have text; the first names the columns if it is known to or looks like it.

    A table of one column arranges text and has no names.
    """
    filled = [[one_line(cell) for cell in row] for row in rows]
    filled = [row for row in filled if any(row)]
    if max(map(len, filled), default=0) < 2:
        for row in filled:
            writer.add("text", " ".join(row), page=page)
        return
    named = fits_as_names(filled[0]) and (has_names or looks_like_names(filled))
    writer.add_table(filled[0] if named else [], filled[1:] if named else filled, page=page)


def fits_as_names(row: Sequence[str]) -> bool:
    """Say whether a row is short enough to be repeated in every row below it."""
    return sum(map(len, row)) <= _MAX_NAMES_CHARS
