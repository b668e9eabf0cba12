"""Tables as CSV that a spreadsheet shows and never runs."""

import csv
import io
from collections.abc import Iterable, Sequence

# A cell that begins with one of these is a formula to a spreadsheet, also behind blanks.
_FORMULA_SIGNS = ("=", "+", "-", "@", "|", "%", "\uff1d", "\uff0b", "\uff0d", "\uff20")


def csv_text(header: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Return the table with a byte order mark, which spreadsheets know UTF-8 by."""
    out = io.StringIO()
    out.write("\ufeff")
    writer = csv.writer(out, quoting=csv.QUOTE_ALL, lineterminator="\r\n")
    writer.writerow(header)
    writer.writerows([_harmless(cell) for cell in row] for row in rows)
    return out.getvalue()


def _harmless(cell: object) -> str:
    """Return a cell as text; numbers stay numbers."""
    text = str(cell)
    if isinstance(cell, int | float):
        return text
    # Line breaks and tabs would start a cell or a row of their own in some programs.
    text = " ".join(text.split())
    return f"'{text}" if text.startswith(_FORMULA_SIGNS) else text
