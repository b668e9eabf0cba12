"""The run that a gate makes when it is given none: the cases of all accepted flags, and those that are named."""

from pathlib import Path

from core.answers import Caller
from core.ports import Progress
from core.settings import Settings
from core.variants import CURRENT, find_variant, read_variants
from evals.cases.case import Case
from evals.cases.case_file import read_cases
from evals.cases.case_store import CaseStore
from evals.running.manifest import RunOptions
from evals.running.runner import RunOutcome, RunRequest, run
from index.catalogue import Catalogue

DATASET = "gate"


def named_cases(catalogue: Catalogue, caller: Caller, name: str) -> list[Case]:
    """Return the cases of a file, or of the dataset of that name where there is no such file.

    Raises:
        UsageError: the file cannot be used.
    """
    path = Path(name)
    return read_cases(path) if path.is_file() else CaseStore(catalogue).live(caller, name)


def run_for_gate(
    settings: Settings,
    cases: list[Case],
    caller: Caller,
    progress: Progress,
    variant: str = CURRENT,
    options: RunOptions | None = None,
) -> RunOutcome:
    """Ask the cases, each once by its id, the first of two that share one.

    Raises:
        NotFound: there are none that the caller may ask.
        UsageError: there is no such variant.
    """
    found = find_variant(read_variants(settings.evaluation.variants_file), variant)
    once = {case.case_id: case for case in reversed(cases)}
    ordered = tuple(once[case_id] for case_id in sorted(once))
    return run(
        settings, RunRequest(ordered, DATASET, found, options or RunOptions(), caller), progress
    )
