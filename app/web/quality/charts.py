"""Plots as Vega-Lite specifications; pure, and no specification loads anything.

Written as they are, not with altair: importing that takes a second and makes the same JSON. Series differ by colour,
by dash and by the shape of their points; the colours have a contrast of 3 : 1 and more in both themes.
"""

from collections.abc import Mapping, Sequence
from typing import Any

Spec = dict[str, Any]
Row = Mapping[str, object]

COLOURS = ("#3b82c4", "#b7791f", "#d0483e", "#2e8b57", "#8b6fc9", "#1f8a8a", "#7d8794")
_DASHES = ([1, 0], [7, 3], [2, 2], [9, 3, 2, 3], [5, 5], [12, 4], [1, 4])
_SHAPES = ("circle", "square", "triangle-up", "diamond", "cross", "triangle-down", "triangle-left")
_HEIGHT = 300
_ROW_HEIGHT = 34
_AXIS_HEIGHT = 56
"""Of the axis below the rows; what a plot is given includes it."""
_LEGEND_HEIGHT = 34
_ROOM = 1.3
"""How much wider than its longest row a plot is, for the words behind it."""
_MOST_POINTS = 60
"""Buckets; with more, points would hide the lines, and dashes alone tell the series apart."""


def line_chart(
    rows: Sequence[Row], series: Sequence[str], x_title: str, y_title: str, y_format: str = ",d"
) -> Spec:
    """Return lines over time. Rows have `start` (YYYY-MM-DD), `series` and `value`."""
    domain = list(series[: len(COLOURS)])
    has_points = len({row["start"] for row in rows}) <= _MOST_POINTS
    legend = {
        "title": None,
        "orient": "top",
        "offset": 10,
        "symbolSize": 90,
        "symbolStrokeWidth": 2,
        "columnPadding": 16,
        # A phone has room for two beside each other; what does not fit would be cut off.
        "columns": 2,
    }
    # One legend only: shapes where there are points, else dashes. A single line needs none.
    by_shape = legend if has_points and len(domain) > 1 else None
    by_dash = legend if not has_points and len(domain) > 1 else None
    points = {
        "mark": {"type": "point", "filled": True, "size": 45, "opacity": 1},
        "encoding": {
            "shape": _by_series(domain, _SHAPES, by_shape),
            "color": _by_series(domain, COLOURS, by_shape),
        },
    }
    lines = {
        "mark": {"type": "line", "strokeWidth": 2.25},
        "encoding": {
            "strokeDash": _by_series(domain, _DASHES, by_dash),
            "color": _by_series(domain, COLOURS, by_dash),
        },
    }
    return {
        "data": {"values": [dict(row) for row in rows]},
        "height": _HEIGHT,
        "encoding": {
            "x": _time_axis(x_title),
            "y": _value_axis(y_title, y_format),
            "tooltip": [
                {
                    "field": "start",
                    "type": "temporal",
                    "title": x_title,
                    "format": "%-d %b %Y",
                    "scale": {"type": "utc"},
                },
                {"field": "series", "type": "nominal", "title": " "},
                {"field": "value", "type": "quantitative", "title": y_title, "format": y_format},
            ],
        },
        "layer": [lines, points] if has_points else [lines],
        # Each layer's own, so that colour and shape (or dash) make one legend together.
        "resolve": {"scale": dict.fromkeys(("color", "shape", "strokeDash"), "independent")},
    }


def _by_series(domain: Sequence[str], values: Sequence[object], legend: Spec | None) -> Spec:
    return {
        "field": "series",
        "type": "nominal",
        "scale": {"domain": list(domain), "range": list(values[: len(domain)])},
        "legend": legend,
    }


def _time_axis(title: str) -> Spec:
    return {
        "field": "start",
        "type": "temporal",
        "scale": {"type": "utc"},
        "axis": {
            "title": title,
            "format": "%-d %b",
            "labelOverlap": True,
            "grid": False,
            "tickCount": 6,
        },
    }


def _value_axis(title: str, value_format: str) -> Spec:
    return {
        "field": "value",
        "type": "quantitative",
        "scale": {"zero": True, "nice": True},
        "axis": {
            "title": title,
            "format": value_format,
            "tickCount": 5,
            "tickMinStep": _step(value_format),
        },
    }


def _step(value_format: str) -> float:
    return 1 if value_format.endswith("d") else 0


