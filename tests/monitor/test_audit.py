"""What is kept of orders, on a monitor with a real ledger: with the decision, and the refused ones too."""

import asyncio
from typing import Any

import pytest
from desk import NOON, Desk, reading, until
from hypothesis import given
from hypothesis import strategies as st

from grid.times import SECOND
from monitor.audit import ALL_THAT_WAIT, MOST_SUBJECTS, audit_of_alarm_orders
from monitor.control import NoMonitorError, inquire, order_request
from monitor.facts import (
    Actor,
    AlarmAnswer,
    AlarmOrder,
    AlarmOrderKind,
    AuditAction,
    AuditEntry,
    Door,
    NotificationTest,
    Order,
    OrderKind,
    OrderRefusal,
)
from monitor.store.queries.pages import Turn, audit_page

ANNA = Actor("anna", Door.PAGES, "operator", None, "192.0.2.7")
SHIFT_APP = Actor("ben (token shift-app)", Door.API, "orders read", "t-1", "192.0.2.9")


@pytest.fixture(autouse=True)
def a_quick_look_at_the_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("monitor.monitor.TICK_SECONDS", 0.001)


def kept(desk: Desk, **wanted: Any) -> list[AuditEntry]:
    with desk.reader as reader:
        return [entry for _, entry in audit_page(reader, Turn(100, newest_first=False), **wanted).records]


def hold(turbine_number: int = 7, actor: Actor | None = ANNA, key: str | None = None) -> Order:
    return Order(OrderKind.HOLD, turbine_number, "anna", "people on site", key, actor)


async def meet_turbine_7(desk: Desk) -> None:
    desk.intake.bring(reading(number=1))
    await until(lambda: desk.intake.acknowledged)


async def test_an_order_is_kept_with_who_when_why_and_its_answer(desk: Desk) -> None:
    async with desk.at_work():
        await meet_turbine_7(desk)
        answer = await desk.monitor.order(hold())
    assert kept(desk) == [
        AuditEntry(
            at=int(NOON) * SECOND,
            who="anna",
            door=Door.PAGES,
            rights="operator",
            token_id=None,
            address="192.0.2.7",
            action=AuditAction.HOLD,
            subject="turbine-7",
            why="people on site",
            accepted=True,
            sentence=answer.sentence,
        )
    ]


async def test_refused_orders_are_kept_too(desk: Desk) -> None:
    async with desk.at_work():
        await meet_turbine_7(desk)
        answers = [await desk.monitor.order(order) for order in (hold(), hold(actor=SHIFT_APP), hold(99))]
    assert [answer.accepted for answer in answers] == [True, False, False]
    assert [(entry.who, entry.subject, entry.accepted, entry.sentence) for entry in kept(desk)] == [
        ("anna", "turbine-7", True, answers[0].sentence),
        ("ben (token shift-app)", "turbine-7", False, answers[1].sentence),
        ("anna", "turbine-99", False, answers[2].sentence),
    ]
    (of_token,) = kept(desk, who="ben (token shift-app)")
    assert (of_token.rights, of_token.token_id, of_token.door) == ("orders read", "t-1", Door.API)


async def test_orders_about_alarms_and_tests_of_receivers_are_kept(desk: Desk) -> None:
    async with desk.at_work():
        await desk.monitor.order_alarms(AlarmOrder(AlarmOrderKind.ACKNOWLEDGE, (), "anna", "on my way", actor=ANNA))
        await desk.monitor.order_alarms(AlarmOrder(AlarmOrderKind.COMMENT, (99,), "anna", "what is it", actor=ANNA))
        await desk.monitor.test_notifications(NotificationTest("crew", "anna", ANNA))
    assert [(entry.action, entry.subject, entry.why, entry.accepted, entry.sentence) for entry in kept(desk)] == [
        ("acknowledge", ALL_THAT_WAIT, "on my way", True, "0 alarms are acknowledged"),
        ("comment", "alarm-99", "what is it", False, "there is no alarm 99"),
        ("test_receiver", "crew", "", False, "there is no receiver crew: none is set"),
    ]


