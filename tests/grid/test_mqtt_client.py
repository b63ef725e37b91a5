"""What is aiomqtt's alone: its threads and sockets, and the private parts of it and paho that we stand on."""

import asyncio
import socket
import threading

import aiomqtt
import paho.mqtt.client
import pytest
from listener import PATIENCE, listener

from grid.connection import Broker, Protocol, Session, connect_once
from grid.mqtt_client import MqttClient

pytestmark = pytest.mark.usefixtures("clean_loop")


async def test_a_socket_that_is_closed_before_its_turn_is_not_watched() -> None:
    client = MqttClient(Broker(), Protocol.V5, None, "turbine-7", None, None, Session())
    closed = socket.socket()
    client._on_socket_register_write(client._client, None, closed)
    closed.close()
    await asyncio.sleep(0)  # the turn of the loop in which the writer would be watched; a mistake is a complaint


async def test_an_attempt_cancelled_in_its_thread_hangs_up(free_port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    entered, go_on = threading.Event(), threading.Event()
    connect = MqttClient._client_connect

    def slow_connect(client: MqttClient) -> None:
        entered.set()
        go_on.wait(PATIENCE)
        connect(client)

    monkeypatch.setattr(MqttClient, "_client_connect", slow_connect)

    async def attempt() -> None:
        async with connect_once(Broker("127.0.0.1", free_port), client_id="turbine-7"):
            pytest.fail("connected")

    async with listener(free_port) as server:
        task = asyncio.create_task(attempt())
        await asyncio.to_thread(entered.wait, PATIENCE)
        task.cancel()
        await asyncio.sleep(0)
        go_on.set()
        with pytest.raises(asyncio.CancelledError):
            await task
        await server.everybody_hung_up()
    assert server.opened == 0  # it had not yet dialled, and did not any more


@pytest.mark.parametrize(
    "name",
    [
        "_on_socket_open",
        "_on_socket_register_write",
        "_on_connect",
        "_on_disconnect",
        "_on_message",
        "_on_publish",
        "_client_connect",
        "_wait_for",
    ],
)
def test_aiomqtt_still_has_what_the_client_overrides(name: str) -> None:
    assert callable(getattr(aiomqtt.Client, name))


def test_paho_still_has_what_the_client_calls() -> None:
    assert callable(paho.mqtt.client.Client._sock_close)
