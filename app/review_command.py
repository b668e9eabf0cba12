"""The command `footnote review`: the queue of flags, decisions, and test cases made of flags."""

import json
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any, TypeVar, cast, get_args

import click

from app.chat_view import CATEGORY_WORDS, clipped, terminal_text
from app.review.case_fields import case_line, fields_of_line
from app.review.desk import ReviewDesk
from app.review.flag_queue import Order, QueueEntry, StateFilter
from app.review.item import ReviewItem
from app.review.states import OPEN_STATES, ROOT_CAUSES, SEVERITIES, STATES, Decision
from app.review_cli.access import open_desk, reviewing_caller
from app.review_cli.audit import audit
from app.review_cli.owners import owners
from app.review_cli.progress import causes, fix, reopen, triage, verify
from core.answers import Caller, FeedbackCategory
from core.command_line import as_option, common_options, print_json, read_jsonl
from core.errors import UsageError
from core.settings import Settings

Command = TypeVar("Command", bound=Callable[..., Any])

_SHOWN_CHARS = 100


@click.group()
def review() -> None:
    """Look at flags, decide them, and make test cases of them."""


@review.command("list")
@click.option("--state", type=click.Choice(["open", *STATES]), help="Only flags in this state.")
@click.option(
    "--category", type=click.Choice(get_args(FeedbackCategory)), help="Only of this kind."
)
@click.option("--channel", help="Only from this channel, like slack.")
@click.option("--text", default="", help="Only flags with these words in question or comment.")
@click.option(
    "--order", type=click.Choice(get_args(Order)), default="priority", help="What comes first."
)
@click.option("--page", type=click.IntRange(1), default=1, help="Page of 25.")
@as_option
@common_options
def list_flags(
    settings: Settings,
    as_json: bool,
    state: str | None,
    category: str | None,
    channel: str | None,
    text: str,
    order: str,
    page: int,
    as_user: str | None,
) -> None:
    """List flags, the most urgent first."""
    desk, caller = open_desk(settings), reviewing_caller(settings, as_user)
    wanted = cast(StateFilter | None, state)
    queue = desk.queue(caller, wanted, category, channel, text, cast(Order, order), page)
    if as_json:
        print_json(asdict(queue))
        return
    for entry in queue.entries:
        click.echo(_line(entry))
    counts = ", ".join(f"{count} {name}" for name, count in queue.counts.items() if count)
    click.echo(
        f"Page {queue.page} of {queue.pages}; {counts}." if counts else "Nothing waits.", err=True
    )


@review.command()
@click.argument("feedback_id")
@as_option
@common_options
def show(settings: Settings, as_json: bool, feedback_id: str, as_user: str | None) -> None:
    """Show one flag: answer, evidence, trace, and what was decided."""
    item = open_desk(settings).open(feedback_id, reviewing_caller(settings, as_user))
    if as_json:
        print_json(asdict(item))
    else:
        _print_item(item)


def _decision_options(command: Command) -> Command:
    """Add what every decision takes."""
    options: tuple[Callable[[Any], Any], ...] = (
        click.option("--root-cause", type=click.Choice(ROOT_CAUSES), help="Where it went wrong."),
        click.option("--severity", type=click.Choice(SEVERITIES), help="How bad it is."),
        click.option(
            "--category", type=click.Choice(get_args(FeedbackCategory)), help="What is wrong."
        ),
        click.option("--note", default="", help="A note; who flagged reads it."),
        click.option("--change", is_flag=True, help="Decide anew what was decided before."),
    )
    decorated: Any = command
    for option in options:
        decorated = option(decorated)
    return cast(Command, decorated)


@review.command()
@click.argument("feedback_id")
@_decision_options
@as_option
@common_options
def accept(
    settings: Settings, as_json: bool, feedback_id: str, as_user: str | None, **given: Any
) -> None:
    """Accept a flag: the answer is wrong as it was flagged."""
    _decide(settings, as_user, feedback_id, "accept", given, as_json=as_json)


