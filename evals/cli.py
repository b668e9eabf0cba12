"""The command `footnote eval`: names what belongs to it, and loads only the part that runs."""

from importlib import import_module

import click

# name -> (module, attribute, one-line help), like the table of `app.cli`.
COMMANDS = {
    "run": ("evals.commands.run_command", "run", "Ask the test cases and measure the answers."),
    "compare": ("evals.commands.compare_command", "compare", "Say how much two runs differ."),
    "gate": ("evals.commands.gate_command", "gate", "Fail if answers got worse."),
    "baseline": (
        "evals.commands.baseline_command",
        "baseline",
        "Mark the run that the gate compares with.",
    ),
    "report": (
        "evals.commands.report_command",
        "report",
        "Write what was measured as one HTML file.",
    ),
    "export": (
        "evals.commands.export_command",
        "export",
        "Write runs and corrections for other programs.",
    ),
    "cases": (
        "evals.commands.cases_command",
        "cases",
        "List, add, import, propose and approve test cases.",
    ),
    "runs": (
        "evals.commands.runs_command",
        "runs",
        "List past runs, show them and make them again.",
    ),
    "variants": ("evals.commands.variants_command", "variants", "List the named configurations."),
    "live": ("evals.commands.live_command", "live", "Compare variants on real questions."),
    "drift": ("evals.commands.drift_command", "drift", "Say whether questions or answers changed."),
    "canary": (
        "evals.commands.canary_command",
        "canary",
        "Notice a model that changed behind its name.",
    ),
}


class LazyGroup(click.Group):
    """A group that imports a command's module only when that command is called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Name the commands in the order of the table."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Load one command; None for an unknown name."""
        if cmd_name not in COMMANDS:
            return None
        module, attribute, _ = COMMANDS[cmd_name]
        command: click.Command = getattr(import_module(module), attribute)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the command list from the table, without loading any."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, _, text) in COMMANDS.items()])


@click.group("eval", cls=LazyGroup)
def evaluate() -> None:
    """Measure answers with test cases, compare configurations, and stop what makes answers worse."""
