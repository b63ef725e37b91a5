"""The processes of a benchmark: started, spoken to, measured and ended. Measures are Linux's, from /proc."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

PATIENCE_SECONDS = 60.0
PROGRAMS = Path(sys.executable).parent
PROJECT = Path(__file__).parents[1]


class BenchmarkError(Exception):
    """A part of the benchmark can't run here: one sentence."""


@dataclass(frozen=True, slots=True)
class Usage:
    """What a process has used up to now."""

    cpu_seconds: float
    peak_memory_mb: float

    @classmethod
    def of(cls, pid: int) -> Self:
        """Ask the system. Raises BenchmarkError if there is no such process, or it has just ended."""
        try:
            # clock_getcpuclockid(3), which Python has for threads only; /proc counts in hundredths of a second.
            cpu_seconds = time.clock_gettime(~pid << 3 | 2)
            status = Path(f"/proc/{pid}/status").read_text()
        except OSError as error:
            raise BenchmarkError(f"process {pid} can't be measured: {error.strerror}") from None
        peak = next((line for line in status.splitlines() if line.startswith("VmHWM:")), None)
        if peak is None:
            raise BenchmarkError(f"process {pid} has ended")
        return cls(cpu_seconds, int(peak.split()[1]) / 1024)


def wait_for(is_true: Callable[[], bool], what: str, *, seconds: float = PATIENCE_SECONDS, every: float = 0.01) -> None:
    """Look again and again until it is true. Raises BenchmarkError when the patience is over."""
    deadline = time.monotonic() + seconds
    while not is_true():
        if time.monotonic() > deadline:
            raise BenchmarkError(f"waited {seconds:.0f} s in vain until {what}")
        time.sleep(every)


class Program:
    """One running program, ended by its own process id. As a context manager it ends with SIGTERM."""

    def __init__(
        self, command: Sequence[str | Path], log: Path, *, output: Path | None = None, core: int | None = None
    ) -> None:
        """Start it in the log's folder, where no grid.toml is.

        `output` takes its standard output, `log` the rest; `core` is the one that it may run on.
        """
        self._name = Path(command[0]).name
        self._log = log
        with log.open("ab") as said, (output or log).open("ab") as out:
            self.process = subprocess.Popen(
                [str(part) for part in command],
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=said,
                cwd=log.parent,
                env=_environment(),
                start_new_session=True,
            )
        if core is not None:
            os.sched_setaffinity(self.process.pid, {core})

    @property
    def is_running(self) -> bool:
        """Whether it has not ended yet."""
        return self.process.poll() is None

    def usage(self) -> Usage:
        """What it has used. Raises BenchmarkError, with its last words, when it has ended."""
        if not self.is_running:
            words = self._log.read_text(errors="replace").splitlines()[-1:]
            raise BenchmarkError(f"{self._name} has ended: {' '.join(words)}")
        return Usage.of(self.process.pid)

    def end(self, number: int = signal.SIGTERM) -> None:
        """Send the signal and wait; kill it if it doesn't end."""
        if self.is_running:
            self.process.send_signal(number)
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.end()


class Speaker:
    """A process of this package that takes and says JSON lines: the load, the scripted broker."""

    def __init__(self, module: str, *options: str, core: int | None = None) -> None:
        self._module = module
        self._process = subprocess.Popen(
            [sys.executable, "-m", f"benchmarks.{module}", *options],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=_environment(),
            start_new_session=True,  # Ctrl-C is for us: we end it
        )
        if core is not None:
            os.sched_setaffinity(self._process.pid, {core})

    def tell(self, **line: Any) -> None:
        """Say one line to it."""
        if self._process.stdin is not None:
            self._process.stdin.write(f"{json.dumps(line)}\n")
            self._process.stdin.flush()

    def hear(self) -> dict[str, Any]:
        """Wait for its next line. Raises BenchmarkError when it has ended."""
        line = self._process.stdout.readline() if self._process.stdout is not None else ""
        if not line:
            raise BenchmarkError(f"benchmarks.{self._module} ended early")
        heard: dict[str, Any] = json.loads(line)
        return heard

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is not None:
            self._process.kill()
        self._process.communicate()


def _environment() -> dict[str, str]:
    """Ours, without the settings that the machine may have for the programs, and with this package in reach."""
    ours = {name: value for name, value in os.environ.items() if not name.upper().startswith("GRID_")}
    reach = [str(PROJECT), *filter(None, [ours.get("PYTHONPATH")])]
    return ours | {"PYTHONPATH": os.pathsep.join(reach)}
