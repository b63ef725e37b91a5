"""Files of a run for checkers: every reading as it was emitted, and the truth of each anomaly and of chaos."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from io import FileIO
from pathlib import Path
from types import TracebackType
from typing import Self

from grid.errors import CommandError
from grid.metrics import TurbineMetrics
from grid.times import format_time
from turbine.chaos import Disturbance
from turbine.faults import Anomaly


class LineFile:
    """Appends lines to a file, each in one write, so that a killed process leaves whole lines.

    Without a path it takes lines and keeps nothing. Raises CommandError when the file can't be opened or written.
    """

    def __init__(self, path: Path | None) -> None:
        self._path = path
        with self._writable():
            self._file = None if path is None else path.open("ab", buffering=0)

    def write_reading(self, reading: TurbineMetrics) -> None:
        """Append a reading as it goes over the wire."""
        if self._file is not None:
            self._write(self._file, reading.to_json())

    def write_anomaly(self, anomaly: Anomaly) -> None:
        """Append an anomaly, with its time as the wire writes it."""
        if self._file is not None:
            truth = asdict(anomaly) | {"emitted_at": format_time(anomaly.emitted_at)}
            self._write(self._file, json.dumps(truth).encode())

    def write_disturbance(self, disturbance: Disturbance) -> None:
        """Append one thing that chaos did."""
        if self._file is not None:
            truth = {name: value for name, value in asdict(disturbance).items() if value is not None}
            self._write(self._file, json.dumps(truth).encode())

    def _write(self, file: FileIO, line: bytes) -> None:
        with self._writable():
            file.write(line + b"\n")

    @contextmanager
    def _writable(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise CommandError(f"{self._path} can't be written: {error.strerror}") from None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._file is not None:
            self._file.close()
