"""The story of the monitor on a real ledger: what is acknowledged, published and answered, and when."""

import asyncio
import json
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path

import pytest
from desk import Desk, reading, until

from grid.connection import Message, PlainMessage
from monitor.books import Balance
from monitor.facts import Action, DeadLetterReason, Link, Order, OrderKind, VisitState
from monitor.health import TURNED_AWAY_SECONDS
from monitor.intake.admission import Admission
from monitor.intake.decode import ArrivalTimes, Decoded, decode
from monitor.store.errors import StoreDamagedError
from monitor.store.ledger import Ledger
from monitor.store.queries import pages

HOLD = Order(OrderKind.HOLD, 7, "Ann", "people on site")


def counted(sequence: int) -> Message:
    """A reading of turbine 7 that says which one of its session it is."""
    message = reading(number=sequence)
    fields = json.loads(message.payload) | {"session": "s-1", "sequence": sequence}
    return PlainMessage(message.topic, json.dumps(fields).encode(), 1, retain=False, packet_id=sequence + 1)


async def some_attempts(desk: Desk) -> None:
    """Let the monitor try again a few times."""
    loaded = desk.store.loaded
    await until(lambda: desk.store.loaded >= loaded + 3)


@pytest.fixture(autouse=True)
def a_quick_look_at_the_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("monitor.monitor.TICK_SECONDS", 0.001)


async def test_a_batch_is_acknowledged_once_it_is_stored(desk: Desk) -> None:
    async with desk.at_work():
        desk.intake.bring(reading(number=1), reading(number=2))
        await until(lambda: desk.intake.acknowledged)
        assert desk.numbers_of_readings() == [1.0, 2.0]
        assert desk.intake.acknowledged == [reading(number=1), reading(number=2)]


async def test_nothing_is_acknowledged_told_or_published_before_the_commit(desk: Desk) -> None:
    async with desk.at_work():
        await until(lambda: desk.monitor.health.connected)
        with desk.locked():
            desk.intake.bring(reading("broken", number=1))
            await some_attempts(desk)
            assert (desk.intake.acknowledged, desk.watcher.told, desk.outlet.topics) == ([], [], [])
            assert "locked" in (desk.monitor.health.store_error or "")
        await until(lambda: desk.intake.acknowledged)
        await until(lambda: "grid/turbines/7/repair" in desk.outlet.topics)
        assert desk.monitor.health.store_error is None


async def test_a_batch_that_was_not_committed_is_decided_again_from_what_the_store_has(desk: Desk) -> None:
    """Memory that kept the first decision would find nothing new the second time, and send nobody."""
    async with desk.at_work():
        await until(lambda: desk.monitor.health.connected)
        with desk.locked():
            desk.intake.bring(reading("broken", number=1))
            await some_attempts(desk)
        await until(lambda: desk.intake.acknowledged)
    with desk.reader as reader:
        assert [(visit.visit_id, visit.state) for visit in reader.visits()] == [(1, VisitState.SENT)]
        assert [incident.incident_id for incident in reader.incidents()] == [1]
        assert reader.books() == {"received": 1, "stored": 1}
        assert reader.invariants(engineers=1) == []
    assert desk.watcher.told == [Action.INCIDENT_OPENED, Action.ENGINEER_DISPATCHED]
    assert desk.watcher.said == ["store_unavailable", "store_available"]


async def test_what_comes_again_after_a_loss_is_recognised(desk: Desk) -> None:
    async with desk.at_work():
        await until(lambda: desk.monitor.health.connected)
        with desk.locked():
            desk.intake.bring(reading(number=1))
            await some_attempts(desk)
            desk.intake.lose()
        await until(lambda: not desk.monitor.health.connected)
        assert desk.intake.acknowledged == []
        desk.intake.come_back()
        await until(lambda: desk.intake.acknowledged)
    assert desk.numbers_of_readings() == [1.0]


async def test_a_lost_broker_makes_every_link_unknown(desk: Desk) -> None:
    async with desk.at_work():
        desk.intake.bring(reading(number=1))
        await until(lambda: desk.intake.acknowledged)
        assert desk.monitor.fleet.turbines[7].link is Link.ONLINE
        desk.intake.lose()
        await until(lambda: desk.monitor.fleet.turbines[7].link is Link.UNKNOWN)


