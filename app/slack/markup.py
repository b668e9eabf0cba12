"""Text on its way to Slack, and from it: what somebody else wrote never becomes a mention, a link or a command.

    Markdown (`markdown` blocks, streams)   markdown(text, hosts), or MarkdownPieces for a text that grows
    mrkdwn (sections, context, `text`)      mrkdwn(text), link(address, label)
    plain_text (buttons, titles, options)   plain(text)
    from Slack                              question_words(text)

An answer's text comes here from `app.safe_text`: without images, tags and addresses off the operator's list. What is
added is what Slack alone gives a meaning to: `<!channel>`, `<@U1>`, `<http://x|words>`, and bare addresses, which it
links by itself. Brackets of such sequences become angle quotation marks in every spelling, addresses get invisible word
joiners. No word is taken away, and every rule looks at a stretch without blanks: a text in pieces is read as the whole.
"""

import re
from collections.abc import Collection
from html import unescape
from urllib.parse import quote, urlsplit

from app.safe_text import FILE_ENDINGS, WORD_JOINER, VisibleFilter, is_on_hosts

_ENDED = r"(?:;|(?![A-Za-z0-9]))"
_LT = rf"(?:[<\uff1c\ufe64]|&(?:amp;)*(?:(?:lt|LT){_ENDED}|#0*60(?!\d);?|#[xX]0*3[cC](?![\da-fA-F]);?))"
_GT = rf"(?:[>\uff1e\ufe65]|&(?:amp;)*(?:(?:gt|GT){_ENDED}|#0*62(?!\d);?|#[xX]0*3[eE](?![\da-fA-F]);?))"
# `a < b`, `<5`, `<=` and `<-` are read as they are written; nothing of Slack's starts like that.
_OPENING = re.compile(_LT + r"(?![\s\d=\-])")
_OPENING_IN_CODE = re.compile(_LT + r"(?=[@#!]|[A-Za-z][A-Za-z0-9+.\-]{0,31}:)")
_CLOSING = re.compile(r"‹([^\s‹›<>]{0,300}?)" + _GT)
_ENTITY = re.compile(r"&(?=#?[A-Za-z0-9]{1,32};)")
_MASS = re.compile(r"@(?=(?:channel|here|everyone|group)\b)", re.IGNORECASE)
_MAYBE_ADDRESS = re.compile(r"[:@.]\S")
_LABELS = r"(?:[^\W_](?:[\w\-]{0,61}[^\W_])?\.){1,10}(?P<ending>[^\W\d_]{2,24})"
_ADDRESS = re.compile(
    r"(?P<web>https?://[^\s<>\"'`|\\^{}\[\]()‹›]+)"
    r"|(?P<scheme>://|(?<![A-Za-z0-9])(?:mailto|tel|sms|xmpp|javascript|vbscript|data|file|slack):(?=\S))"
    rf"|(?P<domain>@?{_LABELS}(?!\w|://))",
    re.IGNORECASE,
)
# Words of a sentence to most people, and top-level domains to a program that looks for links.
_TWO_MEANINGS = frozenset(("md", "net", "py", "rs", "sh"))
_DOT = re.compile(r"(?<=\w)\.(?=\w)")

_FENCE = re.compile(r"[ \t>]{0,12}(?P<marks>`{3,}|~{3,})(?P<info>[^`\n]*)")
_INLINE = re.compile(
    r"(?P<code>(?<!`)(?P<ticks>`++)(?P<inside>[^\n]+?)(?<!`)(?P=ticks)(?!`))"
    r"|(?P<image>!?)\[(?P<label>[^\[\]\n]{0,500})\]"
    r"\((?P<target>(?:[^()\s]|\([^()\s]*\))*+)(?P<title>[^()\n]*)\)"
)
_BEHIND_LABEL = re.compile(r"\](?=[(\[:])")
_BRACKETS = re.compile(r"\[[^\[\]\n]*\](?!\()")
_UNFINISHED = re.compile(r"`|\]\(|\[|!\Z")
_LINE_CHARS = 24

_FROM_SLACK = re.compile(r"<([^<>\n]{0,3000})>")
_BLANKS = re.compile(r"[ \t]+")


def markdown(text: str, hosts: Collection[str] = ()) -> str:
    """Return Markdown as it is safe in a `markdown` block or a stream; links stay if their host is listed."""
    pieces = MarkdownPieces(hosts)
    return pieces.feed(text) + pieces.finish()


