"""How many wrong claims the claim check lets pass, and how many right ones it flags: pairs that differ in one fact.

Usage: python -m benchmarks.perturbations [--half odd|even|both] [--show N]
       FOOTNOTE_BENCH_DATA=… python -m benchmarks.perturbations --set handbook|xquad

Claims are sentences of the sample company's documents; each is changed in one thing (`benchmarks/changed_claims.py`)
and checked with the section that it stands in. `faithful_paraphrases.jsonl` has sentences in other words, written by
hand, each with a wrong version. Unchanged claims are the sentences, the paraphrases and sentences rewritten by rule
('30' as 'thirty', '31 March' as 'March 31'). Documents with an even position were used to develop the check: `odd` is
the half to report. First `compare` alone, with evidence chosen by shared words; then the whole checker, where a claim
counts as flagged when any part of it is not 'supported'.
"""

import argparse
import json
import random
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from app.grounding.facts import compare
from app.grounding.reading import Reading, read, read_all
from benchmarks.changed_claims import changes, rewritten
from benchmarks.corpora import data_folder
from benchmarks.grounding import default_vectors
from benchmarks.intervals import interval
from core.documents import Element, ParsedDocument
from core.errors import ParseError
from core.grounding import EvidenceText
from core.sentences import sentence_spans
from ingest.parsers.registry import parse

ROOT = Path(__file__).resolve().parents[1]
SAMPLES = ROOT / "samples" / "documents"
PARAPHRASES = Path(__file__).with_name("faithful_paraphrases.jsonl")
_LEAST_WORDS = 5
_MOST_WORDS = 45
_PASSAGE_CHARS = 1500

Flags = Callable[[str, str], bool]
"""Whether a claim is flagged when it is checked with a passage."""


@dataclass(frozen=True, slots=True)
class Case:
    """A claim with the passage it is checked with; `kind` is what was changed, `is_changed` whether it is wrong."""

    kind: str
    is_changed: bool
    claim: str
    source: str
    passage: str


@dataclass(frozen=True, slots=True)
class Section:
    """A passage, its sentences, and the sentences of the whole document that something can be swapped from."""

    text: str
    sentences: tuple[str, ...]
    document: tuple[str, ...]


def sample_sections(half: str) -> Iterator[tuple[str, Section]]:
    """Yield (uri, section) of every sample document of a half."""
    paths = sorted(p for p in SAMPLES.rglob("*") if p.is_file() and not p.name.startswith("."))
    for position, path in enumerate(paths):
        if _is_in(half, position) and path.suffix != ".csv":
            uri = str(path.relative_to(SAMPLES))
            for section in sections(parse(path.read_bytes(), uri)):
                yield uri, section


def sections(document: ParsedDocument) -> list[Section]:
    """Cut a document at its headings, and where a section is longer than a passage."""
    pieces: list[list[Element]] = [[]]
    for element in document.elements:
        size = element.end - pieces[-1][0].start if pieces[-1] else 0
        if element.kind in ("heading", "title") or size > _PASSAGE_CHARS:
            pieces.append([])
        pieces[-1].append(element)
    pieces = [piece for piece in pieces if piece]
    sentences = [
        tuple(s for e in piece if e.kind in ("text", "list_item") for s in _sentences(e.plain))
        for piece in pieces
    ]
    everything = tuple(sentence for part in sentences for sentence in part)
    return [
        Section(document.text[piece[0].start : piece[-1].end], found, everything)
        for piece, found in zip(pieces, sentences, strict=True)
    ]


def _sentences(text: str) -> list[str]:
    text = " ".join(text.split()).removeprefix("- ")
    found = [text[span.start : span.end] for span in sentence_spans(text)]
    return [s for s in found if _LEAST_WORDS <= len(s.split()) <= _MOST_WORDS and s[-1] in ".!"]


def _is_in(half: str, position: int) -> bool:
    return half == "both" or (position % 2 == 1) == (half == "odd")


def made_cases(all_sections: Sequence[tuple[str, Section]]) -> list[Case]:
    """Change every sentence in each way that it can be, and rewrite it faithfully."""
    cases = []
    for _, section in all_sections:
        for sentence in section.sentences:
            seed = random.Random(sentence)
            found = list(changes(sentence, section.document, seed))
            cases += [Case(kind, True, text, sentence, section.text) for kind, text in found]
            if found:
                cases.append(Case("verbatim", False, sentence, sentence, section.text))
            cases += [
                Case("rewritten", False, text, sentence, section.text)
                for text in rewritten(sentence)
            ]
    return cases


def written_cases(half: str) -> list[Case]:
    """Return the paraphrases written by hand, each with its wrong version."""
    by_uri: dict[str, list[Section]] = defaultdict(list)
    for uri, section in sample_sections(half):
        by_uri[uri].append(section)
    cases = []
    for line in PARAPHRASES.read_text("utf-8").splitlines():
        row = json.loads(line)
        # Some sources are two sentences: the passage is the section that has the first one.
        first = _sentences(row["source"])[0]
        found = by_uri.get(row["uri"], [])
        passage = next((s.text for s in found if first in s.sentences), None)
        if passage is not None:
            cases.append(Case("paraphrase", False, row["faithful"], row["source"], passage))
            cases.append(
                Case(f"written {row['kind']}", True, row["changed"], row["source"], passage)
            )
    return cases


