"""A table as an element of the page: rows that open something, columns that sort; cards where it is narrow.

Cells are passed as data and become text nodes, as in `app.web.components`: a file name cannot become markup.
"""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from functools import cache
from typing import Any

import streamlit as st
from streamlit.components.v2.types import ComponentRenderer

from app.web.shipped import asset_text
from app.web.triggers import new_event


@dataclass(frozen=True, slots=True)
class Column:
    """A column; `align` is left or right, `sort` the name that a click on its head sorts by, '' for none."""

    title: str
    align: str = "left"
    sort: str = ""


@dataclass(frozen=True, slots=True)
class Cell:
    """A cell: a line, a smaller one and some text below it; a tone (good, mixed, bad, calm, quiet) makes it a badge."""

    text: str
    note: str = ""
    tone: str = ""
    body: str = ""


@dataclass(frozen=True, slots=True)
class Row:
    """A row; `href` is the address of what it opens, '' where it opens nothing."""

    row_id: str
    cells: tuple[Cell, ...]
    href: str = ""


@dataclass(frozen=True, slots=True)
class Table:
    """`label` names it for those who hear the page; `sorted_by` is a column's `sort`."""

    label: str
    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    sorted_by: str = ""
    descending: bool = False


def show_table(
    table: Table,
    key: str,
    on_open: Callable[[str], None] | None = None,
    on_sort: Callable[[str], None] | None = None,
) -> None:
    """Draw a table; the callbacks get a row's id or a column's `sort`, before the next run."""

    def opened() -> None:
        _pass_on(new_event(key, "opened"), on_open)

    def resorted() -> None:
        _pass_on(new_event(key, "resorted"), on_sort)

    _element()(key=key, data=asdict(table), on_opened_change=opened, on_resorted_change=resorted)


def _pass_on(event: Mapping[str, Any] | None, callback: Callable[[str], None] | None) -> None:
    if event is not None and callback is not None:
        callback(str(event["value"]))


@cache
def _element() -> ComponentRenderer:
    return st.components.v2.component(
        "footnote.records",
        html='<div class="records"></div>',
        css=asset_text("records.css"),
        js=asset_text("records.js"),
    )
