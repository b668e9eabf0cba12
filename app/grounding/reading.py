"""Reads a sentence's facts once: its words, numbers, moments, names and identifiers; pure.

    sentence -> addresses and quotes -> moments -> identifiers -> numbers -> names

What an earlier step took is blanked, so that the 3 of 'AquaSense 3' or of '3 May' is no number.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from app.grounding.moments import Moment, moments
from core.function_words import content_words
from core.measures import CURRENCIES, MEASURES, SCALES_OF_DEGREES, WEEKDAYS
from core.number_words import ORDINALS, SCALES, SMALL, TENS
from core.quantities import Quantity, quantities
from core.sentences import sentence_spans
from core.short_forms import LONG_FORMS, short_forms
from index.date_words import MONTH_NAMES

_ADDRESS = re.compile(r"https?://[^\s)>\]]{1,300}|[\w.+-]{1,64}@[\w-]{1,64}(?:\.[\w-]{1,64}){1,5}")
_LINK_TARGET = re.compile(r"(?<=\])(?:\([^)\n]{0,300}\)|\[[^\]\n]{0,100}\])")
_NEW_BLOCK = re.compile(r"\s*(?:[-*+•|#>]|\d{1,3}[.)]\s)")
_SHORT_LINE = 60
_MARKUP = re.compile(
    r"\*{1,3}|`+|(?<!\w)_{1,3}(?=\w|\*)|(?<=\w)_{1,3}(?!\w)|(?<!\w)\[(?=\w)|(?<=\w)\](?!\w)"
)
_IDENTIFIER = re.compile(
    r"(?<![\w.])(?:[A-Za-zÄÖÜ][A-Za-z]{0,15}[-_/]?\d[\w./-]{0,30}|\d+(?:\.\d+){2,5}|[A-Za-z]+(?:_[A-Za-z0-9]+){1,6})(?<![./-])"
)
_LIST_NUMBER = re.compile(r"^\W{0,4}(?:step\s)?\d{1,3}(?:[.):](?=\s)|\s{2,})", re.I)
_NAMED_NUMBER = re.compile(
    r"(?<![\w.])(?P<name>[A-Z][\w-]{0,30})\s(?P<number>\d{1,4}[A-Za-z]?)(?![\w%]|[.,:]\d|-\w)"
)
_NO_NOUN = re.compile(
    r"\s(?:is|are|was|were|has|have|had|can|may|must|will|does|and|or)\b|\s?[:|,;.)–-]"
)
_QUOTE = re.compile(r"[\"“„«](?P<text>[^\"“”„«»\n]{8,300})[\"”“»]")
_NAME = re.compile(r"(?<![\w@/.`-])[^\W\d_a-zà-öø-ÿß][\w'’&-]*")
_NAME_START = re.compile(r"(?:^|[.!?:•|…]\s+|[\n\"“„«(*#>-]\s?|\]\s|\d[.)]\s)$")
_WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)?")
_GERMAN = re.compile(
    r"\b(?:der|die|das|und|ist|nicht|ein|eine|einen|für|mit|den|dem|von|wird|werden|sind|im|nach|auf|bei|zu|zum|zur|des|am|sich|als|auch|aus|wie|bis|oder)\b",
    re.I,
)
_ENGLISH = re.compile(
    r"\b(?:the|of|to|is|are|and|a|an|for|with|not|from|by|on|at|this|that|it)\b", re.I
)
_FIGURE = re.compile(r"\w*\d(?:[\w.,:-]*\w)?")
_POSSESSIVE = re.compile(r"['’]s?$")
_ENDINGS = ("ing", "ies", "ied", "ed", "es", "s", "ly")
_ROOT_CHARS = 6
_MAX_CHARS = 2000
_MOST_FACTS = 60
"""Of one sort in a sentence; a table row of hundreds of numbers is compared by its first."""
_LIGHT = (
    "after before within until during without between among only least most more less than up over under above "
    "below about around once twice through throughout while since also both either each every per via as well "
    "even still just upon onto toward towards against unless except whether however therefore thus thereby then "
    "now any other another same such much many few several own document documents according"
)
_NOT_TELLING = frozenset(_LIGHT.split()).union(
    SMALL, TENS, ORDINALS, MEASURES, WEEKDAYS, MONTH_NAMES
)


@dataclass(frozen=True, slots=True)
class Marked:
    """A name, identifier or quoted text at [start, end); `key` is what is compared."""

    start: int
    end: int
    text: str
    key: str
    is_first: bool = False


@dataclass(frozen=True, slots=True)
class Reading:
    """One sentence and what it states as facts; all offsets are places in `text`.

    `words` are all its words in lower case, `roots` the roots of those that say what it is about, `figures` whatever
    has a digit.
    """

    text: str
    words: frozenset[str]
    roots: frozenset[str]
    numbers: tuple[Quantity, ...]
    moments: tuple[Moment, ...]
    identifiers: tuple[Marked, ...]
    names: tuple[Marked, ...]
    quotes: tuple[Marked, ...]
    figures: frozenset[str]

    def covered_by(self, other: "Reading") -> float:
        """Return the share of this sentence's roots that another has; 0 for a sentence without any."""
        return len(self.roots & other.roots) / len(self.roots) if self.roots else 0.0


