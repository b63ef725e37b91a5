"""Spans of batches and repairs, as a collector gets them."""

import asyncio
import json
import time
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from collector import Collector, attributes_of, collector

from grid.errors import CommandError
from monitor.facts import Changes, Committed, Decisions, Release, Visit, VisitState
from monitor.telemetry.open_telemetry import GOODBYE_SECONDS, OpenTelemetryTracer, open_tracer
from monitor.telemetry.tracing import Destination

NOON = 1_795_262_400_000_000
"""2026-11-21T12:00:00Z, in microseconds since 1970."""
MICROSECOND = 1000
ERROR = 2
"""STATUS_CODE_ERROR of OTLP."""


@pytest.fixture
def receiver(monkeypatch: pytest.MonkeyPatch) -> Iterator[Collector]:
    with collector() as running:
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", running.endpoint)
        monkeypatch.setenv("OTEL_BSP_SCHEDULE_DELAY", "20")
        yield running


def visit(**fields: Any) -> Visit:
    return replace(Visit(3, "a-3", 2, 7, 1, None, VisitState.SENT, NOON), **fields)


def commit_visits(tracer: OpenTelemetryTracer, *visits: Visit) -> None:
    batch = tracer.batch(epoch=1, messages=1)
    batch.decided()
    batch.committed()
    batch.published(Changes(decisions=Decisions(visits=list(visits))), Committed([], 0, []))


def test_a_batch_is_a_span_with_its_three_parts_in_it(receiver: Collector) -> None:
    with open_tracer([Destination.OTLP], instance="m-1", say=pytest.fail) as tracer:
        batch = tracer.batch(epoch=4, messages=9)
        batch.decided()
        batch.committed()
        batch.published(Changes(), Committed([], 0, [], duplicate=2, rejected=1))

    (told,) = receiver.named("batch")
    parts = {span.name: span for span in receiver.spans if span.parent_span_id == told.span_id}
    assert list(parts) == ["decide", "commit", "publish"]
    assert attributes_of(told) == {
        "grid.epoch": 4,
        "grid.messages": 9,
        "grid.stored": 0,
        "grid.duplicate": 2,
        "grid.rejected": 1,
    }
    assert told.start_time_unix_nano == parts["decide"].start_time_unix_nano
    assert parts["decide"].end_time_unix_nano == parts["commit"].start_time_unix_nano
    assert told.end_time_unix_nano == parts["publish"].end_time_unix_nano
    assert receiver.resources[0]["service.name"] == "grid-monitor"
    assert receiver.resources[0]["service.instance.id"] == "m-1"


def test_a_refused_commit_is_an_attempt_that_failed(receiver: Collector) -> None:
    with open_tracer([Destination.OTLP], instance="m-1", say=pytest.fail) as tracer:
        batch = tracer.batch(epoch=1, messages=1)
        batch.decided()
        batch.failed(OSError("the disk is full"))

    (told,), (commit,) = receiver.named("batch"), receiver.named("commit")
    assert (told.status.code, commit.status.code) == (ERROR, ERROR)
    assert told.status.message == "the disk is full"
    assert not receiver.named("publish")


def test_what_was_not_worth_a_commit_is_no_span(receiver: Collector) -> None:
    with open_tracer([Destination.OTLP], instance="m-1", say=pytest.fail) as tracer:
        tracer.batch(epoch=1, messages=0)

    assert receiver.spans == []


def test_a_repair_is_a_span_from_its_order_to_its_end_linked_to_its_batches(receiver: Collector) -> None:
    ended = {"accepted_at": NOON + 1, "done_at": NOON + 2, "ended_at": NOON + 3, "state": VisitState.VERIFIED}
    with open_tracer([Destination.OTLP], instance="m-1", say=pytest.fail) as tracer:
        commit_visits(tracer, visit())
        commit_visits(tracer, visit(accepted_at=NOON + 1, state=VisitState.ACCEPTED))
        commit_visits(tracer, visit(**ended))

    (repair,), batches = receiver.named("repair"), receiver.named("batch")
    assert (repair.start_time_unix_nano, repair.end_time_unix_nano) == (NOON * MICROSECOND, (NOON + 3) * MICROSECOND)
    assert [(event.name, event.time_unix_nano) for event in repair.events] == [
        ("accepted", (NOON + 1) * MICROSECOND),
        ("done", (NOON + 2) * MICROSECOND),
    ]
    assert [link.span_id for link in repair.links] == [batches[0].span_id, batches[2].span_id]
    assert attributes_of(repair) | {"grid.turbine": 7, "grid.incident": 2, "grid.visit": 3, "grid.engineer": 1} == (
        attributes_of(repair)
    )
    assert attributes_of(repair)["grid.outcome"] == "verified"
    assert repair.status.code != ERROR


