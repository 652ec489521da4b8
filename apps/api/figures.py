"""The figures that a monitoring system collects: requests, moves, refusals, what waits. No person and no case in them.

Note [Several workers]: each worker counts in memory-mapped files of the folder that ``PROMETHEUS_MULTIPROC_DIR`` names;
whichever worker is asked adds them all up. ``prometheus_client`` reads that variable when it is imported, so
``apps.api.process`` sets it before.
"""

import os
from collections.abc import Iterator

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

from apps.readiness import backlog
from engine.store import Store
from statemachines.refused import Refused

MEDIA_TYPE = "text/plain; version=0.0.4; charset=utf-8"
FOLDER = "PROMETHEUS_MULTIPROC_DIR"
METHODS = frozenset({"GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"})
BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)


class Figures:
    """The figures of one worker. Labels are routes, codes and names of our tables: bounded, and nothing personal."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._registry = registry = CollectorRegistry()
        self._requests = Counter(
            "closeloop_requests", "Requests answered.", ("route", "method", "status"), registry=registry
        )
        self._seconds = Histogram(
            "closeloop_request_seconds", "Time until the answer.", ("route",), buckets=BUCKETS, registry=registry
        )
        self._moves = Counter("closeloop_moves", "Moves made through the API.", ("kind", "move"), registry=registry)
        self._refusals = Counter("closeloop_refusals", "Refusals by code.", ("code",), registry=registry)

    def answered(self, route: str, method: str, status: int, seconds: float) -> None:
        """Count an answer of a route, named by its template."""
        self._requests.labels(route, method if method in METHODS else "other", str(status)).inc()
        self._seconds.labels(route).observe(seconds)

    def moved(self, kind: str, move: str) -> None:
        """Count a move that was made."""
        self._moves.labels(kind, move).inc()

    def refused(self, code: str) -> None:
        """Count a refusal."""
        self._refusals.labels(code).inc()

    def text(self) -> bytes:
        """Return all figures in the text format of Prometheus; of all workers, where there are several."""
        registry = self._registry
        if os.environ.get(FOLDER):
            registry = CollectorRegistry()
            MultiProcessCollector(registry)
        stored = CollectorRegistry()
        stored.register(_StoreFigures(self._store))
        return generate_latest(registry) + generate_latest(stored)


class _StoreFigures(Collector):
    """What the store says when it is asked: the same whichever worker asks."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def describe(self) -> Iterator[Metric]:
        return iter(())  # so that registering does not ask the store

    def collect(self) -> Iterator[Metric]:
        up = GaugeMetricFamily("closeloop_database_up", "Whether the database answers.")
        try:
            waiting = backlog(self._store)
        except Refused:
            up.add_metric([], 0)
            yield up
            return
        up.add_metric([], 1)
        yield up
        lag = GaugeMetricFamily("closeloop_timer_lag_seconds", "For how long the oldest due timer has waited.")
        lag.add_metric([], waiting.lag_seconds)
        yield lag
        deliveries = GaugeMetricFamily("closeloop_deliveries", "Deliveries that are not done.", labels=["status"])
        for status, count in waiting.deliveries.items():
            deliveries.add_metric([status], count)
        yield deliveries
