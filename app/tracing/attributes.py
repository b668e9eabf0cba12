"""What a span has: its name, its times and its attributes, before any library knows of it.

Names come from two families that tools read, always both: OpenTelemetry's GenAI conventions (`gen_ai.*`, of
https://github.com/open-telemetry/semantic-conventions-genai, all in development) and OpenInference (`llm.*`,
`retrieval.*`, …, https://arize-ai.github.io/openinference/spec/). What neither has a name for is under `footnote.*`.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

Value = str | bool | int | float | Sequence[str]
Attributes = dict[str, Value]
OpenInferenceKind = Literal["CHAIN", "EMBEDDING", "RETRIEVER", "LLM", "EVALUATOR"]

SCHEMA_URL = "https://opentelemetry.io/schemas/gen-ai-dev/1.42.0-dev"
EVALUATION = "gen_ai.evaluation.result"
"""Name of the event that says how good something was."""

_MOST_LISTED = 200


@dataclass(frozen=True, slots=True)
class SpanEvent:
    """Something that happened in a span; nanoseconds since 1970."""

    name: str
    time_ns: int
    attributes: Attributes


@dataclass(frozen=True, slots=True)
class SpanRecord:
    """One span, ended; nanoseconds since 1970. `key` is unique in its trace, `error` names what failed or is ''."""

    key: str
    name: str
    start_ns: int
    end_ns: int
    attributes: Attributes
    events: tuple[SpanEvent, ...] = ()
    is_client: bool = False
    error: str = ""


def otel_trace_id(trace_id: str) -> int:
    """Return the 128 bits that OpenTelemetry calls a trace by; ours has 104 of them, the last 56 random.

    Raises:
        ValueError: it is no hexadecimal number of at most 32 digits, or 0.
    """
    number = int(trace_id, 16)
    if not 0 < number < 1 << 128:
        raise ValueError("A trace id is a number of 1 to 128 bits.")
    return number


def otel_span_id(trace_id: str, key: str) -> int:
    """Return the 64 bits of a span's name in its trace; the same for the same span, whenever it is asked for."""
    digest = hashlib.sha256(f"{trace_id}\x1f{key}".encode()).digest()
    return int.from_bytes(digest[:8], "big") or 1


def kind_of(kind: OpenInferenceKind) -> Attributes:
    """Return what OpenInference asks of every span."""
    return {"openinference.span.kind": kind}


def said(side: Literal["input", "output"], text: str) -> Attributes:
    """Return a text that went in or came out, as OpenInference names it; nothing for ''."""
    return {f"{side}.value": text, f"{side}.mime_type": "text/plain"} if text else {}


def present(values: Mapping[str, Value | None]) -> Attributes:
    """Return the attributes that have a value: None and '' are left out, as the conventions ask."""
    return {
        name: value for name, value in values.items() if value is not None and not _is_empty(value)
    }


def _is_empty(value: Value) -> bool:
    return isinstance(value, str | Sequence) and not value


def as_json(value: object) -> str:
    """Return a list or an object as the text that attributes carry it in; a list's first 200 entries."""
    if isinstance(value, list):
        value = value[:_MOST_LISTED]
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def annotation(
    name: str,
    label: str,
    score: float | None,
    annotator_kind: Literal["HUMAN", "CODE"],
    explanation: str = "",
    identifier: str = "",
    metadata: Mapping[str, object] | None = None,
) -> Attributes:
    """Return one annotation, the first of its span, as OpenInference flattens it."""
    prefix = "annotations.0.annotation"
    return present(
        {
            f"{prefix}.name": name,
            f"{prefix}.label": label,
            f"{prefix}.score": score,
            f"{prefix}.explanation": explanation,
            f"{prefix}.annotator_kind": annotator_kind,
            f"{prefix}.identifier": identifier,
            f"{prefix}.metadata": as_json(dict(metadata)) if metadata else None,
        }
    )


def evaluation(
    name: str, label: str, score: float | None, explanation: str, time_ns: int, extra: Attributes
) -> SpanEvent:
    """Return the event of one evaluation; `extra` are attributes beside those of the convention."""
    attributes = present(
        {
            "gen_ai.evaluation.name": name,
            "gen_ai.evaluation.score.label": label,
            "gen_ai.evaluation.score.value": score,
            "gen_ai.evaluation.explanation": explanation,
        }
    )
    return SpanEvent(EVALUATION, time_ns, {**attributes, **extra})
