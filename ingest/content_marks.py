"""What ingestion found out about a document's content: text that no reader sees, sentences that address a model.

    child: marks_of(document, chunks) ──▶ Marks ──▶ run's warnings, log, the document's metadata

A marked document is ingested like any other: what it hides is left out by the parsers, and what reads as an
instruction is for people to look at. Only what hardly happens by accident becomes a warning; comments, soft
hyphens and collapsed parts of a page are on every other page, and only counted.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from core.documents import Chunk, ParsedDocument
from core.hidden_characters import hidden_counts
from core.injection import document_words, is_poisoned, suspicions
from ingest.parsers.hidden_text import INSTRUCTION

HIDDEN_TEXT = "hidden_text"
SUSPICIOUS = "suspicious_passages"
"""Names in a document's metadata; a file cannot give them itself."""

_HARMLESS = frozenset(
    (
        "comment", "soft_hyphen", "hidden_element", "off_screen", "control", "surrogate", "hidden_sheet",
        "hidden_slide", "hidden_rows", "hidden_shape",
    )
)  # fmt: skip
"""Kinds that every other honest file has; they are counted, and warned of when they read as an instruction."""
_HARMLESS_ZERO_WIDTH = 20
"""Word processors and web pages leave some; one payload of a byte takes eight."""
_SHOWN = 5
_WORDS = {
    "zero_width": "zero-width character",
    "tag": "tag character",
    "bidi": "direction override",
    "variation_selector": "superfluous variation selector",
    "soft_hyphen": "soft hyphen",
    "control": "control character",
    "surrogate": "half character",
    "comment": "comment",
    "hidden_element": "hidden element",
    "transparent": "transparent text",
    "tiny_text": "text too small to read",
    "off_screen": "text placed off the page",
    "white_text": "text in the colour of its background",
    "hidden_run": "hidden run of text",
    "invisible_text": "invisible text",
    "hidden_sheet": "hidden sheet",
    "hidden_slide": "hidden slide",
    "hidden_rows": "hidden row or column",
    "hidden_shape": "hidden shape",
    INSTRUCTION: "hidden instruction to a model",
}


@dataclass(frozen=True, slots=True)
class Marks:
    """`hidden` counts what no reader sees, by kind; `suspicious` the chunks that read as an instruction.

    `in_name` says that the title or the file's name does.
    """

    hidden: Mapping[str, int] = field(default_factory=dict)
    suspicious: int = 0
    in_name: bool = False

    def fields(self) -> dict[str, Any]:
        """Return the marks for JSON; `Marks(**fields)` are these again."""
        return {"hidden": dict(self.hidden), "suspicious": self.suspicious, "in_name": self.in_name}

    @property
    def alarming(self) -> bool:
        """Whether a person should look at the document."""
        zero_width = self.hidden.get("zero_width", 0)
        hides = any(
            kind not in _HARMLESS and (kind != "zero_width" or zero_width > _HARMLESS_ZERO_WIDTH)
            for kind in self.hidden
        )
        return hides or self.suspicious > 0 or self.in_name

    def metadata(self) -> dict[str, str]:
        """Return what is kept with a document that people should look at, so that an answer can carry a note."""
        told = {}
        if _hides(self):
            told[HIDDEN_TEXT] = ", ".join(f"{kind}={count}" for kind, count in self.hidden.items())
        if self.suspicious or self.in_name:
            told[SUSPICIOUS] = str(self.suspicious + self.in_name)
        return told


def marks_of(document: ParsedDocument, chunks: Sequence[Chunk], uri: str) -> Marks:
    """Return the marks of a parsed document: about 0.6 ms a chunk."""
    words = document_words(document.text)
    suspicious = sum(bool(suspicions(chunk.text, words)) for chunk in chunks)
    name = uri.replace("_", " ").replace("-", " ")
    hidden = dict(document.hidden)
    for kind, count in hidden_counts(uri).items():
        hidden[kind] = hidden.get(kind, 0) + count
    in_name = any(
        is_poisoned(text, words) for text in (name, document.title, *document.metadata.values())
    )
    return Marks(hidden, suspicious, in_name)


def warnings_of(source: str, marked: Sequence[tuple[str, Marks]]) -> list[str]:
    """Return sentences for a run's report about the alarming documents among those of one source."""
    hiding = [(uri, _hidden_words(marks)) for uri, marks in marked if _hides(marks)]
    talking = [
        (uri, _passages(marks)) for uri, marks in marked if marks.suspicious or marks.in_name
    ]
    told = []
    if hiding:
        told.append(
            f"Text that no reader sees was left out of search and answers in {_documents(hiding)} of {source!r}: "
            f"{_listed(hiding)}. Look there before people rely on it."
        )
    if talking:
        told.append(
            f"Sentences that read as instructions to a language model, which are not followed, stand in "
            f"{_documents(talking)} of {source!r}: {_listed(talking)}. Look whether they belong there."
        )
    return told


def _hides(marks: Marks) -> bool:
    return Marks(marks.hidden).alarming


def _hidden_words(marks: Marks) -> str:
    return ", ".join(
        f"{count} {_WORDS.get(kind, kind)}{'s' if count > 1 and not _is_mass(kind) else ''}"
        for kind, count in marks.hidden.items()
    )


def _is_mass(kind: str) -> bool:
    return "text" in _WORDS.get(kind, "") or kind in ("hidden_rows", INSTRUCTION)


def _passages(marks: Marks) -> str:
    parts = []
    if marks.suspicious:
        parts.append(f"{marks.suspicious} passage{'' if marks.suspicious == 1 else 's'}")
    return " and ".join([*parts, *(["its name or properties"] if marks.in_name else [])])


def _documents(entries: Sequence[tuple[str, str]]) -> str:
    return f"{len(entries)} document{'' if len(entries) == 1 else 's'}"


def _listed(entries: Sequence[tuple[str, str]]) -> str:
    shown = "; ".join(f"{uri!r} ({words})" for uri, words in entries[:_SHOWN])
    return shown + (f" and {len(entries) - _SHOWN} more" if len(entries) > _SHOWN else "")
