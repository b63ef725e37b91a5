"""For any order, repetition and delay of arrival, and any crash: windows equal what SQL computes from the readings."""

import shutil
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, note, settings
from hypothesis import strategies as st

from grid.metrics import OperationalStatus
from grid.times import SECOND
from monitor.facts import Changes, KnowledgeChanges, Now, Reading, TurbineRecord, Window
from monitor.store.ledger import Ledger
from monitor.store.rows import columns
from monitor.windows.windows import Windows

START = 1_795_262_400 * SECOND
"""A whole quarter hour."""
REGIONS = {1: "north", 2: "south", 3: None}

REFERENCE = """
WITH gaps AS (
    SELECT turbine_number, emitted_at, emitted_at / 60000000 AS minute, wind_speed AS wind,
        power_output_in_kwh AS energy, operational_status = 'broken' AS broken,
        CASE WHEN emitted_at - lag(emitted_at) OVER line <= 3600000000
            THEN emitted_at - lag(emitted_at) OVER line END AS gap,
        CASE WHEN lead(emitted_at) OVER line - emitted_at <= 3600000000
            THEN lead(emitted_at) OVER line - emitted_at END AS ahead,
        coalesce(session = lag(session) OVER line AND sequence = lag(sequence) OVER line + 1, 0) AS follows
    FROM readings WINDOW line AS (PARTITION BY turbine_number ORDER BY emitted_at)
),
ranked AS (
    SELECT *, count(gap) OVER (PARTITION BY turbine_number, minute) AS known,
        row_number() OVER (PARTITION BY turbine_number, minute ORDER BY gap NULLS LAST) AS place,
        last_value(ahead) OVER (
            PARTITION BY turbine_number, minute ORDER BY emitted_at
            ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING
        ) AS after
    FROM gaps
),
intervals AS (
    SELECT turbine_number, minute, CASE WHEN known THEN gap ELSE after END AS interval
    FROM ranked WHERE place = max(1, (known + 1) / 2)
),
covers AS (
    SELECT *, CASE
        WHEN interval IS NULL THEN 0
        WHEN gap IS NULL THEN interval
        WHEN gap * 2 <= interval * 3 OR follows THEN gap
        ELSE interval END AS cover
    FROM gaps JOIN intervals USING (turbine_number, minute)
),
medians AS (
    SELECT turbine_number, minute * 60 / :width AS place, interval,
        row_number() OVER part AS at,
        count(*) OVER (PARTITION BY turbine_number, minute * 60 / :width) AS known
    FROM covers WHERE interval IS NOT NULL
    WINDOW part AS (PARTITION BY turbine_number, minute * 60 / :width ORDER BY interval)
)
SELECT turbine_number, :width, minute * 60 / :width * :width * 1000000, count(*),
    (SELECT interval / 1e6 FROM medians m
        WHERE m.turbine_number = c.turbine_number AND m.place = c.minute * 60 / :width AND at = (known + 1) / 2),
    sum(cover) / 1e6, sum(cover * broken) / 1e6, avg(wind), min(wind), max(wind), sum(energy),
    CASE WHEN sum(cover) > 0 THEN sum(energy) * 3600e6 / sum(cover) END,
    max(energy * 3600e6 / max(cover, interval))
FROM covers c GROUP BY turbine_number, minute * 60 / :width ORDER BY turbine_number, 3
"""
"""Written for what a window means, with nothing of how it is figured. `:width` is 60 or 900."""

AREAS = """
SELECT area, width_seconds, start_at, count(*), sum(readings),
    sum(coalesce(width_seconds / interval_seconds, readings)), sum(covered_seconds), sum(broken_seconds),
    avg(wind_speed_mean), min(wind_speed_min), max(wind_speed_max), sum(energy_in_kwh), sum(mean_power_in_kw)
FROM windows JOIN (SELECT turbine_number, region AS area FROM turbines WHERE region IS NOT NULL
    UNION ALL SELECT turbine_number, '' FROM turbines) USING (turbine_number)
GROUP BY 1, 2, 3 ORDER BY 1, 2, 3
"""

KEY = 3
TOLD = [name for name in columns(Window) if name not in ("revision", "figured_at")]


@dataclass
class Farm:
    """A ledger and the decider, fed batch by batch; what they told of windows is checked as it comes."""

    path: Path
    now: Now = field(default_factory=lambda: Now(START, 0.0))
    told: dict[tuple[int, int, int], Window] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._open = ExitStack()
        self.start()

    def start(self) -> None:
        self._open.close()
        self.ledger = self._open.enter_context(Ledger.open(self.path))
        self.windows = Windows(self.ledger.load().knowledge, now=self.now)

    def close(self) -> None:
        self._open.close()

    def wait(self, seconds: float) -> None:
        self.now = Now(self.now.utc + int(seconds * SECOND), self.now.watched + seconds)

    def take(self, readings: Sequence[Reading], *, is_lost: bool = False) -> bool:
        """One batch; a lost one is decided and never committed. Returns whether there was anything to do."""
        arrived = [reading._replace(received_at=self.now.utc) for reading in readings]
        decided = self.windows.take(arrived, self.now)
        if is_lost:
            self.start()
            return True
        committed = self.ledger.commit(Changes(arrived, knowledge=KnowledgeChanges(decided))).knowledge.windows
        self.windows.settle(committed)
        for window in committed.figured:
            self._check_turn(window)
        return len(self.windows) > 0

    def _check_turn(self, window: Window) -> None:
        key = (window.turbine_number, window.width_seconds, window.start_at)
        before = self.told.get(key)
        assert window.revision == (1 if before is None else before.revision + 1)
        if before is not None:
            assert replace(window, revision=0, figured_at=0) != replace(before, revision=0, figured_at=0)
        self.told[key] = window

    def rest(self) -> None:
        """Wait until nothing is marked."""
        for _ in range(200):
            self.wait(100)
            if not self.take([]) and not self.rows("SELECT 1 FROM window_marks"):
                return
        raise AssertionError("windows stay marked")

    def rows(self, sql: str, **named: Any) -> list[tuple[Any, ...]]:
        with Ledger.open(self.path) as other:
            return list(other._db.execute(sql, named))


