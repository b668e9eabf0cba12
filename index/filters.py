"""Filters of a search: which documents are looked at, by what the catalogue knows of them.

    text -> Filter: key, operator, value        several filters: documents that fit them all

The database narrows with bound parameters to documents that may fit, and `_fits` decides: LIKE ignores case in
SQLite and does not in PostgreSQL, and a filter means the same on both. Filters say nothing of who may read.
"""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from fnmatch import translate
from typing import Any, Literal

from sqlalchemy import ColumnElement, Engine, Row, func, select, true

from core.errors import UsageError
from index.document_names import parts_of
from index.metadata_names import metadata_name
from index.schema import documents

Operator = Literal["=", "!=", "~", ">=", "<="]

_COLUMNS = {"id": "doc_id", "uri": "uri", "title": "title", "source": "source"}
_READ = ("doc_id", "uri", "title", "source", "updated_at", "metadata")
_KEYS = (*_COLUMNS, "language", "type", "updated")
_META = "meta."
_PARTS = re.compile(r"([^=!~<>]*)(!=|>=|<=|=|~)(.*)", re.S)
_DAY = re.compile(r"\d{4}(?:-\d\d(?:-\d\d)?)?")
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
_MAX_VALUE_CHARS = 1_000
_MAX_FILTERS = 100
"""SQLite takes expressions of up to 1,000 parts, and patterns of up to 50,000 bytes."""


@dataclass(frozen=True, slots=True)
class Filter:
    """One condition as `parse_filter` makes it; `key` is one of the documented ones or `meta.` with a name.

    In the value of `~`, `*` is any text and `?` any one character; in others they are themselves.
    """

    key: str
    operator: Operator
    value: str


def parse_filter(text: str) -> Filter:
    """Read `key=value`, `key!=value`, `key~glob`, `updated>=date` or `updated<=date`.

    Keys are id, uri, title, source, language, type (a file's ending), updated, and `meta.NAME` for what a
    document says of itself. Case counts, except in language and type and in the spelling of a name. Dates may be
    cut: `updated<=2024-03` is until the end of March. `!=` is also true of documents that have no such value.

    Raises:
        UsageError: it has no such form, key or date.
    """
    match = _PARTS.fullmatch(text)
    if match is None:
        raise UsageError(
            f"{text!r} is no filter. Write key=value, key!=value or key~pattern, such as type=pdf."
        )
    key, operator, value = match[1].strip(), match[2], match[3].strip()
    _check_key(key, text)
    _check_value(key, value, text)
    is_date = key == "updated"
    if (is_date and operator == "~") or (not is_date and operator in (">=", "<=")):
        raise UsageError(
            f"The filter {text!r} cannot be used: >= and <= are for updated, and ~ is for all other keys."
        )
    if is_date:
        _check_date(value)
    if key == "type":
        value = value.removeprefix(".")
    return Filter(key, operator, _folded(value) if key in ("type", "language") else value)  # type: ignore[arg-type]  # the pattern has no other


def _check_key(key: str, text: str) -> None:
    if key in _KEYS or (key.startswith(_META) and key.removeprefix(_META).strip()):
        return
    raise UsageError(
        f"{key!r} in the filter {text!r} is no key. Use {', '.join(_KEYS)}, or meta.NAME for what documents say of "
        "themselves, such as meta.status."
    )


def _check_value(key: str, value: str, text: str) -> None:
    if not value or (key == "type" and value == "."):
        raise UsageError(
            f"The filter {text!r} has no value. Write one behind the sign, such as type=pdf."
        )
    if len(value) > _MAX_VALUE_CHARS:
        raise UsageError(
            f"The value of the filter on {key!r} has {len(value):,} characters. Use {_MAX_VALUE_CHARS:,} at most."
        )
    if _UNSTORABLE.search(value):
        raise UsageError(
            f"The filter {text!r} has a character that no document can have. Remove it."
        )


def _check_date(value: str) -> None:
    try:
        if not _DAY.fullmatch(value):
            raise ValueError(value)
        date.fromisoformat(value + "0000-01-01"[len(value) :])
    except ValueError as error:
        raise UsageError(
            f"{value!r} is no date for updated. Write a year, a month or a day, such as 2024, 2024-03 or 2024-03-01."
        ) from error


