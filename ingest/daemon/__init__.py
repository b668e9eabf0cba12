"""`footnote ingest --daemon`: every source by its schedule, none of them in another's way."""

from ingest.daemon.service import run_daemon

__all__ = ["run_daemon"]
