"""The intake on a broker that keeps to no limit."""

import asyncio

import mqtt5
import psutil
import pytest
from hostile import Guest, hostile_broker

from grid.broker import Broker, Protocol
from grid.broker_words import TOO_MUCH
from grid.connection import Will
from grid.topics import MONITOR_STATUS
from monitor.intake.broker_intake import BrokerIntake
from monitor.intake.waiting import MOST_BYTES

PAYLOAD = bytes(100_000)
FLOOD = b"".join(
    mqtt5.PublishPacket("grid/turbines/7/metrics", PAYLOAD, qos=mqtt5.QoS.AT_LEAST_ONCE, packet_id=number).write()
    for number in range(1, 11)
)


async def flood_the_intake(guest: Guest) -> None:
    """Answer no SUBSCRIBE of the intake, which must read on until it is answered, and send it all there is."""
    if guest.client_id == "monitor":
        await guest.flood(FLOOD)
    else:
        await guest.behave()


@pytest.mark.filterwarnings("ignore::ResourceWarning")
async def test_a_broker_that_sends_without_end_is_given_up_before_memory_is(free_port: int) -> None:
    said: asyncio.Queue[str] = asyncio.Queue()
    intake = BrokerIntake(
        Broker("127.0.0.1", free_port, protocol=Protocol.V5),
        client_id="monitor",
        lock_id="held",
        will=Will(MONITOR_STATUS, b"lost"),
        birth=lambda: b"{}",
        goodbye=lambda: b"{}",
        on_change=said.put_nowait,
    )
    before = psutil.Process().memory_info().rss
    async with hostile_broker(free_port, flood_the_intake):
        running = asyncio.create_task(intake.run())
        try:
            assert (await asyncio.wait_for(said.get(), 20)).endswith(TOO_MUCH)
            await asyncio.sleep(1)  # it comes again, and again
        finally:
            running.cancel()
            await asyncio.wait([running])
    assert psutil.Process().memory_info().rss - before < 2 * MOST_BYTES
