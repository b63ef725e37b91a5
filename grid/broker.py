"""A broker and how to enter it, as plain values: nothing here knows a library."""

import typing
from dataclasses import dataclass, field
from enum import StrEnum

CONNECT_TIMEOUT_SECONDS = 5.0
ANSWER_TIMEOUT_SECONDS = 10.0
HANG_UP_SECONDS = 0.5
"""How long the broker may take to close the connection after our DISCONNECT."""

KEEP_ALIVE_SECONDS = 10
WILL_DELAY_SECONDS = 5
"""How long a broker waits for us to come back before it publishes our will: MQTT 5 only."""

PERSISTENT_SESSION_SECONDS = 7 * 24 * 3600
"""How long a broker keeps a persistent session: as long as `persistent_client_expiration` in mosquitto.conf."""

CLEAN_SESSION_SECONDS = 30
"""A will is delayed no longer than its session lives: even a clean session must outlast the will's delay."""


class Protocol(StrEnum):
    """The version of MQTT to speak; `auto` tries 5 first."""

    AUTO = "auto"
    V5 = "5"
    V311 = "3.1.1"


@dataclass(frozen=True, slots=True)
class Tls:
    """Files for TLS 1.2 or later: whom to trust, and who we are. Missing files raise OSError at connect."""

    cafile: str | None = None
    certfile: str | None = None
    keyfile: str | None = None


@dataclass(frozen=True, slots=True)
class Broker:
    """Where the broker is and how to enter."""

    host: str = "localhost"
    port: int = 1883
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    tls: Tls | None = None
    protocol: Protocol = Protocol.AUTO

    def __str__(self) -> str:
        return f"{self.host}:{self.port}"


@dataclass(frozen=True, slots=True)
class Will:
    """The last will: retained, QoS 1, published by the broker when it loses us for longer than the delay."""

    topic: str
    payload: bytes
    delay_seconds: int = WILL_DELAY_SECONDS


class Message(typing.Protocol):
    """What arrived, whatever client brought it: the packet itself, where that spares another object."""

    @property
    def topic(self) -> str:
        """Where it was published."""

    @property
    def payload(self) -> bytes:
        """What was published."""

    @property
    def qos(self) -> int:
        """0 or 1: to be compared with a number by ==, and no more."""

    @property
    def retain(self) -> bool:
        """Whether the broker remembered it, and has not just heard it."""

    @property
    def packet_id(self) -> int | None:
        """What names it in its acknowledgement; 0 or None at QoS 0."""

    @property
    def correlation_data(self) -> bytes | None:
        """What an answer is to carry; MQTT 5 only."""


@dataclass(frozen=True, slots=True)
class PlainMessage:
    """A Message made by hand."""

    topic: str
    payload: bytes
    qos: int
    retain: bool
    packet_id: int | None
    correlation_data: bytes | None = None


@dataclass(frozen=True, slots=True)
class Session:
    """What the broker keeps for this client id while it is away, and how much it may send unacknowledged.

    A persistent session (`clean_start=False`) holds subscriptions and unacknowledged messages; with
    `manual_acknowledgement` a message counts as delivered when `Connection.acknowledge` says so, not before.
    """

    clean_start: bool = True
    receive_maximum: int | None = None
    manual_acknowledgement: bool = False

    @property
    def expiry_seconds(self) -> int:
        """MQTT 5's Session Expiry Interval."""
        return CLEAN_SESSION_SECONDS if self.clean_start else PERSISTENT_SESSION_SECONDS


class BrokerLostError(Exception):
    """The broker can't be reached, or went away: wait and connect again. The text is fit to be shown."""


class BrokerRefusedError(BrokerLostError):
    """The broker answered, and refused: a password, a right or a subscription is wrong."""
