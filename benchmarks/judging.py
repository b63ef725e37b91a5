"""What it costs to judge a reading: the simulator's readings through the decider alone."""

import time
from collections.abc import Sequence

from benchmarks.anomaly_trials import STARTED_AT, Records, Trial, heard
from benchmarks.table import Bar, Table, figure, median
from monitor.baselines.baselines import Baselines
from monitor.facts import Now, Reading, RememberedKnowledge

JUDGED = Bar(3.0, "us")
SKIPPED = Bar(0.3, "us")

_TURBINES = 50
_LEARNING = 400
_MEASURED = 400
_BATCH = 500
_SEED = 7
_FLOOD = 25_000
"""Readings in a watched second: as fast as a backlog comes. What was learnt is kept by the clock, once a minute."""


def judging() -> Table:
    """Microseconds of CPU for each reading: of those that are judged, and of those that come more often."""
    table = Table("What judging costs: the decider alone", ("readings", "CPU us each", "bar"))
    records, each_second = _sent(1.0)
    _add(table, "1 s apart, judged", records, each_second, JUDGED)
    bare = [reading._replace(voltage=None, current=None, temperature=None) for reading in each_second]
    _add(table, "the same with wind and energy only", records, bare, JUDGED)
    _add(table, "1 ms apart, skipped", records, [_hastened(reading) for reading in each_second], SKIPPED)
    _add(table, "600 s apart, each judged in full", *_sent(600.0), None)
    table.notes.append(
        f"{_TURBINES} turbines, {_MEASURED} readings of each after {_LEARNING}, {_BATCH} in a batch; the median batch."
    )
    return table


def _sent(interval: float) -> tuple[Records, list[Reading]]:
    trial = Trial(_TURBINES, interval, interval * (_LEARNING + _MEASURED), rate=0.0, seed=_SEED)
    records, readings = heard(trial)
    return records, [reading for _, reading in readings]


def _hastened(reading: Reading) -> Reading:
    return reading._replace(emitted_at=STARTED_AT + (reading.emitted_at - STARTED_AT) // 1000)


def _add(table: Table, name: str, records: Records, readings: Sequence[Reading], bar: Bar | None) -> None:
    found = microseconds(records, readings)
    table.add(name, figure(found), "" if bar is None else table.judge(bar, found))


def microseconds(records: Records, readings: Sequence[Reading]) -> float:
    """CPU of a reading in the median batch, after the turbines were learnt."""
    decider = Baselines(RememberedKnowledge(), now=Now(STARTED_AT, 0.0))
    found: list[float] = []
    for place in range(0, len(readings), _BATCH):
        batch = readings[place : place + _BATCH]
        now = Now(batch[-1].received_at, place / _FLOOD)
        began = time.process_time()
        decider.take(batch, records, now)
        found.append((time.process_time() - began) / len(batch) * 1e6)
    return median(found[_TURBINES * _LEARNING // _BATCH :])
