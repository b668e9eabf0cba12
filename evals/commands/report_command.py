"""The command `footnote eval report`."""

from functools import cache
from pathlib import Path

import click

from core.command_line import as_option, common_options, print_json
from core.errors import UsageError
from core.ports import Embedder
from core.settings import Settings
from evals.commands.caller import eval_caller
from index.factory import open_catalogue, open_knowledge_base


@click.command()
@click.option(
    "--html",
    "html_file",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Write one HTML file.",
)
@click.option(
    "--markdown", is_flag=True, help="Print a short text instead, as for a weekly message."
)
@click.option(
    "--run",
    default="",
    metavar="RUN",
    help="The run that is reported (default: the latest finished one).",
)
@click.option(
    "--against", default="", metavar="RUN", help="What it is compared with (default: the baseline)."
)
@click.option(
    "--days", type=int, default=30, show_default=True, help="Days of use: 7, 30, 90 or 365."
)
@as_option
@common_options
def report(
    settings: Settings,
    as_json: bool,
    html_file: Path | None,
    markdown: bool,
    run: str,
    against: str,
    days: int,
    as_user: str | None,
) -> None:
    """Write what was measured, and how Footnote was used, as one HTML file."""
    from evals.report.data import Wanted, read_report

    if (html_file is None) == (not markdown):
        raise UsageError("Give --html FILE or --markdown: one of them.")
    caller = eval_caller(settings, as_user)
    catalogue = open_catalogue(settings)

    @cache
    def embedder() -> Embedder:
        return open_knowledge_base(settings).retriever.embedder

    data = read_report(settings, catalogue, caller, Wanted(days, run, against), embedder)
    if html_file is None:
        from evals.report.text import report_markdown

        text = report_markdown(data)
        if as_json:
            print_json({"markdown": text})
        else:
            click.echo(text, nl=False)
        return
    from evals.report.page import report_html

    try:
        html_file.write_text(report_html(data), encoding="utf-8")
    except OSError as error:
        raise UsageError(
            f"{str(html_file)!r} cannot be written: {error.strerror or error}."
        ) from error
    verdict = data.comparison.verdict.decision if data.comparison else None
    if as_json:
        print_json({"file": str(html_file), "verdict": verdict, "notes": list(data.notes)})
    else:
        click.echo(f"Written to {html_file}.")
