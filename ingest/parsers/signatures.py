"""What a file is by its bytes, whatever its name says: endings lie, and exports carry the wrong ones.

A spreadsheet that is in truth an HTML table, a mail saved as text, a PDF without an ending: what the bytes
say wins, unless they are plain text, for which the ending is all there is.
"""

import lzma
import re
import zlib
from io import BytesIO
from zipfile import BadZipFile, ZipFile

from core.errors import ParseError
from ingest.parsers.decoding import is_binary
from ingest.parsers.ole_container import opened

_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_ZIP = b"PK\x03\x04"
_PDF_HEADER_BYTES = 1024

_ENDINGS = (
    (b"{\\rtf", ".rtf"),
    (b"\x89PNG\r\n\x1a\n", ".png"),
    (b"\xff\xd8\xff", ".jpg"),
    (b"GIF87a", ".gif"),
    (b"GIF89a", ".gif"),
    (b"II*\x00", ".tif"),
    (b"MM\x00*", ".tif"),
    # Workbooks of Excel 2 to 5, which stand in no OLE container.
    (b"\x09\x00\x04\x00", ".xls"),
    (b"\x09\x02\x06\x00", ".xls"),
    (b"\x09\x04\x06\x00", ".xls"),
    (b"\x09\x08\x08\x00", ".xls"),
)
_UNSUPPORTED = (
    (b"PK\x05\x06", "an empty ZIP archive"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"7z\xbc\xaf\x27\x1c", "a 7-Zip archive"),
    (b"Rar!\x1a\x07", "a RAR archive"),
    (b"\x7fELF", "a program"),
    (b"MZ\x90\x00", "a program"),
    (b"SQLite format 3\x00", "an SQLite database"),
    (b"ID3\x02", "a sound file"),
    (b"ID3\x03", "a sound file"),
    (b"ID3\x04", "a sound file"),
)
# What stands behind the length of a file that is made of boxes.
_BOXES = {b"WAVE": "a sound file", b"AVI ": "a film"}
_FILM_OR_IMAGE = "a film, a sound file or an image of a kind that is not read"
_SECRET = re.compile(
    rb"\s*(?:-----BEGIN (?!PGP SIGNED MESSAGE)[A-Z0-9 ]{3,40}-----|PuTTY-User-Key-File-)"
)
_OLE_STREAMS = (
    ("WordDocument", ".doc"),
    ("PowerPoint Document", ".ppt"),
    ("__properties_version1.0", ".msg"),
    ("Workbook", ".xls"),
    ("Book", ".xls"),
)
_PACKAGES = (
    ("word/", ".docx"),
    ("ppt/", ".pptx"),
    ("xl/", ".xlsx"),
    ("META-INF/container.xml", ".epub"),
)
_OPEN_DOCUMENTS = {
    "application/vnd.oasis.opendocument.text": ".odt",
    "application/vnd.oasis.opendocument.spreadsheet": ".ods",
    "application/vnd.oasis.opendocument.presentation": ".odp",
    "application/epub+zip": ".epub",
}
_MIMETYPE_BYTES = 100
_MARKUP_HEAD = 2048
_HTML = re.compile(
    rb"(?:<\?xml[^>]*>\s*)?(?:<!--(?:(?!-->).)*-->\s*)*<(?:!doctype\s+html|html|head|body|table)\b",
    re.IGNORECASE | re.DOTALL,
)
_WEB_ARCHIVE = re.compile(rb"(?:[\w-]+:[^\n]*\n(?:[ \t][^\n]*\n)*)*?MIME-Version:", re.IGNORECASE)


def true_ending(content: bytes, ending: str) -> str:
    """Return the ending that the bytes ask for, '' when they carry no signature, as text does.

    Raises:
        ParseError: `encrypted`, `corrupt` or `unsupported`, where the bytes are a format that is not read.
    """
    for signature, found in _ENDINGS:
        if content.startswith(signature):
            return found
    if content.startswith(_ZIP):
        return _package(content)
    if content.startswith(_OLE):
        return _ole(content)
    if content.startswith(b"%PDF-") or (
        ending == ".pdf" and b"%PDF-" in content[:_PDF_HEADER_BYTES]
    ):
        return ".pdf"
    if content.startswith(b"BM") and content[6:10] == bytes(4):
        return ".bmp"
    if content.startswith(b"RIFF") and content[8:12] == b"WEBP":
        return ".webp"
    _refuse_others(content)
    return ""


def _refuse_others(content: bytes) -> None:
    if _SECRET.match(content[:_MARKUP_HEAD]):
        raise ParseError("unsupported", "The file is a key, a certificate or a signature.")
    found = next((name for signature, name in _UNSUPPORTED if content.startswith(signature)), "")
    if not found and content.startswith(b"RIFF"):
        found = _BOXES.get(content[8:12], "")
    if not found and content[4:8] == b"ftyp" and is_binary(content):
        found = _FILM_OR_IMAGE
    if found:
        raise ParseError("unsupported", f"The file is {found}, not a document.")


def text_ending(content: bytes) -> str:
    """Return the ending of the text format that bytes without any signature look like."""
    # Without its NULs, markup in UTF-16 is the same as in UTF-8.
    head = content[:_MARKUP_HEAD].replace(b"\0", b"").lstrip(b"\xef\xbb\xbf\xff\xfe \t\r\n")
    if _HTML.match(head):
        return ".html"
    if _WEB_ARCHIVE.match(head):
        return ".eml"
    return ".xml" if head.startswith(b"<?xml") else ".txt"


def _package(content: bytes) -> str:
    try:
        with ZipFile(BytesIO(content)) as archive:
            names = archive.namelist()
            declared = ""
            if "mimetype" in names:
                with archive.open("mimetype") as file:
                    declared = file.read(_MIMETYPE_BYTES).decode("ascii", "replace").strip()
    except (
        BadZipFile, NotImplementedError, ValueError, OSError, RuntimeError, EOFError, zlib.error,
        lzma.LZMAError,
    ) as error:  # fmt: skip
        raise ParseError("corrupt", "The file is cut off or damaged.") from error
    found = _OPEN_DOCUMENTS.get(declared.removesuffix("-template"), "")
    for prefix, ending in _PACKAGES:
        if not found and any(name.startswith(prefix) for name in names):
            found = ending
    if not found:
        raise ParseError("unsupported", "The file is an archive, not a document.")
    return found


def _ole(content: bytes) -> str:
    # By the directory of the container: a mail may hold a whole .doc, a workbook a text that is embedded.
    with opened(content, "Office file") as container:
        for name, found in _OLE_STREAMS:
            if container.exists(name):
                return found
    raise ParseError("unsupported", "The file is an old Office file of a kind that is not read.")
