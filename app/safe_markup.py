"""The part of the sanitiser that knows Markdown and HTML; see `app.safe_text`.

Reads left to right and decides every construct from a bounded stretch of text, so that a text that comes in pieces
is read as the whole one is. What is taken out can bring its neighbours together (`<<b>img src=x>`): guards on what
is written, not on what is read, keep the promises.
"""

import html
import re
import string
from collections.abc import Callable

from app.text_places import Places
from core.hidden_characters import visible

_MAX_LABEL = 500
_MAX_TARGET = 1000
_MAX_TAG = 1000
_MAX_COMMENT = 2000
_MAX_CODE = 1000
_MAX_INFO = 200

_PLAIN = re.compile(r"[^\\`<&\[\]!~\n]+")
_LABEL = re.compile(r"[^\[\]\n]*")
_TARGET = re.compile(r"\((?:[^()\n]|\([^()\n]*\))*+\)")
_REFERENCE = re.compile(r"\[[^\[\]\n]*\]")
_DEFINITION = re.compile(r":[ \t]*(?:<|/|#|www\.|[A-Za-z][A-Za-z0-9+.\-]{0,31}:)\S")
_TAG_END = re.compile(r"[<>]|\n[ \t]*\n")
_TAG_NAME = re.compile(r"/?([A-Za-z][A-Za-z0-9\-]*)(?=[\s/]|$)")
_AUTOLINK = re.compile(r"[A-Za-z][A-Za-z0-9+.\-]{1,31}:\S*|\S+@\S+")
_ENTITY = re.compile(r"&(?:#[0-9]{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{0,31});")
_ENTITY_START = re.compile(r"&#?[A-Za-z0-9]{0,32}\Z")
_TICKS = re.compile(r"`+")
_FENCE = re.compile(r"[ \t]{0,8}(`{3,})([^`\n]*)\n")
_FENCE_START = re.compile(r"[ \t]{0,8}(?:`{0,2}|`{3,}[^`\n]*)\Z")
_FENCE_END = re.compile(r"[ \t]*(`{3,})[ \t]*")
_FENCE_END_START = re.compile(r"[ \t]*`*[ \t]*\Z")
_INFO = re.compile(r"[\w+#.\-]{0,30}")
_LEFT_HALF = re.compile(r"[A-Za-z0-9&#]")
_RIGHT_HALF = re.compile(r"[A-Za-z0-9#;]")
_OPENS_TAG = re.compile(r"<(?=[A-Za-z/!?])")
_SIGNS = frozenset(string.punctuation) - {"|"}
_BLANK_FOR = frozenset(("br", "hr", "p", "div", "li", "td", "th", "tr"))
# fmt: off
_HTML_NAMES = frozenset((
    "a", "abbr", "acronym", "address", "applet", "area", "article", "aside", "audio", "b", "base", "basefont",
    "bdi", "bdo", "bgsound", "big", "blink", "blockquote", "body", "br", "button", "canvas", "caption",
    "center", "cite", "code", "col", "colgroup", "data", "datalist", "dd", "del", "details", "dfn", "dialog",
    "dir", "div", "dl", "dt", "em", "embed", "fieldset", "figcaption", "figure", "font", "footer", "form",
    "frame", "frameset", "h1", "h2", "h3", "h4", "h5", "h6", "head", "header", "hgroup", "hr", "html", "i",
    "iframe", "image", "img", "input", "ins", "isindex", "kbd", "keygen", "label", "layer", "legend", "li",
    "link", "listing", "main", "map", "mark", "marquee", "math", "menu", "menuitem", "meta", "meter", "nav",
    "nobr", "noembed", "noframes", "noscript", "object", "ol", "optgroup", "option", "output", "p", "param",
    "picture", "plaintext", "portal", "pre", "progress", "q", "rb", "rp", "rt", "rtc", "ruby", "s", "samp",
    "script", "search", "section", "select", "slot", "small", "source", "span", "strike", "strong", "style",
    "sub", "summary", "sup", "svg", "table", "tbody", "td", "template", "textarea", "tfoot", "th", "thead",
    "time", "title", "tr", "track", "tt", "u", "ul", "var", "video", "wbr", "xmp",
))
# fmt: on


