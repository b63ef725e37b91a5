"""The broker in a container, with the project's configuration, as testcontainers starts it."""

import asyncio
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from testcontainers.core.container import DockerContainer
from testcontainers.core.network import Network
from testcontainers.core.wait_strategies import ExecWaitStrategy

from grid.connection import Broker, Message, connect_once

CONFIGURATION = Path(__file__).parents[2] / "mosquitto" / "mosquitto.conf"
READING = '{"turbine_number":7,"wind_speed":100.0,"power_output_in_kwh":3000.0,"operational_status":"broken"}'
METRICS = "grid/turbines/7/metrics"
THIS_MACHINE = "127.0.0.1"
HEARS_THE_BROKER = ["mosquitto_sub", "-h", THIS_MACHINE, "-t", "$SYS/broker/version", "-C", "1", "-W", "3"]


@pytest.fixture(scope="module")
def container(mosquitto_image: str) -> Iterator[DockerContainer]:
    """A running Mosquitto whose port is open on this machine only."""
    loopback_only = {"driver": "bridge", "options": {"com.docker.network.bridge.host_binding_ipv4": THIS_MACHINE}}
    with Network(docker_network_kw=loopback_only) as network:
        mosquitto = (
            DockerContainer(mosquitto_image)
            .with_network(network)
            .with_exposed_ports(1883)
            .with_volume_mapping(CONFIGURATION, "/mosquitto/config/mosquitto.conf", "ro")
            .waiting_for(ExecWaitStrategy(HEARS_THE_BROKER).with_startup_timeout(20))
        )
        with mosquitto:
            yield mosquitto


def address(container: DockerContainer) -> list[str]:
    return ["-h", THIS_MACHINE, "-p", str(container.get_exposed_port(1883))]


async def test_a_reading_published_into_the_container_reaches_a_subscriber(container: DockerContainer) -> None:
    heard: asyncio.Queue[Message] = asyncio.Queue()
    broker = Broker(host=THIS_MACHINE, port=container.get_exposed_port(1883))
    async with connect_once(broker, client_id="reader", deliver=heard.put_nowait) as reader:
        await reader.subscribe("grid/#")
        publish(container, METRICS, READING)
        message = await asyncio.wait_for(heard.get(), 10)

    assert (message.topic, message.payload.decode()) == (METRICS, READING)


def publish(container: DockerContainer, topic: str, payload: str, *options: str) -> None:
    command = ["mosquitto_pub", *address(container), "-t", topic, "-m", payload, "-q", "1", *options]
    subprocess.run(command, check=True, timeout=10)


def test_the_port_is_open_on_this_machine_only(container: DockerContainer) -> None:
    known = container.get_wrapped_container()
    known.reload()  # what was known at its start may be from before its ports were published
    published = known.attrs["NetworkSettings"]["Ports"]["1883/tcp"]

    assert {binding["HostIp"] for binding in published} == {THIS_MACHINE}


def test_the_broker_in_the_container_is_not_root(container: DockerContainer) -> None:
    answer = container.exec(["sh", "-c", "stat -c %u /proc/1"])

    assert answer.output.decode().strip() == "1883"


def test_a_retained_status_survives_a_restart_of_the_container(container: DockerContainer) -> None:
    publish(container, "grid/turbines/8/status", "online", "-r")

    container.get_wrapped_container().restart(timeout=10)
    container.reload()

    listen = ["mosquitto_sub", *address(container), "-t", "grid/turbines/8/status", "-C", "1", "-W", "10"]
    answer = subprocess.run(listen, capture_output=True, text=True, timeout=15, check=False)
    assert answer.stdout.strip() == "online"
