"""The main numbers of a period, and how they changed."""

from dataclasses import dataclass

from app.quality.figures import Usage
from app.safe_text import html_text
from app.web.quality.wording import (
    growth_words,
    money_words,
    points_words,
    share_words,
    time_words,
)


@dataclass(frozen=True, slots=True)
class Tile:
    """One number with its name, and its change in words."""

    name: str
    value: str
    change: str


def tiles_of(usage: Usage) -> list[Tile]:
    """Return the tiles of a period."""
    now, before, period = usage.now, usage.before, usage.period
    return [
        Tile(
            "Questions",
            f"{now.questions:,}",
            growth_words(now.questions, before.questions, period),
        ),
        Tile(
            "People who asked", f"{now.people:,}", growth_words(now.people, before.people, period)
        ),
        Tile(
            "Answered",
            share_words(now.answered, now.questions),
            points_words(
                (now.answered, now.questions), (before.answered, before.questions), period
            ),
        ),
        Tile(
            "Flagged as wrong",
            share_words(now.flagged, now.questions),
            points_words((now.flagged, now.questions), (before.flagged, before.questions), period),
        ),
        Tile(
            "Half are ready within",
            time_words(now.p50_ms),
            growth_words(now.p50_ms or 0, before.p50_ms or 0, period),
        ),
        Tile(
            "Cost of models",
            money_words(now.cost_usd),
            growth_words(now.cost_usd, before.cost_usd, period),
        ),
    ]


def tiles_html(tiles: list[Tile]) -> str:
    """Return the tiles as a list of names and values."""
    items = "".join(
        f"<div><dt>{html_text(tile.name)}</dt><dd>{html_text(tile.value)}</dd>"
        f'<dd class="fn-change">{html_text(tile.change)}</dd></div>'
        for tile in tiles
    )
    return f'<dl class="fn-tiles">{items}</dl>'
