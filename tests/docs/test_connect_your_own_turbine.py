"""The page on connecting one's own turbine: its commands run as they stand, against a broker and a running monitor."""

import asyncio
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from surroundings import RUN_VARIABLE

from grid.connection import Broker, Message, connect_once
from grid.event import TurbineEvent
from grid.metrics import TurbineMetrics
from grid.repair import RepairCommand, RepairResult, RepairState
from grid.status import OfflineReason, Presence, TurbineStatus
from monitor.demo_broker import LocalMosquitto

PAGE = Path(__file__).parents[2] / "docs" / "connect-your-own-turbine.md"
PATIENCE_SECONDS = 15.0
Environment = dict[str, str]


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", PAGE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)


@pytest.fixture
def subscriptions(tmp_path: Path) -> Path:
    """Where the broker notes who subscribes to what."""
    return tmp_path / "subscriptions.log"


@pytest.fixture
def broker(tmp_path: Path, subscriptions: Path) -> Iterator[LocalMosquitto]:
    """A broker that notes its subscriptions, so that a test knows when a listener listens."""
    notes = f"log_dest file {subscriptions}\nlog_type subscribe"
    with LocalMosquitto(tmp_path / "broker", extra_configuration=notes) as mosquitto:
        yield mosquitto


@pytest.fixture
def environment(broker: LocalMosquitto, tmp_path: Path) -> Environment:
    """Where the page's commands find the broker and the programs, written where it says to write it."""
    for client in ("mosquitto_pub", "mosquitto_sub"):
        (tmp_path / client).write_text(f"-h {broker.host}\n-p {broker.port}\n")
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("GRID_")}
    return {
        **inherited,
        RUN_VARIABLE: os.environ[RUN_VARIABLE],
        "XDG_CONFIG_HOME": str(tmp_path),
        "GRID_BROKER_HOST": broker.host,
        "GRID_BROKER_PORT": str(broker.port),
        "GRID_DATA_DIR": str(tmp_path / "data"),
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
    }


@pytest.fixture
def running_monitor(environment: Environment, tmp_path: Path) -> Iterator[None]:
    """A grid-monitor that is ready: its status is online."""
    with (tmp_path / "monitor.log").open("wb") as log:
        monitor = subprocess.Popen(["grid-monitor"], env=environment, stdout=log, stderr=log)
    try:
        first_of("grid/monitor/status", environment)
        yield
    finally:
        monitor.send_signal(signal.SIGTERM)
        monitor.wait(PATIENCE_SECONDS)


def first_of(topic: str, environment: Environment) -> str:
    wait = ["mosquitto_sub", "-t", topic, "-C", "1", "-W", str(int(PATIENCE_SECONDS))]
    return subprocess.run(wait, env=environment, check=True, capture_output=True, text=True).stdout


def shell(command: str, environment: Environment) -> str:
    run = subprocess.run(["sh", "-ec", command], env=environment, check=True, capture_output=True, text=True)
    assert run.stderr == ""
    return run.stdout


@pytest.mark.usefixtures("running_monitor")
async def test_the_least_turbine_is_stored_visited_and_verified(
    broker: LocalMosquitto, environment: Environment, subscriptions: Path
) -> None:
    listen, broken, well, ask = blocks("sh")
    told: asyncio.Queue[Message] = asyncio.Queue()
    async with connect_once(Broker(broker.host, broker.port), client_id="test", deliver=told.put_nowait) as connection:
        await connection.subscribe("grid/turbines/7/events")
        listener = subprocess.Popen(["sh", "-ec", f"exec {listen}"], env=environment, stdout=subprocess.PIPE)
        try:
            await asyncio.to_thread(wait_for_subscription, subscriptions, "grid/turbines/7/repair")
            await asyncio.to_thread(shell, broken, environment)
            order = (await asyncio.to_thread(listener.communicate, None, PATIENCE_SECONDS))[0]
        finally:
            listener.kill()
            listener.wait()
        assert RepairCommand.model_validate_json(order).incident_id == 1
        await asyncio.to_thread(shell, well, environment)
        await asyncio.wait_for(closing_of(told), PATIENCE_SECONDS)
    answer = await asyncio.to_thread(shell, ask, environment)
    assert "broken" in answer
    assert "no dead letters" in answer


def wait_for_subscription(subscriptions: Path, topic: str) -> None:
    """Return when the broker has noted a subscription to this topic."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not subscriptions.exists() or f" {topic}\n" not in subscriptions.read_text():
        assert time.monotonic() < deadline, f"nobody subscribes to {topic}"
        time.sleep(0.02)


async def closing_of(told: "asyncio.Queue[Message]") -> None:
    while TurbineEvent.model_validate_json((await told.get()).payload).action != "incident_closed":
        pass


class Watched:
    """What a turbine publishes, in the order of its topics."""

    def __init__(self) -> None:
        self.messages: asyncio.Queue[Message] = asyncio.Queue()

    async def next(self, kind: str) -> bytes:
        async with asyncio.timeout(PATIENCE_SECONDS):
            while not (message := await self.messages.get()).topic.endswith(f"/{kind}"):
                pass
        return message.payload


@pytest.mark.parametrize("ending", [signal.SIGTERM, signal.SIGKILL])
async def test_the_turbine_in_the_shell_is_of_the_contract(
    broker: LocalMosquitto, environment: Environment, tmp_path: Path, ending: signal.Signals
) -> None:
    [script] = blocks("bash")
    path = tmp_path / "turbine.sh"
    path.write_text(script)
    watched = Watched()
    address = Broker(broker.host, broker.port)
    async with connect_once(address, client_id="test", deliver=watched.messages.put_nowait) as connection:
        await connection.subscribe("grid/turbines/8/#")
        turbine = subprocess.Popen(["bash", path, "8"], env=environment, start_new_session=True)
        try:
            birth = TurbineStatus.from_payload(await watched.next("status"))
            reading = TurbineMetrics.model_validate_json(await watched.next("metrics"))
            order = RepairCommand(
                dispatch_id="k3v9-12", incident_id=1, engineer=1, issued_at=1_795_262_400_000_000, session=birth.session
            )
            await connection.publish("grid/turbines/8/repair", order.to_json())
            answer = RepairResult.model_validate_json(await watched.next("repair/result"))
            repaired = TurbineMetrics.model_validate_json(await watched.next("metrics"))
        finally:
            end(turbine, ending)
        goodbye = TurbineStatus.from_payload(await watched.next("status"))
    assert (birth.status, reading.operational_status, reading.sequence) == (Presence.ONLINE, "broken", 0)
    assert (answer.dispatch_id, answer.result) == ("k3v9-12", RepairState.DONE)
    assert (repaired.operational_status, repaired.session) == ("ok", birth.session)
    expected = OfflineReason.STOPPED if ending == signal.SIGTERM else OfflineReason.LOST
    assert (goodbye.status, goodbye.reason, goodbye.session) == (Presence.OFFLINE, expected, birth.session)


def end(turbine: "subprocess.Popen[bytes]", ending: signal.Signals) -> None:
    """Ask the script to stop, or kill it with the clients that it started, as a power cut would."""
    if ending == signal.SIGTERM:
        turbine.send_signal(ending)
    else:
        os.killpg(turbine.pid, ending)
    turbine.wait(PATIENCE_SECONDS)
