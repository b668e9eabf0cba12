"""Starts several writers at once on one data folder: one works, the others say who does, or wait.

PYTHONPATH=tests/e2e python -m two_writers /tmp/writers /tmp/models 20
"""

import json
import random
import shutil
import socket
import sys
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path

from cli_harness import settings_of, write_files
from fault_harness import (
    Place,
    Ran,
    Server,
    check_next,
    check_refused,
    differences,
    prepared,
    searching,
    state_of,
)

from index.factory import open_catalogue
from ingest.verification import verify

_Command = tuple[str | Path, ...]


@dataclass(slots=True)
class WritersReport:
    """What came of the rounds: `outcomes` counts how commands ended, by the kind of round."""

    rounds: int = 0
    outcomes: Counter[str] = field(default_factory=Counter)
    searches: int = 0
    seconds: float = 0.0

    def table(self) -> str:
        """Return the figures."""
        lines = [f"{name:45} {count:4}" for name, count in sorted(self.outcomes.items())]
        lines.append(f"{self.rounds} rounds, {self.searches} searches; {self.seconds:.0f} s")
        return "\n".join(lines)


def writer_rounds(work: Path, model_cache: Path, rounds: int = 20, seed: int = 7) -> WritersReport:
    """Run `rounds` rounds, the kinds of round in turn, each writer after a random delay.

    Raises:
        AssertionError: two worked at once, one was refused without a name, or the result is not the same.
    """
    rng = random.Random(seed)
    report = WritersReport()
    started = time.monotonic()
    with prepared(work, model_cache) as place, ExitStack() as stack:
        others = [
            stack.enter_context(Server(work / f"server-{number}", model_cache))
            for number in range(2)
        ]
        servers = [place.server, *others]
        for number in range(rounds):
            KINDS[number % len(KINDS)](place, servers, rng, report)
            report.rounds += 1
    report.seconds = time.monotonic() - started
    return report


def _refused(
    place: Place, servers: list[Server], rng: random.Random, report: WritersReport
) -> None:
    """Two ingestions, none waits: the second is refused, or comes too late to find anything to do."""
    data_dir = place.copy("old")
    command: _Command = ("ingest", place.corpus, "--yes", "--json")
    _count(
        "ingest + ingest", _at_once(place, servers, data_dir, [command] * 2, rng, report), report
    )
    _check_end(place, data_dir)


def _waiting(
    place: Place, servers: list[Server], rng: random.Random, report: WritersReport
) -> None:
    """Two ingestions that wait: both succeed, and the later one finds everything unchanged."""
    data_dir = place.copy("old")
    command: _Command = ("ingest", place.corpus, "--yes", "--json", "--wait", "60")
    ended = _at_once(place, servers, data_dir, [command] * 2, rng, report)
    assert sorted(ran.status for ran in ended) == [0, 1], [ran.stderr for ran in ended]
    later = json.loads(next(ran for ran in ended if ran.status == 0).stdout)
    assert later["unchanged"] == len(place.new.documents), later
    report.outcomes["ingest --wait + ingest --wait: later unchanged"] += 1
    _check_end(place, data_dir)


def _three_commands(
    place: Place, servers: list[Server], rng: random.Random, report: WritersReport
) -> None:
    """An ingestion, a removal and a rebuild: each works or is refused, and the next run repairs the rest."""
    data_dir = place.copy("old")
    commands: list[_Command] = [
        ("ingest", place.corpus, "--yes", "--json"),
        ("documents", "forget", "keep-0.md", "--json"),
        ("index", "rebuild", "--json"),
    ]
    rng.shuffle(commands)
    ended = _at_once(place, servers, data_dir, commands, rng, report)
    for command, ran in zip(commands, ended, strict=True):
        _count(f"three at once: {command[0]} {command[1]}", [ran], report, working=0)
    _check_end(place, data_dir)


def _new_folder(
    place: Place, servers: list[Server], rng: random.Random, report: WritersReport
) -> None:
    """Two ingestions into a folder that neither has made yet."""
    data_dir = place.copy("fresh")
    command: _Command = ("ingest", place.corpus, "--yes", "--json")
    ended = _at_once(place, servers, data_dir, [command] * 2, rng, report, most_s=0.05)
    _count("ingest + ingest, new folder", ended, report)
    check_next(place, data_dir, "fresh", place.open(data_dir))
    shutil.rmtree(data_dir)


