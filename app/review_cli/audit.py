"""`footnote review audit draw|list|label|figures`: a random sample of answers, so that the rate of flags can be judged."""

from dataclasses import asdict
from typing import get_args

import click

from app.chat_view import clipped, terminal_text
from app.review.audit import AuditDesk, AuditVerdict
from app.review.audit_figures import AuditFigures, Share
from app.review_cli.access import reviewing_caller
from core.answers import FeedbackCategory
from core.command_line import as_option, common_options, print_json
from core.settings import Settings
from index.factory import open_catalogue

_SHOWN_CHARS = 100


@click.group()
def audit() -> None:
    """Draw answers at random, say whether they are right, and see how many wrong ones nobody flags."""


@audit.command()
@click.option("--count", type=int, default=20, help="How many answers of the week.")
@click.option("--week", default="", help="ISO week like 2026-W47 (default: the last whole one).")
@as_option
@common_options
def draw(settings: Settings, as_json: bool, count: int, week: str, as_user: str | None) -> None:
    """Draw answers of a week; the same ones whoever draws."""
    desk, caller = _desk(settings), reviewing_caller(settings, as_user)
    drawn = desk.draw(caller, count, week)
    entries = desk.list(caller, drawn)
    if as_json:
        print_json({"week": drawn, "answers": [asdict(entry) for entry in entries]})
    else:
        click.echo(f"{len(entries)} answers of {drawn} are in the sample.")


@audit.command("list")
@click.option("--week", default="", help="Only of this ISO week.")
@click.option("--unlabelled", is_flag=True, help="Only those that you have not labelled.")
@as_option
@common_options
def list_sample(
    settings: Settings, as_json: bool, week: str, unlabelled: bool, as_user: str | None
) -> None:
    """List the sample."""
    caller = reviewing_caller(settings, as_user)
    entries = _desk(settings).list(caller, week, unlabelled=unlabelled)
    if as_json:
        print_json([asdict(entry) for entry in entries])
        return
    for entry in entries:
        what = entry.mine or "not labelled"
        question = clipped(" ".join(entry.question.split()), _SHOWN_CHARS)
        if entry.restricted:
            question = f"restricted: needs somebody who may read {entry.restricted} documents"
        click.echo(terminal_text(f"{entry.answer_id}  {entry.period}  {what}  {question}"))


@audit.command()
@click.argument("answer_id")
@click.argument("verdict", type=click.Choice(get_args(AuditVerdict)))
@click.option("--category", type=click.Choice(get_args(FeedbackCategory)), help="What is wrong.")
@click.option("--note", default="", help="Anything to add.")
@as_option
@common_options
def label(
    settings: Settings,
    as_json: bool,
    answer_id: str,
    verdict: str,
    category: str | None,
    note: str,
    as_user: str | None,
) -> None:
    """Say whether an answer of the sample is right."""
    desk, caller = _desk(settings), reviewing_caller(settings, as_user)
    desk.label(caller, answer_id, verdict, category or "", note)
    if as_json:
        print_json({"answer_id": answer_id, "verdict": verdict, "category": category or ""})
    else:
        click.echo(f"{answer_id} is {verdict}, you say.")


@audit.command()
@click.option("--week", default="", help="Only of this ISO week.")
@as_option
@common_options
def figures(settings: Settings, as_json: bool, week: str, as_user: str | None) -> None:
    """Say how many answers are wrong, and how many of those anybody flagged."""
    found = _desk(settings).figures(reviewing_caller(settings, as_user), week)
    if as_json:
        print_json(asdict(found))
        return
    for line in figure_lines(found):
        click.echo(line)


def figure_lines(found: AuditFigures) -> tuple[str, ...]:
    """Return the figures as sentences."""
    kappa = found.agreement.kappa
    agreement = "cannot be computed" if kappa is None else f"is {kappa:.2f}"
    return (
        f"{found.labelled} of {found.drawn} drawn answers are labelled, {found.unsure} of them unsure.",
        f"Wrong: {_said(found.wrong)}.",
        f"Flagged, of all answers in these weeks: {_said(found.flagged)}.",
        f"Flagged, of the wrong ones: {_said(found.found)}.",
        f"Two people labelled {found.agreement.pairs}; kappa {agreement}.",
    )


def _said(share: Share) -> str:
    if share.value is None:
        return "nothing to count yet"
    return f"{share.hits} of {share.n} ({share.value:.0%}; 95 % interval {share.low:.0%} to {share.high:.0%})"


def _desk(settings: Settings) -> AuditDesk:
    return AuditDesk(open_catalogue(settings), settings.data_dir)
