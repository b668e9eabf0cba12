"""The arguments of `footnote ingest` that the page may give; pure.

A source's name comes from a file that people write: it is always part of one argument, `--source=NAME`, so that
no name can become another option.
"""

from collections.abc import Collection

from core.errors import NotFound, UsageError


def listing_arguments() -> list[str]:
    """Return the arguments that list the configured sources."""
    return ["ingest", "sources", "--json"]


def plan_arguments(source: str) -> list[str]:
    """Return the arguments that show what a run would do."""
    return ["ingest", f"--source={source}", "--plan", "--json"]


def run_arguments(source: str, *, retry: bool, allow_mass_delete: bool) -> list[str]:
    """Return the arguments of a run that asks nobody."""
    arguments = ["ingest", f"--source={source}", "--yes", "--json"]
    if retry:
        arguments.append("--retry")
    if allow_mass_delete:
        arguments.append("--allow-mass-delete")
    return arguments


def require_listed(source: str, names: Collection[str]) -> None:
    """Let only a configured source pass.

    Raises:
        NotFound: it is not in the sources file.
        UsageError: its name cannot be an argument of a program.
    """
    if source not in names:
        raise NotFound(
            f"There is no source {source!r} in the sources file. Sources that came from a path are run with "
            "`footnote ingest PATH`."
        )
    if "\0" in source or any("\ud800" <= character <= "\udfff" for character in source):
        raise UsageError(f"The name of the source {source!r} cannot be used. Rename it.")
