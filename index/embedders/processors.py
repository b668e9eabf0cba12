"""How many processors this process may use."""

import os


def available_processors() -> int:
    """Return the number of processors that the scheduler gives this process (containers included)."""
    affinity = getattr(os, "sched_getaffinity", None)
    return max(1, len(affinity(0)) if affinity else os.cpu_count() or 1)