def handbook_cases(data: Path, half: str) -> list[Case]:
    """Change sentences of a public handbook, every page a document."""
    found = []
    for position, path in enumerate(sorted((data / "handbook-18f").rglob("*.md"))):
        if _is_in(half, position):
            try:
                document = parse(path.read_bytes(), path.name)
            except ParseError:
                continue  # a page that only forwards to another has no text
            found += [(path.name, section) for section in sections(document)]
    return made_cases(found)


def xquad_cases(data: Path, half: str) -> list[Case]:
    """Change sentences of XQuAD's English paragraphs, every paragraph a passage, every article a document."""
    content = json.loads((data / "xquad" / "xquad.en.json").read_text(encoding="utf-8"))
    found = []
    for position, article in enumerate(content["data"]):
        if _is_in(half, position):
            texts = [paragraph["context"] for paragraph in article["paragraphs"]]
            everything = tuple(sentence for text in texts for sentence in _sentences(text))
            found += [
                (article["title"], Section(text, tuple(_sentences(text)), everything))
                for text in texts
            ]
    return made_cases(found)


def flags_by_facts(claim: str, passage: str) -> bool:
    """Choose up to two sentences by shared words and compare the facts."""
    return bool(compare(claim, "\n".join(chosen_evidence(claim, passage)), passage))


def chosen_evidence(claim: str, passage: str) -> list[str]:
    """Return the sentence of a passage with most of a claim's words, and the one that adds most to it."""
    own = read(claim)
    sentences = read_all(passage)
    if not sentences:
        return []
    best = max(sentences, key=lambda sentence: _score(own.roots, sentence))
    left = own.roots - best.roots
    second = max(sentences, key=lambda sentence: _score(left, sentence), default=best)
    is_needed = len(left & second.roots) >= max(2, len(own.roots) // 4)
    return [best.text, second.text] if is_needed else [best.text]


def _score(roots: frozenset[str], sentence: Reading) -> float:
    return len(roots & sentence.roots) - 0.01 * len(sentence.roots)


def checker_flags() -> Flags | None:
    """Return the whole checker as a judge, None where it cannot be opened."""
    try:
        from app.grounding.checker import ClaimChecker
    except ImportError:
        return None
    checker = ClaimChecker(default_vectors())

    def flags(claim: str, passage: str) -> bool:
        report = checker.check(claim, [EvidenceText("p1", passage)])
        return any(found.verdict not in ("supported", "unchecked") for found in report.claims)

    return flags


def report(title: str, cases: Sequence[Case], flags: Flags, show: int) -> None:
    """Print the share that is flagged of every kind, and some of what went wrong."""
    started = time.perf_counter()
    flagged = [flags(case.claim, case.passage) for case in cases]
    took_ms = 1000 * (time.perf_counter() - started) / max(1, len(cases))
    print(f"\n{title}: {len(cases)} claims, {took_ms:.2f} ms each")
    for is_changed in (True, False):
        own = [
            (case, flag)
            for case, flag in zip(cases, flagged, strict=True)
            if case.is_changed is is_changed
        ]
        print("  changed, flagged:" if is_changed else "  unchanged, flagged:")
        print(f"    {'all':<22} {len(own):>5}  {interval([float(flag) for _, flag in own])}")
        for kind in sorted({case.kind for case, _ in own}):
            shares = [float(flag) for case, flag in own if case.kind == kind]
            print(f"    {kind:<22} {len(shares):>5}  {interval(shares)}")
        wrong = [case for case, flag in own if flag is not is_changed]
        for case in random.Random(0).sample(wrong, min(show, len(wrong))):
            print(f"      {case.kind}: {case.claim}\n        <- {case.source}")


def main() -> None:
    """Print the shares of one set of cases."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--set", choices=("samples", "handbook", "xquad"), default="samples")
    parser.add_argument("--half", choices=("odd", "even", "both"), default="odd")
    parser.add_argument("--show", type=int, default=0, help="print this many wrong ones")
    parser.add_argument("--most", type=int, default=6000, help="take at most this many claims")
    options = parser.parse_args()
    if options.set == "samples":
        made = made_cases(list(sample_sections(options.half)))
        cases = made + written_cases(options.half)
    elif options.set == "handbook":
        cases = handbook_cases(data_folder(), options.half)
    else:
        cases = xquad_cases(data_folder(), options.half)
    if len(cases) > options.most:
        cases = random.Random(0).sample(cases, options.most)
    print(f"{options.set}, {options.half} half")
    report("compare alone", cases, flags_by_facts, options.show)
    whole = checker_flags()
    if whole is not None:
        report("whole checker", cases, whole, options.show)


if __name__ == "__main__":
    main()
