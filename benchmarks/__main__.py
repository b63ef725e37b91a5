"""The command: chosen parts, one after the other, each as a table as soon as it is done."""

import argparse
import os
import platform
import signal
import sqlite3
import sys
import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

from benchmarks.parts import ALL_PARTS, DEFAULT_PARTS, FULL, QUICK, Parts, Size
from benchmarks.programs import BenchmarkError
from benchmarks.readings import Farm
from monitor.demo_broker import LocalBrokerError


def say(sentence: str) -> None:
    """Progress, beside the tables."""
    sys.stderr.write(f"{sentence}\n")
    sys.stderr.flush()


def show(text: str) -> None:
    """A part of the result."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def machine() -> str:
    """What the figures were measured on, in a line."""
    size = len(Farm(100, 100_000).reading(50_000).to_json())
    return (
        f"{os.cpu_count()} cores, {platform.system()} {platform.machine()}, Python {platform.python_version()}, "
        f"SQLite {sqlite3.sqlite_version}; readings of {size} bytes; load before: {os.getloadavg()[0]:.1f}."
    )


def read_arguments(arguments: Sequence[str]) -> argparse.Namespace:
    """Read the command line; ends the process with exit code 2 where it is wrong."""
    options = argparse.ArgumentParser(prog="python -m benchmarks", description="Measure Grid beside its peers.")
    options.add_argument(
        "parts",
        nargs="*",
        metavar="PART",
        help=f"of {', '.join(ALL_PARTS)}; default: {', '.join(DEFAULT_PARTS)}",
    )
    options.add_argument("--quick", action="store_true", help="a look in under two minutes; figures are rough")
    options.add_argument("--rounds", type=int, help=f"how often each is measured, in turn; default {FULL.rounds}")
    options.add_argument("--rows", type=int, help=f"readings in the full database; default {FULL.rows}")
    options.add_argument("--node-red", type=Path, metavar="FOLDER", help="where Node-RED is, or is to be kept")
    options.add_argument("--real-data", type=Path, metavar="FOLDER", help="where the real wind farms' files are")
    chosen = options.parse_args(arguments)
    if unknown := [part for part in chosen.parts if part not in ALL_PARTS]:
        options.error(f"no such part: {', '.join(unknown)}")
    return chosen


def chosen_size(chosen: argparse.Namespace) -> Size:
    """The size of the run that the command line asks for."""
    given = {name: value for name in ("rounds", "rows") if (value := getattr(chosen, name)) is not None}
    return replace(QUICK if chosen.quick else FULL, **given)


def main() -> int:
    """Run the chosen parts; the exit code is 1 when a part could not run. A missed bar is a result, not an error."""
    chosen = read_arguments(sys.argv[1:])
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))  # what was started ends with us
    failed = missed = 0
    began = time.monotonic()
    show(f"{machine()}\n")
    with ExitStack() as stack:
        parts = Parts(
            chosen_size(chosen), stack, node_red_folder=chosen.node_red, real_data_folder=chosen.real_data, say=say
        )
        for name in chosen.parts or DEFAULT_PARTS:
            try:
                for table in parts.run(name):
                    missed += table.missed
                    show(str(table))
            except (BenchmarkError, LocalBrokerError) as error:
                failed += 1
                show(f"{name}: {error}\n")
    show(f"Bars missed: {missed}. It took {time.monotonic() - began:.0f} s.")
    return 1 if failed else 0


if __name__ == "__main__":
    try:
        raise SystemExit(main())
    except KeyboardInterrupt:
        raise SystemExit(130) from None
