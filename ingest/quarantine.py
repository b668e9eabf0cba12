"""What to do about a file that could not be read, for each documented reason."""

_HINTS: dict[str, str] = {
    "encrypted": "Save the file without a password.",
    "corrupt": "Open the file in the program it comes from and save it again, or restore it.",
    "too_large": "Split the file, or raise FOOTNOTE_INGEST__MAX_FILE_MB.",
    "timeout": "Split the file, or save it in a simpler format.",
    "memory": "Split the file, or save it in a simpler format.",
    "unsupported": "Save it as text, Markdown, HTML, PDF or an Office format, or exclude it in .footnoteignore.",
    "empty": "Add text to the file, or remove it.",
    "no_text_layer": "Save it with recognised text, or install footnote[ocr] where it is missing and run with --retry.",
    "archive_bomb": "Unpack the archive and ingest its files.",
    "encoding": "Save the file as UTF-8.",
    "access": "Give the user that runs the ingestion permission to read the file.",
    "io": "Check the disk or network share, then run again.",
}


def hint_for(reason: str) -> str:
    """Return one sentence that tells the document's owner what to do; '' for an unknown reason."""
    return _HINTS.get(reason, "")
