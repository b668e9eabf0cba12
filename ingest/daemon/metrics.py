"""Counts what the daemon does, in the form that Prometheus reads.

Gauges are made from the newest snapshot when they are asked for, so that a source that is gone has none.
"""

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from ingest.daemon.snapshot import Snapshot
from ingest.daemon.source_state import Ended, SourceState

if TYPE_CHECKING:
    from prometheus_client.metrics_core import Metric

_BUCKETS = (0.1, 0.5, 1, 5, 15, 60, 300, 900, 3600, 14400)
"""Seconds: from a look at a folder to the first run of a large site."""


class Metrics:
    """The metrics of one daemon, in a registry of their own."""

    def __init__(self, snapshot: Callable[[], Snapshot], is_up: Callable[[], bool]) -> None:
        from prometheus_client import CollectorRegistry, Counter, Histogram

        self._snapshot = snapshot
        self._is_up = is_up
        self._registry = CollectorRegistry()
        self._runs = Counter(
            "footnote_ingest_runs",
            "Runs that ended.",
            ("source", "outcome"),
            registry=self._registry,
        )
        self._quarantined = Counter(
            "footnote_ingest_quarantined",
            "Documents that a run could not read.",
            ("reason",),
            registry=self._registry,
        )
        self._seconds = Histogram(
            "footnote_ingest_run_seconds",
            "How long runs took.",
            buckets=_BUCKETS,
            registry=self._registry,
        )
        self._registry.register(_Gauges(self))

    def count(self, source: str, seconds: float, ended: Ended) -> None:
        """Count a run that ended."""
        self._runs.labels(_label(source), ended.outcome).inc()
        self._seconds.observe(max(0.0, seconds))
        for reason, number in ended.quarantined.items():
            self._quarantined.labels(reason).inc(number)

    def text(self) -> bytes:
        """Return them in Prometheus' text format."""
        from prometheus_client import generate_latest

        return generate_latest(self._registry)

    def gauges(self) -> "Iterable[Metric]":
        """Yield what is true now."""
        from prometheus_client.core import GaugeMetricFamily

        sources = self._snapshot().sources
        up = GaugeMetricFamily("footnote_ingest_up", "Whether the daemon's main loop goes round.")
        up.add_metric((), float(self._is_up()))
        yield up
        documents = GaugeMetricFamily(
            "footnote_ingest_documents", "Documents by status.", labels=("source", "status")
        )
        for entry in sources:
            for status, number in entry.documents.items():
                documents.add_metric((_label(entry.name), status), number)
        yield documents
        for name, help_text, value_of in _BY_SOURCE:
            family = GaugeMetricFamily(f"footnote_ingest_{name}", help_text, labels=("source",))
            for entry in sources:
                family.add_metric((_label(entry.name),), value_of(entry))
            yield family


class _Gauges:
    """What a registry asks for gauges."""

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics

    def describe(self) -> "Iterable[Metric]":
        return ()  # or the registry asks `collect` before there is a snapshot

    def collect(self) -> "Iterable[Metric]":
        return self._metrics.gauges()


def _label(text: str) -> str:
    # The path of a folder may hold bytes that are no UTF-8.
    return text.encode("utf-8", "replace").decode()


def _last_success(entry: SourceState) -> float:
    return entry.last_success_at.timestamp() if entry.last_success_at else 0.0


_BY_SOURCE: tuple[tuple[str, str, Callable[[SourceState], float]], ...] = (
    (
        "last_success_timestamp_seconds",
        "When the source last went well, in seconds since 1970; 0 for never.",
        _last_success,
    ),
    (
        "failures_in_a_row",
        "Runs that failed since one went well.",
        lambda entry: float(entry.failures),
    ),
    (
        "running",
        "Whether a run is under way.",
        lambda entry: float(entry.running_since is not None),
    ),
)
