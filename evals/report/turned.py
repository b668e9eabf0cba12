"""The cases that turned from right to wrong between two runs, or back, with both answers."""

from evals.comparing.compared_runs import RunComparison
from evals.comparing.turned_cases import TurnedCase
from evals.report.markup import Markup, joined, tag
from evals.report.parts import nothing, said

_SHOWN_TURNED = 8


def turned_section(comparison: RunComparison) -> Markup:
    """Return how many cases turned, with examples of both kinds."""
    lost = [each for each in comparison.turned if not each.is_won]
    won = [each for each in comparison.turned if each.is_won]
    if not comparison.turned:
        return joined(
            tag("h3", "Cases that turned"), nothing("No case went from right to wrong, or back.")
        )
    name = comparison.primary.info.title if comparison.primary else ""
    return joined(
        tag("h3", "Cases that turned"),
        tag(
            "p",
            f"By {name}: {len(lost)} were right before and are wrong now, {len(won)} the other way round.",
        ),
        [_turned_case(each) for each in (*lost[:_SHOWN_TURNED], *won[:_SHOWN_TURNED])],
        tag("p", "More of them: `footnote eval compare --json`.", class_="quiet")
        if max(len(lost), len(won)) > _SHOWN_TURNED
        else None,
    )


def _turned_case(each: TurnedCase) -> Markup:
    word, tone = ("wrong → right", "good") if each.is_won else ("right → wrong", "bad")
    return tag(
        "article",
        tag(
            "p",
            tag("span", word, class_=f"pill {tone}"),
            " ",
            tag("strong", said(each.question)),
            class_="asked",
        ),
        tag(
            "div",
            tag("p", "Before", class_="label"),
            tag("p", said(each.before or "No answer.", 420)),
        ),
        tag(
            "div",
            tag("p", "After", class_="label"),
            tag("p", said(each.after or "No answer.", 420)),
        ),
        class_="turned",
    )
