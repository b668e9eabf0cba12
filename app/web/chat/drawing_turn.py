"""One conversation is drawn at a time in this process; who comes meanwhile has been told that the question is there.

Drawing is Python from end to end, so two at once take as long as one after the other. What many at once do is keep
the one thread that sends to browsers waiting at every message: with 20 people the first sign of life took 4 s.
"""

from threading import Lock

DRAWING = Lock()
"""Held for milliseconds: never while a model, a file or a person is waited for."""
