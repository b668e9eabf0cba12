"""Finds the benchmark data and writes it as the files that a company would have.

The data is not part of the project: FOOTNOTE_BENCH_DATA names the folder that holds it.
"""

import ast
import csv
import gzip
import json
import os
import sys
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class SpanQuestion:
    """A question whose answer is known as character spans of one document."""

    question: str
    uri: str
    spans: tuple[tuple[int, int], ...]


@dataclass(frozen=True)
class AnswerQuestion:
    """A question with its paragraph and the gold answers as text."""

    question: str
    uri: str
    answers: tuple[str, ...]


def data_folder() -> Path:
    """Return the benchmark data, or end with a sentence that says what is missing."""
    name = os.environ.get("FOOTNOTE_BENCH_DATA", "")
    if not name or not Path(name).is_dir():
        sys.exit("Skipped: set FOOTNOTE_BENCH_DATA to the folder with the benchmark data.")
    return Path(name)


def write_scifact(data: Path, target: Path) -> tuple[dict[str, str], dict[str, set[str]]]:
    """Write one Markdown file an abstract; return queries by id and relevant file names by query id."""
    csv.field_size_limit(10_000_000)
    target.mkdir(parents=True, exist_ok=True)
    with (data / "scifact" / "corpus.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            doc_id = row.get("doc_id") or row["id"]
            text = " ".join(part.strip() for part in ast.literal_eval(row["abstract"]))
            (target / f"{doc_id}.md").write_text(f"# {row['title']}\n\n{text}\n", encoding="utf-8")
    topics = data / "scifact" / "topics.beir-v1.0.0-scifact.test.tsv.gz"
    with gzip.open(topics, "rt", encoding="utf-8") as file:
        queries = dict(line.rstrip("\n").split("\t", 1) for line in file)
    relevant: dict[str, set[str]] = {}
    qrels = data / "scifact" / "qrels.beir-v1.0.0-scifact.test.txt"
    for line in qrels.read_text(encoding="utf-8").splitlines():
        query, _, document, grade = line.split()
        if int(grade) > 0:
            relevant.setdefault(query, set()).add(f"{document}.md")
    return {query: queries[query] for query in relevant}, relevant


def read_chunking_eval(data: Path) -> tuple[Path, list[SpanQuestion]]:
    """Return the folder of the five corpora and their questions with gold spans."""
    folder = data / "chunking-eval"
    questions = []
    with (folder / "questions_df.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            references = json.loads(row["references"])
            spans = tuple((entry["start_index"], entry["end_index"]) for entry in references)
            questions.append(SpanQuestion(row["question"], f"{row['corpus_id']}.md", spans))
    return folder / "corpora", questions


def write_xquad(data: Path, target: Path, language: str) -> list[AnswerQuestion]:
    """Write one text file a paragraph; return the questions with their file and answers."""
    target.mkdir(parents=True, exist_ok=True)
    content = json.loads((data / "xquad" / f"xquad.{language}.json").read_text(encoding="utf-8"))
    questions = []
    number = 0
    for article in content["data"]:
        for paragraph in article["paragraphs"]:
            uri = f"p{number:03d}.txt"
            number += 1
            (target / uri).write_text(paragraph["context"], encoding="utf-8")
            for entry in paragraph["qas"]:
                answers = tuple(answer["text"] for answer in entry["answers"])
                questions.append(AnswerQuestion(entry["question"], uri, answers))
    return questions
