"""Whatever a job does, it costs that one job: real children run hostile ones."""

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from core.errors import ConfigError, ParseError
from ingest.sandbox.limits import SandboxLimits
from ingest.sandbox.pool import SandboxPool

HERE = Path(__file__).parent
LINUX_ONLY = pytest.mark.skipif(sys.platform != "linux", reason="needs Linux")
SMALL = SandboxLimits(memory_mb=200, cpu_s=20, wall_s=30, output_mb=20)

Ask = Callable[..., list[tuple[dict[str, Any], bytes]]]


def make_pool(limits: SandboxLimits = SMALL, workers: int = 1, **kwargs: Any) -> SandboxPool:
    kwargs = {"job": "sandbox_jobs:make_job", "config": {}, "import_paths": [HERE], **kwargs}
    return SandboxPool(workers=workers, limits=limits, **kwargs)


def asker(pool: SandboxPool) -> Ask:
    def ask(do: str, body: bytes = b"", **header: Any) -> list[tuple[dict[str, Any], bytes]]:
        return list(pool.run({"do": do, **header}, body))

    return ask


@contextmanager
def fails(reason: str, match: str = ".") -> Iterator[None]:
    with pytest.raises(ParseError, match=match) as caught:
        yield
    assert caught.value.reason == reason


@pytest.fixture(scope="module")
def pool() -> Iterator[SandboxPool]:
    with make_pool() as made:
        yield made


@pytest.fixture
def ask(pool: SandboxPool) -> Ask:
    return asker(pool)


def fine(ask: Ask) -> bool:
    return ask("echo", b"abc", n=1) == [({"do": "echo", "n": 1}, b"abc")]


def test_a_job_may_answer_with_several_frames(ask: Ask) -> None:
    answers = ask("count_up", count=3, bytes=2)
    assert answers == [({"number": number}, b"\0\0") for number in range(3)]


def test_a_large_body_comes_back_whole(ask: Ask) -> None:
    body = os.urandom(10_000_000)
    assert ask("echo", body)[0][1] == body


def test_an_error_of_the_job_keeps_its_reason_and_its_child(ask: Ask) -> None:
    before = ask("say_pid")
    with fails("encrypted", match=r"^The file is locked\.$"):
        ask("raise_error", reason="encrypted", detail="The file\x1b is locked.")
    assert ask("say_pid") == before


def test_a_librarys_own_error_is_a_corrupt_file(ask: Ask) -> None:
    with fails("corrupt", match="KeyError"):
        ask("raise_error", reason="")
    assert fine(ask)


def test_ten_gigabytes_are_too_much_memory(ask: Ask) -> None:
    with fails("memory", match="200 MB"):
        ask("allocate", bytes=10 * 2**30)
    assert fine(ask)


def test_memory_below_the_limit_is_given(ask: Ask) -> None:
    assert ask("allocate", bytes=150 * 2**20) == [({"bytes": 150 * 2**20}, b"")]


def test_an_abort_for_want_of_memory_is_told_from_others(ask: Ask) -> None:
    with fails("memory"):
        ask("abort", words="memory allocation of 99 bytes failed")
    with fails("corrupt"):
        ask("abort", words="assertion failed")


def test_a_kill_by_the_kernel_is_want_of_memory(ask: Ask) -> None:
    with fails("memory"):
        ask("kill_itself")


def test_an_endless_loop_ends_at_the_cpu_limit() -> None:
    with make_pool(SandboxLimits(cpu_s=1, wall_s=60)) as pool:
        ask = asker(pool)
        since = time.monotonic()
        with fails("timeout", match="1 s of computing"):
            ask("compute_forever")
        assert time.monotonic() - since < 30
        assert fine(ask)


def test_the_cpu_limit_is_each_jobs_own() -> None:
    with make_pool(SandboxLimits(cpu_s=1, wall_s=60)) as pool:
        ask = asker(pool)
        pids = [ask("compute", seconds=0.7)[0][0]["pid"] for _ in range(5)]
        assert len(set(pids)) == 1


def test_endless_sleep_ends_at_the_wall_limit() -> None:
    with make_pool(SandboxLimits(wall_s=0.5)) as pool:
        ask = asker(pool)
        since = time.monotonic()
        with fails("timeout", match="0.5 s in all"):
            ask("sleep_forever")
        assert time.monotonic() - since < 10
        assert fine(ask)


