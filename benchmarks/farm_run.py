"""One run of the real programs over a file: broker, monitor, replayed turbines, and reports of outages."""

import json
import sqlite3
import subprocess
import tempfile
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import datetime
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Any

from benchmarks.broker import Broker
from benchmarks.consumers import monitor_command
from benchmarks.programs import PROGRAMS, BenchmarkError, Program, wait_for
from benchmarks.scada_files import Stop
from grid.times import as_datetime
from monitor.demo_broker import find_free_port

REPLAY_SECONDS = 600.0
_WAITING = "SELECT (SELECT count(*) FROM window_marks) + (SELECT count(*) FROM outages_to_figure)"
_BATCH = 1000


@dataclass(frozen=True, slots=True)
class Seen:
    """Outages of one type of a turbine or another controller, as the monitor has them."""

    outages: int
    hours: float
    """What of their time the turbine was down."""
    lost_kwh: float
    """As far as it is known."""


class FarmRun:
    """The monitor of a run, with what it has made of what it heard."""

    def __init__(self, folder: Path, broker: Broker, *, tolerance_minutes: float) -> None:
        self._folder = folder
        self._broker = broker
        self._tolerance_minutes = tolerance_minutes
        self._http_port = find_free_port()
        self._monitor: Program

    @property
    def data_dir(self) -> Path:
        """The monitor's."""
        return self._folder / "data"

    def replay(self, *options: str | Path) -> None:
        """Send a file's readings as fast as the broker takes them, and have all of them figured."""
        where = ["--broker-host", "127.0.0.1", "--broker-port", str(self._broker.port)]
        command = [PROGRAMS / "grid-turbines", *where, "--speed", "max", "--replay", *options]
        with Program(command, self._folder / "turbines.log") as turbines:
            wait_for(lambda: not turbines.is_running, "the file is replayed", seconds=REPLAY_SECONDS, every=0.1)
            if turbines.process.returncode != 0:
                words = (self._folder / "turbines.log").read_text(errors="replace").splitlines()[-1:]
                raise BenchmarkError(f"grid-turbines has ended with {turbines.process.returncode}: {' '.join(words)}")
        self.begin_again()

    def report(self, reports: Iterable[Mapping[str, Any]]) -> None:
        """Bring reports of outages over HTTP, as lines, and wait until all is figured."""
        lines = [json.dumps(report) for report in reports]
        for start in range(0, len(lines), _BATCH):
            self._post("\n".join(lines[start : start + _BATCH]))
        self.settle()

    def _post(self, lines: str) -> None:
        headers = {"content-type": "application/x-ndjson"}
        with closing(HTTPConnection("127.0.0.1", self._http_port, timeout=60)) as connection:
            connection.request("POST", "/api/v1/outages", lines.encode(), headers)
            answer = connection.getresponse()
            words = answer.read().decode(errors="replace")
        if answer.status >= 300:
            raise BenchmarkError(f"the monitor took no reports: {answer.status} {words[:200]}")

    def begin_again(self) -> None:
        """End the monitor and start it again: then it waits no longer for what may follow in the last windows."""
        self._monitor.end()
        self.start()
        self.settle()

    def start(self) -> None:
        """Start the monitor, and wait until it and its pages are there."""
        command = monitor_command(self._broker.port, self.data_dir, http_port=self._http_port)
        tolerance = str(self._tolerance_minutes * 60)
        command += ["--engineers", "0", "--outage-tolerance", tolerance]
        self._monitor = Program(command, self._folder / "monitor.log")
        wait_for(self._is_up, "the monitor and its pages are there")

    def end(self) -> None:
        """End the monitor."""
        self._monitor.end()

    def settle(self) -> None:
        """Wait until no window and no lost energy is left to be figured."""
        quiet_since = time.monotonic()

        def settled() -> bool:
            nonlocal quiet_since
            self._monitor.usage()
            if self._rows(_WAITING)[0][0]:
                quiet_since = time.monotonic()
            return time.monotonic() - quiet_since > 3

        wait_for(settled, "all is figured", seconds=REPLAY_SECONDS, every=0.2)

    def outages(self, controller_id: str, outage_type: str) -> Seen:
        """The outages of a type of a turbine, or another controller."""
        found = self._rows(
            "SELECT count(*), coalesce(sum(down_seconds), 0), coalesce(sum(lost_energy_in_kwh), 0) FROM outages "
            "WHERE controller_id = ? AND outage_type = ?",
            controller_id,
            outage_type,
        )
        count, seconds, lost = found[0]
        return Seen(int(count), seconds / 3600, lost)

    def times(self, controller_id: str, outage_type: str) -> list[Stop]:
        """From when to when each of the outages lasted, in order; one that goes on up to what was reported last."""
        rows = self._rows(
            "SELECT started_at, ended_at FROM outages WHERE controller_id = ? AND outage_type = ? ORDER BY started_at",
            controller_id,
            outage_type,
        )
        return [Stop(as_datetime(since), as_datetime(until)) for since, until in rows]

    def availability(self, since: datetime, until: datetime) -> dict[int, dict[str, Any]]:
        """The monitor's own account, as its command tells it: by turbine."""
        times = ["--since", since.isoformat(), "--until", until.isoformat()]
        ask: list[str | Path] = [PROGRAMS / "grid-monitor", "availability", "--data-dir", self.data_dir]
        answer = subprocess.run([*ask, *times, "--json"], capture_output=True, text=True, cwd=self._folder, check=True)
        return {line["turbine_number"]: line for line in json.loads(answer.stdout)}

    def _is_up(self) -> bool:
        self._monitor.usage()
        try:
            with closing(HTTPConnection("127.0.0.1", self._http_port, timeout=5)) as connection:
                connection.request("GET", "/health/ready")
                return connection.getresponse().status == 200
        except (OSError, HTTPException):
            return False

    def _rows(self, sql: str, *values: Any) -> Sequence[Any]:
        with closing(sqlite3.connect(f"file:{self.data_dir / 'grid.db'}?mode=ro", uri=True, timeout=30)) as db:
            return db.execute(sql, values).fetchall()


@contextmanager
def farm_run(*, tolerance_minutes: float = 12) -> Iterator[FarmRun]:
    """A broker and a monitor that is ready, in a folder of their own."""
    with tempfile.TemporaryDirectory(prefix="grid-bench-") as name, Broker(Path(name) / "broker") as broker:
        run = FarmRun(Path(name), broker, tolerance_minutes=tolerance_minutes)
        try:
            run.start()
            yield run
        finally:
            run.end()
