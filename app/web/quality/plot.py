"""A plot as every section of the page draws it: a heading, a picture with its words, and the numbers beside it."""

from collections.abc import Sequence
from dataclasses import dataclass

import streamlit as st

from app.chat_view import plain_html
from app.safe_text import html_text
from app.web.quality.charts import Spec


@dataclass(frozen=True, slots=True)
class NumberTable:
    """What a plot shows, as text; the first column names the rows."""

    header: Sequence[str]
    rows: Sequence[Sequence[str]]


def show_plot(key: str, title: str, about: str, alt: str, spec: Spec, table: NumberTable) -> None:
    """Draw a plot; `about` says in a line how to read it, `alt` what it shows to who cannot see it."""
    with st.container(key=f"plot_{key}", gap="small"):
        st.html(plain_heading(title, about))
        st.vega_lite_chart(spec=spec, key=f"chart_{key}", alt=alt, width="stretch")
        with st.expander("Show the numbers", key=f"numbers_{key}"):
            st.html(table_html(title, table))


def show_section(title: str, about: str) -> None:
    """Draw the heading of what is no plot."""
    st.html(plain_heading(title, about))


def plain_heading(title: str, about: str) -> str:
    """Return a heading with a line below it."""
    return (
        f'<h2 class="fn-plot-title">{html_text(title)}</h2>{plain_html(about, "fn-small")}'
        if about
        else f'<h2 class="fn-plot-title">{html_text(title)}</h2>'
    )


def table_html(caption: str, table: NumberTable) -> str:
    """Return a table of exactly these texts; it scrolls by itself where the page is narrow."""
    head = "".join(f'<th scope="col">{html_text(cell)}</th>' for cell in table.header)
    body = "".join(
        f'<tr><th scope="row">{html_text(row[0])}</th>'
        + "".join(f"<td>{html_text(cell)}</td>" for cell in row[1:])
        + "</tr>"
        for row in table.rows
    )
    name = html_text(caption)
    return (
        f'<div class="fn-numbers" role="region" aria-label="{name}" tabindex="0"><table>'
        f"<caption>{name}</caption><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>"
    )
