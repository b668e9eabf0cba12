"""The command `footnote eval run`: asks the cases of a file or a dataset with one variant, and prints what came of it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from app.chat_view import clipped, terminal_text
from core.answers import Caller
from core.command_line import as_option, common_options, print_json
from core.errors import NotFound, UsageError
from core.metrics import metric_info
from core.settings import Settings
from core.variants import CURRENT, find_variant, parse_changes, read_variants
from evals.cases.case import Case
from evals.cases.case_file import read_cases
from evals.cases.case_store import FLAGS, CaseStore
from evals.cases.splits import split_cases
from evals.commands.caller import eval_caller
from evals.commands.progress_bar import shown_progress
from evals.running.manifest import RunOptions
from evals.running.passing import verdict_of
from evals.running.run_log import CaseAnswer, RunLog
from evals.running.runner import RunOutcome, RunRequest
from evals.running.runner import run as run_cases
from evals.running.summary import labels_of, slices_of
from index.factory import open_catalogue

_SHOWN_CHARS = 70


@click.command()
@click.option(
    "--cases", "source", metavar="FILE|DATASET", help=f"Case file or dataset (default: {FLAGS})."
)
@click.option("--variant", "variant_name", default=CURRENT, help="Named configuration.")
@click.option(
    "--set", "changes", multiple=True, metavar="NAME=VALUE", help="Change a setting for this run."
)
@click.option(
    "--repeats", type=click.IntRange(1, 100), default=1, help="Ask every case this often."
)
@click.option(
    "--split",
    type=click.Choice(["dev", "test", "all"]),
    default="all",
    help="Only one part of the cases.",
)
@click.option("--tag", "tags", multiple=True, help="Only cases with one of these tags.")
@click.option(
    "--limit", type=click.IntRange(0), default=0, help="At most so many cases; 0 for all."
)
@click.option("--seed", type=int, default=0, help="Seed of the intervals.")
@click.option("--cache", "is_cached", is_flag=True, help="Let models use what they wrote before.")
@click.option(
    "--closed-book",
    "is_closed_book",
    is_flag=True,
    help="Ask the language model without any document.",
)
@as_option
@common_options
def run(
    settings: Settings,
    as_json: bool,
    source: str | None,
    variant_name: str,
    changes: tuple[str, ...],
    repeats: int,
    split: str,
    tags: tuple[str, ...],
    limit: int,
    seed: int,
    is_cached: bool,
    is_closed_book: bool,
    as_user: str | None,
) -> None:
    """Ask the test cases, and measure the answers."""
    caller = eval_caller(settings, as_user)
    variant = find_variant(read_variants(settings.evaluation.variants_file), variant_name)
    options = RunOptions(repeats, split, tags, limit, seed, is_cached, is_closed_book)
    name, cases = selected_cases(settings, caller, source, options)
    request = RunRequest(cases, name, variant.with_changes(parse_changes(changes)), options, caller)
    with shown_progress() as progress:
        outcome = run_cases(settings, request, progress)
    told = run_json(settings, outcome, cases)
    if as_json:
        print_json(told)
    else:
        print_run(told)


def selected_cases(
    settings: Settings, caller: Caller, source: str | None, options: RunOptions
) -> tuple[str, tuple[Case, ...]]:
    """Return the name of a dataset, and those of its cases that some options choose.

    Raises:
        UsageError: a file cannot be read or used.
        NotFound: there is neither file nor dataset of that name, or nothing is left.
    """
    name, cases = _named(settings, caller, source)
    chosen = [
        case
        for case in cases
        if options.split in ("all", case.split)
        and (not options.tags or set(options.tags).intersection(case.fields.tags))
    ]
    if cases and not chosen:
        raise NotFound(f"None of the {len(cases)} cases of {name!r} fits --split and --tag.")
    if not chosen:
        raise NotFound(_nothing(name))
    return name, tuple(chosen[: options.limit or None])


def _named(settings: Settings, caller: Caller, source: str | None) -> tuple[str, list[Case]]:
    if source is not None and (source == "-" or Path(source).is_file()):
        cases = read_cases(Path(source))
        splits = split_cases(
            {case.case_id: case.documents or (case.cluster,) for case in cases}, {}
        )
        return Path(source).name, [replace(case, split=splits[case.case_id]) for case in cases]
    if source is not None and (source.endswith(".jsonl") or "/" in source):
        raise UsageError(f"There is no case file {source!r}.")
    dataset = source or FLAGS
    return dataset, CaseStore(open_catalogue(settings)).live(caller, dataset)


def _nothing(dataset: str) -> str:
    if dataset == FLAGS:
        return (
            "No accepted flag was made a case yet, so there is nothing to run. `footnote review promote` makes one, and "
            "--cases FILE takes a case file, like samples/cases.jsonl."
        )
    return (
        f"There is no approved case in a dataset {dataset!r} that you may see. `footnote eval cases list` names the "
        "datasets, and --cases FILE takes a case file."
    )


def run_json(settings: Settings, outcome: RunOutcome, cases: Sequence[Case]) -> dict[str, Any]:
    """Return a run as the public JSON object."""
    record = outcome.record
    log = RunLog(open_catalogue(settings).engine, settings.data_dir)
    scores = log.scores(record.run_id)
    answers = log.answers(record.run_id)
    labels = {answer.case_id: labels_of(answer.content) for answer in answers}
    by_id = {case.case_id: case for case in cases}
    of_case = {row.case_id: row for row in scores}
    rows = []
    for case_id, row in of_case.items():
        verdict = verdict_of(by_id[case_id], row)
        given = [answer for answer in answers if answer.case_id == case_id]
        rows.append(
            {
                "id": case_id,
                "values": {name: _mean(values) for name, values in row.values.items()},
                "status": _status(given[0]),
                "passed": verdict.passed,
                "why": verdict.why,
                "must_pass": by_id[case_id].must_pass,
                "notes": _notes(given),
            }
        )
    return {
        "run_id": record.run_id,
        "variant": record.variant,
        "dataset": record.dataset,
        "n": len(rows),
        "metrics": dict(record.summary),
        "slices": slices_of(scores, labels, int(record.manifest.get("seed", 0))),
        "cases": rows,
        "skipped": dict(outcome.skipped),
        "manifest": dict(record.manifest),
    }


def print_run(told: Mapping[str, Any]) -> None:
    """Print a run as a table."""
    _print_metrics(told["metrics"])
    failed = [row for row in told["cases"] if not row["passed"]]
    passed = len(told["cases"]) - len(failed)
    click.echo(f"\n{passed} of {len(told['cases'])} cases passed.")
    for row in failed:
        mark = " (an accepted flag)" if row["must_pass"] else ""
        click.echo(f"  {terminal_text(clipped(row['id'], _SHOWN_CHARS))}{mark}: {row['why']}")
    for row in told["cases"]:
        for note in row["notes"]:
            click.echo(f"  {terminal_text(row['id'])}: {terminal_text(note)}")
    for case_id, why in told["skipped"].items():
        click.echo(f"  {terminal_text(case_id)} was not asked. {terminal_text(why)}")
    click.echo(f"Run {told['run_id']}, variant {terminal_text(told['variant'])}.", err=True)


def _print_metrics(metrics: Mapping[str, Any]) -> None:
    measured = {name: entry for name, entry in metrics.items() if entry["n"]}
    width = max((len(metric_info(name).title) for name in measured), default=0)
    click.echo(f"{'':{width}}  {'value':>9}  {'95 % interval':>19}  {'cases':>5}")
    for heading, part in _parts(measured).items():
        click.echo(f"\n{heading}")
        for name in part:
            info, entry = metric_info(name), measured[name]
            click.echo(
                f"{info.title:{width}}  {_figure(entry['value'], info.unit):>9}  "
                f"{_interval(entry['interval'], info.unit):>19}  {entry['n']:>5}"
            )
    others = [metric_info(name).title for name in metrics if name not in measured]
    if others:
        click.echo(f"\nNo case has: {', '.join(others)}.")


def _parts(names: Iterable[str]) -> dict[str, list[str]]:
    """Return metrics by what they are about, in the order that they are looked at."""
    parts: dict[str, list[str]] = {"Answers": [], "Sources": [], "Search": [], "Operation": []}
    for name in names:
        if metric_info(name).kind == "operation":
            parts["Operation"].append(name)
        elif "@" in name or name.startswith(("context_", "packing_")):
            parts["Search"].append(name)
        elif name.startswith(("citation_", "quoted_", "groundedness_", "number_", "evidence_")):
            parts["Sources"].append(name)
        else:
            parts["Answers"].append(name)
    return {heading: part for heading, part in parts.items() if part}


def _mean(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return sum(known) / len(known) if known else None


def _status(given: CaseAnswer) -> str:
    answer = given.content.get("answer")
    return answer["status"] if answer else "error"


def _notes(given: Sequence[CaseAnswer]) -> list[str]:
    """Return sentences about evidence that is not where it was, and about errors."""
    moved = [
        entry["why"]
        for answer in given
        for entry in answer.content.get("evidence") or ()
        if entry["why"]
    ]
    errors = [answer.details.get("error", {}).get("message", "") for answer in given]
    return list(dict.fromkeys(filter(None, [*moved, *errors])))


def _figure(value: float | None, unit: str) -> str:
    if value is None:
        return "-"
    if unit == "ms":
        return f"{value:,.0f} ms"
    return f"${value:.4f}" if unit == "usd" else f"{value:.3f}"


def _interval(interval: Sequence[float] | None, unit: str) -> str:
    if interval is None:
        return "-"
    low, high = (_figure(value, unit) for value in interval)
    return f"{low} to {high}"
