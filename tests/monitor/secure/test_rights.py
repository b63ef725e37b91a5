"""What each party may do at a secure broker, on a real Mosquitto: the access rules, end to end."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import AsyncExitStack, contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from programs import wait_for
from secure_farm import SecureFarm, enter

from grid.broker import BrokerRefusedError, Message, Protocol, Session
from grid.connection import Connection, stay_connected
from grid.topics import MONITOR_CANARY, MONITOR_STATUS, Kind
from monitor.secure.folder import add
from monitor.secure.issuing import LISTENING
from monitor.secure.parties import MONITOR, VIEWER, parse_parties
from monitor.secure.private_files import write_private

GONE = "Client five "
"""How the broker's log begins to say that this client has gone, whichever way."""
OWN = {kind: kind in (Kind.METRICS, Kind.STATUS, Kind.REPAIR_RESULT) for kind in Kind}
"""Whether a turbine publishes on its topic of this kind; else it hears."""


async def is_taken(connection: Connection, topic: str) -> bool:
    """Whether the broker takes what is published there."""
    try:
        await connection.publish(topic, b"{}")
    except BrokerRefusedError as refusal:
        return str(refusal) != f"the broker refuses what is published on {topic}: not authorized"
    return True


async def arrived(listener: Connection, heard: list[Message]) -> set[str]:
    """The topics of what the broker had for a listener before this: it answers in order."""
    await listener.subscribe("nobody/publishes/here")
    return {message.topic for message in heard}


async def test_a_turbine_publishes_as_itself_and_as_nobody_else(farm: SecureFarm) -> None:
    async with enter(farm.turbine(5)) as five:
        own = {kind: await is_taken(five, kind.of(5)) for kind in Kind}
        others = [kind for kind in Kind if await is_taken(five, kind.of(6))]
        elsewhere = (
            "grid/monitor/status",
            MONITOR_CANARY,
            "grid/alarms/1",
            "grid/controllers/5/outages",
            "grid/x",
            "x",
        )
        taken_elsewhere = [topic for topic in elsewhere if await is_taken(five, topic)]
    assert own == OWN
    assert (others, taken_elsewhere) == ([], [])


async def test_a_turbine_hears_what_is_for_it_and_nothing_else(farm: SecureFarm) -> None:
    for_five = {kind.of(5) for kind, publishes in OWN.items() if not publishes} | {MONITOR_STATUS}
    heard: list[Message] = []
    async with enter(farm.turbine(5), heard) as five, enter(farm.entrance(MONITOR)) as monitor:
        await five.subscribe("grid/#", "grid/turbines/6/repair", "#", "$SYS/#", "$share/any/grid/#")
        for topic in sorted(for_five):
            assert await is_taken(monitor, topic)
        for topic in (Kind.REPAIR.of(6), Kind.EVENTS.of(6), "grid/alarms/1", MONITOR_CANARY):
            assert await is_taken(monitor, topic)
        async with enter(farm.turbine(6)) as six:
            assert await is_taken(six, Kind.METRICS.of(6))
        assert await arrived(five, heard) == for_five


async def test_in_an_older_mqtt_nothing_in_the_name_of_another_arrives_either(farm: SecureFarm) -> None:
    heard: list[Message] = []
    async with (
        enter(farm.entrance(VIEWER), heard) as viewer,
        enter(replace(farm.turbine(5), protocol=Protocol.V311)) as five,
    ):
        await viewer.subscribe("grid/#")
        for topic in [kind.of(number) for kind in Kind for number in (5, 6)] + [MONITOR_STATUS, MONITOR_CANARY]:
            assert await is_taken(five, topic)  # 3.1.1 has no word for a refusal
        assert await arrived(viewer, heard) == {kind.of(5) for kind, publishes in OWN.items() if publishes}


async def test_who_takes_over_the_session_of_another_hears_nothing_of_it(farm: SecureFarm) -> None:
    stolen: list[Message] = []
    async with enter(farm.entrance(MONITOR)) as monitor:

        async def listen(six: Connection) -> None:
            await six.subscribe(Kind.REPAIR.of(6), MONITOR_STATUS)

        async def take(five: Connection) -> None:
            assert await is_taken(monitor, Kind.REPAIR.of(6))
            assert await is_taken(monitor, MONITOR_STATUS)
            assert await arrived(five, stolen) == {MONITOR_STATUS}  # which is for all: it is the other's session

        for number, serve in ((6, listen), (5, take)):
            await stay_connected(
                farm.turbine(number), serve, client_id="six", deliver=stolen.append, session=Session(clean_start=False)
            )
            assert await is_taken(monitor, Kind.REPAIR.of(6))  # which waits


async def test_a_name_that_its_certificate_does_not_bear_makes_nobody_another(certified_farm: SecureFarm) -> None:
    for name in ("6", "monitor", "+", "#"):
        async with enter(replace(certified_farm.turbine(5), username=name, password="x")) as five:
            assert not await is_taken(five, Kind.METRICS.of(6))
            assert await is_taken(five, Kind.METRICS.of(5))


