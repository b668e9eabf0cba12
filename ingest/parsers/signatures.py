"""What a file is by its first bytes, whatever its name says."""

import struct
from io import BytesIO
from zipfile import BadZipFile, ZipFile

from core.errors import ParseError

_SIGNATURES = (
    (b"\x89PNG\r\n\x1a\n", "a PNG image"),
    (b"\xff\xd8\xff", "a JPEG image"),
    (b"GIF87a", "a GIF image"),
    (b"GIF89a", "a GIF image"),
    (b"%PDF-", "a PDF"),
    (b"PK\x03\x04", "a ZIP archive or an Office file"),
    (b"PK\x05\x06", "an empty ZIP archive"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an old or encrypted Office file"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"7z\xbc\xaf\x27\x1c", "a 7-Zip archive"),
    (b"Rar!\x1a\x07", "a RAR archive"),
    (b"\x7fELF", "a program"),
    (b"SQLite format 3\x00", "an SQLite database"),
    (b"{\\rtf", "an RTF document"),
)
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_PDF_HEADER_BYTES = 1024
_MAX_UNPACKED_BYTES = 512 * 1024 * 1024


def require_text(content: bytes) -> None:
    """Refuse a file that begins like another format.

    Raises:
        ParseError: `unsupported`.
    """
    for signature, name in _SIGNATURES:
        if content.startswith(signature):
            raise ParseError("unsupported", f"the file is {name}, not what its ending says")


def require_pdf(content: bytes) -> None:
    """Refuse a file without a PDF header in its first kilobyte, where readers look for it.

    Raises:
        ParseError: `corrupt`.
    """
    if b"%PDF-" not in content[:_PDF_HEADER_BYTES]:
        raise ParseError("corrupt", "the file does not begin like a PDF")


def require_docx(content: bytes) -> None:
    """Refuse a file that is not a whole Word container of a reasonable size.

    Raises:
        ParseError: `encrypted`, `unsupported` (the Word format before 2007, another Office format),
            `corrupt` or `archive_bomb`.
    """
    if content.startswith(_OLE):
        if "EncryptedPackage".encode("utf-16-le") in content:
            raise ParseError("encrypted", "the document is protected with a password")
        raise ParseError("unsupported", "the file is an old .doc: save it as .docx")
    try:
        with ZipFile(BytesIO(content)) as archive:
            entries = archive.infolist()
    except (BadZipFile, NotImplementedError, ValueError, OSError, struct.error) as error:
        raise ParseError("corrupt", "the DOCX is cut off or damaged") from error
    if sum(entry.file_size for entry in entries) > _MAX_UNPACKED_BYTES:
        raise ParseError("archive_bomb", "the DOCX unpacks to more than 512 MiB")
    names = {entry.filename for entry in entries}
    if "[Content_Types].xml" not in names or not any(name.startswith("word/") for name in names):
        raise ParseError("unsupported", "the file is an archive or Office file, but no DOCX")
