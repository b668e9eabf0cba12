"""Jobs that the sandbox's children run in tests: harmless ones, hostile ones, and real libraries."""

import ctypes
import os
import resource
import signal
import socket
import stat
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

Frames = Iterator[tuple[dict[str, Any], bytes]]

kept: list[Any] = []
"""What earlier jobs left behind in this process."""


def make_job(config: dict[str, Any]) -> Callable[[dict[str, Any], bytes], Frames]:
    for name in config.get("imports", ()):
        __import__(name)

    def job(header: dict[str, Any], body: bytes) -> Frames:
        yield from JOBS[header["do"]](header, body)

    return job


def make_job_with_a_thread(config: dict[str, Any]) -> Callable[[dict[str, Any], bytes], Frames]:
    """Make a job that leaves the work to a thread from before the confinement."""
    import queue

    requests: queue.SimpleQueue[dict[str, Any]] = queue.SimpleQueue()
    answers: queue.SimpleQueue[list[tuple[dict[str, Any], bytes]]] = queue.SimpleQueue()

    def work() -> None:
        while True:
            answers.put(list(attack(requests.get(), b"")))

    threading.Thread(target=work, daemon=True).start()

    def job(header: dict[str, Any], body: bytes) -> Frames:
        requests.put(header)
        yield from answers.get()

    return job


def make_job_that_fails(config: dict[str, Any]) -> Any:
    raise ValueError(f"no such model: {config}")


def make_job_that_dies(config: dict[str, Any]) -> Any:
    os.write(2, b"the library is broken")
    os.abort()


def echo(header: dict[str, Any], body: bytes) -> Frames:
    yield header, body


def say_pid(header: dict[str, Any], body: bytes) -> Frames:
    yield {"pid": os.getpid()}, b""


def say_environment(header: dict[str, Any], body: bytes) -> Frames:
    yield dict(os.environ), b""


def say_descriptors(header: dict[str, Any], body: bytes) -> Frames:
    def is_open(number: int) -> bool:
        try:
            os.fstat(number)
        except OSError:
            return False
        return True

    yield {"open": [number for number in range(256) if is_open(number)]}, b""


def count_up(header: dict[str, Any], body: bytes) -> Frames:
    for number in range(header["count"]):
        yield {"number": number}, bytes(header.get("bytes", 0))


def raise_error(header: dict[str, Any], body: bytes) -> Frames:
    from core.errors import ParseError

    yield {"number": 0}, b""
    if header["reason"] == "":
        raise KeyError("a library's own")
    raise ParseError(header["reason"], header["detail"])


# What takes too much


def allocate(header: dict[str, Any], body: bytes) -> Frames:
    yield {"bytes": len(bytearray(header["bytes"]))}, b""


def keep(header: dict[str, Any], body: bytes) -> Frames:
    kept.append(b"x" * header["bytes"])
    yield {"pid": os.getpid()}, b""


def compute_forever(header: dict[str, Any], body: bytes) -> Frames:
    yield {"pid": os.getpid()}, b""
    while True:
        pass


def compute(header: dict[str, Any], body: bytes) -> Frames:
    since = time.process_time()
    while time.process_time() - since < header["seconds"]:
        pass
    yield {"pid": os.getpid()}, b""


def trickle(header: dict[str, Any], body: bytes) -> Frames:
    for number in range(header["count"]):
        time.sleep(header["seconds"])
        yield {"number": number}, b""


def sleep_forever(header: dict[str, Any], body: bytes) -> Frames:
    yield {"pid": os.getpid()}, b""
    time.sleep(1000)


def open_many(header: dict[str, Any], body: bytes) -> Frames:
    yield {"open": len([os.open("/dev/null", os.O_RDONLY) for _ in range(header["count"])])}, b""


# What ends the process or disturbs its pipes


def abort(header: dict[str, Any], body: bytes) -> Frames:
    os.write(2, header.get("words", "").encode())
    os.abort()
    yield {}, b""


def read_address_zero(header: dict[str, Any], body: bytes) -> Frames:
    yield {}, ctypes.string_at(0)


def exit_at_once(header: dict[str, Any], body: bytes) -> Frames:
    os._exit(header.get("code", 0))
    yield {}, b""


def kill_itself(header: dict[str, Any], body: bytes) -> Frames:
    signal.raise_signal(signal.SIGKILL)
    yield {}, b""


def abort_if_something_is_kept(header: dict[str, Any], body: bytes) -> Frames:
    if kept:
        os.abort()
    yield {"fine": True}, b""


