"""The search debugger: what is found, for whom, how, and why a document is not."""

from collections.abc import Mapping
from urllib.parse import urlencode

import streamlit as st

from app.application import Application
from app.chat_view import clipped, plain_html, plain_row
from app.knowledge.search_probe import MAX_HITS, Probe, ProbeResult
from app.web.documents.record_table import Cell, Column, Row, Table, show_table
from app.web.documents.session import go
from app.web.documents.wording import plural
from core.answers import Caller, Hit
from index.explanation import Explanation

_COLUMNS = (
    Column("Passage"),
    Column("Score", "right"),
    Column("By words", "right"),
    Column("By meaning", "right"),
    Column("Notes"),
)
_PROBE = "documents_probe"
_FIELDS = ("query", "as", "k", "filter", "missed")
_TEXT_CHARS = 220


def draw(application: Application, caller: Caller) -> None:
    """Draw the tab."""
    _draw_form()
    probe = st.session_state.get(_PROBE)
    if not isinstance(probe, Probe):
        return
    result = application.knowledge.probe(caller, probe)
    _draw_summary(result)
    if result.why_not is not None:
        st.html(plain_html("Why not that document?", "fn-section"))
        st.html(plain_html(result.why_not.text, "fn-note"))
    if result.hits:
        rows = tuple(_row(hit) for hit in result.hits)
        show_table(
            Table("Passages that were found", _COLUMNS, rows),
            "hits_table",
            on_open=lambda row_id: go("documents", doc=row_id.partition(":")[2]),
        )
    else:
        st.html(plain_html("Nothing was found.", "fn-lead"))
    _draw_understanding(result.explanation)


def _draw_form() -> None:
    with st.form("probe_form", border=True):
        st.text_input(
            "Query", key="probe_query", max_chars=2000, persist_state="session",
            placeholder="What somebody searched for",
        )  # fmt: skip
        with st.container(horizontal=True, key="probe_fields"):
            st.text_input(
                "As this person", key="probe_as", max_chars=320, persist_state="session",
                placeholder="Yourself", width=220,
                help="Only passages that both of you may read are shown.",
            )  # fmt: skip
            st.number_input(
                "Passages", 1, MAX_HITS, 10, key="probe_k", persist_state="session", width=110
            )
            st.text_input(
                "Filters", key="probe_filter", max_chars=1000, persist_state="session",
                placeholder="type=pdf, source=handbook", width=245,
                help="As footnote search --filter takes them, with commas between.",
            )  # fmt: skip
            st.text_input(
                "Missed document", key="probe_missed", max_chars=2000, persist_state="session",
                placeholder="Its address or id", width=245,
            )  # fmt: skip
        st.form_submit_button(
            "Search", key="probe_search", type="primary", icon=":material/search:", on_click=_asked
        )


def _asked() -> None:
    given = {name: st.session_state.get(f"probe_{name}") for name in _FIELDS}
    filters = tuple(part.strip() for part in str(given["filter"] or "").split(",") if part.strip())
    st.session_state[_PROBE] = Probe(
        query=str(given["query"] or ""),
        as_user=str(given["as"] or ""),
        top_k=int(given["k"] or 10),
        filters=filters,
        missed=str(given["missed"] or ""),
    )


def _draw_summary(result: ProbeResult) -> None:
    who = "as yourself" if result.is_own else f"as {result.reader}"
    told = (plural(len(result.hits), "passage"), f"{result.took_ms:.0f} ms", who)
    st.html(plain_row(told, "fn-facts"))
    if result.is_narrowed:
        st.html(
            plain_html(
                f"{result.reader} may read documents that you may not. They were left out of this search, so what "
                f"{result.reader} finds may differ.",
                "fn-note",
            )
        )


def _row(hit: Hit) -> Row:
    why = hit.why
    section = " › ".join(hit.section)
    page = f"page {hit.page}" if hit.page is not None else ""
    place = " · ".join(filter(None, (section, page, hit.document.uri)))
    text = clipped(" ".join(hit.text.split()), _TEXT_CHARS)
    notes = [
        *why.notes,
        *(f"passage {other.other_rank} says otherwise ({other.kind})" for other in hit.conflicts),
    ]
    if why.name:
        notes.append(f"{why.name:.0%} of the naming words are in its name")
    return Row(
        f"{hit.rank}:{hit.document.doc_id}",
        (
            Cell(f"{hit.rank}. {hit.document.title or hit.document.uri}", place, body=text),
            Cell(f"{hit.score:.3f}"),
            _ranked(why.lexical_rank, f"{why.words:.2f}"),
            _ranked(why.dense_rank, f"{why.dense_score:.2f}" if why.dense_score else ""),
            Cell("; ".join(notes)),
        ),
        f"?{urlencode({'tab': 'documents', 'doc': hit.document.doc_id})}",
    )


def _ranked(rank: int | None, score: str) -> Cell:
    return Cell("–" if rank is None else f"#{rank}", score)


def _draw_understanding(explanation: Explanation) -> None:
    read = explanation.read
    lines = [("Words", ", ".join(_weighted(read.terms)))]
    if read.phrases:
        kept = "in no text, so looked for as words" if explanation.phrases_dropped else "required"
        lines.append((f"Phrases ({kept})", "; ".join(" ".join(phrase) for phrase in read.phrases)))
    lines.append(
        ("Also looked for", ", ".join(f"{given} → {added}" for given, added in read.expansions))
    )
    lines.append(("Taken as", ", ".join(f"{given} → {added}" for given, added in read.corrections)))
    lines.append(
        (
            "Found",
            f"{plural(explanation.lexical, 'chunk')} by words, {explanation.dense:,} by meaning, "
            f"{explanation.candidates:,} scored",
        )
    )
    if explanation.hidden_chunks is not None:
        lines.append(("Hidden by permissions", plural(explanation.hidden_chunks, "passage")))
    st.html(plain_html("How the query was understood", "fn-section"))
    rows = tuple(Row(name, (Cell(name), Cell(value))) for name, value in lines if value)
    table = Table("How the query was understood", (Column("Step"), Column("What")), rows)
    show_table(table, "understanding_table")


def _weighted(terms: Mapping[str, float]) -> list[str]:
    return [term if weight == 1.0 else f"{term} ({weight:g})" for term, weight in terms.items()]
