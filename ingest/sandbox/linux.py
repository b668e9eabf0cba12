"""The Linux system calls that Python has no function for, through the C library's `syscall`."""

import ctypes
import os
import platform
import sys
from functools import lru_cache

IS_LINUX = sys.platform.startswith("linux")

_PR_SET_PDEATHSIG = 1
_PR_SET_DUMPABLE = 4
_PR_SET_NO_NEW_PRIVS = 38
_CAPABILITY_VERSION_3 = 0x20080522
_CAPSET = {"x86_64": 126, "aarch64": 91}


@lru_cache(maxsize=1)
def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)


def system_call(number: int, *arguments: object) -> int:
    """Make a system call; an argument is an int, None, bytes, or what ctypes can pass.

    Raises:
        OSError: the kernel refused it, with its number.
    """
    passed = [
        ctypes.c_long(argument) if isinstance(argument, int) else argument for argument in arguments
    ]
    result = int(_libc().syscall(ctypes.c_long(number), *passed))
    return _checked(result)


def forbid_new_privileges() -> None:
    """Let no program that this process starts gain rights; Landlock and seccomp ask for this."""
    _prctl(_PR_SET_NO_NEW_PRIVS, 1)


def forbid_inspection() -> None:
    """Let no other process of this user read this one's memory."""
    _prctl(_PR_SET_DUMPABLE, 0)


def die_with_parent(signal: int) -> None:
    """Ask for `signal` when the parent's thread that started this process ends."""
    _prctl(_PR_SET_PDEATHSIG, signal)


def drop_capabilities() -> None:
    """Give up what root may do beyond a user, for this thread and those that it starts."""
    number = _CAPSET.get(platform.machine())
    if number is None:
        raise OSError(f"the capset call of {platform.machine()!r} is not known")
    header = (ctypes.c_uint32 * 2)(_CAPABILITY_VERSION_3, 0)
    system_call(number, ctypes.byref(header), ctypes.byref((ctypes.c_uint32 * 6)()))


def _prctl(option: int, value: int) -> None:
    zeros = [ctypes.c_ulong(0)] * 3
    _checked(int(_libc().prctl(option, ctypes.c_ulong(value), *zeros)))


def _checked(result: int) -> int:
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    return result