async def test_rows_of_published_messages_are_deleted(desk: Desk) -> None:
    async with desk.at_work():
        desk.intake.bring(reading("broken", number=1))
        await until(lambda: len(desk.outlet.topics) == 4)
        await until(lambda: not desk.outbox.published)
    assert desk.store._ledger.load().outbox == []


async def test_what_was_committed_and_not_published_goes_out_at_the_next_start(desk: Desk) -> None:
    running = asyncio.create_task(desk.monitor.run())  # nobody publishes
    desk.intake.bring(reading("broken", number=1))
    await until(lambda: desk.intake.acknowledged)
    desk.monitor.stop()
    await running
    after = Desk(desk.store._ledger, desk.path)
    async with after.at_work():
        await until(lambda: "grid/turbines/7/repair" in after.outlet.topics)


async def test_an_order_is_answered_after_its_commit(desk: Desk) -> None:
    async with desk.at_work():
        desk.intake.bring(reading(number=1))
        await until(lambda: desk.intake.acknowledged)
        with desk.locked():
            answering = asyncio.create_task(desk.monitor.order(HOLD))
            await some_attempts(desk)
            assert not answering.done()
        answer = await answering
        assert answer.accepted
        with desk.reader as reader:
            assert [hold.by for hold in reader.holds()] == ["Ann"]


async def test_an_order_whose_asker_went_away_holds_nobody_up(desk: Desk) -> None:
    async with desk.at_work():
        desk.intake.bring(reading(number=1))
        await until(lambda: desk.intake.acknowledged)
        with desk.locked():
            impatient = asyncio.create_task(desk.monitor.order(HOLD))
            await some_attempts(desk)
            impatient.cancel()
        await until(lambda: not desk.monitor.health.store_error)
        refused = await desk.monitor.order(HOLD)
        assert not refused.accepted  # it is held already: the first order was obeyed, once
        with desk.reader as reader:
            assert len(reader.holds()) == 1


async def test_a_stop_while_nothing_can_be_stored_leaves_all_with_the_broker(desk: Desk) -> None:
    async with desk.at_work():
        await until(lambda: desk.monitor.health.connected)
        with desk.locked():
            answering = asyncio.create_task(desk.monitor.order(HOLD))
            desk.intake.bring(reading("broken", number=1))
            await some_attempts(desk)
            desk.intake.bring(reading("broken", number=2))
            desk.monitor.stop()
            answer = await answering
    assert not answer.accepted
    assert "the monitor stops" in answer.sentence
    assert desk.intake.acknowledged == []
    with desk.reader as reader:
        assert (reader.incidents(), reader.holds(), reader.books()) == ([], [], {})


async def test_what_was_decided_and_not_committed_is_no_ground_for_more(desk: Desk) -> None:
    """The next batch would end a visit of which the store knows nothing."""

    def stop() -> None:
        desk.intake.bring(reading("ok", number=2))
        desk.monitor.stop()

    async with desk.at_work():
        await until(lambda: desk.monitor.health.connected)
        desk.store.before_refusal = stop
        desk.intake.bring(reading("broken", number=1))
    assert desk.intake.acknowledged == []
    with desk.reader as reader:
        assert (reader.visits(), reader.events(), reader.books()) == ([], [], {})


async def test_an_order_to_a_monitor_that_stops_is_refused(desk: Desk) -> None:
    async with desk.at_work():
        await until(lambda: desk.monitor.health.connected)
    assert not (await desk.monitor.order(HOLD)).accepted


async def test_what_has_arrived_before_a_stop_is_stored_and_acknowledged(desk: Desk) -> None:
    async with desk.at_work():
        await until(lambda: desk.monitor.health.connected)
        desk.intake.bring(reading(number=1))
        desk.monitor.stop()
    assert desk.numbers_of_readings() == [1.0]
    assert desk.intake.acknowledged == [reading(number=1)]


