"""Drift: whether people ask and get something else than in the period before, feature by feature."""

import streamlit as st

from app.quality.desk import QualityDesk
from app.quality.drift import FEWEST, DriftReport, FeatureDrift, GrownTopic
from app.quality.figures import Usage
from app.safe_text import html_text
from app.web.quality.limit_chart import limit_chart
from app.web.quality.plot import NumberTable, show_plot, show_section, table_html
from app.web.quality.wording import STATUS_WORDS, count_words
from core.answers import Caller

_WORDS = {
    "topics": "What is asked about",
    "top_score": "Best passage's score",
    "answer_length": "Length of answers",
    "abstention": "Not in the documents",
    "language": "Language of questions",
}
_LANGUAGES = {
    "en": "English",
    "de": "German",
    "es": "Spanish",
    "fr": "French",
    "other": "Not told",
}
_FIFTHS = ("Lowest fifth", "Second fifth", "Middle fifth", "Fourth fifth", "Highest fifth")
_NAMES = ("Shift (PSI)", "Alarm above")


def show_drift(desk: QualityDesk, usage: Usage, caller: Caller) -> None:
    """Draw the period beside the one before."""
    days = usage.period.days
    with st.spinner("Comparing questions …"):
        report = desk.drift(days, caller)
    if not report.is_enough:
        show_section(
            "Nothing to compare yet",
            f"Drift needs {FEWEST} different questions in these {days} days and in the {days} days before: there are "
            f"{report.questions_after:,} and {report.questions_before:,}.",
        )
        return
    _show_features(report)
    _show_topics(report)
    with st.expander("Show both periods' shares", key="numbers_drift_shares"):
        st.html(table_html("Shares of both periods", _shares(report)))


def _show_features(report: DriftReport) -> None:
    rows = [
        {
            "name": _WORDS[each.feature],
            "value": round(each.value, 3),
            "limit": round(each.threshold, 3),
            "tells": each.alarm,
            "words": "changed" if each.alarm else "as before",
        }
        for each in report.features
    ]
    changed = [_WORDS[each.feature].lower() for each in report.features if each.alarm]
    said = (
        f"Changed: {', '.join(changed)}."
        if changed
        else "Nothing changed more than chance explains."
    )
    show_plot(
        "drift",
        "Beside the period before",
        f"{said} {count_words(report.questions_after, 'question')} since {report.after.first}, beside "
        f"{report.questions_before:,} of {report.before.first} to {report.before.last}.",
        f"Bar chart of how far five features moved, each with its limit. {said}",
        limit_chart(rows, "Population stability index", _NAMES),
        NumberTable(
            ("", *_NAMES, "Chance (p)", "Says"),
            [
                (
                    _WORDS[each.feature],
                    f"{each.value:.3f}",
                    f"{each.threshold:.3f}",
                    f"{each.p_value:.4f}",
                    "changed" if each.alarm else "as before",
                )
                for each in report.features
            ],
        ),
    )


def _show_topics(report: DriftReport) -> None:
    is_alarm = any(each.alarm for each in report.features if each.feature == "topics")
    if not (is_alarm and report.topics):
        return
    show_section(
        "Asked about more than before",
        "Personal data is masked; examples are of documents that you may read.",
    )
    st.html(f'<ul class="fn-gaps">{"".join(map(_topic_html, report.topics))}</ul>')


def _topic_html(topic: GrownTopic) -> str:
    head = (
        html_text(topic.questions[0])
        if topic.questions
        else "Questions that cannot be shown to you"
    )
    also = "".join(
        f'<div class="fn-gap-also">{html_text(each)}</div>' for each in topic.questions[1:]
    )
    grown = f"{100 * topic.before:.0f} % → {100 * topic.after:.0f} %"
    return (
        f'<li class="fn-gap"><div class="fn-gap-head"><span class="fn-gap-label">{head}</span>'
        f'<span class="fn-weight">{grown}</span></div>{also}</li>'
    )


def _shares(report: DriftReport) -> NumberTable:
    """Return what features were compared by; topics have no names to list."""
    return NumberTable(
        ("", "Before", "Now"),
        [
            (
                f"{_WORDS[feature.feature]}: {_label(feature, share.label)}",
                f"{100 * share.before:.1f} %",
                f"{100 * share.after:.1f} %",
            )
            for feature in report.features
            if feature.feature != "topics"
            for share in feature.shares
        ],
    )


def _label(feature: FeatureDrift, label: str) -> str:
    if feature.feature == "abstention":
        return STATUS_WORDS.get(label, label)
    if feature.feature == "language":
        return _LANGUAGES.get(label, label)
    labels = [share.label for share in feature.shares if share.label.isdigit()]
    is_in_fifths = len(labels) == len(_FIFTHS)
    return _FIFTHS[labels.index(label)] if is_in_fifths and label in labels else label
