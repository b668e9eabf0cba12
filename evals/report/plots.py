"""Plots as inline SVG that need nothing else: no script, no font, no file.

Drawings stretch with the page (`preserveAspectRatio="none"`), strokes and dots do not (`non-scaling-stroke`), and all
words stand beside them as HTML, so that a phone shows them in their own size. Beside every plot stands its table.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from evals.report.markup import Content, Markup, joined, tag, untrusted
from evals.report.scales import Scale, scale_over, short_number

_TALL = 100.0


@dataclass(frozen=True, slots=True)
class Series:
    """One line or one part of every bar; None where there is no value. `tone` names a colour of report.css."""

    name: str
    tone: str
    values: Sequence[float | None]


def whisker(
    value: float | None,
    low: float | None,
    high: float | None,
    scale: Scale,
    *,
    tone: str = "accent",
    marks: Sequence[float] = (),
) -> Markup:
    """Return a dot with its interval on a row's axis; `marks` are upright lines, like zero or a margin."""
    parts: list[Markup] = [
        _line(scale.share(tick), 0, scale.share(tick), 10, "grid") for tick in scale.ticks
    ]
    parts += [_line(scale.share(mark), 0, scale.share(mark), 10, "mark") for mark in marks]
    if low is not None and high is not None:
        parts.append(_line(scale.share(low), 5, scale.share(high), 5, f"whisker {tone}"))
    if value is not None:
        parts.append(_line(scale.share(value), 5, scale.share(value), 5, f"dot {tone}"))
    return tag(
        "svg",
        *parts,
        class_="row-plot",
        view_box="0 0 100 10",
        preserve_aspect_ratio="none",
        aria_hidden="true",
    )


def axis_row(scale: Scale, words: tuple[str, str] | None = None) -> Markup:
    """Return the numbers under rows of whiskers, or what its two ends mean."""
    labels = words or (short_number(scale.low), short_number(scale.high))
    return tag("div", tag("span", labels[0]), tag("span", labels[1]), class_="ends")


def bars(title: str, starts: Sequence[str], series: Sequence[Series], unit: str = "") -> Markup:
    """Return bars over time, one for each start, with a part for each series."""
    totals = [
        sum(value or 0.0 for value in column)
        for column in zip(*(each.values for each in series), strict=True)
    ]
    scale = scale_over(totals, with_zero=True, marks=3)
    width = _TALL / max(1, len(starts))
    parts = _grid(scale)
    for position in range(len(starts)):
        bottom = 0.0
        for each in series:
            value = each.values[position] or 0.0
            height = scale.share(bottom + value) - scale.share(bottom)
            if height > 0:
                y = _TALL - scale.share(bottom) - height
                x, broad = position * width + 0.15 * width, 0.7 * width
                parts.append(
                    tag(
                        "rect",
                        x=_n(x),
                        y=_n(y),
                        width=_n(broad),
                        height=_n(height),
                        class_=f"fill {each.tone}",
                    )
                )
            bottom += value
    return _figure(title, parts, scale, _edges(starts), series, starts, unit)


def lines(title: str, starts: Sequence[str], series: Sequence[Series], unit: str = "") -> Markup:
    """Return lines over time; where a value is missing, the line is."""
    known = [value for each in series for value in each.values if value is not None]
    scale = scale_over(known, with_zero=True, marks=3)
    steps = max(1, len(starts) - 1)
    parts = _grid(scale)
    for each in series:
        run: list[str] = []
        for position, value in enumerate((*each.values, None)):
            if value is not None:
                run.append(f"{_n(100 * position / steps)},{_n(_TALL - scale.share(value))}")
                continue
            parts += _run(run, each.tone)
            run = []
    return _figure(title, parts, scale, _edges(starts), series, starts, unit)


def curve(
    title: str,
    points: Sequence[tuple[float, float]],
    across: str,
    upwards: str,
    scale: Scale | None = None,
) -> Markup:
    """Return a curve of (x, y), x from 0 to 1; `across` and `upwards` name the axes."""
    height = scale or scale_over([y for _, y in points], with_zero=True, marks=3)
    parts = _grid(height)
    parts += _run([f"{_n(100 * x)},{_n(_TALL - height.share(y))}" for x, y in points], "accent")
    plot = _plot(title, parts, height, (f"0 · {across}", "1"))
    table = _table((across, upwards), [(f"{x:.2f}", f"{y:.3f}") for x, y in _thinned(points)])
    return tag(
        "figure",
        tag("figcaption", f"{title} ", tag("span", upwards, class_="quiet")),
        plot,
        _beside(table),
    )


