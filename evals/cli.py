"""The command `footnote eval`: names what belongs to it, and loads only the part that runs."""

import click

from app.cli import LazyGroup

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


@click.group("eval", cls=LazyGroup, table=COMMANDS)
def evaluate() -> None:
    """Measure answers with test cases, compare configurations, and stop what makes answers worse."""
