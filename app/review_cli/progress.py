"""`footnote review triage|fix|verify|reopen|causes`: what happens to a flag before and after its decision."""

from dataclasses import asdict
from typing import get_args

import click

from app.chat_view import terminal_text
from app.review.states import PRIORITIES, ROOT_CAUSES, SEVERITIES
from app.review_cli.access import open_desk, reviewing_caller
from core.answers import FeedbackCategory
from core.command_line import as_option, common_options, print_json
from core.settings import Settings


@click.command()
@click.argument("feedback_id")
@click.option("--priority", type=click.Choice(PRIORITIES), help="How urgent it is.")
@click.option("--assignee", default="", metavar="EMAIL", help="Who should decide it.")
@click.option("--root-cause", type=click.Choice(ROOT_CAUSES), help="Where it probably went wrong.")
@click.option("--severity", type=click.Choice(SEVERITIES), help="How bad it is.")
@click.option("--category", type=click.Choice(get_args(FeedbackCategory)), help="What is wrong.")
@click.option("--note", default="", help="A note for whoever decides.")
@as_option
@common_options
def triage(
    settings: Settings, as_json: bool, feedback_id: str, as_user: str | None, **given: str | None
) -> None:
    """Say how urgent a flag is and who should decide it, without deciding it."""
    said = {name: value or "" for name, value in given.items()}
    review = open_desk(settings).triage(feedback_id, reviewing_caller(settings, as_user), **said)
    if as_json:
        print_json({"id": feedback_id, "state": "triaged", "review": asdict(review)})
    else:
        click.echo(f"{feedback_id} is triaged.")


@click.command()
@click.argument("feedback_id")
@click.option("--note", default="", help="A note; who flagged reads it.")
@as_option
@common_options
def fix(
    settings: Settings, as_json: bool, feedback_id: str, note: str, as_user: str | None
) -> None:
    """Say that what an accepted flag was about does not happen any more."""
    caller = reviewing_caller(settings, as_user)
    review = open_desk(settings).decide(feedback_id, caller, "fix", note=note)
    if as_json:
        print_json({"id": feedback_id, "state": "fixed", "review": asdict(review)})
    else:
        click.echo(f"{feedback_id} is fixed.")


@click.command()
@click.argument("feedback_ids", nargs=-1, required=True)
@click.option("--run", "run_id", required=True, metavar="RUN", help="The evaluation run.")
@as_option
@common_options
def verify(
    settings: Settings,
    as_json: bool,
    feedback_ids: tuple[str, ...],
    run_id: str,
    as_user: str | None,
) -> None:
    """Mark accepted or fixed flags as verified whose test case passed in an evaluation run."""
    caller = reviewing_caller(settings, as_user)
    _print_changed(open_desk(settings).verify(caller, feedback_ids, run_id), "verified", as_json)


@click.command()
@click.argument("feedback_ids", nargs=-1, required=True)
@click.option("--run", "run_id", required=True, metavar="RUN", help="The evaluation run.")
@as_option
@common_options
def reopen(
    settings: Settings,
    as_json: bool,
    feedback_ids: tuple[str, ...],
    run_id: str,
    as_user: str | None,
) -> None:
    """Take verified or fixed flags back to accepted, because they failed in an evaluation run."""
    caller = reviewing_caller(settings, as_user)
    _print_changed(open_desk(settings).reopen(caller, feedback_ids, run_id), "accepted", as_json)


@click.command()
@as_option
@common_options
def causes(settings: Settings, as_json: bool, as_user: str | None) -> None:
    """Say how often reviewers gave the root cause that was suggested."""
    found = open_desk(settings).cause_agreement(reviewing_caller(settings, as_user))
    pairs = [
        {"suggested": suggested, "said": said, "flags": count}
        for (suggested, said), count in sorted(found.pairs.items())
    ]
    if as_json:
        print_json(
            {"flags": found.flags, "agreed": found.agreed, "kappa": found.kappa, "pairs": pairs}
        )
        return
    for pair in pairs:
        click.echo(f"{pair['flags']:>5}  suggested {pair['suggested']}, said {pair['said']}")
    kappa = "cannot be computed" if found.kappa is None else f"is {found.kappa:.2f}"
    click.echo(
        f"{found.flags} upheld flags have a cause; it was the suggested one of {found.agreed:.0%}, kappa {kappa}."
    )


def _print_changed(changed: tuple[str, ...], state: str, as_json: bool) -> None:
    if as_json:
        print_json({"state": state, "flags": list(changed)})
        return
    for feedback_id in changed:
        click.echo(f"{terminal_text(feedback_id)} is {state}.")
    click.echo(f"{len(changed)} {'flag' if len(changed) == 1 else 'flags'} changed.", err=True)
