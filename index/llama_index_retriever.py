"""Footnote's retrieval as a retriever of LlamaIndex, for query engines, routers and agents that others build.

Imported only by programs that use LlamaIndex; Footnote itself never does. LlamaIndex's global settings are
neither read nor changed here, and every search is one caller's: there is no way to search as nobody in particular.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from os import PathLike
from pathlib import Path
from typing import Self

import numpy as np

from core.answers import Caller, Hit
from core.errors import UsageError
from core.search import FloatMatrix
from core.settings import Settings, load_settings
from index.factory import KnowledgeBase, open_knowledge_base
from index.permissions import GroupsFile, administrator, caller_named
from index.retriever import PreparedQuestion

try:
    from llama_index.core.base.base_retriever import BaseRetriever
    from llama_index.core.callbacks.base import CallbackManager
    from llama_index.core.schema import (
        NodeRelationship,
        NodeWithScore,
        ObjectType,
        QueryBundle,
        RelatedNodeInfo,
        TextNode,
    )
except ImportError as error:
    raise ImportError(
        "The retriever for LlamaIndex needs llama-index-core 0.13 or newer. Install it with: "
        "pip install 'footnote[readers]'"
    ) from error

TOP_K = 8
_SECTION_SEPARATOR = " > "
_NOT_EMBEDDED = ("uri", "version", "page", "start", "end", "updated_at", "is_stale")
"""Footnote puts title and heading path in front of a text that it embeds, and nothing else."""
_NOT_FOR_MODELS = ("version", "start", "end", "is_stale")
"""What a program needs to check a quotation, and what a language model can only repeat."""


class FootnoteRetriever(BaseRetriever):
    """Finds chunks that one caller may read; safe to share between threads.

    Any number of retrievers, for any number of callers, can stand on one opened knowledge base.
    """

    def __init__(
        self,
        base: KnowledgeBase,
        caller: Caller,
        *,
        top_k: int = TOP_K,
        max_question_chars: int = 4000,
        callback_manager: CallbackManager | None = None,
    ) -> None:
        """Search `base` for `caller` (`index.permissions.caller_named`), `top_k` chunks a question.

        Raises:
            UsageError: `top_k` is below 1.
        """
        if top_k < 1:
            raise UsageError(f"top_k is {top_k}. Set it to 1 or more.")
        super().__init__(callback_manager=callback_manager)
        self._base = base
        self._caller = caller
        self._top_k = top_k
        self._max_question_chars = max_question_chars

    @classmethod
    def from_data_dir(
        cls,
        data_dir: str | PathLike[str],
        *,
        user: str | None = None,
        groups: Sequence[str] | None = None,
        as_administrator: bool = False,
        top_k: int = TOP_K,
    ) -> Self:
        """Open a data folder, with the settings of the environment, for one caller.

        Without `user` the caller reads what is for everyone. Without `groups` a user has those of
        FOOTNOTE_GROUPS_FILE, and none if it is not set. Only `as_administrator=True` reads everything.

        Raises:
            FootnoteError: there is no knowledge base, the settings do not fit it, or the arguments contradict.
        """
        settings = load_settings(data_dir=Path(data_dir))
        caller = _caller(settings, user, groups, as_administrator=as_administrator)
        base = open_knowledge_base(settings)
        return cls(base, caller, top_k=top_k, max_question_chars=settings.max_question_chars)

    def _retrieve(self, query_bundle: QueryBundle) -> list[NodeWithScore]:
        """Return the best chunks, best first, scores in [0, 1]; none for an empty question.

        Strings to embed in place of the question (as HyDE makes them) decide what is searched by meaning; words
        are always the question's. An embedding in the bundle is another model's, and is left alone.

        Raises:
            FootnoteError: the question is too long, or the index cannot be used.
        """
        question = _storable(query_bundle.query_str)
        if not question:
            return []
        if len(question) > self._max_question_chars:
            raise UsageError(
                f"The question has {len(question):,} characters, and {self._max_question_chars:,} are allowed. "
                "Ask a shorter one, or raise FOOTNOTE_MAX_QUESTION_CHARS."
            )
        retriever = self._base.retriever
        prepared = retriever.prepare(question, self._caller)
        meanings = [_storable(text) for text in query_bundle.custom_embedding_strs or ()]
        if any(meanings):
            prepared = replace(
                prepared, vector=_mean_vector(prepared, list(filter(None, meanings)))
            )
        hits = retriever.retrieve_prepared(prepared, self._caller, self._top_k)
        return [NodeWithScore(node=_node(hit), score=hit.score) for hit in hits]

    async def _aretrieve(self, query_bundle: QueryBundle) -> list[NodeWithScore]:
        """Like `_retrieve`, in a thread: a search is processor work, and would hold up the event loop."""
        return await asyncio.to_thread(self._retrieve, query_bundle)


def _caller(
    settings: Settings, user: str | None, groups: Sequence[str] | None, *, as_administrator: bool
) -> Caller:
    if as_administrator:
        if user is not None or groups is not None:
            raise UsageError("Give either as_administrator=True, or a user with groups, not both.")
        return administrator()
    if groups is None:
        found = GroupsFile(settings.groups_file).groups_of(user) if user else ()
        return caller_named(user or "", found)
    if isinstance(groups, str):
        raise UsageError(
            f"groups is the text {groups!r}. Give a list of names: groups=[{groups!r}]."
        )
    names = [group.removeprefix("group:").strip() for group in groups]
    if names and not (user and user.strip()):
        raise UsageError("Groups are given and no user. Name the user whose groups they are.")
    if not all(names):
        raise UsageError(f"One of the groups {list(groups)!r} has no name. Leave it out.")
    return caller_named(user or "", names)


def _storable(text: str) -> str:
    """Return a text without blanks around it and without halves of characters, which nothing can embed."""
    return text.encode("utf-8", "replace").decode().strip()


def _mean_vector(prepared: PreparedQuestion, texts: Sequence[str]) -> FloatMatrix:
    """Return shape (1, dim): the mean of the texts' vectors, of length 1, as LlamaIndex's own retriever does."""
    embedder = prepared.generation.embedder
    total = np.mean([embedder.embed_query(text)[0] for text in texts], axis=0, keepdims=True)
    length = float(np.linalg.norm(total))
    # Vectors that cancel each other out mean nothing together: the question's own stays.
    return (total / length).astype(np.float32) if length > 1e-6 else prepared.vector


def _node(hit: Hit) -> TextNode:
    document = hit.document
    metadata: dict[str, str | int | bool] = {
        "title": document.title,
        "uri": document.uri,
        "version": document.version,
        "updated_at": document.updated_at,
        "is_stale": document.is_stale,
        "start": hit.start,
        "end": hit.end,
    }
    if hit.section:
        metadata["section"] = _SECTION_SEPARATOR.join(hit.section)
    if hit.page is not None:
        metadata["page"] = hit.page
    return TextNode(
        id_=hit.chunk_id,
        text=hit.text,
        metadata=metadata,
        excluded_embed_metadata_keys=list(_NOT_EMBEDDED),
        excluded_llm_metadata_keys=list(_NOT_FOR_MODELS),
        start_char_idx=hit.start,
        end_char_idx=hit.end,
        relationships={
            NodeRelationship.SOURCE: RelatedNodeInfo(
                node_id=document.doc_id,
                node_type=ObjectType.DOCUMENT,
                metadata={
                    "title": document.title,
                    "uri": document.uri,
                    "version": document.version,
                    "updated_at": document.updated_at,
                },
                hash=document.version,
            )
        },
    )
