"""A turbine's outbox and the monitor's ledger, joined by a channel that loses, repeats and reorders: nothing is lost.

Outbox, its file, decoder, sequences and database are the real ones; only the broker and the clocks are played.
"""

import json
import shutil
import sqlite3
import tempfile
from collections.abc import Iterable
from contextlib import ExitStack, closing
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from sqlite_utils import Database

import turbine.outbox_file
from grid.acknowledged import Acknowledged
from grid.broker import PlainMessage
from grid.metrics import OperationalStatus, TurbineMetrics
from grid.times import SECOND
from grid.topics import Kind
from monitor.facts import Arrived, Changes, Now
from monitor.intake.decode import ArrivalTimes, decode
from monitor.intake.salvage import salvage
from monitor.sequences.sequences import Sequences, messages_for
from monitor.store.errors import StoreUnavailableError
from monitor.store.invariants import violated
from monitor.store.ledger import Ledger
from monitor.store.prunings import Slice
from turbine.outbox import Outbox
from turbine.outbox_file import OutboxFile

NUMBER = 7
BEGAN = 1_790_000_000
IN_MEMORY = Path("/dev/shm")
METRICS = Kind.METRICS.of(NUMBER)

Counted = tuple[str, int]
"""Session and sequence: which reading."""


class SmallMonitor:
    """What `GridMonitor` does with a batch, as far as it concerns readings and who may forget them."""

    def __init__(self, path: Path, now: Now) -> None:
        self.path = path
        self.ledger = Ledger.open(path, busy_timeout_seconds=0)
        self.recall(now)

    def recall(self, now: Now) -> None:
        """Go on from what the database has."""
        self.sequences = Sequences(self.ledger.load().sequences, now=now)

    def commit(self, payloads: Iterable[bytes], now: Now) -> bool:
        """Decide on a batch and commit it; False if the database refuses."""
        decoded = decode(
            [PlainMessage(METRICS, payload, 1, retain=False, packet_id=1) for payload in payloads],
            now.utc,
            ArrivalTimes(),
        )
        refused, held = salvage(decoded.dead_letters)
        self.sequences.take(Arrived(decoded.readings, refused, [*decoded.held, *held]))
        changes = Changes(
            readings=decoded.readings,
            dead_letters=decoded.dead_letters,
            sequences=self.sequences.drain(now),
            counted=decoded.counted + self.sequences.counted,
        )
        self.sequences.counted.clear()
        try:
            self.ledger.commit(changes)
        except StoreUnavailableError:
            self.recall(now)
            return False
        return True

    def due(self, now: Now) -> list[bytes]:
        """What it tells the turbine now."""
        return [payload for _, payload in messages_for(self.sequences.due(now))]

    def settled(self) -> set[Counted]:
        """Which readings the database has, as such or as dead letters."""
        with closing(sqlite3.connect(self.path)) as db:
            readings = db.execute("SELECT session, sequence FROM readings").fetchall()
            letters = [json.loads(payload) for (payload,) in db.execute("SELECT payload FROM dead_letters")]
        return {*readings, *((told["session"], told["sequence"]) for told in letters)}


