"""The command `footnote eval cases`: datasets of test cases, from files, by hand, and proposed from documents."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from app.chat_view import clipped, terminal_text
from core.answers import Caller
from core.command_line import as_option, common_options, print_json
from core.errors import UsageError
from core.settings import Settings
from evals.cases.case import Case, case_of_line
from evals.cases.case_file import lines_of, read_cases
from evals.cases.case_store import FLAGS, CaseStore
from evals.cases.proposals import DATASET as PROPOSED
from evals.cases.proposals import proposed_cases
from evals.commands.caller import eval_caller
from index.factory import open_catalogue

_SHOWN_CHARS = 90


@click.group("cases")
def cases() -> None:
    """List, add, import, change, propose and approve test cases."""


@cases.command("list")
@click.argument("dataset", required=False)
@click.option("--proposed", is_flag=True, help="Cases that wait for approval instead.")
@as_option
@common_options
def list_cases(
    settings: Settings, as_json: bool, dataset: str | None, proposed: bool, as_user: str | None
) -> None:
    """List the datasets, or the cases of one."""
    store, caller = _opened(settings, as_user)
    if proposed:
        _print_cases(store.proposed(caller, dataset or ""), as_json=as_json)
    elif dataset:
        _print_cases(store.live(caller, dataset), as_json=as_json)
    else:
        found = store.datasets(caller)
        if as_json:
            print_json([asdict(entry) for entry in found])
            return
        for entry in found:
            apart = f", {entry.apart} apart" if entry.apart else ""
            waiting = f"; {entry.proposed} proposed" if entry.proposed else ""
            click.echo(
                f"{terminal_text(entry.name)}: {entry.cases} cases ({entry.dev} dev, {entry.test} test{apart}){waiting}"
            )
        if not found:
            click.echo(
                "There is no dataset yet. `footnote eval cases import FILE DATASET` makes one.",
                err=True,
            )


@cases.command("show")
@click.argument("case_id")
@click.option("--history", "is_history", is_flag=True, help="Every version, the newest first.")
@as_option
@common_options
def show_case(
    settings: Settings, as_json: bool, case_id: str, is_history: bool, as_user: str | None
) -> None:
    """Show a case as the line of a case file."""
    store, caller = _opened(settings, as_user)
    versions = store.history(caller, case_id)
    shown = versions if is_history else versions[:1]
    told = [_told(case) for case in shown]
    if as_json:
        print_json(told if is_history else told[0])
        return
    for case in shown:
        click.echo(
            f"Version {case.version} of {terminal_text(case.dataset)}, {case.split}, {case.origin}, approved by "
            f"{terminal_text(case.approved_by) or 'nobody yet'}:",
            err=True,
        )
        click.echo(json.dumps(case.line, ensure_ascii=False))


@cases.command("import")
@click.argument("file", type=click.Path(path_type=Path))
@click.argument("dataset")
@as_option
@common_options
def import_cases(
    settings: Settings, as_json: bool, file: Path, dataset: str, as_user: str | None
) -> None:
    """Bring the cases of a JSONL file into a dataset; a second time changes nothing."""
    store, caller = _opened(settings, as_user)
    done = store.import_cases(caller, dataset, read_cases(file))
    if as_json:
        print_json(asdict(done))
    else:
        click.echo(f"{done.added} added, {done.changed} changed, {done.unchanged} as they were.")


@cases.command("export")
@click.argument("dataset")
@as_option
@common_options
def export_cases(settings: Settings, as_json: bool, dataset: str, as_user: str | None) -> None:
    """Print a dataset as a case file."""
    store, caller = _opened(settings, as_user)
    found = store.live(caller, dataset)
    if as_json:
        print_json([dict(case.line) for case in found])
    else:
        click.echo(lines_of(found), nl=False)


@cases.command("add")
@click.argument("dataset")
@click.argument("line", metavar="JSON")
@as_option
@common_options
def add_case(
    settings: Settings, as_json: bool, dataset: str, line: str, as_user: str | None
) -> None:
    """Add one case, given as a line of a case file."""
    store, caller = _opened(settings, as_user)
    _tell(store.add(caller, dataset, case_of_line(_object(line))), as_json=as_json)


@cases.command("edit")
@click.argument("case_id")
@click.argument("line", metavar="JSON")
@as_option
@common_options
def edit_case(
    settings: Settings, as_json: bool, case_id: str, line: str, as_user: str | None
) -> None:
    """Store what a case says from now on as its next version."""
    store, caller = _opened(settings, as_user)
    _tell(store.edit(caller, case_id, _object(line)), as_json=as_json)


@cases.command("remove")
@click.argument("case_ids", nargs=-1, required=True)
@as_option
@common_options
def remove_cases(
    settings: Settings, as_json: bool, case_ids: tuple[str, ...], as_user: str | None
) -> None:
    """Close cases: no run asks them any more."""
    store, caller = _opened(settings, as_user)
    _count(store.remove(caller, case_ids), "closed", as_json=as_json)


@cases.command("propose")
@click.option("--limit", type=click.IntRange(1, 1000), default=20, help="At most so many.")
@click.option("--document", "uri", default="", metavar="URI", help="Only from this document.")
@click.option("--dataset", default=PROPOSED, help="Dataset that they wait in.")
@as_option
@common_options
def propose_cases(
    settings: Settings, as_json: bool, limit: int, uri: str, dataset: str, as_user: str | None
) -> None:
    """Propose cases from documents; no run uses them until somebody approves them."""
    store, caller = _opened(settings, as_user)
    found = proposed_cases(open_catalogue(settings), caller, limit, uri)
    stored = [store.add(caller, dataset, case, "synthetic") for case in found]
    _print_cases(stored, as_json=as_json)
    if not as_json:
        click.echo("Look at each, and approve it: `footnote eval cases approve ID…`.", err=True)


@cases.command("approve")
@click.argument("case_ids", nargs=-1, required=True)
@as_option
@common_options
def approve_cases(
    settings: Settings, as_json: bool, case_ids: tuple[str, ...], as_user: str | None
) -> None:
    """Let runs use proposed cases."""
    store, caller = _opened(settings, as_user)
    _count(store.approve(caller, case_ids), "approved", as_json=as_json)


@cases.command("reject")
@click.argument("case_ids", nargs=-1, required=True)
@as_option
@common_options
def reject_cases(
    settings: Settings, as_json: bool, case_ids: tuple[str, ...], as_user: str | None
) -> None:
    """Close proposed cases; they are not proposed again."""
    store, caller = _opened(settings, as_user)
    _count(store.reject(caller, case_ids), "rejected", as_json=as_json)


@cases.command("split")
@click.argument("dataset", default=FLAGS)
@click.option(
    "--test-share", type=click.FloatRange(0, 1), default=0.7, help="Share of the test split."
)
@as_option
@common_options
def split_dataset(
    settings: Settings, as_json: bool, dataset: str, test_share: float, as_user: str | None
) -> None:
    """Give cases without a split one; documents that are in a split stay there."""
    store, caller = _opened(settings, as_user)
    found = store.resplit(caller, dataset, test_share)
    if as_json:
        print_json(asdict(found))
    else:
        click.echo(f"{found.dev} dev, {found.test} test, {found.apart} apart.")


def _opened(settings: Settings, as_user: str | None) -> tuple[CaseStore, Caller]:
    return CaseStore(open_catalogue(settings)), eval_caller(settings, as_user)


def _object(text: str) -> dict[str, Any]:
    try:
        line = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise UsageError(f"The case is not JSON: {error}.") from error
    if not isinstance(line, dict):
        raise UsageError('Write the case as a line of a case file: {"id": …, "question": …}.')
    return line


def _print_cases(found: Sequence[Case], *, as_json: bool) -> None:
    if as_json:
        print_json([_told(case) for case in found])
        return
    for case in found:
        click.echo(
            f"{terminal_text(case.case_id)}  {case.split:<5} {terminal_text(clipped(case.question, _SHOWN_CHARS))}"
        )
    if not found:
        click.echo("There is nothing.", err=True)


def _told(case: Case) -> dict[str, Any]:
    return {
        **case.line,
        "dataset": case.dataset,
        "version": case.version,
        "split": case.split,
        "origin": case.origin,
        "cluster": case.cluster,
        "source_feedback_id": case.source_feedback_id,
        "approved_by": case.approved_by,
    }


def _tell(case: Case, *, as_json: bool) -> None:
    if as_json:
        print_json(_told(case))
    else:
        click.echo(f"{terminal_text(case.case_id)} is version {case.version} in {case.split}.")


def _count(number: int, what: str, *, as_json: bool) -> None:
    if as_json:
        print_json({what: number})
    else:
        click.echo(f"{number} {what}.")