def mrkdwn(text: str, hosts: Collection[str] = ()) -> str:
    """Return what shows this text in mrkdwn; for text objects with `verbatim`, which links nothing by itself."""
    return escaped(_inert(_seen(text), hosts))


def plain(text: str) -> str:
    """Return what shows this text, on one line, in a `plain_text` object."""
    return " ".join(_inert(_seen(text), ()).split())


def escaped(text: str) -> str:
    """Return text with the three characters escaped that mrkdwn gives a meaning to."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def link(address: str, label: str) -> str:
    """Return a link in mrkdwn. The address is ours or on the operator's list; the label may be anything.

    A label that shows another host than the address has is written beside the link.
    """
    words = " ".join(mrkdwn(label).split()).replace("|", "¦")
    target = escaped(_quoted(address, "|<>"))
    if not words or _shows_other_host(label, address):
        return f"{words} (<{target}>)" if words else f"<{target}>"
    return f"<{target}|{words}>"


def is_web_address(address: str) -> bool:
    """Whether an address is one that a link may have at all."""
    try:
        parts = urlsplit(address)
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(parts.hostname) and "@" not in parts.netloc


def question_words(text: str, bot_user: str = "") -> str:
    """Return what somebody wrote in Slack as plain words: mentions, links and entities read, our own name left out."""

    def words(match: re.Match[str]) -> str:
        return _words_of(match[1], bot_user)

    read = _BLANKS.sub(" ", _FROM_SLACK.sub(words, text))
    # Slack escapes exactly these three, once.
    read = read.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
    return _seen(read).strip()


def _words_of(sequence: str, bot_user: str) -> str:
    target, _, label = sequence.partition("|")
    if target.startswith("@"):
        if bot_user and target[1:] == bot_user:
            return ""
        return f"@{label.removeprefix('@')}" if label else "somebody"
    if target.startswith("#"):
        return f"#{label}" if label else "a channel"
    if target.startswith("!"):
        # `<!subteam^S1|@team>`, `<!date^1^{date}|May 1>`, `<!here>`.
        return label or ("a group" if "^" in target else f"@{target[1:]}")
    return label or target.removeprefix("mailto:")


class MarkdownPieces:
    """Makes Markdown that comes in pieces safe, however it is cut; used once.

    All that `feed` returns, and then `finish`, is `markdown` of the whole text. What may still change is held back: the
    last word, a link or code that is not closed, a line that may become a fence.
    """

    def __init__(self, hosts: Collection[str] = ()) -> None:
        self._hosts = frozenset(hosts)
        self._visible = VisibleFilter()
        self._held = ""
        self._is_line_start = True
        self._fence = ""

    def feed(self, piece: str) -> str:
        """Take the next piece; return what became certain."""
        self._held += self._visible.feed(piece)
        shown: list[str] = []
        while (end := self._held.find("\n")) >= 0:
            shown.append(self._line(self._held[:end]) + "\n")
            self._held = self._held[end + 1 :]
            self._is_line_start = True
        shown.append(self._settled())
        return "".join(shown)

    def finish(self) -> str:
        """Return what was held back; the text is complete."""
        line, self._held = self._held + self._visible.finish(), ""
        return self._line(line)

    def _settled(self) -> str:
        """Take what nothing that follows can change from the line that has not ended."""
        if self._fence or (self._is_line_start and len(self._held) < _LINE_CHARS):
            return ""
        if self._is_line_start and _FENCE.match(self._held):
            return ""
        # Whole links, code and brackets count as words: no cut goes through them.
        masked = _BRACKETS.sub(_masked, _INLINE.sub(_masked, self._held))
        unfinished = _UNFINISHED.search(masked)
        stop = unfinished.start() if unfinished else len(masked)
        end = max(masked.rfind(" ", 0, stop), masked.rfind("\t", 0, stop)) + 1
        if not end:
            return ""
        part, self._held = self._held[:end], self._held[end:]
        self._is_line_start = False
        return self._prose(part)

    def _line(self, line: str) -> str:
        fence = _FENCE.match(line) if self._is_line_start else None
        if self._fence:
            if fence and fence["marks"].startswith(self._fence) and not fence["info"].strip():
                self._fence = ""
            return _code(line)
        if fence:
            self._fence = fence["marks"]
            return _code(line)
        return self._prose(line)

    def _prose(self, part: str) -> str:
        shown: list[str] = []
        position = 0
        for match in _INLINE.finditer(part):
            shown.append(_words(part[position : match.start()], self._hosts))
            shown.append(self._inline(match))
            position = match.end()
        shown.append(_words(part[position:], self._hosts))
        return "".join(shown)

    def _inline(self, match: re.Match[str]) -> str:
        if match["code"] is not None:
            # A table cuts its cells before it reads code.
            inside = match["inside"]
            read = _inert(inside, self._hosts) if "|" in inside else _code(inside)
            return f"{match['ticks']}{read}{match['ticks']}"
        label = _words(match["label"], self._hosts)
        address = match["target"].strip("<>")
        is_allowed = address.count("://") == 1 and is_on_hosts(address, self._hosts)
        if match["image"] or not is_allowed:
            beside = _words(f"({match['target']}{match['title']})", self._hosts)
            return f"{match['image']}{label} {beside}"
        target = _quoted(address, "()<>|`\\")
        if not label.strip() or _shows_other_host(match["label"], address):
            return f"{label} ({target})"
        return f"[{label}]({target})"


def _masked(match: re.Match[str]) -> str:
    return "x" * len(match.group())


def _words(text: str, hosts: Collection[str]) -> str:
    """Return a stretch of Markdown without code and links; what would begin one of them is parted."""
    text = _inert(text, hosts).replace("`", "'")
    text = _BEHIND_LABEL.sub(f"]{WORD_JOINER}", text)
    return text.replace("![", f"!{WORD_JOINER}[")


def _code(text: str) -> str:
    return _CLOSING.sub(r"‹\1›", _OPENING_IN_CODE.sub("‹", text))


def _inert(text: str, hosts: Collection[str]) -> str:
    text = _CLOSING.sub(r"‹\1›", _OPENING.sub("‹", text))
    text = _ENTITY.sub(f"&{WORD_JOINER}", text)
    text = _MASS.sub(f"@{WORD_JOINER}", text)
    if _MAYBE_ADDRESS.search(text) is None:
        return text

    def parted(match: re.Match[str]) -> str:
        return _address(match, hosts)

    return _ADDRESS.sub(parted, text)


def _address(match: re.Match[str], hosts: Collection[str]) -> str:
    """Return an address that no program takes for one, or as it is where it is on the list."""
    found = match.group()
    if match["scheme"]:
        return found.replace(":", f":{WORD_JOINER}", 1)
    if match["web"]:
        # One address in another is how an allowed host is made to forward.
        is_allowed = found.count("://") == 1 and is_on_hosts(found, hosts)
        return found if is_allowed else _parted(found.replace(":", f":{WORD_JOINER}"))
    is_file = match["ending"].lower() in FILE_ENDINGS - _TWO_MEANINGS
    if is_file and not found.lower().startswith(("@", "www.")):
        return found
    if is_on_hosts(f"https://{found.removeprefix('@')}", hosts):
        return found
    return _parted(found.replace("@", f"@{WORD_JOINER}"))


def _parted(address: str) -> str:
    return _DOT.sub(f"{WORD_JOINER}.", address)


def _shows_other_host(label: str, address: str) -> bool:
    """Whether a label looks like an address with another host than the one behind it."""
    host = (urlsplit(address).hostname or "").casefold().removeprefix("www.")
    for match in _ADDRESS.finditer(unescape(_seen(label))):
        if match["scheme"]:
            return True
        shown = match["web"] or f"https://{match.group().removeprefix('@')}"
        if match["domain"] and match["ending"].lower() in FILE_ENDINGS:
            # `Leave policy.md` is the name of a document.
            continue
        try:
            named = (urlsplit(shown).hostname or "").casefold().removeprefix("www.")
        except ValueError:
            return True
        if named != host:
            return True
    return False


def _quoted(address: str, signs: str) -> str:
    """Return an address with the signs that would end it, and all that is not ASCII, percent-encoded."""
    return "".join(
        quote(sign, safe="") if sign in signs or not "!" <= sign <= "~" else sign
        for sign in address
    )


def _seen(text: str) -> str:
    filtered = VisibleFilter()
    return filtered.feed(text) + filtered.finish()
