"""The command `footnote eval variants`: the named configurations, and whether each can be used."""

from pathlib import Path
from typing import Any

import click

from app.chat_view import terminal_text
from core.command_line import common_options, print_json
from core.errors import UsageError
from core.settings import Settings
from core.variants import Variant, read_variants


@click.command("variants")
@click.option("--check", "is_checked", is_flag=True, help="Fail if one of them cannot be used.")
@click.option(
    "--file",
    type=click.Path(path_type=Path),
    help="Another file than FOOTNOTE_EVALUATION__VARIANTS_FILE.",
)
@common_options
def variants(settings: Settings, as_json: bool, is_checked: bool, file: Path | None) -> None:
    """List the named configurations."""
    found = read_variants(file or settings.evaluation.variants_file)
    told = [_told(variant, settings) for variant in found.values()]
    if as_json:
        print_json(told)
    else:
        for entry in told:
            changes = ", ".join(f"{name} = {value}" for name, value in entry["changes"].items())
            click.echo(
                f"{terminal_text(entry['name'])}: {terminal_text(changes) or 'nothing changed'}"
            )
            if entry["own_index"]:
                click.echo("  needs an index of its own, which its first run makes")
            if entry["problem"]:
                click.echo(f"  {terminal_text(entry['problem'])}")
    bad = [entry["name"] for entry in told if entry["problem"]]
    if is_checked and bad:
        raise SystemExit(UsageError.exit_code)


def _told(variant: Variant, settings: Settings) -> dict[str, Any]:
    problem, own_index = "", False
    try:
        own_index = variant.needs_own_index(settings)
    except UsageError as error:
        problem = str(error)
    return {
        "name": variant.name,
        "description": variant.description,
        "changes": dict(variant.changes),
        "own_index": own_index,
        "problem": problem,
    }