class MarkupFilter:
    """Takes tags, images and links out of a text that comes in pieces; see the module's first lines."""

    def __init__(self, allowed: frozenset[str]) -> None:
        self._allowed = allowed
        self._text = ""
        self._at = 0
        self._final = False
        self._shown: list[str] = []
        self._written = 0
        self._last = ""
        self._last_but_one = ""
        self._joined = False
        self._fence = 0
        self._line_is_blank = True
        self.places = Places()
        self._rules: dict[str, Callable[[], bool]] = {
            "\\": self._backslash,
            "`": self._code,
            "<": self._angle,
            "&": self._entity,
            "[": self._bracket,
            "]": self._closing,
            "!": self._mark,
            "~": self._tilde,
            "\n": self._line_end,
        }

    def feed(self, piece: str) -> str:
        """Take the next piece; return what became certain."""
        self._text = self._text[self._at :] + piece
        self._at = 0
        return self._advanced()

    def finish(self) -> str:
        """Return what was held back; the text is complete."""
        self._final = True
        return self._advanced()

    def _advanced(self) -> str:
        while self._at < len(self._text):
            left, written = len(self._text) - self._at, self._written
            if not (self._step_in_fence() if self._fence else self._step()):
                break
            self.places.changed(left - (len(self._text) - self._at), self._written - written)
        shown = "".join(self._shown)
        self._shown = []
        return shown

    # A step decides what stands at the current place and returns True, or waits for more and returns False.

    def _step(self) -> bool:
        if self._last in ("", "\n"):
            opened = self._fence_opening()
            if opened is not None:
                return opened
        plain = _PLAIN.match(self._text, self._at)
        if plain is not None:
            return self._write(plain.group(), len(plain.group()))
        return self._rules[self._text[self._at]]()

    def _fence_opening(self) -> bool | None:
        """Open a fence at the start of a line, or wait; None where none begins. Indents are dropped."""
        match = _FENCE.match(self._text, self._at, self._at + _MAX_INFO)
        if match is None:
            rest = self._text[self._at : self._at + _MAX_INFO]
            waits = len(rest) < _MAX_INFO and not self._final and _FENCE_START.match(rest)
            return False if waits else None
        self._fence = len(match[1])
        info = _INFO.match(match[2].strip())
        return self._raw(f"{match[1]}{info.group() if info else ''}\n", len(match.group()))

    def _step_in_fence(self) -> bool:
        end = self._text.find("\n", self._at)
        line = self._text[self._at : end if end >= 0 else len(self._text)]
        if self._last == "\n":
            closing = _FENCE_END.fullmatch(line)
            if (
                end < 0
                and not self._final
                and _FENCE_END_START.match(line)
                and len(line) < _MAX_INFO
            ):
                return False
            if closing and len(closing[1]) >= self._fence and len(line) < _MAX_INFO:
                self._fence = 0
                return self._raw(closing[1], len(line))
        return self._raw(line or "\n", len(line) or 1)

    def _backslash(self) -> bool:
        following = self._text[self._at + 1 : self._at + 2]
        if not following and not self._final:
            return False
        if following not in _SIGNS:
            return self._write("\\", 1)
        # What it escaped is read as if it were not: what stays must be harmless without it.
        return self._drop(1)

    def _code(self) -> bool:
        ticks = _match(_TICKS, self._text, self._at)
        if self._at + len(ticks) == len(self._text) and not self._final:
            return False
        start = self._at + len(ticks)
        limit = min(len(self._text), start + _MAX_CODE)
        line_end = self._text.find("\n", start, limit)
        stop = line_end if line_end >= 0 else limit
        for closing in _TICKS.finditer(self._text, start, stop):
            if closing.end() == len(self._text) and not self._final:
                return False
            if len(closing.group()) == len(ticks):
                inside = self._text[start : closing.start()]
                if "|" in inside:  # a table cuts cells before it reads code
                    inside = _OPENS_TAG.sub("‹", inside)
                return self._write(f"{ticks}{inside}{ticks}", closing.end() - self._at)
        if line_end < 0 and limit - start < _MAX_CODE and not self._final:
            return False
        # A lone backtick would pair with another one, lines below, and lay bare what was taken for code.
        return self._write("'" * len(ticks), len(ticks))

    def _angle(self) -> bool:
        rest = self._text[self._at : self._at + 4]
        following = rest[1:2]
        if not following and not self._final:
            return False
        if not following or following in " \n\t=-0123456789":
            return self._write(f"<{following}", 1 + len(following))
        if not _OPENS_TAG.match(rest):
            return self._write("‹", 1)
        if "<!--".startswith(rest) and len(rest) < 4 and not self._final:
            return False
        return self._comment() if rest == "<!--" else self._tag()

    def _comment(self) -> bool:
        end = self._text.find("-->", self._at + 4, self._at + _MAX_COMMENT)
        if end >= 0:
            return self._drop(end + 3 - self._at)
        if len(self._text) - self._at < _MAX_COMMENT and not self._final:
            return False
        return self._write("‹", 1)

    def _tag(self) -> bool:
        limit = min(len(self._text), self._at + _MAX_TAG)
        end = _TAG_END.search(self._text, self._at + 1, limit)
        if end is None and limit - self._at < _MAX_TAG and not self._final:
            return False
        if end is None or end.group() != ">":
            return self._write("‹", 1)
        inside = self._text[self._at + 1 : end.start()]
        length = end.end() - self._at
        name = _TAG_NAME.match(inside)
        if name is not None and name[1].lower() in _HTML_NAMES:
            return self._drop(length, " " if name[1].lower() in _BLANK_FOR else "")
        if _AUTOLINK.fullmatch(inside):
            return self._drop(length, inside)
        # A placeholder such as <your-name> is something to read.
        self._write("‹", 0)
        return self._drop(length, f"{inside}›", joins=False)

    def _entity(self) -> bool:
        rest = self._text[self._at : self._at + 40]
        match = _ENTITY.match(rest)
        if match is None:
            if _ENTITY_START.match(rest) and not self._final:
                return False
            return self._write("&", 1)
        read = html.unescape(match.group())
        if read in ("<", ">"):
            return self._write("‹" if read == "<" else "›", len(match.group()))
        if read == match.group():
            return self._write("&", 1)
        return self._drop(len(match.group()), visible(read).replace("\r", ""))

    def _mark(self) -> bool:
        following = self._text[self._at + 1 : self._at + 2]
        if not following and not self._final:
            return False
        if following != "[":
            return self._write("!", 1)
        return self._bracket(image=True)

    def _bracket(self, *, image: bool = False) -> bool:
        start = self._at + 1 + image
        label = _match(_LABEL, self._text, start, start + _MAX_LABEL + 1)
        after = start + len(label) + 1
        if after >= len(self._text) and len(label) <= _MAX_LABEL and not self._final:
            # Its end, or what follows its end, has not arrived.
            return False
        if len(label) > _MAX_LABEL or self._text[after - 1 : after] != "]":
            return self._write("!" if image else "[", 1)
        end = self._after_label(after)
        if end is None:
            return False
        if end == after and not image:
            return self._write("[", 1)
        target = self._text[after + 1 : end - 1].strip().partition(" ")[0].strip("<>")
        if not image and target in self._allowed and self._text[after] == "(":
            words = "".join(sign for sign in label if sign not in "<>`\\&!").strip()
            return self._write(f"[{words or target}]({target})", end - self._at)
        return self._drop(end - self._at, "" if self._text[after : after + 1] == ":" else label)

    def _after_label(self, after: int) -> int | None:
        """Return where the target, reference or definition behind a label ends; `after` for none, None to wait."""
        following = self._text[after : after + 1]
        if following == "(":
            return self._ended(_TARGET, after, _MAX_TARGET)
        if following == "[":
            return self._ended(_REFERENCE, after, _MAX_LABEL)
        if following == ":" and self._line_is_blank:
            stop = self._text.find("\n", after, after + _MAX_TARGET)
            if stop < 0 and len(self._text) - after < _MAX_TARGET and not self._final:
                return None
            defined = _DEFINITION.match(self._text, after, stop if stop >= 0 else len(self._text))
            if defined:
                return stop if stop >= 0 else min(len(self._text), after + _MAX_TARGET)
        return after

    def _ended(self, pattern: re.Pattern[str], start: int, most: int) -> int | None:
        """Return where a bracket that opens at `start` ends on its line; `start` if it does not, None to wait."""
        limit = start + most
        stop = self._text.find("\n", start, limit)
        if (match := pattern.match(self._text, start, limit if stop < 0 else stop)) is not None:
            return match.end()
        waits = stop < 0 and len(self._text) < limit and not self._final
        return None if waits else start

    def _closing(self) -> bool:
        after = self._at + 1
        if after == len(self._text) and not self._final:
            return False
        if self._text[after : after + 1] == "(":
            end = self._ended(_TARGET, after, _MAX_TARGET)
            if end is None:
                return False
            return self._write("]", end - self._at)
        return self._write("]", 1)

    def _tilde(self) -> bool:
        # Three of them would open a fence that is none here.
        if self._last == self._last_but_one == "~":
            return self._drop(1)
        return self._write("~", 1)

    def _line_end(self) -> bool:
        return self._write("\n", 1)

    def _drop(self, length: int, instead: str = "", *, joins: bool = True) -> bool:
        """Pass over so many characters and read `instead` in their place."""
        self._joined = self._joined or joins
        self._text = instead + self._text[self._at + length :]
        self._at = 0
        return True

    def _write(self, text: str, length: int) -> bool:
        """Write text for the next `length` characters, parted from what it would become one construct with."""
        if self._parts_from(text[0]):
            text = f" {text}"
        return self._raw(text, length)

    def _raw(self, text: str, length: int) -> bool:
        self._shown.append(text)
        self._written += len(text)
        self._last_but_one = text[-2] if len(text) > 1 else self._last
        self._last = text[-1]
        self._joined = False
        line = text[text.rfind("\n") + 1 :]
        self._line_is_blank = not line.strip(" \t>") and (self._line_is_blank or "\n" in text)
        self._at += length
        return True

    def _parts_from(self, following: str) -> bool:
        last = self._last
        if (last == "]" and following in "(:") or (last == "!" and following == "["):
            return True
        if last == following == "`":
            return True
        # Letters that a removed tag parted: `htt<b>ps:`, `&l<b>t;`.
        return self._joined and bool(_LEFT_HALF.match(last)) and bool(_RIGHT_HALF.match(following))


def _match(pattern: re.Pattern[str], text: str, start: int, end: int | None = None) -> str:
    found = pattern.match(text, start, len(text) if end is None else end)
    return found.group() if found else ""