async def test_an_order_that_comes_again_with_its_key_is_kept_once_and_another_with_its_key_is_kept(desk: Desk) -> None:
    async with desk.at_work():
        await meet_turbine_7(desk)
        first, again = await desk.monitor.order(hold(key="k-1")), await desk.monitor.order(hold(key="k-1"))
        misused = await desk.monitor.order(hold(9, key="k-1", actor=SHIFT_APP))
        assert (first.accepted, again.accepted, misused.refusal) == (True, True, OrderRefusal.KEY_OF_ANOTHER_ORDER)
        assert [(entry.who, entry.subject, entry.accepted) for entry in kept(desk)] == [
            ("anna", "turbine-7", True),
            ("ben (token shift-app)", "turbine-9", False),
        ]


async def test_nothing_is_kept_of_an_order_before_its_commit_and_one_row_after_it(desk: Desk) -> None:
    async with desk.at_work():
        await meet_turbine_7(desk)
        seen: list[list[AuditEntry]] = []
        desk.store.before_refusal = lambda: seen.append(kept(desk))
        answer = await desk.monitor.order(hold())
    assert answer.accepted
    assert seen == [[]]
    assert len(kept(desk)) == 1


async def test_a_misused_key_is_answered_though_nothing_else_happens_and_refused_when_the_monitor_stops(
    desk: Desk,
) -> None:
    async with desk.at_work():
        await meet_turbine_7(desk)
        await desk.monitor.order(hold(key="k-1"))
        with desk.locked():
            waiting = asyncio.create_task(desk.monitor.order(hold(9, key="k-1")))
            await until(lambda: desk.monitor.health.store_error)
            desk.monitor.stop()
            assert (await waiting).refusal is OrderRefusal.UNAVAILABLE


async def test_who_only_gives_a_name_at_the_socket_is_kept_as_somebody_of_this_machine(desk: Desk) -> None:
    async with desk.open_to_others():
        await inquire(desk.path.parent, order_request(Order(OrderKind.HOLD, 7, "Ann")))
    (entry,) = kept(desk)
    assert (entry.who, entry.door, entry.rights, entry.address) == ("Ann", Door.COMMAND_LINE, None, None)


async def test_an_actor_survives_the_way_through_the_door_short_and_printable(desk: Desk) -> None:
    loud = Actor("an\x1b[31mna" + "x" * 1000, Door.API, "r" * 1000, "t\n1", "192.0.2.7")
    async with desk.open_to_others():
        await inquire(desk.path.parent, order_request(hold(actor=loud)))
    (entry,) = kept(desk)
    assert (entry.who[:8], len(entry.who), len(entry.rights or ""), entry.token_id) == ("an [31mn", 160, 160, "t 1")


async def test_a_name_of_nothing_to_be_seen_is_somebody_in_the_decision_and_in_the_audit(desk: Desk) -> None:
    unseen = Actor("\u200b ", Door.API)
    async with desk.open_to_others():
        await inquire(desk.path.parent, order_request(Order(OrderKind.HOLD, 7, unseen.who, actor=unseen)))
    (entry,) = kept(desk)
    assert entry.who == "somebody"


@pytest.mark.parametrize("actor", [{"who": "anna"}, {"who": "", "door": "api"}, {"who": "anna", "door": "window"}, 7])
async def test_an_actor_that_is_none_has_its_order_refused(desk: Desk, actor: object) -> None:
    async with desk.open_to_others():
        answer = await inquire(desk.path.parent, order_request(hold()) | {"actor": actor})
        assert (answer["accepted"], answer["sentence"][:14]) == (False, "not understood")
    assert kept(desk) == []


async def test_who_asks_a_monitor_that_is_gone_leaves_no_trace(desk: Desk) -> None:
    with pytest.raises(NoMonitorError):
        await inquire(desk.path.parent, order_request(hold()))
    assert kept(desk) == []


@given(st.lists(st.integers(1, 2**63 - 1), max_size=60))
def test_the_subject_of_an_order_about_many_alarms_stays_short(alarm_ids: list[int]) -> None:
    order = AlarmOrder(AlarmOrderKind.COMMENT, tuple(alarm_ids), "anna", "seen", actor=ANNA)
    (entry,) = audit_of_alarm_orders([order], [AlarmAnswer(True, "done")], 0)
    assert entry.subject.count("alarm-") == min(len(alarm_ids), MOST_SUBJECTS)
    assert len(entry.subject) < MOST_SUBJECTS * 27 + 20


def test_every_kind_of_order_has_its_word_in_the_audit() -> None:
    words = {action.value for action in AuditAction}
    assert words == {*OrderKind, *AlarmOrderKind, "test_receiver", "prune"}