@review.command()
@click.argument("feedback_id")
@_decision_options
@as_option
@common_options
def reject(
    settings: Settings, as_json: bool, feedback_id: str, as_user: str | None, **given: Any
) -> None:
    """Reject a flag; --note says why."""
    _decide(settings, as_user, feedback_id, "reject", given, as_json=as_json)


@review.command()
@click.argument("feedback_id")
@click.option("--answer", "corrected_answer", required=True, help="What is right.")
@click.option("--source", "corrected_source", default="", help="Where that stands.")
@_decision_options
@as_option
@common_options
def correct(
    settings: Settings, as_json: bool, feedback_id: str, as_user: str | None, **given: Any
) -> None:
    """Accept a flag and say what is right."""
    _decide(settings, as_user, feedback_id, "correct", given, as_json=as_json)


@review.command()
@click.argument("feedback_id")
@click.argument("dup_of")
@_decision_options
@as_option
@common_options
def duplicate(
    settings: Settings, as_json: bool, feedback_id: str, as_user: str | None, **given: Any
) -> None:
    """Say that a flag is the same as another one."""
    _decide(settings, as_user, feedback_id, "duplicate", given, as_json=as_json)


@review.command()
@click.argument("feedback_id")
@as_option
@common_options
def undo(settings: Settings, as_json: bool, feedback_id: str, as_user: str | None) -> None:
    """Take your own last decision of a flag back."""
    desk, caller = open_desk(settings), reviewing_caller(settings, as_user)
    desk.undo(feedback_id, caller)
    _tell_state(desk, caller, feedback_id, as_json=as_json)


@review.command()
@click.argument("feedback_id")
@click.option("--draft", is_flag=True, help="Print the case that the flag suggests; store nothing.")
@click.option(
    "--case",
    "case_file",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="The case to store, one line of a case file, '-' for standard input; its id is given anew.",
)
@as_option
@common_options
def promote(
    settings: Settings,
    as_json: bool,
    feedback_id: str,
    draft: bool,
    case_file: Path | None,
    as_user: str | None,
) -> None:
    """Make a test case of a flag; without --case as the flag suggests it."""
    desk, caller = open_desk(settings), reviewing_caller(settings, as_user)
    fields = desk.case_draft(feedback_id, caller)
    if draft:
        click.echo(json.dumps(case_line("draft", fields), ensure_ascii=False))
        return
    if case_file is not None:
        rows = read_jsonl(case_file, ("question",))
        if len(rows) != 1:
            raise UsageError(f"{str(case_file)!r} has {len(rows)} lines; it must have one case.")
        fields = fields_of_line(rows[0])
    case_id = desk.promote(feedback_id, caller, fields)
    if as_json:
        print_json({"case_id": case_id, "case": desk.case(case_id, caller)})
    else:
        click.echo(f"Stored as {case_id}.")


@review.command()
@click.option("--dataset", default="flags", help="Which cases (default: those made of flags).")
@as_option
@common_options
def cases(settings: Settings, as_json: bool, dataset: str, as_user: str | None) -> None:
    """Print test cases as a case file."""
    lines = open_desk(settings).cases_jsonl(reviewing_caller(settings, as_user), dataset)
    if as_json:
        print_json([json.loads(line) for line in lines.splitlines()])
    else:
        click.echo(lines, nl=False)


@review.command()
@as_option
@common_options
def agreement(settings: Settings, as_json: bool, as_user: str | None) -> None:
    """Say how far reviewers agree beyond chance (Cohen's kappa)."""
    found = open_desk(settings).agreement(reviewing_caller(settings, as_user))
    if as_json:
        print_json(asdict(found))
        return
    kappa = "cannot be computed" if found.kappa is None else f"is {found.kappa:.2f}"
    click.echo(
        f"Two people decided {found.flags} flags; they agree on {found.agreed:.0%}, kappa {kappa} "
        f"({found.base_rate:.0%} of all decisions accept)."
    )


