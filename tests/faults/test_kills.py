"""F1 to F3: programs are killed under load, at random moments."""

import signal
import statistics
import time

import pytest
from fault_farm import Extent, FaultFarm
from figures import Figures


def test_f1_kills_of_the_monitor_lose_nothing(farm: FaultFarm, extent: Extent, figures: Figures) -> None:
    kills = extent(5, 20)
    monitor = farm.monitor()
    turbines = farm.load()
    recovered = []
    for _ in range(kills):
        farm.pause(1.5, 3)
        monitor.end(signal.SIGKILL)
        started = time.monotonic()
        monitor = farm.monitor()
        recovered.append(farm.seconds_to_next_commit(started))
    verdict = farm.verdict(turbines)
    commit = f"first commit {statistics.median(recovered):.2f} s after the start, at worst {max(recovered):.2f} s"
    figures.note("F1", f"monitor killed {kills} times", verdict, commit)


@pytest.mark.parametrize(
    ("broker_lines", "how"),
    [("", "broker killed {} times"), ("persistence false", "broker without persistence killed {} times")],
    ids=["with persistence", "without persistence"],
)
def test_f2_kills_of_the_broker_lose_nothing(farm: FaultFarm, how: str, extent: Extent, figures: Figures) -> None:
    kills = extent(3, 10)
    farm.monitor()
    turbines = farm.load()
    recovered, rates = [], []
    for _ in range(kills):
        farm.pause(1.5, 3)
        farm.broker.kill()
        farm.broker.start()
        recovered.append(farm.seconds_to_next_commit())
        seconds, caught_up = farm.seconds_to_catch_up()
        rates.append(caught_up / seconds)
    verdict = farm.verdict(turbines)
    commit = f"next commit after {statistics.median(recovered):.2f} s, at worst {max(recovered):.2f} s"
    figures.note("F2", how.format(kills), verdict, commit, f"caught up at {statistics.median(rates):,.0f} readings/s")