async def test_a_store_that_cannot_be_read_is_waited_for_at_the_start(desk: Desk) -> None:
    desk.store.loads_to_refuse = 3
    async with desk.at_work():
        desk.intake.bring(reading(number=1))
        await until(lambda: desk.intake.acknowledged)
    assert desk.watcher.said == ["store_unavailable", "store_available"]


async def test_a_monitor_that_waits_for_its_store_can_be_stopped(desk: Desk) -> None:
    desk.store.loads_to_refuse = 1_000_000
    async with desk.at_work():
        await until(lambda: desk.monitor.health.store_error)
    assert not desk.monitor.is_ready


async def test_a_damaged_store_ends_the_monitor_and_acknowledges_nothing(desk: Desk) -> None:
    running = asyncio.create_task(desk.monitor.run())
    await until(lambda: desk.monitor.health.connected)
    desk.path.rename(desk.path.with_name("elsewhere.db"))
    desk.intake.bring(reading(number=1))
    with pytest.raises(StoreDamagedError):
        await running
    assert desk.intake.acknowledged == []


async def test_nobody_counts_as_silent_for_a_time_in_which_nothing_could_be_stored(desk: Desk) -> None:
    async with desk.at_work():
        desk.intake.bring(reading(number=1))
        await until(lambda: desk.intake.acknowledged)
        with desk.locked():
            desk.intake.bring(reading(number=2, turbine=8))
            for _ in range(60):
                await some_attempts(desk)
                desk.seconds += 1.0
        await until(lambda: len(desk.intake.acknowledged) == 2)
        assert desk.monitor.fleet.turbines[7].link is Link.ONLINE


async def test_messages_that_found_no_room_are_in_the_books(desk: Desk) -> None:
    async with desk.at_work():
        desk.intake.drop(5)
        await until(lambda: desk.monitor.health.books["dropped_at_qos_0"])
    with desk.reader as reader:
        assert reader.books() == {"dropped_at_qos_0": 5}


async def test_the_wills_of_a_broker_that_is_being_stopped_call_nobody_back(desk: Desk) -> None:
    will = PlainMessage("grid/turbines/7/status", b"offline", 1, retain=False, packet_id=99)
    async with desk.at_work():
        desk.intake.bring(reading("broken", number=1))
        await until(lambda: desk.watcher.told[-1:] == [Action.ENGINEER_DISPATCHED])
        desk.intake.goes_down = True
        desk.intake.bring(will)
        await until(lambda: will in desk.intake.acknowledged)
        assert desk.monitor.dispatcher.engineers_out == 1
        desk.intake.goes_down = False
        desk.intake.bring(will)
        await until(lambda: desk.monitor.dispatcher.engineers_out == 0)
    with desk.reader as reader:
        assert reader.books()["wills_of_a_stopping_broker"] == 1


async def test_a_turbine_is_told_what_it_may_forget_after_the_commit_only(desk: Desk) -> None:
    async with desk.at_work():
        await until(lambda: desk.monitor.health.connected)
        with desk.locked():
            desk.intake.bring(counted(0), counted(1))
            for _ in range(5):
                desk.seconds += 0.5
                await some_attempts(desk)
            assert desk.outlet.told == []
        await until(lambda: desk.intake.acknowledged)
        desk.seconds += 0.5
        await until(lambda: pass_time(desk) and desk.outlet.told)
        assert desk.outlet.told == [("grid/turbines/7/acknowledged", b'{"session":"s-1","sequence":1}')]


def pass_time(desk: Desk) -> bool:
    desk.seconds += 0.1
    return True


async def test_a_dead_letter_does_not_keep_its_turbine_sending(desk: Desk) -> None:
    poison = PlainMessage(
        "grid/turbines/7/metrics", b'{"wind_speed":NaN,"session":"s-1","sequence":1}', 1, retain=False, packet_id=9
    )
    async with desk.at_work():
        desk.intake.bring(counted(0), poison, counted(2))
        await until(lambda: pass_time(desk) and desk.outlet.told)
        assert json.loads(desk.outlet.told[-1][1])["sequence"] == 2
        assert desk.monitor.sequences.missing == {}


