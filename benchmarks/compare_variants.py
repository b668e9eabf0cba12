"""Two real variants over public questions, compared as a release would be: cases, runs, verdict, and the report.

    FOOTNOTE_BENCH_DATA=… python -m benchmarks.compare_variants --work FOLDER [--cases N] [--set xquad|handbook|samples]

XQuAD English: each paragraph a document, each question a case whose paragraph is its evidence. The handbook: a public
one with its ten questions and their reference answers. The samples: with the cases of `samples/cases.jsonl`. In the folder lie the case file, the knowledge base, and
report.html for each pair. Questions are taken evenly over all documents, the same ones each time.
"""

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from benchmarks.corpora import data_folder, write_xquad

_ROOT = Path(__file__).resolve().parents[1]
_VARIANTS = """
[words-only]
description = "Search by words alone"
"retrieval.dense_weight" = 0.0

[few-passages]
description = "Two passages for an answer instead of eight"
"retrieval.passages" = 2
"""
_PAIRS = (("current", "words-only"), ("current", "few-passages"))


@click.command()
@click.option(
    "--work",
    type=click.Path(path_type=Path),
    required=True,
    help="A folder for everything that is made.",
)
@click.option("--cases", "count", type=int, default=300, show_default=True, help="XQuAD questions.")
@click.option(
    "--set",
    "name",
    type=click.Choice(["xquad", "handbook", "samples"]),
    default="xquad",
    show_default=True,
)
def main(work: Path, count: int, name: str) -> None:
    """Make the cases, run the variants, compare them and write the reports."""
    folder = work / name
    folder.mkdir(parents=True, exist_ok=True)
    if name == "samples":
        documents, cases = _ROOT / "samples" / "documents", _ROOT / "samples" / "cases.jsonl"
    else:
        documents, cases = _xquad(folder, count) if name == "xquad" else _handbook(folder)
    (folder / "variants.toml").write_text(_VARIANTS, encoding="utf-8")
    _footnote(folder, "ingest", str(documents), "--yes")
    for variant in dict.fromkeys(variant for pair in _PAIRS for variant in pair):
        _footnote(folder, "eval", "run", "--cases", str(cases), "--variant", variant)
    for before, after in _PAIRS:
        found = json.loads(_footnote(folder, "eval", "compare", before, after, "--json"))
        report = folder / f"report-{after}.html"
        _footnote(
            folder, "eval", "report", "--html", str(report), "--run", after, "--against", before
        )
        _print(found, report)


def _xquad(folder: Path, count: int) -> tuple[Path, Path]:
    documents = folder / "documents"
    questions = write_xquad(data_folder(), documents, "en")
    step = max(1, len(questions) // count)
    cases = folder / "cases.jsonl"
    with cases.open("w", encoding="utf-8") as file:
        for number, question in enumerate(questions[::step][:count]):
            text = (documents / question.uri).read_text(encoding="utf-8")
            place = text.find(question.answers[0])
            line: dict[str, Any] = {
                "id": f"xquad-{number:04}",
                "question": question.question,
                "facts": [question.answers[0]],
                "evidence": [{"uri": question.uri, "quote": _sentence(text, place)}],
                "tags": [
                    "number" if any(sign.isdigit() for sign in question.answers[0]) else "words"
                ],
            }
            file.write(json.dumps(line, ensure_ascii=False) + "\n")
    return documents, cases


def _sentence(text: str, place: int) -> str:
    """Return the sentence around a place, as far as full stops tell."""
    start = text.rfind(". ", 0, place)
    end = text.find(". ", place)
    return text[start + 2 if start >= 0 else 0 : end + 1 if end >= 0 else len(text)].strip()


def _handbook(folder: Path) -> tuple[Path, Path]:
    handbook = data_folder() / "handbook-sourcegraph"
    asked = json.loads((handbook / "kite_queries.json").read_text(encoding="utf-8"))
    cases = folder / "cases.jsonl"
    with cases.open("w", encoding="utf-8") as file:
        for number, entry in enumerate(asked):
            line = {"id": f"handbook-{number:02}", "question": entry["query"]}
            file.write(json.dumps(line | {"reference": entry["gt_answer"]}) + "\n")
    return handbook / "corpus", cases


def _footnote(folder: Path, *arguments: str) -> str:
    environment = os.environ | {
        "FOOTNOTE_DATA_DIR": str(folder / "data"),
        "FOOTNOTE_EVALUATION__VARIANTS_FILE": str(folder / "variants.toml"),
        "FOOTNOTE_GROUPS_FILE": str(_ROOT / "samples" / "groups.yaml"),
        "FOOTNOTE_LOG_LEVEL": "warning",
    }
    ran = subprocess.run(
        [sys.executable, "-c", "from app.cli import main; main()", *arguments],
        env=environment,
        cwd=_ROOT,
        stdout=subprocess.PIPE,
        text=True,
        check=False,
    )
    if ran.returncode:
        sys.exit(f"footnote {' '.join(arguments[:3])} ended with {ran.returncode}.")
    return ran.stdout


def _print(found: dict[str, Any], report: Path) -> None:
    metrics: dict[str, dict[str, Any]] = found["metrics"]
    print(
        f"\n{found['before']['variant']} → {found['after']['variant']}, {found['cases']} cases: {found['verdict']}"
    )
    for sentence in (*found["reasons"], found["limits"]):
        print(f"  {sentence}")
    shown: Sequence[str] = [name for name, metric in metrics.items() if metric["kind"] != "report"]
    for name in shown:
        metric = metrics[name]
        span = metric["interval"]
        ends = f"[{span[0]:+.4f}, {span[1]:+.4f}]" if span else ""
        print(
            f"  {name:<40}{metric['before']:>10.4f}{metric['after']:>10.4f}{metric['difference']:>+10.4f} {ends}"
        )
    print(f"  {len(found['turned'])} cases turned; {report}")


if __name__ == "__main__":
    main()
