"""What the monitor knows in the end follows from all readings and reports, whatever the order in which they came.

They come late, repeated, reordered and cut into any batches; commits fail, and the monitor crashes. Fleet, dispatcher,
deciders and database are the real ones; only the broker and the clock are played.
"""

import shutil
import sqlite3
import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, closing
from functools import cache
from itertools import groupby
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from sqlite_utils import Database

from grid.metrics import OperationalStatus
from grid.status import Presence
from grid.times import SECOND
from monitor.dispatch.dispatcher import Dispatcher
from monitor.facts import (
    Birth,
    BrokerFound,
    BrokerLost,
    Changes,
    Heard,
    News,
    Now,
    OutageReport,
    Reading,
    StatusReport,
)
from monitor.fleet.fleet import Fleet
from monitor.knowledge import Knowledge
from monitor.store.errors import StoreUnavailableError
from monitor.store.invariants import violated
from monitor.store.ledger import Ledger

IN_MEMORY = Path("/dev/shm")
NOON = 1_795_262_400 * SECOND
MINUTE = 60 * SECOND
TOLERANCE = 12 * MINUTE
WIDTHS = (60, 900)

REGIONS = {1: "north", 2: "north", 3: "south", 4: None}
CONTROLLERS = ("crane", "mast", "turbine-9")
SPACING_SECONDS = 5
MOMENTS = 40 * 60 // SPACING_SECONDS
FATES = ["well", "locked, then well", "killed before the commit", "killed after it"]
MOST_TICKS = 500

Row = tuple[Any, ...]

_OF_READINGS = """
SELECT turbine_number, start_at, count(*), min(wind_speed), max(wind_speed), avg(wind_speed), sum(power_output_in_kwh)
FROM (SELECT *, emitted_at - emitted_at % (:width * 1000000) AS start_at FROM readings) GROUP BY 1, 2 ORDER BY 1, 2
"""
_OF_WINDOWS = """
SELECT turbine_number, start_at, readings, wind_speed_min, wind_speed_max, wind_speed_mean, energy_in_kwh
FROM windows WHERE width_seconds = :width ORDER BY 1, 2
"""
_OF_READINGS_IN = """
SELECT start_at, count(DISTINCT turbine_number), count(*), min(r.wind_speed), max(r.wind_speed),
       sum(r.power_output_in_kwh)
FROM (SELECT *, emitted_at - emitted_at % (:width * 1000000) AS start_at FROM readings) r
JOIN turbines t USING (turbine_number) WHERE :area = '' OR region = :area GROUP BY 1 ORDER BY 1
"""
_OF_AREA = """
SELECT start_at, turbines, readings, wind_speed_min, wind_speed_max, energy_in_kwh
FROM area_windows WHERE width_seconds = :width AND area = :area ORDER BY 1
"""
_WINDOWS = ("windows", "area_windows")
_OUTAGES = """
SELECT controller_id, outage_type, started_at, ended_at FROM outages
WHERE controller_id IN ('crane', 'mast', 'turbine-9') ORDER BY 1, 2, 3
"""
_BROKEN_TIMES = """
SELECT CAST(substr(controller_id, 9) AS INTEGER) AS turbine_number, from_at, until_at FROM outage_spans
WHERE outage_type = 'broken' AND controller_id IN ('turbine-1', 'turbine-2', 'turbine-3', 'turbine-4')
UNION ALL
SELECT turbine_number, ongoing_since, 1 << 62 FROM outages WHERE outage_type = 'broken' AND ongoing = 1
"""
_OK_WHILE_BROKEN = f"""
SELECT turbine_number, emitted_at, from_at, until_at FROM readings JOIN ({_BROKEN_TIMES}) USING (turbine_number)
WHERE operational_status = 'ok' AND emitted_at > from_at AND emitted_at < until_at
"""
_BROKEN_AND_NOT_OUT = f"""
SELECT turbine_number, emitted_at FROM readings r WHERE operational_status = 'broken' AND NOT EXISTS (
    SELECT 1 FROM ({_BROKEN_TIMES}) b
    WHERE b.turbine_number = r.turbine_number AND emitted_at BETWEEN from_at AND until_at
)
"""


