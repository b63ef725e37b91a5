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
from monitor.intake.admission import Admission
from monitor.intake.decode import ArrivalTimes, decode
from monitor.intake.salvage import salvage
from monitor.sequences.sequences import MOST_SESSIONS, Sequences, messages_for
from monitor.store.errors import StoreUnavailableError
from monitor.store.invariants import violated
from monitor.store.ledger import Ledger
from monitor.store.prunings import Slice
from turbine.outbox import Outbox
from turbine.outbox_file import OutboxFile
from turbine.resending import FIRST_WINDOW, MOST_TIMEOUT_SECONDS

NUMBER = 7
BEGAN = 1_790_000_000
IN_MEMORY = Path("/dev/shm")
METRICS = Kind.METRICS.of(NUMBER)

ENDS = ["well", "before it reached the broker", "after it reached the broker"]
FATES = ["well", "killed", "locked, then well", "locked, then killed"]

LONGEST_STANDSTILL_SECONDS = FIRST_WINDOW.bit_length() * MOST_TIMEOUT_SECONDS + 2
"""Sessions that push each other out of the monitor may make no progress until their windows have halved to one reading:
then the last one of a batch is told, in the turbine's turn, within two seconds.
"""

Counted = tuple[str, int]
"""Session and sequence: which reading."""


class SmallMonitor:
    """What `GridMonitor` does with a batch, as far as it concerns readings and who may forget them."""

    def __init__(self, path: Path, now: Now) -> None:
        self.path = path
        self.ledger = Ledger.open(path, busy_timeout_seconds=0)
        self.admission = Admission()
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
            self.admission,
        )
        refused, held = salvage(decoded.dead_letters, self.admission)
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

    @rule(count=st.integers(0, 30), refused=st.booleans(), sends=st.integers(0, 60), ends=st.sampled_from(ENDS))
    def turbine_works(self, count: int, *, refused: bool, sends: int, ends: str) -> None:
        """Emits readings, of which one may be none of the contract, and publishes what is due."""
        for place in range(count):
            self.turbine_emits(refused=refused and place == count // 2)
        self.turbine_publishes(sends, ends)

    def turbine_emits(self, *, refused: bool) -> None:
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
        if refused:
            reading = reading.replace(b'"wind_speed":8.0', b'"wind_speed":-8.0')
        self.emitted.add((self.session, sequence))
        before = self.held
        forgotten = self.outbox.append(reading)
        self.given_up |= before - self.held
        self.file.keep(reading)
        for gone in forgotten:
            self.file.forget(NUMBER, gone.session, gone.sequence)

    def turbine_publishes(self, count: int, ends: str) -> None:
        """Publish up to so many; the last one's PUBACK may not come, whether it reached the broker or not."""
        for place in range(count):
            sending = self.outbox.next(self.seconds)
            if sending is None:
                return
            is_broken = ends != "well" and place == count - 1
            if not is_broken or ends == "after it reached the broker":
                self.to_monitor.append(sending.payload)
            if is_broken:
                self.outbox.begin_waiting(self.seconds)
            else:
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
        """Any of what the monitor told lately, in any order."""
        for payload in data.draw(st.lists(st.sampled_from(self.to_turbine[-10:]), max_size=5)):
            self.turbine_takes(payload)

    def turbine_takes(self, payload: bytes) -> None:
        forgotten = self.outbox.acknowledge(Acknowledged.model_validate_json(payload), self.seconds)
        if forgotten is not None:
            self.file.forget(NUMBER, forgotten.session, forgotten.sequence)

    @rule(seconds=st.floats(0, 90))
    def time_passes(self, seconds: float) -> None:
        self.seconds += seconds

    # --- the monitor

    @rule(count=st.integers(0, 80), fate=st.sampled_from(FATES), seconds=st.sampled_from([0.0, 1.2]))
    def monitor_takes(self, count: int, fate: str, seconds: float) -> None:
        """A batch whose commit may fail; then comes a second attempt, or the end. Killed, it tells nothing."""
        batch = self.to_monitor[:count]
        self.seconds += seconds
        if fate.startswith("locked"):
            with closing(sqlite3.connect(self.monitor.path, isolation_level=None)) as other:
                other.execute("BEGIN IMMEDIATE")
                assert not self.monitor.commit(batch, self.now)
                self.monitor_tells()
        if fate != "locked, then killed":
            assert self.monitor.commit(batch, self.now)
            self.settled |= self.monitor.settled()
        if fate.endswith("killed"):
            self.monitor_restarts()
        else:
            del self.to_monitor[:count]
            self.monitor_tells()

    def monitor_tells(self) -> None:
        told = self.monitor.due(self.now)
        for payload in told:
            said = Acknowledged.model_validate_json(payload)
            all_of_it = {(said.session, sequence) for sequence in range(said.sequence + 1)}
            assert all_of_it <= self.settled | self.given_up, "told before it was stored"
        self.to_turbine += told

    def monitor_restarts(self, database: str = "") -> None:
        path = self.folder / database if database else self.monitor.path
        self.monitor.ledger.close()
        self.monitor = SmallMonitor(path, self.now)

    @rule(what=st.sampled_from(["many sessions", "pruned", "empty database"]))
    def monitor_suffers(self, what: str) -> None:
        """More sessions than are followed; readings that are there no more; a database that knows nothing."""
        match what:
            case "many sessions":
                self.to_monitor += [self.noise() for _ in range(MOST_SESSIONS)]
            case "pruned":
                all_old = Slice(table="readings", kept_since=self.now.utc, after=0, up_to=10**9)
                self.monitor.ledger.prune(all_old)
            case "empty database":
                self.databases += 1
                self.monitor_restarts(f"grid-{self.databases}.db")

    def noise(self) -> bytes:
        self.seconds += 0.001
        reading = {"turbine_number": NUMBER, "wind_speed": 1, "power_output_in_kwh": 0, "operational_status": "ok"}
        counted = {"session": f"noise-{self.now.utc}", "sequence": 3, "emitted_at": self.now.utc / SECOND}
        return json.dumps(reading | counted).encode()

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
        """On a channel that loses nothing more, everything is stored, and forgotten, soon."""
        try:
            if self.emitted:
                self.settle()
        finally:
            self.monitor.ledger.close()
            self.open.close()
            shutil.rmtree(self.folder)

    def settle(self) -> None:
        waiting, since = len(self.held), self.seconds
        while waiting:
            self.turbine_publishes(5000, "well")
            self.monitor_takes(10**6, "well", 0.0)
            for payload in self.to_turbine[-10:]:
                self.turbine_takes(payload)
            self.seconds += 0.5
            if len(self.held) < waiting:
                waiting, since = len(self.held), self.seconds
            assert self.seconds - since < LONGEST_STANDSTILL_SECONDS, f"{waiting} readings still wait"
        assert self.emitted <= self.settled | self.given_up


TestLossyFarm = LossyFarm.TestCase
TestLossyFarm.settings = settings(max_examples=50, stateful_step_count=40)


@pytest.mark.parametrize("refused", [False, True], ids=["all stored", "one of each refused"])
def test_a_turbine_killed_more_often_than_sessions_are_followed_is_still_told(*, refused: bool) -> None:
    """All sessions come in one batch and push each other out: whoever is left at its end is told."""
    farm = LossyFarm()
    farm.begin(size=1000)
    for _ in range(2 * MOST_SESSIONS):
        farm.turbine_works(count=27, refused=refused, sends=27, ends="well")
        farm.turbine_is_killed(torn=False)
    farm.teardown()
