"""Reads an answer's text as the Markdown that it is, for drawing; every drawn character keeps its place.

    text -> blocks (paragraphs, lists, tables …) -> runs of characters, each a slice of the text

What is not in a run is markup: `**`, the bars of a table, the address of a link. That is checked for every text: one
that cannot be told apart like that, or where words would get lost, is drawn as it is written. Claims and flags are
spans of the text, so a place that is off by one would put a verdict on the wrong words.

Left as text on purpose: tags, images, entities, references, bare addresses (see `app.safe_text`), indented code and
underlined headings, which people write by accident.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Literal
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.token import Token

BlockKind = Literal[
    "paragraph", "line", "heading", "bullets", "numbers", "item", "quote", "code", "table", "row", "rule",
    "cell", "head",
]  # fmt: skip
Style = Literal["strong", "em", "strike", "code"]

_OPENING: dict[str, BlockKind] = {
    "bullet_list_open": "bullets",
    "ordered_list_open": "numbers",
    "list_item_open": "item",
    "blockquote_open": "quote",
    "heading_open": "heading",
    "paragraph_open": "paragraph",
    "table_open": "table",
    "tr_open": "row",
    "th_open": "head",
    "td_open": "cell",
}
_TRANSPARENT = frozenset({"thead_open", "thead_close", "tbody_open", "tbody_close"})
_STYLES: dict[str, Style] = {"strong": "strong", "em": "em", "s": "strike"}
_LINK_END = re.compile(r"\]\(<?(?P<address>[^\s<>]*)>?\)")
_BREAK = re.compile(r"(?P<before>[ \t]*\\?)\n[ \t]*")
_BEFORE_ROW = re.compile(r"(?:[\s>]|[\-*+][ \t]|\d{1,9}[.)][ \t])*(?=\|)|[\s>]*")
# Between two runs: bullets, numbers, quotes' and headings' signs, table bars, fences with the name of a language.
_MARKUP = re.compile(
    r"(?:[\s*_~#>|:+\-=\\\[\]()`]|\d{1,9}[.)]|(?<=`)[\w+#.\-]{1,30}|(?<=\]\()[^\s]*(?=\)))*"
)


@dataclass(frozen=True, slots=True)
class Run:
    """Characters that are drawn: `text` stands at `start` in the answer's text; `href` is that of their link."""

    start: int
    text: str
    styles: tuple[Style, ...] = ()
    href: str = ""

    @property
    def end(self) -> int:
        """Where it ends, exclusive."""
        return self.start + len(self.text)


@dataclass(frozen=True, slots=True)
class Block:
    """A paragraph, list, table …; it has either runs or blocks. `line` is a paragraph without a distance around it.

    `number` is the level of a heading and the first number of a numbered list.
    """

    kind: BlockKind
    runs: tuple[Run, ...] = ()
    blocks: tuple["Block", ...] = ()
    number: int = 0


def blocks_of(text: str) -> tuple[Block, ...]:
    """Return a text's blocks; the runs in them are slices of it, in its order, and leave no word out."""
    try:
        blocks = _Reading(text).blocks()
    except _NotUnderstood:
        return _as_written(text)
    return blocks if _loses_nothing(text, runs_of(blocks)) else _as_written(text)


def runs_of(blocks: Sequence[Block]) -> Iterator[Run]:
    """Return all runs of some blocks, in the order of the text."""
    for block in blocks:
        yield from block.runs
        yield from runs_of(block.blocks)


def shown_text(text: str, start: int, end: int) -> str:
    """Return what a reader sees of a span: its characters without markup."""
    return "".join(
        run.text[max(start - run.start, 0) : max(end - run.start, 0)]
        for run in runs_of(blocks_of(text))
    )


def _as_written(text: str) -> tuple[Block, ...]:
    return (Block("paragraph", (Run(0, text),)),) if text else ()


def _loses_nothing(text: str, runs: Iterator[Run]) -> bool:
    position = 0
    for run in runs:
        if run.start < position or text[run.start : run.end] != run.text:
            return False
        if _MARKUP.fullmatch(text, position, run.start) is None:
            return False
        position = run.end
    return _MARKUP.fullmatch(text, position) is not None


