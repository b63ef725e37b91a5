"""What goes wrong with a broker, in words that are fit to be shown: the same, whichever client met it."""

import socket
import ssl
from collections.abc import Iterable

from grid.broker import Broker, BrokerLostError, BrokerRefusedError

FAILURE = 0x80
"""Reason codes from here on say that something was refused (MQTT 5, section 2.4)."""

NO_ANSWER = "the broker does not answer in time"
"""Why a connection is given up on which what we asked stays open for ANSWER_TIMEOUT_SECONDS."""

KEEP_ALIVE_TIMEOUT = 141
PACKET_TOO_LARGE = 149

UNSUPPORTED_VERSION = (1, 132)
BAD_CREDENTIALS = (4, 5, 134, 135)
"""Each as MQTT 3.1.1 says it, and as 5 does: not authorised is a wrong password to most brokers."""

_REASONS = {
    129: "malformed packet",
    130: "protocol error",
    131: "implementation specific error",
    132: "unsupported protocol version",
    133: "client identifier not valid",
    134: "bad user name or password",
    135: "not authorized",
    136: "server unavailable",
    137: "server busy",
    138: "banned",
    139: "server shutting down",
    140: "bad authentication method",
    141: "keep alive timeout",
    142: "session taken over",
    143: "topic filter invalid",
    144: "topic name invalid",
    145: "packet identifier in use",
    146: "packet identifier not found",
    147: "receive maximum exceeded",
    148: "topic alias invalid",
    149: "packet too large",
    150: "message rate too high",
    151: "quota exceeded",
    152: "administrative action",
    153: "payload format invalid",
    154: "retain not supported",
    155: "QoS not supported",
    156: "use another server",
    157: "server moved",
    158: "shared subscription not supported",
    159: "connection rate exceeded",
    160: "maximum connect time",
    161: "subscription identifiers not supported",
    162: "wildcard subscription not supported",
}
"""The names of MQTT 5, section 2.4. Not 128, "unspecified error": it says nothing."""


class UnknownProtocolError(BrokerLostError):
    """The broker gave our first packet no answer: it may not know this version of MQTT."""


def reason(code: int) -> str:
    """Say a reason code of MQTT 5 in the standard's words; nothing where it says nothing."""
    return _REASONS.get(code, "")


def lost(because: str = "") -> BrokerLostError:
    """Say that the connection broke."""
    return BrokerLostError(f"the connection to the broker was lost{_after_colon(because)}")


def unanswered(broker: Broker) -> UnknownProtocolError:
    """Say that whatever listens there is no broker, or none for this version."""
    return UnknownProtocolError(f"what listens at {broker} does not answer as a broker does")


def refused(broker: Broker, code: int | None, because: str) -> BrokerLostError:
    """Say why the broker does not let us in: `code` is what its CONNACK says, in either version."""
    if code in UNSUPPORTED_VERSION:
        return unanswered(broker)
    if code in BAD_CREDENTIALS:
        return BrokerRefusedError(f"the broker at {broker} refuses the user name or password")
    return BrokerRefusedError(f"the broker at {broker} refuses the connection{_after_colon(because)}")


def unreachable(broker: Broker, error: OSError | UnicodeError) -> BrokerLostError:
    """Say why no connection came to be."""
    return BrokerLostError(_unreachable(broker, error))


def _unreachable(broker: Broker, error: OSError | UnicodeError) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"the certificate of the broker at {broker} is not trusted: {error.verify_message}"
    if isinstance(error, ssl.SSLError):
        return f"no TLS connection with {broker}: {(error.reason or str(error)).replace('_', ' ').lower()}"
    if broker.tls is not None and isinstance(error, ConnectionResetError):
        return f"no TLS connection with {broker}: it hangs up, as a broker without TLS does"
    if isinstance(error, socket.gaierror | UnicodeError):
        return f"the host name {broker.host} can't be resolved"
    if isinstance(error, TimeoutError):
        return f"no broker answers at {broker}: timed out"
    return f"no broker answers at {broker}: {error.strerror or error}"


def refused_subscriptions(topic_filters: Iterable[str]) -> BrokerRefusedError:
    """Say what the broker does not let us hear."""
    return BrokerRefusedError(f"the broker refuses a subscription to {', '.join(topic_filters)}")


def refused_publish(topic: str, code: int) -> BrokerRefusedError:
    """Say what the broker does not take from us."""
    return BrokerRefusedError(f"the broker refuses what is published on {topic}{_after_colon(reason(code))}")


def _after_colon(words: str) -> str:
    if words in {"", "Unspecified error", "None"}:  # paho's and Python's ways of saying nothing
        return ""
    return f": {words[:1].lower()}{words[1:].rstrip('.')}"
