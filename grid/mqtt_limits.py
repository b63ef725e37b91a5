"""What paho leaves without a limit: how large a packet is, how much waits to be sent, and messages at QoS 2."""

from collections.abc import Callable

from paho.mqtt.client import Client
from paho.mqtt.enums import MQTTErrorCode

from grid.broker_words import TAKES_NOTHING, TOO_MUCH

MAX_PACKET_BYTES = 1024 * 1024
"""As the codec's client takes; paho would gather 256 MB."""

MOST_UNSENT_PACKETS = 20_000
"""Of a broker that sends and does not read: each packet of two bytes would make us keep one of 700."""


def limit(client: Client, give_up: Callable[[str], object]) -> None:
    """Have the connection given up, with the reason in words, when its broker goes beyond what we take.

    What is replaced is private in paho 2 (the version is pinned, and tests/grid/test_hostile_broker.py watches it).
    """
    receive, handle = client._sock_recv, client._packet_handle

    def receive_some(bufsize: int) -> bytes:
        if bufsize > MAX_PACKET_BYTES:  # paho asks for all that lacks of a packet, before it reads any of it
            give_up(TOO_MUCH)
            raise ConnectionError(TOO_MUCH)
        return receive(bufsize)

    def handle_packet() -> MQTTErrorCode:
        code = handle()
        if client._in_messages:  # only QoS 2 is kept, and we subscribe to less
            give_up(TOO_MUCH)
            return MQTTErrorCode.MQTT_ERR_PROTOCOL
        if len(client._out_packet) > MOST_UNSENT_PACKETS:
            give_up(TAKES_NOTHING)
            return MQTTErrorCode.MQTT_ERR_PROTOCOL
        return code

    client._sock_recv = receive_some  # type: ignore[method-assign]
    client._packet_handle = handle_packet  # type: ignore[method-assign]
