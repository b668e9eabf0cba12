"""The one module that knows OpenTelemetry's SDK: records to its spans, and its exporter's troubles to our log.

Importing it takes a quarter of a second; `app.tracing.export` does so only where an address is set.
"""

import logging
import time
from collections.abc import Sequence
from urllib.parse import urlsplit

from opentelemetry import trace as otel
from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult
from opentelemetry.sdk.trace.id_generator import IdGenerator

from app.tracing.attributes import SCHEMA_URL, SpanRecord, otel_span_id
from app.tracing.stage_times import ROOT
from core.log import get_logger

_log = get_logger(__name__)

_SECONDS_BETWEEN_WARNINGS = 60.0
_UNNAMED = "unknown_service"


class SpanSink:
    """Takes finished spans; `send` is called by one thread only."""

    def __init__(self, url: str, *, is_local: bool) -> None:
        # What it would say of a collector that does not answer stands in our log, once a minute.
        logging.getLogger("opentelemetry").setLevel(logging.CRITICAL)
        self._exporter = _Reporting(_exporter(url, is_local), urlsplit(url).hostname or "")
        self._ids = _GivenIds()
        self._provider = TracerProvider(
            resource=_resource(), id_generator=self._ids, shutdown_on_exit=False
        )
        self._provider.add_span_processor(BatchSpanProcessor(self._exporter))
        self._tracer = self._provider.get_tracer("footnote", schema_url=SCHEMA_URL)

    def send(
        self,
        trace_id: int,
        name: str,
        records: Sequence[SpanRecord],
        linked: tuple[int, str] | None = None,
    ) -> None:
        """Queue the spans of one trace: the first is the root, the others are its children.

        `name` is what span ids are made of; `linked` are trace id and name of a trace whose root the root points at.
        """
        self._ids.trace_id = trace_id
        root = self._start(records[0], name, Context(), _links(linked))
        inside = otel.set_span_in_context(root, Context())
        for record in records[1:]:
            self._start(record, name, inside, ()).end(record.end_ns)
        root.end(records[0].end_ns)

    def _start(
        self, record: SpanRecord, name: str, context: Context, links: Sequence[otel.Link]
    ) -> otel.Span:
        self._ids.span_id = otel_span_id(name, record.key)
        span = self._tracer.start_span(
            record.name,
            context=context,
            kind=otel.SpanKind.CLIENT if record.is_client else otel.SpanKind.INTERNAL,
            attributes=record.attributes,
            links=links,
            start_time=record.start_ns,
        )
        for event in record.events:
            span.add_event(event.name, event.attributes, event.time_ns)
        if record.error:
            span.set_status(otel.StatusCode.ERROR)
        return span

    def flush_and_close(self) -> None:
        """Send what is queued, however long that takes, and stop."""
        self._provider.shutdown()

    def give_up(self) -> None:
        """Stop waiting for a collector between two attempts; from any thread."""
        self._exporter.shutdown()


def _links(linked: tuple[int, str] | None) -> list[otel.Link]:
    if linked is None:
        return []
    trace_id, name = linked
    context = otel.SpanContext(
        trace_id,
        otel_span_id(name, ROOT),
        is_remote=True,
        trace_flags=otel.TraceFlags(otel.TraceFlags.SAMPLED),
    )
    return [otel.Link(context)]


def _resource() -> Resource:
    """Return who sends: what the environment says, else `footnote`."""
    told = Resource.create()
    if str(told.attributes.get("service.name", _UNNAMED)).startswith(_UNNAMED):
        return told.merge(Resource({"service.name": "footnote"}))
    return told


def _exporter(url: str, is_local: bool) -> OTLPSpanExporter:
    if not is_local:
        return OTLPSpanExporter(endpoint=url)
    # What is for this machine goes through no proxy, whatever HTTP_PROXY says.
    import requests

    session = requests.Session()
    session.trust_env = False
    return OTLPSpanExporter(endpoint=url, session=session)


class _GivenIds(IdGenerator):
    """Gives a span the ids that were set before it was started."""

    def __init__(self) -> None:
        self.trace_id = 1
        self.span_id = 1

    def generate_trace_id(self) -> int:
        return self.trace_id

    def generate_span_id(self) -> int:
        return self.span_id


class _Reporting(SpanExporter):
    """Says in our log that spans did not arrive, at most once a minute; what was in them is not said."""

    def __init__(self, inner: OTLPSpanExporter, host: str) -> None:
        self._inner = inner
        self._host = host
        self._lost = 0
        self._warned_at = -_SECONDS_BETWEEN_WARNINGS
        self._is_shut = False

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        result = self._inner.export(spans)
        if result is SpanExportResult.FAILURE and not self._is_shut:
            self._lost += len(spans)
            now = time.monotonic()
            if now - self._warned_at >= _SECONDS_BETWEEN_WARNINGS:
                self._warned_at = now
                _log.warning("traces_not_exported", host=self._host, spans_lost=self._lost)
        return result

    def shutdown(self) -> None:
        if not self._is_shut:
            self._is_shut = True
            self._inner.shutdown()  # type: ignore[no-untyped-call]

    def force_flush(self, timeout_millis: int = 30000) -> bool:
        return self._inner.force_flush(timeout_millis)