def range_chart(rows: Sequence[Row], x_title: str, names: tuple[str, str]) -> Spec:
    """Return one row for each name: a bar to `low`, a mark at `high`, and both as words at its end.

    Rows have `name`, `low`, `high` and `words`; `names` say what the two values are.
    """
    order = [row["name"] for row in rows]
    furthest = max(float(str(row["high"])) for row in rows)
    y = {
        "field": "name",
        "type": "nominal",
        "sort": order,
        "axis": {
            "title": None,
            "labelLimit": 220,
            "ticks": False,
            "domain": False,
            "labelOverlap": False,
        },
    }
    return {
        "data": {"values": [dict(row) for row in rows]},
        "height": _ROW_HEIGHT * len(rows) + _AXIS_HEIGHT,
        "encoding": {"y": y},
        "layer": [
            {
                "mark": {"type": "bar", "height": 12, "cornerRadiusEnd": 3, "color": COLOURS[0]},
                "encoding": {
                    "x": {
                        "field": "low",
                        "type": "quantitative",
                        "scale": {"domain": [0, _ROOM * furthest], "nice": False},
                        "axis": {"title": x_title, "tickCount": 5},
                    },
                    "tooltip": _both(names),
                },
            },
            {
                "mark": {"type": "tick", "thickness": 3, "size": 18, "color": COLOURS[1]},
                "encoding": {
                    "x": {"field": "high", "type": "quantitative"},
                    "tooltip": _both(names),
                },
            },
            {
                "mark": {"type": "text", "align": "left", "dx": 8},
                "encoding": {
                    "x": {"field": "high", "type": "quantitative"},
                    "text": {"field": "words", "type": "nominal"},
                },
            },
        ],
    }


def _both(names: tuple[str, str]) -> list[Spec]:
    return [
        {"field": "name", "type": "nominal", "title": " "},
        {"field": "low", "type": "quantitative", "title": names[0], "format": ",.1f"},
        {"field": "high", "type": "quantitative", "title": names[1], "format": ",.1f"},
    ]


def split_chart(rows: Sequence[Row], x_title: str, names: tuple[str, str]) -> Spec:
    """Return bars of two parts: a full one and an outlined one. Rows have `name`, `part` (of `names`) and `value`."""
    totals: dict[object, int] = {}
    for row in rows:
        value = row["value"]
        totals[row["name"]] = totals.get(row["name"], 0) + (value if isinstance(value, int) else 0)
    order = sorted(totals, key=lambda name: (-totals[name], str(name)))
    legend = {
        "title": None,
        "orient": "top",
        "offset": 10,
        "symbolType": "square",
        "symbolStrokeColor": COLOURS[0],
        "symbolStrokeWidth": 1.5,
    }
    return {
        "data": {"values": [dict(row) for row in rows]},
        "height": _ROW_HEIGHT * len(order) + _AXIS_HEIGHT + _LEGEND_HEIGHT,
        "mark": {"type": "bar", "height": 16, "stroke": COLOURS[0], "strokeWidth": 1.5},
        "encoding": {
            "y": {
                "field": "name",
                "type": "nominal",
                "sort": order,
                "axis": {
                    "title": None,
                    "labelLimit": 260,
                    "ticks": False,
                    "domain": False,
                    "labelOverlap": False,
                },
            },
            "x": {
                "field": "value",
                "type": "quantitative",
                "axis": {"title": x_title, "format": ",d", "tickMinStep": 1, "tickCount": 5},
            },
            "fill": {
                "field": "part",
                "type": "nominal",
                "scale": {"domain": list(names), "range": [COLOURS[0], "transparent"]},
                "legend": legend,
            },
            "order": {"field": "part", "sort": "ascending"},
            "tooltip": [
                {"field": "name", "type": "nominal", "title": " "},
                {"field": "part", "type": "nominal", "title": " "},
                {"field": "value", "type": "quantitative", "title": x_title},
            ],
        },
    }


def interval_chart(rows: Sequence[Row], x_title: str, zero_line: bool = False) -> Spec:
    """Return a point with its interval for each row; rows have `name`, `value`, `low`, `high` and `words`.

    Where rows have `tells`, those that tell nothing are quiet.
    """
    order = [row["name"] for row in rows]
    colour: Spec = {"value": COLOURS[0]}
    if any("tells" in row for row in rows):
        colour = {
            "condition": {"test": "datum.tells", "value": COLOURS[1]},
            "value": COLOURS[6],
        }
    rule = {
        # The line at nought is no datum: screen readers are told of the points alone.
        "mark": {"type": "rule", "strokeDash": [4, 3], "color": COLOURS[6], "aria": False},
        "encoding": {"x": {"datum": 0}},
    }
    layers: list[Spec] = [rule] if zero_line else []
    y = {
        "field": "name",
        "type": "nominal",
        "sort": order,
        "axis": {
            "title": None,
            "labelLimit": 220,
            "ticks": False,
            "domain": False,
            "labelOverlap": False,
        },
    }
    scale = {"zero": zero_line, "nice": True}
    layers += [
        {
            "mark": {"type": "rule", "strokeWidth": 2},
            "encoding": {
                "y": y,
                "x": {
                    "field": "low",
                    "type": "quantitative",
                    "scale": scale,
                    "axis": {"title": x_title, "tickCount": 5},
                },
                "x2": {"field": "high"},
                "color": colour,
            },
        },
        {
            "mark": {"type": "point", "filled": True, "size": 70, "opacity": 1},
            "encoding": {
                "y": y,
                "color": colour,
                "x": {"field": "value", "type": "quantitative", "scale": scale},
                "tooltip": [
                    {"field": "name", "type": "nominal", "title": " "},
                    {"field": "words", "type": "nominal", "title": x_title},
                ],
            },
        },
    ]
    return {
        "data": {"values": [dict(row) for row in rows]},
        "height": _ROW_HEIGHT * len(rows) + _AXIS_HEIGHT,
        "layer": layers,
    }
