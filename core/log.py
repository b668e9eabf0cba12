"""Structured logging: one canonical event per document and per question, JSON unless on a terminal.

Events are `noun_verb` with ids, counts, `*_ms` and versions. Question text, passages and secrets never
reach a log call; the trace log keeps them under its own retention.
"""

import logging
import sys
from typing import Any, cast

import structlog


def configure(level: str, *, quiet: bool = False) -> None:
    """Set up logging to stderr for this process; called by faces only. `quiet` keeps warnings and up."""
    number = logging.WARNING if quiet else logging.getLevelNamesMapping()[level.upper()]
    terminal = sys.stderr.isatty()
    renderer: Any = (
        structlog.dev.ConsoleRenderer() if terminal else structlog.processors.JSONRenderer()
    )
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(number),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=False,
    )


def get_logger(name: str) -> structlog.typing.FilteringBoundLogger:
    """Return the logger of a module."""
    return cast(structlog.typing.FilteringBoundLogger, structlog.get_logger(module=name))
