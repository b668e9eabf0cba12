"""Many people at once: parallel sessions of the web application, its first visible state, errors, memory, threads.

Usage: python -m benchmarks.web_sessions DATA_DIR [--sessions 20] [--rounds 3] [--storm 200] [--llm-seconds 0]

Every session is a connection as a browser makes one (the page, then Streamlit's websocket and its protocol), asks,
waits for the whole answer and leaves. Measured: from sending the question to the first stage or text that a person
would see, and to the end; afterwards the server's private memory and threads when its sessions have ended. A reload
storm opens and drops connections without waiting. `footnote web` runs as a process of its own with its defaults.
"""

import argparse
import http.client
import os
import re
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import websockets.sync.client as websocket
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

QUESTIONS = (
    "I lost my laptop. Whom do I call, and by when?",
    "What does the satellite version of the Skerry G2 gateway cost?",
    "How many days of annual leave do I have?",
    "Who approves travel expenses?",
    "What is the on-call rotation?",
)
_VISIBLE = re.compile(r"fn-received|fn-stage|fn-live")
_PATIENCE_S = 120.0
_SETTLED_AFTER_S = 150.0
"""Streamlit forgets a session 120 s after its connection is gone."""


@dataclass
class Outcome:
    """What one session saw; times in seconds from sending the question."""

    page_s: float = 0.0
    first_state_s: list[float] = field(default_factory=list)
    answer_s: list[float] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)


class Session:
    """One browser tab: speaks Streamlit's protocol and keeps what it needs to ask again."""

    def __init__(self, address: str) -> None:
        parts = urlsplit(address)
        self._address = address
        page = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=_PATIENCE_S)
        page.request("GET", "/")
        reply = page.getresponse()
        body = reply.read()
        assert reply.status == 200, reply.status
        assert b"<div id=" in body
        self._cookies = "; ".join(
            value.split(";", 1)[0] for value in reply.headers.get_all("Set-Cookie") or ()
        )
        page.close()
        self._open = ExitStack()
        self._socket = self._open.enter_context(
            websocket.connect(
                f"ws://{parts.netloc}/_stcore/stream",
                origin=address,  # type: ignore[arg-type]
                additional_headers={"Cookie": self._cookies} if self._cookies else None,
                subprotocols=["streamlit"],  # type: ignore[list-item]
                max_size=None,
                open_timeout=_PATIENCE_S,
            )
        )
        self._chat_input = ""
        self._kept: dict[str, bytes] = {}

    def run(self, query: str = "", question: str = "") -> Iterator[str]:
        """Run the script; yields the text of every page and component element that arrives, ends with the script."""
        message = BackMsg()
        message.rerun_script.query_string = query
        if question:
            widget = message.rerun_script.widget_states.widgets.add()
            widget.id = self._chat_input
            widget.chat_input_value.data = question
        self._socket.send(message.SerializeToString())
        running = True
        while running:
            received = ForwardMsg()
            received.ParseFromString(self._socket.recv(timeout=_PATIENCE_S))
            kind = received.WhichOneof("type")
            if kind == "delta":
                element = received.delta.new_element
                shown = element.WhichOneof("type")
                if shown == "chat_input":
                    self._chat_input = element.chat_input.id
                elif shown == "html":
                    yield element.html.body
                elif shown == "bidi_component":
                    yield str(element)
            elif kind == "script_finished":
                # A run that asked for another one goes on without a word from the browser.
                again = ForwardMsg.FINISHED_EARLY_FOR_RERUN
                running = received.script_finished == again

    def close(self) -> None:
        self._open.close()


def one_person(address: str, rounds: int, number: int, outcome: Outcome) -> None:
    try:
        started = time.perf_counter()
        session = Session(address)
        list(session.run())
        outcome.page_s = time.perf_counter() - started
        for turn in range(rounds):
            ask(session, QUESTIONS[(number + turn) % len(QUESTIONS)], outcome)
        session.close()
    except Exception as error:  # noqa: BLE001 - a benchmark that counts what goes wrong
        outcome.problems.append(repr(error)[:200])