def reading(turbine_number: int, moment: int) -> Reading:
    """A turbine's reading of a moment: always the same. Two of the four turbines count theirs."""
    at = NOON + moment * SPACING_SECONDS * SECOND + (moment * 7919 + turbine_number) % 2_000_000
    wind_speed = (moment * 31 + turbine_number * 7) % 100 / 8
    counts = turbine_number % 2 == 1
    return Reading(
        turbine_number=turbine_number,
        emitted_at=at,
        wind_speed=wind_speed,
        power_output_in_kwh=wind_speed / 16,
        operational_status=OperationalStatus.BROKEN if moment % 60 in range(40, 55) else OperationalStatus.OK,
        voltage=690.0,
        current=None,
        temperature=50.0,
        session=f"session-{moment // 200}" if counts else None,
        sequence=moment % 200 if counts else None,
        received_at=at,
    )


def outages_of(reports: Iterable[OutageReport]) -> Iterator[Row]:
    """What reports come to: sorted, and joined while the next one is within the tolerance of the end."""
    in_order = sorted(
        (report.controller_id, report.outage_type, report.at, report.at if report.until is None else report.until)
        for report in reports
    )
    for (controller_id, outage_type), same in groupby(in_order, key=lambda report: report[:2]):
        started_at = ended_at = -TOLERANCE
        for _, _, at, until in same:
            if at > ended_at + TOLERANCE:
                if started_at >= 0:
                    yield controller_id, outage_type, started_at, ended_at
                started_at = ended_at = at
            ended_at = max(ended_at, until)
        yield controller_id, outage_type, started_at, ended_at


@cache
def empty_database() -> bytes:
    """The tables: making them takes longer than an example."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "grid.db"
        Ledger.open(path).close()
        return path.read_bytes()


class SmallMonitor:
    """What `GridMonitor` does with a batch, as far as it concerns what follows from readings and reports."""

    def __init__(self, path: Path, now: Now) -> None:
        self.path = path
        if not path.exists():
            path.write_bytes(empty_database())
        self.ledger = Ledger.open(path, busy_timeout_seconds=0)
        self.recall(now)
        births: list[News] = [
            StatusReport(number, Presence.ONLINE, now.utc, birth=Birth(region=region), retained=True)
            for number, region in REGIONS.items()
        ]
        assert self.commit([BrokerLost(), BrokerFound(), *births], (), now)

    def recall(self, now: Now) -> None:
        """Go on from what the database has."""
        remembered = self.ledger.load()
        self.fleet = Fleet(remembered.turbines, now=now)
        self.dispatcher = Dispatcher(remembered, engineers=1, now=now)
        self.knowledge = Knowledge(remembered.knowledge, now=now)

    def decide(self, news: Sequence[News], reports: Sequence[OutageReport], now: Now) -> Changes:
        """What follows from a batch."""
        readings = [item for item in news if isinstance(item, Reading)]
        told = self.fleet.take(news, now, self.dispatcher.attentive)
        decisions = self.dispatcher.decide(told, now)
        incidents = self.dispatcher.incidents
        heard = Heard(readings, told, self.fleet.records, decisions, incidents, outage_reports=reports)
        knowledge = self.knowledge.decide(heard, now)
        return Changes(
            readings=readings,
            turbines=self.fleet.drain_changed(),
            newer=self.fleet.drain_newer(),
            decisions=decisions,
            counted=Counter(received=len(readings)),
            knowledge=knowledge,
        )

    def commit(self, news: Sequence[News], reports: Sequence[OutageReport], now: Now) -> bool:
        """Decide on a batch and commit it; False if the database refuses."""
        changes = self.decide(news, reports, now)
        try:
            committed = self.ledger.commit(changes)
        except StoreUnavailableError:
            self.recall(now)
            return False
        self.knowledge.settle(committed.knowledge)
        return True

    def rows(self, sql: str, **values: Any) -> list[Row]:
        """What the database says."""
        with closing(sqlite3.connect(self.path)) as db:
            return db.execute(sql, values).fetchall()

    def close(self) -> None:
        """End, in order or not: the ledger's file is the same."""
        self.ledger.close()


