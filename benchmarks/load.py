"""The load: a process of its own that publishes as a farm's turbines do, one connection each, at QoS 1.

All packets are encoded before the clock starts. Each connection has a bounded number unacknowledged, and PUBACKs are
counted by their bytes: the load takes a fifth of the time that the broker takes. It speaks JSON lines: says
`{"ready": true}`, waits for a line, publishes, and says what became of it.
"""

import argparse
import contextlib
import json
import resource
import selectors
import socket
import ssl
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import mqtt5

from benchmarks.readings import SPACING, Farm, packet_length
from grid.broker import Tls
from grid.tls import tls_context

WINDOW = 100
"""How many readings of one turbine may be unacknowledged."""

PAUSE_SECONDS = 0.006
"""Between two looks at the PUBACKs: in that time they gather, and one look takes them all."""

PACED_PAUSE_SECONDS = 0.001
"""The same at a given rate, which is to be even."""

KEEP_ALIVE_SECONDS = 120


@dataclass(frozen=True, slots=True)
class Published:
    """What became of it. Times are of the machine's monotonic clock, which all processes share."""

    first_sent: float
    last_acknowledged: float
    cpu_seconds: float
    """The load's own, between these two."""


class _Turbine:
    """One turbine's connection."""

    __slots__ = ("_ack_bytes", "_ack_size", "_packets", "_sent", "_unsent", "due", "socket")

    def __init__(self, port: int, client_id: str, packets: list[bytes], tls: Tls | None) -> None:
        self.socket = _connect(port, client_id, tls)
        self.due = 0
        self._packets = packets
        self._sent = 0
        self._unsent = b""
        self._ack_bytes = 0
        self._ack_size = 0

    @property
    def acknowledged(self) -> int:
        return self._ack_bytes // self._ack_size if self._ack_size else 0

    def hear(self) -> int:
        """Take what PUBACKs are there; returns how many came whole. Raises ConnectionError."""
        before = self.acknowledged
        self._take(self.socket.recv(65_536))
        if isinstance(self.socket, ssl.SSLSocket):  # each of its PUBACKs is a record of its own
            with contextlib.suppress(ssl.SSLWantReadError):
                while True:
                    self._take(self.socket.recv(65_536))
        return self.acknowledged - before

    def _take(self, received: bytes) -> None:
        if not received:
            raise ConnectionError("the broker hung up on the load")
        # They are all alike: four bytes, or five with the reason "no matching subscribers".
        self._ack_size = self._ack_size or packet_length(received) or 4
        self._ack_bytes += len(received)

    def send(self) -> None:
        """Send what is due and has room in the window, as far as the socket takes it."""
        end = min(self.due, self.acknowledged + WINDOW)
        if end > self._sent:
            self._unsent += b"".join(self._packets[self._sent : end])
            self._sent = end
        if self._unsent:
            try:
                taken = self.socket.send(self._unsent)
            except (BlockingIOError, ssl.SSLWantWriteError):
                return
            self._unsent = self._unsent[taken:]

    @property
    def is_behind(self) -> bool:
        return bool(self._unsent)


def _connect(port: int, client_id: str, tls: Tls | None) -> socket.socket:
    connection = socket.create_connection(("127.0.0.1", port), timeout=20)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    if (context := tls_context(tls)) is not None:
        context.sslsocket_class = ssl.SSLSocket  # the load need not know over what a line broke, and is faster so
        connection = context.wrap_socket(connection, server_hostname="127.0.0.1")
    connection.sendall(mqtt5.ConnectPacket(client_id, clean_start=True, keep_alive=KEEP_ALIVE_SECONDS).write())
    received = connection.recv(2)
    while (length := packet_length(received)) is None or len(received) < length:
        if not (more := connection.recv(256)):
            raise ConnectionError("the broker hangs up at the load's CONNECT")
        received += more
    connection.setblocking(False)
    return connection


def _files(secure: Path | None, place: int) -> Tls | None:
    if secure is None:
        return None
    folder = secure / "turbines" / str(place + 1)
    return Tls(*(str(folder / name) for name in ("ca.crt", "client.crt", "client.key")))


class Load:
    """A farm that is connected, and publishes once."""

    def __init__(self, farm: Farm, port: int, secure: Path | None = None) -> None:
        self._farm = farm
        self._turbines = [
            _Turbine(port, f"load-{place}-{farm.session}", farm.packets_of(place), _files(secure, place))
            for place in range(farm.turbines)
        ]
        self._selector = selectors.DefaultSelector()
        for turbine in self._turbines:
            self._selector.register(turbine.socket, selectors.EVENT_READ, turbine)
        self._due = 0

    def publish(self, rate: float | None) -> Published:
        """Publish all of it, as fast as the broker takes it or `rate` a second; returns after the last PUBACK."""
        cpu = time.process_time()
        started = time.monotonic()
        acknowledged = 0
        behind: set[_Turbine] = set()
        while acknowledged < self._farm.readings:
            touched = behind | self._what_is_due(started, rate)
            for key, _ in self._selector.select(0):
                acknowledged += key.data.hear()
                touched.add(key.data)
            for turbine in touched:
                turbine.send()
            behind = {turbine for turbine in touched if turbine.is_behind}
            time.sleep(PAUSE_SECONDS if rate is None else PACED_PAUSE_SECONDS)
        return Published(started, time.monotonic(), time.process_time() - cpu)

    def _what_is_due(self, started: float, rate: float | None) -> set[_Turbine]:
        """The turbines that have readings to send which they had not at the last look."""
        readings = self._farm.readings
        due = readings if rate is None else min(readings, 1 + int((time.monotonic() - started) * rate))
        touched = set()
        count = len(self._turbines)
        for place in range(self._due, min(due, self._due + count)):
            turbine = self._turbines[place % count]
            turbine.due = (due - 1 - place % count) // count + 1
            touched.add(turbine)
        self._due = due
        return touched

    def close(self) -> None:
        """Hang up, with a DISCONNECT."""
        for turbine in self._turbines:
            turbine.socket.send(mqtt5.DisconnectPacket().write())
            turbine.socket.close()
        self._selector.close()


def main() -> None:
    """Run as a program."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--port", type=int, required=True)
    options.add_argument("--turbines", type=int, default=100)
    options.add_argument("--readings", type=int, default=100_000)
    options.add_argument("--rate", type=float, help="readings a second in all; else as fast as the broker takes them")
    options.add_argument("--spacing", type=int, default=SPACING, help="microseconds between a turbine's readings")
    options.add_argument("--secure", type=Path, help="folder of grid-monitor secure: enter over TLS, each as itself")
    chosen = options.parse_args()
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    load = Load(Farm(chosen.turbines, chosen.readings, spacing=chosen.spacing), chosen.port, chosen.secure)
    say({"ready": True})
    sys.stdin.readline()
    published = load.publish(chosen.rate)
    say(
        {
            "first_sent": published.first_sent,
            "last_acknowledged": published.last_acknowledged,
            "cpu_seconds": published.cpu_seconds,
        }
    )
    sys.stdin.readline()  # hold the connections until we are told to go
    load.close()


def say(line: dict[str, object]) -> None:
    """One JSON line to who started us."""
    sys.stdout.write(f"{json.dumps(line)}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
