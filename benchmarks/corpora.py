"""Finds the benchmark data and writes it as the files that a company would have.

The data is not part of the project: FOOTNOTE_BENCH_DATA names the folder that holds it.
"""

import ast
import csv
import gzip
import json
import os
import re
import sys
from dataclasses import dataclass
from pathlib import Path

_STRING = re.compile(r"""'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*\"""", re.DOTALL)


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
            text = " ".join(part.strip() for part in _sentences(row["abstract"]))
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


def _sentences(printed: str) -> list[str]:
    """Return the sentences of a printed array, which has blanks and no commas between its strings."""
    return [ast.literal_eval(literal) for literal in _STRING.findall(printed)]


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


_PAGE_FIELDS = (
    "title",
    "last_updated",
    "version",
    "status",
    "doc_status",
    "deployment_type",
    "product",
)


def write_workplace(data: Path, target: Path) -> dict[str, dict[str, str]]:
    """Write the workplace records as Markdown with front matter; return what it says, by path in the folder.

    Policies are for the groups of their roles, which a sidecar beside each says too; product pages for everyone.
    """
    folder = data / "acl-workplace"
    said = {}
    for record in json.loads((folder / "workplace-documents.json").read_text(encoding="utf-8")):
        path = Path(record["url"])
        name = record["name"].casefold() if "://" in record["url"] else path.stem
        fields = {"title": record["name"], "date": record.get("updated_at", record["created_on"])}
        access = [f"group:{role}" for role in record["rolePermissions"]]
        uri = _write_page(target, f"workplace/{name}.md", fields, access, record["content"])
        said[uri] = fields
    for set_name in ("product-docs", "platform-docs", "elastic-docs"):
        records = (folder / "versioned-docs" / f"{set_name}.json").read_text(encoding="utf-8")
        for record in json.loads(records):
            fields = {key: str(record[key]) for key in _PAGE_FIELDS if key in record}
            uri = f"{set_name}/{record['_id']}.md"
            said[_write_page(target, uri, fields, ["everyone"], record["content"])] = fields
    return said


def _write_page(
    target: Path, uri: str, fields: dict[str, str], access: list[str], text: str
) -> str:
    path = target / uri
    path.parent.mkdir(parents=True, exist_ok=True)
    # JSON is YAML: no value of the data can end the front matter or be taken for another type.
    head = "".join(f"{key}: {json.dumps(value)}\n" for key, value in fields.items())
    rule = f"access: {json.dumps(access)}\n"
    path.write_text(f"---\n{head}{rule}---\n\n{text}\n", encoding="utf-8")
    path.with_name(f"{path.name}.footnote.yaml").write_text(rule, encoding="utf-8")
    return uri
