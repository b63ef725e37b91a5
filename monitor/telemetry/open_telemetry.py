"""The door to OpenTelemetry: traces as its spans, written in threads of its own. Imported only when traces are wanted.

What it can't deliver it drops: its queue is bounded, and neither the monitor nor its end waits for a collector.
"""

import json
import logging
import os
import threading
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from importlib.metadata import version
from typing import Any

from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import OTELResourceDetector, Resource
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult
from opentelemetry.trace import (
    INVALID_SPAN_CONTEXT,
    Link,
    Span,
    SpanContext,
    Status,
    StatusCode,
    format_span_id,
    format_trace_id,
)
from opentelemetry.trace import Tracer as SpanMaker
from opentelemetry.trace.propagation import set_span_in_context

from grid.errors import CommandError, ExitCode
from grid.times import format_time
from monitor import DISTRIBUTION
from monitor.facts import Changes, Committed, Release, Visit
from monitor.telemetry.tracing import Destination

SERVICE_NAME = "grid-monitor"
GOODBYE_SECONDS = 1.0
"""How long the end of the monitor waits for the last spans to be delivered."""

CONSOLE_DELAY_MILLISECONDS = 500
STANDARD_ERROR = 2
FAILURES = frozenset({Release.NO_EFFECT, Release.REJECTED})
"""Ends of a visit that make its span an error."""

PARTS = ("decide", "commit", "publish")
MICROSECOND = 1000
SECOND = 1_000_000_000
"""In nanoseconds, in which OpenTelemetry tells time."""


@contextmanager
def open_tracer(
    wanted: Collection[Destination], *, instance: str, say: Callable[[str], None]
) -> Iterator["OpenTelemetryTracer"]:
    """A tracer for as long as the context lasts.

    `instance` names this run of the monitor; `say` hears, in words and in another thread, that a collector can't be
    reached, and that it is reached again. Raises CommandError for a variable that makes no sense.
    """
    try:
        provider = _provider(wanted, instance, say)
    except ValueError as error:
        raise CommandError(f"OpenTelemetry can't read its variables: {error}", ExitCode.WRONG_USAGE) from None
    logger = logging.getLogger("opentelemetry")
    level = logger.level
    logger.setLevel(logging.CRITICAL)  # what it would say at every attempt is said once, through `say`
    try:
        yield OpenTelemetryTracer(provider)
    finally:
        if _close(provider):
            logger.setLevel(level)


def _provider(wanted: Collection[Destination], instance: str, say: Callable[[str], None]) -> TracerProvider:
    provider = TracerProvider(resource=_resource(instance), shutdown_on_exit=False)
    if Destination.CONSOLE in wanted:
        console = BatchSpanProcessor(_LineExporter(), schedule_delay_millis=CONSOLE_DELAY_MILLISECONDS)
        provider.add_span_processor(console)
    if Destination.OTLP in wanted:
        provider.add_span_processor(BatchSpanProcessor(_TellingExporter(OTLPSpanExporter(), say)))
    return provider


def _resource(instance: str) -> Resource:
    """Who makes the spans; OTEL_SERVICE_NAME and OTEL_RESOURCE_ATTRIBUTES win."""
    ours = {"service.name": SERVICE_NAME, "service.version": version(DISTRIBUTION), "service.instance.id": instance}
    return Resource.create(ours).merge(OTELResourceDetector().detect())


def _close(provider: TracerProvider) -> bool:
    """Deliver what is left, within a moment; returns whether that was enough."""
    closing = threading.Thread(target=provider.shutdown, name="close the traces", daemon=True)
    closing.start()
    closing.join(GOODBYE_SECONDS)
    return not closing.is_alive()


class OpenTelemetryTracer:
    """Makes spans: a `batch` with `decide`, `commit` and `publish` in it, and a `repair` when its visit ends.

    A repair is told at its end, with its own times: so it is told once, also when the monitor was started anew
    meanwhile. It is linked to the batch in which it was decided, where this run knows it, and to the one that ended it.
    """

    def __init__(self, provider: TracerProvider) -> None:
        self._spans: SpanMaker = provider.get_tracer("grid.monitor", version(DISTRIBUTION))
        self._decided_in: dict[int, SpanContext] = {}
        """Of each open visit: there are no more than engineers."""

    def batch(self, *, epoch: int, messages: int) -> "_Batch":
        """Begin an attempt."""
        return _Batch(self, epoch, messages)

    def write_batch(
        self, times: Sequence[int], attributes: dict[str, int], error: Exception | None = None
    ) -> SpanContext:
        """Write a batch as spans. `times`: when it began, and when each of its parts ended, in nanoseconds.

        With an error it is the last part that failed.
        """
        batch = self._spans.start_span("batch", start_time=times[0], attributes=attributes)
        within = set_span_in_context(batch)
        spans = [batch]
        for name, begun, ended in zip(PARTS, times, times[1:], strict=False):
            spans.append(self._spans.start_span(name, within, start_time=begun))
            if error is not None and ended == times[-1]:
                _fail(spans[-1], str(error))
            spans[-1].end(ended)
        if error is not None:
            _fail(batch, str(error))
        batch.end(times[-1])
        return batch.get_span_context()

    def follow_visits(self, visits: Collection[Visit], batch: SpanContext) -> None:
        """Remember where visits were decided, and write those that ended."""
        for visit in visits:
            if visit.ended_at is None:
                self._decided_in.setdefault(visit.visit_id, batch)
            else:
                decided_in = self._decided_in.pop(visit.visit_id, None)
                self._write_repair(visit, visit.ended_at, [decided_in, batch] if decided_in else [batch])

    def _write_repair(self, visit: Visit, ended_at: int, batches: list[SpanContext]) -> None:
        span = self._spans.start_span(
            "repair",
            start_time=visit.sent_at * MICROSECOND,
            attributes=_of_visit(visit),
            links=[Link(batch) for batch in batches],
        )
        for name, at in (("accepted", visit.accepted_at), ("done", visit.done_at)):
            if at is not None:
                span.add_event(name, timestamp=at * MICROSECOND)
        if visit.release in FAILURES:
            _fail(span, visit.detail or str(visit.release))
        span.end(max(ended_at, visit.sent_at) * MICROSECOND)


