"""The machine's bare fsync, beside which all commits are seen."""

import os
import tempfile
import time
from collections.abc import Sequence

from benchmarks.stopwatch import quantile

BLOCK = b"\0" * 4096


def fsync_milliseconds(count: int = 300) -> list[float]:
    """Append a page and bring it to the disk, again and again, where temporary files are."""
    found = []
    with tempfile.TemporaryFile(prefix="grid-bench-") as file:
        for _ in range(count):
            began = time.perf_counter()
            file.write(BLOCK)
            file.flush()
            os.fsync(file.fileno())
            found.append((time.perf_counter() - began) * 1000)
    return found


def sentence(milliseconds: Sequence[float]) -> str:
    """What was measured of the bare fsync, in words."""
    ordered = sorted(milliseconds)
    p50, p99 = quantile(ordered, 0.5), quantile(ordered, 0.99)
    return f"A bare fsync of 4 KiB, measured in turn: p50 {p50:.2f} ms, p99 {p99:.2f} ms."
