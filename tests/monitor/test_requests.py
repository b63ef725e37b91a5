"""Orders and posted readings on a monitor with a real ledger: done once, answered after the commit, never lost."""

import asyncio
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from desk import NOON, Desk, reading, until

from monitor.facts import (
    AlarmOrder,
    AlarmOrderKind,
    AlarmRefusal,
    DeadLetterReason,
    NotificationTest,
    Order,
    OrderKind,
    OrderRefusal,
    OutageReport,
    PostOutcome,
)
from monitor.intake.posts import POST_METRICS
from monitor.requests import MOST_ORDERS, MOST_OUTAGE_REPORTS, MOST_POSTS
from monitor.store.ledger import Ledger

HOLD = Order(OrderKind.HOLD, 7, "Ann", "people on site", idempotency_key="k-1")


@pytest.fixture(autouse=True)
def a_quick_look_at_the_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("monitor.monitor.TICK_SECONDS", 0.001)


def body(number: int = 1, **fields: Any) -> bytes:
    return json.dumps(json.loads(reading(number=number).payload) | fields).encode()


async def test_nobody_waits_for_the_next_look_at_the_clock(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("monitor.monitor.TICK_SECONDS", 1000)
    async with asyncio.timeout(60), desk.at_work():
        await desk.monitor.post([body(1)])
        assert (await desk.monitor.order(HOLD)).accepted


async def test_a_posted_reading_is_stored_like_one_of_the_broker(desk: Desk) -> None:
    async with desk.at_work():
        (answer,) = await desk.monitor.post([body(1, operational_status="broken")])
        assert (answer.outcome, answer.turbine_number) == (PostOutcome.STORED, 7)
        assert desk.numbers_of_readings() == [1.0]
        with desk.reader as reader:
            assert [incident.turbine_number for incident in reader.incidents()] == [7]
            assert reader.books() == {"received": 1, "posted": 1, "stored": 1}


async def test_each_post_is_told_what_became_of_it(desk: Desk) -> None:
    async with desk.at_work():
        await desk.monitor.post([body(1)])
        bodies = [body(1), body(2), b"{", body(3, turbine_number=0), body(2), body(4, emitted_at=NOON + 9e6), b"\xff\0"]
        answers = await desk.monitor.post(bodies)
        assert [(answer.outcome, answer.reason) for answer in answers] == [
            (PostOutcome.DUPLICATE, None),
            (PostOutcome.STORED, None),
            (PostOutcome.REFUSED, DeadLetterReason.NOT_JSON),
            (PostOutcome.REFUSED, DeadLetterReason.INVALID),
            (PostOutcome.DUPLICATE, None),
            (PostOutcome.REFUSED, DeadLetterReason.FUTURE),
            (PostOutcome.REFUSED, DeadLetterReason.NOT_JSON),
        ]
        with desk.reader as reader:
            assert {(letter.topic, letter.payload) for letter in reader.dead_letters()} == {
                (POST_METRICS, refused) for refused in (bodies[2], bodies[3], bodies[5], bodies[6])
            }
            books = {"received": 8, "posted": 8, "stored": 2, "duplicate": 2, "rejected": 4}
            assert reader.books() == books | {"late_reading": 2}
    assert desk.monitor.health.balance.missing == 0


async def test_a_posted_reading_without_a_time_has_that_of_its_arrival(desk: Desk) -> None:
    async with desk.at_work():
        first, second = await desk.monitor.post([body(1, emitted_at=None), body(2, emitted_at=None)])
    assert (first.outcome, second.outcome) == (PostOutcome.STORED, PostOutcome.STORED)
    assert first.emitted_at is not None
    assert second.emitted_at == first.emitted_at + 1


async def test_posts_and_messages_of_one_batch_are_told_apart(desk: Desk) -> None:
    async with desk.at_work():
        desk.intake.bring(reading(number=1))
        (answer,) = await desk.monitor.post([body(1)])
        assert answer.outcome is PostOutcome.DUPLICATE
        assert desk.numbers_of_readings() == [1.0]


async def test_a_post_that_waits_out_a_refused_commit_is_stored_once(desk: Desk) -> None:
    async with desk.at_work():
        await until(lambda: desk.monitor.health.connected)
        desk.store.before_refusal = lambda: None
        (answer,) = await desk.monitor.post([body(1)])
        assert answer.outcome is PostOutcome.STORED
        assert desk.numbers_of_readings() == [1.0]


async def test_nothing_is_posted_while_nothing_can_be_stored(desk: Desk) -> None:
    async with desk.at_work():
        await until(lambda: desk.monitor.health.connected)
        with desk.locked():
            waiting = asyncio.create_task(desk.monitor.post([body(1)]))
            await until(lambda: desk.monitor.health.store_error)
            (answer,) = await desk.monitor.post([body(2)])
            assert answer.outcome is PostOutcome.UNAVAILABLE
            assert "locked" in answer.detail
        assert [answer.outcome for answer in await waiting] == [PostOutcome.STORED]
    assert desk.numbers_of_readings() == [1.0]


async def test_more_posts_than_there_is_room_for_are_sent_away(desk: Desk) -> None:
    async with desk.at_work():
        await until(lambda: desk.monitor.health.connected)
        answers = await desk.monitor.post([body(emitted_at=NOON - number) for number in range(MOST_POSTS + 3)])
    assert [answer.outcome for answer in answers[-4:]] == [PostOutcome.STORED, *[PostOutcome.UNAVAILABLE] * 3]
    with desk.reader as reader:
        assert reader.books()["stored"] == MOST_POSTS


async def test_a_post_to_a_monitor_that_stops_is_sent_away(desk: Desk) -> None:
    async with desk.at_work():
        await until(lambda: desk.monitor.health.connected)
    (answer,) = await desk.monitor.post([body(1)])
    assert (answer.outcome, desk.numbers_of_readings()) == (PostOutcome.UNAVAILABLE, [])


async def test_an_order_with_a_key_is_obeyed_once_also_after_a_restart(desk: Desk) -> None:
    async with desk.at_work():
        await desk.monitor.post([body(1)])
        first = await desk.monitor.order(HOLD)
        assert first.accepted
        assert await desk.monitor.order(HOLD) == first
    after = Desk(desk.store._ledger, desk.path)
    async with after.at_work():
        assert await after.monitor.order(HOLD) == first
        assert (await after.monitor.order(replace(HOLD, by="Bob"))).refusal is OrderRefusal.KEY_OF_ANOTHER_ORDER
        assert not (await after.monitor.order(replace(HOLD, idempotency_key=None))).accepted
    with desk.reader as reader:
        assert [event.action for event in reader.events(turbine_number=7)] == ["turbine_held"]


async def test_an_order_that_comes_again_while_it_is_under_way_is_told_so(desk: Desk) -> None:
    async with desk.at_work():
        await desk.monitor.post([body(1)])
        with desk.locked():
            impatient = asyncio.create_task(desk.monitor.order(HOLD))
            await until(lambda: desk.monitor.health.store_error)
            impatient.cancel()  # whoever asked is gone; the order is not
            assert (await desk.monitor.order(HOLD)).refusal is OrderRefusal.IN_PROGRESS
        await until(lambda: not desk.monitor.health.store_error)
        assert (await desk.monitor.order(HOLD)).accepted
    with desk.reader as reader:
        assert [hold.by for hold in reader.holds()] == ["Ann"]


async def test_an_order_is_refused_at_once_while_nothing_can_be_stored(desk: Desk) -> None:
    async with desk.at_work():
        await until(lambda: desk.monitor.health.connected)
        with desk.locked():
            waiting = asyncio.create_task(desk.monitor.post([body(1)]))
            await until(lambda: desk.monitor.health.store_error)
            answer = await asyncio.wait_for(desk.monitor.order(HOLD), 5)
            assert (answer.accepted, answer.refusal) == (False, OrderRefusal.UNAVAILABLE)
            assert "locked" in answer.sentence
        await waiting
        await until(lambda: not desk.monitor.health.store_error)
        assert (await desk.monitor.order(HOLD)).accepted  # its key is not used up
    with desk.reader as reader:
        assert len(reader.events(turbine_number=7)) == 1


async def test_an_order_for_a_turbine_that_nobody_knows_may_be_given_again(desk: Desk) -> None:
    async with desk.at_work():
        assert (await desk.monitor.order(HOLD)).refusal is OrderRefusal.UNKNOWN_TURBINE
        await desk.monitor.post([body(1)])
        assert (await desk.monitor.order(HOLD)).accepted


async def test_more_orders_than_there_is_room_for_are_sent_away(desk: Desk) -> None:
    async with desk.at_work():
        await desk.monitor.post([body(1)])
        orders = [replace(HOLD, idempotency_key=None) for _ in range(MOST_ORDERS + 1)]
        answers = await asyncio.gather(*(desk.monitor.order(order) for order in orders))
    assert [answer.refusal for answer in (answers[0], answers[1], answers[-1])] == [
        None,
        OrderRefusal.NOT_POSSIBLE,
        OrderRefusal.UNAVAILABLE,
    ]


REPORT = OutageReport("substation-2", "grid_outage", round(NOON * 1e6), round(NOON * 1e6))
ACKNOWLEDGE = AlarmOrder(AlarmOrderKind.ACKNOWLEDGE, (), "Ann")


async def test_outage_reports_are_accepted_after_their_commit(desk: Desk) -> None:
    async with desk.at_work():
        assert (await desk.monitor.report_outages([REPORT])).accepted
        with desk.reader as reader:
            assert reader.rows("SELECT controller_id FROM outages") == [("substation-2",)]


async def test_no_reports_are_accepted_at_once(desk: Desk) -> None:
    async with desk.at_work():
        assert (await asyncio.wait_for(desk.monitor.report_outages([]), 5)).accepted


async def test_outage_reports_are_taken_all_or_none(desk: Desk) -> None:
    async with desk.at_work():
        answer = await desk.monitor.report_outages([REPORT] * (MOST_OUTAGE_REPORTS + 1))
        assert (answer.accepted, "too many wait" in answer.sentence) == (False, True)


async def test_reports_of_a_controller_beyond_the_limits_are_turned_away_all_or_none(tmp_path: Path) -> None:
    path = tmp_path / "grid.db"
    with Ledger.open(path) as ledger:
        small = Desk(ledger, path, max_turbines=1)
        async with small.at_work():
            one, two, three = (replace(REPORT, controller_id=f"substation-{number}") for number in (1, 2, 3))
            assert (await small.monitor.report_outages([one])).accepted
            refused = await small.monitor.report_outages([one, two, three])
            assert (refused.accepted, refused.are_too_many) == (False, True)
            assert refused.sentence.endswith("is one controller too many: --max-turbines allows 2")
            assert small.monitor.health.turned_away == refused.sentence
            assert (await small.monitor.report_outages([two])).accepted


async def test_whatever_is_asked_of_a_monitor_that_stops_is_answered(desk: Desk) -> None:
    async with desk.at_work():
        await until(lambda: desk.monitor.health.connected)
        desk.monitor.stop()
        assert not (await desk.monitor.report_outages([REPORT])).accepted
        assert (await desk.monitor.order_alarms(ACKNOWLEDGE)).refusal is AlarmRefusal.UNAVAILABLE
        assert not (await desk.monitor.test_notifications(NotificationTest("on-call", "Ann"))).accepted


async def test_nothing_is_taken_while_nothing_can_be_stored(desk: Desk) -> None:
    async with desk.at_work():
        await until(lambda: desk.monitor.health.connected)
        with desk.locked():
            desk.intake.bring(reading(number=1))
            await until(lambda: desk.monitor.health.store_error)
            report = await desk.monitor.report_outages([REPORT])
            assert (report.accepted, "nothing can be stored now" in report.sentence) == (False, True)
            assert (await desk.monitor.order_alarms(ACKNOWLEDGE)).refusal is AlarmRefusal.UNAVAILABLE
            assert not (await desk.monitor.test_notifications(NotificationTest("on-call", "Ann"))).accepted
