"""The courier as its own process, between the monitor and real receivers."""

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from pathlib import Path

import psutil
import pytest
from receivers import SECRET, MailServer, Webhook, notify_file

from grid.errors import SettingsError
from monitor.facts import Notification, Receipt, Severity
from monitor.notifications import delivery
from monitor.notifications.delivery import Deliveries, refuse_without_apprise
from monitor.notifications.letters import Instructions, Letter
from monitor.notifications.notify_file import read_notify_file

PATIENCE_SECONDS = 20.0


def notification(number: int, receiver: str = "hook") -> Notification:
    return Notification(number, receiver, Severity.HIGH, f"alarm {number}", "look", 1_000 + number, 1_000 + number)


class Desk:
    """Deliveries that run, and what they have brought."""

    def __init__(self, folder: Path, urls: dict[str, str], *, limit_seconds: float = 30.0) -> None:
        self.receipts: list[Receipt] = []
        self.said: list[str] = []
        settings = read_notify_file(notify_file(folder, urls), rules=[])
        self.deliveries = Deliveries(
            settings, folder, bring=self._bring, say=self.said.append, limit_seconds=limit_seconds
        )

    def _bring(self, receipts: Iterable[Receipt]) -> None:
        self.receipts.extend(receipts)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        task = asyncio.create_task(self.deliveries.run())
        try:
            yield
        finally:
            task.cancel()
            await asyncio.wait([task])

    @property
    def courier(self) -> psutil.Process:
        return psutil.Process(self.deliveries.process_id)


async def until(is_true: Callable[[], object]) -> None:
    async with asyncio.timeout(PATIENCE_SECONDS):
        while not is_true():
            await asyncio.sleep(0.005)


async def test_what_is_handed_over_arrives_and_is_answered(tmp_path: Path, hook: Webhook, mail: MailServer) -> None:
    desk = Desk(tmp_path, {"hook": hook.url, "crew": mail.url()})
    desk.deliveries.deliver([notification(1), notification(2, "crew")])
    async with desk.running():
        await until(lambda: len(desk.receipts) == 2)
    assert {receipt.notification_id: receipt.error for receipt in desk.receipts} == {1: None, 2: None}
    assert hook.ids == ["grid-1001-1"]
    assert [message["Subject"] for _, message in mail.accepted] == ["alarm 2"]


async def test_one_that_was_delivered_is_answered_and_not_sent_again(tmp_path: Path, hook: Webhook) -> None:
    assert await delivered(Desk(tmp_path, {"hook": hook.url})) == [Receipt(1)]
    assert await delivered(Desk(tmp_path, {"hook": hook.url})) == [Receipt(1)]
    assert len(hook.ids) == 1


async def delivered(desk: Desk) -> list[Receipt]:
    async with desk.running():
        desk.deliveries.deliver([notification(1)])
        await until(lambda: desk.receipts)
    return desk.receipts


async def test_a_receiver_that_never_answers_delays_nobody(tmp_path: Path, hook: Webhook, mail: MailServer) -> None:
    hook.waits_for.clear()
    desk = Desk(tmp_path, {"hook": hook.url, "crew": mail.url()}, limit_seconds=2.0)
    async with desk.running():
        desk.deliveries.deliver([notification(1), notification(2, "crew")])
        await until(lambda: len(desk.receipts) == 2)
        assert sorted(desk.receipts, key=lambda receipt: receipt.notification_id) == [
            Receipt(1, "it gave no answer within 2 s"),
            Receipt(2),
        ]
        desk.deliveries.deliver([notification(1)])
        await until(lambda: len(desk.receipts) == 3)
        assert desk.receipts[2] == Receipt(1, "its attempt before is still not over")
        # It accepts late: the next attempt finds the receipt of the one that was left alone.
        hook.waits_for.set()
        await until(lambda: '"grid-1001-1"' in (tmp_path / "notifications.receipts").read_text())
        desk.deliveries.deliver([notification(1)])
        await until(lambda: len(desk.receipts) == 4)
        assert desk.receipts[3] == Receipt(1)
    assert hook.ids == ["grid-1001-1"]