async def test_every_message_ends_in_one_column_of_the_books(desk: Desk) -> None:
    poison = PlainMessage("grid/turbines/7/metrics", b"{", 1, retain=False, packet_id=9)
    retained = PlainMessage("grid/turbines/7/metrics", b"{", 1, retain=True, packet_id=10)
    birth = PlainMessage("grid/turbines/7/status", b"online", 1, retain=False, packet_id=11)
    cleared = PlainMessage("grid/turbines/7/status", b"", 1, retain=True, packet_id=12)
    async with desk.at_work():
        desk.intake.bring(counted(1), counted(2), counted(2), poison, retained, birth, cleared)
        await until(lambda: len(desk.intake.acknowledged) == 7)
        balance = desk.monitor.health.balance
        assert balance == Balance(received=4, stored=2, duplicate=1, rejected=1)
        books = desk.monitor.health.books
        assert [books[column] for column in ("retained_metrics", "statuses", "cleared_statuses")] == [1, 1, 1]


async def test_what_waits_for_its_commit_is_pending_and_is_not_counted_twice(desk: Desk) -> None:
    async with desk.at_work():
        await until(lambda: desk.monitor.health.connected)
        with desk.locked():
            desk.intake.bring(counted(1), counted(2))
            await some_attempts(desk)
            assert desk.monitor.health.balance == Balance(received=2, stored=0, duplicate=0, rejected=0, pending=2)
        await until(lambda: desk.intake.acknowledged)
        assert desk.monitor.health.balance == Balance(received=2, stored=2, duplicate=0, rejected=0)


async def test_a_message_that_gets_lost_within_the_monitor_is_noticed(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    def careless(
        messages: Sequence[Message], received_at: int, arrivals: ArrivalTimes, admission: Admission
    ) -> Decoded:
        decoded = decode(messages, received_at, arrivals, admission)
        del decoded.readings[-1:]
        return decoded

    monkeypatch.setattr("monitor.monitor.decode", careless)
    async with desk.at_work():
        desk.intake.bring(counted(1), counted(2))
        await until(lambda: desk.intake.acknowledged)
        assert desk.monitor.health.balance.missing == 1
        assert desk.monitor.health.unbalanced_since is not None
    with desk.reader as reader:
        assert reader.invariants() == ["the books do not balance: 2 received, but 1 stored, 0 duplicate and 0 rejected"]


@pytest.fixture
def one_turbine(tmp_path: Path) -> Iterator[Callable[[], Desk]]:
    """Starts monitors, one after the other, that take one turbine."""
    with Ledger.open(tmp_path / "grid.db") as ledger:
        yield lambda: Desk(ledger, tmp_path / "grid.db", max_turbines=1)


async def test_a_turbine_too_many_is_told_of_until_nobody_is_turned_away(one_turbine: Callable[[], Desk]) -> None:
    desk = one_turbine()
    async with desk.at_work():
        desk.intake.bring(reading(number=1), reading(number=2, turbine=8), reading(number=3, turbine=8))
        await until(lambda: len(desk.intake.acknowledged) == 3)
        desk.intake.bring(reading(number=4, turbine=8))
        await until(lambda: len(desk.intake.acknowledged) == 4)
        assert desk.watcher.said.count("turned_away") == 1
        assert desk.monitor.health.turned_away == "turbine 8 is one too many: --max-turbines is 1"
        desk.seconds += TURNED_AWAY_SECONDS + 1
        desk.intake.bring(reading(number=5))
        await until(lambda: len(desk.intake.acknowledged) == 5)
        assert desk.monitor.health.turned_away is None


async def test_a_turbine_of_which_only_poison_came_counts_also_after_a_start(one_turbine: Callable[[], Desk]) -> None:
    poison = PlainMessage(
        "grid/turbines/7/metrics", b'{"wind_speed":NaN,"session":"s-1","sequence":1}', 1, retain=False, packet_id=9
    )
    for message in (poison, reading(turbine=8)):
        desk = one_turbine()
        async with desk.at_work():
            desk.intake.bring(message)
            await until(partial(getattr, desk.intake, "acknowledged"))
    with desk.reader as reader:
        letters = [letter for _, letter in pages.dead_letters_page(reader, pages.Turn(9)).records]
    assert [letter.reason for letter in letters] == [DeadLetterReason.TOO_MANY, DeadLetterReason.INVALID]
