"""`docker compose` as a newcomer uses it: the broker alone, then the whole farm in containers."""

import json
import os
import shutil
import subprocess
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from grid.metrics import TurbineMetrics
from monitor.demo_broker import find_free_port

PROJECT = Path(__file__).parents[2]


class Compose:
    """The project's docker-compose.yml under a project name and ports of its own."""

    def __init__(self, program: list[str], **variables: str) -> None:
        self.port, self.pages_port, self.prometheus_port = find_free_port(), find_free_port(), find_free_port()
        profiles = ["--profile", "farm", "--profile", "observability"]
        self._command = [*program, "--project-name", f"grid-test-{uuid.uuid4().hex[:8]}", *profiles]
        ports = {"BROKER": self.port, "HTTP": self.pages_port, "PROMETHEUS": self.prometheus_port}
        self._environment = {**os.environ, **variables, **{f"GRID_{name}_PORT": str(ports[name]) for name in ports}}

    def __call__(self, *arguments: str) -> str:
        """Run one command and return what it printed; fail with its errors."""
        command = [*self._command, *arguments]
        answer = subprocess.run(
            command, cwd=PROJECT, env=self._environment, capture_output=True, text=True, timeout=110, check=False
        )
        assert answer.returncode == 0, f"{arguments}: {answer.stderr}"
        return answer.stdout

    def inspect(self, service: str) -> Any:
        """What Docker knows of a service's container."""
        container = self("ps", "--quiet", service).strip()
        answer = subprocess.run(["docker", "inspect", container], capture_output=True, text=True, check=True)
        return json.loads(answer.stdout)[0]

    def wait_until_healthy(self, service: str, timeout_seconds: float) -> None:
        """Return as soon as the service's health check succeeds; fail with its log when the time is up."""
        wait_until(
            lambda: self.inspect(service)["State"]["Health"]["Status"] == "healthy",
            timeout_seconds,
            lambda: f"{service} is not healthy: {self.inspect(service)['State']} {self('logs', service)}",
        )


def wait_until(is_so: Callable[[], bool], timeout_seconds: float, complaint: Callable[[], str]) -> None:
    deadline = time.monotonic() + timeout_seconds
    while not is_so():
        assert time.monotonic() < deadline, complaint()
        time.sleep(0.25)


@pytest.fixture(scope="module")
def compose_program(docker_engine: None) -> list[str]:
    """`docker compose`, or the older `docker-compose`."""
    if subprocess.run(["docker", "compose", "version"], capture_output=True, check=False).returncode == 0:
        return ["docker", "compose"]
    if shutil.which("docker-compose"):
        return ["docker-compose"]
    pytest.skip("there is neither docker compose nor docker-compose")


@pytest.fixture
def broker_alone(compose_program: list[str], mosquitto_image: str) -> Iterator[Compose]:
    compose = Compose(compose_program, GRID_MOSQUITTO_IMAGE=mosquitto_image)
    try:
        yield compose
    finally:
        compose("down", "--volumes", "--timeout", "5")


@pytest.fixture
def farm(compose_program: list[str], mosquitto_image: str, grid_image: str, prometheus_image: str) -> Iterator[Compose]:
    images = {"MOSQUITTO": mosquitto_image, "PROMETHEUS": prometheus_image}
    compose = Compose(
        compose_program, GRID_IMAGE=grid_image, **{f"GRID_{name}_IMAGE": image for name, image in images.items()}
    )
    try:
        yield compose
    finally:
        compose("down", "--volumes", "--timeout", "15")


def test_compose_brings_up_a_healthy_broker_on_this_machine_only(broker_alone: Compose) -> None:
    broker_alone("up", "--detach", "mosquitto")
    broker_alone.wait_until_healthy("mosquitto", timeout_seconds=30)

    where = ["-h", "127.0.0.1", "-p", str(broker_alone.port), "-t"]
    subprocess.run(["mosquitto_pub", *where, "grid/turbines/7/status", "-m", "online", "-r"], check=True, timeout=10)
    heard = subprocess.run(
        ["mosquitto_sub", *where, "grid/#", "-C", "1", "-W", "10"], capture_output=True, text=True, check=True
    )
    container = broker_alone.inspect("mosquitto")
    assert heard.stdout.strip() == "online"
    assert container["NetworkSettings"]["Ports"]["1883/tcp"] == [
        {"HostIp": "127.0.0.1", "HostPort": str(broker_alone.port)}
    ]
    assert broker_alone("ps", "--quiet", "monitor", "turbines").strip() == ""


