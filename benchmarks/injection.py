"""How many inserted attacks the injection detector marks, and how many clean passages it marks by mistake.

    FOOTNOTE_BENCH_DATA=... python -m benchmarks.injection [--show development]

An attack counts as marked when a marked sentence overlaps it. The trivial baseline is a search for the words
'ignore', 'instructions' and 'you are'.
"""

import argparse
import json
import re
import time
from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

from benchmarks.corpora import data_folder
from benchmarks.injection_cases import (
    Clean,
    Poisoned,
    clean_passages,
    passages_of,
    poisoned_passages,
)
from benchmarks.intervals import interval
from core.injection import is_poisoned, suspicions

T = TypeVar("T")
_BASELINE = re.compile(r"\bignore\b|\binstructions\b|\byou are\b", re.IGNORECASE)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--show", choices=("development", "report"), help="print what went wrong")
    options = parser.parse_args()
    data = data_folder()
    clean = clean_passages(data)
    attacked = poisoned_passages(clean, data)
    for part in ("development", "report"):
        print(
            f"\n## {part}\n\n| what | n | marked [95 %] | word search |\n| --- | --- | --- | --- |"
        )
        cases = [case for case in attacked if case.part == part]
        for name, group in (*_grouped(cases, lambda case: case.family), *_details(cases)):
            _row(name, [_is_marked(case) for case in group], [_named(case.text) for case in group])
        passages = [passage for passage in clean if passage.part == part]
        alone = [is_poisoned(passage.text) for passage in passages]
        _row("clean: all, each without its document", alone, alone)
        for name, kept in (("all", passages), *_grouped(passages, lambda one: one.source)):
            marked = [is_poisoned(passage.text, passage.words) for passage in kept]
            _row(f"clean: {name}", marked, [_named(passage.text) for passage in kept])
    for name, texts in _other_texts():
        _row(f"clean: {name}", [is_poisoned(text) for text in texts], [_named(t) for t in texts])
    started = time.process_time()
    for passage in clean:
        suspicions(passage.text)
    took = 1000 * (time.process_time() - started) / len(clean)
    size = sum(len(passage.text) for passage in clean) / len(clean)
    print(
        f"\n{took:.3f} ms of processor time a passage of {size:.0f} characters on average, n={len(clean)}"
    )
    if options.show:
        _show([p for p in clean if p.part == options.show], attacked, options.show)


def _details(cases: Sequence[Poisoned]) -> Iterator[tuple[str, list[Poisoned]]]:
    yield from _grouped(cases, lambda case: f"in {case.carrier}")
    yield from _grouped(cases, lambda case: f"at the {case.position}")
    yield from _grouped(cases, lambda case: f"{case.family}: {case.category}")


def _grouped(items: Sequence[T], name: Callable[[T], str]) -> Iterator[tuple[str, list[T]]]:
    groups: dict[str, list[T]] = {}
    for item in items:
        groups.setdefault(name(item), []).append(item)
    yield from groups.items()


def _is_marked(case: Poisoned) -> bool:
    return any(
        one.start < case.end and one.end > case.start for one in suspicions(case.text, case.words)
    )


def _named(text: str) -> bool:
    return _BASELINE.search(text) is not None


def _row(name: str, marked: Sequence[bool], named: Sequence[bool]) -> None:
    cells = [interval([float(value) for value in values]) for values in (marked, named)]
    print(f"| {name} | {len(marked)} | {' | '.join(cells)} |")


def _other_texts() -> Iterator[tuple[str, list[str]]]:
    """Yield texts of other sources, which neither half was tuned on."""
    data = data_folder()
    for language in ("en", "de", "es", "zh"):
        content = json.loads((data / "xquad" / f"xquad.{language}.json").read_text("utf-8"))
        yield (
            f"XQuAD {language}",
            [p["context"] for article in content["data"] for p in article["paragraphs"]],
        )
    corpora = sorted((data / "chunking-eval" / "corpora").glob("*.md"))
    for path in corpora:
        yield f"chunking-eval {path.stem}", list(passages_of(path.read_text("utf-8", "replace")))


def _show(clean: Sequence[Clean], attacked: Sequence[Poisoned], part: str) -> None:
    for passage in clean:
        for one in suspicions(passage.text, passage.words):
            print(
                "FALSE",
                passage.source,
                one.kind,
                one.score,
                repr(passage.text[one.start : one.end]),
            )
    missed = {c.text[c.start : c.end]: c for c in attacked if c.part == part and not _is_marked(c)}
    for text, case in missed.items():
        print("MISSED", case.family, case.category, repr(text[:200]))


if __name__ == "__main__":
    main()
