"""A command that was started from a page: one at a time, known to every process, ended only by itself or its limit."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from app.knowledge import background
from app.knowledge.background import BackgroundCommands, CommandState
from core.errors import FolderBusy

PATIENCE_S = 30.0


@pytest.fixture(autouse=True)
def _python(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the commands be small programs of these tests: the first argument is what runs."""
    monkeypatch.setattr(background, "PROGRAM", (sys.executable, "-c"))


@pytest.fixture
def commands(data_dir: Path) -> BackgroundCommands:
    return BackgroundCommands(data_dir, "run")


def start(commands: BackgroundCommands, code: str, limit_s: float | None = None) -> None:
    commands.start([code], os.environ, "handbook", "ann@x.org", "run", limit_s)


def ended(commands: BackgroundCommands) -> CommandState:
    """Wait until it has ended and its exit code is known."""
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        state = commands.state()
        if state and not state.is_running and state.command.exit_code is not None:
            return state
        time.sleep(0.02)
    raise AssertionError("it did not end")


WAITING = "import time; time.sleep(60)"


def test_nothing_was_started_at_first(commands: BackgroundCommands) -> None:
    assert commands.state() is None


def test_what_it_printed_and_its_exit_code_are_kept_for_everyone(
    commands: BackgroundCommands, data_dir: Path
) -> None:
    start(commands, "print('{\"added\": 3}'); raise SystemExit(1)")
    ended(commands)
    state = BackgroundCommands(data_dir, "run").state()
    assert state is not None
    assert state.output == {"added": 3}
    assert (state.command.exit_code, state.command.actor) == (1, "ann@x.org")


def test_a_second_one_is_refused_while_the_first_works(
    commands: BackgroundCommands, data_dir: Path
) -> None:
    start(commands, WAITING, limit_s=PATIENCE_S)
    try:
        other = BackgroundCommands(data_dir, "run")
        state = other.state()
        assert state is not None
        assert state.is_running
        with pytest.raises(FolderBusy, match=r"'handbook' by ann@x\.org"):
            start(other, "print(1)")
        assert BackgroundCommands(data_dir, "plan").state() is None
    finally:
        os.killpg(commands.state().command.process, signal.SIGKILL)  # type: ignore[union-attr]
    assert ended(commands).output is None
    start(commands, "print(1)")
    assert ended(commands).output == 1


def test_it_outlives_the_process_that_started_it(
    commands: BackgroundCommands, data_dir: Path
) -> None:
    starter = (
        "import os, sys; from pathlib import Path\n"
        "from app.knowledge import background\n"
        "background.PROGRAM = (sys.executable, '-c')\n"
        "commands = background.BackgroundCommands(Path(sys.argv[1]), 'run')\n"
        "code = \"import time; time.sleep(2); print('[7]')\"\n"
        "commands.start([code], os.environ, 'handbook', 'ann')\n"
    )
    subprocess.run([sys.executable, "-c", starter, str(data_dir)], check=True)
    deadline = time.monotonic() + PATIENCE_S
    while (state := commands.state()) is not None and state.is_running:
        assert time.monotonic() < deadline
        time.sleep(0.02)
    assert state is not None
    assert state.output == [7]
    assert state.command.exit_code is None  # nobody saw it end


def test_one_that_takes_too_long_is_ended(commands: BackgroundCommands) -> None:
    start(commands, WAITING, limit_s=1.0)
    state = ended(commands)
    assert state.command.ran_out_of_time
    assert state.command.exit_code == -signal.SIGTERM


def test_arguments_reach_the_program_as_they_are(commands: BackgroundCommands) -> None:
    odd = "--source=$(touch x); `id` 'a' \"b\" \u202e"
    code = "import json, sys; print(json.dumps(sys.argv[1:]))"
    commands.start([code, odd], os.environ, "handbook", "ann")
    assert ended(commands).output == [odd]


@pytest.mark.parametrize("output", ["", "no json", "{", "[" * 100_000])
def test_output_that_is_no_json_is_no_output(commands: BackgroundCommands, output: str) -> None:
    commands.start(["import sys; sys.stdout.write(sys.argv[1])", output], os.environ, "s", "a")
    assert ended(commands).output is None