@pytest.mark.slow
@pytest.mark.timeout(300)  # the image is built first
def test_compose_runs_the_whole_farm(farm: Compose) -> None:
    farm(
        "up", "--detach", "--no-build", "monitor", "turbines", "prometheus"
    )  # which waits until the monitor is healthy

    wait_until(lambda: len(stored_readings(farm, 6)) >= 2, 20, lambda: f"no readings: {farm('logs')}")
    for service in ("mosquitto", "monitor", "turbines", "prometheus"):
        assert_locked_down(farm.inspect(service))
    assert_pages_ask_for_the_token(farm)
    wait_until(
        lambda: scraped(farm, "grid_monitor_up") == [1.0], 30, lambda: f"not scraped: {farm('logs', 'prometheus')}"
    )
    assert loaded_rules(farm) > 10
    farm("stop", "--timeout", "15")
    for service in ("monitor", "turbines"):
        assert farm.inspect(service)["State"]["ExitCode"] == 0, farm("logs", service)


def assert_pages_ask_for_the_token(farm: Compose) -> None:
    """On this machine only, and not without the token that the monitor made at its first start."""
    (binding,) = farm.inspect("monitor")["NetworkSettings"]["Ports"]["8787/tcp"]
    assert binding == {"HostIp": "127.0.0.1", "HostPort": str(farm.pages_port)}
    token = farm("exec", "-T", "monitor", "cat", "/data/http-token").strip()
    pages = f"http://127.0.0.1:{farm.pages_port}"
    assert httpx.get(f"{pages}/health").status_code == 401
    assert httpx.get(f"{pages}/health", auth=("anybody", token)).json()["mqtt_connected"] is True
    assert "<html" in httpx.get(f"{pages}/", headers={"Authorization": f"Bearer {token}"}).text
    assert httpx.get(f"{pages}/health/live").status_code == 200


def scraped(farm: Compose, query: str) -> list[float]:
    """What Prometheus answers to a query: the values of what it found."""
    answer = asked_of_prometheus(farm, "query", query=query)
    return [float(series["value"][1]) for series in answer.get("result", [])]


def loaded_rules(farm: Compose) -> int:
    """How many rules Prometheus has loaded, all of which it could evaluate."""
    rules = [rule for group in asked_of_prometheus(farm, "rules")["groups"] for rule in group["rules"]]
    assert {rule["health"] for rule in rules} <= {"ok", "unknown"}, rules
    return len(rules)


def asked_of_prometheus(farm: Compose, what: str, **parameters: str) -> Any:
    """An answer of Prometheus's own API; empty while it does not listen yet."""
    try:
        answer = httpx.get(f"http://127.0.0.1:{farm.prometheus_port}/api/v1/{what}", params=parameters)
    except httpx.TransportError:
        return {}
    return answer.json().get("data", {})


def stored_readings(farm: Compose, turbine_number: int) -> list[TurbineMetrics]:
    """The readings in the turbine's text file, as somebody with a shell in the container sees them."""
    path = f"/data/turbines/turbine-{turbine_number}.txt"
    text = farm("exec", "-T", "monitor", "sh", "-c", f"cat {path} 2>/dev/null || true")
    return [TurbineMetrics.model_validate_json(line) for line in text.splitlines()]


def assert_locked_down(container: Any) -> None:
    """Not root, nothing to write on but the data, no privileges to gain."""
    host = container["HostConfig"]
    assert container["Config"]["User"] not in ("", "0", "root", "0:0")
    assert (host["ReadonlyRootfs"], host["CapDrop"]) == (True, ["ALL"])
    assert host["SecurityOpt"] == ["no-new-privileges:true"]