class _NotUnderstood(Exception):
    """The tokens of a text could not be found again in it."""


class _Reading:
    """Walks through the tokens of one text, and through the text beside them."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._lines = _lines(text)
        # The parser would make one character of two, and so move every place behind them.
        self._tokens = _parser().parse(text.replace("\r", " ").replace("\0", " "))
        self._at = 0

    def blocks(self) -> tuple[Block, ...]:
        found: list[Block] = []
        while self._at < len(self._tokens):
            token = self._tokens[self._at]
            self._at += 1
            if token.nesting < 0 and token.type not in _TRANSPARENT:
                break
            if token.type not in _TRANSPARENT:
                found.append(self._block(token))
        return tuple(found)

    def _block(self, token: "Token") -> Block:
        if token.type == "fence":
            return Block("code", tuple(self._code_lines(token)))
        if token.type == "hr":
            return Block("rule")
        kind = _OPENING.get(token.type)
        if kind is None:
            raise _NotUnderstood(token.type)
        if kind == "row":
            return Block("row", blocks=tuple(self._cells(token)))
        if kind in ("paragraph", "heading"):
            return self._prose("line" if token.hidden else kind, token)
        return Block(kind, blocks=self.blocks(), number=int(token.attrs.get("start", 1)))

    def _prose(self, kind: BlockKind, token: "Token") -> Block:
        inline = self._take("inline")
        self._take(token.type.replace("_open", "_close"))
        number = int(token.tag[1:]) if kind == "heading" else 0
        return Block(kind, tuple(self._inline(inline, self._places(inline))), number=number)

    def _take(self, kind: str) -> "Token":
        token = self._tokens[self._at]
        if token.type != kind:
            raise _NotUnderstood(token.type)
        self._at += 1
        return token

    def _places(self, inline: "Token") -> list[int]:
        """Return where each character of a paragraph's content stands in the text."""
        places: list[int] = []
        first, last = _span(inline)
        lines = inline.content.split("\n")
        if len(lines) > last - first:
            raise _NotUnderstood(inline.content)
        for number, line in enumerate(lines, first):
            start, written = self._lines[number]
            at = written.rstrip("\r\n").rfind(line)
            if at < 0:
                raise _NotUnderstood(line)
            places += range(start + at, start + at + len(line) + 1)
        return places

    def _code_lines(self, token: "Token") -> Iterator[Run]:
        first, _ = _span(token)
        for number, line in enumerate(token.content.splitlines(keepends=True), first + 1):
            start, written = self._lines[number]
            if not written.endswith(line):
                raise _NotUnderstood(line)
            yield Run(start + len(written) - len(line), line)

    def _cells(self, row: "Token") -> Iterator[Block]:
        start, written = self._lines[_span(row)[0]]
        before = _BEFORE_ROW.match(written)
        at = before.end() if before else 0
        while (token := self._tokens[self._at]).type != "tr_close":
            kind: BlockKind = "head" if self._take(token.type).type == "th_open" else "cell"
            inline = self._take("inline")
            self._take("th_close" if kind == "head" else "td_close")
            found = re.compile(r"[ \t]*\|?[ \t]*").match(written, at)
            begin = found.end() if found else at
            if not written.startswith(inline.content, begin):
                raise _NotUnderstood(inline.content)
            at = begin + len(inline.content)
            places = list(range(start + begin, start + at + 1))
            yield Block(kind, tuple(self._inline(inline, places)))
        self._at += 1

    def _inline(self, inline: "Token", places: list[int]) -> Iterator[Run]:
        walk = _InlineWalk(inline.content)
        for child in inline.children or ():
            for begin, end in walk.step(child):
                if begin < end:
                    at = places[begin]
                    yield Run(at, self._text[at : at + end - begin], tuple(walk.styles), walk.href)
        if walk.rest.strip():
            raise _NotUnderstood(walk.rest)


