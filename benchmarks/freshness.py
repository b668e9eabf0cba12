"""Whether the version that is in force, or the one that was asked for, comes first; and roles beside it.

Usage: FOOTNOTE_BENCH_DATA=… python -m benchmarks.freshness [--work DIR] [--json FILE] [--misses]

The documents of acl-workplace as Markdown files with front matter: three work-from-home rules that replace each
other, product pages of three versions, platform pages of three deployments, and policies for a role. The questions
are our own (freshness_questions.jsonl); those at even positions are for development, the others for the report.
Each is asked as somebody of one group ('demo' unless it says 'manager'). A violation is a hit in a document that
the group may not read.
"""

import argparse
import json
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.corpora import data_folder, write_workplace
from benchmarks.intervals import Result, by_position, table, write_json
from core.answers import Caller, Hit
from core.log import configure
from core.settings import load_settings
from index.factory import open_knowledge_base
from index.permissions import caller_named
from index.version_facts import VersionFacts, facts_of
from index.version_order import RankedDocument
from index.versions import order_versions

_TOP_K = 20
_QUESTIONS = Path(__file__).with_name("freshness_questions.jsonl")
_PLAIN, _VERSIONS = "without versions", "with versions"

Search = Callable[[str, Caller], Sequence[Hit]]


@dataclass(frozen=True)
class Case:
    """A question, the documents of which one is expected first, and the group that asks.

    Without expected documents only the roles are checked.
    """

    question: str
    expected: frozenset[str]
    group: str


def read_cases() -> list[Case]:
    with _QUESTIONS.open(encoding="utf-8") as file:
        rows = [json.loads(line) for line in file]
    return [
        Case(row["question"], frozenset(row["expected"]), row.get("as", "demo")) for row in rows
    ]


def ingest(folder: Path, data_dir: Path) -> None:
    command = ["footnote", "ingest", str(folder), "--yes", "--data-dir", str(data_dir)]
    subprocess.run(command, check=True, stdout=sys.stderr)


def reordered(
    question: str, hits: Sequence[Hit], said: Mapping[str, Mapping[str, str]]
) -> list[Hit]:
    """Order hits by versions, outside of the retriever: goes when the retriever does it itself."""
    best = {hit.document.doc_id: hit for hit in reversed(hits)}
    texts: dict[str, str] = {}
    for hit in hits:
        key = hit.document.doc_id
        texts[key] = f"{texts.get(key, '')}\n{hit.text}"
    ranked = [
        RankedDocument(key, hit.score, _facts(hit, said), texts[key]) for key, hit in best.items()
    ]
    scores = order_versions(question, ranked).scores()
    return sorted(
        hits,
        key=lambda h: (
            -h.score * scores[h.document.doc_id] / max(1e-9, best[h.document.doc_id].score)
        ),
    )


def _facts(hit: Hit, said: Mapping[str, Mapping[str, str]]) -> VersionFacts:
    document = hit.document
    return facts_of(
        document.doc_id,
        document.uri,
        document.title,
        document.updated_at,
        said.get(document.uri, {}),
    )


def first_shares(cases: Sequence[Case], searches: Mapping[str, Search]) -> dict[str, list[float]]:
    """1 for each case whose first hit is in an expected document, else 0."""
    shares: dict[str, list[float]] = {}
    for name, search in searches.items():
        for case in cases:
            hits = search(case.question, caller_named(f"{case.group}@example.org", [case.group]))
            first = hits[0].document.uri if hits else ""
            shares.setdefault(name, []).append(float(first in case.expected))
    return shares


def violations(cases: Sequence[Case], search: Search, closed: Mapping[str, frozenset[str]]) -> int:
    """Count hits in documents that the asking group may not read, over every question and group."""
    count = 0
    for group in ("demo", "manager"):
        caller = caller_named(f"{group}@example.org", [group])
        for case in cases:
            hits = search(case.question, caller)
            count += sum(group not in closed.get(h.document.uri, {group}) for h in hits)
    return count


def readers(folder: Path) -> dict[str, frozenset[str]]:
    """Return the groups of each document that is not for everyone, as its front matter has them."""
    found = {}
    for path in folder.rglob("*.md"):
        line = next(x for x in path.read_text(encoding="utf-8").split("\n") if x[:7] == "access:")
        groups = frozenset(name.removeprefix("group:") for name in json.loads(line[7:]))
        if "everyone" not in groups:
            found[path.relative_to(folder).as_posix()] = groups
    return found


def show_misses(cases: Sequence[Case], search: Search) -> None:
    for position, case in enumerate(cases):
        hits = search(case.question, caller_named(f"{case.group}@example.org", [case.group]))
        # The others stay unseen: whoever looks at them while choosing a rule has nothing left to report.
        if position % 2 == 0 and hits and hits[0].document.uri not in case.expected:
            print(f"  {case.question!r} -> {hits[0].document.uri}")


def measure(data: Path, work: Path, options: argparse.Namespace) -> None:
    said = write_workplace(data, work / "workplace-docs")
    ingest(work / "workplace-docs", work / "workplace-data")
    retriever = open_knowledge_base(load_settings(data_dir=work / "workplace-data")).retriever

    def plain(question: str, caller: Caller) -> Sequence[Hit]:
        return retriever.retrieve(question, caller, _TOP_K)

    def with_versions(question: str, caller: Caller) -> Sequence[Hit]:
        return reordered(question, plain(question, caller), said)

    searches: dict[str, Search] = {_PLAIN: plain, _VERSIONS: with_versions}
    everything = read_cases()
    cases = [case for case in everything if case.expected]
    shares = first_shares(cases, searches)
    result = Result("workplace", "expected first", by_position(len(cases)), shares)
    print(table([result]))
    closed = readers(work / "workplace-docs")
    for name, search in searches.items():
        found = violations(everything, search, closed)
        print(f"{name}: {found} role violations in {2 * len(everything)} searches")
    if options.misses:
        show_misses(cases, with_versions)
    if options.json:
        write_json([result], options.json)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--work", type=Path, help="folder to keep files and index in")
    parser.add_argument("--json", type=Path, help="write every question's value to this file")
    parser.add_argument(
        "--misses", action="store_true", help="of the development part, print what came first"
    )
    options = parser.parse_args()
    configure("warning")
    data = data_folder()
    with TemporaryDirectory() as scratch:
        measure(data, options.work or Path(scratch), options)


if __name__ == "__main__":
    main()
