"""What windows, outages, baselines, alarms and notifications cost: the monitor with them and without, in turn."""

import gc
import sys
import tracemalloc
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Protocol

from benchmarks.consumers import Command, Consumer, grid_monitor
from benchmarks.direct import TURBINES, data_folder, feeder
from benchmarks.readings import SECOND_SPACING, SPACING
from benchmarks.table import Bar, Table, figure, median, median_ratio, spread
from benchmarks.throughput import measure
from grid.metrics import OperationalStatus
from grid.times import SECOND
from monitor.facts import Decisions, Health, Heard, Link, Now, Reading, RememberedKnowledge, TurbineRecord
from monitor.knowledge import Knowledge

Say = Callable[[str], None]

INGEST = Bar(0.75, at_least=True)
MEMORY = Bar(4.0, "kB")

SPACINGS = {SPACING: "1 ms apart", SECOND_SPACING: "1 s apart"}
"""How far a turbine's readings are apart in event time. A second apart, a minute's window closes every 60 readings."""

LEARNING_TURBINES = 1_000
LEARNING_READINGS = 300
LEARNING_SPACING_SECONDS = 10
_FIRST_AT = 1_795_262_400 * SECOND


class Run(Protocol):
    """One run of a monitor, whoever fed it."""

    @property
    def per_second(self) -> float:
        """Readings stored in a second."""

    @property
    def cpu_microseconds(self) -> float:
        """The monitor's, for each reading."""


def ingest(*, rounds: int, readings: int, say: Say) -> Table:
    """Readings a second with and without knowledge, fed directly and through Mosquitto."""
    columns = ("readings", "without, readings/s", "with, readings/s", "with against without", "CPU us a reading, both")
    table = Table("What knowledge costs the intake: 100 turbines", columns)
    for way, run in (("fed directly", _fed), ("through Mosquitto", _through_mosquitto)):
        for spacing, apart in SPACINGS.items():
            _compare(table, f"{way}, {apart}", partial(run, readings, spacing), rounds, say)
    table.notes.append("Apart: by the turbines' own clocks. A second apart, a window closes after 60 of its readings.")
    return table


def _compare(table: Table, name: str, run: Callable[..., Run], rounds: int, say: Say) -> None:
    found: dict[bool, list[Run]] = {False: [], True: []}
    for number in range(1, rounds + 1):
        for knowing in (False, True):
            found[knowing].append(run(knowing=knowing))
        rates = " and ".join(figure(runs[-1].per_second) for runs in found.values())
        say(f"round {number}: {name}: without and with knowledge: {rates} readings/s")
    without, knowing_all = ([run.per_second for run in found[knowing]] for knowing in (False, True))
    ratio = median_ratio(knowing_all, without)
    both = " and ".join(figure(median([run.cpu_microseconds for run in runs])) for runs in found.values())
    table.add(name, spread(without), spread(knowing_all), f"{figure(ratio)} {table.judge(INGEST, ratio)}", both)


def _fed(readings: int, spacing: int, *, knowing: bool) -> Run:
    """A flood of readings whose event times come after those that the turbines have sent before."""
    instead = _as_it_is if knowing else without_knowledge
    seconds = readings // TURBINES * spacing / SECOND
    with feeder() as broker, data_folder() as folder, broker.monitor(folder, instead=instead) as program:
        broker.feed(program, TURBINES, seconds_ago=seconds + 60)
        return broker.feed(program, readings, spacing=spacing)


def _through_mosquitto(readings: int, spacing: int, *, knowing: bool) -> Run:
    return measure(_consumer(knowing=knowing), readings, spacing=spacing)


def _as_it_is(command: Command) -> Command:
    return command


def without_knowledge(command: Command) -> Command:
    """The command of a monitor that decides nothing beyond fleet and dispatch."""
    return [sys.executable, "-m", "benchmarks.unknowing_monitor", *command[1:]]


def _consumer(*, knowing: bool) -> Consumer:
    whole = grid_monitor()
    if knowing:
        return whole
    return replace(whole, name="without knowledge", command=lambda run: without_knowledge(whole.command(run)))


def memory(*, say: Say) -> Table:
    """What the deciders of knowledge hold of each turbine, after they have learnt what is normal."""
    found = kilobytes_per_turbine()
    say(f"memory of the deciders: {figure(found)} kB a turbine")
    table = Table(f"Memory of the deciders: {LEARNING_TURBINES:,} turbines", ("kB a turbine", "bar"))
    table.add(figure(found), table.judge(MEMORY, found))
    table.notes.append(f"Traced allocations, after {LEARNING_READINGS} readings of each, 10 s apart.")
    return table


def kilobytes_per_turbine(turbines: int = LEARNING_TURBINES, readings: int = LEARNING_READINGS) -> float:
    """Feed the deciders as the monitor does, a batch a tick; what is allocated then and still held."""
    records = {number: _record(number) for number in range(1, turbines + 1)}
    gc.collect()
    tracemalloc.start()
    knowledge = Knowledge(RememberedKnowledge(), now=_now(0))
    for count in range(readings):
        heard = Heard([_reading(number, count) for number in records], (), records, Decisions(), {})
        knowledge.decide(heard, _now(count))
        del heard
    gc.collect()
    held = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    return held / turbines / 1000


def _record(number: int) -> TurbineRecord:
    return TurbineRecord(
        number, _FIRST_AT, link=Link.ONLINE, health=Health.OK, region=f"region {number % 10}", rated_power_in_kw=2050.0
    )


def _now(count: int) -> Now:
    seconds = count * LEARNING_SPACING_SECONDS
    return Now(utc=_FIRST_AT + seconds * SECOND, watched=float(seconds))


def _reading(number: int, count: int) -> Reading:
    wind_speed = 6.0 + (count * 7 + number * 3) % 100 / 25
    return Reading(
        turbine_number=number,
        emitted_at=_FIRST_AT + count * LEARNING_SPACING_SECONDS * SECOND,
        wind_speed=wind_speed,
        power_output_in_kwh=wind_speed**3 / 400,
        operational_status=OperationalStatus.OK,
        voltage=690.0 + count % 5,
        current=900.0 + count % 7,
        temperature=55.0 + (count + number) % 11,
        session="learning",
        sequence=count,
        received_at=_FIRST_AT + count * LEARNING_SPACING_SECONDS * SECOND,
    )
