"""The command `footnote eval export`."""

from pathlib import Path

import click
from sqlalchemy import select

from core.command_line import as_option, common_options, print_json
from core.errors import UsageError
from core.settings import Settings
from evals.commands.caller import eval_caller
from evals.running.run_log import LATEST, RunLog
from index.catalogue import Catalogue
from index.factory import open_catalogue

_FORMATS = ("langfuse", "phoenix", "finetune", "fewshot")


@click.command()
@click.option("--format", "form", type=click.Choice(_FORMATS), required=True, help="Whose shape.")
@click.option(
    "--run",
    default="",
    metavar="RUN",
    help="The run (langfuse, phoenix; default: the latest finished one).",
)
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Write here (default: standard output).",
)
@as_option
@common_options
def export(
    settings: Settings, as_json: bool, form: str, run: str, out: Path | None, as_user: str | None
) -> None:
    """Write runs, feedback and corrections for other programs, personal data masked.

    What is exported to learn from (finetune, fewshot) moves the cases of the same flags to the development split: what
    a model was tuned with never judges it.
    """
    from evals.exports.corrections import corrections, told_apart
    from evals.exports.tuning import fewshot_text, finetune_jsonl

    caller = eval_caller(settings, as_user)
    catalogue = open_catalogue(settings)
    moved = 0
    if form in ("finetune", "fewshot"):
        from evals.cases.case_store import CaseStore

        found = told_apart(corrections(catalogue, caller))
        text = finetune_jsonl(found) if form == "finetune" else fewshot_text(found)
        # Before anything is written: a file that exists has never left its cases in the test split.
        moved = CaseStore(catalogue).mark_tuned(each.feedback_id for each in found)
    else:
        text = _traced(settings, catalogue, caller_name=as_user, form=form, run=run)
    if out is not None:
        try:
            out.write_text(text, encoding="utf-8")
        except OSError as error:
            raise UsageError(
                f"{str(out)!r} cannot be written: {error.strerror or error}."
            ) from error
        lines = text.count("\n")
        if as_json:
            print_json({"file": str(out), "lines": lines, "moved_to_dev": moved})
        else:
            click.echo(f"{lines} lines written to {out}.")
    elif as_json:
        print_json({"format": form, "text": text, "moved_to_dev": moved})
    else:
        click.echo(text, nl=False)
    if moved and not as_json:
        click.echo(f"{moved} cases moved to the development split.", err=True)


def _traced(
    settings: Settings, catalogue: Catalogue, *, caller_name: str | None, form: str, run: str
) -> str:
    from evals.comparing.scored_run import read_scored
    from evals.exports.corrections import reviewed_flags
    from evals.exports.langfuse import langfuse_rows
    from evals.exports.masked import jsonl
    from evals.exports.phoenix import phoenix_rows

    caller = eval_caller(settings, caller_name)
    log = RunLog(catalogue.engine, settings.data_dir)
    has_runs = bool(run) or any(record.is_finished for record in log.list())
    scored = read_scored(log, catalogue, caller, run or LATEST) if has_runs else None
    flags = reviewed_flags(catalogue, caller)
    traces = _traces(catalogue, [flag.answer_id for flag in flags])
    write = langfuse_rows if form == "langfuse" else phoenix_rows
    return jsonl(write(scored, flags, traces))


def _traces(catalogue: Catalogue, answer_ids: list[str]) -> dict[str, str]:
    from index.schema import answers

    found = {}
    with catalogue.engine.connect() as connection:
        for first in range(0, len(answer_ids), 500):
            some = select(answers.c.answer_id, answers.c.trace_id).where(
                answers.c.answer_id.in_(answer_ids[first : first + 500])
            )
            found.update({row.answer_id: row.trace_id for row in connection.execute(some)})
    return found
