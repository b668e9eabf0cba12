"""Each layer of confinement alone refuses what it is there for; without any, each attack works."""

import errno
import socket
import struct
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from core.errors import ParseError
from ingest.sandbox import landlock
from ingest.sandbox.confinement import ALL_LAYERS
from ingest.sandbox.limits import SandboxLimits
from ingest.sandbox.pool import SandboxPool
from ingest.sandbox.seccomp import ARCHITECTURES, Architecture, Instruction, filter_program
from ingest.sandbox.system_calls import BY_ARGUMENT, DENIED, MISSING

HERE = Path(__file__).parent

KERNEL = ("landlock", "seccomp")
BOTH_FILTERS = ("seccomp", "audit_hook")
EVERY = (*KERNEL, "audit_hook")
HELD_BY: dict[str, tuple[str, ...]] = {
    "connect": EVERY,
    "connect_natively": KERNEL,
    "send_datagram": BOTH_FILTERS,
    "listen": EVERY,
    "make_socket_pair": BOTH_FILTERS,
    "create_file": (*EVERY, "file_limits"),
    "create_file_natively": KERNEL,
    "append_to_file": (*EVERY, "file_limits"),
    "truncate_file": EVERY,
    "remove_file": EVERY,
    "rename_file": EVERY,
    "link_file": EVERY,
    "symlink": EVERY,
    "make_folder": EVERY,
    "remove_folder": EVERY,
    "change_mode": BOTH_FILTERS,
    "change_time": BOTH_FILTERS,
    "read_secret": ("landlock", "audit_hook"),
    "read_secret_natively": ("landlock",),
    "list_folder": ("landlock",),
    "run_program": EVERY,
    "spawn_program": EVERY,
    "become_program": EVERY,
    "fork": BOTH_FILTERS,
    "fork_natively": ("seccomp",),
    "signal_parent": EVERY,
    "read_parents_memory": KERNEL,
    "move_limit": ("seccomp",),
    "outlive_parent": ("seccomp",),
}
REFUSALS = {errno.EPERM, errno.EACCES, errno.EFBIG, errno.EXDEV}
SINCE_LANDLOCK = {
    "truncate_file": 3,
    "connect": 4,
    "connect_natively": 4,
    "listen": 4,
    "signal_parent": 6,
}


@pytest.fixture(scope="module")
def pools() -> Iterator[dict[tuple[str, ...], SandboxPool]]:
    made: dict[tuple[str, ...], SandboxPool] = {}
    yield made
    for pool in made.values():
        pool.close()


@pytest.fixture
def ask(pools: dict[tuple[str, ...], SandboxPool], tmp_path: Path) -> Any:
    """Run an attack in a child with the given layers; None when the kernel has not all of them."""

    def run(layers: tuple[str, ...], attack: str, port: int = 0) -> dict[str, Any] | None:
        if layers not in pools:
            pools[layers] = SandboxPool(
                "sandbox_jobs:make_job",
                {},
                1,
                SandboxLimits(wall_s=20, cpu_s=10, memory_mb=300),
                import_paths=[HERE],
                layers=layers,
            )
        if pools[layers].layers != tuple(layer for layer in ALL_LAYERS if layer in layers):
            return None
        (tmp_path / "folder" / "empty").mkdir(parents=True)
        file = tmp_path / "folder" / "secret.txt"
        file.write_text("a secret")
        header = {"do": "attack", "attack": attack, "port": port, "file": str(file)}
        header["folder"] = str(tmp_path / "folder")
        ((answer, _),) = pools[layers].run(header, b"")
        return answer

    return run


