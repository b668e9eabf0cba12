"""Opens what a citation stands on: the document, its page, its original, and why it was found.

Every method asks the catalogue who may read, every time: what was opened or drawn before counts for nothing.
"""

import threading
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from app.conversation_log import ConversationLog
from app.source_desk.media_types import file_name, media_type
from app.source_desk.page_images import PageImage, PageImages
from app.source_desk.reasons import SourceReason, reason_of
from core.answers import Answer, Caller
from core.documents import DocumentRecord, Element
from core.errors import NotFound
from index.catalogue import Catalogue
from index.originals import Originals
from index.permissions import may_read

_NOT_FOUND = "This document is not there, or you may not read it."
_NO_ORIGINAL = "The original of this document is not kept. Its text can be read and downloaded."
_KEPT_TEXTS = 8
_KEPT_CHARS = 20_000_000


@dataclass(frozen=True, slots=True)
class SourceDocument:
    """A document as a reader opens it. `has_original`: its file is kept as it came; `is_paged`: as a PDF or an image."""

    record: DocumentRecord
    text: str
    elements: tuple[Element, ...]
    has_original: bool
    is_paged: bool


@dataclass(frozen=True, slots=True)
class Download:
    """What a reader takes home: the name and the type of a file, and its bytes."""

    name: str
    media_type: str
    content: bytes


class SourceDesk:
    """The sources of one data folder."""

    def __init__(self, catalogue: Catalogue, log: ConversationLog | None = None) -> None:
        self._catalogue = catalogue
        self._log = log
        self._originals = Originals(catalogue.data_dir)
        self._pages = PageImages()
        self._texts = _KeptTexts()

    def open(self, doc_id: str, caller: Caller) -> SourceDocument:
        """Return a whole document.

        Raises:
            NotFound: it is not there, or the caller may not read it.
        """
        record = self._readable(doc_id, caller)
        text, elements = self._text_of(record)
        has_original = self._originals.has(record.version)
        is_paged = has_original and self._originals.is_paged(record.version)
        return SourceDocument(record, text, elements, has_original, is_paged)

    def page_image(
        self, doc_id: str, caller: Caller, page: int, quote: str = "", occurrence: int = 0
    ) -> PageImage:
        """Return a page of a PDF or an image; see `PageImages.draw`.

        Raises:
            NotFound: it is not there, the caller may not read it, or its original is not kept.
            ServiceUnavailable: the page cannot be drawn; the message says so to a reader.
        """
        version = self._readable(doc_id, caller).version
        known = self._pages.known(version, page, quote, occurrence)
        if known is not None:
            return known
        content = self._originals.get(version)
        if content is None:
            raise NotFound(_NO_ORIGINAL)
        return self._pages.draw(version, content, page, quote, occurrence)

    def original(self, doc_id: str, caller: Caller) -> Download:
        """Return a document's file as it came.

        Raises:
            NotFound: it is not there, the caller may not read it, or its original is not kept.
        """
        record = self._readable(doc_id, caller)
        content = self._originals.get(record.version)
        if content is None:
            raise NotFound(_NO_ORIGINAL)
        return Download(file_name(record.uri), media_type(record.uri), content)

    def text_file(self, doc_id: str, caller: Caller) -> Download:
        """Return a document's canonical text as a file.

        Raises:
            NotFound: it is not there, or the caller may not read it.
        """
        record = self._readable(doc_id, caller)
        text, _ = self._text_of(record)
        name = f"{file_name(record.uri)}.txt".replace(".txt.txt", ".txt")
        return Download(name, "text/plain; charset=utf-8", text.encode("utf-8", "replace"))

    def version(self, doc_id: str, caller: Caller) -> str:
        """Return the version that a document has now.

        Raises:
            NotFound: it is not there, or the caller may not read it.
        """
        return self._readable(doc_id, caller).version

    def why(
        self, answer: Answer, trace: Mapping[str, Any], marker: int, caller: Caller
    ) -> SourceReason:
        """Return why a citation is among an answer's sources; an empty trace tells less.

        Raises:
            NotFound: the answer has no such citation, or the caller may not read its document (any more).
        """
        citation = next((found for found in answer.citations if found.marker == marker), None)
        if citation is None:
            raise NotFound("This answer has no such source.")
        record = self._readable(citation.document.doc_id, caller)
        return reason_of(record, citation, trace, answer)

    def trace(self, answer_id: str, caller: Caller) -> Mapping[str, Any]:
        """Return the trace of one of the caller's own answers; an empty one for anybody else's."""
        if self._log is None:
            return {}
        try:
            return self._log.find(answer_id, caller)[1]
        except NotFound:
            return {}

    def _readable(self, doc_id: str, caller: Caller) -> DocumentRecord:
        record = self._catalogue.records([doc_id]).get(doc_id)
        if record is None or not may_read(caller, record.access):
            raise NotFound(_NOT_FOUND)
        return record

    def _text_of(self, record: DocumentRecord) -> tuple[str, tuple[Element, ...]]:
        known = self._texts.get(record)
        if known is not None:
            return known
        try:
            read = self._catalogue.document_text(record.doc_id)
        except NotFound as error:  # removed meanwhile
            raise NotFound(_NOT_FOUND) from error
        self._texts.put(record, read)
        return read


class _KeptTexts:
    """The last texts that were opened: a table of 100,000 rows takes half a second to read out of its JSON."""

    def __init__(self) -> None:
        self._texts: OrderedDict[tuple[str, str], tuple[str, tuple[Element, ...]]] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, record: DocumentRecord) -> tuple[str, tuple[Element, ...]] | None:
        key = (record.doc_id, record.version)
        with self._lock:
            found = self._texts.get(key)
            if found is not None:
                self._texts.move_to_end(key)
            return found

    def put(self, record: DocumentRecord, read: tuple[str, tuple[Element, ...]]) -> None:
        with self._lock:
            self._texts[record.doc_id, record.version] = read
            chars = sum(len(text) for text, _ in self._texts.values())
            while len(self._texts) > _KEPT_TEXTS or (chars > _KEPT_CHARS and len(self._texts) > 1):
                _, (text, _) = self._texts.popitem(last=False)
                chars -= len(text)