for _command in (triage, fix, verify, reopen, causes, owners, audit):
    review.add_command(_command)


def _decide(
    settings: Settings,
    as_user: str | None,
    feedback_id: str,
    decision: Decision,
    given: dict[str, Any],
    *,
    as_json: bool,
) -> None:
    desk, caller = open_desk(settings), reviewing_caller(settings, as_user)
    is_changed = given.pop("change")
    item = desk.open(feedback_id, caller)
    standing = item.standing
    is_decided = standing is not None and standing.decision != "triage"
    if standing is not None and is_decided and not is_changed:
        if (standing.decision, standing.reviewer) != (decision, caller.name):
            raise UsageError(
                f"{standing.reviewer} has decided this flag already: it is {item.state}. "
                "Give --change to decide anew."
            )
    else:
        labels = {name: value or "" for name, value in given.items()}
        desk.decide(feedback_id, caller, decision, seen=item.seen, **labels)
    _tell_state(desk, caller, feedback_id, as_json=as_json)


def _tell_state(desk: ReviewDesk, caller: Caller, feedback_id: str, *, as_json: bool) -> None:
    item = desk.open(feedback_id, caller)
    if as_json:
        standing = asdict(item.standing) if item.standing else None
        print_json({"id": feedback_id, "state": item.state, "review": standing})
    else:
        click.echo(f"{feedback_id} is {_words(item.state)}.")


def _line(entry: QueueEntry) -> str:
    head = f"{entry.feedback_id}  {entry.created_at[:16]}  {_words(entry.state)}"
    if entry.restricted:
        documents = "document" if entry.restricted == 1 else "documents"
        return f"{head}  restricted: needs somebody who may read {entry.restricted} {documents}"
    held = f"  (with {entry.held_by})" if entry.held_by else ""
    what = entry.category or "thumb down"
    question = clipped(" ".join(entry.question.split()), _SHOWN_CHARS)
    return terminal_text(f"{head}  {entry.urgency}  {what}  {question}{held}")


def _words(state: str) -> str:
    return "in review" if state == "in_review" else state


def _print_item(item: ReviewItem) -> None:
    flag = item.flag
    what = CATEGORY_WORDS[cast(FeedbackCategory, flag.category)] if flag.category else "Not helpful"
    lines = [
        f"{flag.feedback_id}  {_words(item.state)}, {item.urgency} ({'; '.join(item.reasons)})",
        f"{flag.author}, {flag.created_at[:16]}: {what}",
        *(f"  {name}: {text}" for name, text in _said(item) if text),
        *(
            [f"Suggested cause: {item.suggestion.cause}. {item.suggestion.why}"]
            if item.suggestion
            else []
        ),
        "",
        f"Question: {item.answer.question}",
        item.answer.text,
        "",
    ]
    lines += [
        f"[{passage.rank}] {passage.uri}  {passage.score:.2f}{'' if passage.packed else '  (left out)'}"
        for passage in item.passages
    ]
    lines += [f"{source.state}: {source.uri}" for source in item.sources if source.state != "same"]
    lines += [
        f"{entry.created_at[:16]}  {entry.reviewer}: {entry.decision}  {entry.note}"
        for entry in item.history
    ]
    for line in lines:
        click.echo(terminal_text(line))
    if item.state in OPEN_STATES and item.similar:
        click.echo("Perhaps the same: " + ", ".join(entry.feedback_id for entry in item.similar))


def _said(item: ReviewItem) -> tuple[tuple[str, str], ...]:
    flag = item.flag
    about = {"citation": f"source [{flag.target_ref}]", "passage": f"passage {flag.target_ref}"}
    return (
        ("about", about.get(flag.target, "")),
        ("words", flag.selected),
        ("comment", flag.comment),
        ("right would be", flag.correction),
        ("source", flag.correction_source),
    )
