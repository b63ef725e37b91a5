"""What takes readings from a broker and stores them: the reference, the monitor, and the peers."""

import importlib.util
import sqlite3
import sys
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from benchmarks.peers import node_red
from benchmarks.programs import PROGRAMS
from grid.topics import Kind
from monitor.demo_broker import find_free_port

EVERY_READING = Kind.METRICS.every_turbine

Command = list[str | Path]


@dataclass(frozen=True, slots=True)
class Run:
    """One run of one consumer."""

    folder: Path
    """Empty, and its own."""
    port: int
    """Of the broker, on 127.0.0.1."""
    readings: int
    """How many will be sent."""
    settings: Path | None = None
    """The monitor's settings file, where it needs one to enter the broker."""


@dataclass(frozen=True, slots=True)
class Consumer:
    """How it is started, and how many readings it has stored, asked from outside."""

    name: str
    command: Callable[[Run], Command]
    stored: Callable[[Run], int]
    """A quick look, while it runs."""
    distinct: Callable[[Run], int]
    """How many different readings are there, when it has ended."""
    share: float = 1.0
    """Of the readings that a fast one is sent, so that a slow one does not take minutes."""
    output: str | None = None
    """A file in its folder that takes its standard output."""


def mosquitto_sub() -> Consumer:
    """The reference: the C client, which keeps a session and stores nothing durably."""

    def command(run: Run) -> Command:
        client = ["mosquitto_sub", "-h", "127.0.0.1", "-p", str(run.port), "-q", "1", "-c", "-i", "reference"]
        return [*client, "-t", EVERY_READING, "-C", str(run.readings)]

    return Consumer("mosquitto_sub -q 1 > file", command, _lines, _lines, output="readings")


def grid_monitor() -> Consumer:
    """The monitor as its users run it."""

    def command(run: Run) -> Command:
        command = monitor_command(run.port, run.folder)
        return command if run.settings is None else [*command, "--config", run.settings]

    return Consumer(
        "grid-monitor",
        command,
        lambda run: last_row(run.folder / "grid.db"),
        lambda run: distinct_readings(run.folder / "grid.db"),
    )


def monitor_command(port: int, data_dir: Path, *, http_port: int = 0) -> Command:
    """Run the monitor on a broker at this port of 127.0.0.1, with its pages at `http_port`, or without any."""
    where = ["--broker-host", "127.0.0.1", "--broker-port", str(port), "--http-port", str(http_port)]
    return [PROGRAMS / "grid-monitor", *where, "--data-dir", data_dir, "--log-format", "lines"]


def python_peers() -> list[Consumer]:
    """The loops that most people would write, and the faster clients."""
    peers = [
        _python("aiomqtt 2.5, one by one", "aiomqtt_one_by_one", "V5", share=0.1),
        _python("aiomqtt 2.5, batches of 100", "aiomqtt_batches", "V5", share=0.2),
        _python("the same over MQTT 3.1.1", "aiomqtt_batches", "V311", share=0.2),
        _python("gmqtt, batches of 500", "gmqtt_batches", share=0.5),
    ]
    if importlib.util.find_spec("pymosquitto"):
        peers.append(_python("pymosquitto, batches of 500", "pymosquitto_batches", share=0.5))
    return peers


def node_red_peer(installed: Path) -> Consumer:
    """Node-RED, as it was installed into this folder."""

    def command(run: Run) -> Command:
        return node_red.command(installed, run.folder, run.port, _peers_database(run), find_free_port())

    return _storing("Node-RED, batches of 500", command, share=0.2)


def _python(name: str, module: str, *options: str, share: float) -> Consumer:
    def command(run: Run) -> Command:
        return [sys.executable, "-m", f"benchmarks.peers.{module}", str(run.port), _peers_database(run), *options]

    return _storing(name, command, share=share)


def _storing(name: str, command: Callable[[Run], Command], *, share: float) -> Consumer:
    return Consumer(
        name,
        command,
        lambda run: last_row(_peers_database(run)),
        lambda run: distinct_readings(_peers_database(run)),
        share,
    )


def _peers_database(run: Run) -> Path:
    return run.folder / "readings.db"


def _lines(run: Run) -> int:
    path = run.folder / "readings"
    return path.read_bytes().count(b"\n") if path.exists() else 0


def last_row(database: Path) -> int:
    """The number of the row that was inserted last, which costs the database nothing; 0 while there is none."""
    return _ask(database, "SELECT coalesce(max(rowid), 0) FROM readings")


def distinct_readings(database: Path) -> int:
    """How many different readings are stored."""
    return _ask(database, "SELECT count(*) FROM (SELECT DISTINCT turbine_number, emitted_at FROM readings)")


def _ask(database: Path, question: str) -> int:
    try:
        with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as connection:
            return int(connection.execute(question).fetchone()[0])
    except sqlite3.OperationalError:  # not there yet, or its table isn't
        return 0
