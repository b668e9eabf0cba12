"""Picks the parser of a file by its bytes and its ending, and turns whatever goes wrong into one ParseError."""

from collections.abc import Callable
from dataclasses import replace
from importlib import import_module
from pathlib import PurePosixPath
from typing import cast

from core.documents import ParsedDocument
from core.errors import ParseError
from core.injection import shipped_weights
from ingest.parsers.hidden_text import HiddenText
from ingest.parsers.language import language_of
from ingest.parsers.plain_text import visible
from ingest.parsers.signatures import text_ending, true_ending

Parse = Callable[[bytes, str], ParsedDocument]

IMAGE_ENDINGS = (".png", ".jpg", ".jpeg", ".tif", ".tiff", ".bmp", ".gif", ".webp")
CODE_ENDINGS = (
    ".bash", ".c", ".cc", ".cfg", ".conf", ".cpp", ".cs", ".css", ".dockerfile", ".go", ".gradle", ".h",
    ".hpp", ".ini", ".java", ".js", ".jsx", ".kt", ".lua", ".make", ".php", ".pl", ".properties", ".proto",
    ".ps1", ".py", ".r", ".rb", ".rs", ".scala", ".sh", ".sql", ".swift", ".tf", ".toml", ".ts", ".tsx",
    ".vue", ".yaml", ".yml",
)  # fmt: skip

_FORMATS: dict[str, tuple[str, str]] = {
    **dict.fromkeys((".md", ".markdown"), ("markdown_parser", "parse_markdown")),
    **dict.fromkeys((".txt", ".text", ".log"), ("text_parser", "parse_text")),
    **dict.fromkeys((".html", ".htm", ".xhtml"), ("html_parser", "parse_html")),
    ".rst": ("rst_parser", "parse_rst"),
    ".org": ("org_parser", "parse_org"),
    **dict.fromkeys(
        (".xml", ".rss", ".atom", ".xsl", ".xslt", ".svg"), ("xml_parser", "parse_xml")
    ),
    **dict.fromkeys((".json", ".jsonl", ".ndjson"), ("json_parser", "parse_json")),
    ".ipynb": ("notebook_parser", "parse_notebook"),
    ".epub": ("epub_parser", "parse_epub"),
    ".eml": ("mail_parser", "parse_eml"),
    ".msg": ("outlook_parser", "parse_msg"),
    ".docx": ("docx_parser", "parse_docx"),
    ".doc": ("doc_parser", "parse_doc"),
    **dict.fromkeys((".odt", ".ods", ".odp"), ("open_document_parser", "parse_open_document")),
    ".rtf": ("rtf_parser", "parse_rtf"),
    ".pptx": ("pptx_parser", "parse_pptx"),
    ".ppt": ("ppt_parser", "parse_ppt"),
    **dict.fromkeys((".xlsx", ".xlsm"), ("xlsx_parser", "parse_xlsx")),
    ".xls": ("xls_parser", "parse_xls"),
    **dict.fromkeys((".csv", ".tsv"), ("csv_parser", "parse_csv")),
    ".pdf": ("pdf_parser", "parse_pdf"),
    **dict.fromkeys(IMAGE_ENDINGS, ("image_parser", "parse_image")),
    **dict.fromkeys(CODE_ENDINGS, ("source_code_parser", "parse_source_code")),
}
_BINARY_ENDINGS = frozenset(
    (
        ".pdf", ".docx", ".doc", ".odt", ".ods", ".odp", ".rtf", ".pptx", ".ppt", ".xlsx", ".xlsm", ".xls",
        ".epub", ".msg", *IMAGE_ENDINGS,
    )
)  # fmt: skip
_EXPORTS = frozenset({".xls", ".doc"})
"""Endings under which programs write HTML or plain text."""
_PRIVATE_ENDINGS = frozenset(
    {
        ".pem", ".key", ".p12", ".pfx", ".jks", ".keystore", ".kdbx", ".ppk", ".env", ".htpasswd", ".netrc",
        ".pgpass", ".npmrc", ".pypirc",
    }
)  # fmt: skip
_NOT_DOCUMENTS = frozenset({".p7s", ".p7m", ".p7c", ".sig", ".lock", ".map"})


def parse(content: bytes, uri: str) -> ParsedDocument:
    """Parse one file; `uri` gives the format by its ending where the bytes do not, and a title of last resort.

    A file of an unknown ending is read if it is text.

    Raises:
        ParseError: with a reason of the documented list and a detail in plain words.
    """
    if not content.strip(b" \t\r\n\f\v\x00\xef\xbb\xbf\xfe\xff"):
        raise ParseError("empty", "The file has no content.")
    return guarded(_parse, content, uri)


def _parse(content: bytes, uri: str) -> ParsedDocument:
    document = _parser(_format_of(content, _named_ending(uri)))(content, uri)
    if not document.elements:
        raise ParseError("empty", "The file has no text that a reader would see.")
    return _with_language(_with_hidden_characters(document))


def _with_hidden_characters(document: ParsedDocument) -> ParsedDocument:
    """Count the hidden characters of a text that is the file's own content, where they stay."""
    hidden = HiddenText()
    hidden.merge(document.hidden)
    hidden.characters(document.text)
    hidden.characters(document.title)
    return replace(document, title=visible(document.title), hidden=hidden.counts())


def _named_ending(uri: str) -> str:
    """Return the ending in lower case; a name such as `.env` or `.env.local` is one as a whole."""
    path = PurePosixPath(uri)
    name = path.name.lower()
    if name.startswith(".env."):
        return ".env"
    return path.suffix.lower() or (name if name.startswith(".") else "")


def _format_of(content: bytes, named: str) -> str:
    if named in _PRIVATE_ENDINGS:
        raise ParseError("unsupported", f"Files with the ending {named!r} hold keys or secrets.")
    if named in _NOT_DOCUMENTS:
        raise ParseError("unsupported", f"{named!r} is no format that holds a text.")
    found = true_ending(content, named)
    if found:
        return found
    if named in _FORMATS and named not in _BINARY_ENDINGS:
        return named
    # It is text if anything, under an ending that does not say of what kind.
    if named in _BINARY_ENDINGS - _EXPORTS:
        raise ParseError("corrupt", f"The file does not begin like a {named[1:].upper()} file.")
    kind = text_ending(content)
    return ".csv" if named == ".xls" and kind == ".txt" else kind


def warm_up() -> None:
    """Load what every document needs, while files may still be opened freely."""
    language_of("This sentence is here to load the languages.")
    shipped_weights()


def _with_language(document: ParsedDocument) -> ParsedDocument:
    if "language" in document.metadata:
        return document
    language = language_of(document.text)
    if not language:
        return document
    return replace(document, metadata={**document.metadata, "language": language})


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
    except ImportError as error:
        # Of this installation, not of the file; `--retry` reads it once the library is there.
        detail = f"A library that reads this format is not installed ({error.name})."
        raise ParseError("unsupported", detail) from error
    except MemoryError as error:
        raise ParseError("memory", "the file needs more memory than there is") from error
    except RecursionError as error:
        raise ParseError("corrupt", "the file is nested too deeply") from error
    except Exception as error:
        # The libraries document no complete list of what they raise on broken files.
        name = type(error).__name__
        raise ParseError("corrupt", f"the file cannot be read ({name})") from error