class _InlineWalk:
    """Finds the children of one inline token in its content, one after the other."""

    def __init__(self, content: str) -> None:
        self._content = content
        self._at = 0
        self.styles: list[Style] = []
        self.href = ""
        self._code = False

    @property
    def rest(self) -> str:
        """What no child stood for yet."""
        return self._content[self._at :]

    def step(self, child: "Token") -> Iterator[tuple[int, int]]:
        """Pass one child; yields the span of content that it shows, while `styles` and `href` are its own."""
        name, _, edge = child.type.rpartition("_")
        if name in _STYLES and edge in ("open", "close"):
            self._pass(child.markup)
            self._switch(_STYLES[name], edge == "open")
        elif child.type in _STEPS:
            yield from _STEPS[child.type](self, child)
        else:
            raise _NotUnderstood(child.type)

    def _switch(self, style: Style, is_on: bool) -> None:
        if is_on:
            self.styles.append(style)
        else:
            self.styles.remove(style)

    def _pass(self, written: str) -> int:
        if not self._content.startswith(written, self._at):
            raise _NotUnderstood(written)
        self._at += len(written)
        return self._at

    def _text_step(self, child: "Token") -> Iterator[tuple[int, int]]:
        begin = self._at
        yield begin, self._pass(child.content)

    def _special_step(self, child: "Token") -> Iterator[tuple[int, int]]:
        end = self._pass(child.markup)
        yield end - len(child.content), end

    def _break_step(self, child: "Token") -> Iterator[tuple[int, int]]:
        del child
        found = _BREAK.match(self._content, self._at)
        if found is None:
            raise _NotUnderstood("break")
        self._at = found.end()
        yield found.end("before"), found.end("before") + 1

    def _code_step(self, child: "Token") -> Iterator[tuple[int, int]]:
        begin = self._pass(child.markup)
        closing = re.compile(f"(?<!`){child.markup}(?!`)").search(self._content, begin)
        if closing is None:
            raise _NotUnderstood("code")
        inside = self._content[begin : closing.start()].replace("\n", " ")
        begin += (len(inside) - len(child.content)) // 2
        self._at = closing.end()
        self.styles.append("code")
        yield begin, begin + len(child.content)
        self.styles.remove("code")

    def _link_step(self, child: "Token") -> Iterator[tuple[int, int]]:
        if child.type == "link_open":
            # What was meant as an image is not even a link.
            is_image = self._content[max(self._at - 1, 0) : self._at] == "!"
            self._pass("[")
            self.href = "" if is_image else str(child.attrs.get("href", ""))
        else:
            found = _LINK_END.match(self._content, self._at)
            if found is None:
                raise _NotUnderstood("link")
            self._at = found.end()
            self.href = ""
        yield from ()


_STEPS: dict[str, Callable[[_InlineWalk, "Token"], Iterator[tuple[int, int]]]] = {
    "text": _InlineWalk._text_step,
    "text_special": _InlineWalk._special_step,
    "softbreak": _InlineWalk._break_step,
    "hardbreak": _InlineWalk._break_step,
    "code_inline": _InlineWalk._code_step,
    "link_open": _InlineWalk._link_step,
    "link_close": _InlineWalk._link_step,
}


def _span(token: "Token") -> tuple[int, int]:
    if token.map is None:
        raise _NotUnderstood(token.type)
    return token.map[0], token.map[1]


def _lines(text: str) -> list[tuple[int, str]]:
    """Return the lines with where they start; only a line feed ends one, as for the parser."""
    lines: list[tuple[int, str]] = []
    start = 0
    for line in text.split("\n"):
        lines.append((start, f"{line}\n"))
        start += len(line) + 1
    return lines


def _is_web_address(address: str) -> bool:
    try:
        parts = urlsplit(address)
    except ValueError:
        return False
    return parts.scheme.lower() in ("http", "https") and bool(parts.hostname)


def _unchanged(address: str) -> str:
    return address


@cache
def _parser() -> "MarkdownIt":
    from markdown_it import MarkdownIt

    parser = MarkdownIt("commonmark", {"html": False}).enable(["table", "strikethrough"])
    parser.disable(
        [
            "code",
            "lheading",
            "reference",
            "html_block",
            "html_inline",
            "image",
            "autolink",
            "entity",
        ]
    )
    # Escaped signs stay tokens of their own, which say how they were written.
    parser.disable(["text_join"])
    parser.validateLink = _is_web_address  # type: ignore[method-assign,assignment]
    parser.normalizeLink = _unchanged  # type: ignore[method-assign,assignment]
    return parser
