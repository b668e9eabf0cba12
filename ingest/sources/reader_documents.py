"""What a reader's documents are called: an identity that is the same in every run, or a refusal.

LlamaIndex gives a document a new random id in each run unless its reader knows better. A source whose ids
change would be removed and embedded anew every time, so such ids are refused with the key to set.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from core.documents import text_hash

DOC_ID = "doc_id"
USUAL_KEYS = (
    "file_path", "url", "URL", "source", "Source", "page_id", "file_id", "file id", "path", "link", "id", DOC_ID,
)  # fmt: skip
"""What readers put a document's name under, the most telling first."""

_OF_A_PART = frozenset(
    {"page_label", "page", "page_number", "slide", "sheet", "part", "row", "line", "total_pages"}
)
"""Keys that may differ between the parts of one document, like the pages of a PDF."""
_RANDOM = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")


@dataclass(frozen=True, slots=True)
class ReaderKeys:
    """Metadata keys by what they say, '' for the usual; names below `folder` are given relative to it."""

    id: str = ""
    version: str = ""
    title: str = ""
    url: str = ""
    updated: str = ""
    folder: str = ""


@dataclass(frozen=True, slots=True)
class ReaderDocument:
    """One document as a reader returned it."""

    doc_id: str
    text: str
    metadata: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Reading:
    """One document with its identity; `stamp` changes with its text or its version."""

    uri: str
    stamp: str
    text: str
    title: str
    url: str
    updated_at: str


def join_documents(
    documents: Sequence[ReaderDocument], keys: ReaderKeys, remembered: Mapping[str, str]
) -> list[Reading]:
    """Return one reading for each identity; documents that share one are its parts, joined in order.

    Raises:
        ValueError: there is no identity that stays, or two different documents share one; the message says
            which key to set.
    """
    if not documents:
        return []
    key = _id_key(documents, keys.id)
    parts: dict[str, list[ReaderDocument]] = {}
    for document in documents:
        parts.setdefault(_relative(_value(document, key), keys.folder), []).append(document)
    _require_stable(parts, key, remembered)
    for uri, shared in parts.items():
        _require_parts(uri, shared, key)
    return [_reading(uri, shared, keys) for uri, shared in parts.items()]


def _id_key(documents: Sequence[ReaderDocument], wanted: str) -> str:
    if wanted:
        for document in documents:
            if not _value(document, wanted):
                raise ValueError(
                    f"a document has no {wanted!r}, which `id_from:` asks for. {_choice(documents)}"
                )
        return wanted
    for key in USUAL_KEYS:
        if all(_value(document, key) for document in documents):
            if key == DOC_ID and any(_RANDOM.fullmatch(entry.doc_id) for entry in documents):
                break
            return key
    raise ValueError(f"the reader gives its documents new ids in each run. {_choice(documents)}")


def _require_stable(parts: Mapping[str, object], key: str, remembered: Mapping[str, str]) -> None:
    if not remembered or any(uri in remembered for uri in parts):
        return
    if all(_RANDOM.fullmatch(uri) for uri in [*parts, *remembered]):
        raise ValueError(
            f"{key!r} had other values in the last run for every document, so it is no name for them. Set "
            "`id_from:` to a key that stays."
        )


def _require_parts(uri: str, shared: Sequence[ReaderDocument], key: str) -> None:
    first = shared[0].metadata
    for document in shared[1:]:
        for name in sorted(set(first) | set(document.metadata), key=str):
            if name not in _OF_A_PART and first.get(name) != document.metadata.get(name):
                raise ValueError(
                    f"two documents have the same {key!r} ({uri!r}) and differ in {name!r}. Set `id_from:` to "
                    f"a key that tells them apart, maybe {name!r}."
                )


def _choice(documents: Sequence[ReaderDocument]) -> str:
    common = set(documents[0].metadata)
    for document in documents[1:]:
        common &= set(document.metadata)
    known = ", ".join(sorted(map(str, common))) or "none"
    return f"Set `id_from:` to a key that names a document for good; all of them have: {known}."


def _reading(uri: str, shared: Sequence[ReaderDocument], keys: ReaderKeys) -> Reading:
    first = shared[0]
    text = "\n\n".join(document.text for document in shared)
    versions = [_value(document, keys.version) for document in shared] if keys.version else [""]
    return Reading(
        uri=uri,
        stamp="|".join(dict.fromkeys(versions)) if all(versions) else text_hash(text)[:32],
        text=text,
        title=_value(first, keys.title),
        url=_value(first, keys.url),
        updated_at=_iso(_value(first, keys.updated)),
    )


def _value(document: ReaderDocument, key: str) -> str:
    if not key:
        return ""
    value = document.doc_id if key == DOC_ID else document.metadata.get(key)
    if value is None or isinstance(value, bool | Mapping | list | tuple | set):
        return ""
    return " ".join(str(value).split())


def _relative(name: str, folder: str) -> str:
    if not folder:
        return name
    for root in (folder, str(Path(folder).absolute())):
        below = name.removeprefix(root.rstrip("/") + "/")
        if below != name:
            return below
    return name


def _iso(text: str) -> str:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return ""
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return moment.astimezone(UTC).isoformat(timespec="seconds")
