"""Which file ending a page is stored under, so that the right parser reads it."""

from pathlib import PurePosixPath

_BY_TYPE = {
    "text/html": ".html",
    "application/xhtml+xml": ".html",
    "text/markdown": ".md",
    "text/x-markdown": ".md",
    "text/csv": ".csv",
    "text/tab-separated-values": ".tsv",
    "text/x-rst": ".rst",
    "text/rtf": ".rtf",
    "application/rtf": ".rtf",
    "text/xml": ".xml",
    "application/xml": ".xml",
    "application/rss+xml": ".rss",
    "application/atom+xml": ".atom",
    "application/json": ".json",
    "application/x-ndjson": ".ndjson",
    "application/pdf": ".pdf",
    "application/epub+zip": ".epub",
    "message/rfc822": ".eml",
    "application/vnd.ms-outlook": ".msg",
    "application/msword": ".doc",
    "application/vnd.ms-excel": ".xls",
    "application/vnd.ms-powerpoint": ".ppt",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document": ".docx",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": ".xlsx",
    "application/vnd.openxmlformats-officedocument.presentationml.presentation": ".pptx",
    "application/vnd.oasis.opendocument.text": ".odt",
    "application/vnd.oasis.opendocument.spreadsheet": ".ods",
    "application/vnd.oasis.opendocument.presentation": ".odp",
}
_PLAIN = frozenset(
    {".md", ".markdown", ".rst", ".org", ".csv", ".tsv", ".json", ".jsonl", ".ndjson", ".log"}
)
_NAMED = frozenset(_BY_TYPE.values()) | _PLAIN | {".txt", ".text", ".htm", ".xhtml", ".ipynb"}
_SILENT = frozenset({"", "application/octet-stream", "binary/octet-stream", "application/download"})


def ending_of(media_type: str, path: str) -> str:
    """Return the ending, with its dot, of a document by its media type, then by its path; '' for no document.

    A server that says `text/plain` or nothing does not know better than the path. Pictures, sound, scripts
    and archives are no documents here.
    """
    plain_type = media_type.partition(";")[0].strip().lower()
    ending = PurePosixPath(path).suffix.lower()
    if plain_type in _SILENT:
        return ending if ending in _NAMED else ""
    if plain_type == "text/plain":
        return ending if ending in _PLAIN else ".txt"
    return _BY_TYPE.get(plain_type, "")
