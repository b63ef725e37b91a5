"""F19 and F20: alarms, acknowledgements and notifications survive kills, and a lost broker is one alarm."""

import signal
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from fault_farm import Extent, FaultFarm
from figures import Figures
from programs import Program, wait_for
from receivers import Webhook, notify_file, webhook

from monitor.control import NoMonitorError, alarm_order_request, ask
from monitor.demo_broker import LocalBrokerError, LocalMosquitto
from monitor.facts import AlarmOrder, AlarmOrderKind

BROKEN_AT_ONCE = 3
"""So many turbines break between two kills."""
SOON = ("--broken-alarm-after", "0.1")
TURNS_OF_ALARMS = """
SELECT a.rule, a.subject, j.turn FROM alarm_journal j JOIN alarms a USING (alarm_id) ORDER BY j.entry_id
"""
UNACKNOWLEDGED = "SELECT alarm_id FROM alarms WHERE state = 'unacknowledged'"
UNSENT = "SELECT count(*) FROM notifications WHERE delivery <> 'sent'"


@pytest.fixture
def hook() -> Iterator[Webhook]:
    with webhook() as server:
        yield server


def turns(farm: FaultFarm, turn: str) -> Counter[str]:
    """How often each subject's alarm took this turn."""
    return Counter(subject for _, subject, took in farm.ask(TURNS_OF_ALARMS) if took == turn)


class Operator:
    """Acknowledges each alarm, one by one, and remembers those of which the monitor said that it is done."""

    def __init__(self, farm: FaultFarm) -> None:
        self.done: list[int] = []
        self._farm = farm
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._work, name="operator")

    def __enter__(self) -> "Operator":
        self._thread.start()
        return self

    def __exit__(self, *of_the_test: object) -> None:
        self._over.set()
        self._thread.join()

    def _work(self) -> None:
        while not self._over.wait(0.05):
            for (alarm_id,) in self._farm.ask(UNACKNOWLEDGED):
                order = AlarmOrder(AlarmOrderKind.ACKNOWLEDGE, (alarm_id,), "Ann", "seen")
                with suppress(NoMonitorError):
                    answer = ask(self._farm.data_dir, alarm_order_request(order), within_seconds=5)
                    if answer["accepted"] and answer["changed"]:
                        self.done.append(alarm_id)


def start(farm: FaultFarm, settings: Path) -> Program:
    return farm.monitor("--notify-file", str(settings), *SOON)


def test_f19_kills_lose_and_double_no_alarm_acknowledgement_or_notification(
    farm: FaultFarm, tmp_path: Path, hook: Webhook, extent: Extent, figures: Figures
) -> None:
    kills = extent(5, 40)
    hook.answers_after_seconds = 0.02  # most kills find one that is accepted, and not yet known to be
    settings = notify_file(tmp_path, {"hook": hook.url})
    monitor, broken = start(farm, settings), 0
    with Operator(farm) as operator:
        for _ in range(kills):
            for _ in range(BROKEN_AT_ONCE):
                broken += 1
                farm.report(broken, "broken")
            farm.pause(0.1, 1.0)
            monitor.end(signal.SIGKILL)
            monitor = start(farm, settings)
        all_of_them = {f"turbine-{number}": 1 for number in range(1, broken + 1)}
        wait_for(lambda: turns(farm, "acknowledged") == all_of_them, "every alarm is raised and acknowledged")
    wait_for(lambda: farm.ask(UNSENT) == [(0,)], "all is sent")
    told = " ".join(str(message) for message in hook.accepted)
    assert turns(farm, "raised") == turns(farm, "acknowledged") == all_of_them
    assert len(operator.done) == len(set(operator.done)) > 0
    assert max(Counter(hook.ids).values()) == 1
    assert [number for number in range(1, broken + 1) if f"urbine {number} " not in told.replace(".", " ")] == []
    seen = f"alarms {broken}, raised {broken}, acknowledged {broken}, notifications {len(hook.ids)}, doubled 0"
    figures.note("F19", f"monitor killed {kills} times while alarms flow", seen)


def go_down(farm: FaultFarm, how: str, seconds: float) -> None:
    """Take the broker away for so long."""
    if how == "stopped":
        farm.broker.stop()
    else:
        farm.broker.kill()
    time.sleep(seconds)
    wait_for(lambda: came_back(farm.broker), "the broker is back", 120)


def came_back(broker: LocalMosquitto) -> bool:
    """Start it. A turbine that tries to connect may hold its port: within those that the system deals out it can
    happen that a socket is connected to itself.
    """
    try:
        broker.start()
    except LocalBrokerError:
        return False
    return True


def wait_until_cleared(farm: FaultFarm, times: int) -> None:
    wait_for(lambda: turns(farm, "cleared") == {"broker": times}, "the alarm clears itself", 300)


def test_f20_a_broker_restart_is_one_alarm_that_notifies_once_and_clears_itself(
    farm: FaultFarm, tmp_path: Path, hook: Webhook, extent: Extent, figures: Figures
) -> None:
    count = extent(300, 1_000)
    scenarios = extent([("killed", 0.0)], [("stopped", 0.0), ("killed", 0.0), ("killed", 120.0)])
    route = '[[routes]]\nname = "all"\nreceivers = ["hook"]\ngroup_wait_seconds = 0\ncleared = false\n'
    farm.monitor("--notify-file", str(notify_file(tmp_path, {"hook": hook.url}, route)))
    farm.turbines("--count", str(count), "--upload-interval", "1", "--time-to-fail", "99999")
    online = "SELECT count(*) FROM turbines WHERE link = 'online'"
    wait_for(lambda: farm.ask(online) == [(count,)], "all turbines are online", 600)
    for number, (how, seconds) in enumerate(scenarios, 1):
        go_down(farm, how, seconds)
        wait_until_cleared(farm, number)
        wait_for(lambda: farm.ask(online) == [(count,)], "all turbines are online again", 600)
        assert turns(farm, "raised") == {"broker": number}
        wait_for(lambda: farm.ask(UNSENT) == [(0,)], "it is sent")
        assert len(hook.accepted) == number
        order = AlarmOrder(AlarmOrderKind.ACKNOWLEDGE, (), "Ann")
        assert ask(farm.data_dir, alarm_order_request(order))["accepted"]
        how_long = f" and away for {seconds:.0f} s" if seconds else ""
        figures.note("F20", f"broker of {count} turbines {how}{how_long}", "alarms 1, notifications 1, cleared itself")
