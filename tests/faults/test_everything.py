"""F18: all of it at random: 15 seconds by default, or as many as GRID_FAULTS_SECONDS says, for hours."""

import os
import signal
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from statistics import linear_regression

import pytest
from fault_farm import FaultFarm, process_of, stopped
from figures import Figures
from locks import locked
from programs import Program
from proxy import Proxy

SECONDS = float(os.environ.get("GRID_FAULTS_SECONDS", "15"))
LONG_ENOUGH_FOR_A_SLOPE = 600.0
SLICES = 20 if SECONDS >= LONG_ENOUGH_FOR_A_SLOPE else 3
LIGHT_LOAD = ("--upload-interval", "0.1")
MORE_FILES = 16
"""How many files the monitor may have open at the end beyond those at the start: a connection more, a log."""


@dataclass
class Chaos:
    """A farm, and what can be done to it. The monitor speaks through the proxy."""

    farm: FaultFarm
    proxy: Proxy
    monitor: Program
    turbines: Program
    done: Counter[str] = field(default_factory=Counter)

    def kill_monitor(self) -> None:
        self.monitor.end(signal.SIGKILL)
        self.monitor = self.farm.monitor("--broker-port", str(self.proxy.port))

    def kill_broker(self) -> None:
        self.farm.broker.kill()
        self.farm.broker.start()

    def kill_turbines(self) -> None:
        self.turbines.end(signal.SIGKILL)
        self.turbines = self.farm.load(*LIGHT_LOAD, "--outbox", self.farm.folder / "outbox")

    def stop_monitor(self) -> None:
        with stopped(process_of(self.monitor)):
            self.farm.pause(1, 4)

    def stop_turbines(self) -> None:
        with stopped(process_of(self.turbines)):
            self.farm.pause(1, 4)

    def stop_broker(self) -> None:
        self.farm.broker.send_signal(signal.SIGSTOP)
        self.farm.pause(1, 4)
        self.farm.broker.send_signal(signal.SIGCONT)

    def lock_database(self) -> None:
        with locked(self.farm.data_dir / "grid.db"):
            self.farm.pause(1, 4)

    def cut_off_monitor(self) -> None:
        self.proxy.partition()
        self.farm.pause(1, 4)
        self.proxy.heal()

    def reset_monitor(self) -> None:
        self.proxy.reset_clients()

    def others(self) -> list[Callable[[], None]]:
        """All faults but the kill of the monitor."""
        kills = [self.kill_broker, self.kill_turbines]
        stops = [self.stop_monitor, self.stop_turbines, self.stop_broker]
        return [*kills, *stops, self.lock_database, self.cut_off_monitor, self.reset_monitor]

    def go_on(self, seconds: float, *faults: Callable[[], None]) -> None:
        """One fault after the other, at random, for so long."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            fault = self.farm.rng.choice(faults)
            fault()
            self.done[fault.__name__.replace("_", " ")] += 1
            self.farm.seconds_to_next_commit()
            self.farm.pause(0.2, 1)


@dataclass
class Sizes:
    """Memory and open files of one process over its life."""

    seconds: list[float] = field(default_factory=list)
    megabytes: list[float] = field(default_factory=list)
    files: list[int] = field(default_factory=list)

    def look_at(self, program: Program) -> None:
        process = process_of(program)
        self.seconds.append(time.monotonic())
        self.megabytes.append(process.memory_info().rss / 1024 / 1024)
        self.files.append(process.num_fds())

    def __str__(self) -> str:
        told = f"memory {self.megabytes[0]:.0f} to {self.megabytes[-1]:.0f} MB"
        if SECONDS >= LONG_ENOUGH_FOR_A_SLOPE:
            told += f" ({linear_regression(self.seconds, self.megabytes).slope * 3600:+.1f} MB/h)"
        return f"{told}, files {self.files[0]} to {self.files[-1]}"


@pytest.mark.timeout(max(300.0, 2 * SECONDS + 300))
def test_f18_everything_at_random_loses_nothing(farm: FaultFarm, figures: Figures) -> None:
    """The monitor is killed in the first half only: in the second its memory is watched."""
    with Proxy(farm.broker.port) as proxy:
        monitor = farm.monitor("--broker-port", str(proxy.port))
        turbines = farm.load(*LIGHT_LOAD, "--outbox", farm.folder / "outbox")
        chaos = Chaos(farm, proxy, monitor, turbines)
        chaos.go_on(SECONDS / 2, chaos.kill_monitor, *chaos.others())
        sizes = Sizes()
        for _ in range(SLICES):
            sizes.look_at(chaos.monitor)
            chaos.go_on(SECONDS / 2 / SLICES, *chaos.others())
        sizes.look_at(chaos.monitor)
        verdict = farm.verdict(chaos.turbines, unrecorded=chaos.done["kill turbines"])
        farm.close()
    assert max(sizes.files) <= sizes.files[0] + MORE_FILES
    how = ", ".join(f"{fault} {count}" for fault, count in sorted(chaos.done.items()))
    figures.note("F18", f"{SECONDS:.0f} s: {how}", verdict, sizes)
