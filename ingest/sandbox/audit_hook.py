"""Refuses in Python itself what the kernel's layers refuse below it; the layer that every platform has.

It stops a library that means no harm (a temporary file, an external entity, a call home). It does not stop
code that took over the process, which can undo it: that is what the kernel's layers are for.
"""

import errno
import os
import sys
from collections.abc import Iterable
from pathlib import Path

_REFUSED = frozenset(
    {
        "os.chflags",
        "os.chmod",
        "os.chown",
        "os.exec",
        "os.fork",
        "os.forkpty",
        "os.kill",
        "os.killpg",
        "os.link",
        "os.mkdir",
        "os.posix_spawn",
        "os.remove",
        "os.removexattr",
        "os.rename",
        "os.rmdir",
        "os.setxattr",
        "os.spawn",
        "os.startfile",
        "os.symlink",
        "os.system",
        "os.truncate",
        "os.utime",
        "pty.spawn",
        "subprocess.Popen",
        "tempfile.mkdtemp",
        "tempfile.mkstemp",
        "urllib.Request",
    }
)
_ALLOWED_OF_SOCKET = frozenset({"socket.gethostname"})
_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND


def install(readable: Iterable[Path]) -> None:
    """Refuse with PermissionError from now on; files below `readable` may be opened for reading.

    It cannot be taken back.
    """
    folders = tuple(os.path.realpath(path) for path in readable)

    def is_readable(path: object) -> bool:
        if isinstance(path, int):
            return True  # a descriptor: whoever opened it was allowed to
        if not isinstance(path, str | bytes | os.PathLike):
            return False
        whole = os.path.realpath(os.fsdecode(path))
        return any(whole == folder or whole.startswith(f"{folder}/") for folder in folders)

    def is_refused(event: str, arguments: tuple[object, ...]) -> bool:
        if event == "open":
            path, _, flags = arguments
            writes = isinstance(flags, int) and bool(flags & _WRITING)
            return writes or not is_readable(path)
        if event == "ctypes.dlopen":
            name = arguments[0]
            return isinstance(name, str) and name.startswith("/") and not is_readable(name)
        if event == "sqlite3.connect":
            return arguments[0] != ":memory:"
        return event in _REFUSED or (
            event.startswith("socket.") and event not in _ALLOWED_OF_SOCKET
        )

    def hook(event: str, arguments: tuple[object, ...]) -> None:
        if is_refused(event, arguments):
            raise PermissionError(errno.EPERM, f"a parser may not use {event!r}")

    sys.addaudithook(hook)
