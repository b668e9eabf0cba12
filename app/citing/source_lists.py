r"""Leaves out the lists of sources that models put under an answer: the citations say the same, and can be opened.

"… 26 days [1].\n\nSources:\n[1] Leave policy\n"  ->  "… 26 days [1].\n\n"
"""

import re

_MAX_HEADING = 40
_MARK_CHARS = 24
_ONE_WORD = re.compile(r"[\W_]{0,6}[^\W\d_]{0,14}[\W_]{0,6}\Z")
_HEADING = re.compile(
    r"[\W_]{0,6}(?:sources?|references?|citations?|footnotes?|quellen|fuentes|referencias|références)[\W_]{0,6}",
    re.IGNORECASE,
)
_ENTRY = re.compile(
    r"[ \t]{0,8}(?:[-*+•][ \t]{1,3})?(?:\*\*)?(?:\[\^?\d{1,3}\]|【\d{1,3}】|\(\d{1,3}\)|\d{1,3}[.):][ \t])"
)
_FOOTNOTE = re.compile(r"[ \t]{0,3}\[\^?\d{1,3}\]:")


class SourceListFilter:
    """Filters one text that comes in pieces, however it is cut; holds back the beginning of a line at most."""

    def __init__(self) -> None:
        self._text = ""
        self._final = False
        self._heading = ""
        self._in_list = False
        self._at_line_start = True
        self._skipping = False

    def feed(self, piece: str) -> str:
        """Take the next piece; return what became certain."""
        self._text += piece
        shown: list[str] = []
        while self._text:
            taken = self._next()
            if taken is None:
                break
            shown.append(taken)
        return "".join(shown)

    def finish(self) -> str:
        """Return what was held back; a heading that nothing follows is dropped."""
        self._final = True
        return self.feed("")

    def _next(self) -> str | None:
        """Return what is shown of the next stretch; None to wait for more."""
        line, ended, _ = self._text.partition("\n")
        if self._at_line_start and not self._skipping:
            if self._undecided(line, complete=bool(ended) or self._final):
                return None
            if self._is_dropped(line, complete=bool(ended) or self._final):
                self._skipping = True
        stretch = line + ended
        self._text = self._text[len(stretch) :]
        self._at_line_start = bool(ended)
        if self._skipping:
            self._skipping = not ended
            return ""
        heading, self._heading = self._heading, ""
        return heading + stretch

    def _undecided(self, line: str, *, complete: bool) -> bool:
        if complete:
            return False
        marks = len(line) < _MARK_CHARS and (
            bool(self._heading) or self._in_list or not line.strip()
        )
        short = len(line) < _MAX_HEADING and _ONE_WORD.match(line) is not None
        return marks or short or (len(line) < _MARK_CHARS and line.lstrip()[:1] == "[")

    def _is_dropped(self, line: str, *, complete: bool) -> bool:
        if self._heading or self._in_list:
            if not line.strip():
                self._heading += "\n" if self._heading else ""
                return True
            self._in_list = _ENTRY.match(line) is not None
            if self._in_list:
                self._heading = ""
                return True
        if complete and len(line) <= _MAX_HEADING and _HEADING.fullmatch(line):
            self._heading += f"{line}\n"
            return True
        return _FOOTNOTE.match(line) is not None
