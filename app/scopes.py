"""Which parts of the documents a question can be kept to: sources, kinds of file, tags, languages and dates.

Only what a caller may read counts, and is named. A tag is one of the words that documents give themselves
(`tags: [hr, travel]`, `status: draft`); where one names several, each is a tag.
"""

import json
import threading
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from sqlalchemy import exists, select

from core.answers import Caller
from index.catalogue import Catalogue
from index.document_names import parts_of
from index.filters import Filter, matching_documents
from index.metadata_names import metadata_name
from index.permissions import may_read
from index.schema import chunks, documents

_META = "meta."
_TAG_NAMES = frozenset(
    (
        "tags", "tag", "keywords", "topics", "topic", "labels", "category", "categories",
        "department", "team", "area", "audience", "status", "doc_status", "document_status", "product",
    )
)  # fmt: skip
_MAX_TAG_CHARS = 60
_MAX_CHOICES = 200
_LANGUAGE = "language"


@dataclass(frozen=True, slots=True)
class ScopeChoice:
    """One value to choose, in how many readable documents it is, and the filter that keeps to them."""

    value: str
    count: int
    filter: Filter


@dataclass(frozen=True, slots=True)
class Scopes:
    """What a caller can choose, the most frequent first; `oldest` and `newest` are days like 2026-03-01, '' without documents."""

    sources: tuple[ScopeChoice, ...]
    types: tuple[ScopeChoice, ...]
    tags: tuple[ScopeChoice, ...]
    languages: tuple[ScopeChoice, ...]
    oldest: str
    newest: str


@dataclass(frozen=True, slots=True)
class _Described:
    doc_id: str
    access: tuple[str, ...]
    day: str
    filters: tuple[Filter, ...]


class Scoping:
    """Reads from the catalogue what can be chosen, and which documents a choice means; safe between threads."""

    def __init__(self, catalogue: Catalogue) -> None:
        self._catalogue = catalogue
        self._lock = threading.Lock()
        self._known: tuple[int, tuple[_Described, ...]] | None = None

    def choices(self, caller: Caller) -> Scopes:
        """Return what the caller can choose among what this caller may read."""
        counts: Counter[Filter] = Counter()
        days: list[str] = []
        for document in self._described():
            if may_read(caller, document.access):
                counts.update(document.filters)
                days.append(document.day)
        named = [day for day in days if day]
        return Scopes(
            _choices(counts, ("source",)),
            _choices(counts, ("type",)),
            _choices(counts, (_META,)),
            _choices(counts, (_LANGUAGE,)),
            min(named, default=""),
            max(named, default=""),
        )

    def documents(self, filters: Sequence[Filter]) -> frozenset[str]:
        """Return the ids of the documents that pass all filters; says nothing of who may read them.

        `meta.tags=hr` is true of a document whose tags are 'travel, hr'.

        Raises:
            UsageError: there are more than 100 filters.
        """
        listed = [condition for condition in filters if _is_of_list(condition)]
        wide = [
            _widened(condition) if _is_of_list(condition) else condition for condition in filters
        ]
        found = matching_documents(self._catalogue.engine, wide)
        if not listed:
            return found
        records = self._catalogue.records(found)
        return frozenset(
            doc_id
            for doc_id, record in records.items()
            if all(_says(record.metadata, condition) for condition in listed)
        )

    def count(self, filters: Sequence[Filter], caller: Caller) -> int:
        """Return how many readable documents with text pass all filters.

        Raises:
            UsageError: there are more than 100 filters.
        """
        inside = self.documents(filters)
        return sum(
            document.doc_id in inside and may_read(caller, document.access)
            for document in self._described()
        )

    def _described(self) -> tuple[_Described, ...]:
        """Return all documents with text as they are at the index's generation; read once for each."""
        generation = self._catalogue.generation()
        with self._lock:
            if self._known is None or self._known[0] != generation:
                self._known = generation, self._read()
            return self._known[1]

    def _read(self) -> tuple[_Described, ...]:
        names = ("doc_id", "source", "uri", "updated_at", "access", "metadata")
        has_text = exists().where(chunks.c.doc_id == documents.c.doc_id)
        query = select(*(documents.c[name] for name in names)).where(has_text)
        with self._catalogue.engine.connect() as connection:
            return tuple(
                _Described(
                    row.doc_id,
                    tuple(json.loads(row.access)),
                    row.updated_at[:10],
                    _filters_of(row.source, row.uri, json.loads(row.metadata)),
                )
                for row in connection.execute(query)
            )


def _filters_of(source: str, uri: str, said: Mapping[str, object]) -> tuple[Filter, ...]:
    """Return the filters that keep to what a document is, each once."""
    found = [Filter("source", "=", source)]
    ending = _ending(uri)
    if ending:
        found.append(Filter("type", "=", ending))
    if said.get(_LANGUAGE):
        found.append(Filter(_LANGUAGE, "=", str(said[_LANGUAGE]).lower()))
    for key, value in said.items():
        if metadata_name(key) in _TAG_NAMES:
            tags = dict.fromkeys(_parts(str(value)))
            found += [
                Filter(_META + metadata_name(key), "=", tag)
                for tag in tags
                if len(tag) <= _MAX_TAG_CHARS
            ]
    return tuple(dict.fromkeys(found))


def _ending(uri: str) -> str:
    """Return a file's ending in lower case, where it looks like one."""
    # The first part of an address is its host: `https://example.com` is no file of type com.
    name = "/".join(parts_of(uri)[1:]) if "://" in uri else uri
    stem, dot, ending = name.rpartition("/")[2].rpartition(".")
    return ending.lower() if dot and stem and ending.isascii() and ending.isalnum() else ""


def _parts(value: str) -> list[str]:
    """Return the values of a list as the catalogue keeps it, with commas between."""
    return [part for part in (part.strip() for part in value.split(",")) if part]


def _choices(counts: Mapping[Filter, int], keys: Iterable[str]) -> tuple[ScopeChoice, ...]:
    prefixes = tuple(keys)
    found = [
        ScopeChoice(condition.value, count, condition)
        for condition, count in counts.items()
        if condition.key.startswith(prefixes)
    ]
    ordered = sorted(found, key=lambda choice: (-choice.count, choice.value.casefold()))
    return tuple(ordered[:_MAX_CHOICES])


def _is_of_list(condition: Filter) -> bool:
    return condition.key.startswith(_META) and condition.operator == "="


def _widened(condition: Filter) -> Filter:
    """Return a filter that every document with this value in a list passes."""
    return replace(condition, operator="~", value=f"*{condition.value}*")


def _says(said: Mapping[str, str], condition: Filter) -> bool:
    wanted = metadata_name(condition.key.removeprefix(_META))
    return any(
        condition.value == value or condition.value in _parts(value)
        for value in (str(value) for name, value in said.items() if metadata_name(name) == wanted)
    )
