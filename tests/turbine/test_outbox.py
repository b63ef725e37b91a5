"""What a turbine holds until the monitor has it: in words, and against monitors and brokers that lose at random."""

import json

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from small_monitor import Database

from grid.acknowledged import Acknowledged
from turbine.outbox import Monitor, Outbox, Sending, default_size, with_oldest_held
from turbine.resending import FIRST_WINDOW, LAST_WINDOW

SESSION = "2-now"
EARLIER = "1-earlier"


def reading(sequence: int, session: str = SESSION) -> bytes:
    return json.dumps({"session": session, "sequence": sequence}).encode()


def outbox_with(count: int, **options: int | bool) -> Outbox:
    outbox = Outbox(SESSION, **options)  # type: ignore[arg-type]
    for sequence in range(count):
        outbox.append(reading(sequence))
    return outbox


def send_all(outbox: Outbox, now: float = 0.0) -> list[Sending]:
    """Publish all that is due, with a PUBACK for each."""
    sent = []
    while (sending := outbox.next(now)) is not None:
        sent.append(sending)
        outbox.published(sending, now)
    return sent


def sequences(sent: list[Sending]) -> list[int]:
    return [sending.sequence for sending in sent]


def acknowledged(sequence: int, session: str = SESSION) -> Acknowledged:
    return Acknowledged(session=session, sequence=sequence)


# --- sending


def test_readings_are_sent_once_and_in_order() -> None:
    outbox = outbox_with(3)
    sent = send_all(outbox)
    assert sequences(sent) == [0, 1, 2]
    assert all("oldest_held" not in json.loads(sending.payload) for sending in sent)
    assert send_all(outbox) == []


def test_a_reading_without_its_puback_is_due_again_and_first() -> None:
    outbox = outbox_with(2)
    lost = outbox.next(0.0)
    assert outbox.next(0.0) == lost
    assert outbox.unsent == 2


def test_what_the_monitor_acknowledges_is_forgotten() -> None:
    outbox = outbox_with(5)
    send_all(outbox)
    forgotten = outbox.acknowledge(acknowledged(2), 1.0)
    assert forgotten is not None
    assert (forgotten.sequence, forgotten.count, len(outbox)) == (2, 3, 2)


def test_an_acknowledgement_that_comes_twice_or_late_changes_nothing() -> None:
    outbox = outbox_with(5)
    send_all(outbox)
    outbox.acknowledge(acknowledged(2), 1.0)
    assert outbox.acknowledge(acknowledged(2), 2.0) is None
    assert outbox.acknowledge(acknowledged(0), 2.0) is None
    assert len(outbox) == 2


def test_what_was_never_tried_is_not_forgotten_whoever_acknowledges_it() -> None:
    outbox = outbox_with(5)
    outbox.published(outbox.next(0.0), 0.0)  # type: ignore[arg-type]
    outbox.next(0.0)  # on its way: the monitor may have it before we have the PUBACK
    outbox.acknowledge(acknowledged(100), 1.0)
    assert [json.loads(payload)["sequence"] for payload in outbox.payloads()] == [2, 3, 4]
    assert sequences(send_all(outbox)) == [2, 3, 4]


def test_another_sessions_acknowledgement_is_not_ours() -> None:
    outbox = outbox_with(3)
    send_all(outbox)
    assert outbox.acknowledge(acknowledged(2, "another"), 1.0) is None
    assert len(outbox) == 3


# --- sending again


def test_what_stays_unacknowledged_is_sent_again_with_the_oldest_that_is_held() -> None:
    outbox = outbox_with(5)
    outbox.monitor_is_online("m", 0.0)
    send_all(outbox)
    outbox.acknowledge(acknowledged(1), 1.0)
    again = send_all(outbox, 60.0)
    assert sequences(again) == [2, 3, 4]
    assert [json.loads(sending.payload)["oldest_held"] for sending in again] == [2, 2, 2]


