"""F21 to F23: noise at the broker, the monitor and our clients: all live on, books balance, memory is steady."""

import asyncio
import contextlib
import gc
import re
import socket
import sys
import time
from itertools import islice

import psutil
import pytest
from fault_farm import Extent, FaultFarm
from figures import Figures
from hostile import Guest, hostile_broker
from noise import Noise
from programs import Farm, Program, wait_for

from grid.broker import Broker, BrokerLostError, Message, Protocol
from grid.connection import connect_once
from grid.times import SECOND
from monitor.intake.admission import Admission
from monitor.intake.decode import ArrivalTimes, decode
from turbine.reporting import parse_command

MB = 1024 * 1024
PACKETS_OF_A_CLIENT = 4
"""Few: most brokers hang up at the first one that is maltreated, and read no more."""
LITTLE = ("--count", "3", "--upload-interval", "0.1")
NOON = 1_790_000_000 * SECOND
CODEC_PANICS = re.compile(
    r"^Traceback \(most recent call last\):\n +File [^\n]*mqtt5_protocol\.py.*?pointer is null\n(?:note: [^\n]*\n)?",
    re.M | re.S,
)
"""What the codec itself writes to standard error over a text that is not UTF-8; our client then says it in words."""


def memory_of(program: Program) -> float:
    """In MB."""
    return psutil.Process(program.process.pid).memory_info().rss / MB


def judge(farm: FaultFarm, monitor: Program, before: float) -> str:
    """What the turbines emit is still stored, and the books balance; how much memory it took, in words."""
    farm.seconds_to_catch_up()
    assert monitor.process.poll() is None, monitor.output
    assert "Traceback" not in monitor.output
    assert all(line.isprintable() for line in monitor.output.splitlines())
    books = farm.read("books")
    assert books["received"] == books["stored"] + books.get("duplicate", 0) + books.get("rejected", 0)
    grown = memory_of(monitor) - before
    assert grown < 60, f"the monitor has grown by {grown:.0f} MB"
    assert {path.name for path in (farm.data_dir / "turbines").glob("*")} <= {
        *(f"turbine-{number}.txt" for number in (1, 2, 3, 7, 900_001, 900_002)),
        "position.json",
    }
    return f"monitor {before:.0f} + {grown:.0f} MB, {books.get('rejected', 0):,} dead letters, books balanced"


def shout(host: str, port: int, noise: Noise, packets: int) -> int:
    """Send one client's packets; how many the broker has read for certain.

    Whoever closes a line without having read it all resets it (RFC 1122, section 4.2.2.13).
    """
    sent = 0
    try:
        with socket.create_connection((host, port), timeout=5) as line:
            for packet in islice(noise.to_broker(), packets):
                line.sendall(packet)
                sent += 1
            line.shutdown(socket.SHUT_WR)
            while line.recv(65_536):
                pass
    except TimeoutError:  # it neither answers nor hangs up
        raise
    except OSError:
        return min(sent, 1)
    return sent


def test_f21_random_packets_at_the_broker(farm: FaultFarm, extent: Extent, figures: Figures) -> None:
    wanted = extent(10_000, 1_000_000)
    monitor = farm.monitor()
    turbines = farm.turbines(*LITTLE)
    wait_for(farm.rows, "readings are stored")
    broker = psutil.Process(farm.broker.pid)
    memory, of_broker = memory_of(monitor), broker.memory_info().rss / MB
    noise, sent, began = Noise(1), 0, time.monotonic()
    while sent < wanted:
        sent += shout(farm.host, farm.port, noise, PACKETS_OF_A_CLIENT)
    seconds = time.monotonic() - began
    seen = judge(farm, monitor, memory)
    assert broker.is_running()
    grown = broker.memory_info().rss / MB - of_broker
    assert turbines.end() == 0, turbines.output
    figures.note("F21", f"{sent:,} random packets at the broker, {seconds:.0f} s", f"broker + {grown:.0f} MB", seen)


