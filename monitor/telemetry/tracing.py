"""Traces of batches and repairs: the port through which the monitor tells them, and who is told."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from enum import StrEnum
from functools import partial
from typing import Protocol

from grid.errors import CommandError, ExitCode
from monitor.facts import Changes, Committed

OTLP_ENDPOINTS = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")
OTLP_PROTOCOLS = ("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL")
OUR_PROTOCOL = "http/protobuf"


class BatchTrace(Protocol):
    """One attempt to deal with a batch. It began when it was asked for; what never ends is not told."""

    def decided(self) -> None:
        """What the batch means is known, and it is worth a commit."""

    def committed(self) -> None:
        """The ledger has it."""

    def published(self, changes: Changes, committed: Committed) -> None:
        """The attempt is over: what was decided is on its way."""

    def failed(self, error: Exception) -> None:
        """The attempt is over: the ledger refused it, and the batch is tried again."""


class Tracer(Protocol):
    """Who is told of every batch. Its methods return at once, and never raise for what happens to the traces."""

    def batch(self, *, epoch: int, messages: int) -> BatchTrace:
        """Begin an attempt: `messages` came on connection `epoch`."""


class NoTracer:
    """Nobody wants traces: both the tracer and each of its batches."""

    def batch(self, *, epoch: int, messages: int) -> "NoTracer":
        """Begin nothing."""
        del epoch, messages
        return self

    def decided(self) -> None:
        """Tell nobody."""

    def committed(self) -> None:
        """Tell nobody."""

    def published(self, changes: Changes, committed: Committed) -> None:
        """Tell nobody."""

    def failed(self, error: Exception) -> None:
        """Tell nobody."""


class OpenTracer(Protocol):
    """How a tracer is opened."""

    def __call__(self, *, instance: str, say: Callable[[str], None]) -> AbstractContextManager[Tracer]:
        """A tracer for as long as the context lasts.

        `instance` names this run of the monitor; `say` hears in words, in any thread, what a person should know.
        """


class Destination(StrEnum):
    """Where traces go."""

    CONSOLE = "console"
    """Standard error, a JSON line for each span."""
    OTLP = "otlp"
    """A collector, by OTLP over HTTP."""


def tracing(wanted: frozenset[Destination]) -> OpenTracer:
    """How to open the tracer for these destinations; without one it costs nothing.

    Raises CommandError where OpenTelemetry is not installed.
    """
    if not wanted:
        return _open_no_tracer
    try:
        from monitor.telemetry.open_telemetry import open_tracer
    except ModuleNotFoundError:
        sentence = (
            "traces are wanted, and OpenTelemetry is not installed: pip install 'grid-wind-farm-monitor[tracing]'"
        )
        raise CommandError(sentence, ExitCode.WRONG_USAGE) from None
    return partial(open_tracer, wanted)


@contextmanager
def _open_no_tracer(*, instance: str, say: Callable[[str], None]) -> Iterator[Tracer]:
    del instance, say
    yield NoTracer()


def destinations(environment: Mapping[str, str], *, to_console: bool) -> frozenset[Destination]:
    """Where traces are wanted: nowhere unless something asks for them.

    The variables are those of the OpenTelemetry specification (SDK environment variables, OTLP exporter
    configuration); an empty one counts as unset. `to_console` is our own setting. Raises CommandError for an exporter
    or a protocol that we don't have.
    """
    if environment.get("OTEL_SDK_DISABLED", "").strip().lower() == "true":
        return frozenset()
    named = environment.get("OTEL_TRACES_EXPORTER", "").strip()
    has_endpoint = any(environment.get(name, "").strip() for name in OTLP_ENDPOINTS)
    wanted = _named(named) if named else frozenset({Destination.OTLP} if has_endpoint else ())
    if Destination.OTLP in wanted:
        _refuse_other_protocols(environment)
    return wanted | ({Destination.CONSOLE} if to_console else frozenset())


def _named(exporters: str) -> frozenset[Destination]:
    names = {name.strip() for name in exporters.split(",")} - {"", "none"}
    unknown = sorted(names - set(Destination))
    if unknown:
        sentence = f"OTEL_TRACES_EXPORTER names {unknown[0]!r}; traces go to otlp, console or none"
        raise CommandError(sentence, ExitCode.WRONG_USAGE)
    return frozenset(Destination(name) for name in names)


def _refuse_other_protocols(environment: Mapping[str, str]) -> None:
    for name in OTLP_PROTOCOLS:
        protocol = environment.get(name, "").strip()
        if protocol not in ("", OUR_PROTOCOL):
            raise CommandError(f"{name} is {protocol!r}; traces are sent by {OUR_PROTOCOL}", ExitCode.WRONG_USAGE)
        if protocol:  # the variable for traces wins over the general one
            return
