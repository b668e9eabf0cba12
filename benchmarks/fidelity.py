"""How much of a text survives each format: words in order, headings, column names.

    python -m benchmarks.fidelity                     sample documents saved in every format
    FOOTNOTE_BENCH_DATA=... python -m benchmarks.fidelity     and files that come with an expected text

The samples are saved by pandoc and LibreOffice where they are installed (a format without a writer is left out
with a sentence). Expected are the words of the Markdown original as its reader sees them. A word counts when it
stands in the longest common subsequence of both.
"""

import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from core.documents import ParsedDocument
from core.errors import ParseError
from ingest.parsers.registry import parse

ROOT = Path(__file__).resolve().parents[1]
SAMPLES = ROOT / "samples" / "documents"
PANDOC = {
    "html": "html5", "docx": "docx", "odt": "odt", "rtf": "rtf", "epub": "epub", "rst": "rst", "org": "org",
    "ipynb": "ipynb", "pptx": "pptx",
}  # fmt: skip
# From what pandoc or the sample is, to what LibreOffice makes of it.
OFFICE = {"doc": "docx", "pdf": "docx", "ppt": "pptx", "odp": "pptx"}
SHEETS = ("xlsx", "xls", "ods")
# What a reader does not see as a word: targets of links, numbers that a list gives its items.
_NO_WORDS = re.compile(r"(?<=\])\([^)\s]*\)|^\s*\d+\.(?=\s)", re.M)
_MARKUP = re.compile(r"<!--.*?-->|!\[[^\]]*\]\([^)]*\)|\]\([^)]*\)|</?\w{1,10}>", re.S)
_WORD = re.compile(r"\w+")


@dataclass(frozen=True, slots=True)
class Kept:
    """What of one file survived; each as (kept, expected)."""

    words: tuple[int, int]
    headings: tuple[int, int]
    columns: tuple[int, int]


def main() -> None:
    """Print one line a format."""
    with tempfile.TemporaryDirectory() as made:
        print("| format | files | words in order | headings | column names |")
        print("| --- | --- | --- | --- | --- |")
        for name, kept in saved_samples(Path(made)):
            print_line(name, kept)
    data = os.environ.get("FOOTNOTE_BENCH_DATA")
    if data is None:
        print("FOOTNOTE_BENCH_DATA is not set: files with an expected text are left out.")
        return
    print("\n| file with an expected text | words in order |")
    print("| --- | --- |")
    for path, expected in expected_texts(Path(data) / "messy"):
        got = words_of(parsed(path))
        print(
            f"| {path.name} | {in_order(words(expected), got) / max(1, len(words(expected))):.3f} |"
        )


def print_line(name: str, kept: Sequence[Kept]) -> None:
    columns = [
        f"{sum(pair[0] for pair in pairs) / total:.3f} of {total}" if total else "-"
        for pairs in (
            [entry.words for entry in kept],
            [entry.headings for entry in kept],
            [entry.columns for entry in kept],
        )
        for total in [sum(pair[1] for pair in pairs)]
    ]
    print(f"| {name} | {len(kept)} | {' | '.join(columns)} |")


def saved_samples(made: Path) -> Iterator[tuple[str, list[Kept]]]:
    """Yield for each format what survived of the sample documents saved in it."""
    pages = sorted(SAMPLES.rglob("*.md"))
    tables = sorted(SAMPLES.rglob("*.csv"))
    if shutil.which("pandoc"):
        for ending, writer in PANDOC.items():
            saved = [pandoc(path, made / f"{path.stem}.{ending}", writer) for path in pages]
            yield (
                ending,
                [kept(path, parsed(file)) for path, file in zip(pages, saved, strict=True)],
            )
    else:
        print("pandoc is not installed: its formats are left out.")
    if not shutil.which("soffice"):
        print("LibreOffice is not installed: its formats are left out.")
        return
    for ending, origin in OFFICE.items():
        files = [made / f"{path.stem}.{origin}" for path in pages]
        if all(file.exists() for file in files):
            office(files, ending, made)
            yield (
                ending,
                [kept(path, parsed(made / f"{path.stem}.{ending}")) for path in pages],
            )
    for ending in SHEETS:
        office(tables, ending, made)
        yield (
            ending,
            [kept(path, parsed(made / f"{path.stem}.{ending}")) for path in tables],
        )


def pandoc(path: Path, target: Path, writer: str) -> Path:
    subprocess.run(
        ["pandoc", str(path), "-s", "--slide-level=2", "-t", writer, "-o", str(target)],
        check=True,
        capture_output=True,
    )
    return target


def office(files: Sequence[Path], ending: str, target: Path) -> None:
    command = ["soffice", "--headless", "--convert-to", ending, "--outdir", str(target)]
    subprocess.run([*command, *map(str, files)], check=True, capture_output=True)


def expected_texts(folder: Path) -> Iterator[tuple[Path, str]]:
    """Yield the files whose text somebody wrote down, with that text."""
    for expected in sorted((folder / "markitdown" / "expected_outputs").glob("*.md")):
        # All of them were written for a PDF, also where another file has the same name.
        path = folder / "markitdown" / f"{expected.stem}.pdf"
        text = _MARKUP.sub(" ", expected.read_text("utf-8"))
        if words(text):  # of a scan nothing was written down
            yield path, text
    gold = folder / "unstructured" / "test_evaluate_files" / "gold_standard_cct"
    for expected in sorted(gold.glob("*.txt")):
        for path in (folder / "unstructured").rglob(expected.stem):
            yield path, expected.read_text("utf-8")


def parsed(path: Path) -> ParsedDocument:
    try:
        return parse(path.read_bytes(), path.name)
    except ParseError as error:
        print(f"{path.name}: {error.reason}. {error.detail}")
        return ParsedDocument(path.name, "", ())


def kept(path: Path, got: ParsedDocument) -> Kept:
    original = parsed(path)
    # The file itself, not its elements: a row there repeats the names of its columns.
    expected = words(_NO_WORDS.sub("", path.read_text("utf-8")))
    heads = [words_key(e.plain) for e in original.elements if e.kind in ("title", "heading")]
    found = {words_key(e.plain) for e in got.elements if e.kind in ("title", "heading")}
    found.add(words_key(got.title))
    names = {e.header for e in original.elements if e.kind == "table_row"} - {""}
    shown = [words_key(e.header) for e in got.elements if e.kind == "table_row"]
    shown += [words_key(e.plain) for e in got.elements]
    return Kept(
        (in_order(expected, words_of(got)), len(expected)),
        (sum(head in found for head in heads), len(heads)),
        (sum(any(words_key(name) in text for text in shown) for name in names), len(names)),
    )


def words_of(document: ParsedDocument) -> list[str]:
    return [word for element in document.elements for word in words(element.plain)]


def words(text: str) -> list[str]:
    return _WORD.findall(text.casefold())


def words_key(text: str) -> str:
    return " ".join(words(text))


def in_order(expected: Sequence[str], got: Sequence[str]) -> int:
    """Return the length of the longest common subsequence."""
    from rapidfuzz.distance import LCSseq

    return int(LCSseq.similarity(expected, got))


if __name__ == "__main__":
    main()
