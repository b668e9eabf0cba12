"""Values beside the limits that they should stay below; pure."""

from collections.abc import Sequence

from app.web.quality.charts import COLOURS, Row, Spec

_ROW_HEIGHT = 34
_AXIS_HEIGHT = 56


def limit_chart(rows: Sequence[Row], x_title: str, names: tuple[str, str]) -> Spec:
    """Return a bar to `value` and a mark at `limit` for each `name`, with `words` behind; `tells` rows stand out.

    `names` say what the two values are.
    """
    furthest = max(float(str(row[end])) for row in rows for end in ("value", "limit"))
    value = {"type": "quantitative", "scale": {"domain": [0, 1.35 * furthest], "nice": False}}
    ends = [{**row, "end": max(float(str(row["value"])), float(str(row["limit"])))} for row in rows]
    return {
        "data": {"values": ends},
        "height": _ROW_HEIGHT * len(rows) + _AXIS_HEIGHT,
        "encoding": {
            "y": {
                "field": "name",
                "type": "nominal",
                "sort": [row["name"] for row in rows],
                "axis": {"title": None, "labelLimit": 220, "ticks": False, "domain": False},
            },
            "tooltip": [
                {"field": "name", "type": "nominal", "title": " "},
                {"field": "value", "type": "quantitative", "title": names[0], "format": ".3f"},
                {"field": "limit", "type": "quantitative", "title": names[1], "format": ".3f"},
            ],
        },
        "layer": [
            {
                "mark": {"type": "bar", "height": 12, "cornerRadiusEnd": 3},
                "encoding": {
                    "x": {"field": "value", "axis": {"title": x_title, "tickCount": 5}, **value},
                    "color": {
                        "condition": {"test": "datum.tells", "value": COLOURS[2]},
                        "value": COLOURS[0],
                    },
                },
            },
            {
                "mark": {"type": "tick", "thickness": 3, "size": 18, "color": COLOURS[1]},
                "encoding": {"x": {"field": "limit", **value}},
            },
            {
                "mark": {"type": "text", "align": "left", "dx": 8},
                "encoding": {
                    "x": {"field": "end", **value},
                    "text": {"field": "words", "type": "nominal"},
                },
            },
        ],
    }