def _of_visit(visit: Visit) -> dict[str, str | int]:
    return {
        "grid.turbine": visit.turbine_number,
        "grid.incident": visit.incident_id,
        "grid.visit": visit.visit_id,
        "grid.engineer": visit.engineer,
        "grid.dispatch_id": visit.dispatch_id,
        "grid.commands": visit.commands,
        "grid.outcome": str(visit.release or visit.state),
    }


def _fail(span: Span, sentence: str) -> None:
    span.set_status(Status(StatusCode.ERROR, sentence))


class _Batch:
    """The times of one attempt, until it is over."""

    __slots__ = ("_attributes", "_times", "_tracer")

    def __init__(self, tracer: OpenTelemetryTracer, epoch: int, messages: int) -> None:
        self._tracer = tracer
        self._attributes = {"grid.epoch": epoch, "grid.messages": messages}
        self._times = [time.time_ns()]

    def decided(self) -> None:
        """Note the time."""
        self._times.append(time.time_ns())

    def committed(self) -> None:
        """Note the time."""
        self._times.append(time.time_ns())

    def published(self, changes: Changes, committed: Committed) -> None:
        """Write the batch, and the visits that ended with it."""
        self._times.append(time.time_ns())
        self._attributes |= {
            "grid.stored": len(committed.stored),
            "grid.duplicate": committed.duplicate,
            "grid.rejected": committed.rejected,
        }
        batch = self._tracer.write_batch(self._times, self._attributes)
        self._tracer.follow_visits(changes.decisions.visits, batch)

    def failed(self, error: Exception) -> None:
        """Write the attempt."""
        self._times.append(time.time_ns())
        self._tracer.write_batch(self._times, self._attributes, error)


class _TellingExporter(SpanExporter):
    """Sends spans to a collector, and tells once that it can't, not at every attempt."""

    def __init__(self, exporter: SpanExporter, say: Callable[[str], None]) -> None:
        self._exporter = exporter
        self._say = say
        self._fails = False

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        """Send; what can't be sent is dropped."""
        try:
            fails = self._exporter.export(spans) is not SpanExportResult.SUCCESS
        except Exception:  # such as what requests makes of an address that is none
            fails = True
        if fails and not self._fails:
            self._say("the collector of traces can't be reached; they are dropped until it can, and nothing else is")
        elif self._fails and not fails:
            self._say("the collector of traces is reached again")
        self._fails = fails
        return SpanExportResult.FAILURE if fails else SpanExportResult.SUCCESS

    def shutdown(self) -> None:
        """Break off what is on its way."""
        self._exporter.shutdown()


class _LineExporter(SpanExporter):
    """Writes each span to standard error as a line of JSON."""

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        """Write; a reader that takes nothing holds up this thread alone."""
        lines = "".join(f"{json.dumps(_document(span), ensure_ascii=False)}\n" for span in spans)
        left = memoryview(lines.encode())
        try:
            while left:  # past Python's buffer, whose lock a thread that hangs here would keep from the program's end
                left = left[os.write(STANDARD_ERROR, left) :]
        except OSError:
            return SpanExportResult.FAILURE
        return SpanExportResult.SUCCESS


def _document(span: ReadableSpan) -> dict[str, Any]:
    """A span as one JSON document; what it lacks is left out."""
    begun, ended = span.start_time or 0, span.end_time or 0
    document = _ids(span.get_span_context() or INVALID_SPAN_CONTEXT) | {
        "parent_id": format_span_id(span.parent.span_id) if span.parent else None,
        "span": span.name,
        "start": format_time(begun // MICROSECOND),
        "seconds": round((ended - begun) / SECOND, 6),
        "attributes": dict(span.attributes or {}),
        "events": [{"name": event.name, "at": format_time(event.timestamp // MICROSECOND)} for event in span.events],
        "links": [_ids(link.context) for link in span.links],
        "error": span.status.description if span.status.status_code is StatusCode.ERROR else None,
    }
    return {name: value for name, value in document.items() if value not in (None, [], {})}


def _ids(context: SpanContext) -> dict[str, Any]:
    return {"trace_id": format_trace_id(context.trace_id), "span_id": format_span_id(context.span_id)}
