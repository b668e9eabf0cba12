"""Names and types under which originals are handed out: nothing that a browser would run, no name that misleads."""

import re
import unicodedata
from pathlib import PurePosixPath
from urllib.parse import quote

_TYPES = {
    ".pdf": "application/pdf",
    ".png": "image/png",
    ".jpg": "image/jpeg",
    ".jpeg": "image/jpeg",
    ".tif": "image/tiff",
    ".tiff": "image/tiff",
    ".gif": "image/gif",
    ".md": "text/markdown; charset=utf-8",
    ".txt": "text/plain; charset=utf-8",
    ".csv": "text/csv; charset=utf-8",
    ".docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    ".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    ".pptx": "application/vnd.openxmlformats-officedocument.presentationml.presentation",
    ".eml": "message/rfc822",
}
_ANY = "application/octet-stream"
"""For all else: pages and drawings with scripts, XML, what nobody has heard of."""

_UNWANTED = re.compile(r'[\\/:*?"<>|%;\s]+')
_PLAIN = re.compile(r"[^A-Za-z0-9._ -]+")
_MOST_CHARS = 120
_RESERVED = re.compile(r"(?i)(?:con|prn|aux|nul|com\d|lpt\d)(?=\.|$)")


def media_type(uri: str) -> str:
    """Return the type of a document's file by the ending of its URI."""
    return _TYPES.get(PurePosixPath(uri.rsplit("/", 1)[-1]).suffix.lower(), _ANY)


def file_name(uri: str) -> str:
    """Return the last part of a URI as a name that every system takes: no path, no control characters."""
    last = uri.split("?", 1)[0].split("#", 1)[0] if "://" in uri else uri
    name = unicodedata.normalize("NFC", re.split(r"[/\\]", last.rstrip("/\\"))[-1])
    seen = "".join(char if unicodedata.category(char)[0] != "C" else " " for char in name)
    stem, dot, ending = _UNWANTED.sub(" ", seen).strip(". ").rpartition(".")
    stem, ending = (stem, dot + ending) if stem and len(ending) <= 10 else (stem + dot + ending, "")
    clean = stem[: _MOST_CHARS - len(ending)].strip(". ") + ending
    return f"_{clean}" if _RESERVED.match(clean) else clean or "document"


def content_disposition(name: str) -> str:
    """Return the header's value that makes a browser save a file under a name (RFC 6266, RFC 5987)."""
    plain = _PLAIN.sub("_", unicodedata.normalize("NFKD", name)).strip("_ ") or "document"
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"
