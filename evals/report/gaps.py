"""What people asked and the documents do not say, and whether questions and answers are other ones than before."""

from app.quality.drift import FEWEST, DriftReport, FeatureDrift
from evals.report.data import ReportData
from evals.report.markup import Markup, joined, tag
from evals.report.parts import nothing, said, section, table
from evals.report.plots import Series, bars

_SHOWN = 12
_FEATURES = {
    "topics": "What is asked about",
    "top_score": "How well the best passage fits",
    "answer_length": "How long answers are",
    "abstention": "How often nothing is found",
    "language": "The language of questions",
}


def gap_section(data: ReportData) -> Markup:
    """Return the knowledge gaps."""
    lead = "Questions that got no answer, or whose asker says there should have been one, grouped by what they mean."
    gaps = data.gaps
    if gaps is None:
        return section(
            "gaps",
            "What the documents do not say",
            lead,
            nothing(data.notes[-1] if data.notes else ""),
        )
    if not gaps.gaps:
        empty = nothing(
            "Every question of this period was answered."
            if not gaps.asked
            else "Nothing that two people asked."
        )
        return section(
            "gaps", "What the documents do not say", lead, empty, _withheld(gaps.withheld)
        )
    rows = [
        (
            said(gap.label, 160),
            str(gap.asked),
            str(gap.people),
            gap.last_asked[:10],
            [tag("div", said(text, 100)) for text in gap.documents] or "–",
            [tag("div", said(text, 140)) for text in gap.questions[:3]],
        )
        for gap in gaps.gaps[:_SHOWN]
    ]
    more = (
        tag("p", f"{len(gaps.gaps) - _SHOWN} smaller groups are not shown.", class_="quiet")
        if len(gaps.gaps) > _SHOWN
        else None
    )
    header = (
        "Question at the middle",
        "Asked",
        "People",
        "Last",
        "Nearest documents",
        "Also asked as",
    )
    return section(
        "gaps",
        "What the documents do not say",
        lead,
        table(header, rows),
        more,
        _withheld(gaps.withheld),
    )


def _withheld(count: int) -> Markup | None:
    if not count:
        return None
    return tag(
        "p",
        f"{count:,} questions that only one person asked are not shown: what a single person asks is theirs.",
        class_="quiet",
    )


def drift_section(data: ReportData) -> Markup:
    """Return whether the period is another one than the one before."""
    lead = (
        "Whether questions and answers are others than in the period before: the population stability index, with an alarm "
        "above what chance does."
    )
    drift = data.drift
    if drift is None or not drift.is_enough:
        counts = (
            f" There are {drift.questions_before} and {drift.questions_after}." if drift else ""
        )
        return section(
            "drift",
            "Drift",
            lead,
            nothing(
                f"Each of the two periods needs {FEWEST} questions before anything can be said.{counts}"
            ),
        )
    return section("drift", "Drift", lead, _features(drift), _moved(drift), _grown(drift))


def _features(drift: DriftReport) -> Markup:
    rows = [
        (
            _FEATURES.get(each.feature, each.feature),
            f"{each.value:.3f}",
            f"{each.threshold:.3f}",
            tag("span", "moved", class_="pill bad")
            if each.alarm
            else tag("span", "as before", class_="pill good"),
        )
        for each in drift.features
    ]
    return joined(
        tag(
            "p",
            f"{drift.questions_before} questions before, {drift.questions_after} in this period.",
        ),
        table(("Feature", "Index", "Alarm above", ""), rows),
    )


def _moved(drift: DriftReport) -> list[Markup]:
    return [_shares(each) for each in drift.features if each.alarm]


def _shares(feature: FeatureDrift) -> Markup:
    labels = [share.label for share in feature.shares]
    return joined(
        bars(
            f"{_FEATURES.get(feature.feature, feature.feature)}: before",
            labels,
            [Series("before", "accent", [100 * share.before for share in feature.shares])],
            "% of questions",
        ),
        bars(
            f"{_FEATURES.get(feature.feature, feature.feature)}: now",
            labels,
            [Series("now", "warn", [100 * share.after for share in feature.shares])],
            "% of questions",
        ),
    )


def _grown(drift: DriftReport) -> Markup | None:
    rows = [
        (
            said(topic.questions[0], 160),
            f"{topic.before:.0%}",
            f"{topic.after:.0%}",
            [tag("div", said(text, 140)) for text in topic.questions[1:]],
        )
        for topic in drift.topics
        if topic.questions
    ]
    return (
        joined(
            tag("h3", "What more is asked about"),
            table(("Topic", "Before", "Now", "Also asked as"), rows),
        )
        if rows
        else None
    )