@pytest.mark.parametrize("attack", sorted(set(HELD_BY) - {"become_program"}))
def test_without_any_layer_the_attack_works(ask: Any, attack: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        answer = ask((), attack, server.getsockname()[1])
    assert "got" in answer


def test_without_any_layer_a_child_can_become_another_program(ask: Any) -> None:
    with pytest.raises(ParseError, match="ends its parser"):
        ask((), "become_program")


@pytest.mark.parametrize(
    ("layer", "attack"),
    [(layer, attack) for attack, layers in HELD_BY.items() for layer in layers],
)
def test_one_layer_alone_refuses_the_attack(ask: Any, layer: str, attack: str) -> None:
    if layer == "landlock" and 0 < landlock.version() < SINCE_LANDLOCK.get(attack, 1):
        pytest.skip(f"this kernel's Landlock has version {landlock.version()}")
    with socket.create_server(("127.0.0.1", 0)) as server:
        answer = ask((layer,), attack, server.getsockname()[1])
        if answer is None:
            pytest.skip(f"this platform has no {layer}")
        assert answer.get("denied") in REFUSALS
        server.settimeout(0.05)
        with pytest.raises(TimeoutError):
            server.accept()


@pytest.mark.parametrize("attack", sorted(HELD_BY))
def test_all_layers_that_there_are_refuse_the_attack(ask: Any, attack: str, tmp_path: Path) -> None:
    answer = ask(ALL_LAYERS, attack)
    if answer is None:
        pytest.skip("this platform has not all layers")
    assert answer.get("denied") in REFUSALS
    assert (tmp_path / "folder" / "secret.txt").read_text() == "a secret"
    assert {path.name for path in (tmp_path / "folder").iterdir()} == {"empty", "secret.txt"}


@pytest.mark.parametrize("attack", ["fork_natively", "make_socket_pair", "read_secret_natively"])
def test_a_thread_from_before_the_confinement_is_held_too(tmp_path: Path, attack: str) -> None:
    file = tmp_path / "secret.txt"
    file.write_text("a secret")
    with SandboxPool(
        "sandbox_jobs:make_job_with_a_thread", {}, 1, SandboxLimits(), import_paths=[HERE]
    ) as pool:
        if not set(HELD_BY[attack]) & set(KERNEL) & set(pool.layers):
            pytest.skip("this platform has no layer in the kernel")
        ((answer, _),) = pool.run({"attack": attack, "file": str(file)}, b"")
    assert answer.get("denied") in REFUSALS


@pytest.mark.skipif(sys.platform != "linux", reason="needs Linux")
def test_this_kernels_layers_are_all_in_force() -> None:
    with SandboxPool("sandbox_jobs:make_job", {}, 1, SandboxLimits(), import_paths=[HERE]) as pool:
        missing = set(ALL_LAYERS) - set(pool.layers)
    status = Path("/proc/self/status").read_text()
    expected = set() if landlock.version() else {"landlock"}
    expected |= set() if "Seccomp_filters" in status else {"seccomp"}
    assert missing == expected


def test_only_so_many_files_may_be_open() -> None:
    with (
        SandboxPool(
            "sandbox_jobs:make_job",
            {},
            1,
            SandboxLimits(open_files=20),
            import_paths=[HERE],
            layers=["file_limits"],
        ) as pool,
        pytest.raises(ParseError, match="OSError"),
    ):
        list(pool.run({"do": "open_many", "count": 30}, b""))


# The filter's program, run by the rules of the kernel's documentation: also that of the other processor.

ALLOWED, REFUSED, UNKNOWN, KILLED = 0x7FFF0000, 0x00050001, 0x00050026, 0x80000000


def verdict(program: list[Instruction], architecture: int, number: int, *arguments: int) -> int:
    padded = [*arguments, *[0] * (6 - len(arguments))]
    memory = struct.pack("<iIQ6Q", number, architecture, 0, *(value % 2**64 for value in padded))
    loaded = position = 0
    while True:
        operation, when_true, when_false, value = program[position]
        position += 1
        if operation == 0x20:
            (loaded,) = struct.unpack_from("<I", memory, value)
        elif operation == 0x06:
            return value
        else:
            holds = {0x15: loaded == value, 0x35: loaded >= value, 0x45: loaded & value != 0}
            position += when_true if holds[operation] else when_false


@pytest.fixture(params=sorted(ARCHITECTURES))
def architecture(request: pytest.FixtureRequest) -> Architecture:
    return ARCHITECTURES[request.param]


OPEN_READ, OPEN_CREATE, OPEN_TRUNCATE = 0o2000000, 0o101, 0o1000
THREAD, PROCESS, NAMESPACE = 0x3D0F00, 0x1200011, 0x10000000
BY_ARGUMENT_CASES = [
    ("open", (1, OPEN_READ), ALLOWED),
    ("open", (1, OPEN_CREATE), REFUSED),
    ("openat", (3, 1, OPEN_READ), ALLOWED),
    ("openat", (3, 1, OPEN_CREATE), REFUSED),
    ("openat", (3, 1, OPEN_TRUNCATE), REFUSED),
    ("openat", (3, 1, 0o2), REFUSED),
    ("clone", (THREAD,), ALLOWED),
    ("clone", (PROCESS,), REFUSED),
    ("clone", (THREAD | NAMESPACE,), REFUSED),
    ("kill", (77, 9), ALLOWED),
    ("kill", (1, 9), REFUSED),
    ("kill", (-1, 9), REFUSED),
    ("tgkill", (77, 78, 6), ALLOWED),
    ("tgkill", (1, 1, 6), REFUSED),
    ("rt_sigqueueinfo", (1, 9), REFUSED),
    ("rt_tgsigqueueinfo", (1, 1, 9), REFUSED),
    ("setrlimit", (0, 1), ALLOWED),
    ("setrlimit", (9, 1), REFUSED),
    ("prlimit64", (0, 9, 0, 1), ALLOWED),
    ("prlimit64", (0, 0, 1, 0), ALLOWED),
    ("prlimit64", (0, 9, 1, 0), REFUSED),
    ("prlimit64", (0, 9, 1 << 32, 0), REFUSED),
    ("prlimit64", (99, 0, 1, 0), REFUSED),
    ("prctl", (15,), ALLOWED),
    ("prctl", (1, 0), REFUSED),
    ("prctl", (4, 1), REFUSED),
    ("prctl", (35, 1), REFUSED),
    ("prctl", (0x59616D61, 1), REFUSED),
]


@pytest.mark.parametrize(("name", "arguments", "expected"), BY_ARGUMENT_CASES)
def test_the_filter_looks_at_arguments(
    architecture: Architecture, name: str, arguments: tuple[int, ...], expected: int
) -> None:
    number = BY_ARGUMENT[name][architecture.column]
    if number is None:
        assert name == "open"
        return
    program = filter_program(architecture, 77)
    assert verdict(program, architecture.audit_value, number, *arguments) == expected


def test_the_filter_refuses_every_call_of_its_tables(architecture: Architecture) -> None:
    program = filter_program(architecture, 77)
    for table, expected in ((DENIED, REFUSED), (MISSING, UNKNOWN)):
        for numbers in table.values():
            number = numbers[architecture.column]
            assert number is None or verdict(program, architecture.audit_value, number) == expected


def test_the_filter_allows_reading_memory_and_pipes(architecture: Architecture) -> None:
    program = filter_program(architecture, 77)
    # read, write, close, mmap, munmap, mprotect, futex, exit_group
    numbers = ((0, 1, 3, 9, 11, 10, 202, 231), (63, 64, 57, 222, 215, 226, 98, 94))
    for number in numbers[architecture.column]:
        assert verdict(program, architecture.audit_value, number) == ALLOWED


def test_calls_that_are_younger_than_the_filter_do_not_exist(architecture: Architecture) -> None:
    program = filter_program(architecture, 77)
    for number in (451, 5000, 0x40000000 + 2):
        assert verdict(program, architecture.audit_value, number) == UNKNOWN


def test_calls_by_another_architectures_numbers_end_the_process(
    architecture: Architecture,
) -> None:
    assert verdict(filter_program(architecture, 77), 0x40000003, 11) == KILLED
