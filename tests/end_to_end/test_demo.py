"""The demo as a newcomer starts it: in its first minute something of each kind happens."""

import json
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from programs import Farm, Program, environment, wait_for
from served import answers

from monitor.demo_broker import LocalMosquitto, find_free_port
from monitor.facts import Link, LinkReason, VisitState

PROJECT = Path(__file__).parents[2]


@pytest.fixture
def demo_farm(tmp_path: Path) -> Iterator[Farm]:
    """A farm whose broker the demo is to start itself."""
    farm = Farm("127.0.0.1", find_free_port(), tmp_path)
    yield farm
    farm.close()


@pytest.mark.slow
def test_the_first_minute_has_something_of_each_kind(demo_farm: Farm) -> None:
    farm = demo_farm
    demo = farm.start("grid-monitor", "demo", "--data-dir", farm.data_dir, "--log-format", "json")
    wait_for(lambda: longest_line(demo) >= 1, "more are broken than there are engineers", seconds=60)
    wait_for(lambda: crashed(farm), "a turbine is killed without a goodbye", seconds=60)
    wait_for(lambda: not crashed(farm), "it comes back", seconds=60)
    visits = farm.read("visits", newest=999)
    assert any(visit.state is VisitState.VERIFIED for visit in visits)
    assert any(visit.state is VisitState.RELEASED for visit in visits)
    assert len(farm.read("turbines")) == 6
    children = psutil.Process(demo.process.pid).children(recursive=True)
    assert demo.end(signal.SIGINT) == 130
    _, alive = psutil.wait_procs(children, timeout=15)
    assert alive == []
    assert {turbine.link for turbine in farm.read("turbines")} <= {Link.ONLINE, Link.OFFLINE, Link.UNKNOWN}


def longest_line(demo: Program) -> int:
    """How many incidents waited at once while every engineer was out, as the demo's output tells."""
    waiting: set[int] = set()
    longest = 0
    for line in demo.output.splitlines():
        event = json.loads(line)
        if event["action"] == "incident_opened":
            waiting.add(event["incident_id"])
        elif event["action"] in ("engineer_dispatched", "incident_on_hold", "incident_closed"):
            waiting.discard(event["incident_id"])
            longest = max(longest, len(waiting))
    return longest


def crashed(farm: Farm) -> bool:
    return any(turbine.link_reason is LinkReason.LOST for turbine in farm.read("turbines"))


def test_make_demo_leaves_nothing_behind(demo_farm: Farm) -> None:
    http_port = find_free_port()
    options = f"--broker-port {demo_farm.port} --http-port {http_port} --log-format json"
    with subprocess.Popen(
        ["make", "demo", f"ARGS={options}"],
        cwd=PROJECT,
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    ) as demo:
        assert demo.stdout is not None
        lines = []
        for line in demo.stdout:
            lines.append(line)
            if "engineer_dispatched" in line:
                break
        data_dir = next(line for line in lines if "gone after the demo" in line).split("Data: ")[1].split(",")[0]
        assert Path(data_dir).exists()
        pages = f"http://127.0.0.1:{http_port}"
        assert any(f"Pages: {pages}, in a moment." in line for line in lines)
        wait_for(lambda: answers(f"{pages}/health/live"), "the pages are there")
        children = psutil.Process(demo.pid).children(recursive=True)
        for child in children:
            if child.name() == "grid-monitor":
                child.send_signal(signal.SIGINT)
        demo.stdout.read()
        assert demo.wait(20) == 0
    _, alive = psutil.wait_procs(children, timeout=15)
    assert alive == []
    assert not Path(data_dir).parent.exists()
    assert not answers(f"{pages}/health/live")


@pytest.mark.parametrize("program", ["mosquitto", "python"], ids=["its broker starts", "its turbines start"])
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_an_impatient_end_leaves_nothing_behind_either(demo_farm: Farm, number: int, program: str) -> None:
    demo = demo_farm.start("grid-monitor", "demo", "--data-dir", demo_farm.data_dir, "--log-format", "json")
    root = psutil.Process(demo.process.pid)
    wait_for(lambda: demo.process.poll() is not None or runs(root, program), f"{program} runs")
    assert demo.process.poll() is None, demo.output
    children = root.children()
    while demo.process.poll() is None:
        children += [child for child in root.children() if child not in children]
        demo.process.send_signal(number)
        time.sleep(0.05)
    _, alive = psutil.wait_procs(children, timeout=5)
    assert alive == []
    assert "Traceback" not in demo.output


def runs(demo: psutil.Process, program: str) -> bool:
    return any(child.name().startswith(program) for child in demo.children())


@pytest.mark.parametrize("broker", ["plain"], indirect=True)
def test_the_demo_uses_the_broker_that_answers(broker: LocalMosquitto, demo_farm: Farm) -> None:
    farm = Farm(broker.host, broker.port, demo_farm.folder)
    demo = farm.start("grid-monitor", "demo", "--log-format", "lines")
    try:
        wait_for(lambda: "the one that answers" in demo.output, "it says so")
        heard = farm.hear("grid/turbines/+/metrics")
        wait_for(lambda: heard.heard, "its turbines report there")
        assert demo.end(signal.SIGTERM) == 0
        assert broker.pid is not None
    finally:
        farm.close()


WITHOUT_MOSQUITTO = """
import monitor.demo
from monitor.cli import main
monitor.demo.find_mosquitto = lambda: None
main()
"""


def test_without_mosquitto_the_demo_brings_a_broker_in_python(demo_farm: Farm) -> None:
    options = ["demo", *demo_farm.at_broker, "--data-dir", str(demo_farm.data_dir), "--log-format", "lines"]
    with Program(demo_farm.folder / "demo.log", sys.executable, "-c", WITHOUT_MOSQUITTO, *options) as demo:
        wait_for(lambda: "amqtt, embedded, MQTT 3.1.1" in demo.output, "it says so in one line")
        wait_for(lambda: len(demo_farm.read("turbines")) == 6, "six turbines report")
        assert demo.end(signal.SIGTERM) == 0


def test_a_port_that_is_taken_is_one_clear_line(demo_farm: Farm) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", demo_farm.port))
        other.listen()
        demo = demo_farm.start("grid-monitor", "demo")
        assert demo.wait(60) == 1
    assert len(demo.output.splitlines()) == 1
    assert f"port {demo_farm.port} is taken" in demo.output


def test_the_demos_turbines_enter_with_its_password(tmp_path: Path) -> None:
    passwords = tmp_path / "passwords"
    subprocess.run(["mosquitto_passwd", "-b", "-c", passwords, "ann", "s3cret"], check=True, capture_output=True)
    rights = f"allow_anonymous false\npassword_file {passwords}"
    with LocalMosquitto(tmp_path / "broker", extra_configuration=rights) as broker:
        farm = Farm(broker.host, broker.port, tmp_path)
        try:
            (tmp_path / "secret").write_text("s3cret\n")
            entry = ("--username", "ann", "--password-file", tmp_path / "secret", "--data-dir", farm.data_dir)
            demo = farm.start("grid-monitor", "demo", *entry, "--log-format", "lines")
            wait_for(lambda: len(farm.read("turbines")) == 6, "six turbines report")
            assert demo.end(signal.SIGTERM) == 0
        finally:
            farm.close()
