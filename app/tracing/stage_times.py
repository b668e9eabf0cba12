"""When each stage of an answer began and ended, from what was timed; stages follow each other without gaps."""

from collections.abc import Mapping
from datetime import datetime

from core.answers import Answer

ROOT = "root"
"""Key of the span that stands for the whole answer."""
Times = Mapping[str, tuple[int, int]]

_STAGES = ("condense", "embed", "retrieve", "read", "generate", "check")


def stage_times(answer: Answer) -> dict[str, tuple[int, int]]:
    """Return start and end of the root and of each stage that was timed, in nanoseconds since 1970."""
    end = round(datetime.fromisoformat(answer.created_at).timestamp() * 1000) * 1_000_000
    begin = end - _ns(answer.timings_ms.get("total", 0.0))
    times = {ROOT: (begin, end)}
    for stage in _STAGES:
        after = min(begin + _ns(answer.timings_ms.get(stage, 0.0)), end)
        times[stage] = (begin, after)
        begin = after
    return times


def _ns(milliseconds: float) -> int:
    return max(0, round(milliseconds * 1_000_000))
