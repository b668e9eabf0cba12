"""`footnote review owners`: documents that reviewed flags found wrong, with who owns them."""

from dataclasses import asdict

import click

from app.chat_view import clipped, terminal_text
from app.review.source_reports import SourceReports
from app.review_cli.access import reviewing_caller
from core.command_line import as_option, common_options, print_json
from core.errors import UsageError
from core.settings import Settings
from index.factory import open_catalogue

_QUOTE_CHARS = 120


@click.command()
@click.option("--close", "closed", nargs=2, metavar="ID DOC_ID", help="Close one report.")
@click.option("--note", default="", help="What became of the document, with --close.")
@as_option
@common_options
def owners(
    settings: Settings,
    as_json: bool,
    closed: tuple[str, str] | None,
    note: str,
    as_user: str | None,
) -> None:
    """List documents that were found wrong with their owners, or close a report."""
    reports = SourceReports(open_catalogue(settings).engine, settings.data_dir)
    caller = reviewing_caller(settings, as_user)
    if note and not closed:
        raise UsageError("--note says what became of a document: name its report with --close.")
    if closed:
        reports.close(caller, *closed, note)
    found = reports.all(caller)
    if as_json:
        print_json([asdict(report) for report in found])
        return
    for report in found:
        owner = report.owner or "admins"
        quote = clipped(" ".join(report.quote.split()), _QUOTE_CHARS)
        line = f"{report.feedback_id}  {report.doc_id}  {report.state}  {owner}  {report.uri}"
        click.echo(terminal_text(line))
        if quote:
            click.echo(terminal_text(f"    “{quote}”"))
    click.echo(f"{len(found)} {'report' if len(found) == 1 else 'reports'}.", err=True)
