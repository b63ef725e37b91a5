"""What goes wrong with a broker, in words that are fit to be shown: the same, whichever client met it."""

import socket
import ssl
from collections.abc import Iterable

from grid.broker import Broker, BrokerLostError, BrokerRefusedError

MALFORMED = "malformed packet"

FAILURE = 0x80
"""Reason codes from here on say that something was refused (MQTT 5, section 2.4)."""

NO_ANSWER = "the broker does not answer in time"
"""Why a connection is given up on which what we asked stays open for ANSWER_TIMEOUT_SECONDS."""

TAKES_NOTHING = "the broker sends, and takes nothing"
"""Why a connection is given up on which what we have to say piles up."""

TOO_MUCH = "the broker sends more than it may"
"""Why a connection is given up that brings more unacknowledged messages, or a larger packet, than we take."""

KEEP_ALIVE_TIMEOUT = 141
PACKET_TOO_LARGE = 149

NO_TLS = ("WRONG_VERSION_NUMBER", "UNEXPECTED_EOF_WHILE_READING")
"""What OpenSSL says of bytes that are no TLS, and of a line that is closed at its first word."""

UNSUPPORTED_VERSION = (1, 132)
BAD_CREDENTIALS = (4, 5, 134, 135)
"""Each as MQTT 3.1.1 says it, and as 5 does: not authorised is a wrong password to most brokers."""

_CERTIFICATE_ALERTS = {
    "CERTIFICATE_REVOKED": "it is revoked",
    "CERTIFICATE_EXPIRED": "it has expired",
    "UNKNOWN_CA": "it is not of the authority that the broker trusts",
    "BAD_CERTIFICATE": "it is none that the broker can use, or not valid yet by the broker's clock",
    "UNSUPPORTED_CERTIFICATE": "it is not made for a client",
    "CERTIFICATE_UNKNOWN": "the broker does not say why",
}
"""How the alerts of TLS end that OpenSSL tells of."""

_REASONS = {
    129: MALFORMED,
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
    perhaps = "" if broker.tls else "; does it want TLS (--tls, --cafile)?"
    return UnknownProtocolError(f"what listens at {broker} does not answer as a broker does{perhaps}")


def refused(broker: Broker, code: int | None, because: str) -> BrokerLostError:
    """Say why the broker does not let us in: `code` is what its CONNACK says, in either version."""
    if code in UNSUPPORTED_VERSION:
        return unanswered(broker)
    if code in BAD_CREDENTIALS:
        return BrokerRefusedError(f"the broker at {broker} refuses {_credentials(broker)}")
    return BrokerRefusedError(f"the broker at {broker} refuses the connection{_after_colon(because)}")


def _credentials(broker: Broker) -> str:
    if broker.tls is None or broker.tls.certfile is None:
        return "the user name or password"
    return f"whom the certificate {broker.tls.certfile} names"


def unreachable(broker: Broker, error: OSError | UnicodeError) -> BrokerLostError:
    """Say why no connection came to be: BrokerRefusedError where the broker does not take our certificate."""
    if isinstance(error, ssl.SSLError) and (why := _refused_certificate(broker, error.reason or "")):
        return BrokerRefusedError(f"the broker at {broker} {why}")
    return BrokerLostError(_unreachable(broker, error))


def _refused_certificate(broker: Broker, alert: str) -> str:
    """What an alert of TLS (RFC 8446, section 6.2) says of our certificate; empty for any other."""
    certfile = None if broker.tls is None else broker.tls.certfile
    if "ALERT" not in alert:
        return ""
    if certfile is None:
        wanted = alert.endswith(("CERTIFICATE_REQUIRED", "HANDSHAKE_FAILURE"))  # as TLS 1.3 says it, and as 1.2 does
        return "wants a certificate: name one with --certfile and --keyfile" if wanted else ""
    said = next((words for ending, words in _CERTIFICATE_ALERTS.items() if alert.endswith(ending)), "")
    return f"refuses the certificate {certfile}: {said}" if said else ""


def _unreachable(broker: Broker, error: OSError | UnicodeError) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        advice = "" if broker.tls is None or broker.tls.cafile else "; name whom to trust with --cafile"
        return f"the certificate of the broker at {broker} is not trusted: {error.verify_message}{advice}"
    if isinstance(error, ssl.SSLError):
        if error.reason in NO_TLS:
            return f"no TLS connection with {broker}: what listens there does not speak it"
        return f"no TLS connection with {broker}: {(error.reason or str(error)).replace('_', ' ').lower()}"
    if broker.tls is not None and isinstance(error, ConnectionResetError | BrokenPipeError):
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