def chatter(header: dict[str, Any], body: bytes) -> Frames:
    for _ in range(2000):
        print("x" * 500)
        print("x" * 500, file=sys.stderr)
        os.write(1, b"straight to one")
        with suppress(BlockingIOError):
            os.write(2, b"straight to two" * 30)
    yield {"read": sys.stdin.read()}, b""


def write_nonsense(header: dict[str, Any], body: bytes) -> Frames:
    for number in range(3, 64):
        try:
            if stat.S_ISFIFO(os.fstat(number).st_mode):
                os.write(number, bytes.fromhex(header["hex"]))
        except OSError:
            continue
    time.sleep(1000)
    yield {}, b""


def vanish_after_the_answer(header: dict[str, Any], body: bytes) -> Frames:
    signal.setitimer(signal.ITIMER_REAL, 0.05)
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    yield {}, b""


# What is forbidden: each attack gives {"denied": errno} or what it got


def attack(header: dict[str, Any], body: bytes) -> Frames:
    try:
        got = ATTACKS[header["attack"]](header)
    except OSError as error:
        yield {"denied": error.errno}, b""
    else:
        yield {"got": got}, b""


def _connect(header: dict[str, Any]) -> str:
    with socket.create_connection(("127.0.0.1", header["port"]), timeout=5):
        return "connected"


def _connect_natively(header: dict[str, Any]) -> str:
    descriptor = _native("socket", socket.AF_INET, socket.SOCK_STREAM, 0)
    address = (
        int(socket.AF_INET).to_bytes(2, sys.byteorder)
        + header["port"].to_bytes(2, "big")
        + bytes([127, 0, 0, 1])
        + bytes(8)
    )
    _native("connect", descriptor, address, len(address))
    return "connected"


def _send_datagram(header: dict[str, Any]) -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        return sender.sendto(b"secret", ("127.0.0.1", header["port"]))


def _listen(header: dict[str, Any]) -> str:
    with socket.create_server(("127.0.0.1", 0)):
        return "listening"


def _make_socket_pair(header: dict[str, Any]) -> str:
    left, right = socket.socketpair()
    left.close()
    right.close()
    return "made"


def _create_file(header: dict[str, Any]) -> int:
    return Path(header["folder"], "new").write_bytes(b"x")


def _create_file_natively(header: dict[str, Any]) -> int:
    path = os.fsencode(Path(header["folder"], "native"))
    return _native("open", path, os.O_WRONLY | os.O_CREAT, 0o600)


def _append_to_file(header: dict[str, Any]) -> int:
    with Path(header["file"]).open("a") as file:
        file.write("x")
        file.flush()
        return 1


def _run_program(header: dict[str, Any]) -> int:
    import subprocess

    return subprocess.run(["/bin/true"], check=True).returncode


def _spawn_program(header: dict[str, Any]) -> int:
    pid = os.posix_spawn("/bin/true", ["/bin/true"], {})
    status = os.waitpid(pid, 0)[1]
    if status:
        raise PermissionError(status, "it was not run")
    return status


def _become_program(header: dict[str, Any]) -> None:
    os.execv("/bin/true", ["/bin/true"])


def _fork(header: dict[str, Any]) -> int:
    pid = os.fork()
    if pid == 0:
        os._exit(0)
    return os.waitpid(pid, 0)[1]


def _fork_natively(header: dict[str, Any]) -> int:
    pid = _native("fork")
    if pid == 0:
        os._exit(0)
    return os.waitpid(pid, 0)[1]


def _read_parents_memory(header: dict[str, Any]) -> int:
    target = ctypes.create_string_buffer(b"x" * 8)
    local = (ctypes.c_size_t * 2)(ctypes.addressof(target), 8)
    # Any answer but "may not" means that the kernel would look: address 1 is nobody's.
    remote = (ctypes.c_size_t * 2)(1, 8)
    try:
        return _native("process_vm_readv", os.getppid(), local, 1, remote, 1, 0)
    except OSError as error:
        import errno

        if error.errno == errno.EFAULT:
            return 0
        raise


def _native(name: str, *arguments: Any) -> int:
    library = ctypes.CDLL(None, use_errno=True)
    result = int(getattr(library, name)(*arguments))
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    return result