def test_nothing_is_sent_again_without_a_monitor_or_while_it_is_offline() -> None:
    outbox = outbox_with(5)
    send_all(outbox)
    assert (send_all(outbox, 1e6), outbox.next_due()) == ([], None)
    outbox.monitor_is_offline("m")
    assert (send_all(outbox, 1e6), outbox.next_due()) == ([], None)


def test_a_monitor_that_comes_back_has_time_to_hear_what_the_broker_kept() -> None:
    outbox = outbox_with(5)
    send_all(outbox)
    outbox.monitor_is_online("m", 1000.0)
    assert send_all(outbox, 1001.0) == []
    assert len(send_all(outbox, 1010.0)) == 5


def test_a_monitor_that_acknowledges_is_online_whatever_was_said_of_it() -> None:
    outbox = outbox_with(5)
    send_all(outbox)
    outbox.monitor_is_offline("m")
    outbox.acknowledge(acknowledged(0), 1.0)
    assert outbox.monitor is Monitor.ONLINE
    assert outbox.next_due() is not None


def test_the_late_will_of_an_earlier_monitor_does_not_count() -> None:
    outbox = outbox_with(1)
    outbox.monitor_is_online("new", 0.0)
    outbox.monitor_is_offline("old")
    after_old = outbox.monitor
    outbox.monitor_is_offline("new")
    assert (after_old, outbox.monitor) == (Monitor.ONLINE, Monitor.OFFLINE)


def test_fresh_readings_go_before_those_that_are_sent_again() -> None:
    outbox = outbox_with(2)
    outbox.monitor_is_online("m", 0.0)
    send_all(outbox)
    outbox.append(reading(2))
    assert sequences(send_all(outbox, 60.0))[:3] == [2, 0, 1]


# --- the bound


def test_a_full_outbox_gives_up_its_oldest_and_counts_it() -> None:
    outbox = outbox_with(5, size=3)
    assert (len(outbox), outbox.given_up, outbox.undelivered) == (3, 2, 2)
    assert sequences(send_all(outbox)) == [2, 3, 4]


def test_what_the_broker_has_is_given_up_too_while_there_is_a_monitor() -> None:
    outbox = outbox_with(3, size=3)
    outbox.monitor_is_offline("m")
    send_all(outbox)
    outbox.append(reading(3))
    assert (outbox.given_up, outbox.undelivered) == (1, 0)


def test_without_any_monitor_what_the_broker_has_is_let_go() -> None:
    outbox = outbox_with(3, size=3)
    send_all(outbox)
    (gone,) = outbox.append(reading(3))
    assert (gone.sequence, gone.count) == (0, 1)
    assert (len(outbox), outbox.given_up) == (3, 0)


def test_one_that_does_not_send_again_forgets_what_the_broker_has() -> None:
    outbox = outbox_with(3, resends=False)
    outbox.monitor_is_online("a", 0.0)
    first = outbox.next(0.0)
    assert first is not None
    assert len(outbox) == 3, "the broker has not acknowledged any"
    assert outbox.published(first, 0.0)
    assert [json.loads(payload)["sequence"] for payload in outbox.payloads()] == [1, 2]
    assert sequences(send_all(outbox)) == [1, 2]
    assert (len(outbox), outbox.next_due(), outbox.next(1e6)) == (0, None, None)
    assert (outbox.given_up, outbox.undelivered) == (0, 0)
    assert outbox.acknowledge(acknowledged(2), 1.0) is None


def test_one_that_does_not_send_again_is_full_only_of_what_the_broker_does_not_have() -> None:
    outbox = outbox_with(5, size=3, resends=False)
    assert (len(outbox), outbox.given_up, outbox.undelivered) == (3, 2, 2)
    assert sequences(send_all(outbox)) == [2, 3, 4]
    assert not outbox.full


def test_a_lossless_outbox_is_full_until_the_monitor_has_something() -> None:
    outbox = outbox_with(3, size=3, lossless=True)
    outbox.monitor_is_online("m", 0.0)
    send_all(outbox)
    assert outbox.full
    outbox.acknowledge(acknowledged(0), 1.0)
    assert not outbox.full


