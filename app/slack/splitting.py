"""Cuts long Markdown into messages that Slack takes, without losing or doubling a character; pure.

The parts of a text are slices that follow each other. What a cut leaves open (a code fence, a list item, a table) is
closed at the end of a message and opened again in the next: those few characters are added, never taken.
"""

import re
import unicodedata
from dataclasses import dataclass

# Slack takes 12,000 characters of Markdown and does not say how it counts them: UTF-16 units are never fewer.
MESSAGE_CHARS = 11_500

_FENCE = re.compile(r"[ \t>]{0,12}(`{3,}|~{3,})([^`\n]*)")
_ITEM = re.compile(r"([ \t]{0,12})([-*+]|\d{1,9}[.)])[ \t]+")
_ROW = re.compile(r"[ \t]*\|")
_RULE_OF_TABLE = re.compile(r"[ \t]*\|[ \t]*:?-{1,200}:?[ \t|:\-]*")
_SENTENCE_END = re.compile(r"[.!?…。！？][\"'»”’)\]]{0,3}[ \t\n]+")
_BLANK = re.compile(r"[ \t\n]")
# Code and links of a line: a cut inside them would leave two halves that are neither.
_WHOLE = re.compile(
    r"(?<!`)(`++)[^`\n]+\1|!?\[[^\[\]\n]{0,500}\]\([^()\s]{0,1000}\)|\*\*[^*\n]{1,300}\*\*"
)
_JOINERS = frozenset("\u200d\ufe0e\ufe0f\u20e3")
_MAX_OPENER = 600
_REACH = 2


@dataclass(frozen=True, slots=True)
class Part:
    """One message of a text: `text[start:end]`; `shown` has it between what opens and what closes it."""

    start: int
    end: int
    shown: str


def size(text: str) -> int:
    """Return the length of a text in UTF-16 units."""
    return len(text) + sum(sign > "\uffff" for sign in text)


def parts(text: str, limit: int = MESSAGE_CHARS) -> list[Part]:
    """Return a text's messages, each of at most so many UTF-16 units; an empty text has none."""
    found: list[Part] = []
    start, opener = 0, ""
    while start < len(text):
        opened = _open_before(text, start) if start else _Open()
        opener = opened.opener
        closer = ""
        room = limit - size(opener) - _closer_size(text, limit)
        if room < limit // _REACH:
            opener, room = "", limit - _closer_size(text, limit)
        end = _cut(text, start, room)
        if end < len(text):
            closer = _open_before(text, end).closer(text[end - 1])
        found.append(Part(start, end, f"{opener}{text[start:end]}{closer}"))
        start = end
    return found


def split(text: str, limit: int = MESSAGE_CHARS) -> list[str]:
    """Return the texts of the messages that a long text becomes."""
    return [part.shown for part in parts(text, limit)]


def seam(text: str, place: int) -> tuple[str, str]:
    """Return what closes a text that is cut at a place, and what opens the rest of it again."""
    opened = _open_before(text, place)
    return opened.closer(text[place - 1 : place]), opened.opener


@dataclass(frozen=True, slots=True)
class _Open:
    """What is open where a text is cut: the marks of a fence, and what opens the rest again."""

    fence: str = ""
    opener: str = ""

    def closer(self, last: str) -> str:
        """Return what ends a message here."""
        return f"{'' if last == chr(10) else chr(10)}{self.fence}" if self.fence else ""


def _closer_size(text: str, limit: int) -> int:
    marks = max((len(found[1]) for found in _FENCE.finditer(text)), default=0)
    return min(marks + 1, limit // 4) if marks else 0


def _open_before(text: str, end: int) -> _Open:
    fence, info = _open_fence(text, end)
    if fence:
        opener = f"{fence}{info}\n"
        return _Open(fence, opener) if len(opener) <= _MAX_OPENER else _Open(fence[:3])
    line_start = text.rfind("\n", 0, end) + 1
    if line_start == end:
        return _Open(opener=_table_head(text, end))
    item = _ITEM.match(text, line_start, end)
    return _Open(opener=f"{item[1]}{item[2]} … ") if item and item.end() < end else _Open()


def _open_fence(text: str, end: int) -> tuple[str, str]:
    marks, info = "", ""
    position = 0
    while position < end:
        stop = text.find("\n", position)
        stop = len(text) if stop < 0 else stop
        found = _FENCE.match(text, position, stop)
        if found and not marks:
            # A fence whose first line is cut is none yet.
            if stop < end:
                marks, info = found[1], found[2].strip()
        elif found and found[1].startswith(marks) and not found[2].strip():
            marks, info = "", ""
        position = stop + 1
    return marks, info


def _table_head(text: str, end: int) -> str:
    """Return the head of the table that a cut between two rows goes through, '' where there is none."""
    if not _ROW.match(text, end):
        return ""
    first = end
    while (above := text.rfind("\n", 0, first - 1) + 1) < first and _ROW.match(text, above):
        first = above
        if above == 0:
            break
    rule = text.find("\n", first) + 1
    rest = text.find("\n", rule) + 1
    if not first < rule < rest <= end or not _RULE_OF_TABLE.fullmatch(text, rule, rest - 1):
        return ""
    head = text[first:rest]
    return head if len(head) <= _MAX_OPENER else ""


def _cut(text: str, start: int, room: int) -> int:
    """Return where the message that begins at `start` ends: the best place in its second half."""
    furthest = _within(text, start, room)
    if furthest == len(text):
        return furthest
    least = start + max((furthest - start) // _REACH, 1)
    paragraph = text.rfind("\n\n", least, furthest)
    if paragraph >= 0:
        return paragraph + 2
    line = text.rfind("\n", least, furthest)
    if line >= 0:
        return line + 1
    return _cut_in_line(text, start, least, furthest)


def _cut_in_line(text: str, start: int, least: int, furthest: int) -> int:
    held = [
        (found.start(), found.end())
        for found in _WHOLE.finditer(text, text.rfind("\n", 0, start) + 1, furthest + 1_600)
        if found.end() > least and found.start() < furthest
    ]

    def is_free(place: int) -> bool:
        return not any(begin < place < end for begin, end in held)

    for pattern in (_SENTENCE_END, _BLANK):
        ends = [
            found.end()
            for found in pattern.finditer(text, least, furthest)
            if found.end() <= furthest and is_free(found.end())
        ]
        if ends:
            return ends[-1]
    for begin, _ in held:
        if least < begin < furthest and is_free(begin):
            return begin
    return _whole_sign(text, least, furthest)


def _within(text: str, start: int, room: int) -> int:
    """Return the furthest place that is at most so many UTF-16 units away."""
    end = min(len(text), start + room)
    while size(text[start:end]) > room:
        end -= max(1, (size(text[start:end]) - room) // 2)
    return max(end, start + 1)


def _whole_sign(text: str, least: int, furthest: int) -> int:
    """Return the last place up to `furthest` that does not part a sign from its accents or an emoji's halves."""
    for place in range(furthest, max(least, furthest - 64), -1):
        if not _joined(text[place - 1], text[place]):
            return place
    return furthest


def _joined(before: str, after: str) -> bool:
    if after in _JOINERS or before == "\u200d" or unicodedata.category(after)[0] == "M":
        return True
    if "\U0001f3fb" <= after <= "\U0001f3ff" or "\U000e0020" <= after <= "\U000e007f":
        return True
    is_flag = "\U0001f1e6" <= before <= "\U0001f1ff" and "\U0001f1e6" <= after <= "\U0001f1ff"
    is_hangul = "\u1100" <= before <= "\u11ff" and "\u1160" <= after <= "\u11ff"
    return is_flag or is_hangul
