"""The readings that a benchmark sends, encoded before its clock starts."""

import secrets
import time
from collections.abc import Iterator
from dataclasses import dataclass, field

import mqtt5

from grid.metrics import OperationalStatus, TurbineMetrics
from grid.topics import Kind

SPACING = 1_000
"""Microseconds between two readings of a turbine: short, so that each run's readings are newer than those before."""

SECOND_SPACING = 1_000_000
"""The same where the minutes of event time are to go by as on a farm: each holds 60 readings of a turbine."""

PACKET_IDS = 65_000
"""Packet ids are used again after so many; what is unacknowledged at once stays far below."""

BROKEN_EVERY = 10_000
"""A turbine breaks once in so many of its readings, at a reading that differs from turbine to turbine."""
BROKEN_FOR = 20


def _session() -> str:
    return f"{time.time_ns() // 1_000_000}-{secrets.token_hex(4)}"


@dataclass(frozen=True, slots=True)
class Farm:
    """So many turbines that take so many readings together, the last of them now; dealt to the turbines in turn."""

    turbines: int
    readings: int
    first_number: int = 1
    spacing: int = SPACING
    session: str = field(default_factory=_session)
    until: int = field(default_factory=lambda: time.time_ns() // 1000)
    """UTC in microseconds: when the last readings are taken."""

    def reading(self, index: int) -> TurbineMetrics:
        """The reading of this index, 0 to `readings` - 1: what `grid-turbines` sends in a static wind, and breaks."""
        sequence, place = divmod(index, self.turbines)
        to_come = (self.readings - 1) // self.turbines - sequence
        broken = (sequence + 97 * place) % BROKEN_EVERY >= BROKEN_EVERY - BROKEN_FOR
        return TurbineMetrics(
            turbine_number=self.first_number + place,
            wind_speed=7.0 + index % 1000 / 250,
            power_output_in_kwh=0.25 + index % 1000 / 4000,
            operational_status=OperationalStatus.BROKEN if broken else OperationalStatus.OK,
            emitted_at=self.until - to_come * self.spacing,
            session=self.session,
            sequence=sequence,
        )

    def packet(self, index: int, *, packet_id: int) -> bytes:
        """The reading as an MQTT 5 PUBLISH at QoS 1."""
        reading = self.reading(index)
        topic = Kind.METRICS.of(reading.turbine_number)
        publish = mqtt5.PublishPacket(topic, reading.to_json(), qos=mqtt5.QoS.AT_LEAST_ONCE, packet_id=packet_id)
        return publish.write()

    def packets_in_order(self) -> list[bytes]:
        """All readings as one broker delivers them on one connection."""
        return [self.packet(index, packet_id=index % PACKET_IDS + 1) for index in range(self.readings)]

    def packets_of(self, place: int) -> list[bytes]:
        """The readings of one turbine, counted from 0, as it sends them on its own connection."""
        indices = range(place, self.readings, self.turbines)
        return [self.packet(index, packet_id=count % PACKET_IDS + 1) for count, index in enumerate(indices)]


def packet_length(received: bytes | bytearray, offset: int = 0) -> int | None:
    """The length of the MQTT packet that begins at `offset`, header included; None while its length is not all there.

    MQTT 5, section 1.5.5: the remaining length has seven bits in each byte, the lowest first. Raises ValueError.
    """
    remaining = 0
    for place in range(4):
        if offset + 1 + place >= len(received):
            return None
        byte = received[offset + 1 + place]
        remaining += (byte & 0x7F) << (7 * place)
        if byte < 0x80:
            return 2 + place + remaining
    raise ValueError("not MQTT: the remaining length has more than four bytes")


def whole_packets(received: bytearray) -> Iterator[bytes]:
    """Take the complete packets off the front, one at a time."""
    while (length := packet_length(received)) is not None and len(received) >= length:
        packet = bytes(received[:length])
        del received[:length]
        yield packet