def test_a_lossless_outbox_without_any_monitor_waits_for_the_broker_only() -> None:
    outbox = outbox_with(3, size=3, lossless=True)
    assert outbox.full
    send_all(outbox)
    assert not outbox.full


def test_a_lossless_outbox_rather_grows_than_loses() -> None:
    outbox = outbox_with(5, size=3, lossless=True)
    assert (len(outbox), outbox.given_up) == (5, 0)


def test_a_large_fleet_keeps_less_of_each_turbine() -> None:
    assert [default_size(count) for count in (1, 20, 200, 2_000, 100_000)] == [100_000, 100_000, 10_000, 1_000, 1_000]


# --- earlier sessions


def test_what_earlier_runs_left_goes_first_and_may_have_been_sent_before() -> None:
    outbox = Outbox(SESSION)
    outbox.restore(EARLIER, 7, [reading(7, EARLIER), reading(8, EARLIER)])
    outbox.append(reading(0))
    sent = send_all(outbox)
    assert [(sending.session, sending.sequence) for sending in sent] == [(EARLIER, 7), (EARLIER, 8), (SESSION, 0)]
    assert [json.loads(sending.payload).get("oldest_held") for sending in sent] == [7, 7, None]


def test_each_session_is_acknowledged_and_sent_again_by_itself() -> None:
    outbox = Outbox(SESSION)
    outbox.restore(EARLIER, 7, [reading(7, EARLIER)])
    outbox.monitor_is_online("m", 0.0)
    send_all(outbox)
    for second in range(1, 60):  # what is acknowledged of this session must not keep the earlier one waiting
        outbox.append(reading(second - 1))
        again = [sending for sending in send_all(outbox, float(second)) if sending.session == EARLIER]
        if again:
            break
        outbox.acknowledge(acknowledged(second - 1), float(second))
    assert sequences(again) == [7]
    outbox.acknowledge(acknowledged(7, EARLIER), 60.0)
    assert outbox.restore("0-first", 0, []) == []
    assert sequences(send_all(outbox, 1e6)) == [second - 1]


def test_more_than_there_is_room_for_is_given_up_oldest_first() -> None:
    outbox = Outbox(SESSION, size=2)
    gone = outbox.restore(EARLIER, 0, [reading(sequence, EARLIER) for sequence in range(5)])
    assert (gone[-1].sequence, len(outbox), outbox.given_up) == (2, 2, 3)


def test_the_field_is_added_without_reading_the_reading() -> None:
    assert json.loads(with_oldest_held(b'{"sequence":7}', 3)) == {"sequence": 7, "oldest_held": 3}


# --- the promise


