"""Alarms on a monitor with a real ledger: committed with their batch, told after it, never twice."""

import asyncio
import json
from pathlib import Path

import pytest
from commands import Command, command_in
from desk import Desk, reading, until
from lost_broker import lose_the_broker

from monitor.facts import AlarmOrder, AlarmOrderKind, AlarmState, AlarmTurn
from monitor.store.queries.alarms import journal_page
from monitor.store.queries.pages import Turn
from monitor.store.reader import LedgerReader


@pytest.fixture(autouse=True)
def a_quick_look_at_the_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("monitor.monitor.TICK_SECONDS", 0.001)


def turns(desk: Desk, alarm_id: int = 1) -> list[AlarmTurn]:
    with desk.reader as reader:
        return [entry.turn for _, entry in journal_page(reader, Turn(100, newest_first=False), alarm_id).records]


async def test_an_alarm_is_published_and_kept_by_the_broker(desk: Desk) -> None:
    async with desk.at_work():
        await lose_the_broker(desk)
        await until(lambda: "grid/alarms/1" in desk.outlet.topics)
        with desk.reader as reader:
            (alarm,) = reader.alarms()
        assert (alarm.rule, alarm.state) == ("broker_lost", AlarmState.UNACKNOWLEDGED)


async def test_a_commit_that_fails_raises_no_alarm_twice(desk: Desk) -> None:
    async with desk.at_work():
        await until(lambda: desk.monitor.health.connected)
        desk.store.before_refusal = lambda: None
        await lose_the_broker(desk)
        assert turns(desk) == [AlarmTurn.RAISED]
        assert desk.monitor.alarm_counts.unacknowledged == 1


async def test_an_acknowledgement_outlives_the_monitor(desk: Desk) -> None:
    async with desk.at_work():
        await lose_the_broker(desk)
        answer = await desk.monitor.order_alarms(AlarmOrder(AlarmOrderKind.ACKNOWLEDGE, (), "Ann"))
        assert answer.accepted
    again = Desk(desk.store._ledger, desk.path)
    async with again.at_work():
        await until(lambda: again.monitor.is_ready)
        await again.monitor.post([reading(number=1).payload])
        with again.reader as reader:
            assert [alarm.acknowledged_by for alarm in reader.alarms()] == ["Ann"]


async def test_an_order_is_refused_while_nothing_can_be_stored(desk: Desk) -> None:
    async with desk.at_work():
        await lose_the_broker(desk)
        with desk.locked():
            desk.intake.bring(reading(number=1))
            desk.intake.come_back()
            desk.intake.connected = True
            await until(lambda: desk.monitor.health.store_error)
            answer = await desk.monitor.order_alarms(AlarmOrder(AlarmOrderKind.ACKNOWLEDGE, (1,), "Ann"))
            assert not answer.accepted
        with desk.reader as reader:
            assert reader.alarms()[0].state is AlarmState.UNACKNOWLEDGED


async def test_a_database_that_refused_is_told_when_it_is_over(desk: Desk) -> None:
    async with desk.at_work():
        await until(lambda: desk.monitor.health.connected)
        with desk.locked():
            desk.intake.bring(reading(number=1))
            await until(lambda: desk.monitor.health.store_error)
            desk.seconds += 6
        await until(lambda: desk.monitor.alarm_counts.unacknowledged == 1)
        with desk.reader as reader:
            (alarm,) = reader.alarms()
        assert alarm.rule == "database_refused"
        assert "locked" in alarm.sentence
        assert desk.intake.acknowledged == [reading(number=1)]


async def test_a_page_is_told_of_a_change_when_the_ledger_has_it(desk: Desk) -> None:
    async with desk.at_work():
        await until(lambda: desk.monitor.health.connected)
        before = desk.monitor.alarm_counts
        with desk.locked():
            desk.intake.lose()
            await until(lambda: desk.monitor.health.store_error)
            assert desk.monitor.alarm_counts.unacknowledged == before.unacknowledged == 0
        await until(lambda: desk.monitor.alarm_counts.unacknowledged == 1)
        assert desk.monitor.alarm_counts.changes > before.changes
        with desk.reader as reader:
            assert len(reader.alarms()) == 1


async def test_alarms_are_shown_and_acknowledged_by_command(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    grid_monitor: Command = command_in(tmp_path, monkeypatch, capsys)

    async def run(*arguments: str) -> str:
        outcome = await asyncio.to_thread(grid_monitor, "alarms", *arguments, "--data-dir", str(desk.path.parent))
        return outcome.out + outcome.err

    async with desk.open_to_others():
        await lose_the_broker(desk)
        shown = await run()
        assert "critical" in shown
        assert "The monitor has no connection to the broker" in shown
        assert json.loads(await run("--json"))[0]["rule"] == "broker_lost"
        assert await run("ack", "--all", "--by", "Ann", "--comment", "seen") == "1 alarm is acknowledged\n"
        assert "acknowledged by Ann" in await run()
        assert "seen" in await run("journal", "1")
        assert await run("comment", "1", "a new switch comes", "--by", "Ann") == "1 alarm is commented\n"
        assert "24 hours" in await run("shelve", "1", "--until", "2199-01-01T00:00:00")
        assert await run("out-of-service", "1") == "1 alarm is taken out of service\n"
        assert await run("in-service", "1") == "1 alarm is put in service\n"
        assert await run("unshelve", "1") == "0 alarms are unshelved\n"
        assert "there is no alarm 9" in await run("ack", "9")
        assert "name alarms, or say --all" in await run("ack")
    with LedgerReader.open(desk.path) as reader:
        assert reader.alarms()[0].comment == "a new switch comes"
