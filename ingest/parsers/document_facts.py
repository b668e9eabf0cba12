"""What a document says of itself beside its text: names with short values, few of them and clean.

What it says is a claim of whoever wrote it. Who may read it is a rule and never among the facts.
"""

import re
from collections.abc import Iterable

from index.metadata_names import metadata_name
from ingest.parsers.office_container import iso_date
from ingest.parsers.plain_text import one_line

_MAX_FACTS = 40
_MAX_NAME_CHARS = 60
_MAX_VALUE_CHARS = 300
_RAW_CHARS = 4 * _MAX_VALUE_CHARS
"""Looked at of a value: YAML lets a thousand names have one value of megabytes."""
_NEVER = frozenset(("access", "url", "hidden_text", "suspicious_passages"))
"""`url` is where a reader is sent to see the original; that is for the source to say. The last two are what
ingestion found out about a document."""
_DATES = frozenset(("created", "modified", "sent"))
"""A document is as old as these say, so that what is no date is left out."""
_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(?:[-_][A-Za-z0-9]{2,8})*")


def kept_facts(entries: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Return the first 40 usable entries: names up to 60 characters, values cut at 300, each on one line.

    Dates of `created`, `modified` and `sent` are in ISO 8601; a `language` that is no language tag is left out.
    """
    facts: dict[str, str] = {}
    for raw_name, raw_value in entries:
        name, value = one_line(raw_name[: _MAX_NAME_CHARS + 1]), short(raw_value)
        value = _checked(metadata_name(name), value)
        if name and value and len(raw_name) <= _MAX_NAME_CHARS:
            facts.setdefault(name, value)
        if len(facts) == _MAX_FACTS:
            break
    return facts


def short(value: str) -> str:
    """Return a value on one line, cut at 300 characters."""
    return one_line(value[:_RAW_CHARS])[:_MAX_VALUE_CHARS].rstrip()


def joined(values: Iterable[str]) -> str:
    """Return as many values as fit into 300 characters, whole, with commas between."""
    text = ""
    for value in filter(None, map(short, values)):
        longer = f"{text}, {value}" if text else value
        if len(longer) > _MAX_VALUE_CHARS:
            break
        text = longer
    return text


def _checked(name: str, value: str) -> str:
    """Return the value as it is kept under a name, '' when it is not."""
    if name in _NEVER:
        return ""
    if name in _DATES:
        return iso_date(value) or iso_date(value[:10])
    if name == "language":
        return value if _LANGUAGE.fullmatch(value) else ""
    return value
