"""Notifications by the whole program: to real receivers, also when the monitor is killed meanwhile."""

import random
import signal
import subprocess
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from programs import PROGRAMS, Farm, Program, wait_for
from receivers import NOTIFICATION_ID, SECRET, MailServer, Webhook, mail_server, notify_file, webhook

from monitor.control import NoMonitorError, ask, notification_test_request
from monitor.demo_broker import LocalMosquitto
from monitor.facts import Delivery, Notification, NotificationTest
from monitor.notifications.letters import Letter
from monitor.notifications.sample import SAMPLE
from monitor.store.errors import StoreError
from monitor.store.queries.pages import Turn, notifications_page
from monitor.store.reader import LedgerReader

KILLS = 6
MOST_UNDER_WAY = 5


@pytest.fixture
def hook() -> Iterator[Webhook]:
    with webhook() as server:
        yield server


@pytest.fixture
def mail() -> Iterator[MailServer]:
    with mail_server() as server:
        yield server


def notifications(farm: Farm) -> list[Notification]:
    try:
        with LedgerReader.open(farm.data_dir / "grid.db") as reader:
            return [record for _, record in notifications_page(reader, Turn(10_000)).records]
    except StoreError:
        return []


class People:
    """Test receivers all the time, whether a monitor runs or not; a few messages to each are under way."""

    def __init__(self, data_dir: Path, received: dict[str, Callable[[], int]]) -> None:
        self._data_dir = data_dir
        self._over = threading.Event()
        self._threads = [threading.Thread(target=self._test, args=item) for item in received.items()]

    def __enter__(self) -> None:
        for thread in self._threads:
            thread.start()

    def __exit__(self, *of_the_test: object) -> None:
        self._over.set()
        for thread in self._threads:
            thread.join()

    def _test(self, receiver: str, received: Callable[[], int]) -> None:
        asked = 0
        while not self._over.wait(0.02):
            if asked - received() < MOST_UNDER_WAY:
                with suppress(NoMonitorError):
                    ask(self._data_dir, notification_test_request(NotificationTest(receiver, "Ann")), within_seconds=5)
                    asked += 1


def start(farm: Farm, settings: Path) -> Program:
    program = farm.start("grid-monitor", "--data-dir", farm.data_dir, "--notify-file", settings)
    wait_for(lambda: farm.health(program), "the monitor answers")
    return program


@pytest.mark.slow
def test_kills_of_the_monitor_lose_no_notification_and_send_none_twice(
    farm: Farm, tmp_path: Path, hook: Webhook, mail: MailServer
) -> None:
    settings = notify_file(tmp_path, {"hook": hook.url, "crew": mail.url()})
    hook.answers_after_seconds = 0.03  # most kills find one that is accepted, and not yet known to be
    random_moments = random.Random(5)
    program = start(farm, settings)
    with People(farm.data_dir, {"hook": lambda: len(hook.ids), "crew": lambda: len(mail.accepted)}):
        for _ in range(KILLS):
            _wait_for_more(hook)
            threading.Event().wait(random_moments.uniform(0.0, 0.4))
            program.end(signal.SIGKILL)
            program = start(farm, settings)
    wait_for(lambda: all(one.delivery is Delivery.SENT for one in notifications(farm)), "all is sent")
    assert program.end() == 0
    decided = Counter(Letter.of(one).key for one in notifications(farm))
    received = Counter([*hook.ids, *(str(message[NOTIFICATION_ID]) for _, message in mail.accepted)])
    assert received == decided
    assert len(decided) > 2 * KILLS
    assert SECRET not in program.output


def _wait_for_more(hook: Webhook) -> None:
    sent = len(hook.ids)
    wait_for(lambda: len(hook.ids) > sent, "notifications flow")


def test_a_receiver_is_tested_by_the_command_and_the_result_is_listed(
    farm: Farm, tmp_path: Path, hook: Webhook
) -> None:
    start(farm, notify_file(tmp_path, {"hook": hook.url}))
    assert farm.run("notify", "test", "hook").stdout == "hook has the test\n"
    hook.answers_with = 403
    refused = farm.run("notify", "test", "hook")
    assert (refused.returncode, refused.stderr) == (
        1,
        "grid-monitor: the test did not reach hook: it answered 403 (Forbidden)\n",
    )
    listed = farm.run("notify", "list")
    assert listed.stdout.count("Test of hook") == 2
    assert "given up: it answered 403 (Forbidden)" in listed.stdout
    assert SECRET not in f"{listed}{refused}"


def test_what_is_wrong_with_the_settings_is_said_at_the_start(farm: Farm, tmp_path: Path) -> None:
    path = tmp_path / "notify.toml"
    path.write_text(f'[receivers.hook]\nurl = "json://{SECRET}@desk.example"\n')
    program = farm.start("grid-monitor", "--data-dir", farm.data_dir, "--notify-file", path)
    assert program.wait() == 2
    assert "unknown key receivers.hook.url: the address belongs into a file" in program.output
    assert SECRET not in program.output


def test_the_sample_is_what_the_command_prints() -> None:
    assert (
        subprocess.run([PROGRAMS / "grid-monitor", "notify", "sample"], capture_output=True, text=True).stdout == SAMPLE
    )


def test_the_loss_of_the_broker_is_told_once_also_after_a_kill(
    farm: Farm, broker: LocalMosquitto, tmp_path: Path, hook: Webhook
) -> None:
    settings = notify_file(tmp_path, {"hook": hook.url})
    program = farm.monitor("--notify-file", str(settings))
    broker.kill()
    wait_for(lambda: hook.accepted, "somebody is told")
    program.end(signal.SIGKILL)
    start(farm, settings)
    assert farm.run("notify", "test", "hook").returncode == 0
    alarm, test = hook.accepted
    assert alarm["title"].startswith("CRITICAL: ")
    assert "What to do: See whether the broker runs" in alarm["message"]
    assert test["title"] == "Test of hook"
