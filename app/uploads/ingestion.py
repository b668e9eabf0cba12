"""Brings a dropped file into a data folder of its own: our own `ingest` command, in a process of its own.

The same sandbox and limits as for every document. The command gets settings that say what to do and no secret,
no shell reads the file's name, and what it writes about the file goes nowhere but here.
"""

import json
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core.errors import ServiceUnavailable
from core.settings import Settings, environment_of

_LONGEST_S = 240.0
"""For one file or archive; parsers have limits of their own, far below."""

_START = """
import sys
project = sys.argv.pop(1)
if project not in sys.path:
    sys.path.insert(0, project)
from app.cli import main
main()
"""
# What finds the interpreter's own parts, the model and the programs that read images; nothing of FOOTNOTE_*.
_PASSED_ON = (
    "PATH",
    "HOME",
    "LANG",
    "LC_ALL",
    "TMPDIR",
    "XDG_CACHE_HOME",
    "HF_HOME",
    "HF_HUB_CACHE",
    "LD_LIBRARY_PATH",
    "TESSDATA_PREFIX",
    "VIRTUAL_ENV",
)


@dataclass(frozen=True, slots=True)
class IngestionReport:
    """What the command said: names of files that could not be read, each with its reason."""

    problems: Mapping[str, str]


class Ingestions:
    """Runs the command; one run at a time is the caller's to see to."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._starting = threading.Lock()
        self._running: subprocess.Popen[bytes] | None = None

    def run(
        self,
        path: Path,
        data_dir: Path,
        model: str,
        *,
        wanted: Callable[[], bool] = lambda: True,
        allow_removals: bool = False,
    ) -> IngestionReport:
        """Ingest a file or folder; `model` is the embedding model's name.

        `wanted` says whether it still is, once the command has begun: who gave up before could not stop it.

        Raises:
            ServiceUnavailable: the command ended without a report, or took too long.
        """
        command = [
            *(sys.executable, "-P", "-c", _START, str(Path(__file__).resolve().parents[2])),
            *("ingest", str(path), "--data-dir", str(data_dir), "--yes", "--json"),
            *(("--allow-mass-delete",) if allow_removals else ()),
        ]
        with self._starting:
            process = self._begin(command, data_dir, model)
            self._running = process
        if not wanted():
            self.stop()
        try:
            output, _ = process.communicate(timeout=_LONGEST_S)
        except subprocess.TimeoutExpired:
            raise ServiceUnavailable(
                "Reading the file took too long. Drop the part of it that you want to ask about."
            ) from None
        finally:
            self.stop()
            self._running = None
        return _report(output)

    def _begin(self, command: Sequence[str], data_dir: Path, model: str) -> subprocess.Popen[bytes]:
        return subprocess.Popen(  # noqa: S603 - no shell, and the path is one that we made
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            cwd=data_dir.parent,
            env=self._environment(data_dir, model),
            start_new_session=True,
        )

    def stop(self) -> None:
        """End the run, its parsers included, if there is one."""
        with self._starting:
            process = self._running
        if process is not None and process.poll() is None:
            # Its parsers have sessions of their own, and end when nobody is at their other end.
            process.kill()
            process.wait()

    def _environment(self, data_dir: Path, model: str) -> dict[str, str]:
        settings = self._settings
        largest = min(settings.ingest.max_file_mb, settings.web.upload_mb)
        return environment_of(_PASSED_ON) | {
            "PYTHONUTF8": "1",
            "PYTHONDONTWRITEBYTECODE": "1",
            "FOOTNOTE_OFFLINE": "1",
            "FOOTNOTE_LOG_LEVEL": "error",
            "FOOTNOTE_STORE": "faiss",
            "FOOTNOTE_SOURCES_FILE": str(data_dir / "no-sources.yaml"),
            "FOOTNOTE_EMBEDDER": model,
            "FOOTNOTE_MODEL_CACHE": str(settings.model_cache.expanduser().resolve()),
            "FOOTNOTE_CHUNK__MAX_TOKENS": str(settings.chunk.max_tokens),
            "FOOTNOTE_CHUNK__PREFIX_TOKENS": str(settings.chunk.prefix_tokens),
            "FOOTNOTE_INGEST__WORKERS": "1",
            "FOOTNOTE_INGEST__MAX_FILE_MB": str(largest),
            "FOOTNOTE_INGEST__PARSER_SECONDS": str(settings.ingest.parser_seconds),
            "FOOTNOTE_INGEST__PARSER_MEMORY_MB": str(settings.ingest.parser_memory_mb),
        }


def _report(output: bytes) -> IngestionReport:
    try:
        found: dict[str, Any] = json.loads(output)
        quarantined = found["quarantined"]
    except (ValueError, KeyError, TypeError):
        raise ServiceUnavailable(
            "The file could not be read just now. Try it again in a moment."
        ) from None
    return IngestionReport({str(entry["uri"]): str(entry["reason"]) for entry in quarantined})