@lru_cache(maxsize=4096)
def read(sentence: str) -> Reading:
    """Read one sentence; what is longer than 2,000 characters is cut there."""
    text = sentence[:_MAX_CHARS]
    quotes = tuple(
        Marked(*match.span("text"), match["text"], normal(match["text"]))
        for match in _QUOTE.finditer(text)
    )
    left = _LIST_NUMBER.sub(_blank, _LINK_TARGET.sub(_blank, text))
    left, identifiers = _take(_ADDRESS, left)
    when = moments(left)
    for moment in when:
        left = _blanked(left, moment.start, moment.end)
    left, named = _take_named_numbers(left)
    left, mixed = _take(_IDENTIFIER, left, keep_measured=True)
    counted = quantities(left)
    words = frozenset(
        _POSSESSIVE.sub("", match.group().casefold()) for match in _WORD.finditer(text)
    ) | _of_short_forms(text)
    return Reading(
        text,
        words,
        telling_roots(text),
        counted[:_MOST_FACTS],
        when[:_MOST_FACTS],
        (*identifiers, *mixed, *named)[:_MOST_FACTS],
        _names(text, when)[:_MOST_FACTS],
        quotes[:_MOST_FACTS],
        frozenset(_FIGURE.findall(text)),
    )


def _of_short_forms(text: str) -> frozenset[str]:
    """Return what the short forms of a text stand for, and the short forms of what it writes out."""
    said = {word.casefold() for short in short_forms(text) for word in short.words}
    said.update(
        short.casefold().replace(".", "")
        for short, words in LONG_FORMS.items()
        if words[0] in text and " ".join(words) in text
    )
    return frozenset(said)


@lru_cache(maxsize=256)
def read_all(text: str) -> tuple[Reading, ...]:
    """Read every sentence, list item and table row of a text, without the marks of Markdown."""
    plain = _MARKUP.sub("", _LINK_TARGET.sub("", text))
    return tuple(
        read(unnumbered(block[span.start : span.end]))
        for block in _blocks(plain)
        for span in sentence_spans(block)
    )


def _blocks(text: str) -> Iterator[str]:
    """Yield paragraphs, items and rows, each on one line; a sentence may be broken into lines."""
    block: list[str] = []
    for line in text.split("\n"):
        if block and (not line.strip() or _NEW_BLOCK.match(line) or _is_closed(block[-1], line)):
            yield " ".join(" ".join(block).split())
            block = []
        if line.strip():
            block.append(line.strip())
    if block:
        yield " ".join(" ".join(block).split())


def _is_closed(line: str, following: str) -> bool:
    """Whether a line ends its block: a sentence, a row, a heading, a short line before a capital."""
    if line[-1] in ".:!?|" or line[0] in "|#":
        return True
    is_row = ": " in line and "; " in line
    return following.strip()[0].isupper() and (is_row or len(line) <= _SHORT_LINE)


def unnumbered(text: str) -> str:
    """Return a list item without its number."""
    return _LIST_NUMBER.sub("", text)


