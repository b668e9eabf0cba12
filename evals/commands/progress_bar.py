"""Shows on a terminal how far a command is; elsewhere it shows nothing."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager

import click

from core.ports import Progress

_WIDTH = 30


@contextmanager
def shown_progress() -> Iterator[Progress]:
    """Give what takes (stage, done, total) and draws a line on stderr, if that is a terminal."""
    is_shown = sys.stderr.isatty()

    def progress(stage: str, done: int, total: int) -> None:
        if is_shown and total:
            filled = _WIDTH * done // total
            bar = "#" * filled + "-" * (_WIDTH - filled)
            click.echo(f"\r{stage:<12} [{bar}] {done} of {total}  ", nl=False, err=True)

    try:
        yield progress
    finally:
        if is_shown:
            click.echo("\r\033[K", nl=False, err=True)