class LossyFarm(RuleBasedStateMachine):
    """What can happen between a turbine and a monitor, in any order."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(dir=IN_MEMORY if IN_MEMORY.is_dir() else None))
        self.open = ExitStack()
        patch = self.open.enter_context(pytest.MonkeyPatch.context())
        patch.setattr(turbine.outbox_file, "REWRITE_BYTES", 3000)
        self.seconds = 0.0
        self.starts = 0
        self.databases = 0
        self.to_monitor: list[bytes] = []
        self.to_turbine: list[bytes] = []
        self.emitted: set[Counted] = set()
        self.given_up: set[Counted] = set()
        self.settled: set[Counted] = set()
        self.monitor = SmallMonitor(self.folder / "grid.db", self.now)

    @property
    def now(self) -> Now:
        return Now((BEGAN * SECOND) + round(self.seconds * SECOND), self.seconds)

    @property
    def session(self) -> str:
        return f"session-{self.starts}"

    @property
    def held(self) -> set[Counted]:
        told = [json.loads(payload) for payload in self.outbox.payloads()]
        return {(reading["session"], reading["sequence"]) for reading in told}

    # --- the turbine

    def outbox_path(self, start: int) -> Path:
        return self.folder / f"outbox-{start}"

    @initialize(size=st.sampled_from([3, 20, 1000]))
    def begin(self, size: int) -> None:
        self.size = size
        self.turbine_starts()

    def turbine_starts(self) -> None:
        self.file = self.open.enter_context(OutboxFile(self.outbox_path(self.starts)))
        self.outbox = Outbox(self.session, self.size)
        for session, kept in self.file.take_over(NUMBER).items():
            self.outbox.restore(session, kept.oldest, kept.payloads)
        self.file.held = self.outbox.payloads
        self.outbox.monitor_is_online("m", self.seconds)

    @rule(count=st.integers(1, 30), refused=st.booleans())
    def turbine_emits(self, count: int, *, refused: bool) -> None:
        for place in range(count):
            self.seconds += 0.001
            sequence = self.outbox.end
            reading = TurbineMetrics(
                turbine_number=NUMBER,
                wind_speed=8.0,
                power_output_in_kwh=2.0,
                operational_status=OperationalStatus.OK,
                emitted_at=self.now.utc,
                session=self.session,
                sequence=sequence,
            ).to_json()
            if refused and place == count // 2:
                reading = reading.replace(b'"wind_speed":8.0', b'"wind_speed":-8.0')
            self.emitted.add((self.session, sequence))
            before = self.held
            forgotten = self.outbox.append(reading)
            self.given_up |= before - self.held
            self.file.keep(reading)
            for gone in forgotten:
                self.file.forget(NUMBER, gone.session, gone.sequence)

    @rule(count=st.integers(1, 60), breaks=st.booleans(), reached=st.booleans())
    def turbine_publishes(self, count: int, *, breaks: bool, reached: bool) -> None:
        """Up to so many; the last one's PUBACK may not come, whether it reached the broker or not."""
        for place in range(count):
            sending = self.outbox.next(self.seconds)
            if sending is None:
                return
            if breaks and place == count - 1:
                self.to_monitor += [sending.payload] if reached else []
                self.outbox.begin_waiting(self.seconds)
            else:
                self.to_monitor.append(sending.payload)
                self.outbox.published(sending, self.seconds)

    @rule(torn=st.booleans())
    def turbine_is_killed(self, *, torn: bool) -> None:
        """Also in the middle of a write: of a reading that it has not sent."""
        before = self.held
        self.file.held = None  # whoever is killed writes nothing more
        self.starts += 1
        shutil.copy(self.outbox_path(self.starts - 1), self.outbox_path(self.starts))
        if torn:
            with self.outbox_path(self.starts).open("ab") as file:
                file.write(b'{"turbine_number":7,"session":"session-')
        self.turbine_starts()
        assert self.held == before

    # --- the channel

    @rule(data=st.data())
    @precondition(lambda self: self.to_monitor)
    def broker_loses_repeats_and_reorders(self, data: st.DataObject) -> None:
        places = st.sampled_from(range(len(self.to_monitor)))
        self.to_monitor = [self.to_monitor[place] for place in data.draw(st.lists(places, max_size=60))]

    @rule(data=st.data())
    @precondition(lambda self: self.to_turbine)
    def turbine_hears(self, data: st.DataObject) -> None:
        """Any of what the monitor ever told, in any order."""
        for payload in data.draw(st.lists(st.sampled_from(self.to_turbine), max_size=5)):
            self.turbine_takes(payload)

    def turbine_takes(self, payload: bytes) -> None:
        forgotten = self.outbox.acknowledge(Acknowledged.model_validate_json(payload), self.seconds)
        if forgotten is not None:
            self.file.forget(NUMBER, forgotten.session, forgotten.sequence)

    @rule(seconds=st.floats(0, 90))
    def time_passes(self, seconds: float) -> None:
        self.seconds += seconds

    # --- the monitor

    @rule(count=st.integers(0, 80), is_locked=st.booleans(), again=st.booleans(), killed=st.booleans())
    def monitor_takes(self, count: int, *, is_locked: bool, again: bool, killed: bool) -> None:
        """A batch whose commit may fail; then a second attempt, or the end. Killed, it tells nothing."""
        batch = self.to_monitor[:count]
        if is_locked:
            with closing(sqlite3.connect(self.monitor.path, isolation_level=None)) as other:
                other.execute("BEGIN IMMEDIATE")
                assert not self.monitor.commit(batch, self.now)
                self.monitor_tells()
            if not again:
                self.monitor_restarts()
                return
        assert self.monitor.commit(batch, self.now)
        self.settled |= self.monitor.settled()
        if killed:
            self.monitor_restarts()
        else:
            del self.to_monitor[:count]
            self.monitor_tells()

    @rule()
    def monitor_tells(self) -> None:
        told = self.monitor.due(self.now)
        for payload in told:
            said = Acknowledged.model_validate_json(payload)
            all_of_it = {(said.session, sequence) for sequence in range(said.sequence + 1)}
            assert all_of_it <= self.settled | self.given_up, "told before it was stored"
        self.to_turbine += told

    @rule()
    def monitor_restarts(self) -> None:
        path = self.monitor.path
        self.monitor.ledger.close()
        self.monitor = SmallMonitor(path, self.now)

    @rule(count=st.integers(1, 6))
    def others_use_the_topic(self, count: int) -> None:
        """More sessions than are followed."""
        for _ in range(count):
            self.seconds += 0.001
            noise = {"turbine_number": NUMBER, "wind_speed": 1, "power_output_in_kwh": 0, "operational_status": "ok"}
            noise |= {"session": f"noise-{self.seconds}", "sequence": 3, "emitted_at": self.now.utc / SECOND}
            self.to_monitor.append(json.dumps(noise).encode())

    @rule(seconds=st.floats(0, 100))
    def old_readings_are_pruned(self, seconds: float) -> None:
        before = self.now.utc - round(seconds * SECOND)
        self.monitor.ledger.prune(Slice(table="readings", kept_since=before, after=0, up_to=10**9))

    @rule()
    def monitor_gets_an_empty_database(self) -> None:
        self.databases += 1
        self.monitor.ledger.close()
        self.monitor = SmallMonitor(self.folder / f"grid-{self.databases}.db", self.now)

    # --- the promise

    @invariant()
    def nothing_is_forgotten_before_it_is_stored(self) -> None:
        if self.emitted:
            assert self.emitted <= self.held | self.settled | self.given_up

    @invariant()
    def the_tables_agree(self) -> None:
        with closing(sqlite3.connect(self.monitor.path)) as db:
            assert violated(Database(db, execute_plugins=False), engineers=None) == []

    def teardown(self) -> None:
        """On a channel that loses nothing more, everything is stored soon."""
        try:
            if self.emitted:
                self.settle()
        finally:
            self.monitor.ledger.close()
            self.open.close()
            shutil.rmtree(self.folder)

    def settle(self) -> None:
        began = self.seconds
        while self.held:
            assert self.seconds - began < 300, f"{len(self.held)} readings still wait"
            self.turbine_publishes(count=5000, breaks=False, reached=True)
            self.monitor_takes(count=10**6, is_locked=False, again=False, killed=False)
            for payload in self.to_turbine[-10:]:
                self.turbine_takes(payload)
            self.seconds += 0.5
        assert self.emitted <= self.settled | self.given_up


TestLossyFarm = LossyFarm.TestCase
TestLossyFarm.settings = settings(max_examples=40, stateful_step_count=40)
