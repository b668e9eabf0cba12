"""Finds where the words of a quote stand among the characters of a page; pure.

A page's characters come in the order in which its program wrote them, with line breaks and hyphens that the quote
does not have: both are compared by their letters and digits alone. What does not stand there in one piece, such as
a table row that was written with the names of its columns, is looked for word by word.
"""

import re
import unicodedata
from collections import Counter
from collections.abc import Sequence

Run = tuple[int, int]
"""Positions of characters of the page, the first inclusive, the last exclusive."""

_WORD = re.compile(r"\w+")
_LEAST_SHARE = 0.6
"""Words of the quote that must stand near each other on the page: else it is not there."""
_MOST_WORDS = 400
_ROOM = 1.5
"""How many words longer than the quote the place may be where its words stand."""


def find_words(page: Sequence[str], quote: str, occurrence: int = 0) -> list[Run]:
    """Return the runs of characters that are the quote's words; [] when they are not on the page.

    Args:
        page: the page's characters, one string each.
        quote: the words as the canonical text has them.
        occurrence: how many times the same words stand before these on the page.
    """
    letters, places = _letters(page)
    wanted, _ = _letters(quote)
    if not wanted:
        return []
    found = [match.start() for match in re.finditer(f"(?={re.escape(wanted)})", letters)]
    if found:
        start = found[min(occurrence, len(found) - 1)]
        return [(places[start], places[start + len(wanted) - 1] + 1)]
    return _nearest(page, quote)


def _letters(text: Sequence[str]) -> tuple[str, list[int]]:
    """Return the letters and digits of a text in one case, and where each is from."""
    letters: list[str] = []
    places: list[int] = []
    for position, char in enumerate(text):
        for plain in unicodedata.normalize("NFKD", char).casefold():
            if plain.isalnum():
                letters.append(plain)
                places.append(position)
    return "".join(letters), places


def _nearest(page: Sequence[str], quote: str) -> list[Run]:
    """Return the words of the stretch of the page that has most of the quote's words."""
    wanted = Counter(_plain(word) for word in _WORD.findall(quote)[:_MOST_WORDS])
    words = [
        (_plain(match[0]), match.start(), match.end()) for match in _WORD.finditer(_joined(page))
    ]
    room = max(3, int(_ROOM * wanted.total()))
    best, best_at = 0, 0
    held: Counter[str] = Counter()
    shared = 0
    for position, (word, _, _) in enumerate(words):
        held[word] += 1
        shared += held[word] <= wanted[word]
        if position >= room:
            gone = words[position - room][0]
            shared -= held[gone] <= wanted[gone]
            held[gone] -= 1
        if shared > best:
            best, best_at = shared, position
    if not wanted or best < _LEAST_SHARE * wanted.total():
        return []
    left = Counter(wanted)
    runs: list[Run] = []
    # From the end, where the last of them was found: what is repeated before it belongs to something else.
    for word, start, end in reversed(words[max(0, best_at - room + 1) : best_at + 1]):
        if left[word] > 0:
            left[word] -= 1
            runs.append((start, end))
    return _merged(runs[::-1], _joined(page))


def _merged(runs: Sequence[Run], page: str) -> list[Run]:
    """Join runs with nothing but white space between them."""
    merged: list[Run] = []
    for start, end in runs:
        if merged and not page[merged[-1][1] : start].strip():
            merged[-1] = (merged[-1][0], end)
        else:
            merged.append((start, end))
    return merged


def _plain(word: str) -> str:
    return _letters(word)[0]


def _joined(page: Sequence[str]) -> str:
    """Return the page as one string whose positions are those of its characters."""
    return "".join(char if len(char) == 1 else " " for char in page)
