"""What to do about a file that could not be read, for each documented reason."""

from core.errors import QuarantineReason

_HINTS: dict[QuarantineReason, str] = {
    "encrypted": "Save the file without a password.",
    "corrupt": "Open the file in the program it comes from and save it again, or restore it.",
    "too_large": "Split the file, or raise FOOTNOTE_INGEST__MAX_FILE_MB.",
    "timeout": "Split the file, or save it in a simpler format.",
    "memory": "Split the file, or save it in a simpler format.",
    "unsupported": "Save it as md, txt, html, docx, csv or pdf, or move it out of the folder.",
    "empty": "Add text to the file, or remove it.",
    "no_text_layer": "Run text recognition (OCR) on the scanned pages and save the result.",
    "archive_bomb": "Unpack the archive and ingest its files.",
    "encoding": "Save the file as UTF-8.",
    "access": "Give the user that runs the ingestion permission to read the file.",
    "io": "Check the disk or network share, then run again.",
}


def hint_for(reason: QuarantineReason) -> str:
    """Return one sentence that tells the document's owner what to do."""
    return _HINTS[reason]
