"""RTF documents: paragraphs, headings, lists, tables and notes, from a reader of its own.

striprtf gives one plain text: what is a heading, a list item or a table is not in it.

    tokens ──▶ groups (each with the state that it was opened with) ──▶ paragraphs ──▶ elements
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace

from core.documents import ParsedDocument
from core.errors import ParseError
from ingest.parsers.canonical import CanonicalWriter
from ingest.parsers.office_container import metadata
from ingest.parsers.office_tables import write_table
from ingest.parsers.rtf_tokens import RtfToken, tokens

_MAX_DEPTH = 2_000  # of groups in groups; Word itself stops at some dozens
_NO_LEVEL = 9
_SKIPPED = frozenset({
    "colortbl", "filetbl", "pict", "header", "headerl", "headerr", "headerf", "footer", "footerl",
    "footerr", "footerf", "fldinst", "nonshppict", "object", "objdata", "objclass", "sp", "listtable",
    "listoverridetable", "revtbl", "rsidtbl", "generator", "xmlnstbl", "themedata",
    "colorschememapping", "latentstyles", "datastore", "datafield", "annotation", "atnid", "atnauthor",
    "atntime", "atndate", "atnref", "atnicn", "atnparent", "tc", "xe", "pn", "pntext", "listtext",
    "pnseclvl", "ftnsep", "ftnsepc", "ftncn", "aftnsep", "aftnsepc", "aftncn", "mmathPr", "template",
    "passwordhash", "wgrffmtfilter", "do", "bkmkstart", "bkmkend", "userprops", "docvar", "formfield",
    "background", "nonesttables", "falt", "panose", "comment", "keycode", "blipuid",
})  # fmt: skip
"""Destinations whose text no reader of the document sees, or that stand beside the same in a better form."""
_READ_ALTHOUGH_STARRED = frozenset({"shpinst", "shppict", "ud", "fldrslt", "aftn"})
_INFO = frozenset({"title", "author", "creatim", "revtim"})
_CHARACTERS = {
    "tab": "\t", "line": "\n", "lbr": "\n", "softline": "\n", "emdash": "—", "endash": "–", "bullet": "•",
    "lquote": "‘", "rquote": "’", "ldblquote": "“", "rdblquote": "”", "emspace": " ", "enspace": " ",
    "qmspace": " ", "column": "\n",
}  # fmt: skip
_SYMBOLS = {"~": " ", "_": "-", "\\": "\\", "{": "{", "}": "}", "\t": "\t"}
_CHARSETS = {
    0: "cp1252", 77: "mac_roman", 128: "cp932", 129: "cp949", 130: "johab", 134: "cp936", 136: "cp950",
    161: "cp1253", 162: "cp1254", 163: "cp1258", 177: "cp1255", 178: "cp1256", 186: "cp1257", 204: "cp1251",
    222: "cp874", 238: "cp1250", 254: "cp437", 255: "cp850",
}  # fmt: skip


def parse_rtf(content: bytes, uri: str) -> ParsedDocument:
    """Parse an RTF document: headings by style or outline level, list items, tables row by row, notes last.

    Of fields only the results are kept. Deleted and hidden text, running headers and comments are
    left out.

    Raises:
        ParseError: `corrupt`, for what does not begin like RTF or is nested too deeply.
    """
    start = content.find(b"{\\rtf", 0, 1024)
    if start < 0:
        raise ParseError("corrupt", "the file does not begin like an RTF document")
    reader = _RtfReader()
    reader.read(content[start:].decode("latin-1"))
    said = reader.said
    document = reader.writer.document(uri, said.get("title", ""))
    return replace(
        document,
        metadata=metadata(said.get("author", ""), said.get("creatim", ""), said.get("revtim", "")),
    )


@dataclass(slots=True)
class _Paragraph:
    """The properties of the current paragraph, kept until the next reset or change."""

    level: int = 0
    in_table: bool = False
    in_list: bool = False


@dataclass(slots=True)
class _State:
    """What a group inherits from the one around it and gives back at its end."""

    target: str = "body"
    is_hidden: bool = False
    font: int = -1
    fallback_chars: int = 1
    is_fresh: bool = True  # nothing but its opening has been read of this group
    is_starred: bool = False


@dataclass(slots=True)
class _Story:
    """A run of paragraphs that is being collected: the body, or one note or text box."""

    parts: list[str] = field(default_factory=list)
    cell: list[str] = field(default_factory=list)
    row: list[str] = field(default_factory=list)
    rows: list[list[str]] = field(default_factory=list)
    has_names: bool = False


class _RtfReader:
    """Reads the tokens of one document into elements."""

    def __init__(self) -> None:
        self.writer = CanonicalWriter()
        self.said: dict[str, str] = {}
        self._states = [_State()]
        self._paragraph = _Paragraph()
        self._story = _Story()
        self._outer: list[tuple[int, _Story, _Paragraph]] = []
        self._notes: list[str] = []
        self._bytes = bytearray()
        self._skip_chars = 0
        self._high = ""
        self._codepage = "cp1252"
        self._fonts: dict[int, str] = {}
        self._default_font = 0
        self._levels: dict[int, int] = {}
        self._style = 0
        self._table_font = 0
        self._dates: dict[str, int] = {}
        self._words = self._word_handlers()

    def read(self, source: str) -> None:
        handlers: dict[str, Callable[[RtfToken], None]] = {
            "open": lambda _: self._open(),
            "close": lambda _: self._close(),
            "word": self._word,
            "symbol": self._symbol,
            "byte": lambda token: self._byte(bytes.fromhex(token.text)),
            "text": lambda token: self._byte(token.text.encode("latin-1")),
        }
        for token in tokens(source):
            handlers[token.kind](token)
            if not self._states:
                break  # what stands behind the last group is no part of the document
        self._flush()
        while self._outer:
            self._leave_story()
        self._end_paragraph()
        self._end_table()
        for note in self._notes:
            self.writer.add("text", note)

    def _open(self) -> None:
        self._flush()
        if len(self._states) > _MAX_DEPTH:
            raise ParseError("corrupt", "the RTF is nested too deeply")
        above = self._states[-1]
        # Written out: dataclasses.replace takes four times as long, and groups are most of some files.
        self._states.append(_State(above.target, above.is_hidden, above.font, above.fallback_chars))

    def _close(self) -> None:
        self._flush()
        closed = self._states.pop()
        if not self._states:
            return
        if closed.target in ("creatim", "revtim") and self._states[-1].target != closed.target:
            self._keep_date(closed.target)
        if self._outer and len(self._states) == self._outer[-1][0]:
            self._leave_story()
        if len(self._states) == 1:
            self._states.pop()

    def _word(self, token: RtfToken) -> None:
        state = self._states[-1]
        word, number = token.text, token.number
        if word == "u" and number is not None:
            self._unicode(number % 65536)
            return
        self._flush()
        if state.is_fresh and self._is_destination(word, state):
            return
        state.is_fresh = False
        if state.target in ("creatim", "revtim") and number is not None:
            self._dates[word] = number
        elif state.target in ("fonttbl", "stylesheet"):
            self._table_word(word, number)
        elif word in _CHARACTERS:
            self._add(_CHARACTERS[word])
        elif handler := self._words.get(word):
            handler(number)

    def _is_destination(self, word: str, state: _State) -> bool:
        """Enter the destination that a group is for; say whether the word was one."""
        if state.target == "skip":
            return True
        if word in _INFO and state.target == "info":
            # Word names the author, LibreOffice also who changed the document last: the first one counts.
            state.target = "skip" if word in self.said else word
        elif word in ("fonttbl", "stylesheet", "info"):
            state.target = word
        elif word in ("footnote", "shptxt"):
            self._enter_story()
        elif word in ("listtext", "pntext"):
            self._paragraph.in_list, state.target = True, "skip"
        elif word in _SKIPPED or (
            state.is_starred and word not in _READ_ALTHOUGH_STARRED and state.target != "stylesheet"
        ):
            state.target = "skip"
        elif word == "upr":  # its second form, in Unicode, is the one to read
            state.target = "upr"
        elif word == "ud":
            state.target = self._states[-3].target if len(self._states) > 2 else "body"
        else:
            return False
        state.is_fresh = False
        return True

    def _word_handlers(self) -> dict[str, Callable[[int | None], None]]:
        handlers: dict[str, Callable[[int | None], None]] = {
            "par": lambda _: self._end_paragraph(),
            "sect": lambda _: self._end_paragraph(),
            "page": lambda _: self._end_paragraph(),
            "cell": lambda _: self._end_cell(),
            "nestcell": lambda _: self._add(" "),
            "nestrow": lambda _: self._add("\n"),
            "row": lambda _: self._end_row(),
            "trhdr": lambda _: self._mark_names(),
            "pard": lambda _: self._reset_paragraph(),
            "intbl": lambda _: self._set_in_table(),
            "plain": lambda _: self._set_hidden(0),
            "v": self._set_hidden,
            "deleted": self._set_hidden,
            "uc": self._set_fallback,
            "f": self._set_font,
            "deff": self._set_default_font,
            "ansicpg": self._set_codepage,
            "mac": lambda _: self._set_codepage(10000),
            "pc": lambda _: self._set_codepage(437),
            "pca": lambda _: self._set_codepage(850),
            "s": self._set_style,
            "outlinelevel": self._set_level,
            "ls": self._set_list,
        }
        return handlers

    def _set_in_table(self) -> None:
        self._paragraph.in_table = True

    def _reset_paragraph(self) -> None:
        self._paragraph = _Paragraph()

    def _set_hidden(self, number: int | None) -> None:
        self._states[-1].is_hidden = number != 0

    def _set_fallback(self, number: int | None) -> None:
        self._states[-1].fallback_chars = min(max(number or 0, 0), 100)

    def _set_font(self, number: int | None) -> None:
        self._states[-1].font = -1 if number is None else number

    def _set_default_font(self, number: int | None) -> None:
        self._default_font = number or 0

    def _set_codepage(self, number: int | None) -> None:
        import codecs

        name = {10000: "mac_roman", 65001: "utf-8"}.get(number or 1252, f"cp{number or 1252}")
        try:
            codecs.lookup(name)
        except LookupError:
            return
        self._codepage = name

    def _set_style(self, number: int | None) -> None:
        self._paragraph.level = self._levels.get(number or 0, self._paragraph.level)

    def _set_level(self, number: int | None) -> None:
        level = _NO_LEVEL if number is None else number
        if not self._paragraph.level and 0 <= level < _NO_LEVEL:
            self._paragraph.level = level + 1

    def _set_list(self, number: int | None) -> None:
        self._paragraph.in_list = bool(number)

    def _mark_names(self) -> None:
        self._story.has_names |= not self._story.rows

    def _table_word(self, word: str, number: int | None) -> None:
        """Read a word of the table of fonts or of styles."""
        if self._states[-1].target == "stylesheet":
            if word == "s":
                self._style = number or 0
            elif word == "outlinelevel" and number is not None and 0 <= number < _NO_LEVEL:
                self._levels.setdefault(self._style, number + 1)
        elif word == "f":
            self._table_font = number or 0
        elif word == "fcharset" and number in _CHARSETS and number:
            self._fonts[self._table_font] = _CHARSETS[number]

    def _symbol(self, token: RtfToken) -> None:
        self._flush()
        if token.text == "*":
            self._states[-1].is_starred = True
        elif token.text in "\r\n":
            self._states[-1].is_fresh = False
            if self._states[-1].target == "body":
                self._end_paragraph()
        else:
            self._states[-1].is_fresh = False
            self._add(_SYMBOLS.get(token.text, ""))

    def _byte(self, found: bytes) -> None:
        """Collect bytes: characters of some codepages have two, and each may be a token of its own."""
        skipped = min(self._skip_chars, len(found))
        self._skip_chars -= skipped
        if len(found) > skipped:
            self._states[-1].is_fresh = False
            if self._states[-1].target not in ("skip", "upr"):
                self._bytes += found[skipped:]

    def _flush(self) -> None:
        self._skip_chars = 0
        if self._bytes:
            font = self._states[-1].font if self._states else -1
            codepage = self._fonts.get(self._default_font if font < 0 else font, self._codepage)
            text = self._bytes.decode(codepage, "replace")
            self._bytes.clear()
            self._add(text)

    def _unicode(self, unit: int) -> None:
        self._flush()
        state = self._states[-1]
        state.is_fresh = False
        if 0xD800 <= unit < 0xDC00:
            self._high = chr(unit)
        elif 0xDC00 <= unit < 0xE000:
            pair = (self._high + chr(unit)).encode("utf-16-le", "surrogatepass")
            self._add(pair.decode("utf-16-le", "replace"))
            self._high = ""
        elif 0xF020 <= unit <= 0xF0FF:
            self._add("•" if unit == 0xF0B7 else "")  # signs of symbol fonts have no text
        else:
            self._add(chr(unit))
        self._skip_chars = state.fallback_chars

    def _add(self, text: str) -> None:
        state = self._states[-1] if self._states else _State()
        if state.target == "body":
            if not state.is_hidden:
                self._story.parts.append(text)
        elif state.target in ("title", "author"):
            self.said[state.target] = (self.said.get(state.target, "") + text)[:500]
        elif state.target == "stylesheet":
            self._name_style(text)

    def _name_style(self, text: str) -> None:
        name = text.strip().rstrip(";").casefold()
        if name == "title":
            self._levels[self._style] = -1
        elif name.startswith("heading ") and name[8:] in tuple("123456789"):
            self._levels[self._style] = int(name[8:])

    def _keep_date(self, name: str) -> None:
        parts = [self._dates.get(part, 0) for part in ("yr", "mo", "dy", "hr", "min")]
        self._dates = {}
        self.said[name] = "{:04}-{:02}-{:02}T{:02}:{:02}:00".format(*parts)

    def _enter_story(self) -> None:
        self._states[-1].target = "body"
        self._outer.append((len(self._states) - 1, self._story, self._paragraph))
        self._story, self._paragraph = _Story(), _Paragraph()

    def _leave_story(self) -> None:
        """Keep a note or text box for the end of the document."""
        _, outer, paragraph = self._outer.pop()
        story = self._story
        lines = [" ".join(row) for row in story.rows] + story.row + story.cell
        text = "\n".join([*lines, "".join(story.parts)]).strip()
        if text:
            self._notes.append(text)
        self._story, self._paragraph = outer, paragraph

    def _taken(self) -> str:
        text = "".join(self._story.parts).strip()
        self._story.parts = []
        return text

    def _end_paragraph(self) -> None:
        text, paragraph = self._taken(), self._paragraph
        if paragraph.in_table or self._outer:
            self._story.cell += [text] if text else []
            return
        self._end_table()
        if paragraph.level < 0:
            self.writer.add("title", text)
        elif paragraph.level:
            self.writer.add("heading", text, level=min(paragraph.level, 6))
        else:
            self.writer.add("list_item" if paragraph.in_list else "text", text)
        paragraph.in_list = paragraph.in_list and not text

    def _end_cell(self) -> None:
        text = self._taken()
        self._story.row.append(" ".join([*self._story.cell, *([text] if text else [])]))
        self._story.cell = []

    def _end_row(self) -> None:
        self._story.rows.append(self._story.row)
        self._story.row = []

    def _end_table(self) -> None:
        story = self._story
        if story.row or story.cell:
            story.rows.append(story.row + story.cell)
        if story.rows:
            write_table(self.writer, story.rows, has_names=story.has_names)
        story.row, story.cell, story.rows, story.has_names = [], [], [], False