async def test_a_last_will_in_the_name_of_another_reaches_nobody(farm: SecureFarm, tmp_path: Path) -> None:
    heard: list[Message] = []
    async with enter(farm.entrance(VIEWER), heard) as viewer:
        await viewer.subscribe("grid/turbines/+/status")
        for number in (6, 5):
            lost = farm.log.count(GONE)
            with five_with_a_will(farm, Kind.STATUS.of(number), tmp_path):
                pass
            wait_for_the_will(farm, lost)
        assert await arrived(viewer, heard) == {Kind.STATUS.of(5)}


@contextmanager
def five_with_a_will(farm: SecureFarm, topic: str, folder: Path) -> Iterator[None]:
    """Turbine 5 by Mosquitto's own client, which dies at the end and leaves its will."""
    entrance = farm.turbine(5)
    assert entrance.tls is not None
    options = {"-h": entrance.host, "-p": entrance.port, "-i": "five", "-t": "x", "--cafile": entrance.tls.cafile}
    if entrance.password is None:
        options |= {"--cert": entrance.tls.certfile, "--key": entrance.tls.keyfile}
    else:
        options |= {"-u": "5", "-P": entrance.password}
    options |= {"--will-topic": topic, "--will-payload": "offline"}
    write_private(folder / LISTENING, "".join(f"{option} {value}\n" for option, value in options.items()).encode())
    known = farm.log.count("as five")
    with subprocess.Popen("mosquitto_sub", env={**os.environ, "XDG_CONFIG_HOME": str(folder)}) as program:
        wait_for(lambda: farm.log.count("as five") > known, "turbine 5 is connected")
        yield
        program.kill()


def wait_for_the_will(farm: SecureFarm, lost: int) -> None:
    """Until the broker has missed turbine 5 once more."""
    wait_for(lambda: farm.log.count(GONE) > lost, "the broker misses turbine 5")


async def test_the_monitor_hears_and_says_what_the_contract_gives_it(farm: SecureFarm) -> None:
    heard: list[Message] = []
    turbines = {kind.of(5) for kind, publishes in OWN.items() if publishes}
    async with enter(farm.entrance(MONITOR), heard) as monitor, enter(farm.turbine(5)) as five:
        await monitor.subscribe("grid/#")
        for topic in turbines:
            assert await is_taken(five, topic)
            assert not await is_taken(monitor, topic)
        assert await is_taken(monitor, MONITOR_CANARY)
        assert not await is_taken(monitor, "grid/turbines/monitor/metrics")
        assert await arrived(monitor, heard) == turbines | {MONITOR_CANARY}


async def test_a_viewer_hears_all_and_says_nothing(farm: SecureFarm) -> None:
    heard: list[Message] = []
    said = [kind.of(5) for kind, publishes in OWN.items() if not publishes] + ["grid/alarms/1", MONITOR_CANARY]
    async with AsyncExitStack() as stack:
        viewer = await stack.enter_async_context(enter(farm.entrance(VIEWER), heard))
        monitor = await stack.enter_async_context(enter(farm.entrance(MONITOR)))
        five = await stack.enter_async_context(enter(farm.turbine(5)))
        await viewer.subscribe("grid/#")
        for topic in said:
            assert await is_taken(monitor, topic)
        assert await is_taken(five, Kind.METRICS.of(5))
        tried = [*said, Kind.METRICS.of(5), "grid/turbines/viewer/metrics", "grid/turbines/viewer/status", "grid/x"]
        assert not [topic for topic in tried if await is_taken(viewer, topic)]
        assert await arrived(viewer, heard) == {*said, Kind.METRICS.of(5)}


async def test_a_controller_reports_outages_in_its_own_name_only(changing_farm: SecureFarm) -> None:
    station, other = parse_parties(["substation-2", "mast-1"])
    add(changing_farm.secure.path, [station, other])
    changing_farm.reload()
    heard: list[Message] = []
    tried = ("mast-1/outages", "substation-2/events", "substation-2")
    async with (
        enter(changing_farm.entrance(station), heard) as controller,
        enter(changing_farm.entrance(MONITOR)) as monitor,
    ):
        await controller.subscribe("grid/#")
        assert await is_taken(controller, "grid/controllers/substation-2/outages")
        assert not [topic for topic in tried if await is_taken(controller, f"grid/controllers/{topic}")]
        assert not await is_taken(controller, "grid/turbines/substation-2/metrics")
        for name in ("substation-2", "mast-1"):
            assert await is_taken(monitor, f"grid/controllers/{name}/events")
        assert await arrived(controller, heard) == {"grid/controllers/substation-2/events"}


@pytest.mark.parametrize("stranger", ["nobody", "8", "monitor ", ""])
async def test_a_password_opens_for_its_own_name_only(farm_of_passwords: SecureFarm, stranger: str) -> None:
    own = farm_of_passwords.entrance(MONITOR)
    with pytest.raises(BrokerRefusedError, match="refuses the user name or password"):
        async with enter(replace(own, username=stranger)):
            pass
