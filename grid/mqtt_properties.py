"""The properties of MQTT 5 that we send, in the form that paho wants.

Each object is 2.5 kB and nobody writes to it: connections that say the same share one.
"""

from functools import cache

from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from grid.broker import Session
from grid.client import Publication


@cache
def connect_properties(session: Session) -> Properties:
    """What a CONNECT says of the session."""
    properties = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
    properties.SessionExpiryInterval = session.expiry_seconds
    if session.receive_maximum is not None:
        properties.ReceiveMaximum = session.receive_maximum
    return properties


@cache
def will_properties(delay_seconds: int) -> Properties:
    """What a CONNECT says of the will."""
    properties = Properties(PacketTypes.WILLMESSAGE)  # type: ignore[no-untyped-call]
    properties.WillDelayInterval = delay_seconds
    return properties


def publish_properties(publication: Publication) -> Properties | None:
    """What a PUBLISH says beside its payload; None when that is nothing."""
    named = {
        "MessageExpiryInterval": publication.expiry_seconds,
        "ResponseTopic": publication.response_topic,
        "CorrelationData": publication.correlation_data,
    }
    said = {name: value for name, value in named.items() if value is not None}
    if not said:
        return None
    properties = Properties(PacketTypes.PUBLISH)  # type: ignore[no-untyped-call]
    for name, value in said.items():
        setattr(properties, name, value)
    return properties
