"""Landlock: the kernel lets this process read the named files, and write, run or serve nothing.

It holds for the calling thread and the threads that it starts later, so it is asked for while there is one.
Looking a file up (its size, its date) is not covered, nor are UDP and named Unix sockets: seccomp is.
"""

import contextlib
import ctypes
import os
import stat
from collections.abc import Iterable
from pathlib import Path

from ingest.sandbox.linux import forbid_new_privileges, system_call

_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446  # the same on every architecture
_ASK_VERSION = 1
_RULE_PATH_BENEATH = 1

_READ_FILE = 1 << 2
_READ_DIR = 1 << 3
_FIRST_RIGHTS = (1 << 13) - 1
_LATER_RIGHTS = ((2, 1 << 13), (3, 1 << 14), (5, 1 << 15))  # refer, truncate, ioctl on devices
_TCP_BIND_AND_CONNECT = 0b11
_ABSTRACT_SOCKETS_AND_SIGNALS = 0b11


class _Ruleset(ctypes.Structure):
    _fields_ = (
        ("handled_access_fs", ctypes.c_uint64),
        ("handled_access_net", ctypes.c_uint64),
        ("scoped", ctypes.c_uint64),
    )


class _PathBeneath(ctypes.Structure):
    _pack_ = 1
    _fields_ = (("allowed_access", ctypes.c_uint64), ("parent_fd", ctypes.c_int32))


def version() -> int:
    """Return the kernel's version of Landlock, 0 when it has none."""
    try:
        return system_call(_CREATE_RULESET, None, 0, _ASK_VERSION)
    except OSError:
        return 0


def restrict(readable: Iterable[Path], listable: Iterable[Path]) -> None:
    """Deny every file but those below `readable`; the folders below `listable` may be listed.

    Paths that do not exist are passed over.

    Raises:
        OSError: the kernel has no Landlock, or refuses.
    """
    ruleset = _new_ruleset(version())
    try:
        for path in readable:
            _allow(ruleset, path, _READ_FILE | _READ_DIR)
        for path in listable:
            _allow(ruleset, path, _READ_DIR)
        forbid_new_privileges()
        system_call(_RESTRICT_SELF, ruleset, 0)
    finally:
        os.close(ruleset)


def _new_ruleset(kernel: int) -> int:
    rights = _FIRST_RIGHTS
    for since, right in _LATER_RIGHTS:
        rights |= right if kernel >= since else 0
    network = _TCP_BIND_AND_CONNECT if kernel >= 4 else 0
    scopes = _ABSTRACT_SOCKETS_AND_SIGNALS if kernel >= 6 else 0
    ruleset = _Ruleset(rights, network, scopes)
    # An older kernel refuses a structure that is longer than its own unless the rest is zero: it is.
    return system_call(_CREATE_RULESET, ctypes.byref(ruleset), ctypes.sizeof(ruleset), 0)


def _allow(ruleset: int, path: Path, access: int) -> None:
    with contextlib.suppress(FileNotFoundError, NotADirectoryError, PermissionError):
        descriptor = os.open(path, os.O_PATH | os.O_CLOEXEC)
        try:
            if not stat.S_ISDIR(os.fstat(descriptor).st_mode):
                access &= ~_READ_DIR
            rule = _PathBeneath(access, descriptor)
            system_call(_ADD_RULE, ruleset, _RULE_PATH_BENEATH, ctypes.byref(rule), 0)
        finally:
            os.close(descriptor)