def matching_documents(engine: Engine, filters: Sequence[Filter]) -> frozenset[str]:
    """Return the ids of the documents that fit all filters: all documents without any.

    Raises:
        UsageError: there are more than 100 filters.
    """
    if len(filters) > _MAX_FILTERS:
        raise UsageError(f"There are {len(filters)} filters. Use {_MAX_FILTERS} at most.")
    shown = [documents.c[name] for name in _READ]
    query = select(*shown).where(*map(_may_fit, filters))
    tests = [(condition, _test(condition)) for condition in filters]
    with engine.connect() as connection:
        return frozenset(
            row.doc_id
            for row in connection.execute(query)
            if all(_fits(row, condition, test) for condition, test in tests)
        )


def _may_fit(condition: Filter) -> ColumnElement[bool]:
    """Return what every document that fits is sure to fulfil."""
    key, operator, value = condition.key, condition.operator, condition.value
    if key in _COLUMNS:
        column = documents.c[_COLUMNS[key]]
        if operator == "~":
            return column.like(_like(value), escape="\\")
        return column == value if operator == "=" else column != value
    if operator == "!=":
        return true()
    if key == "type" and operator == "=":
        return documents.c.uri.ilike(f"%.{_escaped(value)}%", escape="\\")
    if key == "updated":
        begins = func.substr(documents.c.updated_at, 1, len(value))
        if operator == "=":
            return begins == value
        return begins >= value if operator == ">=" else begins <= value
    if key.startswith(_META):
        # Values stand in the catalogue as JSON: what is between the wildcards stands there as it does in JSON.
        runs = re.split(r"[*?]+", value) if operator == "~" else [value]
        return documents.c.metadata.like(
            "%"
            + "".join(f"{_escaped(json.dumps(run, ensure_ascii=False)[1:-1])}%" for run in runs),
            escape="\\",
        )
    return true()


def _like(glob: str) -> str:
    """Return a glob as a pattern of LIKE."""
    return _escaped(glob).replace("*", "%").replace("?", "_")


def _escaped(text: str) -> str:
    """Return a text as a pattern of LIKE that stands for it alone, with backslash as the escape."""
    return re.sub(r"([\\%_])", r"\\\1", text)


def _test(condition: Filter) -> Callable[[str], bool]:
    """Return whether a value of the key fits the operator and the value; that of `!=` says what does not."""
    value, operator = condition.value, condition.operator
    if operator == "~":
        # A bracket is itself. The pattern has atomic groups, so that many stars do not take for ever.
        pattern = re.compile(translate(value.replace("[", "[[]")))
        return lambda text: pattern.match(text) is not None
    if condition.key == "updated":
        length = len(value)
        if operator == ">=":
            return lambda text: text[:length] >= value
        if operator == "<=":
            return lambda text: text[:length] <= value
        return lambda text: text[:length] == value
    return lambda text: text == value


def _fits(row: Row[Any], condition: Filter, test: Callable[[str], bool]) -> bool:
    found = any(map(test, _values(row, condition.key)))
    return not found if condition.operator == "!=" else found


def _values(row: Row[Any], key: str) -> Sequence[str]:
    """Return what a document has under a key: none, one, or several where it spells a name in several ways."""
    if key in _COLUMNS:
        return (str(getattr(row, _COLUMNS[key])),)
    if key == "updated":
        return (str(row.updated_at),)
    if key == "type":
        return (_ending(row.uri),)
    said: Mapping[str, object] = json.loads(row.metadata)
    if key == "language":
        return (_folded(str(said.get("language", ""))),)
    wanted = metadata_name(key.removeprefix(_META))
    return [str(value) for name, value in said.items() if metadata_name(name) == wanted]


def _ending(uri: str) -> str:
    """Return what is behind the last dot of a file's name, in lower case; '' where there is none."""
    # An address has a host before its path: `https://example.com` is no file of type com.
    name = "/".join(parts_of(uri)[1:]) if "://" in uri else uri
    stem, dot, ending = name.rpartition("/")[2].rpartition(".")
    return _folded(ending) if dot and stem else ""


def _folded(text: str) -> str:
    """Return a text of ASCII letters in lower case: of other letters SQLite knows no case."""
    return text.lower() if text.isascii() else text
