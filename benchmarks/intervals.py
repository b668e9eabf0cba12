"""Figures with intervals: one value for each question and system, as a table or as JSON.

Settings are chosen on the questions of the part `development` alone; `report` is the part to quote.
"""

import argparse
import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Literal

import numpy as np

from core.log import configure

Part = Literal["development", "report"]
_PARTS = ("development", "report", "all")
_DRAWS = 2000


@dataclass(frozen=True, slots=True)
class Result:
    """One measure on one set of questions; `values[system][i]` is that of question i, in `parts[i]`."""

    set_name: str
    measure: str
    parts: tuple[Part, ...]
    values: Mapping[str, Sequence[float]]

    def of_part(self, system: str, part: str) -> list[float]:
        """Return a system's values of one part, or of all questions."""
        pairs = zip(self.values[system], self.parts, strict=True)
        return [value for value, own in pairs if part in (own, "all")]


def by_position(count: int) -> tuple[Part, ...]:
    """Return the parts of questions in their published order: even positions are for development."""
    return tuple("report" if position % 2 else "development" for position in range(count))


def bounds(values: Sequence[float]) -> tuple[float, float, float]:
    """Return the mean and its 95 % bootstrap interval over questions; the same on every run."""
    array = np.array(values, np.float64)
    draws = np.random.default_rng(7).integers(0, len(array), (_DRAWS, len(array)))
    low, high = np.quantile(array[draws].mean(axis=1), [0.025, 0.975])
    return float(array.mean()), float(low), float(high)


def interval(values: Sequence[float]) -> str:
    """Return the mean with its interval, as it is printed."""
    return "{:.3f} [{:.3f}, {:.3f}]".format(*bounds(values))


def table(results: Sequence[Result]) -> str:
    """Return a Markdown table with a row for each set, measure and part that has questions."""
    systems = list(dict.fromkeys(system for result in results for system in result.values))
    head = ["set", "measure", "questions", "n", *systems]
    lines = [head, ["---"] * len(head)]
    for result in results:
        for part in _PARTS:
            count = sum(part in (own, "all") for own in result.parts)
            if count:
                cells = [_cell(result, system, part) for system in systems]
                lines.append([result.set_name, result.measure, part, str(count), *cells])
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def _cell(result: Result, system: str, part: str) -> str:
    return interval(result.of_part(system, part)) if system in result.values else "-"


def write_json(results: Sequence[Result], path: Path) -> None:
    """Write every figure, and every question's value so that two runs can be compared in pairs."""
    rows = [
        {
            "set": result.set_name,
            "measure": result.measure,
            "parts": result.parts,
            "values": {system: list(values) for system, values in result.values.items()},
            "figures": {
                system: {
                    part: bounds(result.of_part(system, part))
                    for part in _PARTS
                    if result.of_part(system, part)
                }
                for system in result.values
            },
        }
        for result in results
    ]
    path.write_text(json.dumps(rows, indent=1), encoding="utf-8")


@contextmanager
def run_of(parser: argparse.ArgumentParser) -> Iterator[tuple[argparse.Namespace, list[Result]]]:
    """Yield the options, with a `work` folder that exists, and the list to put results into; print them."""
    parser.add_argument("--work", type=Path, help="folder that keeps the indexes between runs")
    parser.add_argument("--peer", action="store_true", help="run LlamaIndex's default too")
    parser.add_argument("--json", type=Path, help="file for every figure and question")
    options = parser.parse_args()
    configure("warning")
    results: list[Result] = []
    with TemporaryDirectory() as scratch:
        options.work = options.work or Path(scratch)
        options.work.mkdir(parents=True, exist_ok=True)
        yield options, results
    print(table(results))
    if options.json:
        write_json(results, options.json)
