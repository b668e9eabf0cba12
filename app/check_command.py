"""The command `footnote check`: answers and their passages in, a verdict on every claim out."""

import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from app.grounding.checker import ClaimChecker
from core.command_line import common_options, print_json
from core.errors import ConfigError, UsageError
from core.grounding import EvidenceText, GroundingReport
from core.settings import Settings
from index.embedders.model_files import find_model

_SHOWN_CHARS = 120


@dataclass(frozen=True, slots=True)
class CheckRequest:
    """One line of the file."""

    answer_id: str | int | None
    answer: str
    passages: tuple[EvidenceText, ...]
    question: str


@dataclass(frozen=True, slots=True)
class _ModelFolder:
    """Where the embedding model's tokenizer stands; the model itself is not opened."""

    tokenizer_path: str


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@common_options
def check(settings: Settings, as_json: bool, file: Path) -> None:
    """Check answers against their passages: {"id", "question"?, "passages": [{"id", "text"}], "answer"} a line.

    Needs no knowledge base. Prints one JSON line an answer; FILE may be - for standard input.
    """
    del as_json  # the lines are JSON either way
    requests = list(read_requests(file))
    if not requests:
        click.echo(f"{_named(file)} has no answers to check.", err=True)
        return
    checker = open_checker(settings)
    for request in requests:
        report = checker.check(request.answer, request.passages, request.question)
        print_json(report_json(request.answer_id, report))


def open_checker(settings: Settings) -> ClaimChecker:
    """Return the checker with the word vectors of the embedding model that the settings name."""
    cache = settings.model_cache.expanduser()
    try:
        files = find_model(settings.embedder, cache, offline=settings.offline)
    except ConfigError as error:
        click.echo(f"Checking by words alone, without word vectors: {error}", err=True)
        return ClaimChecker()
    return ClaimChecker(_ModelFolder(str(files.folder / "tokenizer.json")))


def report_json(answer_id: str | int | None, report: GroundingReport) -> dict[str, Any]:
    """Return a report as the command prints it."""
    return {
        "id": answer_id,
        "score": report.score,
        "grounded": report.grounded,
        "claims": [
            {
                "start": claim.start,
                "end": claim.end,
                "verdict": claim.verdict,
                "score": claim.score,
                "passage_id": claim.passage_id,
                "evidence_start": claim.evidence_start,
                "evidence_end": claim.evidence_end,
                "reasons": list(claim.reasons),
            }
            for claim in report.claims
        ],
    }


def read_requests(file: Path) -> Iterator[CheckRequest]:
    """Read the answers of a file, '-' for standard input; nothing is checked before all can be read.

    Raises:
        UsageError: a line is not as it should be; the message names the line and what is wrong with it.
    """
    try:
        text = sys.stdin.read() if str(file) == "-" else file.read_text(encoding="utf-8")
    except OSError as error:
        raise UsageError(
            f"{_named(file)} cannot be read: {error.strerror or error}. Name a file of JSON lines."
        ) from error
    except UnicodeDecodeError as error:
        raise UsageError(f"{_named(file)} is not UTF-8 text: {error}. Save it as UTF-8.") from error
    for number, line in enumerate(text.split("\n"), start=1):
        if line.strip():
            yield _request(line, f"Line {number} of {_named(file)}")


def _named(file: Path) -> str:
    return "Standard input" if str(file) == "-" else repr(str(file))


def _request(line: str, where: str) -> CheckRequest:
    try:
        row = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise UsageError(f"{where} is not JSON: {error}.") from error
    if not isinstance(row, dict):
        raise UsageError(f"{where} must be an object in braces, it is {_shown(row)}.")
    missing = [name for name in ("id", "passages", "answer") if name not in row]
    if missing:
        raise UsageError(f"{where} lacks {', '.join(missing)}.")
    answer_id, passages, question = row["id"], row["passages"], row.get("question")
    if isinstance(answer_id, bool) or not isinstance(answer_id, str | int | None):
        raise UsageError(f'{where}: "id" must be a text or a number, it is {_shown(answer_id)}.')
    if not isinstance(passages, list):
        raise UsageError(f'{where}: "passages" must be a list, it is {_shown(passages)}.')
    return CheckRequest(
        _printable(answer_id) if isinstance(answer_id, str) else answer_id,
        _text(row["answer"], "answer", where),
        tuple(_passage(item, where) for item in passages),
        _text("" if question is None else question, "question", where),
    )


def _passage(item: Any, where: str) -> EvidenceText:
    if not isinstance(item, dict) or "id" not in item or "text" not in item:
        raise UsageError(
            f'{where}: every passage must be an object with "id" and "text", one is {_shown(item)}.'
        )
    return EvidenceText(_printable(str(item["id"])), _text(item["text"], "text", where))


def _text(value: Any, name: str, where: str) -> str:
    if not isinstance(value, str):
        raise UsageError(f'{where}: "{name}" must be a text, it is {_shown(value)}.')
    return _printable(value)


def _printable(text: str) -> str:
    """Return a text without halves of characters, which nothing can print; every offset stays."""
    return text.encode("utf-8", "replace").decode()


def _shown(value: object) -> str:
    text = json.dumps(value)
    return text if len(text) <= _SHOWN_CHARS else f"{text[:_SHOWN_CHARS]}…"
