"""The Quality page: how the answers have been, as plots with their numbers. Everything comes from the quality desk."""

from collections.abc import Callable

import streamlit as st

from app.application import Application
from app.quality.desk import QualityDesk
from app.quality.figures import Usage
from app.quality.period import CHOICES, Days
from app.web.problems import guarded
from app.web.quality.arms_section import show_arms
from app.web.quality.drift_section import show_drift
from app.web.quality.gap_section import show_gaps
from app.web.quality.run_section import show_runs
from app.web.quality.speed_section import show_speed
from app.web.quality.tiles import tiles_html, tiles_of
from app.web.quality.trust_section import show_trust
from app.web.quality.use_section import show_use
from app.web.shipped import ASSETS
from core.answers import Caller

_DEFAULT: Days = 30
_EMPTY = (
    '<div class="fn-empty"><h2>No questions in these days</h2><p>As soon as people ask, this page shows how many '
    "were answered, what the documents do not say, how long answers take and what people flag.</p></div>"
)
Section = Callable[[QualityDesk, Usage, Caller], None]
_SECTIONS: dict[str, Section] = {
    "Use": show_use,
    "Document gaps": show_gaps,
    "Speed and cost": show_speed,
    "Trust": show_trust,
    "Comparisons": show_arms,
    "Drift": show_drift,
}
_RUNS = "Evaluation"


def render(application: Application, caller: Caller) -> None:
    """Draw the page once, for one run of the script."""
    st.html(ASSETS / "quality.css")
    desk = application.quality
    with st.container(key="quality", gap="medium"):
        with st.container(key="quality_head", horizontal=True, vertical_alignment="center"):
            st.html('<h1 class="fn-page-title">Quality</h1>', width="stretch")
            days = _period_picker()
        with guarded():
            usage = desk.usage(days, caller)
            if usage.now.questions:
                st.html(tiles_html(tiles_of(usage)))
            _show_sections(desk, usage, caller)


def _period_picker() -> Days:
    chosen = st.segmented_control(
        "Period",
        CHOICES,
        default=_DEFAULT,
        format_func=lambda days: f"{days} days",
        key="quality_days",
        label_visibility="collapsed",
        required=True,
    )
    return chosen or _DEFAULT


def _show_sections(desk: QualityDesk, usage: Usage, caller: Caller) -> None:
    # Only the tab that is open is drawn: the others cost nothing.
    tabs = st.tabs([*_SECTIONS, _RUNS], key="quality_tab", on_change="rerun")
    for tab, (name, show) in zip(tabs, _SECTIONS.items(), strict=False):
        if not tab.open:
            continue
        with tab, st.container(key=f"section_{name.split()[0].lower()}", gap="medium"), guarded():
            if usage.now.questions:
                show(desk, usage, caller)
            else:
                st.html(_EMPTY)
    if tabs[-1].open:
        with tabs[-1], st.container(key="section_runs", gap="medium"), guarded():
            show_runs(desk, caller)