def spread(title: str, series: Sequence[Series], unit: str, boxes: int = 24) -> Markup:
    """Return how values are spread: the share of them in each box of equal width, up to the 99th of a hundred."""
    known = sorted(value for each in series for value in each.values if value is not None)
    if not known:
        return tag("p", "Nothing was measured here.", class_="quiet")
    top = known[min(len(known) - 1, int(len(known) * 0.99))] or 1.0
    starts = [f"{top * number / boxes:.0f}" for number in range(boxes)]
    shares = [Series(each.name, each.tone, _boxed(each.values, top, boxes)) for each in series]
    scale = scale_over(
        [value or 0.0 for each in shares for value in each.values], with_zero=True, marks=3
    )
    parts = _grid(scale)
    width = 100 / boxes
    for each in shares:
        heights = [scale.share(value or 0.0) for value in each.values]
        outline = [f"0,{_n(_TALL)}"]
        for position, height in enumerate(heights):
            outline += [
                f"{_n(position * width)},{_n(_TALL - height)}",
                f"{_n((position + 1) * width)},{_n(_TALL - height)}",
            ]
        parts.append(
            tag(
                "polygon",
                points=" ".join([*outline, f"100,{_n(_TALL)}"]),
                class_=f"area {each.tone}",
            )
        )
    return _figure(title, parts, scale, (f"0 {unit}", f"{top:,.0f} {unit}"), shares, starts, "%")


def _boxed(values: Sequence[float | None], top: float, boxes: int) -> list[float | None]:
    counts = [0] * boxes
    known = [value for value in values if value is not None]
    for value in known:
        counts[min(boxes - 1, int(value / top * boxes))] += 1
    return [100 * count / max(1, len(known)) for count in counts]


def _figure(
    title: str,
    parts: list[Markup],
    scale: Scale,
    edges: tuple[str, str],
    series: Sequence[Series],
    starts: Sequence[str],
    unit: str,
) -> Markup:
    caption: list[Content] = [f"{title} ", tag("span", unit, class_="quiet") if unit else None]
    if len(series) > 1:
        caption.append(legend([(each.name, each.tone) for each in series]))
    rows = [
        (
            start,
            *(
                "–" if (value := each.values[position]) is None else short_number(round(value, 3))
                for each in series
            ),
        )
        for position, start in enumerate(starts)
    ]
    table = _table(("From", *(each.name for each in series)), rows)
    return tag(
        "figure", tag("figcaption", caption), _plot(title, parts, scale, edges), _beside(table)
    )


def legend(entries: Sequence[tuple[str, str]]) -> Markup:
    """Return what the colours mean."""
    return tag(
        "span",
        [
            tag("span", tag("span", class_=f"key {tone}"), untrusted(name), class_="entry")
            for name, tone in entries
        ],
        class_="legend",
    )


def _plot(title: str, parts: list[Markup], scale: Scale, edges: tuple[str, str]) -> Markup:
    ticks = [
        tag("span", short_number(tick), style=f"bottom:{_n(scale.share(tick))}%")
        for tick in scale.ticks
    ]
    drawing = tag(
        "svg",
        tag("title", title),
        *parts,
        view_box="0 0 100 100",
        preserve_aspect_ratio="none",
        role="img",
        aria_label=f"{title}; its figures are in the table below",
    )
    return tag(
        "div",
        tag("div", ticks, class_="upright", aria_hidden="true"),
        tag("div", drawing, class_="drawing"),
        tag("div", tag("span", edges[0]), tag("span", edges[1]), class_="ends"),
        class_="plot",
    )


def _beside(table: Markup) -> Markup:
    return tag(
        "details", tag("summary", "As a table"), tag("div", table, class_="wide"), class_="beside"
    )


def _table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> Markup:
    return tag(
        "table",
        tag("thead", tag("tr", [tag("th", untrusted(name), scope="col") for name in header])),
        tag("tbody", [tag("tr", [tag("td", cell) for cell in row]) for row in rows]),
    )


def _grid(scale: Scale) -> list[Markup]:
    return [
        _line(0, _TALL - scale.share(tick), 100, _TALL - scale.share(tick), "grid")
        for tick in scale.ticks
    ]


def _run(points: list[str], tone: str) -> list[Markup]:
    if len(points) == 1:
        x, y = points[0].split(",")
        return [tag("line", x1=x, y1=y, x2=x, y2=y, class_=f"dot {tone}")]
    return [tag("polyline", points=" ".join(points), class_=f"stroke {tone}")] if points else []


def _line(x1: float, y1: float, x2: float, y2: float, css_class: str) -> Markup:
    return tag("line", x1=_n(x1), y1=_n(y1), x2=_n(x2), y2=_n(y2), class_=css_class)


def _edges(starts: Sequence[str]) -> tuple[str, str]:
    return (starts[0], starts[-1]) if starts else ("", "")


def _thinned(points: Sequence[tuple[float, float]]) -> Sequence[tuple[float, float]]:
    return points if len(points) <= 20 else [*points[:: max(1, len(points) // 20)], points[-1]]


def _n(value: float) -> str:
    return f"{value:.2f}".rstrip("0").rstrip(".")


__all__ = ["Series", "axis_row", "bars", "curve", "joined", "legend", "lines", "spread", "whisker"]
