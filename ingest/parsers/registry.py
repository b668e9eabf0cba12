"""Picks the parser of a file by its ending, and turns whatever goes wrong into one ParseError."""

from collections.abc import Callable
from importlib import import_module
from pathlib import PurePosixPath
from typing import cast

from core.documents import ParsedDocument
from core.errors import ParseError
from ingest.parsers.signatures import require_docx, require_pdf, require_text

Parse = Callable[[bytes, str], ParsedDocument]

_FORMATS: dict[str, tuple[str, str]] = {
    ".md": ("markdown_parser", "parse_markdown"),
    ".markdown": ("markdown_parser", "parse_markdown"),
    ".txt": ("text_parser", "parse_text"),
    ".text": ("text_parser", "parse_text"),
    ".log": ("text_parser", "parse_text"),
    ".html": ("html_parser", "parse_html"),
    ".htm": ("html_parser", "parse_html"),
    ".docx": ("docx_parser", "parse_docx"),
    ".csv": ("csv_parser", "parse_csv"),
    ".tsv": ("csv_parser", "parse_csv"),
    ".pdf": ("pdf_parser", "parse_pdf"),
}
SUPPORTED_ENDINGS: tuple[str, ...] = tuple(_FORMATS)


def is_supported(uri: str) -> bool:
    """Say whether a file of this name can be parsed; only its ending counts, in any case."""
    return _ending(uri) in _FORMATS


def parse(content: bytes, uri: str) -> ParsedDocument:
    """Parse one file; `uri` gives the format by its ending, and the title of last resort.

    Raises:
        ParseError: `unsupported`, `empty`, `encoding`, `encrypted`, `corrupt`, `no_text_layer` or
            `memory`, with a detail in plain words.
    """
    ending = _ending(uri)
    if ending not in _FORMATS:
        known = " ".join(SUPPORTED_ENDINGS)
        raise ParseError("unsupported", f"{ending or 'no ending'!r} is not one of {known}")
    if not content.strip(b" \t\r\n\f\v\x00\xef\xbb\xbf\xfe\xff"):
        raise ParseError("empty", "the file has no content")
    _signature_check(ending)(content)
    document = guarded(_parser(ending), content, uri)
    if not document.elements:
        raise ParseError("empty", "the file has no text that a reader would see")
    return document


def _ending(uri: str) -> str:
    return PurePosixPath(uri).suffix.lower()


def _signature_check(ending: str) -> Callable[[bytes], None]:
    return {".pdf": require_pdf, ".docx": require_docx}.get(ending, require_text)


def _parser(ending: str) -> Parse:
    # Imported when first used: a folder of Markdown files never loads the PDF or DOCX libraries.
    module, name = _FORMATS[ending]
    return cast("Parse", getattr(import_module(f"ingest.parsers.{module}"), name))


def guarded(parser: Parse, content: bytes, uri: str) -> ParsedDocument:
    """Run one parser; whatever it raises for the file's sake becomes a ParseError.

    Raises:
        ParseError: the parser's own, `memory`, or `corrupt` for what a library raised.
    """
    try:
        return parser(content, uri)
    except ParseError:
        raise
    except MemoryError as error:
        raise ParseError("memory", "the file needs more memory than there is") from error
    except RecursionError as error:
        raise ParseError("corrupt", "the file is nested too deeply") from error
    except Exception as error:
        # The libraries document no complete list of what they raise on broken files.
        name = type(error).__name__
        raise ParseError("corrupt", f"the file cannot be read ({name})") from error
