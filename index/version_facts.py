"""Reads from names and metadata of a document how old it is and whether it still holds; pure.

What metadata say goes before what the title says, that before the file name, the folders and the file's time.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Literal

from index.dates import mentions_in_name, period_of, version_of
from index.document_names import (
    ENDING,
    NO_WORDS,
    RECORDS,
    TOKEN,
    NameWords,
    alias_of,
    parts_of,
    spaced,
    words_of_name,
)
from index.metadata_names import (
    DATE_KEYS,
    PERIOD_KEYS,
    STATUS_FLAGS,
    STATUS_KEYS,
    SUPERSEDED_BY_KEYS,
    SUPERSEDES_KEYS,
    VARIANT_KEYS,
    VERSION_KEYS,
    metadata_name,
)
from index.periods import Period, Version

Status = Literal["unknown", "current", "draft", "deprecated", "archived", "superseded"]
Evidence = Literal["metadata", "name", "modified", "none"]

STALE: frozenset[Status] = frozenset(("deprecated", "archived", "superseded"))
"""What is in force no more."""
_STATUSES: tuple[tuple[Status, str], ...] = (
    ("deprecated", "deprecated obsolete retired sunset eol veraltet obsoleto obsolète"),
    ("archived", "archived archive archiviert archivado archivé"),
    ("superseded", "superseded replaced outdated expired old legacy ersetzt abgelaufen"),
    ("draft", "draft drafts wip proposed proposal entwurf borrador brouillon"),
    ("current", "current active published final approved live valid gültig vigente"),
)
_STATUS_WORDS = {word: status for status, words in _STATUSES for word in words.split()}
_NO = frozenset(("", "no", "off", "false", "0", "none", "null", "never", "n"))
_MARKED = re.compile(r"[(\[]\s*([^\W\d_]+)\s*[)\]]")
_LEADING = frozenset(
    ("deprecated", "archived", "obsolete", "superseded", "outdated", "draft", "entwurf")
)
_TRAILING = _LEADING.union(
    ("old", "legacy", "wip", "veraltet", "borrador", "brouillon", "obsoleto", "obsolète")
)
_VERSION_FOLDER = re.compile(r"v?\d{1,4}(?:\.(?:\d{1,4}|x))*", re.I)


@dataclass(frozen=True, slots=True)
class VersionFacts:
    """What name and metadata of a document say of its age and standing.

    `evidence` says where `effective` is from: 'modified' is the time of a file, which a copy or a restored backup
    changes. `periods` are those that its name is about. `variants` are metadata that tell siblings apart, such as
    ('edition', 'cloud'). `aliases` are the names by which another document may say that it replaces this one.
    """

    doc_id: str
    label: str
    name: NameWords = NO_WORDS
    stem: NameWords = NO_WORDS
    folder: frozenset[str] = frozenset()
    version: Version | None = None
    effective: date | None = None
    evidence: Evidence = "none"
    periods: tuple[Period, ...] = ()
    status: Status = "unknown"
    supersedes: frozenset[str] = frozenset()
    superseded_by: frozenset[str] = frozenset()
    variants: tuple[tuple[str, str], ...] = ()
    aliases: frozenset[str] = frozenset()
    is_record: bool = False
    is_message: bool = False


def facts_of(
    doc_id: str, uri: str, title: str, updated_at: str, metadata: Mapping[str, str]
) -> VersionFacts:
    """Return what a document's names and metadata say; the same arguments give the same facts.

    `updated_at` is in ISO 8601 or ''. Metadata keys may be written in any case, with `-`, `_` or blanks.
    """
    told = {metadata_name(key): metadata[key] for key in metadata}
    *folders, file_name = parts_of(uri)
    stem = ENDING.sub("", file_name)
    title = title.strip() or stem
    name, stem_words = words_of_name(title), words_of_name(spaced(stem), is_file=True)
    effective, evidence, periods = _dates(told, title, stem, folders, updated_at)
    return VersionFacts(
        doc_id,
        title,
        name if name.words else stem_words,
        stem_words,
        frozenset(word for part in folders for word in words_of_name(part, is_file=True).words),
        _version(told, title, stem, folders),
        effective,
        evidence,
        periods,
        _status(told, title, stem, folders),
        _names_in(told, SUPERSEDES_KEYS),
        _names_in(told, SUPERSEDED_BY_KEYS),
        tuple(
            (key, " ".join(told[key].casefold().split()))
            for key in sorted(VARIANT_KEYS & told.keys())
            if told[key].strip()
        ),
        frozenset(filter(None, (alias_of(doc_id), alias_of(uri), alias_of(title), alias_of(stem)))),
        not RECORDS.isdisjoint(name.words | stem_words.words),
        not told.keys().isdisjoint(("sent", "from", "to")),
    )


def _dates(
    told: Mapping[str, str], title: str, stem: str, folders: Sequence[str], updated_at: str
) -> tuple[date | None, Evidence, tuple[Period, ...]]:
    """Return since when it holds, how that is known, and the periods that it is named after."""
    periods = tuple(filter(None, (period_of(told[key]) for key in PERIOD_KEYS if key in told)))
    for name in (title, stem, *reversed(folders)):
        periods = periods or tuple(
            mention.value for mention in mentions_in_name(name) if isinstance(mention.value, Period)
        )
    declared = next(filter(None, (period_of(told[k]) for k in DATE_KEYS if k in told)), None)
    if declared:
        return declared.first, "metadata", periods
    if periods:
        return periods[-1].first, "name", periods
    seen = period_of(told.get("modified", "")) or period_of(updated_at)
    return (seen.first, "modified", periods) if seen else (None, "none", periods)


def _version(
    told: Mapping[str, str], title: str, stem: str, folders: Sequence[str]
) -> Version | None:
    for key in VERSION_KEYS:
        found = version_of(told.get(key, ""))
        if found:
            return found
    for name in (title, stem):
        for mention in mentions_in_name(name):
            if isinstance(mention.value, Version):
                return mention.value
    named = [part for part in folders if _VERSION_FOLDER.fullmatch(part) and not period_of(part)]
    return version_of(named[-1]) if named else None


def _status(told: Mapping[str, str], title: str, stem: str, folders: Sequence[str]) -> Status:
    for key in STATUS_FLAGS:
        if told.get(key, "").strip().casefold() not in _NO:
            return _STATUS_WORDS[key]
    if _names_in(told, SUPERSEDED_BY_KEYS):
        return "superseded"
    for key in STATUS_KEYS:
        words = TOKEN.findall(told.get(key, "").casefold())
        found = next((_STATUS_WORDS[word] for word in words if word in _STATUS_WORDS), None)
        if found:
            return found
    return _status_in_name(title) or _status_in_name(stem) or _status_of_folder(folders)


def _status_in_name(name: str) -> Status | None:
    """What a name says in brackets, or by a word at its end or beginning that is hardly part of a topic."""
    words = TOKEN.findall(name.casefold().replace("_", " ").replace("-", " "))
    said = [word.casefold() for word in _MARKED.findall(name)]
    if len(words) > 1:
        said += {words[-1]} & _TRAILING
        said += {words[0]} & _LEADING
    statuses = (_STATUS_WORDS.get(word) for word in said)
    return next((status for status in statuses if status and status != "current"), None)


def _status_of_folder(folders: Sequence[str]) -> Status:
    found = (_STATUS_WORDS.get(part.casefold()) for part in folders)
    return next((status for status in found if status and status != "current"), "unknown")


def _names_in(told: Mapping[str, str], keys: Iterable[str]) -> frozenset[str]:
    named = (part for key in keys for part in re.split(r"[,;\n]", told.get(key, "")))
    return frozenset(alias for alias in map(alias_of, named) if alias not in _NO)
