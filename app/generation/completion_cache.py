"""Completions that can be used again without asking a model: a cache that permissions are part of.

The key is a hash of everything that a completion depends on: the whole prompt (question, turns before, passages,
templates), the models, which documents the asker may read and the generation of the index. Two people share an
entry only where they may read exactly the same documents. What is kept is what left the process and what came back:
with personal data masked, which is put back for each reader. Retrieval, citations and the check run anew each time.
A flag removes the entry that the answer was made from; a new generation of the index leaves all older ones behind.
"""

import json
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, delete, or_, select

from core.answers import Caller
from core.documents import text_hash
from core.generation import ChatMessage, ModelChosen, ModelOutput, TokenUsage
from core.ports import LanguageModel
from index.database import storage_errors, writing
from index.dialects import insert_into
from index.permissions import may_read
from index.schema import answer_cache


@dataclass(frozen=True, slots=True)
class Completion:
    """What a model wrote, by its spec, and what it used."""

    spec: str
    text: str
    usage: TokenUsage


class CompletionCache:
    """The cached completions of one data folder; `hours` is how long one is kept, 0 keeps none."""

    def __init__(self, engine: Engine, data_dir: Path, hours: float) -> None:
        self._engine = engine
        self._data_dir = data_dir
        self._hours = hours

    def find(self, key: str) -> Completion | None:
        """Return a completion, None if there is none that is young enough."""
        query = select(answer_cache).where(
            answer_cache.c.cache_key == key, answer_cache.c.created_at >= self._oldest()
        )
        with self._engine.connect() as connection:
            row = connection.execute(query).first()
        if row is None:
            return None
        usage = TokenUsage(row.prompt_tokens, row.completion_tokens)
        return Completion(row.spec, row.completion, usage)

    def put(self, key: str, generation: int, completion: Completion) -> None:
        """Keep a completion; what is too old or of an older generation is removed on the way."""
        if self._hours <= 0:
            return
        values = {
            "index_generation": generation,
            "created_at": _now(),
            "spec": completion.spec,
            "completion": completion.text,
            **asdict(completion.usage),
        }
        outdated = or_(
            answer_cache.c.created_at < self._oldest(),
            answer_cache.c.index_generation < generation,
        )
        with storage_errors(self._data_dir), writing(self._engine) as connection:
            connection.execute(delete(answer_cache).where(outdated))
            row = insert_into(connection, answer_cache).values(cache_key=key, **values)
            connection.execute(row.on_conflict_do_update(index_elements=["cache_key"], set_=values))

    def purge(self, key: str) -> int:
        """Forget one entry; returns how many there were."""
        with storage_errors(self._data_dir), writing(self._engine) as connection:
            return connection.execute(
                delete(answer_cache).where(answer_cache.c.cache_key == key)
            ).rowcount

    def _oldest(self) -> str:
        return _now(-timedelta(hours=self._hours))


@dataclass(frozen=True, slots=True)
class CacheScope:
    """For whom and over what a completion is made: no other scope ever sees it."""

    readable: str
    generation: int


def scope_of(
    caller: Caller, access_lists: Iterable[Collection[str]], generation: int
) -> CacheScope:
    """Return the scope of a caller: the access lists of all documents that this caller may read."""
    readable = sorted(sorted(access) for access in access_lists if may_read(caller, access))
    return CacheScope(text_hash(json.dumps(readable)), generation)


class CachedModel:
    """A chain of models behind the cache, for one request; see `core.ports.LanguageModel`.

    `key` names the entry that was used or made, for the trace: a flag removes it. '' before the first request.
    """

    def __init__(
        self, inner: LanguageModel, cache: CompletionCache, scope: CacheScope, specs: str
    ) -> None:
        self.spec = inner.spec
        self.context_window = inner.context_window
        self._inner = inner
        self._cache = cache
        self._scope = scope
        self._specs = specs
        self.key = ""
        self.was_found = False

    def stream(self, messages: Sequence[ChatMessage], max_tokens: int) -> Iterator[ModelOutput]:
        """Yield what was written before, or ask; a completion that broke off is not kept.

        Raises:
            ModelFailure: nothing was cached, and the model failed.
        """
        self.key = self._key(messages, max_tokens)
        found = self._cache.find(self.key)
        self.was_found = found is not None
        if found is not None:
            yield ModelChosen(found.spec, ())
            yield found.text
            yield TokenUsage()  # nothing was used this time
            return
        pieces: list[str] = []
        spec, usage, is_first_choice = self.spec, TokenUsage(), True
        for part in self._inner.stream(messages, max_tokens):
            if isinstance(part, ModelChosen):
                spec, is_first_choice = part.spec, not part.failures
            elif isinstance(part, TokenUsage):
                usage = part
            else:
                pieces.append(part)
            yield part
        # The answer of a fallback is not kept: the next reader should get the better model again.
        if is_first_choice:
            self._cache.put(
                self.key, self._scope.generation, Completion(spec, "".join(pieces), usage)
            )

    def details(self) -> dict[str, Any]:
        """Return what the trace keeps of it."""
        return {"cache_key": self.key, "cached": self.was_found}

    def _key(self, messages: Sequence[ChatMessage], max_tokens: int) -> str:
        parts = [
            self._specs,
            self._scope.readable,
            self._scope.generation,
            max_tokens,
            [[message.role, message.text] for message in messages],
        ]
        return text_hash(json.dumps(parts, ensure_ascii=False))


def _now(shift: timedelta = timedelta()) -> str:
    return (datetime.now(UTC) + shift).isoformat(timespec="milliseconds")