class DisorderedFarm(RuleBasedStateMachine):
    """What can happen to readings and reports on their way into the database, in any order."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(dir=IN_MEMORY if IN_MEMORY.is_dir() else None))
        self.open = ExitStack()
        patch = self.open.enter_context(pytest.MonkeyPatch.context())
        patch.setattr("monitor.windows.windows.MOST_DUE", 5)
        patch.setattr("monitor.store.knowledge.windows.MOST_READINGS", 10)
        self.seconds = 0.0
        self.waiting: list[Reading | OutageReport] = []
        self.came: list[Reading | OutageReport] = []
        self.windows: dict[Row, Row] = {}
        self.monitor = SmallMonitor(self.folder / "grid.db", self.now)

    @property
    def now(self) -> Now:
        return Now(NOON + round(self.seconds * SECOND), self.seconds)

    @property
    def newest_moment(self) -> int:
        return max(0, min(MOMENTS, int(self.seconds / SPACING_SECONDS)) - 1)

    # --- what arrives

    @initialize(minutes=st.integers(1, 60))
    def begin(self, minutes: int) -> None:
        self.seconds = minutes * 60.0

    @rule(seconds=st.floats(0.1, 900))
    def time_passes(self, seconds: float) -> None:
        self.seconds += seconds

    @rule(turbine_number=st.sampled_from([*REGIONS]), first=st.integers(0, MOMENTS), count=st.integers(1, 60))
    def a_turbine_sends_readings_in_a_row(self, turbine_number: int, first: int, count: int) -> None:
        moments = range(first, min(first + count, self.newest_moment))
        self.waiting += [reading(turbine_number, moment) for moment in moments]

    @rule(
        moments=st.lists(st.tuples(st.sampled_from([*REGIONS]), st.integers(0, MOMENTS)), max_size=20),
    )
    def lone_readings_come(self, moments: list[tuple[int, int]]) -> None:
        self.waiting += [reading(number, min(moment, self.newest_moment)) for number, moment in moments]

    @rule(
        controller_id=st.sampled_from(CONTROLLERS),
        outage_type=st.sampled_from(["broken", "rust"]),
        at=st.integers(0, 120),
        minutes=st.none() | st.integers(0, 30),
    )
    def a_controller_reports(self, controller_id: str, outage_type: str, at: int, minutes: int | None) -> None:
        began = NOON + at * MINUTE
        until = None if minutes is None else began + minutes * MINUTE
        self.waiting.append(OutageReport(controller_id, outage_type, began, self.now.utc, until))

    @rule(data=st.data())
    def some_of_it_comes_again(self, data: st.DataObject) -> None:
        if self.came:
            self.waiting += data.draw(st.lists(st.sampled_from(self.came), max_size=20))

    @rule(data=st.data())
    def it_is_reordered(self, data: st.DataObject) -> None:
        self.waiting = data.draw(st.permutations(self.waiting)) if len(self.waiting) < 100 else self.waiting[::-1]

    # --- the monitor

    @rule(count=st.integers(0, 120), fate=st.sampled_from(FATES), seconds=st.sampled_from([0.0, 0.3, 1.2, 20.0]))
    def the_monitor_takes_a_batch(self, count: int, fate: str, seconds: float) -> None:
        batch, self.seconds = self.waiting[:count], self.seconds + seconds
        news: list[News] = [item._replace(received_at=self.now.utc) for item in batch if isinstance(item, Reading)]
        reports = [item for item in batch if isinstance(item, OutageReport)]
        if fate == "locked, then well":
            with closing(sqlite3.connect(self.monitor.path, isolation_level=None)) as other:
                other.execute("BEGIN IMMEDIATE")
                assert not self.monitor.commit(news, reports, self.now)
        if fate == "killed before the commit":
            self.monitor.decide(news, reports, self.now)
        else:
            assert self.monitor.commit(news, reports, self.now)
            self.came += batch
        if fate.startswith("killed"):
            self.monitor.close()
            self.monitor = SmallMonitor(self.monitor.path, self.now)
        else:
            del self.waiting[:count]

    # --- what must hold

    @invariant()
    def a_window_that_tells_something_else_has_a_higher_revision(self) -> None:
        for row in self.monitor.rows("SELECT * FROM windows"):
            *told, revision, _ = row
            before = self.windows.get(row[:3])
            if before is not None and before != row:
                assert revision > before[-2]
                assert tuple(told) != before[:-2], "one more revision that says the same"
            self.windows[row[:3]] = row

    @invariant()
    def the_tables_agree(self) -> None:
        with closing(sqlite3.connect(self.monitor.path)) as db:
            assert violated(Database(db, execute_plugins=False), engineers=None) == []

    def teardown(self) -> None:
        """When everything has come, what is known is what all of it says, sorted."""
        try:
            while self.waiting:
                self.the_monitor_takes_a_batch(1000, "well", 1.2)
            self.settle(self.monitor)
            self.windows_are_what_sql_finds_in_the_readings()
            self.outages_are_those_of_the_sorted_reports()
            self.turbines_are_out_where_their_readings_say_broken()
            self.a_restart_changes_nothing()
            self.the_same_in_order_and_at_once_says_the_same()
        finally:
            self.monitor.close()
            self.open.close()
            shutil.rmtree(self.folder)

    def settle(self, monitor: SmallMonitor) -> None:
        self.seconds += 7200
        for tick in range(MOST_TICKS):
            self.seconds += 20.0
            assert monitor.commit((), (), self.now)
            if tick and not monitor.rows("SELECT 1 FROM window_marks LIMIT 1"):
                return
        raise AssertionError("minutes stay marked for ever")

    def windows_are_what_sql_finds_in_the_readings(self) -> None:
        for width in WIDTHS:
            found = self.monitor.rows(_OF_WINDOWS, width=width)
            assert rounded(found) == rounded(self.monitor.rows(_OF_READINGS, width=width))
            for area in ("", "north", "south"):
                of_area = self.monitor.rows(_OF_AREA, width=width, area=area)
                assert rounded(of_area) == rounded(self.monitor.rows(_OF_READINGS_IN, width=width, area=area))

    def outages_are_those_of_the_sorted_reports(self) -> None:
        reports = [item for item in self.came if isinstance(item, OutageReport)]
        assert self.monitor.rows(_OUTAGES) == list(outages_of(reports))

    def turbines_are_out_where_their_readings_say_broken(self) -> None:
        assert self.monitor.rows(_BROKEN_AND_NOT_OUT) == []
        assert self.monitor.rows(_OK_WHILE_BROKEN) == []

    def a_restart_changes_nothing(self) -> None:
        before = self.told()
        self.monitor.close()
        self.monitor = SmallMonitor(self.monitor.path, self.now)
        self.settle(self.monitor)
        assert self.told() == before

    def told(self) -> dict[str, list[Row]]:
        windows = {table: self.monitor.rows(f"SELECT * FROM {table} ORDER BY 1, 2, 3") for table in _WINDOWS}
        return windows | {"outages": self.monitor.rows(_OUTAGES)}

    def the_same_in_order_and_at_once_says_the_same(self) -> None:
        """Also of what the readings cover, and of power: whatever order and batches they came in."""
        readings = sorted({item for item in self.came if isinstance(item, Reading)})
        in_order = sorted(readings, key=lambda item: (item.emitted_at, item.turbine_number))
        orderly = SmallMonitor(self.folder / "orderly.db", self.now)
        try:
            assert orderly.commit(in_order, (), self.now)
            self.settle(orderly)
            for table in _WINDOWS:
                sql = f"SELECT * FROM {table} ORDER BY 1, 2, 3"
                expected = [row[:-2] for row in orderly.rows(sql)]
                assert rounded(row[:-2] for row in self.monitor.rows(sql)) == rounded(expected)
        finally:
            orderly.close()


def rounded(rows: Iterable[Row]) -> list[Row]:
    """Sums of floats depend on their order in the last digits."""
    return [tuple(round(value, 6) if isinstance(value, float) else value for value in row) for row in rows]


TestDisorderedFarm = DisorderedFarm.TestCase
TestDisorderedFarm.settings = settings(max_examples=60, stateful_step_count=30)
