"""Reads and writes case files: JSONL, a case a line."""

import json
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from core.errors import UsageError
from evals.cases.case import Case, case_of_line


def read_cases(path: Path) -> list[Case]:
    """Return the cases of a file in its order; '-' is standard input.

    Raises:
        UsageError: a line cannot be used, or two have one id; the message names file, line and field.
    """
    cases: list[Case] = []
    first: dict[str, int] = {}
    for number, line in _numbered(path):
        case = case_of_line(line, f"Line {number} of {str(path)!r}")
        if case.case_id in first:
            raise UsageError(
                f'Line {number} of {str(path)!r}, field "id": line {first[case.case_id]} has {case.case_id!r} already. '
                "Give every case an id of its own."
            )
        first[case.case_id] = number
        cases.append(case)
    return cases


def _numbered(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yield each object with the number of its line; lines that are empty are none."""
    try:
        text = sys.stdin.read() if str(path) == "-" else path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise UsageError(f"{str(path)!r} cannot be read: {error.strerror or error}.") from error
    except UnicodeDecodeError as error:
        raise UsageError(f"{str(path)!r} is not UTF-8 text. Save it as UTF-8.") from error
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.strip():
            continue
        try:
            yield number, json.loads(line)
        except (ValueError, RecursionError) as error:
            raise UsageError(f"Line {number} of {str(path)!r} is not JSON: {error}.") from error


def lines_of(cases: Iterable[Case]) -> str:
    """Return cases as the text of a case file."""
    return "".join(json.dumps(case.line, ensure_ascii=False) + "\n" for case in cases)