def _two_folders(
    place: Place, servers: list[Server], rng: random.Random, report: WritersReport
) -> None:
    """Two folders, each ingested again and again by a process of its own."""
    data_dir = place.copy("old")
    other = place.work / "other"
    shutil.rmtree(other, ignore_errors=True)
    write_files(other, {f"note-{n}.md": f"# Note {n}\n\nThe pump {n} is red.\n" for n in range(3)})

    def again(server: Server, folder: Path) -> list[Ran]:
        found = []
        for turn in range(3):
            time.sleep(rng.uniform(0, 0.1))
            if folder == other:
                write_files(other, {f"turn-{turn}.md": f"# Turn {turn}\n\nThe fan is {turn}.\n"})
            found.append(server.run(data_dir, "ingest", folder, "--yes", "--json", "--wait", "60"))
        return found

    with ThreadPoolExecutor(2) as threads:
        both = list(threads.map(again, servers[:2], (place.corpus, other)))
    for ran in (*both[0], *both[1]):
        assert ran.status in (0, 1), ran.stderr
        assert "error" not in json.loads(ran.stdout), ran.stdout
    assert [ran.status for ran in both[0]] == [1, 0, 0]
    report.outcomes["two folders in turn: runs"] += 6
    base = place.open(data_dir)
    uris = {record.uri for record in base.catalogue.list_documents()}
    notes = {f"note-{n}.md" for n in range(3)} | {f"turn-{n}.md" for n in range(3)}
    assert uris == place.new.documents.keys() | notes
    checked = verify(settings_of(data_dir, place.model_cache))
    assert checked["ok"], checked
    assert not checked["missing_vectors"]
    shutil.rmtree(data_dir)


def _at_once(
    place: Place,
    servers: list[Server],
    data_dir: Path,
    commands: list[_Command],
    rng: random.Random,
    report: WritersReport,
    most_s: float | None = None,
) -> list[Ran]:
    """Run each command in a process of its own, after a random delay, beside a reader."""
    delays = [rng.uniform(0, place.lasted if most_s is None else most_s) for _ in commands]
    reader = place.open(data_dir) if (data_dir / "footnote.db").exists() else None

    def run(number: int) -> Ran:
        time.sleep(delays[number])
        return servers[number].run(data_dir, *commands[number])

    with searching(reader) as searches, ThreadPoolExecutor(len(commands)) as threads:
        ended = list(threads.map(run, range(len(commands))))
    report.searches += len(searches)
    return ended


def _count(name: str, ended: list[Ran], report: WritersReport, working: int = 1) -> None:
    """Count how commands ended; `working` of them have to have changed something."""
    changed = 0
    for ran in ended:
        if ran.status == 2:
            sentence = check_refused(ran)
            if "has not said its name" in sentence:
                report.outcomes[f"{name}: refused without a name"] += 1
            else:
                assert f"process {_holder(sentence)} on {socket.gethostname()}" in sentence, (
                    sentence
                )
                report.outcomes[f"{name}: refused"] += 1
            continue
        assert ran.status in (0, 1), ran.stderr
        value = json.loads(ran.stdout)
        assert "error" not in value, value
        did = ran.status == 1 or "added" not in value
        changed += did
        report.outcomes[f"{name}: {'worked' if did else 'found nothing to do'}"] += 1
    if working:
        assert changed == working, f"{changed} worked"


def _holder(sentence: str) -> str:
    return sentence.partition("process ")[2].partition(" ")[0]


def _check_end(place: Place, data_dir: Path) -> None:
    """Check that the next ordinary run comes to what an undisturbed one comes to."""
    reader = place.open(data_dir)
    check_next(place, data_dir, "old", reader)
    catalogue = open_catalogue(settings_of(data_dir, place.model_cache))
    assert len(catalogue.list_documents()) == len(place.new.documents)
    found = differences(
        replace(state_of(place.open(data_dir), place.source), words=place.new.words), place.new
    )
    assert not found, found
    shutil.rmtree(data_dir)


KINDS = (_refused, _waiting, _three_commands, _new_folder, _two_folders)


if __name__ == "__main__":
    print(writer_rounds(Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3])).table())
