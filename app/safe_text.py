"""Makes text that a model wrote safe to show, the same while it streams and when it is shown again.

    pieces -> visible characters -> markup (tags, images, links, code) -> addresses -> safe text

The safe text is an answer's stored text: readable as it is, and harmless as Markdown. In it there is no `<` that
a tag could start with, no image, no link and no address but those that are allowed, no definition of a reference,
and no backtick that is not part of code on its own line or of a fence. What has only half arrived is held back, so
that every text that was shown is the beginning of the final one. A face adds its own escaping and nothing else:
`html_text` and `streamlit_text` are two of these.

Written against CommonMark and GFM. No parser is used: it would read the whole text again at every piece, and what
it does not know of (another dialect) it would let through.
"""

import html
import re
import string
from collections.abc import Collection, Sequence
from urllib.parse import urlsplit

from app.safe_markup import MarkupFilter
from app.text_places import Places
from core.answers import Passage
from core.hidden_characters import visible

LINK_REMOVED = "‹link removed›"

_HIDDEN = re.compile(
    "[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f"
    "\u202a-\u202e\u2060-\u206f\u3164\ud800-\udfff\ue000-\uf8ff\ufdd0-\ufdef\ufe00-\ufe0f\ufeff\uffa0\ufff0-\uffff"
    "\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U0010ffff]+"
)
_MAX_HIDDEN_RUN = 16
_ALWAYS_GONE = re.compile(
    "[\ue000-\uf8ff\ufdd0-\ufdef\uffff\ufffe\r\v\f\x1c-\x1f\x85\U000f0000-\U0010ffff]"
)
_LINE_ENDS = {0x2028: "\n", 0x2029: "\n"}

_RUN = re.compile(r"[A-Za-z0-9\-._~:/?#@!$&*+,;=%]+")
_MAX_RUN = 512
_MAYBE_ADDRESS = re.compile(r"//|www|script:|data:|file:|to:|xmpp:|\.[A-Za-z]{2}", re.IGNORECASE)
_ADDRESS = re.compile(
    # `;` is where `&colon;` ends; any scheme, because other programs open them too.
    r"(?:[a-z][a-z0-9+.\-]{0,31})?[:;]//|(?<![a-z0-9])www\d{0,3}\.|(?:java|vb)script:\S|data:\w{1,32}/|file:/"
    r"|(?<![\w@.\-])(?:[a-z0-9\-]{1,63}\.){1,8}(?P<ending>[a-z]{2,24})"
    r"(?P<rest>(?::\d{2,5})?/[^/]|(?::\d{2,5})?/?\?\w)",
    re.IGNORECASE,
)
# `Node.js/React` and `setup.py/setup.cfg` are words; chat programs make links of nearly everything else.
# fmt: off
FILE_ENDINGS = frozenset((
    "cfg", "css", "csv", "doc", "docx", "go", "html", "ini", "java", "js", "json", "jsx", "md", "net", "pdf",
    "php", "py", "rb", "rs", "sh", "sql", "toml", "ts", "tsx", "txt", "xml", "yaml", "yml",
))
# fmt: on
_SCHEME_OF_PEOPLE = re.compile(r"(?:mailto|xmpp|tel|sms):(?=\S)", re.IGNORECASE)
_TRAILING = re.compile(r"[.,:;!?*_~]+$")
_MAX_CLOSING = 6
_CLOSING = re.compile(r"[)\]}\"'»”’]{0,3}[.,;:!?]{0,3}(?:\s|\Z)")
_LINKABLE = re.compile(r"https?://[A-Za-z0-9\-._~:/?#@!$&*+,;=%]{1,480}", re.IGNORECASE)

# Punctuation that neither Markdown nor Streamlit's directives, icons and arrows give a meaning to.
_HARMLESS = frozenset(" ,;'\"()?%")
WORD_JOINER = "\u2060"


def sanitise(text: str, allowed: Collection[str] = ()) -> str:
    """Return a whole text as it is safe to show; links stay if their address is in `allowed`."""
    sanitiser = StreamingSanitiser(allowed)
    return sanitiser.feed(text) + sanitiser.finish()


def allowed_addresses(passages: Sequence[Passage], hosts: Collection[str]) -> frozenset[str]:
    """Return the web addresses that an answer may link: those in its passages, on the operator's hosts.

    `hosts` has names like `wiki.example.org`, or `*.example.org` for everything below it. A model cannot add
    anything to an address: an allowed host that forwards to others would carry it out (EchoLeak, CVE-2025-32711).
    """
    if not hosts:
        return frozenset()
    found = (
        _TRAILING.sub("", match.group())
        for passage in passages
        for match in _LINKABLE.finditer(passage.text)
    )
    return frozenset(address for address in found if is_on_hosts(address, hosts))


def is_on_hosts(address: str, hosts: Collection[str]) -> bool:
    """Whether a web address has one of the operator's hosts, no name in front of it and an ordinary port."""
    names = {host.strip().casefold() for host in hosts}
    try:
        parts = urlsplit(address)
        name = (parts.hostname or "").casefold()
        if parts.scheme.lower() not in ("http", "https") or "@" in parts.netloc:
            return False
        if parts.port not in (None, 80, 443):
            return False
    except ValueError:
        return False
    above = name.split(".")
    wider = {f"*.{'.'.join(above[place:])}" for place in range(1, len(above))}
    return bool(name) and (name in names or not wider.isdisjoint(names))


