"""A process that plays broker to one monitor: it floods within the Receive Maximum, or sends at a rate.

It knows as much of MQTT 5 as grid-monitor needs to feel at home: sessions are never kept, retained messages forgotten,
and of what is published only the canary's calls are passed on. What it is for are its clocks: it notes when each
reading is sent and when its PUBACK comes, which the monitor sends after its commit.

Speaks JSON lines: says `{"port": ...}`; takes `{"readings": N, "rate": R or null, "turbines": T, "spacing": S}`, with
`"seconds_ago"` where the last readings are to be older than now, waits for a monitor if there is none, and says what
became of it.
"""

import json
import os
import selectors
import socket
import sys
import time
from collections import deque
from dataclasses import asdict

import mqtt5

from benchmarks.load import say
from benchmarks.readings import Farm, whole_packets
from benchmarks.stopwatch import Stopwatch
from grid.topics import MONITOR_CANARY, MONITOR_STATUS, Kind

MOST_IN_ONE_WRITE = 250
_PUBACK_SIZE = 4
_SOON = 0.0005


def leading_pubacks(received: bytes | bytearray) -> int:
    """How many plain PUBACKs (0x40 0x02 and a packet id) stand at the front, before any other packet."""
    whole = len(received) // _PUBACK_SIZE * _PUBACK_SIZE
    types = received[0:whole:_PUBACK_SIZE]
    lengths = received[1:whole:_PUBACK_SIZE]
    return min(len(types) - len(types.lstrip(b"\x40")), len(lengths) - len(lengths.lstrip(b"\x02")))


def _granted(wanted: mqtt5.QoS) -> mqtt5.SubAckReasonCode:
    if wanted == mqtt5.QoS.AT_MOST_ONCE:
        return mqtt5.SubAckReasonCode.GRANTED_QOS_AT_MOST_ONCE
    return mqtt5.SubAckReasonCode.GRANTED_QOS_AT_LEAST_ONCE


class Client:
    """One connection to the scripted broker: the monitor's, or that on which it asks whether it is alone."""

    def __init__(self, connection: socket.socket) -> None:
        self.socket = connection
        self.receive_maximum = 65_535
        self.subscriptions: set[str] = set()
        self.is_ready = False
        """It has said its birth, and wants readings."""
        self._received = bytearray()
        self._unsent: deque[bytes] = deque()

    def hear(self) -> tuple[int, list[mqtt5.Packet]]:
        """Take what is there: the number of PUBACKs, and all other packets. Raises ConnectionError at the end."""
        more = self.socket.recv(262_144)
        if not more:
            raise ConnectionError("hung up")
        self._received += more
        pubacks = 0
        others: list[mqtt5.Packet] = []
        while True:
            if found := leading_pubacks(self._received):
                pubacks += found
                del self._received[: found * _PUBACK_SIZE]
            packet = next(whole_packets(self._received), None)
            if packet is None:
                return pubacks, others
            others.append(mqtt5.read(memoryview(packet))[0])

    def send(self, packets: bytes) -> None:
        """Send, or keep what the socket does not take yet."""
        self._unsent.append(packets)
        self.send_rest()

    def send_rest(self) -> bool:
        """Send what was kept; returns whether all is sent."""
        while self._unsent:
            packets = self._unsent.popleft()
            try:
                taken = self.socket.send(packets)
            except BlockingIOError:
                taken = 0
            if taken < len(packets):
                self._unsent.appendleft(packets[taken:])
                return False
        return True


class _Flood:
    """A farm's readings on their way to one client."""

    def __init__(self, farm: Farm, rate: float | None) -> None:
        self._packets = farm.packets_in_order()
        self._rate = rate
        self._room_was_short = False
        self.sent = 0
        self.acknowledged = 0
        self.cpu_before = 0.0
        self.stopwatch = Stopwatch()

    @property
    def is_over(self) -> bool:
        return self.acknowledged == len(self._packets)

    def begin(self) -> None:
        self.cpu_before = time.process_time()
        self.stopwatch.start(time.monotonic())

    def acknowledge(self, count: int) -> None:
        self.acknowledged += count
        self.stopwatch.acknowledged(self.acknowledged, time.monotonic())

    def top_up(self, client: Client) -> float | None:
        """Send what is due and has room; returns in how many seconds more will be due, None when only room lacks."""
        now = time.monotonic()
        since = now - self.stopwatch.started
        due = len(self._packets) if self._rate is None else min(len(self._packets), 1 + int(since * self._rate))
        end = min(due, self.acknowledged + client.receive_maximum)
        while self.sent < end and client.send_rest():
            until = min(end, self.sent + MOST_IN_ONE_WRITE)
            self._note(until, now)
            client.send(b"".join(self._packets[self.sent : until]))
            self.sent = until
        self._room_was_short = self._rate is not None and end < due
        if self._rate is None or self._room_was_short or due == len(self._packets):
            return None if client.send_rest() else _SOON
        return max(0.0, due / self._rate - (time.monotonic() - self.stopwatch.started))

    def _note(self, until: int, now: float) -> None:
        """Readings that waited for room count from when they were due, not from when the monitor let them in."""
        if self._room_was_short and self._rate is not None:
            now = min(now, self.stopwatch.started + self.sent / self._rate)
        self.stopwatch.sent(until, now)


