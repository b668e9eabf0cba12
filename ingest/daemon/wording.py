"""Says in one sentence why a run failed, for a file and a page that more people read than the log."""

import re

from core.errors import FootnoteError

_CREDENTIALS = re.compile(r"://[^/\s@]+@")
_LONGEST = 500


def sentence_of(error: BaseException) -> str:
    """Return one line without secrets: of what was not foreseen only its kind, its words may quote a document."""
    if not isinstance(error, FootnoteError):
        return f"Something went wrong that Footnote did not expect ({type(error).__name__}); the log says where."
    return one_line(str(error))


def one_line(text: str) -> str:
    """Return a text on one line, cut at 500 characters, without the login of any address in it."""
    line = " ".join(_CREDENTIALS.sub("://", text).split())
    return line if len(line) <= _LONGEST else line[: _LONGEST - 1] + "…"