def ask(session: Session, question: str, outcome: Outcome) -> None:
    started = time.perf_counter()
    first = 0.0
    answered = False
    for text in session.run(question=question):
        if not first and _VISIBLE.search(text):
            first = time.perf_counter() - started
        if "fn-problem" in text and "fn-stopped" not in text:
            outcome.problems.append(re.sub(r"\s+", " ", text)[:200])
        answered = answered or "sources_title" in text
    outcome.first_state_s.append(first)
    outcome.answer_s.append(time.perf_counter() - started)
    if not answered:
        outcome.problems.append("no answer was drawn")


def together(count: int, person: Callable[[int], None]) -> None:
    threads = [threading.Thread(target=person, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def storm(address: str, reloads: int) -> None:
    """Open and drop connections in the middle of a run, as somebody does who holds F5."""

    def reload(_: int) -> None:
        for _ in range(reloads // 10):
            session = Session(address)
            message = BackMsg()
            message.rerun_script.query_string = ""
            session._socket.send(message.SerializeToString())
            session.close()

    together(10, reload)


@contextmanager
def server(data_dir: Path) -> Iterator[tuple[str, int]]:
    command = [
        sys.executable,
        "-c",
        "from app.cli import main; main()",
        "web",
        "--port",
        "9399",
        "--data-dir",
        str(data_dir),
    ]
    with subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env=os.environ | {"FOOTNOTE_WEB__QUESTIONS_PER_MINUTE": "100000"},
    ) as process:
        try:
            assert process.stdout is not None
            yield process.stdout.readline().strip(), process.pid
        finally:
            process.terminate()


def private_mib(pid: int) -> float:
    rollup = Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii")
    return sum(int(found) for found in re.findall(r"Private_\w+:\s+(\d+)", rollup)) / 1024


def threads_of(pid: int) -> int:
    return len(list(Path(f"/proc/{pid}/task").iterdir()))


def p(values: list[float], share: float) -> float:
    return sorted(values)[min(len(values) - 1, round(share * (len(values) - 1)))]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("data_dir", type=Path)
    parser.add_argument("--sessions", type=int, default=20)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--storm", type=int, default=200)
    given = parser.parse_args()
    with server(given.data_dir) as (address, pid):
        # The base is a server that has done everything once, by as many people at once.
        first = [Outcome() for _ in range(given.sessions)]
        together(given.sessions, lambda n: one_person(address, 1, n, first[n]))
        time.sleep(_SETTLED_AFTER_S)
        base, threads = private_mib(pid), threads_of(pid)
        outcomes = [Outcome() for _ in range(given.sessions)]
        started = time.perf_counter()
        together(given.sessions, lambda n: one_person(address, given.rounds, n, outcomes[n]))
        seconds = time.perf_counter() - started
        peak, busy = private_mib(pid), threads_of(pid)
        report(outcomes, seconds)
        time.sleep(_SETTLED_AFTER_S)
        after = private_mib(pid)
        print(
            f"memory: base {base:.0f} MiB, with {given.sessions} sessions {peak:.0f}, "
            f"after they ended {after:.0f} ({after / base - 1:+.1%}); threads {threads}, {busy}, {threads_of(pid)}"
        )
        storm(address, given.storm)
        time.sleep(_SETTLED_AFTER_S)
        stormed = private_mib(pid)
        print(
            f"after {given.storm} reloads: {stormed:.0f} MiB ({stormed / base - 1:+.1%}), threads {threads_of(pid)}"
        )


def report(outcomes: list[Outcome], seconds: float) -> None:
    firsts = [value for outcome in outcomes for value in outcome.first_state_s]
    answers = [value for outcome in outcomes for value in outcome.answer_s]
    problems = [problem for outcome in outcomes for problem in outcome.problems]
    print(
        f"{len(outcomes)} sessions, {len(answers)} answers in {seconds:.1f} s; problems {len(problems)} {problems[:3]}"
    )
    for name, values in (("first visible state", firsts), ("whole answer", answers)):
        print(
            f"{name}: median {statistics.median(values):.3f} s, p95 {p(values, 0.95):.3f} s, "
            f"worst {max(values):.3f} s (n = {len(values)}, not seen {sum(not v for v in values)})"
        )
    pages = [outcome.page_s for outcome in outcomes]
    print(
        f"page drawn, all at once: median {statistics.median(pages):.2f} s, p95 {p(pages, 0.95):.2f} s"
    )


if __name__ == "__main__":
    main()
