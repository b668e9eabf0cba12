"""What people say is wrong: by kind, cause, document and topic, with examples, and how far flags can be trusted."""

from collections import Counter
from collections.abc import Iterable, Sequence

from app.chat_view import CATEGORY_WORDS
from core.metric_words import interval, level
from evals.report.committee import SHARE
from evals.report.data import ReportData
from evals.report.flag_rows import FlagRow
from evals.report.live_rows import share_of
from evals.report.markup import Content, Markup, joined, tag
from evals.report.parts import left_out, nothing, said, section, table

CAUSE_WORDS = {
    "retrieval_miss": "the right passage was not found",
    "packing_loss": "found, but left out of what the model read",
    "generation": "read, and written wrongly",
    "source_wrong": "the document itself is wrong",
    "acl": "permissions",
    "injection": "an instruction hidden in a document",
    "none": "no fault found",
    "": "not looked at yet",
}
_SHOWN = 8
_EXAMPLES = 2


def flag_section(data: ReportData) -> Markup:
    """Return the section."""
    rows = data.flag_rows.rows
    lead = "What people say is wrong with answers, and what reviewers made of it."
    if not rows:
        empty = nothing("Nothing was flagged in this period." if not data.flag_rows.hidden else "")
        return section(
            "flags",
            "Flags",
            lead,
            left_out(data.flag_rows.hidden, "flags are"),
            empty,
            _trust(data),
        )
    categories: dict[str, str] = dict(CATEGORY_WORDS.items())
    return section(
        "flags",
        "Flags",
        lead,
        left_out(data.flag_rows.hidden, "flags are"),
        tag("h3", "What is wrong"),
        _counted("Kind", ((categories.get(row.category, row.category), row) for row in rows)),
        tag("h3", "Why"),
        _counted("Cause", ((CAUSE_WORDS.get(row.cause, row.cause), row) for row in rows)),
        tag(
            "p",
            "Causes that no reviewer has confirmed are suggested by the passages and claims of the answer.",
            class_="quiet",
        )
        if any(row.is_suggested for row in rows)
        else None,
        tag("h3", "Where"),
        _counted(
            "Document of the answer",
            ((title, row) for row in rows for title in dict.fromkeys(row.documents)),
        ),
        tag("h3", "About what"),
        _topics(data.flag_topics),
        _trust(data),
    )


def _counted(name: str, pairs: Iterable[tuple[str, FlagRow]]) -> Markup:
    groups: dict[str, list[FlagRow]] = {}
    for label, row in pairs:
        groups.setdefault(label, []).append(row)
    ordered = sorted(groups.items(), key=lambda pair: (-len(pair[1]), pair[0]))
    most = max((len(some) for _, some in ordered), default=1)
    rows = [
        (said(label, 100), _bar(len(some), most), _states(some), _examples(some))
        for label, some in ordered[:_SHOWN]
    ]
    more = (
        tag("p", f"{len(ordered) - _SHOWN} more.", class_="quiet")
        if len(ordered) > _SHOWN
        else None
    )
    return joined(
        table((name, "Flags", "What became of them", "For example"), rows, "counted"), more
    )


def _bar(count: int, most: int) -> Markup:
    return tag(
        "span",
        tag(
            "svg",
            tag(
                "rect",
                x=0,
                y=0,
                width=round(100 * count / most, 1),
                height=10,
                class_="fill accent",
            ),
            view_box="0 0 100 10",
            preserve_aspect_ratio="none",
            aria_hidden="true",
        ),
        tag("span", str(count)),
        class_="bar",
    )


def _states(rows: Sequence[FlagRow]) -> str:
    return ", ".join(
        f"{count} {state}" for state, count in Counter(row.state for row in rows).most_common()
    )


def _examples(rows: Sequence[FlagRow]) -> Content:
    texts = list(dict.fromkeys(row.question for row in rows if row.question))[:_EXAMPLES]
    return [tag("div", said(text, 140)) for text in texts]


def _topics(groups: Sequence[Sequence[FlagRow]]) -> Markup:
    if not groups:
        return nothing("The flags were not grouped by meaning.")
    rows = [
        (
            said(group[0].question, 140),
            str(len(group)),
            _states(group),
            [tag("div", said(row.question, 140)) for row in group[1 : 1 + _EXAMPLES]],
        )
        for group in groups[:_SHOWN]
    ]
    return table(("Question at the middle", "Flags", "What became of them", "Also asked as"), rows)


def _trust(data: ReportData) -> Markup:
    audit, agreement = data.audit, data.agreement
    flagged = share_of(sum(row.is_flagged for row in data.answers), len(data.answers))
    wrong = share_of(audit.wrong, audit.right + audit.wrong)
    rows: list[tuple[Content, ...]] = [
        (
            "Flagged by readers",
            f"{level(SHARE, flagged.value)} {interval(SHARE, flagged.low, flagged.high)}"
            if flagged
            else "–",
            f"of {len(data.answers):,} answers",
        ),
        (
            "Wrong in the random sample",
            f"{level(SHARE, wrong.value)} {interval(SHARE, wrong.low, wrong.high)}"
            if wrong
            else "–",
            f"of {audit.right + audit.wrong} judged ({audit.drawn} drawn, {audit.unsure} unsure)",
        ),
        (
            "Reviewers' agreement (Cohen's κ)",
            "–" if agreement.kappa is None else f"{agreement.kappa:.2f}",
            f"{agreement.flags} flags judged by two people, the same by {agreement.agreed:.0%}, {agreement.base_rate:.0%} of judgements accept"
            if agreement.flags
            else "no flag was judged by two people",
        ),
    ]
    return joined(tag("h3", "How far flags can be trusted"), table(("", "Share", "Over"), rows))
