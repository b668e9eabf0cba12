"""Takes the markers of passages out of a text that a model writes, and keeps where each stood.

    "They get 26 days [1][3]. Ask HR [9]."  ->  "They get 26 days. Ask HR."   (16, (1, 3)); 1 marker of no passage

Answers are stored without markers: a claim names its citations, which are numbered anew. Understood are `[1]`,
`[1, 2]`, `[1][2]`, `[1-3]`, `[^1]`, `[Passage 1]`, `【1】`, `【1†source】`, and `(1)` at the end of a sentence where
no other form was used. Where a marker is a word of its sentence ('According to [1], …') the document's title takes
its place. Code is left as it is.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from app.citing.source_lists import SourceListFilter

_MAX_MARKER = 120
_MAX_TARGET = 300
_MAX_CODE = 1000
_MAX_RANGE = 10
_STRETCH = 1000
"""What is read at once; the rest of the text is copied at every step."""
_TITLE_CHARS = 80
_CONTEXT = 40

_WORD = r"(?:(?:passages?|sources?|documents?|docs?|refs?|references?|citations?|quellen?|fuentes?)[.:]?\s{0,2})?#?"
_ALSO = rf"\s{{0,2}}(?:[,;&–-]|and|und|y|et)\s{{0,2}}{_WORD}\d{{1,3}}"
_NUMBERS = rf"\s{{0,2}}{_WORD}\d{{1,3}}(?:{_ALSO}){{0,9}}\s{{0,2}}"
_ONE = rf"\\?\[\^?{_NUMBERS}\\?\]"
_JOIN = r"[ \t]{0,2}(?:[,;]|and|und|y|et)?[ \t]{0,2}"
_MARKER = re.compile(
    rf"{_ONE}(?:{_JOIN}{_ONE}){{0,9}}|\({_ONE}(?:{_JOIN}{_ONE}){{0,9}}\)"
    rf"|【{_NUMBERS}(?:[†:][^】\n]{{0,40}})?】|［{_NUMBERS}］",
    re.IGNORECASE,
)
_STARTED = re.compile(r"\(?\\?(?:[\[【［][^\n]*)?\Z")
_CONTINUED = re.compile(
    r"[ \t]{0,2}(?:[,;]|an?d?|un?d?|y|et?)?[ \t]{0,2}(?:\\?(?:\[[^\]\n]*)?)?\Z", re.IGNORECASE
)
_FILE_NAME = re.compile(r"[†:][^】\n]*")
_NUMBER_OR_DASH = re.compile(r"\d{1,3}|[–-]")
_TARGET = re.compile(r"\((?:https?:|#|/|\.)[^()\s]*\)", re.IGNORECASE)
_IN_PARENTHESES = re.compile(r"\((\d{1,3})\)(?=[.!?](?:\s|\Z)|\n|\Z)")
_PARENTHESES_STARTED = re.compile(r"\(\d{0,3}(?:\)[.!?]?)?\Z")
_SOURCE_MAY_FOLLOW = re.compile(r"[^\W\d_][\"'”’)*_]{0,3}\Z|[%)\"'”’]\Z")
_NUMBERED_THING = re.compile(
    r"\b(?:section|article|appendix|annex|paragraph|clause|rule|table|figure|step|part|chapter|abschnitt|absatz|"
    r"artikel|satz|nr|no|option|level|phase|version)s?\.?\Z",
    re.IGNORECASE,
)
_NAMING_BEFORE = re.compile(
    r"(?:^|[\s(*_])(?:according to|in|from|per|by|see|and|passage|source|document|"
    r"laut|gemäß|nach|siehe|aus|según|en|selon|dans|voir)\Z",
    re.IGNORECASE,
)
_SENTENCE_START = re.compile(r"(?:^|\n|[.!?]\s{1,2})[ \t>*_-]{0,6}\Z")
_VERB_BEHIND = re.compile(r"[ \t]{1,2}[a-z]")
_CLOSED = re.compile(r"[\]】］]")
_TARGET_BROKEN = re.compile(r"[\s()]")
_ORDINARY = re.compile(r"[^\\\[【［(`\n \t]+")
_BLANKS = re.compile(r"[ \t]+")
_TICKS = re.compile(r"`+")
_LETTER = re.compile(r"[A-Za-z0-9]")
_UNTITLED = re.compile(r"[\[\]()<>`\\【】［］\n]+")


@dataclass(frozen=True, slots=True)
class PlacedMarkers:
    """Markers of passages that stood before a place in a text, which has no markers any more."""

    position: int
    markers: tuple[int, ...]


class MarkerReader:
    """Reads the markers out of one text that comes in pieces, however it is cut; used once.

    `known` are the titles of the passages that the model was given, by marker. `placed` and `unknown` (how many
    markers named no passage) grow while the text is fed.
    """

    def __init__(self, known: Mapping[int, str]) -> None:
        self._known = known
        self._lists = SourceListFilter()
        self._text = ""
        self._final = False
        self._shown: list[str] = []
        self._length = 0
        self._context = ""
        self._in_fence = False
        self._after_marker = False
        self._brackets_used = False
        self.placed: list[PlacedMarkers] = []
        self.unknown = 0

    def feed(self, piece: str) -> str:
        """Take the next piece; return what became certain, without markers."""
        return "".join(
            self._fed(self._lists.feed(piece[start : start + _STRETCH]))
            for start in range(0, len(piece), _STRETCH)
        )

    def _fed(self, text: str) -> str:
        self._text += text
        return self._advanced()

    def finish(self) -> str:
        """Return what was held back; the text is complete."""
        self._text += self._lists.finish()
        self._final = True
        return self._advanced()

    def _advanced(self) -> str:
        while self._text and self._step():
            pass
        shown = "".join(self._shown)
        self._shown = []
        return shown

    # A step decides what stands at the start and returns True, or waits for more and returns False.

    def _step(self) -> bool:
        ordinary = _ORDINARY.match(self._text)
        if ordinary is not None:
            return self._pass(ordinary.end())
        first = self._text[0]
        if first == "`":
            return self._code()
        if first == "\n" or self._in_fence:
            return self._pass(1)
        blanks = _BLANKS.match(self._text)
        length = blanks.end() if blanks else 0
        opening = self._text[length : length + 2]
        if len(opening) < 2 and opening in ("", "(") and not self._final:
            return False
        if opening[:1] in ("[", "\\", "【", "［") or opening in ("([", "(\\"):
            return self._marker(length)
        if opening[:1] == "(":
            return self._parentheses(length)
        return self._pass(length)

    def _code(self) -> bool:
        ticks = _TICKS.match(self._text)
        length = ticks.end() if ticks else 1
        if length == len(self._text) and not self._final:
            return False
        if length >= 3 and not self._context.rpartition("\n")[2].strip(" \t"):
            self._in_fence = not self._in_fence
            return self._pass(length)
        if self._in_fence:
            return self._pass(length)
        line_end = self._text.find("\n", length, _MAX_CODE)
        stop = line_end if line_end >= 0 else min(len(self._text), _MAX_CODE)
        for closing in _TICKS.finditer(self._text, length, stop):
            if closing.end() == len(self._text) and not self._final:
                return False
            if closing.end() - closing.start() == length:
                return self._pass(closing.end())
        if line_end < 0 and len(self._text) < _MAX_CODE and not self._final:
            return False
        return self._pass(length)

    def _marker(self, blanks: int) -> bool:
        rest = self._text[blanks : blanks + _MAX_MARKER]
        waits = len(rest) < _MAX_MARKER and not self._final
        match = _MARKER.match(rest)
        if match is None:
            return False if waits and _is_started(rest) else self._pass(blanks + 1)
        if waits and _CONTINUED.match(rest, match.end()):
            return False
        markers = _numbers(_FILE_NAME.sub("", match.group()))
        if 0 in markers and match.group().count("[") == 1:
            # [0, 1] is an interval, x[0] an index; ' [0]' is a marker of no passage.
            is_index = not blanks and _LETTER.match(self._context[-1:])
            if len(markers) > 1 or is_index:
                return self._pass(blanks + match.end())
        end = self._after_target(blanks + match.end())
        if end is None:
            return False
        self._brackets_used = True
        return self._take(blanks, end, markers)

    def _after_target(self, end: int) -> int | None:
        """Return where the address that some models write behind a marker ends; None to wait."""
        rest = self._text[end : end + _MAX_TARGET]
        if not rest.startswith("("):
            return end
        target = _TARGET.match(rest)
        if target is not None:
            return end + target.end()
        waits = len(rest) < _MAX_TARGET and not _TARGET_BROKEN.search(rest, 1) and not self._final
        return None if waits else end

    def _parentheses(self, blanks: int) -> bool:
        rest = self._text[blanks : blanks + 8]
        if blanks and not self._brackets_used and _SOURCE_MAY_FOLLOW.search(self._context):
            if _PARENTHESES_STARTED.match(rest) and not self._final:
                return False
            match = _IN_PARENTHESES.match(rest)
            named = _NUMBERED_THING.search(self._context) is not None
            if match is not None and int(match[1]) in self._known and not named:
                return self._take(blanks, blanks + match.end(), (int(match[1]),))
        return self._pass(blanks + 1)

    def _take(self, blanks: int, end: int, markers: tuple[int, ...]) -> bool:
        """Take a marker out, with the blanks before it, or write its document's title where a word is needed."""
        valid = tuple(marker for marker in markers if marker in self._known)
        self.unknown += len(markers) - len(valid)
        opening, self._text = self._text[:blanks], self._text[end:]
        named = opening and _NAMING_BEFORE.search(self._context)
        starts = _SENTENCE_START.search(self._context + opening)
        if valid and (named or (starts and _VERB_BEHIND.match(self._text))):
            self._put(f"{opening}{' and '.join(self._title(marker) for marker in valid)}")
        if valid:
            self.placed.append(PlacedMarkers(self._length, valid))
        self._after_marker = True
        return True

    def _title(self, marker: int) -> str:
        title = " ".join(_UNTITLED.sub(" ", self._known[marker]).split())
        return f"“{title[:_TITLE_CHARS] or marker}”"

    def _pass(self, length: int) -> bool:
        text, self._text = self._text[:length], self._text[length:]
        self._put(text)
        return True

    def _put(self, text: str) -> None:
        if self._after_marker:
            last = self._context[-1:]
            if not last or last.isspace():
                text = text.lstrip(" \t")
            elif _LETTER.match(last) and _LETTER.match(text):
                text = f" {text}"
            self._after_marker = not text
        self._shown.append(text)
        self._length += len(text)
        self._context = (self._context + text)[-_CONTEXT:]


def _is_started(text: str) -> bool:
    """Whether a text without a marker at its start may still become one."""
    closed = _CLOSED.search(text)
    return _STARTED.match(text) is not None and (closed is None or closed.end() == len(text))


def _numbers(text: str) -> tuple[int, ...]:
    """Return the markers of a list such as `1, 3-5`, each once, in order."""
    found: list[int] = []
    dash = False
    for piece in _NUMBER_OR_DASH.findall(text):
        if not piece.isdigit():
            dash = True
            continue
        number = int(piece)
        if dash and found and found[-1] < number <= found[-1] + _MAX_RANGE:
            found.extend(range(found[-1] + 1, number))
        found.append(number)
        dash = False
    return tuple(dict.fromkeys(found))
