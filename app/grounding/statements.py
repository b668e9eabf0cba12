"""Cuts sentences into statements and says what a word in one is about; pure."""

import re
from dataclasses import dataclass
from functools import lru_cache

from app.grounding.reading import root
from core.function_words import content_words

_END = re.compile(
    r"[;:]\s|\s[-–—]\s|,\s(?=(?:with|while|whereas|but|and|which|so|or|aber|und|sondern|pero|mais|not|also)\b)|"
    r"\s(?=(?:but|whereas|although|unless|because|if|sondern|aber|pero)\s)|"
    r"\s(?=and\s(?:nobody|never|not|no|must|may|can|it|they|you|is|are)\b)"
)
_STOP = re.compile(r"[,;:.]")
_WORD = re.compile(r"[^\W\d_]+")
_LEAST_ROOTS = 2
_LEAST_FORTH = 0.6
_LEAST_BACK = 0.4
_FOCUS = 3


@dataclass(frozen=True, slots=True)
class Statement:
    """A part of a sentence that begins at `start`, with its words and the roots of its telling ones."""

    text: str
    start: int
    roots: frozenset[str]
    words: frozenset[str]


@lru_cache(maxsize=4096)
def statements(sentence: str) -> tuple[Statement, ...]:
    """Return the parts of a sentence that state something each, in order."""
    found, start = [], 0
    ends = [match.start() for match in _END.finditer(sentence)] + [len(sentence)]
    for end in ends:
        text = sentence[start:end]
        roots = frozenset(map(root, telling(text)))
        if roots:
            found.append(Statement(text, start, roots, _words(text)))
            start = end
    return tuple(found)


@lru_cache(maxsize=4096)
def whole(sentence: str) -> Statement:
    """Return a sentence as one statement."""
    return Statement(sentence, 0, frozenset(map(root, telling(sentence))), _words(sentence))


def _words(text: str) -> frozenset[str]:
    return frozenset(_WORD.findall(text.casefold()))


def telling(text: str) -> list[str]:
    """Return the words of a text that are no function words, in order."""
    return [word for word in content_words(f"{text} x").split()[:-1] if word[0].isalpha()]


def same_matter(own: Statement, others: list[Statement]) -> Statement | None:
    """Return the statement that is about the same as another, None where none is."""
    if len(own.roots) < _LEAST_ROOTS:
        return None
    best, most = None, 0.0
    for other in others:
        shared = len(own.roots & other.roots)
        if not shared:
            continue
        forth, back = shared / len(own.roots), shared / len(other.roots)
        if forth >= _LEAST_FORTH and back >= _LEAST_BACK and forth + back > most:
            best, most = other, forth + back
    return best


def focus(text: str, match: re.Match[str]) -> tuple[str, ...]:
    """Return the roots that a word is about: the next three telling words, or the two before it, up to a comma."""
    after = telling(_STOP.split(text[match.end() :], maxsplit=1)[0])[:_FOCUS]
    before = telling(_STOP.split(text[: match.start()])[-1])[-2:]
    return tuple(root(word) for word in after or before[::-1])


def place_of(own: Statement) -> tuple[int, int]:
    """Return where a statement stands in its sentence, without the marks around it."""
    stripped = own.text.strip(" ,;:")
    start = own.start + own.text.find(stripped)
    return start, start + len(stripped)