@dataclass(frozen=True)
class Batch:
    readings: list[Reading]
    waited: float
    is_lost: bool = False
    is_followed_by_crash: bool = False

    def __str__(self) -> str:
        told = [(r.turbine_number, (r.emitted_at - START) / SECOND, r.session, r.sequence) for r in self.readings]
        fate = f"{', lost at first' * self.is_lost}{', then a crash' * self.is_followed_by_crash}"
        return f"after {self.waited} s: {told}{fate}"


STEPS = [0.000001, 0.4, 1.0, 1.0, 1.0, 1.1, 2.5, 10.0, 55.0, 600.0, 900.0, 3500.0, 3700.0]


@st.composite
def _readings(draw: st.DrawFn) -> list[Reading]:
    """Readings of some turbines as they were emitted."""
    found = []
    for number in draw(st.sampled_from([(1,), (1, 2), (1, 2, 3)])):
        at = START + draw(st.integers(0, 50)) * SECOND
        sequence = 0
        for step in draw(st.lists(st.sampled_from(STEPS), max_size=14)):
            at += int(step * SECOND)
            sequence += draw(st.sampled_from([1, 1, 1, 2]))
            wind, energy = draw(st.integers(0, 25)), draw(st.integers(-2, 50))
            status = draw(st.sampled_from([OperationalStatus.OK, OperationalStatus.OK, OperationalStatus.BROKEN]))
            session = draw(st.sampled_from(["s-1", "s-1", "s-1", "s-2", None]))
            found.append(Reading(number, at, wind / 3, energy / 7, status, None, None, None, session, sequence, at))
    return found


@st.composite
def _arrivals(draw: st.DrawFn) -> list[Batch]:
    """The same readings as they arrive: late, repeated, in any order, with crashes between."""
    readings = draw(_readings())
    if draw(st.booleans()):
        readings.sort(key=lambda reading: reading.emitted_at)
    else:
        readings = draw(st.permutations(readings))
    if readings:
        readings += draw(st.lists(st.sampled_from(readings), max_size=5))
    batches = []
    while readings:
        count = draw(st.integers(1, 6))
        waited = draw(st.sampled_from([0.0, 0.2, 1.0, 5.0, 80.0, 1000.0]))
        batches.append(Batch(readings[:count], waited, draw(_seldom), draw(_seldom)))
        readings = readings[count:]
    return batches


_seldom = st.sampled_from([False] * 7 + [True])


@pytest.fixture(scope="module")
def empty_ledger(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("ledger")
    path = folder / "empty.db"
    with Ledger.open(path) as ledger:
        turbines = [TurbineRecord(number, START, region=region) for number, region in REGIONS.items()]
        ledger.commit(Changes(turbines=turbines))
    yield path
    shutil.rmtree(folder)


@given(batches=_arrivals())
@settings(max_examples=80, suppress_health_check=[HealthCheck.too_slow])
def test_windows_equal_what_sql_computes_however_the_readings_came(empty_ledger: Path, batches: list[Batch]) -> None:
    path = empty_ledger.with_name("tried.db")
    shutil.copyfile(empty_ledger, path)
    farm = Farm(path)
    try:
        for batch in batches:
            note(str(batch))
            farm.wait(batch.waited)
            if batch.is_lost:
                farm.take(batch.readings, is_lost=True)
            farm.take(batch.readings)
            if batch.is_followed_by_crash:
                farm.start()
        farm.rest()
        check(farm)
    finally:
        farm.close()


def check(farm: Farm) -> None:
    stored = farm.rows(f"SELECT {', '.join(TOLD)} FROM windows ORDER BY width_seconds, turbine_number, start_at")
    wanted = farm.rows(REFERENCE, width=60) + farm.rows(REFERENCE, width=900)
    assert [row[:KEY] for row in stored] == [row[:KEY] for row in wanted]
    for found, expected in zip(stored, wanted, strict=True):
        assert found == pytest.approx(expected), found[:KEY]
    areas = farm.rows("SELECT * FROM area_windows ORDER BY area, width_seconds, start_at")
    for found, expected in zip(areas, farm.rows(AREAS), strict=True):
        assert found[: len(expected)] == pytest.approx(expected), found[:KEY]
    revisions = farm.rows("SELECT turbine_number, width_seconds, start_at, revision FROM windows")
    assert {row[:KEY]: row[KEY] for row in revisions} == {key: window.revision for key, window in farm.told.items()}