def test_f22_random_payloads_and_topics_at_the_monitor(farm: FaultFarm, extent: Extent, figures: Figures) -> None:
    wanted = extent(10_000, 1_000_000)
    monitor = farm.monitor()
    turbines = farm.turbines(*LITTLE)
    wait_for(farm.rows, "readings are stored")
    memory = memory_of(monitor)

    async def shout() -> None:
        noise = Noise(2)
        async with connect_once(Broker(farm.host, farm.port), client_id="noise", in_bulk=True) as connection:
            for number in range(wanted):
                retain = noise.rng.random() < 0.01
                await connection.publish(noise.topic(), noise.payload(), qos=number % 2, retain=retain)

    began = time.monotonic()
    asyncio.run(shout())
    seconds = time.monotonic() - began
    seen = judge(farm, monitor, memory)
    assert turbines.end() == 0, turbines.output
    shown = farm.run("dead-letters", "--newest", "1000")
    assert shown.returncode == 0
    assert "\x1b" not in shown.stdout
    figures.note("F22", f"{wanted:,} random messages at the monitor, {seconds:.0f} s", seen)


# --- our clients on a hostile broker


def hear(message: Message) -> None:
    """What monitor and turbine do with a message: neither may raise."""
    found = decode([message], NOON, ArrivalTimes(), Admission())
    assert found.counted.total() == 1
    parse_command(message.payload)


CLIENTS = [(Protocol.V5, True), (Protocol.V5, False), (Protocol.V311, False)]


@pytest.mark.parametrize(("protocol", "in_bulk"), CLIENTS, ids=["codec", "aiomqtt-5", "aiomqtt-3.1.1"])
async def test_f23_random_packets_at_a_client(
    free_port: int,
    extent: Extent,
    figures: Figures,
    monkeypatch: pytest.MonkeyPatch,
    protocol: Protocol,
    *,
    in_bulk: bool,
) -> None:
    # The codec panics over a text that is no UTF-8, and pytest would keep each panic with all that it holds.
    monkeypatch.setattr(sys, "unraisablehook", lambda unraisable: None)
    attempts, noise, sent = extent(300, 20_000), Noise(3), 0
    words = set[str]()

    async def shout(guest: Guest) -> None:
        nonlocal sent
        for _ in range(noise.rng.randint(1, 30)):
            await guest.say(noise.to_client(guest.version))
            sent += 1
        guest.writer.close()

    before, began = psutil.Process().memory_info().rss / MB, time.monotonic()
    async with hostile_broker(free_port, shout):
        address = Broker("127.0.0.1", free_port, protocol=protocol)
        for _ in range(attempts):
            try:
                async with connect_once(address, client_id="c", deliver=hear, in_bulk=in_bulk) as connection:
                    await asyncio.wait_for(connection.lost(), 10)
            except BrokerLostError as loss:
                words.add(str(loss))
    gc.collect()
    grown = psutil.Process().memory_info().rss / MB - before
    assert all(sentence.isprintable() and len(sentence) < 200 for sentence in words), words
    assert grown < 100
    name = "codec" if in_bulk else f"aiomqtt {protocol}"
    seconds = time.monotonic() - began
    figures.note("F23", f"{sent:,} packets at {name}, {seconds:.0f} s", f"+ {grown:.0f} MB, {len(words)} reasons")


async def test_f23_programs_outlive_a_hostile_broker(free_port: int, farm: Farm, extent: Extent) -> None:
    """It plays the fool for a while, then behaves: turbines and monitor are still there, and say so in plain words."""
    noise, until = Noise(4), time.monotonic() + extent(8, 600)
    behaves = asyncio.Event()

    async def play(guest: Guest) -> None:
        if time.monotonic() > until:
            behaves.set()
            await guest.behave()
            return
        answering = asyncio.ensure_future(guest.behave())
        with contextlib.suppress(ConnectionError):
            for _ in range(200):
                await guest.say(noise.to_client(guest.version))
                await asyncio.sleep(0.005)
        answering.cancel()

    where = ("--broker-host", "127.0.0.1", "--broker-port", str(free_port))
    async with hostile_broker(free_port, play):
        programs = [
            farm.start("grid-turbines", *where, *LITTLE, "--mqtt-version", "5"),
            farm.start("grid-monitor", *where, "--data-dir", farm.data_dir, "--mqtt-version", "5"),
        ]
        await asyncio.wait_for(behaves.wait(), 60 + extent(8, 600))
        for program in programs:
            assert program.process.poll() is None, program.output
            assert memory_of(program) < 250
            program.process.terminate()
        for program in programs:
            assert await asyncio.to_thread(program.wait) == 0, program.output
            said = CODEC_PANICS.sub("", program.output)
            assert "Traceback" not in said
            assert all(line.isprintable() for line in said.splitlines()), said
