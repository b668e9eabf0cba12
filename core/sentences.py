"""Splits text into sentences and finds a plain sentence again in its source with markup; pure.

Works by punctuation and what follows it, not by a language model: the same rules serve every language that
ends its sentences with . ! ? or their full-width forms.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

# A full stop after these, after a single letter or inside a number does not end a sentence.
# fmt: off
_ABBREVIATIONS = frozenset((
    "e.g", "i.e", "etc", "vs", "cf", "al", "approx", "no", "nr", "vol", "fig", "figs", "eq",
    "sec", "ch", "pp", "ed", "eds", "mr", "mrs", "ms", "dr", "prof", "st", "sr", "jr", "inc",
    "ltd", "co", "corp", "dept", "est", "min", "max", "incl", "excl", "resp", "bzw", "ca", "usw",
    "z.b", "d.h", "u.a", "o.ä", "evtl", "ggf", "inkl", "max", "mind", "sog", "tel", "jan", "feb",
    "mar", "apr", "jun", "jul", "aug", "sep", "sept", "oct", "nov", "dec", "mon", "tue", "wed",
    "thu", "fri", "sat", "sun", "u.s", "u.k", "a.m", "p.m", "ph.d", "sra", "sres", "ud", "uds",
))
# fmt: on
_END = re.compile(r"[.!?…]+[\"'”’»)\]*_]*(?=\s)|[。！？]+[」』”’）]*|\n\s*\n")
_LAST_WORD = re.compile(r"(\S+?)[.!?…]+[\"'”’»)\]*_]*$")
_OPENING = re.compile(r"[\s\"'“‘«(\[*_>#-]*")
_WORD = re.compile(r"\w+")
_LOOK_AHEAD = 2000
_UNREAD = re.compile(r"(?<=\])\([^)\n]*\)|(?<=\])\[[^\]\n]*\]|<[^<>\n]*>")
_CLOSING = re.compile(r"[.!?…。！？\"”’»)\]」』）]*\s*")


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of text, `start` inclusive, `end` exclusive, without blanks at its ends."""

    start: int
    end: int


def sentence_spans(text: str) -> list[Span]:
    """Return the sentences of a text in order; together they hold every character that is not blank."""
    spans = []
    start = 0
    for end in _boundaries(text):
        spans.append((start, end))
        start = end
    spans.append((start, len(text)))
    return [span for span in (_trimmed(text, a, b) for a, b in spans) if span.start < span.end]


def aligned_spans(plain: str, sentences: list[Span], source: str) -> list[Span]:
    """Find sentences of a plain text in the source with markup that it was read from.

    `plain` holds the words of `source` in order, with markup between them left out. The result has one span
    of `source` for each sentence; together they hold the whole source, so that no markup is lost.
    """
    if plain == source:
        return sentences
    # Words inside link targets and tags are not read: blanked, so that none of them is taken for text.
    read = _UNREAD.sub(lambda match: " " * len(match.group()), source)
    starts = []
    position = 0
    for sentence in sentences:
        start = _CLOSING.match(source, position)
        begin = start.end() if start else position
        for number, word in enumerate(_WORD.findall(plain, sentence.start, sentence.end)):
            found = read.find(word, position, position + _LOOK_AHEAD + len(word))
            if found < 0:
                continue
            # A first word that markup splits is not found: the sentence starts where the last one ended.
            begin = found if number == 0 else begin
            position = found + len(word)
        starts.append(_with_opening(source, begin))
    return _spans_from_starts(source, starts)


def _spans_from_starts(source: str, starts: list[int]) -> list[Span]:
    spans = []
    for number, start in enumerate(starts):
        begin = 0 if number == 0 else start
        end = starts[number + 1] if number + 1 < len(starts) else len(source)
        spans.append(_trimmed(source, begin, max(begin, end)))
    return spans


def _with_opening(source: str, position: int) -> int:
    """Step back over quotes, brackets and markup that open the word at a position."""
    while position > 0 and source[position - 1] in "\"'“‘«([*_`~":
        position -= 1
    return position


def _boundaries(text: str) -> Iterator[int]:
    for match in _END.finditer(text):
        mark = match.group()
        if mark.startswith("\n") or mark[0] in "。！？":
            yield match.end()
        elif not mark.startswith(".") or _ends_sentence(text, match):
            following = _OPENING.match(text, match.end())
            next_letter = text[following.end() : following.end() + 1] if following else ""
            if not next_letter.islower():
                yield match.end()


def _ends_sentence(text: str, match: re.Match[str]) -> bool:
    """Tell a full stop that ends a sentence from one that ends an abbreviation or a list number."""
    line_start = text.rfind("\n", 0, match.start()) + 1
    before = text[max(line_start, match.start() - 40) : match.end()]
    found = _LAST_WORD.search(before)
    word = found.group(1).lstrip("\"'“‘«([*_").casefold() if found else ""
    if word in _ABBREVIATIONS or (len(word) == 1 and word.isalpha()):
        return False
    is_list_number = (
        word.isdigit() and len(word) <= 3 and before.strip() == found.group(0) if found else False
    )
    return not is_list_number


def _trimmed(text: str, start: int, end: int) -> Span:
    while start < end and text[start].isspace():
        start += 1
    while end > start and text[end - 1].isspace():
        end -= 1
    return Span(start, end)
