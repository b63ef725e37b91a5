"""The properties of MQTT 5 that we send, in the form that paho wants.

Each object is 2.5 kB and nobody writes to it: connections that say the same share one.
"""

from functools import cache

from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from grid.broker import Session

PERSISTENT_SESSION_SECONDS = 7 * 24 * 3600
"""How long a broker keeps a persistent session: as long as `persistent_client_expiration` in mosquitto.conf."""

CLEAN_SESSION_SECONDS = 30
"""A will is delayed no longer than its session lives: even a clean session must outlast the will's delay."""


@cache
def connect_properties(session: Session) -> Properties:
    """What a CONNECT says of the session."""
    properties = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
    properties.SessionExpiryInterval = CLEAN_SESSION_SECONDS if session.clean_start else PERSISTENT_SESSION_SECONDS
    if session.receive_maximum is not None:
        properties.ReceiveMaximum = session.receive_maximum
    return properties


@cache
def will_properties(delay_seconds: int) -> Properties:
    """What a CONNECT says of the will."""
    properties = Properties(PacketTypes.WILLMESSAGE)  # type: ignore[no-untyped-call]
    properties.WillDelayInterval = delay_seconds
    return properties


def publish_properties(
    expiry_seconds: int | None, response_topic: str | None, correlation_data: bytes | None
) -> Properties | None:
    """What a PUBLISH says beside its payload; None when that is nothing."""
    if expiry_seconds is None and response_topic is None and correlation_data is None:
        return None
    properties = Properties(PacketTypes.PUBLISH)  # type: ignore[no-untyped-call]
    if expiry_seconds is not None:
        properties.MessageExpiryInterval = expiry_seconds
    if response_topic is not None:
        properties.ResponseTopic = response_topic
    if correlation_data is not None:
        properties.CorrelationData = correlation_data
    return properties
