"""What the project's mosquitto.conf promises, on a real Mosquitto and on the wire."""

import asyncio
import subprocess
from collections.abc import Callable

import pytest

from grid.connection import Broker, Connection, Message, connect_once
from monitor.demo_broker import LocalMosquitto, project_configuration

READING = b'{"turbine_number":7,"wind_speed":100.0,"power_output_in_kwh":3000.0,"operational_status":"ok"}'
METRICS = "grid/turbines/7/metrics"
STATUS = "grid/turbines/7/status"
CONNECTION_LOST = 7
"""Exit code of mosquitto_pub when the broker hangs up."""


def client_of(broker: LocalMosquitto) -> Broker:
    return Broker(host=broker.host, port=broker.port)


def test_the_configuration_has_the_limits_of_the_design() -> None:
    options = dict(
        line.split(maxsplit=1) for line in project_configuration().splitlines() if line and not line.startswith("#")
    )

    assert options == {
        "listener": "1883",
        "allow_anonymous": "true",
        "max_packet_size": "8192",
        "max_qos": "1",
        "max_inflight_messages": "4000",
        "max_queued_messages": "200000",
        "max_queued_bytes": "104857600",
        "persistence": "true",
        "persistence_location": "/mosquitto/data/",
        "autosave_interval": "30",
        "persistent_client_expiration": "7d",
        "max_keepalive": "120",
        "set_tcp_nodelay": "true",
        "log_dest": "stderr",
        "log_timestamp_format": "%Y-%m-%dT%H:%M:%S",
    }


async def test_anyone_on_the_machine_may_act_as_a_turbine_and_read_everything(broker: LocalMosquitto) -> None:
    heard: asyncio.Queue[Message] = asyncio.Queue()
    async with (
        connect_once(client_of(broker), client_id="reader", deliver=heard.put_nowait) as reader,
        connect_once(client_of(broker), client_id="turbine-7") as turbine,
    ):
        await reader.subscribe("grid/#")
        await turbine.publish(METRICS, READING)
        message = await asyncio.wait_for(heard.get(), 5)

    assert (message.topic, message.payload, message.qos) == (METRICS, READING, 1)


async def test_a_packet_over_eight_kilobytes_is_refused_and_reaches_nobody(broker: LocalMosquitto) -> None:
    heard: asyncio.Queue[Message] = asyncio.Queue()
    async with connect_once(client_of(broker), client_id="reader", deliver=heard.put_nowait) as reader:
        await reader.subscribe("grid/#")
        too_large = mosquitto_pub(broker, "-q", "1", "-m", "x" * 9 * 1024)
        large = mosquitto_pub(broker, "-q", "1", "-m", "y" * 4 * 1024)
        message = await asyncio.wait_for(heard.get(), 5)

    assert (too_large.returncode, large.returncode) == (CONNECTION_LOST, 0)
    assert message.payload == b"y" * 4 * 1024
    assert heard.empty()


def test_qos_2_is_refused(broker: LocalMosquitto) -> None:
    at_qos_2 = mosquitto_pub(broker, "-q", "2", "-m", READING.decode())
    at_qos_1 = mosquitto_pub(broker, "-q", "1", "-m", READING.decode())

    assert (at_qos_2.returncode, at_qos_1.returncode) == (CONNECTION_LOST, 0)


def mosquitto_pub(broker: LocalMosquitto, *options: str) -> subprocess.CompletedProcess[str]:
    """Publish with Mosquitto's own client at MQTT 3.1.1, which tells it no limits in advance."""
    program = ["mosquitto_pub", "-V", "311", "-h", broker.host, "-p", str(broker.port), "-t", METRICS]
    return subprocess.run([*program, *options], capture_output=True, text=True, timeout=10, check=False)


@pytest.mark.parametrize("restart", [LocalMosquitto.stop, LocalMosquitto.kill], ids=["stopped", "killed"])
async def test_a_retained_status_survives_an_orderly_restart_only(
    broker: LocalMosquitto, restart: Callable[[LocalMosquitto], None]
) -> None:
    async with connect_once(client_of(broker), client_id="turbine-7") as turbine:
        await turbine.publish(STATUS, b"online", retain=True)
    restart(broker)
    broker.start()
    heard: list[Message] = []
    async with connect_once(client_of(broker), client_id="reader", deliver=heard.append) as reader:
        await reader.subscribe(STATUS)
        await everything_so_far(reader)

    kept = restart is LocalMosquitto.stop
    assert [(message.payload, message.retain) for message in heard] == ([(b"online", True)] if kept else [])


async def everything_so_far(connection: Connection) -> None:
    """Whatever the broker had for us before this is delivered: it answers in order."""
    await connection.publish("grid/monitor/canary", b"")
