"""When a source runs: `every 15 minutes` or a cron expression."""

import re
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from collections.abc import Callable

_EVERY = re.compile(r"every\s+(?:(\d+)\s+)?(second|minute|hour|day)s?", re.IGNORECASE)


def parse_schedule(text: str) -> "Callable[[datetime], datetime]":
    """Return a function from a time to the next time after it, both with a time zone.

    Raises:
        ValueError: the text is neither; the message says what may be written.
    """
    every = _EVERY.fullmatch(text.strip())
    if every:
        count, unit = int(every.group(1) or 1), every.group(2).lower()
        if count < 1:
            raise ValueError("must be at least `every 1 second`")
        step = timedelta(**{f"{unit}s": count})
        return lambda moment: moment + step
    from croniter import croniter

    if not croniter.is_valid(text):
        raise ValueError(
            f"{text!r} is neither like `every 15 minutes` nor a cron expression like `0 3 * * *`"
        )
    return lambda moment: cast("datetime", croniter(text, moment).get_next(datetime))
