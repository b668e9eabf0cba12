"""The kinds of personal data, and what a recogniser says it found; pure.

A kind's name is what stands in its placeholders and what the setting lists.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Literal, get_args
from unicodedata import combining, normalize

Kind = Literal[
    "PERSON",
    "EMAIL",
    "PHONE",
    "CREDIT_CARD",
    "IBAN",
    "BANK_ACCOUNT",
    "CRYPTO",
    "US_SSN",
    "NATIONAL_ID",
    "DOCUMENT_ID",
    "DATE_OF_BIRTH",
    "ADDRESS",
    "ZIP",
    "IP_ADDRESS",
    "USERNAME",
    "LICENCE_PLATE",
    "SECRET",
    "LITERAL",
]
KINDS: tuple[Kind, ...] = get_args(Kind)
ALWAYS: frozenset[Kind] = frozenset({"SECRET", "LITERAL"})
"""Found whatever the setting says. A LITERAL is text that looks like a placeholder and is none."""
SELECTABLE: tuple[Kind, ...] = tuple(kind for kind in KINDS if kind not in ALWAYS)
"""What `privacy.redact` may list; the default is all of it."""


@dataclass(frozen=True, slots=True)
class Found:
    """A span of a text, in code points, and what it is."""

    start: int
    end: int
    kind: Kind


Finder = Callable[[str, int, int], Iterable[Found]]
"""Takes a text and the part of it to look at; what stands before that part may be read, but not reported."""


def merged(found: Iterable[Found]) -> Iterator[Found]:
    """Yield spans that do not overlap, in order; together they cover all that were given.

    Spans that overlap become one of the longest one's kind, and a SECRET if any of them is: no remnant of
    a value stays readable beside its placeholder. A telephone number is what nothing else claims.
    """
    current: Found | None = None
    longest = 0
    for span in sorted(found, key=lambda each: (each.start, -each.end, each.kind == "PHONE")):
        if current is None or span.start >= current.end:
            if current is not None:
                yield current
            current, longest = span, span.end - span.start
            continue
        kind = current.kind
        if "SECRET" in (kind, span.kind):
            kind = "SECRET"
        elif span.end - span.start > longest:
            kind, longest = span.kind, span.end - span.start
        current = Found(current.start, max(current.end, span.end), kind)
    if current is not None:
        yield current


def plain(text: str) -> str:
    """Return a text in lower case without accents: `Łukasz` as `lukasz`."""
    folded = text.lower().translate(_STROKES)
    return "".join(sign for sign in normalize("NFKD", folded) if not combining(sign))


_STROKES = str.maketrans(
    {"ł": "l", "ø": "o", "đ": "d", "ð": "d", "ß": "ss", "æ": "ae", "œ": "oe", "þ": "th", "ı": "i"}
)


def lowered(text: str) -> str:
    """Return a text in lower case with every character at its place: `İ` alone would become two."""
    folded = text.lower()
    if len(folded) == len(text):
        return folded
    return "".join(sign.lower() if len(sign.lower()) == 1 else sign for sign in text)
