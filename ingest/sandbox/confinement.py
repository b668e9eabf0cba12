"""Takes from a child, step by step, everything that a parser does not need.

    prepare   before the libraries are loaded: process attributes, Landlock
    confine   after it, once: limits, seccomp, the audit hook

Landlock and capabilities hold for the thread that asks and for those it starts later, and libraries start
threads when they are loaded: that is why there are two steps. A layer that the platform does not have is
left out, and not in what is returned.
"""

import contextlib
import os
import resource
import signal
from collections.abc import Callable, Collection, Sequence
from pathlib import Path
from typing import Literal, get_args

from ingest.sandbox import audit_hook, landlock, linux, seccomp
from ingest.sandbox.limits import SandboxLimits

Layer = Literal["process", "landlock", "memory_limit", "file_limits", "seccomp", "audit_hook"]
ALL_LAYERS: tuple[Layer, ...] = get_args(Layer)

_MEGABYTE = 1024 * 1024


def prepare(
    parent: int,
    readable: Sequence[Path],
    listable: Sequence[Path],
    layers: Collection[str] = ALL_LAYERS,
) -> tuple[Layer, ...]:
    """Tie this process to its parent and restrict its files; call it while it has one thread.

    `layers` leaves layers out, which tests do to see each of the others hold alone.
    """
    steps: dict[Layer, Callable[[], None]] = {
        "process": lambda: _tie_process(parent),
        "landlock": lambda: landlock.restrict(readable, listable),
    }
    return _in_force(steps, layers)


def confine(
    limits: SandboxLimits, readable: Sequence[Path], layers: Collection[str] = ALL_LAYERS
) -> tuple[Layer, ...]:
    """Limit this process for good; call it once, when what it needs is loaded. Returns what is in force."""
    steps: dict[Layer, Callable[[], None]] = {
        "memory_limit": lambda: _limit_memory(limits.memory_mb),
        "file_limits": lambda: _limit_files(limits.open_files),
        "seccomp": seccomp.restrict,
        "audit_hook": lambda: audit_hook.install(readable),
    }
    return _in_force(steps, layers)


def limit_cpu(cpu_s: int) -> None:
    """Let the kernel end this process with SIGXCPU after `cpu_s` more seconds of CPU time."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    _, hard = resource.getrlimit(resource.RLIMIT_CPU)
    soft = int(used.ru_utime + used.ru_stime) + 1 + cpu_s
    resource.setrlimit(
        resource.RLIMIT_CPU, (soft if hard == resource.RLIM_INFINITY else min(soft, hard), hard)
    )


def _in_force(steps: dict[Layer, Callable[[], None]], layers: Collection[str]) -> tuple[Layer, ...]:
    done: list[Layer] = []
    for layer, apply in steps.items():
        if layer in layers:
            with contextlib.suppress(OSError, ValueError):
                apply()
                done.append(layer)
    return tuple(done)


def _tie_process(parent: int) -> None:
    if not linux.IS_LINUX:
        raise OSError("these attributes exist on Linux only")
    linux.forbid_new_privileges()
    linux.forbid_inspection()
    with contextlib.suppress(
        OSError
    ):  # no processor's table has its number: seccomp may still hold
        linux.drop_capabilities()
    linux.die_with_parent(signal.SIGKILL)
    # A parent that died before the line above sends no signal any more.
    if os.getppid() != parent:
        os._exit(1)


def _limit_memory(memory_mb: int) -> None:
    # The address space counts, not what is used of it: a library's threads and files are in the baseline.
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0])
    most = pages * resource.getpagesize() + memory_mb * _MEGABYTE
    resource.setrlimit(resource.RLIMIT_AS, (most, most))


def _limit_files(open_files: int) -> None:
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_NOFILE, (open_files, open_files))
