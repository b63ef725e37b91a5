"""`docker compose` as it is used: the broker alone, the whole farm in containers, and the farm for a network."""

import json
import os
import shutil
import ssl
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
from monitor.secure.folder import SecureFolder, create, revoke
from monitor.secure.parties import VIEWER

PROJECT = Path(__file__).parents[2]


class Compose:
    """The project's docker-compose.yml under a project name and ports of its own."""

    def __init__(self, program: list[str], *profiles: str, **variables: str) -> None:
        self.port, self.pages_port, self.prometheus_port = find_free_port(), find_free_port(), find_free_port()
        named = [word for profile in profiles for word in ("--profile", profile)]
        self.name = f"grid-test-{uuid.uuid4().hex[:8]}"
        self._command = [*program, "--project-name", self.name, *named]
        ports = {"BROKER": self.port, "SECURE_BROKER": self.port, "HTTP": self.pages_port}
        ports["PROMETHEUS"] = self.prometheus_port
        self._environment = {**os.environ, **variables, **{f"GRID_{name}_PORT": str(ports[name]) for name in ports}}

    def __call__(self, *arguments: str) -> str:
        """Run one command and return what it printed; fail with its errors."""
        command = [*self._command, *arguments]
        answer = subprocess.run(
            command, cwd=PROJECT, env=self._environment, capture_output=True, text=True, timeout=110, check=False
        )
        assert answer.returncode == 0, f"{arguments}: {answer.stderr}"
        return answer.stdout

    # Docker is asked directly where it can be: each start of Compose 1.29 takes half a second of a core.

    def inside(self, service: str, *command: str) -> str:
        """What a command prints in a service's container."""
        return docker("exec", self.container(service), *command)

    def inspect(self, service: str) -> Any:
        """What Docker knows of a service's container."""
        return json.loads(docker("inspect", self.container(service)))[0]

    def container(self, service: str) -> str:
        """The service's container, running or not."""
        labels = {"project": self.name, "service": service}
        ours = [word for label in labels for word in ("--filter", f"label=com.docker.compose.{label}={labels[label]}")]
        return docker("ps", "--all", "--quiet", *ours, "--filter", "label=com.docker.compose.oneoff=False").strip()

    def running(self) -> set[str]:
        """The services whose containers run."""
        ours = f"label=com.docker.compose.project={self.name}"
        return set(docker("ps", "--filter", ours, "--format", '{{.Label "com.docker.compose.service"}}').split())

    def answers(self, address: str, trust: ssl.SSLContext | bool = True) -> bool:
        """Whether something answers there."""
        try:
            return httpx.get(address, verify=trust).status_code == 200
        except httpx.TransportError:
            return False

    def wait_until_healthy(self, service: str, timeout_seconds: float) -> None:
        """Return as soon as the service's health check succeeds; fail with its log when the time is up."""
        wait_until(
            lambda: self.inspect(service)["State"]["Health"]["Status"] == "healthy",
            timeout_seconds,
            lambda: f"{service} is not healthy: {self.inspect(service)['State']} {self('logs', service)}",
        )


def docker(*arguments: str) -> str:
    """What a command of Docker prints; fail with its errors."""
    answer = subprocess.run(["docker", *arguments], capture_output=True, text=True, timeout=60, check=False)
    assert answer.returncode == 0, f"{arguments}: {answer.stderr}"
    return answer.stdout


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
    compose = Compose(compose_program, "farm", GRID_MOSQUITTO_IMAGE=mosquitto_image)
    try:
        yield compose
    finally:
        compose("down", "--volumes", "--timeout", "5")


@pytest.fixture
def farm(compose_program: list[str], mosquitto_image: str, grid_image: str, prometheus_image: str) -> Iterator[Compose]:
    images = {"GRID_MOSQUITTO_IMAGE": mosquitto_image, "GRID_PROMETHEUS_IMAGE": prometheus_image}
    compose = Compose(compose_program, "farm", "observability", GRID_IMAGE=grid_image, **images)
    try:
        yield compose
    finally:
        compose("down", "--volumes", "--timeout", "15")


@pytest.fixture
def secure_folder(tmp_path: Path) -> SecureFolder:
    """What `grid-monitor secure` makes for six turbines."""
    return create(tmp_path / "secure", ["wind.example"], range(1, 7))


@pytest.fixture
def secure_farm(
    compose_program: list[str], mosquitto_image: str, grid_image: str, secure_folder: SecureFolder
) -> Iterator[Compose]:
    images = {"GRID_MOSQUITTO_IMAGE": mosquitto_image, "GRID_IMAGE": grid_image}
    compose = Compose(compose_program, "secure", GRID_SECURE_DIR=str(secure_folder.path), **images)
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
    farm("up", "--detach", "--no-build", "monitor", "turbines", "prometheus")

    wait_until(lambda: len(stored_readings(farm, 6)) >= 2, 60, lambda: f"no readings: {farm('logs')}")
    for service in ("mosquitto", "monitor", "turbines", "prometheus"):
        assert_locked_down(farm.inspect(service))
    assert_pages_ask_who_it_is(farm)
    wait_until(
        lambda: scraped(farm, "grid_monitor_up") == [1.0], 60, lambda: f"not scraped: {farm('logs', 'prometheus')}"
    )
    assert loaded_rules(farm) > 10
    farm.wait_until_healthy("monitor", timeout_seconds=60)
    farm("stop", "--timeout", "15")
    for service in ("monitor", "turbines"):
        assert farm.inspect(service)["State"]["ExitCode"] == 0, farm("logs", service)


