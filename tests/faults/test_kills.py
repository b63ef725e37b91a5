"""F1 to F3: programs are killed under load, at random moments."""

import signal
import statistics
import time

import pytest
from fault_farm import IN_MEMORY, Extent, FaultFarm
from figures import Figures


def test_f1_kills_of_the_monitor_lose_nothing(farm: FaultFarm, extent: Extent, figures: Figures) -> None:
    kills = extent(5, 20)
    monitor = farm.monitor()
    turbines = farm.load(*IN_MEMORY)
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
    turbines = farm.load(*IN_MEMORY)
    recovered, caught_up = [], []
    for _ in range(kills):
        farm.pause(1.5, 3)
        farm.broker.kill()
        farm.broker.start()
        recovered.append(farm.seconds_to_next_commit())
        caught_up.append(farm.seconds_to_catch_up()[0])
    verdict = farm.verdict(turbines)
    commit = f"next commit after {statistics.median(recovered):.2f} s, at worst {max(recovered):.2f} s"
    figures.note("F2", how.format(kills), verdict, commit, f"nothing missing after {max(caught_up):.1f} s")


def test_f3_kills_of_all_three_lose_nothing(farm: FaultFarm, extent: Extent, figures: Figures) -> None:
    rounds = extent(3, 20)
    outbox = ("--outbox", farm.folder / "outbox")
    monitor, turbines = farm.monitor(), farm.load(*outbox)
    victims = ["monitor", "broker", "turbines"] * rounds
    farm.rng.shuffle(victims)
    for victim in victims:
        farm.pause(0.5, 1.5)
        if victim == "monitor":
            monitor.end(signal.SIGKILL)
            monitor = farm.monitor()
        elif victim == "broker":
            farm.broker.kill()
            farm.broker.start()
        else:
            turbines.end(signal.SIGKILL)
            turbines = farm.load(*outbox)
    verdict = farm.verdict(turbines, unrecorded=rounds)
    figures.note("F3", f"monitor, broker and turbines (outbox on disk) killed {rounds} times each", verdict)