class StreamingSanitiser:
    """Sanitises one text that arrives in pieces, however it is cut; used once.

    All that `feed` returns, and then `finish`, is `sanitise` of the whole text. Takes linear time and holds back
    at most some 2,000 characters.
    """

    def __init__(self, allowed: Collection[str] = ()) -> None:
        self._visible = VisibleFilter()
        self._markup = MarkupFilter(frozenset(allowed))
        self._addresses = _AddressFilter(frozenset(allowed))

    def feed(self, piece: str) -> str:
        """Take the next piece; return what became safe to show, after everything returned before."""
        return self._addresses.feed(self._markup.feed(self._visible.feed(piece)))

    def finish(self) -> str:
        """Return what was still held back; the text is complete."""
        marked = self._markup.feed(self._visible.finish()) + self._markup.finish()
        return self._addresses.feed(marked) + self._addresses.finish()

    def place(self, offset: int) -> int:
        """Return where a character of the visible text that was fed has come to stand in the safe text."""
        return self._addresses.places.moved(self._markup.places.moved(offset))


class VisibleFilter:
    """Leaves out the characters that no reader sees, and makes all line ends the same; holds such runs back."""

    def __init__(self) -> None:
        self._before = ""
        self._run = ""

    def feed(self, piece: str) -> str:
        """Return the visible part of the next piece, with the run that was held back before it."""
        if not self._run and _HIDDEN.search(piece) is None:
            self._before = piece[-1:] or self._before
            return piece.translate(_LINE_ENDS)
        shown: list[str] = []
        position = 0
        for match in _HIDDEN.finditer(piece):
            shown.append(self._seen(piece[position : match.start()]))
            self._run = (self._run + match.group())[:_MAX_HIDDEN_RUN]
            position = match.end()
        shown.append(self._seen(piece[position:]))
        return "".join(shown).translate(_LINE_ENDS)

    def _seen(self, text: str) -> str:
        if not text:
            return ""
        text = self._settled(text[0]) + text
        self._before = text[-1]
        return text

    def finish(self) -> str:
        """Return what is visible of a run at the very end."""
        return self._settled("")

    def _settled(self, after: str) -> str:
        run, self._run = _ALWAYS_GONE.sub("", self._run), ""
        if not run:
            return ""
        before = self._before
        around = visible(before + run + after)
        return around[len(before) : len(around) - len(after)]


class _AddressFilter:
    """Leaves out the addresses that are not allowed; holds back the last word, which may become one."""

    def __init__(self, allowed: frozenset[str]) -> None:
        self._allowed = allowed
        self._held = ""
        self._before = ""
        self.places = Places()

    def feed(self, piece: str) -> str:
        return self._taken(piece, final=False)

    def finish(self) -> str:
        return self._taken("", final=True)

    def _taken(self, piece: str, *, final: bool) -> str:
        text = self._held + piece
        shown: list[str] = []
        position = 0
        while position < len(text):
            run = _RUN.search(text, position, len(text))
            start = run.start() if run else len(text)
            shown.append(text[position:start])
            self.places.same(start - position)
            position = start
            if run is None:
                break
            end = min(run.end(), start + _MAX_RUN)
            if end == len(text) and end - start < _MAX_RUN and not final:
                break
            word = text[start:end]
            safe = self._without_address(word)
            # A word of 512 characters is no prose: cut, so that an address across the cut is none.
            gap = " " if end - start == _MAX_RUN else ""
            if "://" in safe and not self._is_target(shown):
                behind = text[end : end + _MAX_CLOSING + 1]
                if len(behind) <= _MAX_CLOSING and not re.search(r"\s", behind) and not final:
                    break
                # GFM reads on up to the next blank: whatever stood there would be added to the address.
                gap = "" if _CLOSING.match(behind) else " "
            shown.append(safe + gap)
            self.places.changed(len(word), len(safe + gap))
            position = end
        self._held = text[position:]
        self._before = (self._before + "".join(shown))[-2:]
        return "".join(shown)

    def _is_target(self, shown: Sequence[str]) -> bool:
        """Whether what comes is the target of a link, which ends with its bracket."""
        return (self._before + "".join(shown[-3:]))[-2:] == "]("

    def _without_address(self, word: str) -> str:
        if _MAYBE_ADDRESS.search(word) is None:
            return word
        word = _SCHEME_OF_PEOPLE.sub("", word)
        for match in _ADDRESS.finditer(word):
            ending, rest = match["ending"], match["rest"]
            if ending and ending.lower() in FILE_ENDINGS and "?" not in rest:
                continue
            address = word[match.start() :]
            trailing = _TRAILING.search(address)
            behind = trailing.group() if trailing else ""
            if address.removesuffix(behind) in self._allowed:
                return word
            return word[: match.start()] + LINK_REMOVED + behind
        return word


def html_text(text: str) -> str:
    """Return what shows exactly this text inside an HTML element or a quoted attribute."""
    return html.escape(text)


def streamlit_text(line: str) -> str:
    """Return what shows exactly this line wherever Streamlit reads Markdown: labels, tooltips, `st.markdown`.

    Backslashes stop Markdown and formulas (`$x$`); what Streamlit looks for after Markdown (`:material/x:`,
    `:red[x]`, `->`, bare links) is broken by an invisible word joiner in front of each sign.
    """
    return "".join(
        f"{WORD_JOINER}\\{sign}" if sign in string.punctuation and sign not in _HARMLESS else sign
        for sign in line
    )
