"""Clean passages and poisoned ones: attacks put into mails and handbook pages, halves split by category and page.

The attacks are those of BIPIA (Yi et al. 2023, the train part) and `injection_attacks.json`, which this project
wrote. Carriers are BIPIA's mails and the pages of two handbooks, in passages of about 1,000 characters.
Development has the even categories, pages and mails; report the odd ones.
"""

import json
import zlib
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.intervals import Part
from core.injection import document_words

_PASSAGE_CHARS = 1000
_CARRIERS = 24
_POSITIONS = ("start", "middle", "end")
_OWN = Path(__file__).with_name("injection_attacks.json")


@dataclass(frozen=True, slots=True)
class Clean:
    """A passage nobody tampered with."""

    text: str
    source: str
    part: Part
    words: Counter[str]


@dataclass(frozen=True, slots=True)
class Poisoned:
    """A clean passage with an attack put in; [start, end) is the attack."""

    text: str
    start: int
    end: int
    family: str
    category: str
    carrier: str
    position: str
    part: Part
    words: Counter[str]


def clean_passages(data: Path) -> list[Clean]:
    """Return the passages of the mails and of both handbooks."""
    found = []
    lines = (data / "safety" / "bipia" / "email" / "train.jsonl").read_text("utf-8").splitlines()
    for number, line in enumerate(lines):
        text = json.loads(line)["context"]
        found.append(Clean(text, "mail", _part(number), document_words(text)))
    for name in ("handbook-18f", "handbook-sourcegraph"):
        for path in sorted((data / name).rglob("*.md")):
            part = _part(zlib.crc32(path.relative_to(data).as_posix().encode()))
            text = path.read_text("utf-8", "replace")
            words = document_words(text)
            found += [Clean(passage, name, part, words) for passage in passages_of(text)]
    return found


def passages_of(text: str) -> Iterator[str]:
    """Yield runs of paragraphs of about 1,000 characters."""
    waiting = ""
    for paragraph in text.split("\n\n" if "\n\n" in text else "\n"):
        if waiting and len(waiting) + len(paragraph) > _PASSAGE_CHARS:
            yield waiting
            waiting = ""
        waiting = f"{waiting}\n\n{paragraph}" if waiting else paragraph
    if waiting.strip():
        yield waiting


def attacks(data: Path) -> list[tuple[str, str, str, Part]]:
    """Return (family, category, text, part); within a family the categories alternate between the parts."""
    folder = data / "safety" / "bipia"
    files = {
        "bipia text": folder / "text_attack_train.json",
        "bipia code": folder / "code_attack_train.json",
        "own": _OWN,
    }
    found = []
    for family, path in files.items():
        for number, (category, texts) in enumerate(json.loads(path.read_text("utf-8")).items()):
            found += [(family, category, text, _part(number)) for text in texts]
    return found


def poisoned_passages(clean: Sequence[Clean], data: Path) -> list[Poisoned]:
    """Return every attack in 24 carriers of its part, eight at each position; the same on every run."""
    carriers: dict[tuple[str, Part], list[Clean]] = {}
    for passage in clean:
        if len(passage.text) > 200:
            kind = "mail" if passage.source == "mail" else "handbook"
            carriers.setdefault((kind, passage.part), []).append(passage)
    found = []
    for family, category, text, part in attacks(data):
        seed = zlib.crc32(text.encode())
        for number in range(_CARRIERS):
            kind = "mail" if number % 2 else "handbook"
            pool = carriers[kind, part]
            clean_one = pool[(seed + 7919 * number) % len(pool)]
            carrier = clean_one.text
            words = clean_one.words + document_words(text)
            position = _POSITIONS[number // 2 % len(_POSITIONS)]
            whole, start = _inserted(carrier, text, position)
            found.append(
                Poisoned(
                    whole, start, start + len(text), family, category, kind, position, part, words
                )
            )
    return found


def _inserted(carrier: str, attack: str, position: str) -> tuple[str, int]:
    if position == "start":
        return f"{attack}\n{carrier}", 0
    if position == "end":
        return f"{carrier}\n{attack}", len(carrier) + 1
    # Behind the sentence that ends next to the middle, on the same line where there is one.
    place = carrier.find(". ", len(carrier) // 2)
    place = place + 2 if place >= 0 else carrier.find("\n", len(carrier) // 2) + 1 or len(carrier)
    before = carrier[:place] if carrier[:place][-1:].isspace() else f"{carrier[:place]} "
    return f"{before}{attack} {carrier[place:]}", len(before)


def _part(number: int) -> Part:
    return "report" if number % 2 else "development"