class ScriptedBroker:
    """Listens on a free port of 127.0.0.1, and does as it is told on standard input."""

    def __init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._selector = selectors.SelectSelector()  # to the microsecond, where epoll waits whole milliseconds
        self._clients: list[Client] = []
        self._wanted: deque[_Flood] = deque()
        self._flood: _Flood | None = None
        self._monitor: Client | None = None
        self._told = b""

    def run(self) -> None:
        """Serve until standard input ends."""
        self._selector.register(self._listener, selectors.EVENT_READ)
        self._selector.register(sys.stdin.fileno(), selectors.EVENT_READ)
        say({"port": self._listener.getsockname()[1]})
        pause: float | None = None
        while True:
            for key, _ in self._selector.select(pause):
                if key.fileobj is self._listener:
                    self._accept()
                elif isinstance(key.data, Client):
                    self._serve(key.data)
                elif not self._take_orders():
                    return
            pause = self._go_on()

    def _accept(self) -> None:
        connection, _ = self._listener.accept()
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection.setblocking(False)
        client = Client(connection)
        self._clients.append(client)
        self._selector.register(connection, selectors.EVENT_READ, client)

    def _take_orders(self) -> bool:
        """Read what we are told; False at the end of it."""
        more = os.read(sys.stdin.fileno(), 65_536)
        *lines, self._told = (self._told + more).split(b"\n")
        for line in lines:
            order = json.loads(line)
            until = time.time_ns() // 1000 - int(order["seconds_ago"] * 1_000_000)
            farm = Farm(order["turbines"], order["readings"], spacing=order["spacing"], until=until)
            self._wanted.append(_Flood(farm, order.get("rate")))
        return bool(more)

    def _go_on(self) -> float | None:
        if self._flood is None and self._wanted and self._monitor is not None:
            self._flood = self._wanted.popleft()
            self._flood.begin()
        if self._flood is None or self._monitor is None:
            return None
        return self._flood.top_up(self._monitor)

    # --- one client

    def _serve(self, client: Client) -> None:
        try:
            pubacks, packets = client.hear()
            if pubacks and self._flood is not None:
                self._flood.acknowledge(pubacks)
                if self._flood.is_over:
                    self._report()
            for packet in packets:
                self._answer(client, packet)
        except (OSError, ValueError):  # gone, or not MQTT 5
            self._forget(client)

    def _answer(self, client: Client, packet: mqtt5.Packet) -> None:
        if isinstance(packet, mqtt5.ConnectPacket):
            client.receive_maximum = packet.receive_max
            client.send(mqtt5.ConnAckPacket(receive_max=1000).write())
        elif isinstance(packet, mqtt5.SubscribePacket):
            client.subscriptions |= {topic_filter.pattern for topic_filter in packet.topic_filters}
            granted = [_granted(wanted.max_qos) for wanted in packet.topic_filters]
            client.send(mqtt5.SubAckPacket(packet.packet_id, granted).write())
        elif isinstance(packet, mqtt5.PublishPacket):
            self._take(client, packet)
        elif isinstance(packet, mqtt5.PingReqPacket):
            client.send(mqtt5.PingRespPacket().write())
        elif isinstance(packet, mqtt5.DisconnectPacket):
            raise ConnectionResetError("said goodbye")

    def _take(self, client: Client, packet: mqtt5.PublishPacket) -> None:
        if packet.packet_id is not None:
            client.send(mqtt5.PubAckPacket(packet.packet_id).write())
        if packet.topic == MONITOR_CANARY:
            for listener in self._clients:
                if MONITOR_CANARY in listener.subscriptions:
                    listener.send(mqtt5.PublishPacket(packet.topic, packet.payload).write())
        elif packet.topic == MONITOR_STATUS and Kind.METRICS.every_turbine in client.subscriptions:
            self._monitor = client

    def _forget(self, client: Client) -> None:
        self._selector.unregister(client.socket)
        client.socket.close()
        self._clients.remove(client)
        if client is self._monitor:
            self._monitor = None
            if self._flood is not None:
                self._report()

    def _report(self) -> None:
        """Say what became of the flood: acknowledged in part when the monitor went away."""
        if self._flood is not None:
            delivery = self._flood.stopwatch.delivery()
            receive_maximum = self._monitor.receive_maximum if self._monitor is not None else None
            busy = time.process_time() - self._flood.cpu_before
            say({**asdict(delivery), "receive_maximum": receive_maximum, "cpu_seconds": busy})
            self._flood = None


if __name__ == "__main__":
    ScriptedBroker().run()
