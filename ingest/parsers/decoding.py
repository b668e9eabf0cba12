"""Bytes of a text file to str, or a clear reason why not.

    BOM (UTF-8, UTF-16, UTF-32) ─▶ decoded as it says, the BOM dropped; a violation is an error
    valid UTF-8 ────────────────▶ decoded
    damaged UTF-8 ──────────────▶ error: a legacy decoding would garble every good character
    other bytes ────────────────▶ the legacy encoding that charset_normalizer is sure of, else error

"Damaged UTF-8" is text in which most non-ASCII bytes form valid UTF-8. No byte is ever dropped or
replaced: the canonical text of a file must be what its owner sees in an editor.
"""

import codecs
import re

from core.errors import ParseError

_BOMS = (  # UTF-32 first: its little-endian BOM begins with that of UTF-16
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_MULTIBYTE = re.compile(
    rb"[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3}"
)
_HIGH_BYTE = re.compile(rb"[\x80-\xff]")
_CONTROL = re.compile(rb"[\x00-\x08\x0e-\x1a\x1c-\x1f]")
_SAMPLE_BYTES = 65_536
_MAX_CONTROL_SHARE = 0.01
_MAX_CHAOS = 0.1
_LATIN = ["cp1252", "cp1250", "cp1254"]
_OTHER = [
    "cp1251", "cp1253", "cp1255", "cp1256", "koi8_r",
    "cp932", "euc_jp", "gb18030", "big5", "euc_kr",
]  # fmt: skip
_MIN_OTHER_SHARE = 0.05
"""Text in a script other than Latin has more non-ASCII bytes than this; German and French have less."""


def decode(content: bytes) -> str:
    """Return the text of a file.

    Raises:
        ParseError: `unsupported` for binary content, `encoding` when it cannot be read as text.
    """
    for bom, encoding in _BOMS:
        if content.startswith(bom):
            return _strict(content[len(bom) :], encoding)
    if encoding := _utf16_without_bom(content):
        return _strict(content, encoding)
    if is_binary(content):
        raise ParseError("unsupported", "the content is binary, not text")
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as error:
        if _is_damaged_utf8(content):
            raise ParseError(
                "encoding",
                f"the text is UTF-8 with invalid bytes, the first at byte {error.start}: "
                "save it again as UTF-8",
            ) from error
    return _legacy(content)


def is_binary(content: bytes) -> bool:
    """Say whether the first 64 KiB have bytes that no text has: more than 1 % NUL or other controls.

    Two control characters are forgiven in a file of any size, NUL is not.
    """
    sample = content[:_SAMPLE_BYTES]
    limit = _MAX_CONTROL_SHARE * len(sample)
    return sample.count(0) > limit or len(_CONTROL.findall(sample)) > limit + 2


def _strict(content: bytes, encoding: str) -> str:
    try:
        return content.decode(encoding)
    except UnicodeDecodeError as error:
        name = encoding.upper().removesuffix("-LE").removesuffix("-BE")
        raise ParseError(
            "encoding", f"the text begins as {name} but is not valid from byte {error.start} on"
        ) from error


def _utf16_without_bom(content: bytes) -> str:
    """Return the byte order of ASCII-like text in UTF-16, else an empty string."""
    sample = content[:_SAMPLE_BYTES]
    half = len(sample) // 2
    if len(content) % 2 or half < 4:
        return ""
    even, odd = sample[0::2].count(0), sample[1::2].count(0)
    if odd > 0.5 * half and even == 0:
        return "utf-16-le"
    return "utf-16-be" if even > 0.5 * half and odd == 0 else ""


def _is_damaged_utf8(content: bytes) -> bool:
    valid = sum(len(match) for match in _MULTIBYTE.findall(content))
    return 2 * valid > len(_HIGH_BYTE.findall(content))


def _legacy(content: bytes) -> str:
    from charset_normalizer import from_bytes

    high_bytes = len(_HIGH_BYTE.findall(content))
    encodings = _LATIN + (_OTHER if high_bytes > _MIN_OTHER_SHARE * len(content) else [])
    matches = from_bytes(content, cp_isolation=encodings, enable_fallback=False)
    # The library's own best() reads French as Eastern European where the two tie: the first of our
    # list wins a tie. `could_be_from_charset` are encodings that decode to the same characters.
    ranked = sorted(
        (match.chaos, -match.coherence, encodings.index(encoding), encoding)
        for match in matches
        for encoding in match.could_be_from_charset
        if match.chaos <= _MAX_CHAOS and encoding in encodings
    )
    if not ranked:
        raise ParseError("encoding", "the text's encoding cannot be told: save it again as UTF-8")
    return _strict(content, ranked[0][-1])
