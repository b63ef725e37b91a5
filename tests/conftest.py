"""What all tests share: real brokers, the real data, Docker, and the rule that nothing is left running."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import uuid
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import NoReturn

import hypothesis
import psutil
import pytest

from grid.connection import Broker, Protocol
from monitor.demo_broker import LocalMosquitto, find_free_port, find_mosquitto

IN_CI = os.environ.get("CI", "").lower() in {"1", "true"}
PROJECT = Path(__file__).parents[1]
RUN_VARIABLE = "GRID_TEST_RUN"
MARKED_BY_FIXTURE = {
    "broker": "broker",
    "docker_engine": "docker",
    "mosquitto_image": "docker",
    "shared_data": "shared_data",
}

# Ryuk, the container that would clean up after testcontainers, is one more image to pull: our fixtures clean up.
os.environ.setdefault("TESTCONTAINERS_RYUK_DISABLED", "true")

hypothesis.settings.register_profile("home", deadline=None)
hypothesis.settings.register_profile("ci", deadline=None, derandomize=True, database=None)
hypothesis.settings.register_profile("thorough", deadline=None, max_examples=2000)
hypothesis.settings.load_profile(os.environ.get("GRID_HYPOTHESIS_PROFILE", "ci" if IN_CI else "home"))


def missing(sentence: str) -> NoReturn:
    """What a test needs is not here: skipped at home; in CI, where all is prepared, that is a failure."""
    if IN_CI:
        pytest.fail(sentence, pytrace=False)
    pytest.skip(sentence)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Give a test the marker of what it needs, so that `-m "not docker"` works without writing it twice."""
    for item in items:
        for fixture, marker in MARKED_BY_FIXTURE.items():
            if fixture in getattr(item, "fixturenames", ()):
                item.add_marker(marker)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """In CI a skipped test is a failed one: green means that everything ran."""
    report = yield
    if IN_CI and report.skipped and not hasattr(report, "wasxfail"):
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longrepr
        report.outcome = "failed"
        report.longrepr = f"{item.nodeid} must not be skipped in CI: {reason}"
    return report


@pytest.fixture
def free_port() -> int:
    """A TCP port on 127.0.0.1 that nobody has."""
    return find_free_port()


@pytest.fixture
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalMosquitto]:
    """A running Mosquitto with the project's configuration; tests may kill it and start it again."""
    if find_mosquitto() is None:
        missing("mosquitto is not installed")
    folder = tmp_path_factory.mktemp("broker")
    with LocalMosquitto(folder) as mosquitto:
        yield mosquitto
    shutil.rmtree(folder)


@pytest.fixture
def amqtt_broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broker]:
    """A running amqtt, which knows MQTT 3.1.1 only, in a process of its own."""
    folder = tmp_path_factory.mktemp("amqtt")
    port = find_free_port()
    configuration = folder / "amqtt.yaml"
    configuration.write_text(AMQTT_CONFIGURATION.format(port=port), encoding="utf-8")
    with (folder / "amqtt.log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "amqtt.scripts.broker_script", "-c", configuration],
            stdout=log,
            stderr=subprocess.STDOUT,
        )
    try:
        wait_for_port(port, process, folder / "amqtt.log")
        yield Broker(host="127.0.0.1", port=port, protocol=Protocol.V311)
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(timeout=10)
    shutil.rmtree(folder)


AMQTT_CONFIGURATION = """\
listeners:
  default:
    type: tcp
    bind: 127.0.0.1:{port}
plugins:
  amqtt.plugins.authentication.AnonymousAuthPlugin:
    allow_anonymous: true
"""


def wait_for_port(port: int, process: subprocess.Popen[bytes], log: Path, timeout_seconds: float = 20.0) -> None:
    """Return when somebody listens on the port; fail with the log when the process ends or the time is up."""
    deadline = time.monotonic() + timeout_seconds
    while time.monotonic() < deadline and process.poll() is None:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.02)
    pytest.fail(f"no broker on port {port}: {log.read_text(encoding='utf-8', errors='replace')}")


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real wind-farm data, which lies beside the project and not in it."""
    folder = PROJECT.parent / "shared" / "data"
    if not folder.is_dir():
        missing("the real wind-farm data (shared/data beside the project) is not here")
    return folder


@pytest.fixture(scope="session")
def docker_engine() -> None:
    """A Docker engine answers."""
    if shutil.which("docker") is None:
        missing("docker is not installed")
    answer = subprocess.run(["docker", "version"], capture_output=True, text=True, timeout=30, check=False)
    if answer.returncode != 0:
        missing(f"no Docker engine answers: {answer.stderr.strip()}")


@pytest.fixture(scope="module", autouse=True)
def nothing_is_left_running() -> Iterator[None]:
    """Every process that a module's tests start, and every port that they listen on, is gone at its end.

    Processes are found by a variable in their environment, so that orphans are found too. A process that outlives
    its module's tests on purpose must not exist: keep fixtures that start processes at module scope or below.
    """
    os.environ[RUN_VARIABLE] = uuid.uuid4().hex
    listening = listening_ports()
    yield
    left = processes_of_this_run()
    _, alive = psutil.wait_procs(left, timeout=3)
    names = [f"{process.pid} {' '.join(process.cmdline())}" for process in alive if process.is_running()]
    for process in alive:
        process.kill()
    assert not names, f"processes left running: {names}"
    assert listening_ports() <= listening, f"ports left listening: {listening_ports() - listening}"


def listening_ports() -> set[int]:
    """The TCP ports that this process listens on."""
    connections = psutil.Process().net_connections(kind="inet")
    return {connection.laddr.port for connection in connections if connection.status == psutil.CONN_LISTEN}


def processes_of_this_run() -> list[psutil.Process]:
    """The processes that inherited this module's mark, without this one."""
    mark = os.environ[RUN_VARIABLE]
    own = os.getpid()
    found = []
    for process in psutil.process_iter():
        try:
            if process.pid != own and process.environ().get(RUN_VARIABLE) == mark:
                found.append(process)
        except (psutil.AccessDenied, psutil.NoSuchProcess):  # not ours, or gone meanwhile
            continue
    return found