def test_a_repair_without_effect_is_an_error_also_when_another_run_began_it(receiver: Collector) -> None:
    ended = visit(ended_at=NOON + 9, state=VisitState.RELEASED, release=Release.NO_EFFECT)
    with open_tracer([Destination.OTLP], instance="m-2", say=pytest.fail) as tracer:
        commit_visits(tracer, ended)

    (repair,), (batch,) = receiver.named("repair"), receiver.named("batch")
    assert (repair.status.code, repair.status.message) == (ERROR, "no_effect")
    assert [link.span_id for link in repair.links] == [batch.span_id]


def test_a_collector_that_hangs_holds_up_neither_the_monitor_nor_its_end(receiver: Collector) -> None:
    receiver.answers.clear()
    begun = time.monotonic()

    with open_tracer([Destination.OTLP], instance="m-1", say=lambda sentence: None) as tracer:
        for _ in range(5000):
            commit_visits(tracer, visit())
        told = time.monotonic() - begun
        closing = time.monotonic()

    assert told < 5.0, "five thousand batches took longer than a tenth of a millisecond's work each can explain"
    assert time.monotonic() - closing < GOODBYE_SECONDS + 0.5


async def test_a_collector_that_refuses_is_said_once_and_so_is_its_return(receiver: Collector) -> None:
    loop, said = asyncio.get_running_loop(), asyncio.Queue[str]()
    receiver.status = 400  # not worth another attempt, says OTLP

    with open_tracer([Destination.OTLP], instance="m-1", say=lambda word: _put(loop, said, word)) as tracer:
        commit_visits(tracer, visit())
        refused = await asyncio.wait_for(said.get(), 10)
        receiver.status = 200
        commit_visits(tracer, visit())
        returned = await asyncio.wait_for(said.get(), 10)

    assert "can't be reached" in refused
    assert "reached again" in returned
    assert said.empty()


async def test_an_address_that_is_none_is_said_and_nothing_else(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "the collector")
    monkeypatch.setenv("OTEL_BSP_SCHEDULE_DELAY", "20")
    loop, said = asyncio.get_running_loop(), asyncio.Queue[str]()

    with open_tracer([Destination.OTLP], instance="m-1", say=lambda word: _put(loop, said, word)) as tracer:
        commit_visits(tracer, visit())
        words = await asyncio.wait_for(said.get(), 10)

    assert "can't be reached" in words


def _put(loop: asyncio.AbstractEventLoop, said: "asyncio.Queue[str]", word: str) -> None:
    loop.call_soon_threadsafe(said.put_nowait, word)


def test_a_variable_that_makes_no_sense_is_refused_in_words(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_BSP_SCHEDULE_DELAY", "-1")

    with (
        pytest.raises(CommandError, match="must be positive"),
        open_tracer([Destination.OTLP], instance="m-1", say=pytest.fail),
    ):
        pass


def test_on_the_console_each_span_is_a_line_of_json(capfd: pytest.CaptureFixture[str]) -> None:
    with open_tracer([Destination.CONSOLE], instance="m-1", say=pytest.fail) as tracer:
        commit_visits(tracer, visit(ended_at=NOON + 1_500_000, state=VisitState.VERIFIED))

    spans = {span["span"]: span for span in map(json.loads, capfd.readouterr().err.splitlines())}
    assert spans.keys() == {"decide", "commit", "publish", "batch", "repair"}
    assert spans["commit"]["parent_id"] == spans["batch"]["span_id"]
    assert spans["repair"]["seconds"] == 1.5
    assert spans["repair"]["links"] == [{key: spans["batch"][key] for key in ("trace_id", "span_id")}]