def test_the_wall_limit_counts_all_waits_of_a_job_together() -> None:
    with make_pool(SandboxLimits(wall_s=1.0)) as pool, fails("timeout"):
        asker(pool)("trickle", count=8, seconds=0.4)


def test_the_wall_limit_does_not_count_the_callers_own_time() -> None:
    with make_pool(SandboxLimits(wall_s=1.0)) as pool:
        count = 0
        for _ in pool.run({"do": "count_up", "count": 3, "bytes": 2_000_000}, b""):
            time.sleep(0.6)
            count += 1
        assert count == 3


@pytest.mark.parametrize("do", ["read_address_zero", "abort", "exit_at_once"])
def test_a_file_that_ends_its_parser_is_corrupt_and_the_next_is_read(ask: Ask, do: str) -> None:
    with fails("corrupt", match="ends its parser"):
        ask(do)
    assert fine(ask)


def test_too_much_output_is_too_large(ask: Ask) -> None:
    with fails("too_large", match="20 MB"):
        ask("count_up", count=300, bytes=1_000_000)
    assert fine(ask)


def test_a_million_empty_answers_are_too_large(ask: Ask) -> None:
    with fails("too_large"):
        ask("count_up", count=1_000_000)


@pytest.mark.parametrize(
    "hex_frame",
    [
        pytest.param("ff" * 100, id="a header of four gigabytes"),
        pytest.param("0000000200000000" + b"[]".hex(), id="a header that is a list"),
        pytest.param("0000000200000000" + b"{}".hex(), id="a header without a kind"),
        pytest.param("0000000200000000" + b"{!".hex(), id="a header that is not JSON"),
        pytest.param("0000100000000000" + b"[".hex() * 4096, id="a header nested deeply"),
        pytest.param("0000000f00000000" + b'{"kind":"part"}'.hex(), id="a part without a header"),
        pytest.param("0000000e00000000" + b'{"kind":"end"}'.hex(), id="an end without its figure"),
    ],
)
def test_nonsense_on_the_pipe_is_a_corrupt_file(ask: Ask, hex_frame: str) -> None:
    with fails("corrupt"):
        ask("write_nonsense", hex=hex_frame)
    assert fine(ask)


def test_an_announced_body_beyond_the_limit_is_refused_before_it_comes(ask: Ask) -> None:
    with fails("too_large"):
        ask("write_nonsense", hex="00000002ffffffff" + b"{}".hex())


def test_prints_of_a_library_do_not_disturb_the_answers(ask: Ask) -> None:
    assert ask("chatter") == [({"read": ""}, b"")]
    assert fine(ask)


def test_a_file_broken_by_an_earlier_one_gets_a_second_try(ask: Ask) -> None:
    ask("keep", bytes=1)
    assert ask("abort_if_something_is_kept") == [({"fine": True}, b"")]


def test_a_child_that_died_while_idle_costs_no_job(ask: Ask) -> None:
    ask("vanish_after_the_answer")
    time.sleep(0.3)
    assert fine(ask)


def test_a_child_that_has_grown_is_replaced_but_not_for_its_first_files() -> None:
    with make_pool() as pool:
        ask = asker(pool)
        first = ask("keep", bytes=120 * 2**20)
        assert [ask("say_pid") for _ in range(9)] == [first] * 9
        assert ask("say_pid") != first


def test_a_child_is_replaced_after_five_hundred_jobs() -> None:
    with make_pool() as pool:
        ask = asker(pool)
        pids = [ask("say_pid")[0][0]["pid"] for _ in range(501)]
    assert len(set(pids[:500])) == 1
    assert pids[500] != pids[0]


def test_whoever_stops_early_leaves_a_pool_that_works(pool: SandboxPool) -> None:
    answers = pool.run({"do": "compute_forever"}, b"")
    pid = next(answers)[0]["pid"]
    answers.close()  # type: ignore[attr-defined]
    with pytest.raises(ProcessLookupError):
        os.kill(int(str(pid)), 0)
    assert fine(asker(pool))


def test_a_thousand_jobs_of_four_threads_over_two_children_get_their_own_answers() -> None:
    with make_pool(workers=2) as pool:
        ask = asker(pool)

        def one(number: int) -> bool:
            if number % 100 == 7:
                with fails("corrupt"):
                    ask("exit_at_once")
                return True
            body = str(number).encode() * (number % 50)
            return ask("echo", body, n=number) == [({"do": "echo", "n": number}, body)]

        with ThreadPoolExecutor(4) as threads:
            assert all(threads.map(one, range(1000)))


