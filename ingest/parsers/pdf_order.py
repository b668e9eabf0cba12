"""The order in which a page's lines are read, where a writer draws some of them late.

PDFium tells lines in the order in which they were drawn. That is the order of reading for most writers, also
for columns, so it is kept; but a letterhead, or the headings between tables, may have been drawn last:

    table, table, note │ heading of the second table │ letterhead
                         goes up between lines that all stand above it and lines that all stand below,
                         where it overlaps both of its neighbours: no line of another column does
"""

from collections.abc import Iterator, Sequence

from ingest.parsers.pdf_lines import PdfLine

_MAX_RUNS = 200
_BREAK = 3.0  # font sizes between two lines that are not of one run
_APART = 0.3  # font sizes that lines are apart at least if one is above the other


def in_reading_order(lines: Sequence[PdfLine]) -> list[PdfLine]:
    """Return the lines of one page; those that were drawn late stand where they are seen."""
    runs = list(_runs(lines))
    if len(runs) > _MAX_RUNS or not all(line.is_upright for line in lines):
        return list(lines)
    placed: list[PdfLine] = []
    for run in runs:
        place = _place(placed, run)
        placed[place:place] = run
    return placed


def _runs(lines: Sequence[PdfLine]) -> Iterator[list[PdfLine]]:
    run: list[PdfLine] = []
    for line in lines:
        if run and not 0 <= run[-1].baseline - line.baseline <= _BREAK * line.size:
            yield run
            run = []
        run.append(line)
    if run:
        yield run


def _place(placed: Sequence[PdfLine], run: Sequence[PdfLine]) -> int:
    """Return the number of the line before which a run stands; the end where that is not clear."""
    end = len(placed)
    top = run[0].baseline + _APART * run[0].size
    bottom = run[-1].baseline - _APART * run[-1].size
    place = next((n for n, line in enumerate(placed) if line.baseline < bottom), end)
    is_apart = all(line.baseline > top for line in placed[:place]) and all(
        line.baseline < bottom for line in placed[place:]
    )
    left = min(line.left for line in run)
    right = max(line.words[-1].right for line in run)
    neighbours = placed[max(place - 1, 0) : place + 1]
    is_one_column = all(line.left < right and line.words[-1].right > left for line in neighbours)
    return place if is_apart and is_one_column else end
