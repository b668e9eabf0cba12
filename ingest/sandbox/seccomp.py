"""A seccomp filter: the kernel refuses what a parser never needs, in every thread of this process.

Refused: the network, programs and processes, writing to files in any form, other processes, the kernel's own
settings. Allowed on purpose: threads (clone with CLONE_THREAD), signals to itself, reading, memory.
A filter sees numbers and not what pointers point at: which files may be read is Landlock's part.
"""

import ctypes
import errno
import os
import platform
import resource
import struct
from collections.abc import Sequence
from dataclasses import dataclass

from ingest.sandbox.linux import forbid_new_privileges, system_call
from ingest.sandbox.system_calls import BY_ARGUMENT, DENIED, LAST_KNOWN, MISSING, Numbers

_SET_MODE_FILTER = 1
_FOR_ALL_THREADS = 1

_LOAD, _EQUAL, _AT_LEAST, _ANY_BIT, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
_NUMBER_AT, _ARCHITECTURE_AT, _ARGUMENTS_AT = 0, 4, 16
_ALLOW = 0x7FFF0000
_KILL = 0x80000000
_REFUSE = 0x00050000 | errno.EPERM
_UNKNOWN = 0x00050000 | errno.ENOSYS

# The flags of open(2), which are the same on both architectures but for those that do not write.
_WRITING = 0o1 | 0o2 | 0o100 | 0o1000 | 0o2000  # O_WRONLY, O_RDWR, O_CREAT, O_TRUNC, O_APPEND
_CLONE_THREAD = 0x00010000
_CLONE_NAMESPACES = 0x7E020080
# Off again would be the parent's hold on this process and the ban on reading its memory.
_REFUSED_OPTIONS = (1, 4, 35, 0x59616D61)  # PDEATHSIG, DUMPABLE, MM, PTRACER

Instruction = tuple[int, int, int, int]
"""Operation, how many to skip when it holds, how many when not, value."""


@dataclass(frozen=True, slots=True)
class Architecture:
    """A processor: its AUDIT_ARCH value, its column in the tables, its number of seccomp(2)."""

    audit_value: int
    column: int
    seccomp_number: int


ARCHITECTURES = {
    "x86_64": Architecture(0xC000003E, 0, 317),
    "aarch64": Architecture(0xC00000B7, 1, 277),
}


def restrict() -> None:
    """Put the filter in force for all threads; it cannot be taken back.

    Raises:
        OSError: the kernel has no seccomp filters, refuses, or the processor is none of `ARCHITECTURES`.
    """
    architecture = ARCHITECTURES.get(platform.machine())
    if architecture is None:
        raise OSError(f"there is no filter for {platform.machine()!r}")
    instructions = filter_program(architecture, os.getpid())
    code = b"".join(struct.pack("=HBBI", *instruction) for instruction in instructions)
    buffer = ctypes.create_string_buffer(code, len(code))
    program = _Program(len(instructions), ctypes.addressof(buffer))
    forbid_new_privileges()
    system_call(
        architecture.seccomp_number, _SET_MODE_FILTER, _FOR_ALL_THREADS, ctypes.byref(program)
    )


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("instructions", ctypes.c_void_p))


def filter_program(architecture: Architecture, pid: int) -> list[Instruction]:
    """Return the filter for the process `pid`; jumps are counted from the next instruction."""
    program = [
        (_LOAD, 0, 0, _ARCHITECTURE_AT),
        (_EQUAL, 1, 0, architecture.audit_value),
        (_RETURN, 0, 0, _KILL),
        (_LOAD, 0, 0, _NUMBER_AT),
        (_AT_LEAST, 0, 1, LAST_KNOWN + 1),
        (_RETURN, 0, 0, _UNKNOWN),
    ]
    for table, verdict in ((DENIED, _REFUSE), (MISSING, _UNKNOWN)):
        for numbers in table.values():
            program += _when(numbers[architecture.column], [(_RETURN, 0, 0, verdict)])
    for name, rule in _rules(pid).items():
        program += _when(_number(BY_ARGUMENT[name], architecture), rule)
    return [*program, (_RETURN, 0, 0, _ALLOW)]


def _number(numbers: Numbers, architecture: Architecture) -> int | None:
    return numbers[architecture.column]


def _when(number: int | None, rule: Sequence[Instruction]) -> list[Instruction]:
    return [] if number is None else [(_EQUAL, 0, len(rule), number), *rule]


def _rules(pid: int) -> dict[str, list[Instruction]]:
    """Each rule ends the filter, and starts with nothing loaded."""
    to_itself = [_load(0), (_EQUAL, 1, 0, pid), *_refuse_else_allow()]
    return {
        "open": [_load(1), (_ANY_BIT, 0, 1, _WRITING), *_refuse_else_allow()],
        "openat": [_load(2), (_ANY_BIT, 0, 1, _WRITING), *_refuse_else_allow()],
        "clone": [
            _load(0),
            (_ANY_BIT, 0, 1, _CLONE_THREAD),
            (_ANY_BIT, 0, 1, _CLONE_NAMESPACES),
            *_refuse_else_allow(),
        ],
        **dict.fromkeys(("kill", "tgkill", "rt_sigqueueinfo", "rt_tgsigqueueinfo"), to_itself),
        # The child moves its own limit of CPU time before each file; no other limit moves.
        "setrlimit": [_load(0), (_EQUAL, 1, 0, resource.RLIMIT_CPU), *_refuse_else_allow()],
        "prlimit64": [
            _load(2),
            (_EQUAL, 0, 3, 0),
            _load(2, high=True),
            (_EQUAL, 0, 1, 0),
            (_RETURN, 0, 0, _ALLOW),  # no new value: it only asks
            _load(0),
            (_EQUAL, 0, 2, 0),
            _load(1),
            (_EQUAL, 1, 0, resource.RLIMIT_CPU),
            *_refuse_else_allow(),
        ],
        "prctl": [
            _load(0),
            *(
                (_EQUAL, len(_REFUSED_OPTIONS) - position, 0, option)
                for position, option in enumerate(_REFUSED_OPTIONS)
            ),
            (_RETURN, 0, 0, _ALLOW),
            (_RETURN, 0, 0, _REFUSE),
        ],
    }


def _load(argument: int, *, high: bool = False) -> Instruction:
    """Load half of an argument; both processors are little-endian."""
    return (_LOAD, 0, 0, _ARGUMENTS_AT + 8 * argument + (4 if high else 0))


def _refuse_else_allow() -> tuple[Instruction, Instruction]:
    return ((_RETURN, 0, 0, _REFUSE), (_RETURN, 0, 0, _ALLOW))
