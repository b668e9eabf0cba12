"""Sends traces to a collector by OTLP over HTTP, beside the answers and never in their way.

    answered() ─▶ bounded queue ─▶ one thread: spans, masked ─▶ BatchSpanProcessor ─▶ its thread: collector

`answered` and `flagged` put something into a queue and return; where the queue is full they drop it and count. Nothing
that goes wrong behind the queue reaches a caller. The SDK's own variables hold (`OTEL_EXPORTER_OTLP_HEADERS`,
`OTEL_BSP_*`, `OTEL_TRACES_SAMPLER`, `OTEL_RESOURCE_ATTRIBUTES`, …), except for the address, which is a setting.
"""

import atexit
import contextlib
import queue
import threading
import time
from collections.abc import Callable, Sequence
from typing import Any, Protocol
from urllib.parse import urlsplit

from app.privacy.redaction import redact_for_record
from app.tracing.answer_spans import Surroundings, spans_of
from app.tracing.attributes import SpanRecord, otel_trace_id
from app.tracing.content import SWITCHES, Area, Texts, shown_areas, user_hash
from app.tracing.feedback_spans import carrier_trace_id, span_of_feedback
from app.tracing.retrieval_spans import Searched
from core.answers import Answer, Feedback
from core.errors import ConfigError
from core.log import get_logger
from core.loopback import is_loopback
from core.settings import Settings, environment_of

_log = get_logger(__name__)

CLOSING_SECONDS = 2.0
"""Longest time that `close` takes."""
_PATH = "/v1/traces"
# Stored traces of the samples have 9 kB of JSON; a few megabytes wait here at most.
_MOST_WAITING = 256


class Sink(Protocol):
    """Takes the spans of traces; see `app.tracing.sdk.SpanSink`."""

    def send(
        self,
        trace_id: int,
        name: str,
        records: Sequence[SpanRecord],
        linked: tuple[int, str] | None = None,
    ) -> None:
        """Queue the spans of one trace."""

    def flush_and_close(self) -> None:
        """Send what is queued, and stop."""

    def give_up(self) -> None:
        """Stop waiting; from any thread."""


Job = Callable[[Sink], None]


def open_trace_export(settings: Settings) -> "TraceExport | None":
    """Return what exports traces as the settings say, None where no address is set. Nothing is sent yet.

    Raises:
        ConfigError: the address is none or leaves this machine although that is forbidden, or the extra is missing.
    """
    if not settings.tracing.otlp_endpoint:
        return None
    url, is_local = _checked_address(settings.tracing.otlp_endpoint, settings.offline)
    try:
        from app.tracing.sdk import SpanSink
    except ImportError as error:
        raise ConfigError(
            "FOOTNOTE_TRACING__OTLP_ENDPOINT is set, and the packages that export traces are not installed. "
            "Run: pip install 'footnote[otel]'"
        ) from error
    if settings.tracing.content:
        # Reads the lists of names now, so that what is missing is said at the start.
        redact_for_record("")
    shown = shown_areas(settings.tracing.content, environment_of(SWITCHES))
    secret = settings.cookie_secret.get_secret_value() if settings.cookie_secret else ""
    name = settings.qdrant.collection if settings.store == "qdrant" else "footnote"
    searched = Searched(name, settings.store, settings.retrieval.passages)
    around = Surroundings(searched, settings.generation.answer_tokens)
    try:
        sink = SpanSink(url, is_local=is_local)
    except ValueError as error:
        raise ConfigError(
            f"An environment variable of OpenTelemetry (OTEL_…) has a value that cannot be used: {error}"
        ) from error
    return TraceExport(sink, shown, around, secret)