ATTACKS: dict[str, Callable[[dict[str, Any]], Any]] = {
    "connect": _connect,
    "connect_natively": _connect_natively,
    "send_datagram": _send_datagram,
    "listen": _listen,
    "make_socket_pair": _make_socket_pair,
    "create_file": _create_file,
    "create_file_natively": _create_file_natively,
    "append_to_file": _append_to_file,
    "truncate_file": lambda header: os.truncate(header["file"], 0),
    "remove_file": lambda header: Path(header["file"]).unlink(),
    "rename_file": lambda header: str(Path(header["file"]).rename(header["file"] + "2")),
    "link_file": lambda header: os.link(header["file"], header["file"] + "3"),
    "symlink": lambda header: Path(header["file"] + "4").symlink_to("/etc"),
    "make_folder": lambda header: Path(header["folder"], "sub").mkdir(),
    "remove_folder": lambda header: Path(header["folder"], "empty").rmdir(),
    "change_mode": lambda header: Path(header["file"]).chmod(0o777),
    "change_time": lambda header: os.utime(header["file"], (0, 0)),
    "read_secret": lambda header: Path(header["file"]).read_text(),
    "read_secret_natively": lambda header: _native("open", os.fsencode(header["file"]), 0),
    "list_folder": lambda header: len(list(Path(header["folder"]).iterdir())),
    "run_program": _run_program,
    "spawn_program": _spawn_program,
    "become_program": _become_program,
    "fork": _fork,
    "fork_natively": _fork_natively,
    "signal_parent": lambda header: os.kill(os.getppid(), signal.SIGCONT),
    "read_parents_memory": _read_parents_memory,
    "move_limit": lambda header: _native("setrlimit", resource.RLIMIT_CORE, bytes(16)),
    "outlive_parent": lambda header: _native("prctl", 1, 0, 0, 0, 0),
}


# Real libraries


def start_threads(header: dict[str, Any], body: bytes) -> Frames:
    seen: list[int] = []
    threads = [threading.Thread(target=seen.append, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    yield {"seen": len(seen)}, b""


def run_graph(header: dict[str, Any], body: bytes) -> Frames:
    """Run an ONNX graph on 0, 1, 2, ... with two threads of its own."""
    import numpy as np
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 2
    session = onnxruntime.InferenceSession(body, options, providers=["CPUExecutionProvider"])
    (result,) = session.run(None, {"x": np.arange(100_000, dtype=np.float32)})
    threads = len(list(Path("/proc/self/task").iterdir())) if sys.platform == "linux" else 2
    yield {"sum": float(result.sum()), "threads": threads}, b""


def multiply(header: dict[str, Any], body: bytes) -> Frames:
    import numpy as np

    ones = np.ones((300, 300))
    yield {"sum": float((ones @ ones).sum())}, b""


def count_tokens(header: dict[str, Any], body: bytes) -> Frames:
    os.environ["TOKENIZERS_PARALLELISM"] = "true"
    from ingest.tokenizer_file import TokenizerFile

    tokenizer = TokenizerFile(header["tokenizer"])
    yield {"counts": tokenizer.count_tokens(["one two three"] * 64)}, b""


def parse_document(header: dict[str, Any], body: bytes) -> Frames:
    from ingest.parsers.registry import parse

    document = parse(body, header["uri"])
    yield {"title": document.title}, document.text.encode()


def use_libraries(header: dict[str, Any], body: bytes) -> Frames:
    import spacy
    from lxml import etree

    words = [token.text for token in spacy.blank("en")("one two.")]
    loaded = []
    for name in header["imports"]:
        try:
            __import__(name)
        except ModuleNotFoundError:
            continue
        loaded.append(name)
    yield {"words": words, "tag": etree.fromstring("<a><b/></a>")[0].tag, "loaded": loaded}, b""


def read_picture(header: dict[str, Any], body: bytes) -> Frames:
    import rapidocr

    kept.append(rapidocr)
    engine = rapidocr.RapidOCR()
    yield {"found": str(engine(body).txts)}, b""


JOBS: dict[str, Callable[[dict[str, Any], bytes], Frames]] = {
    job.__name__: job
    for job in (
        echo,
        say_pid,
        say_environment,
        say_descriptors,
        count_up,
        raise_error,
        allocate,
        keep,
        compute,
        trickle,
        compute_forever,
        sleep_forever,
        open_many,
        abort,
        read_address_zero,
        exit_at_once,
        kill_itself,
        abort_if_something_is_kept,
        chatter,
        write_nonsense,
        vanish_after_the_answer,
        attack,
        start_threads,
        run_graph,
        multiply,
        count_tokens,
        parse_document,
        use_libraries,
        read_picture,
    )
}