def telling_roots(text: str) -> frozenset[str]:
    """Return the roots of the words that say what a text is about: no numbers, units, bounds, conjunctions."""
    words = (
        _POSSESSIVE.sub("", word) for word in content_words(f"{text} x").casefold().split()[:-1]
    )
    return frozenset(root(word) for word in words if word.isalpha() and word not in _NOT_TELLING)


@lru_cache(maxsize=20_000)
def root(word: str) -> str:
    """Return what the forms of a word share: 'approve', 'approved', 'approval' are one."""
    word = word.casefold()
    for ending in _ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= 3:
            word = word[: -len(ending)]
            break
    if len(word) > 3 and word[-1] in "ey":
        word = word[:-1]
    return word[:_ROOT_CHARS]


def normal(text: str) -> str:
    """Return a text's words in lower case with single blanks, so that quotes can be found again."""
    return " ".join(re.findall(r"\w+", text.casefold()))


def _take(
    pattern: re.Pattern[str], text: str, *, keep_measured: bool = False
) -> tuple[str, tuple[Marked, ...]]:
    """Read what a pattern finds and blank it; '5km' and '2nd' are left for the numbers."""
    found = []
    for match in list(pattern.finditer(text)):
        word = match.group().rstrip(".,;:")
        if keep_measured and word[0].isdigit() and not word.replace(".", "").isdigit():
            continue
        found.append(Marked(match.start(), match.end(), word, word.casefold()))
        text = _blanked(text, match.start(), match.end())
    return text, tuple(found)


def _take_named_numbers(text: str) -> tuple[str, tuple[Marked, ...]]:
    """Read 'AquaSense 3' and 'Ring 2' as identifiers; a capital that only begins a sentence makes none."""
    found = []
    for match in list(_NAMED_NUMBER.finditer(text)):
        name = match["name"]
        if _is_measured(text, match.end()):
            continue
        is_plain = name[1:].islower() and _is_first(text, match.start())
        is_plain = is_plain and not _NO_NOUN.match(text, match.end())
        if (
            is_plain
            or not telling_roots(name)
            or name.casefold() in ("eur", "usd", "gbp", "chf", "nok", "a", "i")
        ):
            continue
        key = f"{name.casefold()} {match['number'].casefold()}"
        found.append(Marked(match.start(), match.end(), match.group(), key))
        text = _blanked(text, match.start("number"), match.end())
    return text, tuple(found)


def _is_measured(text: str, position: int) -> bool:
    """Whether a unit follows: the 3 of 'HR Links 3 weeks before' counts weeks."""
    word = _WORD.match(text, position + 1)
    return word is not None and (
        word.group().casefold() in MEASURES or word.group().casefold() in CURRENCIES
    )


def _names(text: str, when: tuple[Moment, ...]) -> tuple[Marked, ...]:
    """Return the capitalised words; in German, where nouns have capitals, only those with a second one."""
    is_german = len(_GERMAN.findall(text)) > len(_ENGLISH.findall(text))
    found = []
    for match in _NAME.finditer(text):
        word = match.group().rstrip("-'’&")
        has_more = not word[1:].islower() and len(word) > 1
        if (is_german and not has_more) or any(m.start <= match.start() < m.end for m in when):
            continue
        key = re.sub(r"['’]s?$", "", word).casefold()
        if len(key) < 2 or any(character.isdigit() or character == "_" for character in key):
            continue
        if (
            key in CURRENCIES
            or key in SCALES_OF_DEGREES
            or key in MEASURES
            or key in SCALES
            or not content_words(f"{word} x")[2:]
        ):
            continue
        is_first = not has_more and _is_first(text, match.start())
        found.append(Marked(match.start(), match.start() + len(word), word, key, is_first))
    return tuple(found)


def _is_first(text: str, position: int) -> bool:
    """Whether a word begins a sentence, item or quote, so that its capital says nothing."""
    return (
        _NAME_START.search(text[max(0, position - 4) : position]) is not None
        or not text[:position].strip()
    )


def _blank(match: re.Match[str]) -> str:
    return "\x00" * len(match.group())


def _blanked(text: str, start: int, end: int) -> str:
    return text[:start] + "\x00" * (end - start) + text[end:]
