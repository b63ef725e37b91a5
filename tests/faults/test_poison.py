"""F17: one message in ten is poison."""

import asyncio
import time
from collections import Counter
from itertools import cycle, islice

from abuse import ABUSE
from fault_farm import Extent, FaultFarm
from figures import Figures
from programs import wait_for

from grid.connection import Broker, connect_once

GOOD_PER_SECOND = ("--count", "18", "--upload-interval", "0.02", "--time-to-fail", "2", "--time-to-repair", "0.5")
POISON_PER_SECOND = 100


async def poison(broker: Broker, count: int) -> Counter[str]:
    """Send so many of the abuse list, in turn; how many of them for each reason."""
    sent = Counter[str]()
    async with connect_once(broker, client_id="poisoner") as connection:
        started = time.monotonic()
        for number, (_, reason, payload) in enumerate(islice(cycle(ABUSE), count)):
            await connection.publish("grid/turbines/7/metrics", payload)
            sent[reason] += 1
            await asyncio.sleep(max(0.0, started + number / POISON_PER_SECOND - time.monotonic()))
    return sent


def test_f17_poison_is_refused_and_good_readings_get_through(farm: FaultFarm, extent: Extent, figures: Figures) -> None:
    seconds = extent(5, 60)
    farm.monitor()
    turbines = farm.turbines(*GOOD_PER_SECOND)
    sent = asyncio.run(poison(Broker(farm.host, farm.port), POISON_PER_SECOND * seconds))
    verdict = farm.verdict(turbines)
    wait_for(lambda: farm.read("dead_letters_by_reason") == sent, f"all poison is refused: {sent}")
    assert farm.read("books")["rejected"] == sent.total()
    share = sent.total() / (sent.total() + verdict.emitted)
    seen = f"{sent.total():,} of {len(sent)} reasons refused, as many as sent"
    figures.note("F17", f"{share:.0%} poison for {seconds} s", verdict, seen)
