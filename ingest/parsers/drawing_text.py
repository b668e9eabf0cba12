"""The text of DrawingML, which slides, sheets and charts share: paragraphs, tables, charts, SmartArt."""

from collections.abc import Iterator
from dataclasses import dataclass

from ingest.parsers.office_container import Node, local_name

_MAX_POINTS = 2_000  # of a chart
_SMALLEST_CENTIPOINTS = 100


@dataclass(frozen=True, slots=True)
class DrawingParagraph:
    """One paragraph; `is_plain` is False unless the file says that it has no bullet."""

    text: str
    is_plain: bool
    has_bullet: bool


def paragraphs(body: Node) -> Iterator[DrawingParagraph]:
    """Yield the paragraphs of a text body that have text."""
    for node in body.iter("{*}p"):
        text = _paragraph_text(node)
        if text.strip():
            kinds = {local_name(child) for child in node.iterfind("{*}pPr/*")}
            yield DrawingParagraph(text, "buNone" in kinds, bool(kinds & {"buChar", "buAutoNum"}))


def run_hiding(run: Node) -> str:
    """Return how a run of letters is hidden: too small to read, or without any fill; '' for one that is seen."""
    properties = run.find("{*}rPr")
    if properties is None:
        return ""
    size = properties.get("sz") or ""
    if size.isdecimal() and int(size) <= _SMALLEST_CENTIPOINTS:
        return "tiny_text"
    if properties.find("{*}noFill") is not None and properties.find("{*}ln") is None:
        return "invisible_text"
    alpha = properties.find("{*}solidFill/*/{*}alpha")
    return "transparent" if alpha is not None and alpha.get("val") in ("0", "0%") else ""


def hidden_runs(tree: Node) -> Iterator[tuple[str, str]]:
    """Yield (how, text) of the hidden runs under a node."""
    for run in tree.iter("{*}r"):
        if kind := run_hiding(run):
            yield kind, "".join(text.text or "" for text in run.iter("{*}t"))


def _paragraph_text(paragraph: Node) -> str:
    parts = []
    for node in paragraph.iter("{*}t", "{*}br"):
        if local_name(node) == "br":
            parts.append("\n")
        elif not run_hiding(node.getparent()) and not any(
            local_name(above) == "Fallback" for above in node.iterancestors()
        ):
            parts.append(node.text or "")
    return "".join(parts)


def table_rows(table: Node) -> list[list[str]]:
    """Return the cells of a table; a cell that spans several stands in the first of them."""
    return [
        [
            " ".join(paragraph.text for paragraph in paragraphs(cell))
            for cell in row.iterchildren("{*}tc")
        ]
        for row in table.iterchildren("{*}tr")
    ]


def chart_title(chart: Node) -> str:
    """Return the title of a chart as its author wrote it, or nothing."""
    titles = chart.iterfind("{*}chart/{*}title")
    return " ".join(paragraph.text for title in titles for paragraph in paragraphs(title))


def chart_rows(chart: Node) -> list[list[str]]:
    """Return the values of a chart: a row of series names, then a row for each category.

    The values are those that were stored with the chart when it was last drawn.
    """
    series = list(chart.iter("{*}ser"))
    names = [" ".join(_points(one.find("{*}tx")).values()) for one in series]
    columns = [_points(one.find("{*}val"), one.find("{*}yVal")) for one in series]
    categories: dict[int, str] = {}
    for one in series:
        for number, text in _points(one.find("{*}cat"), one.find("{*}xVal")).items():
            categories.setdefault(number, text)
    numbers = sorted(set(categories).union(*columns))[:_MAX_POINTS]
    rows = [
        [categories.get(number, ""), *(column.get(number, "") for column in columns)]
        for number in numbers
    ]
    return [["", *names], *rows]


def _points(*nodes: Node | None) -> dict[int, str]:
    """Return the texts of a row of points by their number."""
    found: dict[int, str] = {}
    for node in nodes:
        for position, value in enumerate(node.iter("{*}v") if node is not None else ()):
            number = value.getparent().get("idx") or str(position)
            if number.isascii() and number.isdigit() and len(found) < _MAX_POINTS:
                found.setdefault(int(number), (value.text or "").strip())
    return found


def diagram_texts(diagram: Node) -> list[str]:
    """Return the texts of a SmartArt diagram, point by point."""
    return [
        " ".join(paragraph.text for paragraph in paragraphs(text))
        for text in diagram.iterfind("{*}ptLst/{*}pt/{*}t")
    ]
