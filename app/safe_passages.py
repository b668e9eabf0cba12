"""Takes out of passages what addresses an assistant instead of a reader, before anything is made of them.

Nothing is cut: a marked sentence becomes blanks of its length, so that every offset into the document stays true, no
answer can be made of it, and no claim can rest on it. The document itself stays as it is, also where it is opened.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace

from core.answers import Note, Passage
from core.documents import Element
from core.injection import Suspicion, document_words, suspicions

NOTE_KIND = "injection"


def without_instructions(
    passages: Sequence[Passage], text_of: Callable[[str], str]
) -> tuple[list[Passage], list[Note]]:
    """Return the passages without marked sentences and headings, and a note for each document that had some.

    `text_of` gives a document's whole text by its id: what shares words with the rest of it belongs there.
    """
    cleaned: list[Passage] = []
    notes: dict[str, Note] = {}
    for passage in passages:
        marked = suspicions(passage.text)
        section = tuple(heading for heading in passage.section if not suspicions(heading))
        if marked:
            words = document_words(text_of(passage.document.doc_id))
            marked = suspicions(passage.text, words)
        if marked or section != passage.section:
            cleaned.append(replace(_blanked(passage, marked), section=section))
        else:
            cleaned.append(passage)
        if cleaned[-1] is not passage:
            document = passage.document
            text = (
                f"{document.title} ({document.uri}) has text that speaks to an assistant instead of a reader. It was "
                "left out. Look at the document before you rely on it."
            )
            notes.setdefault(document.doc_id, Note(NOTE_KIND, text))
    return cleaned, list(notes.values())


def _blanked(passage: Passage, marked: Sequence[Suspicion]) -> Passage:
    text = passage.text
    for found in marked:
        text = text[: found.start] + " " * (found.end - found.start) + text[found.end :]
    elements = tuple(
        element
        for element in (_element(element, passage, text, marked) for element in passage.elements)
        if element.plain
    )
    return replace(passage, text=text, elements=elements)


def _element(element: Element, passage: Passage, text: str, marked: Sequence[Suspicion]) -> Element:
    """Return an element as it is, or read anew from what is left of it."""
    start, end = element.start - passage.start, element.end - passage.start
    if not any(found.start < end and found.end > start for found in marked):
        return element
    return replace(element, plain=text[max(0, start) : max(0, end)].strip())
