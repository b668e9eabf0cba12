"""The one place where what is exported loses its personal data: every text of every exported object passes here."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from app.privacy.redaction import redact_for_record
from core.hidden_characters import visible

_KEPT = frozenset(
    {
        "endpoint",
        "id",
        "traceId",
        "sourceTraceId",
        "span_id",
        "identifier",
        "answer_id",
        "run_id",
        "timestamp",
        "role",
    }
)
"""Fields that Footnote makes: a random id can look like a telephone number, and masking it would break the link."""


def masked(value: Any, name: str = "") -> Any:
    """Return an object of JSON with personal data and secrets in its texts replaced for good."""
    if isinstance(value, str):
        return value if name in _KEPT else redact_for_record(visible(value))
    if isinstance(value, Mapping):
        return {str(key): masked(entry, str(key)) for key, entry in value.items()}
    if isinstance(value, Sequence):
        return [masked(entry, name) for entry in value]
    return value


def jsonl(rows: Sequence[Mapping[str, Any]]) -> str:
    """Return one masked JSON object a line."""
    return "".join(
        json.dumps(masked(row), ensure_ascii=False, allow_nan=False) + "\n" for row in rows
    )
