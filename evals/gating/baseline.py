"""Which run the gate compares with: the one that somebody marked as what is out now."""

from core.errors import NotFound, UsageError
from evals.running.run_log import RunLog, RunRecord
from index.catalogue import Catalogue

_KEY = "eval_baseline"


def set_baseline(catalogue: Catalogue, log: RunLog, name: str) -> RunRecord:
    """Mark a finished run as what later ones are compared with.

    Raises:
        NotFound: there is no such run.
        UsageError: it did not finish, or has no cases.
    """
    record = log.read(name)
    if not record.is_finished or not log.scores(record.run_id):
        raise UsageError(
            f"The run {record.run_id} did not finish or has no cases, so nothing could be compared with it."
        )
    catalogue.set_meta(_KEY, record.run_id)
    return record


def baseline_id(catalogue: Catalogue) -> str:
    """Return the id of the run that is marked, '' where none is."""
    return catalogue.get_meta(_KEY) or ""


def read_baseline(catalogue: Catalogue, log: RunLog) -> RunRecord | None:
    """Return the run that is marked, None where none is.

    Raises:
        NotFound: it was removed.
    """
    run_id = baseline_id(catalogue)
    if not run_id:
        return None
    try:
        return log.read(run_id)
    except NotFound as error:
        raise NotFound(
            f"The run {run_id} that was marked as the baseline is not there any more. "
            "`footnote eval baseline set RUN` marks another."
        ) from error
