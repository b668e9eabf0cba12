"""Writes the elements of one parsed document into the canonical text of another that contains it."""

from core.documents import ParsedDocument
from ingest.parsers.canonical import CanonicalWriter


def rewrite(writer: CanonicalWriter, document: ParsedDocument) -> None:
    """Add what a reader sees of each element, in order, with its kind, level and header."""
    writer.hidden.merge(document.hidden)
    for element in document.elements:
        writer.add(element.kind, element.plain, level=element.level, header=element.header)