class TraceExport:
    """Exports answers and feedback from any thread; made by `open_trace_export`."""

    def __init__(
        self, sink: Sink, shown: frozenset[Area], around: Surroundings, secret: str
    ) -> None:
        self._sink = sink
        self._shown = shown
        self._around = around
        self._secret = secret
        self._jobs: queue.Queue[Job | None] = queue.Queue(_MOST_WAITING)
        self._dropped = 0
        self._is_closed = False
        self._worker = threading.Thread(target=self._work, name="trace-export", daemon=True)
        self._worker.start()
        # Whoever forgets to close loses nothing.
        atexit.register(self.close)

    def answered(self, answer: Answer, trace: dict[str, Any], caller_name: str) -> None:
        """Export a stored answer, soon; returns at once and never raises for what cannot be exported.

        `trace` is what was stored with it; it must not be changed afterwards.
        """
        user = user_hash(caller_name, self._secret)

        def send(sink: Sink) -> None:
            trace_id = otel_trace_id(answer.trace_id)
            records = spans_of(answer, trace, user, Texts(self._shown), self._around)
            sink.send(trace_id, answer.trace_id, records)

        self._put(send)

    def flagged(self, feedback: Feedback, answer: Answer) -> None:
        """Export what somebody said of an answer, with a link to its trace; like `answered` otherwise."""
        user = user_hash(feedback.author, self._secret)

        def send(sink: Sink) -> None:
            record = span_of_feedback(feedback, answer, user, Texts(self._shown))
            linked = (otel_trace_id(answer.trace_id), answer.trace_id)
            trace_id = carrier_trace_id(feedback, answer)
            sink.send(trace_id, feedback.feedback_id, [record], linked)

        self._put(send)

    def close(self) -> None:
        """Send what waits and stop; after two seconds without a collector that takes it, it is lost."""
        if self._is_closed:
            return
        self._is_closed = True
        atexit.unregister(self.close)
        deadline = time.monotonic() + CLOSING_SECONDS
        with contextlib.suppress(queue.Full):
            self._jobs.put(None, timeout=CLOSING_SECONDS / 2)
            self._worker.join(max(0.0, deadline - time.monotonic()))
        if self._worker.is_alive():
            _log.warning("traces_lost", waiting=self._jobs.qsize())
        self._sink.give_up()

    def _put(self, job: Job) -> None:
        if self._is_closed:
            return
        try:
            self._jobs.put_nowait(job)
        except queue.Full:
            self._dropped += 1
            if self._dropped & (self._dropped - 1) == 0:
                # The 1st, 2nd, 4th, 8th … one: a log that is flooded hides what it says.
                _log.warning("traces_dropped", total=self._dropped)

    def _work(self) -> None:
        while (job := self._jobs.get()) is not None:
            try:
                job(self._sink)
            except Exception as error:  # noqa: BLE001 - a trace that cannot be made must not end all others
                # Its message may quote what the answer says.
                _log.warning("trace_not_made", error=type(error).__name__)
        self._sink.flush_and_close()


def _checked_address(address: str, offline: bool) -> tuple[str, bool]:
    """Return the URL that takes traces, and whether it is on this machine.

    Raises:
        ConfigError: see `open_trace_export`.
    """
    try:
        parts = urlsplit(address)
        host = parts.hostname or ""
        is_address = parts.scheme in ("http", "https") and bool(host) and parts.port != 0
    except ValueError:
        is_address, host, parts = False, "", urlsplit("")
    if not is_address or parts.query or parts.fragment:
        raise ConfigError(
            "FOOTNOTE_TRACING__OTLP_ENDPOINT is no http or https address. Write it like 'http://localhost:4318'."
        )
    if parts.username or parts.password:
        raise ConfigError(
            "FOOTNOTE_TRACING__OTLP_ENDPOINT has a user name or a password in it. "
            "Set OTEL_EXPORTER_OTLP_HEADERS to what the collector asks for."
        )
    is_local = is_loopback(host)
    if offline and not is_local:
        raise ConfigError(
            f"FOOTNOTE_TRACING__OTLP_ENDPOINT is at {host!r}, and FOOTNOTE_OFFLINE lets nothing leave this machine. "
            "Set the address of a collector on this machine, or unset one of the two."
        )
    path = parts.path.rstrip("/")
    path = path if path.endswith(_PATH) else path + _PATH
    return parts._replace(path=path).geturl(), is_local
