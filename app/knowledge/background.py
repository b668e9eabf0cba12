"""Runs a command of Footnote beside the page; it outlives tab, session and server, and is one of its kind in a data folder.

data folder/started/KIND/   lock          held by the command's own process: free again however that ends
                            record.json   what was started, by whom and when; how it ended, where that was seen
                            stdout        one JSON value, when it is done
                            stderr
"""

import fcntl
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from core.errors import FolderBusy
from core.ids import new_id
from core.log import get_logger
from index.database import storage_errors

# `-P`: a folder named app where the server was started is not Footnote.
PROGRAM = (sys.executable, "-P", "-c", "from app.cli import main; main(prog_name='footnote')")

_GRACE_S = 1.0
_RETRY_S = 0.02
_END_S = 5.0
_MAX_OUTPUT_BYTES = 200_000_000

_log = get_logger(__name__)


@dataclass(frozen=True, slots=True)
class StartedCommand:
    """What was started. `exit_code` is None while it runs, and where the server that started it did not see it end.

    `note` is the starter's own: it comes back as it was given.
    """

    command_id: str
    source: str
    actor: str
    started_at: str
    note: str = ""
    process: int = 0
    finished_at: str = ""
    exit_code: int | None = None
    ran_out_of_time: bool = False


@dataclass(frozen=True, slots=True)
class CommandState:
    """The last command of a kind; `output` is the JSON value that it printed, None while it runs or if it printed none."""

    command: StartedCommand
    is_running: bool
    output: Any = None


class BackgroundCommands:
    """Commands of one kind on one data folder. Any number of processes may ask and start."""

    def __init__(self, data_dir: Path, kind: str) -> None:
        self._data_dir = data_dir
        self._folder = data_dir / "started" / kind
        self._kept: CommandState | None = None

    def start(
        self,
        arguments: Sequence[str],
        environment: Mapping[str, str],
        source: str,
        actor: str,
        note: str = "",
        limit_s: float | None = None,
    ) -> StartedCommand:
        """Start `footnote ARGUMENTS`; it is ended after `limit_s` seconds as long as this process lives.

        Raises:
            FolderBusy: the one before is still at work.
            DataFolderError: the data folder does not take its files.
        """
        with storage_errors(self._data_dir):
            self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            lock = os.open(self._folder / "lock", os.O_RDWR | os.O_CREAT, 0o600)
            try:
                self._take(lock)
                command = StartedCommand(new_id(), source, actor, _now(), note)
                process = self._spawn(arguments, environment, lock)
                command = replace(command, process=process.pid)
                self._write(command)
            finally:
                os.close(lock)  # the command has inherited it
        threading.Thread(
            target=self._see_end, args=(process, command, limit_s), daemon=True
        ).start()
        return command

    def state(self) -> CommandState | None:
        """Return the last command that was started, None if there was none."""
        is_running = self._is_locked()
        command = self._read()
        if command is None:
            return None
        if is_running:
            return CommandState(command, is_running=True)
        kept = self._kept
        if kept is None or kept.command != command:
            kept = CommandState(command, is_running=False, output=self._output())
            self._kept = kept
        return kept

    def _take(self, lock: int) -> None:
        # Whoever only asks whether one runs, holds it for a moment.
        deadline = time.monotonic() + _GRACE_S
        while True:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                if time.monotonic() < deadline:
                    time.sleep(_RETRY_S)
                    continue
                before = self._read()
                whose = f" for {before.source!r} by {before.actor}" if before else ""
                raise FolderBusy(
                    f"One that was started{whose} is still at work. Wait for it to end, then try again."
                ) from error
            return

    def _spawn(
        self, arguments: Sequence[str], environment: Mapping[str, str], lock: int
    ) -> subprocess.Popen[bytes]:
        with (
            _new_file(self._folder / "stdout") as stdout,
            _new_file(self._folder / "stderr") as stderr,
        ):
            # An argument list and no shell: a source's name is one argument, whatever is in it.
            return subprocess.Popen(  # noqa: S603
                [*PROGRAM, *arguments],
                stdin=subprocess.DEVNULL,
                stdout=stdout,
                stderr=stderr,
                env=dict(environment),
                pass_fds=(lock,),
                start_new_session=True,
            )

    def _see_end(
        self, process: subprocess.Popen[bytes], command: StartedCommand, limit_s: float | None
    ) -> None:
        late = False
        try:
            process.wait(limit_s)
        except subprocess.TimeoutExpired:
            late = True
            _end(process)
        ended = replace(
            command, finished_at=_now(), exit_code=process.returncode, ran_out_of_time=late
        )
        _log.info("command_ended", source=command.source, exit_code=process.returncode, late=late)
        latest = self._read()
        if latest is not None and latest.command_id == command.command_id:
            with suppress(OSError):
                self._write(ended)

    def _is_locked(self) -> bool:
        try:
            lock = os.open(self._folder / "lock", os.O_RDWR)
        except OSError:
            return False
        try:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        finally:
            os.close(lock)
        return False

    def _write(self, command: StartedCommand) -> None:
        # Of this thread alone: two may write at once, and each replaces the record whole.
        new = self._folder / f".record.{new_id()}"
        new.write_text(json.dumps(asdict(command)), encoding="ascii")
        new.replace(self._folder / "record.json")

    def _read(self) -> StartedCommand | None:
        try:
            return StartedCommand(**json.loads((self._folder / "record.json").read_bytes()))
        except (OSError, ValueError, TypeError):
            return None

    def _output(self) -> Any:
        path = self._folder / "stdout"
        try:
            if path.stat().st_size > _MAX_OUTPUT_BYTES:
                return None
            return json.loads(path.read_bytes())
        except (OSError, ValueError, RecursionError):
            return None


def _new_file(path: Path) -> Any:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600)
    return os.fdopen(descriptor, "wb")


def _end(process: subprocess.Popen[bytes]) -> None:
    """End a command with all that it started."""
    for order in (signal.SIGTERM, signal.SIGKILL):
        with suppress(ProcessLookupError):
            os.killpg(process.pid, order)
        with suppress(subprocess.TimeoutExpired):
            process.wait(_END_S)
            return
    process.wait()


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