class LossyFarm(RuleBasedStateMachine):
    """A turbine with an outbox, a broker that forgets, and a monitor that comes, goes and loses its database."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0
        self.starts = 0
        self.emitted: set[tuple[str, int]] = set()
        self.given_up: set[tuple[str, int]] = set()
        self.ever_stored: set[tuple[str, int]] = set()
        self.queue: list[bytes] = []
        self.database = Database()
        self.resent = 0
        self.is_online = False

    @initialize(size=st.sampled_from([3, 20, 1000]))
    def begin(self, size: int) -> None:
        self.size = size
        self.outbox = Outbox(self.session, size)

    @property
    def session(self) -> str:
        return f"session-{self.starts}"

    @property
    def held(self) -> set[tuple[str, int]]:
        told = [json.loads(payload) for payload in self.outbox.payloads()]
        return {(reading["session"], reading["sequence"]) for reading in told}

    @rule(count=st.integers(1, 30), seconds=st.floats(0, 1))
    def emit(self, count: int, seconds: float) -> None:
        for _ in range(count):
            self.now += seconds
            self.emitted.add((self.session, self.outbox.end))
            before = self.held
            counted = self.outbox.given_up
            forgotten = self.outbox.append(reading(self.outbox.end, self.session))
            gone = before - self.held
            assert len(gone) == sum(one.count for one in forgotten)
            if self.outbox.monitor is not Monitor.UNKNOWN:
                assert self.outbox.given_up - counted == len(gone)
            self.given_up |= gone

    @rule(count=st.integers(1, 50), puback_lost=st.booleans(), reached=st.booleans())
    def publish(self, count: int, puback_lost: bool, reached: bool) -> None:
        """Publish up to so many; with the last one the connection may break, before or after it reached the broker."""
        for place in range(count):
            sending = self.outbox.next(self.now)
            if sending is None:
                return
            breaks = puback_lost and place == count - 1
            if not breaks or reached:
                self.queue.append(sending.payload)
            if breaks:
                self.outbox.begin_waiting(self.now)
            elif not self.outbox.published(sending, self.now):
                self.resent += 1

    @rule(data=st.data())
    @precondition(lambda self: self.queue)
    def broker_forgets(self, data: st.DataObject) -> None:
        """Killed, or its queue was full: any of what it had acknowledged is gone."""
        kept = data.draw(st.lists(st.sampled_from(range(len(self.queue))), unique=True))
        self.queue = [self.queue[place] for place in sorted(kept)]

    @rule(told=st.booleans())
    @precondition(lambda self: self.is_online)
    def monitor_takes_all(self, told: bool) -> None:
        """The monitor stores what is queued; its acknowledgements may get lost."""
        for payload in self.queue:
            due = self.database.take(payload)
            self.ever_stored |= self.database.stored
            if told and due is not None:
                self.outbox.acknowledge(due, self.now)
        self.queue.clear()

    @rule(with_its_database=st.booleans())
    def monitor_restarts(self, with_its_database: bool) -> None:
        self.is_online = True
        if not with_its_database:
            self.database = Database()
        self.outbox.monitor_is_online("m", self.now)

    @rule()
    def monitor_ends(self) -> None:
        if self.outbox.monitor is not Monitor.UNKNOWN:
            self.is_online = False
            self.outbox.monitor_is_offline("m")

    @rule()
    def turbine_is_killed_and_restarts_from_its_file(self) -> None:
        sessions: dict[str, list[bytes]] = {}
        for payload in self.outbox.payloads():
            sessions.setdefault(json.loads(payload)["session"], []).append(payload)
        self.starts += 1
        self.outbox = Outbox(self.session, self.size)
        for session, payloads in sessions.items():
            self.outbox.restore(session, json.loads(payloads[0])["sequence"], payloads)
        if self.is_online:
            self.outbox.monitor_is_online("m", self.now)

    @rule(seconds=st.floats(0, 120))
    def time_passes(self, seconds: float) -> None:
        self.now += seconds

    @invariant()
    def nothing_is_forgotten_before_it_was_stored(self) -> None:
        if self.starts or self.emitted:
            assert self.emitted <= self.held | self.ever_stored | self.given_up

    @invariant()
    def the_outbox_is_bounded(self) -> None:
        if self.emitted:
            assert len(self.outbox) == len(self.held) <= self.size

    def teardown(self) -> None:
        """When nothing is lost any more, everything is stored soon, and nothing is sent often for it."""
        if not self.emitted:
            return
        self.monitor_restarts(with_its_database=True)
        waiting, self.resent = len(self.outbox), 0
        began = self.now
        while len(self.outbox) > 0:
            assert self.now - began < 120, f"{len(self.outbox)} of {waiting} readings still wait"
            self.publish(count=LAST_WINDOW * 2, puback_lost=False, reached=True)
            self.monitor_takes_all(told=True)
            self.now += 1.0
        assert self.emitted <= self.ever_stored | self.given_up
        assert self.resent <= waiting + 2 * FIRST_WINDOW * self.starts + 2 * FIRST_WINDOW


TestLossyFarm = LossyFarm.TestCase
