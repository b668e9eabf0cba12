"""Headers of mails as text: encoded words decoded, white space tidied."""

from email.header import decode_header

from ingest.parsers.plain_text import one_line

_MAX_CHARS = 20_000  # decoding is quadratic: 300,000 encoded words (3 MB) took minutes


def decoded_header(value: str) -> str:
    """Return a header's text on one line, encoded words decoded."""
    if "=?" not in value or len(value) > _MAX_CHARS:
        return one_line(_text_of_raw(value))
    try:
        pieces = decode_header(value)
    except (ValueError, LookupError):  # also what it says of broken Base64
        return one_line(value)
    return one_line("".join(_piece(piece, charset) for piece, charset in pieces))


def _piece(piece: bytes | str, charset: str | None) -> str:
    if isinstance(piece, str):
        return _text_of_raw(piece)
    try:
        return piece.decode(charset or "utf-8")
    except (LookupError, UnicodeError):
        return piece.decode("latin-1")


def _text_of_raw(value: str) -> str:
    """Return a header whose bytes were not ASCII, which the library keeps as surrogates."""
    try:
        raw = value.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:  # halves of characters that stand for no byte
        return value.encode("utf-8", "replace").decode("utf-8")
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return raw.decode("latin-1")
