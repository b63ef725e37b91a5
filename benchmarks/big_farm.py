"""A monitor of a farm that is not there, for the pages: `python -m benchmarks.big_farm DATA_DIR --turbines 5000`.

It speaks as the running monitor does to those who follow it, so that `grid-monitor serve` on the same data folder
shows a farm of any size. Every second every turbine has a new reading, and a few change how they stand. The data
folder gets a database, which stays empty.
"""

import argparse
import asyncio
import json
import signal
import sys
import time
from collections import Counter
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

from grid.times import SECOND, format_time
from monitor.control import Answer, control_door
from monitor.store import DATABASE
from monitor.store.ledger import Ledger

TELL_EVERY_SECONDS = 1.0
CHANGING_EVERY = 500
"""One turbine in so many goes offline, each second."""
OFFLINE_SECONDS = 5
"""Then it is back."""

ENGINEERS = 3
REGIONS = ("North", "East", "South", "West", "Sea")
RATED_POWER_IN_KW = 2000.0

Document = dict[str, Any]


class BigFarm:
    """The turbines, and what is told of them. Everything follows from the number of the second."""

    def __init__(self, turbines: int, *, started: int) -> None:
        self._numbers = range(1, turbines + 1)
        self._started = started
        self.second = 0

    def next_delta(self) -> Document:
        """A second later: what has changed."""
        self.second += 1
        changed = [number for number in self._numbers if self._seconds_since_lost(number) in (0, OFFLINE_SECONDS)]
        only_read = sorted(set(self._numbers).difference(changed))
        readings = {
            "turbine_number": only_read,
            "reading_age_seconds": [0.1] * len(only_read),
            "wind_speed": [self._wind_speed(number) for number in only_read],
            "power_output_in_kwh": [round(self._power(number) / 3600, 4) for number in only_read],
            "mean_power_in_kw": [self._power(number) for number in only_read],
        }
        rows = [self._row(number) for number in changed]
        return {"kind": "delta", "at": self._at(), "turbines": rows, "readings": readings, "farm": self._farm()}

    def snapshot(self) -> Document:
        """The whole farm, worst first."""
        rows = [self._row(number) for number in sorted(self._numbers, key=self._is_ok)]
        return {"kind": "snapshot", "at": self._at(), "turbines": rows, "farm": self._farm()}

    def _at(self) -> str:
        return format_time(self._started + self.second * SECOND)

    def _is_ok(self, number: int) -> bool:
        """A hundredth is not: those that were lost last, in turn."""
        return self._seconds_since_lost(number) >= OFFLINE_SECONDS

    def _seconds_since_lost(self, number: int) -> int:
        return (self.second - number) % CHANGING_EVERY

    def _wind_speed(self, number: int) -> float:
        return round(8.0 + (number * 7 + self.second * 3) % 50 / 10, 1)

    def _power(self, number: int) -> float:
        return round(self._wind_speed(number) * 120.0, 1) if self._is_ok(number) else 0.0

    def _row(self, number: int) -> Document:
        at = self._at()
        row: Document = {
            "turbine_number": number,
            "standing": "ok" if self._is_ok(number) else "offline",
            "state": "ok" if self._is_ok(number) else "offline",
            "why": [] if self._is_ok(number) else ["lost, for", {"since": at}],
            "link": "online" if self._is_ok(number) else "offline",
            "health": "ok",
            "region": REGIONS[number % len(REGIONS)],
            "model": "E-82",
            "rated_power_in_kw": RATED_POWER_IN_KW,
            "wind_speed": self._wind_speed(number),
            "power_output_in_kwh": round(self._power(number) / 3600, 4),
            "mean_power_in_kw": self._power(number),
            "emitted_at": at,
            "received_at": at,
            "missing": 0,
        }
        return row | ({"online_since": format_time(self._started)} if self._is_ok(number) else {})

    def _farm(self) -> Document:
        standings = Counter("ok" if self._is_ok(number) else "offline" for number in self._numbers)
        count = len(self._numbers)
        started = format_time(self._started)
        return {
            "totals": {
                "turbines": count,
                "by_standing": dict(standings),
                "engineers": ENGINEERS,
                "engineers_free": ENGINEERS,
                "engineers_out": 0,
                "waiting": 0,
                "longest_wait_since": None,
                "readings_per_second": float(count),
                "missing": 0,
                "mean_power_in_kw": sum(map(self._power, self._numbers)),
                "wind_speed": sum(map(self._wind_speed, self._numbers)) / count,
                "reporting": standings["ok"],
            },
            "engineers": [{"engineer": engineer, "turbine_number": None} for engineer in range(1, ENGINEERS + 1)],
            "waiting": [],
            "troubles": [],
            "monitor": {
                "running": True, "version": "0", "session": "big", "started_at": started, "connected": True,
                "since": started,
            },
            "alarms": {
                "unacknowledged": 0, "active": 0, "highest": None, "suppressed": 0, "silenced": 0, "changes": 0,
            },
        }  # fmt: skip


async def tell(data_dir: Path, turbines: int) -> None:
    """Be the monitor of this data folder until a signal."""
    Ledger.open(data_dir / DATABASE).close()
    farm = BigFarm(turbines, started=time.time_ns() // 1000)
    news = asyncio.Condition()
    latest = b""

    async def follow() -> AsyncGenerator[bytes, None]:
        yield to_line(farm.snapshot())
        while True:
            async with news:
                await news.wait()
            yield latest

    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    async with control_door(data_dir, refuse, follow):
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        while not stop.is_set():
            await asyncio.sleep(TELL_EVERY_SECONDS)
            latest = to_line(farm.next_delta())
            async with news:
                news.notify_all()


async def refuse(request: Answer) -> Answer:
    """Nobody can be sent to a turbine that is not there."""
    del request
    return {"accepted": False, "sentence": "this farm is made up"}


def to_line(document: Document) -> bytes:
    """As the monitor writes it."""
    return json.dumps(document, separators=(",", ":")).encode()


def main() -> None:
    """Run as a program."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("data_dir", type=Path)
    options.add_argument("--turbines", type=int, default=5000)
    chosen = options.parse_args()
    asyncio.run(tell(chosen.data_dir, chosen.turbines))


if __name__ == "__main__":
    main()
