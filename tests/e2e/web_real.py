"""The application as people run it: `footnote web` in a process of its own over a really ingested folder."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from ports import free_port
from web_browser import ROOT

_FOOTNOTE = [sys.executable, "-c", "from app.cli import main; main()"]
_TIMEOUT_S = 300


def footnote(*args: str | Path, data_dir: Path, **settings: str) -> str:
    """Run one command to its end; returns its standard output. Exit code 1 (some documents failed) is fine."""
    done = subprocess.run(
        [*_FOOTNOTE, *map(str, args)],
        env=_environment(data_dir, settings),
        cwd=data_dir.parent,
        capture_output=True,
        text=True,
        timeout=_TIMEOUT_S,
        check=False,
    )
    assert done.returncode in (0, 1), done.stderr
    return done.stdout


def ingest(folder: Path, data_dir: Path, *options: str, **settings: str) -> dict[str, object]:
    """Bring a folder in; returns the report."""
    data_dir.parent.mkdir(parents=True, exist_ok=True)
    report: dict[str, object] = json.loads(
        footnote("ingest", folder, "--yes", "--json", *options, data_dir=data_dir, **settings)
    )
    return report


@contextmanager
def web_server(data_dir: Path, **settings: str) -> Iterator[str]:
    """Serve a data folder until the block ends; settings are FOOTNOTE_* variables without the prefix."""
    log = data_dir.parent / "web.log"
    command = [*_FOOTNOTE, "web", "--port", str(free_port())]
    with (
        log.open("a") as errors,
        subprocess.Popen(
            command,
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
            env=_environment(data_dir, settings),
            cwd=data_dir.parent,
        ) as process,
    ):
        try:
            assert process.stdout is not None
            address = process.stdout.readline().strip()
            assert address.startswith("http://"), log.read_text()[-2000:]
            yield address
        finally:
            process.terminate()


def _environment(data_dir: Path, settings: Mapping[str, str]) -> dict[str, str]:
    path = os.pathsep.join(filter(None, (str(ROOT), os.environ.get("PYTHONPATH"))))
    own = {f"FOOTNOTE_{name}": value for name, value in settings.items()}
    shared = {
        "FOOTNOTE_DATA_DIR": str(data_dir),
        "PYTHONPATH": path,
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    return {**os.environ, **shared, **own}
