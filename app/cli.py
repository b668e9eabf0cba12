"""The one console script, `footnote`: names its commands and loads only the one that runs."""

from collections.abc import Mapping
from importlib import import_module
from typing import Any

import click

# name -> (module, attribute, one-line help); strings, so that `footnote --help` imports nothing and the
# layer contract sees no edge from app to ingest or evals.
COMMANDS = {
    "ingest": ("ingest.cli", "ingest", "Bring files and folders into the knowledge base."),
    "ask": ("app.commands", "ask", "Answer a question with citations."),
    "check": ("app.check_command", "check", "Check answers against their passages."),
    "search": ("app.search_command", "search", "Find passages."),
    "documents": ("ingest.documents_cli", "documents", "List, show and remove documents."),
    "feedback": ("app.commands", "feedback", "Add, list and export what people said of answers."),
    "review": ("app.review_command", "review", "Look at flags, decide them, make test cases."),
    "eval": ("evals.cli", "evaluate", "Measure answers with test cases; compare, gate, report."),
    "prompts": ("app.prompts_command", "prompts", "Show, compare and pin the models' prompts."),
    "people": ("app.people_command", "people", "See and change who may log in."),
    "web": ("app.commands", "web", "Start the web application."),
    "slack": ("app.slack_command", "slack", "Start the Slack bot."),
    "index": ("ingest.index_cli", "index", "Look at, check and rebuild the search indexes."),
    "doctor": ("app.commands", "doctor", "Check settings, models and stores."),
}


CommandTable = Mapping[str, tuple[str, str, str]]


class LazyGroup(click.Group):
    """A group that imports a command's module only when that command is called; `table` names them as above."""

    def __init__(self, *args: Any, table: CommandTable, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._table = table

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Name the commands in the order of the table."""
        return list(self._table)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Load one command; None for an unknown name."""
        if cmd_name not in self._table:
            return None
        module, attribute, _ = self._table[cmd_name]
        command: click.Command = getattr(import_module(module), attribute)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the command list from the table, without loading any."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, _, text) in self._table.items()])


@click.group(
    cls=LazyGroup, table=COMMANDS, context_settings={"help_option_names": ["-h", "--help"]}
)
@click.version_option(package_name="footnote")
def main() -> None:
    """Answers from your documents, with the exact words that support them."""
