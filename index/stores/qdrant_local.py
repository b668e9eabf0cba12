"""The local Qdrant folders that this process has open: one client each, shared by all its connections.

A folder can be opened once. A reader that follows a switch opens the next generation while it still has the last
one, and a command may read and write: they are different collections of one client.
"""

import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from qdrant_client import QdrantClient


@dataclass(slots=True)
class LocalFolder:
    """An open folder; every call to its client holds `lock`, because local mode is not made for threads."""

    client: "QdrantClient"
    lock: threading.RLock = field(default_factory=threading.RLock)
    users: int = 1


_open: dict[Path, LocalFolder] = {}
_opening = threading.RLock()


def take_folder(path: Path) -> LocalFolder:
    """Return the open folder at a path, opening it for its first user; whoever takes it gives it back.

    Raises:
        RuntimeError: another process has it open.
    """
    from qdrant_client import QdrantClient

    path = path.absolute()
    with _opening:
        found = _open.get(path)
        if found is None:
            found = _open[path] = LocalFolder(QdrantClient(path=str(path)))
        else:
            found.users += 1
        return found


def give_back(path: Path) -> None:
    """Let go of a folder; its last user closes it, and other processes can open it then."""
    with _opening:
        folder = _open[path.absolute()]
        folder.users -= 1
        if not folder.users:
            del _open[path.absolute()]
            with folder.lock:
                folder.client.close()
