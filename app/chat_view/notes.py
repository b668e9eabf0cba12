"""The notes beside an answer, with headings in plain words; those that change how far it can be relied on first."""

from dataclasses import dataclass

from core.answers import Answer

_NOTE_TITLES = {
    "conflict": "The sources disagree",
    "stale": "This may be out of date",
    "degraded": "Reduced service",
    "redacted": "Something was left out",
    "injection": "A document tries to give orders",
    "near_miss": "Perhaps not what you asked",
    "false_premise": "The question takes something for granted",
    "unsupported": "Not in the documents",
    "shortened": "There is more",
    "incomplete": "The answer broke off",
    "unknown_marker": "A reference was wrong",
}
# What changes how far an answer can be relied on; it is said first.
_STRONG_NOTES = frozenset(
    {"conflict", "stale", "unsupported", "incomplete", "false_premise", "injection", "near_miss"}
)
# Machines read these notes; for people the text of an abstention names the same documents.
_NAMED_IN_TEXT = "nearest"


@dataclass(frozen=True, slots=True)
class NoteLine:
    """A note with a heading in plain words; `is_strong` where it changes how far the answer can be relied on."""

    kind: str
    title: str
    text: str
    is_strong: bool = False


def note_lines(answer: Answer) -> tuple[NoteLine, ...]:
    """Return the notes of an answer, the strong ones first."""
    lines = [
        NoteLine(
            note.kind,
            _NOTE_TITLES.get(note.kind, "Note"),
            note.text,
            note.kind in _STRONG_NOTES,
        )
        for note in answer.notes
        if note.kind != _NAMED_IN_TEXT
    ]
    return tuple(sorted(lines, key=lambda line: not line.is_strong))
