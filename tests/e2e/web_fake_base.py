"""The application that the page's tests stand in front of: all of it real, except who writes the answers.

A small knowledge base is stored through the catalogue, embedded and published as an ingestion does it; the scenes
differ in what it holds and in their settings.
"""

from pathlib import Path
from typing import Any, cast

from web_fake import DOCUMENTS, PAY_TEAM, FakeDocument, ScriptedWriter, elements_of

from app.answering import Answering, AnswerLimits
from app.application import Application
from app.bootstrap import application_over
from app.conversation_log import ConversationLog
from app.conversation_view import ConversationReader
from app.feedback_log import FeedbackLog
from app.generation.completion_cache import CompletionCache
from app.grounding.checker import ClaimChecker
from app.service import FootnoteService
from core.answers import Caller, Hit, Role
from core.documents import Chunk, Element, SourceItem, chunk_id
from core.settings import Settings, load_settings
from index.catalogue import NewVersion
from index.factory import Workshop, open_knowledge_base, open_workshop
from index.manifest import Manifest
from index.permissions import caller_named
from index.retriever import HybridRetriever, PreparedQuestion

GROUPS = {"hr@example.org": (PAY_TEAM,)}
_CHUNK_CHARS = 900


def fake_caller(name: str, role: Role = "reader") -> Caller:
    """Return somebody with a role; hr@example.org also reads about pay."""
    named = caller_named(name, GROUPS.get(name, ()))
    return Caller(named.name, named.principals, role=role)


SCENES: dict[str, dict[str, int]] = {
    "full": {"questions_per_minute": 0, "questions_per_day": 0},
    "empty": {},
    "limited": {"questions_per_minute": 0, "questions_per_day": 2},
    "narrow": {"questions_per_minute": 0, "concurrent_answers": 1},
}


def fake_application(folder: Path, scene: str) -> Application:
    """Open the application of a scene; a folder that has its knowledge base keeps it."""
    data_dir = folder / scene
    settings = load_settings(data_dir=data_dir, llm="extractive", web=SCENES[scene])
    if not (data_dir / "footnote.db").exists():
        data_dir.mkdir(parents=True, exist_ok=True)
        fill(settings, [] if scene == "empty" else list(DOCUMENTS.values()))
    return application_over(settings, _service(settings))


class QuietRetriever:
    """A retriever that finds passages only for questions with `in scope`: notes stay those of the script."""

    def __init__(self, retriever: HybridRetriever) -> None:
        self._retriever = retriever

    def __getattr__(self, name: str) -> Any:
        return getattr(self._retriever, name)

    def retrieve_prepared(self, prepared: PreparedQuestion, *args: Any, **named: Any) -> list[Hit]:
        """See `HybridRetriever`."""
        if "in scope" not in prepared.question:
            return []
        return self._retriever.retrieve_prepared(prepared, *args, **named)


def _service(settings: Settings) -> FootnoteService:
    base = open_knowledge_base(settings, create=True)
    engine, data_dir = base.catalogue.engine, settings.data_dir
    log = ConversationLog(engine, data_dir, "streamlit")
    answering = Answering(
        cast(HybridRetriever, QuietRetriever(base.retriever)),
        ScriptedWriter(data_dir, pause_s=0.02),
        ClaimChecker(base.retriever.embedder),
        lambda question, history, caller: question,
        log,
        AnswerLimits(8, 2000, settings.max_question_chars),
    )
    return FootnoteService(
        answering,
        base.retriever,
        log,
        ConversationReader(base.catalogue),
        FeedbackLog(engine, data_dir),
        CompletionCache(engine, data_dir, 0.0),
        "streamlit",
    )


def fill(settings: Settings, documents: list[FakeDocument]) -> None:
    """Store, embed and publish documents, and write them into a folder beside the catalogue."""
    workshop = open_workshop(settings)
    catalogue, embedder = workshop.catalogue, workshop.embedder
    manifest = Manifest(embedder.name, embedder.dim, "fake", 128)
    catalogue.set_meta("manifest", manifest.to_json())
    workshop.publisher.begin()
    versions = [_version(workshop, settings.data_dir / "documents", one) for one in documents]
    workshop.publisher.add_words(versions)
    workshop.publisher.remove_words(catalogue.store(versions, []))
    missing = catalogue.missing_vectors(embedder.name)
    if missing:
        rows = embedder.embed_passages(catalogue.texts_to_embed(missing))
        catalogue.put_vectors(
            embedder.name, [(key, rows[place]) for place, key in enumerate(missing)]
        )
    workshop.publisher.publish_vectors()
    workshop.publisher.finish()


def _version(workshop: Workshop, folder: Path, document: FakeDocument) -> NewVersion:
    path = folder / document.uri
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(document.text, encoding="utf-8")
    elements = elements_of(document)
    chunks = _chunks(document, elements)
    size = path.stat().st_size
    return NewVersion(
        doc_id=document.doc_id,
        source=document.source,
        item=SourceItem(document.uri, document.version, document.access, size, str(path)),
        version=document.version,
        title=document.title,
        text=document.text,
        elements=elements,
        chunks=tuple(chunks),
        numbers=workshop.catalogue.reserve_chunk_numbers(len(chunks)),
        updated_at=document.updated_at,
        access=document.access,
        metadata=document.metadata,
    )


def _chunks(document: FakeDocument, elements: tuple[Element, ...]) -> list[Chunk]:
    chunks: list[Chunk] = []
    section: tuple[str, ...] = ()
    for element in elements:
        if element.kind == "heading":
            section = (*section[: element.level - 1], element.plain)
            continue
        for start in range(element.start, element.end, _CHUNK_CHARS):
            end = min(start + _CHUNK_CHARS, element.end)
            words = document.text[start:end]
            chunks.append(
                Chunk(
                    chunk_id(document.doc_id, document.version, len(chunks)),
                    document.doc_id,
                    len(chunks),
                    start,
                    end,
                    words,
                    f"{document.title}\n{words}",
                    section,
                    document.page,
                )
            )
    return chunks