async def test_a_courier_that_is_killed_is_started_again_and_goes_on(
    tmp_path: Path, hook: Webhook, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(delivery, "PAUSES_SECONDS", (0.01,))
    desk = Desk(tmp_path, {"hook": hook.url})
    async with desk.running():
        desk.deliveries.deliver([notification(1)])
        await until(lambda: desk.receipts)
        desk.courier.kill()
        await until(lambda: desk.said)
        desk.deliveries.deliver([notification(2)])
        await until(lambda: len(desk.receipts) == 2)
    assert desk.said == ["the courier of notifications has ended; it is started again"]
    assert hook.ids == ["grid-1001-1", "grid-1002-2"]


async def test_the_courier_does_not_end_with_the_monitors_group(tmp_path: Path, hook: Webhook) -> None:
    desk = Desk(tmp_path, {"hook": hook.url})
    async with desk.running():
        desk.deliveries.deliver([notification(1)])
        await until(lambda: desk.receipts)
        courier = desk.courier
        assert os.getpgid(courier.pid) != os.getpgid(0)
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            courier.send_signal(number)
        desk.deliveries.deliver([notification(2)])
        await until(lambda: len(desk.receipts) == 2)


async def test_what_is_under_way_at_the_end_is_written_down(tmp_path: Path, hook: Webhook) -> None:
    hook.waits_for.clear()
    desk = Desk(tmp_path, {"hook": hook.url})
    async with desk.running():
        desk.deliveries.deliver([notification(1)])
        await until(lambda: hook.asked.acquire(blocking=False))
        asyncio.get_running_loop().call_later(0.1, hook.waits_for.set)
    assert desk.receipts == []
    kept = [json.loads(line)["receipt"] for line in (tmp_path / "notifications.receipts").read_text().splitlines()]
    assert "grid-1001-1" in kept


async def test_half_a_letter_of_a_monitor_that_was_killed_ends_no_attempt(tmp_path: Path, hook: Webhook) -> None:
    hook.waits_for.clear()
    settings = read_notify_file(notify_file(tmp_path, {"hook": hook.url}), rules=[])
    courier = await asyncio.create_subprocess_exec(
        *[sys.executable, "-m", "monitor.notifications.courier"], stdin=asyncio.subprocess.PIPE
    )
    assert courier.stdin is not None
    courier.stdin.write(Instructions(tmp_path, settings.addresses).to_line())
    courier.stdin.write(Letter.of(notification(1)).to_line())
    courier.stdin.write(Letter.of(notification(2)).to_line()[:30])
    await until(lambda: hook.asked.acquire(blocking=False))
    courier.stdin.close()
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(asyncio.shield(courier.wait()), 0.3)
    hook.waits_for.set()
    assert await courier.wait() == 0
    assert "grid-1001-1" in (tmp_path / "notifications.receipts").read_text()


@pytest.mark.parametrize("code", [200, 500])
async def test_an_address_is_seen_nowhere(
    tmp_path: Path, hook: Webhook, capfd: pytest.CaptureFixture[str], code: int
) -> None:
    hook.answers_with = code
    desk = Desk(tmp_path, {"hook": hook.url})
    async with desk.running():
        desk.deliveries.deliver([notification(1)])
        await until(lambda: desk.receipts)
        command_line = " ".join(desk.courier.cmdline())
    (tmp_path / "hook.url").unlink()
    files = "".join(path.read_text() for path in tmp_path.iterdir())
    told = [command_line, files, *desk.said, repr(desk.receipts), repr(vars(desk.deliveries)), *capfd.readouterr()]
    assert SECRET not in "".join(told)


async def test_an_address_that_means_nothing_is_told_at_the_start(tmp_path: Path) -> None:
    desk = Desk(tmp_path, {"hook": f"nosuch://{SECRET}"})
    async with desk.running():
        await until(lambda: desk.said)
    assert desk.said == ["the URL of the receiver hook is none that Apprise understands"]


def test_without_the_extra_the_start_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(delivery, "find_spec", lambda name: None)
    with pytest.raises(SettingsError, match=r"pip install 'grid-wind-farm-monitor\[notify\]'"):
        refuse_without_apprise()
