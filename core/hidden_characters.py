"""Which characters of a text no reader sees, and the text without them; pure.

    text ──visible()──▶ what a reader sees      canonical text and quotes keep everything: their offsets are places
         ──hidden_counts()──▶ how many, by kind  in the owner's file. What is embedded, prompted or displayed is
         ──smuggled()──▶ what they spell         `visible`.

Kept, because it changes what is read: the joiner inside an emoji and after a letter of an Indic script, the
non-joiner between letters of Arabic and Indic scripts, the zero-width space between letters of scripts that
mark words with it (Khmer, Thai, Lao, Myanmar), direction marks and isolates in a text with right-to-left
letters, one variation selector after a symbol, digit or ideograph, and the flags that are spelt with tags
(UTS #51). Everything else that has no width goes. Tag characters and runs of variation selectors carry whole
instructions unseen ("ASCII smuggling", 2024; Butler, "Smuggling arbitrary data through an emoji", 2025).
"""

import re
import unicodedata
from collections import Counter
from collections.abc import Iterator
from typing import Literal

HiddenKind = Literal[
    "zero_width", "tag", "bidi", "variation_selector", "soft_hyphen", "control", "surrogate"
]

# Looked for first: a text without any of these is returned as it is.
_CANDIDATE = re.compile(
    "["
    "\u0000-\u0008\u000e-\u001f\u007f-\u0084\u0086-\u009f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f"
    "\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164\ud800-\udfff\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb"
    "\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff"
    "]"
)
_RUN = re.compile(f"{_CANDIDATE.pattern}+")
_JOINS = (
    "\u0600-\u08ff\u0900-\u0dff\u0f00-\u109f\u1780-\u18af\ufb50-\ufdff\ufe70-\ufefc"
    "\U00010d00-\U00010d3f\U0001e900-\U0001e95f\U00011000-\U00011fff"
)
_JOINING = re.compile(f"[{_JOINS}]")
"""Letters of the Arabic family, Syriac, N'Ko, the Indic scripts, Tibetan, Myanmar, Khmer, Mongolian, Adlam."""
_INDIC = re.compile("[\u0900-\u0dff\u0f00-\u109f\u1780-\u17ff\U00011000-\U00011fff]")
_UNSPACED = re.compile("[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff]")
_RIGHT_TO_LEFT = re.compile("[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc\U00010800-\U00010fff]")
_EMOJI = re.compile("[\u00a9\u00ae\u203c-\u3299\ufe0f\U0001f000-\U0001faff]")
_HANGUL = re.compile("[\u1100-\u11ff\ua960-\ua97f\ud7b0-\ud7ff]")
_IDEOGRAPH = re.compile("[\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]")
_FLAG_TAGS = re.compile("[\U000e0030-\U000e0039\U000e0061-\U000e007a]{3,6}\U000e007f")
_BLACK_FLAG = "\U0001f3f4"
_MARKS = frozenset("\u200e\u200f\u061c\u2066\u2067\u2068\u2069\u202a\u202b\u202c")
"""Direction marks, isolates and embeddings; the overrides (202D, 202E) reverse what is read and always go."""
_BIDI = _MARKS | frozenset("\u202d\u202e")
_MIN_SMUGGLED = 4
_MAX_SMUGGLED = 20_000


def visible(text: str) -> str:
    """Return the text without the characters that no reader sees; line breaks and spaces as they are."""
    if _CANDIDATE.search(text) is None:
        return text
    parts: list[str] = []
    position = 0
    for start, kept, end in _runs(text):
        parts += (text[position:start], kept)
        position = end
    parts.append(text[position:])
    return "".join(parts)


def visible_offsets(text: str) -> tuple[str, list[int]]:
    """Return the visible text and where each of its characters stands in `text`; one offset more for its end."""
    if _CANDIDATE.search(text) is None:
        return text, list(range(len(text) + 1))
    offsets: list[int] = []
    position = 0
    for start, kept, end in _runs(text):
        offsets += range(position, start)
        # What is kept of a run are some of its own characters, in their order.
        place = start
        for character in kept:
            place = text.index(character, place, end)
            offsets.append(place)
            place += 1
        position = end
    offsets += range(position, len(text) + 1)
    return "".join([text[offset] for offset in offsets[:-1]]), offsets


