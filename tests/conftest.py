"""What all tests share: real brokers, the real data, Docker, and the rule that nothing is left running."""

import os
import re
import shutil
import signal
import subprocess
import uuid
from collections.abc import Generator, Iterator
from pathlib import Path

import confidential
import hypothesis
import psutil
import pytest
from figures import pytest_terminal_summary as pytest_terminal_summary
from surroundings import IN_CI, RUN_VARIABLE, missing

from grid.connection import Broker, Protocol
from monitor.demo_amqtt import LocalAmqtt
from monitor.demo_broker import LocalMosquitto, find_free_port, find_mosquitto

PROJECT = Path(__file__).parents[1]
GRID_IMAGE = "grid-test/grid"
MARKED_BY_FIXTURE = {"broker": "broker", "docker_engine": "docker", "shared_data": "shared_data"}

# Ryuk, the container that would clean up after testcontainers, is one more image to pull: our fixtures clean up.
os.environ.setdefault("TESTCONTAINERS_RYUK_DISABLED", "true")

# Started in the background of a shell, a process ignores Ctrl-C, and so would every program that a test starts.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

hypothesis.settings.register_profile("home", deadline=None)
hypothesis.settings.register_profile("ci", deadline=None, derandomize=True, database=None)
hypothesis.settings.register_profile("thorough", deadline=None, max_examples=2000)
hypothesis.settings.load_profile(os.environ.get("GRID_HYPOTHESIS_PROFILE", "ci" if IN_CI else "home"))


def pytest_configure(config: pytest.Config) -> None:
    """No test tells a secret."""
    config.pluginmanager.register(confidential, "confidential")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Give a test the marker of what it needs, so that `-m "not docker"` works without writing it twice.

    All that need Docker run in one worker: an image is built once for a whole run.
    """
    for item in items:
        needed = getattr(item, "fixturenames", ())
        for fixture in MARKED_BY_FIXTURE.keys() & set(needed):
            item.add_marker(MARKED_BY_FIXTURE[fixture])
        if "docker_engine" in needed:
            item.add_marker(pytest.mark.xdist_group("docker"))


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
    confidential.refuse_told(folder)
    shutil.rmtree(folder)


@pytest.fixture
def amqtt_broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broker]:
    """A running amqtt, which knows MQTT 3.1.1 only, in a process of its own."""
    folder = tmp_path_factory.mktemp("amqtt")
    with LocalAmqtt(folder) as amqtt:
        yield Broker(host=amqtt.host, port=amqtt.port, protocol=Protocol.V311)
    shutil.rmtree(folder)


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


@pytest.fixture(scope="session")
def mosquitto_image(docker_engine: None) -> str:
    """An image of Mosquitto: `GRID_MOSQUITTO_IMAGE`, or the one of docker-compose.yml, or its look-alike."""
    real = pinned_image("docker-compose.yml", r"\$\{GRID_MOSQUITTO_IMAGE:-(.+)\}")
    return os.environ.get("GRID_MOSQUITTO_IMAGE") or some_image(real, "lookalike-mosquitto")


@pytest.fixture(scope="session")
def prometheus_image(docker_engine: None) -> str:
    """An image of Prometheus: `GRID_PROMETHEUS_IMAGE`, or the one of docker-compose.yml, or its look-alike."""
    real = pinned_image("docker-compose.yml", r"\$\{GRID_PROMETHEUS_IMAGE:-(.+)\}")
    return os.environ.get("GRID_PROMETHEUS_IMAGE") or some_image(real, "lookalike-prometheus")


@pytest.fixture(scope="session")
def grid_image(docker_engine: None) -> str:
    """The project's own image, built from its Dockerfile as it is now, on Python's slim image or its look-alike."""
    real = pinned_image("Dockerfile", "ARG PYTHON_IMAGE=(.+)")
    python_image = os.environ.get("PYTHON_IMAGE") or some_image(real, "lookalike-python")
    run_or_miss(PROJECT / ".ci" / "build-image", GRID_IMAGE, python_image)
    return GRID_IMAGE


def pinned_image(file: str, pattern: str) -> str:
    """The image that one of the project's files names."""
    found = re.search(pattern, (PROJECT / file).read_text(encoding="utf-8"))
    assert found, f"{file} names no image: {pattern}"
    return found[1]


def some_image(real: str, lookalike_script: str) -> str:
    """The real image if it is on this machine, else its look-alike, which is made of Debian's own files if need be."""
    lookalike = lookalike_script.replace("lookalike-", "grid-lookalike/")
    for image in (real, lookalike):
        if subprocess.run(["docker", "image", "inspect", image], capture_output=True, check=False).returncode == 0:
            return image
    run_or_miss(PROJECT / ".ci" / lookalike_script, lookalike)
    return lookalike


def run_or_miss(*command: str | Path) -> None:
    """Run a script that makes what a test needs; what it can't make is missing."""
    answer = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    if answer.returncode != 0:
        missing(f"{Path(command[0]).name} failed: {answer.stderr.strip()}")


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