def assert_pages_ask_who_it_is(farm: Compose) -> None:
    """On this machine only, and only for somebody whom the monitor's owner made an account or a token for."""
    (binding,) = farm.inspect("monitor")["NetworkSettings"]["Ports"]["8787/tcp"]
    assert binding == {"HostIp": "127.0.0.1", "HostPort": str(farm.pages_port)}
    make_token = ("grid-monitor", "token", "create", "test", "--scope", "metrics")
    token = farm.inside("monitor", *make_token).splitlines()[0]
    pages = f"http://127.0.0.1:{farm.pages_port}"
    wait_until(lambda: farm.answers(f"{pages}/health/live"), 40, lambda: farm("logs", "monitor"))
    assert httpx.get(f"{pages}/health").status_code == 401
    assert httpx.get(f"{pages}/health", headers={"Authorization": f"Bearer {token}"}).json()["mqtt_connected"] is True


@pytest.mark.slow
@pytest.mark.timeout(300)  # the image is built first
def test_compose_runs_a_farm_that_strangers_do_not_get_into(secure_farm: Compose, secure_folder: SecureFolder) -> None:
    secure_farm("up", "--detach", "--no-build")

    wait_until(lambda: stores_readings(secure_farm), 60, lambda: f"no readings: {secure_farm('logs')}")
    assert secure_farm.running() == {"broker", "secure-monitor", "secure-turbines"}
    for service in secure_farm.running():
        assert_locked_down(secure_farm.inspect(service))
        assert secure_farm.inside(service, "find", "/", "-xdev", "-name", "ca.key").strip() == ""
    assert_only_tls_is_published(secure_farm)
    assert_the_authority_is_hidden(secure_farm)
    assert_strangers_are_refused(secure_farm, secure_folder)
    assert_pages_speak_tls_and_ask_who_it_is(secure_farm, secure_folder)
    password = "python -c 'import secrets; print(secrets.token_urlsafe())'"
    let_in = f"{password} | grid-monitor user create anna --role admin"
    assert secure_farm.inside("secure-monitor", "sh", "-c", let_in) == "anna may sign in as admin\n"
    wait_until(lambda: all_is_well(secure_farm), 40, lambda: f"not well: {secure_farm('logs')}")

    revoke(secure_folder.path, ["6"])
    secure_farm("up", "--detach", "--no-build")

    refused = "the broker refuses what is published on grid/turbines/6/metrics"
    wait_until(lambda: refused in secure_farm("logs", "secure-turbines"), 40, lambda: secure_farm("logs"))


def stores_readings(farm: Compose) -> bool:
    return len(stored_readings(farm, 6, monitor="secure-monitor")) >= 2


def assert_the_authority_is_hidden(farm: Compose) -> None:
    """Neither its key nor its register is seen even by the service that reads the folder."""
    look = ("find", "/secure", "-name", "ca.*", "-o", "-name", "*.json")
    seen = farm("run", "--rm", "--no-deps", "credentials", *look).split()
    assert {Path(path).name for path in seen} == {"ca.crt"}


def assert_only_tls_is_published(farm: Compose) -> None:
    published = {
        port: {binding["HostPort"] for binding in bindings}
        for service in farm.running()
        for port, bindings in farm.inspect(service)["NetworkSettings"]["Ports"].items()
        if bindings
    }
    assert published == {"8883/tcp": {str(farm.port)}, "8787/tcp": {str(farm.pages_port)}}


def assert_strangers_are_refused(farm: Compose, folder: SecureFolder) -> None:
    """Who comes without TLS, or without a certificate, hears nothing; a viewer does."""
    listen = ["mosquitto_sub", "-h", "127.0.0.1", "-p", str(farm.port), "-t", "grid/#", "-C", "1", "-W", "5"]
    trust, viewer = ["--cafile", str(folder.cafile)], folder.of(VIEWER)
    entrance = ["--cert", str(viewer / "client.crt"), "--key", str(viewer / "client.key")]
    heard = [
        subprocess.run([*listen, *options], capture_output=True, text=True, timeout=10, check=False)
        for options in ([], trust, [*trust, *entrance])
    ]
    assert [answer.stdout == "" for answer in heard] == [True, True, False]
    assert heard[2].returncode == 0


def assert_pages_speak_tls_and_ask_who_it_is(farm: Compose, folder: SecureFolder) -> None:
    pages = f"https://127.0.0.1:{farm.pages_port}"
    trust = ssl.create_default_context(cafile=str(folder.cafile))
    wait_until(lambda: farm.answers(f"{pages}/health/live", trust), 40, lambda: farm("logs", "secure-monitor"))
    assert httpx.get(f"{pages}/health", verify=trust).status_code == 401


def all_is_well(farm: Compose) -> bool:
    """Whether the doctor, who is the health check, finds nothing."""
    found = farm.inside("secure-monitor", "sh", "-c", "grid-monitor doctor --json || true")
    return {finding["code"] for finding in json.loads(found)} == {0}


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


def stored_readings(farm: Compose, turbine_number: int, *, monitor: str = "monitor") -> list[TurbineMetrics]:
    """The readings in the turbine's text file, as somebody with a shell in the container sees them."""
    path = f"/data/turbines/turbine-{turbine_number}.txt"
    text = farm.inside(monitor, "sh", "-c", f"cat {path} 2>/dev/null || true")
    return [TurbineMetrics.model_validate_json(line) for line in text.splitlines()]


def assert_locked_down(container: Any) -> None:
    """Not root, nothing to write on but the data, no privileges to gain, and not the whole machine to use up."""
    host = container["HostConfig"]
    assert container["Config"]["User"] not in ("", "0", "root", "0:0")
    assert (host["ReadonlyRootfs"], host["CapDrop"]) == (True, ["ALL"])
    assert host["SecurityOpt"] == ["no-new-privileges:true"]
    assert host["Memory"] == 2**30
    assert host["NanoCpus"] == 10**9
    assert host["PidsLimit"] == 200