def hidden_counts(text: str) -> dict[HiddenKind, int]:
    """Return how many characters `visible` leaves out, by kind; a byte order mark at the start is none."""
    if _CANDIDATE.search(text) is None:
        return {}
    counts: Counter[HiddenKind] = Counter()
    for start, kept, end in _runs(text):
        run = text[start + (start == 0 and text[0] == "\ufeff") : end]
        counts.update(map(_kind, run))
        counts.subtract(map(_kind, kept))
    return {kind: count for kind, count in counts.items() if count > 0}


def first_hidden(text: str) -> tuple[int, int]:
    """Return where the first run of characters that `visible` shortens begins and ends; (0, 0) for none."""
    return next(
        ((start, end) for start, kept, end in _runs(text) if len(kept) < end - start), (0, 0)
    )


def smuggled(text: str) -> str:
    """Return what its tag characters and its runs of variation selectors spell, '' for nothing readable.

    A tag character is ASCII plus U+E0000; a variation selector is one byte (VS1-16 are 0-15, VS17-256 the rest).
    """
    if _CANDIDATE.search(text) is None:
        return ""
    spelt: list[str] = []
    for start, kept, end in _runs(text):
        run = text[start:end] if not kept else text[start:end].replace(kept, "", 1)
        tags = "".join(chr(ord(c) - 0xE0000) for c in run if 0xE0020 <= ord(c) <= 0xE007E)
        codes = bytes(code for code in map(_selector, run) if code is not None)
        spelt += [tags, codes.decode("utf-8", "ignore") if len(codes) >= _MIN_SMUGGLED else ""]
        if sum(map(len, spelt)) > _MAX_SMUGGLED:
            break
    found = "".join(c if c.isprintable() else " " for c in " ".join(filter(None, spelt)))
    return found[:_MAX_SMUGGLED].strip()


def _selector(character: str) -> int | None:
    code = ord(character)
    if 0xFE00 <= code <= 0xFE0F:
        return code - 0xFE00
    return code - 0xE0100 + 16 if 0xE0100 <= code <= 0xE01EF else None


def _kind(character: str) -> HiddenKind:
    code = ord(character)
    if character == "\u00ad":
        return "soft_hyphen"
    if character in _BIDI:
        return "bidi"
    if _selector(character) is not None or (0x180B <= code <= 0x180F and code != 0x180E):
        return "variation_selector"
    if code >= 0xE0000:
        return "tag"
    if 0xD800 <= code <= 0xDFFF:
        return "surrogate"
    return "control" if unicodedata.category(character) == "Cc" else "zero_width"


def _runs(text: str) -> Iterator[tuple[int, str, int]]:
    """Yield each run of candidates: start, what a reader needs of it, end."""
    marks_count = _RIGHT_TO_LEFT.search(text) is not None
    for match in _RUN.finditer(text):
        start, end = match.span()
        before, after = text[start - 1 : start], text[end : end + 1]
        run = match.group()
        kept = _needed(run, before, after)
        if not kept and marks_count:
            kept = "".join(character for character in run if character in _MARKS)
        yield start, kept, end


def _needed(run: str, before: str, after: str) -> str:
    """Return what changes how the characters on both sides are read; never more than one of a kind."""
    if before == _BLACK_FLAG and (flag := _FLAG_TAGS.match(run)):
        return flag.group()
    selector = run[0] if _selector(run[0]) is not None and _takes_selector(run[0], before) else ""
    rest = run[1:] if selector else run
    if not before.isascii() and rest and set(rest) <= {"\u200b", "\u200c", "\u200d"}:
        # Of a run, the first: twenty joiners between two letters are read as one.
        return selector + (rest[0] if _joins(rest[0], selector or before, after) else "")
    if run[0] in "\u115f\u1160" and (_HANGUL.match(before) or _HANGUL.match(after)):
        return run[0]
    if "\u180b" <= run[0] <= "\u180f" and "\u1800" <= before <= "\u18af":
        return run[0]
    return selector


def _takes_selector(selector: str, before: str) -> bool:
    if ord(selector) >= 0xE0100:
        return _IDEOGRAPH.match(before) is not None
    if not before or before.isspace():
        return False
    return not before.isascii() or before in "0123456789#*"


def _joins(character: str, before: str, after: str) -> bool:
    if character == "\u200b":
        return bool(_UNSPACED.match(before) and _UNSPACED.match(after))
    if character == "\u200c":
        return bool(_JOINING.match(before) and _JOINING.match(after))
    if _EMOJI.match(before):
        return bool(_EMOJI.match(after))
    return bool(_INDIC.match(before)) or bool(_JOINING.match(before) and _JOINING.match(after))
