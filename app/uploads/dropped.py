"""Dropped files as they are kept in memory: on their way, read, and by session."""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from app.service import FootnoteService
from core.documents import DocumentRecord


@dataclass(frozen=True, slots=True)
class Beside:
    """How a data folder is opened beside the running service.

    `model` names the embedding model of the running one; `open` shares its models.
    """

    model: Callable[[], str]
    open: Callable[[Path], FootnoteService]


@dataclass(frozen=True, slots=True)
class SessionDocument:
    """A file that was read: its own name, how many documents it holds (archives and mails hold several), seconds."""

    key: str
    title: str
    documents: int
    seconds: float


@dataclass(frozen=True, slots=True)
class PendingDocument:
    """A file that is not read, or cannot be: then `problem` is a sentence. `ahead` counts those before it."""

    key: str
    title: str
    state: Literal["waiting", "reading", "failed"]
    ahead: int = 0
    problem: str = ""


@dataclass(slots=True)
class Drop:
    """A dropped file on its way; `done` is set when nothing more will change."""

    key: str
    title: str
    path: Path
    state: Literal["waiting", "reading", "failed", "read", "gone"] = "waiting"
    problem: str = ""
    documents: int = 0
    seconds: float = 0.0
    done: threading.Event = field(default_factory=threading.Event)


@dataclass(slots=True)
class Session:
    """The files of one session, in a folder of their own; times by the clock that the sessions are kept by."""

    folder: Path
    owner: str
    used_at: float
    left_at: float | None = None
    service: FootnoteService | None = None
    drops: dict[str, Drop] = field(default_factory=dict)

    @property
    def files(self) -> Path:
        """Where the files lie as they were dropped."""
        return self.folder / "files"

    @property
    def data(self) -> Path:
        """The data folder that is made of them."""
        return self.folder / "data"

    def counted(self) -> int:
        """How many files take one of the session's places."""
        return sum(drop.state != "failed" for drop in self.drops.values())


def documents_of(records: list[DocumentRecord], name: str) -> list[DocumentRecord]:
    """Return the documents that a file became: itself, or those that lie in it."""
    return [
        record
        for record in records
        if record.status == "active" and (record.uri == name or record.uri.startswith(f"{name}!/"))
    ]
