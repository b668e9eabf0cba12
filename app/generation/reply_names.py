"""What providers call the model that wrote a reply: its name and, where they give one, the fingerprint of its system.

A name like `large-latest` stands for whatever its provider puts behind it. Whoever wants to know listens; otherwise
nothing is kept.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, order=True)
class ReplyName:
    """The model as a reply names it; '' for what it does not say."""

    model: str
    fingerprint: str = ""


_lock = threading.Lock()
_listeners: list[set[ReplyName]] = []


@contextmanager
def heard_names() -> Iterator[set[ReplyName]]:
    """Collect the names of all replies that any thread of this process gets meanwhile."""
    names: set[ReplyName] = set()
    with _lock:
        _listeners.append(names)
    try:
        yield names
    finally:
        with _lock:
            # By identity: two sets of the same names are equal.
            _listeners[:] = [each for each in _listeners if each is not names]


def note_name(model: object, fingerprint: object = None) -> None:
    """Tell who listens what a reply names; anything but text is no name."""
    if not _listeners:
        return
    told = ReplyName(*(each if isinstance(each, str) else "" for each in (model, fingerprint)))
    if told.model or told.fingerprint:
        with _lock:
            for names in _listeners:
                names.add(told)