def test_there_are_never_more_children_than_workers() -> None:
    with make_pool(workers=2) as pool, ThreadPoolExecutor(6) as threads:
        answers = threads.map(lambda _: asker(pool)("say_pid")[0][0]["pid"], range(100))
        assert len(set(answers)) <= 2


def test_a_child_outlives_the_thread_that_first_asked(pool: SandboxPool) -> None:
    pids: list[Any] = []
    for _ in range(2):
        thread = threading.Thread(target=lambda: pids.append(asker(pool)("say_pid")))
        thread.start()
        thread.join()
        time.sleep(0.1)
    assert pids[0] == pids[1]


def test_closing_ends_a_child_at_work_and_tells_its_caller() -> None:
    pool = make_pool()
    answers = pool.run({"do": "sleep_forever"}, b"")
    pid = int(str(next(answers)[0]["pid"]))
    pool.close()
    with pytest.raises(RuntimeError, match="closed"):
        next(answers)
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
    with pytest.raises(RuntimeError, match="closed"):
        asker(pool)("echo")


@pytest.mark.parametrize(
    ("job", "message"),
    [
        ("no_such_module:make_job", "no_such_module"),
        ("sandbox_jobs:no_such_name", "no_such_name"),
        ("sandbox_jobs:make_job_that_fails", "no such model"),
        ("sandbox_jobs:make_job_that_dies", "the library is broken"),
    ],
)
def test_children_that_cannot_start_are_the_operators_trouble(job: str, message: str) -> None:
    with make_pool(job=job) as pool:
        for _ in range(2):
            with pytest.raises(ConfigError, match=message):
                asker(pool)("echo")


def test_the_environment_of_a_child_holds_no_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("FOOTNOTE_LLM__API_KEY", "AWS_SECRET_ACCESS_KEY", "PYTHONPATH"):
        monkeypatch.setenv(name, "/secret")
    with make_pool() as pool:
        ((environment, _),) = asker(pool)("say_environment")
    assert "secret" not in str(environment)
    assert not {"PATH", "USER", "PYTHONPATH"} & set(environment)
    assert environment["PYTHONHASHSEED"] == "0"


def test_a_child_inherits_no_open_file_of_its_parent(tmp_path: Path) -> None:
    descriptor = os.open(tmp_path / "database", os.O_RDWR | os.O_CREAT)
    os.dup2(descriptor, 200, inheritable=True)
    try:
        with make_pool() as pool:
            ((answer, _),) = asker(pool)("say_descriptors")
    finally:
        os.close(descriptor)
        os.close(200)
    assert 200 not in answer["open"]
    # Three standard ones, two pipes, what leads nowhere, and the one that tells the memory in use.
    assert len(answer["open"]) <= 7


PARENT = """
import sys, time
from pathlib import Path
from ingest.sandbox.limits import SandboxLimits
from ingest.sandbox.pool import SandboxPool
pool = SandboxPool("sandbox_jobs:make_job", {}, 2, SandboxLimits(), import_paths=[Path(sys.argv[1])],
                   layers=sys.argv[2].split())
busy = pool.run({"do": "compute_forever"}, b"")
print(next(busy)[0]["pid"], list(pool.run({"do": "say_pid"}, b""))[0][0]["pid"], flush=True)
time.sleep(1000)
"""


@LINUX_ONLY
@pytest.mark.parametrize(
    "layers",
    [
        pytest.param("process landlock seccomp audit_hook", id="the kernel tells"),
        pytest.param("audit_hook", id="the child looks"),
    ],
)
def test_a_killed_parent_leaves_no_child(layers: str) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", PARENT, str(HERE), layers],
        stdout=subprocess.PIPE,
        text=True,
        cwd=HERE.parents[1],
    ) as parent:
        assert parent.stdout is not None
        pids = parent.stdout.readline().split()
        assert [is_running(pid) for pid in pids] == [True, True]
        parent.kill()
    deadline = time.monotonic() + 10
    while any(map(is_running, pids)) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not any(map(is_running, pids))


def is_running(pid: str) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state not in "ZX"
