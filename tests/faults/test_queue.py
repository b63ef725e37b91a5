"""F6: the broker's queue overflows, and the broker drops what it has acknowledged to the turbines."""

import signal
import time

import pytest
from fault_farm import Extent, FaultFarm
from figures import Figures


@pytest.mark.parametrize("broker_lines", ["max_queued_messages 100"], ids=["queue of 100"])
def test_f6_what_a_full_queue_drops_is_sent_again(farm: FaultFarm, extent: Extent, figures: Figures) -> None:
    times = extent(2, 5)
    monitor = farm.monitor()
    turbines = farm.load()
    waits = []
    for _ in range(times):
        farm.pause(1, 2)
        monitor.end(signal.SIGKILL)
        time.sleep(extent(5, 10))
        monitor = farm.monitor()
        waits.append(farm.seconds_to_catch_up()[0])
    verdict = farm.verdict(turbines)
    books = farm.read("books")
    opened, closed = books.get("gaps_opened", 0), books.get("gaps_closed", 0)
    assert opened > 0, "nothing was dropped: this proves nothing"
    assert closed == opened
    assert books.get("gaps_given_up", 0) == 0
    seen = f"gaps opened {opened:,} = gaps closed {closed:,}, nothing missing after {max(waits):.1f} s"
    figures.note("F6", f"queue of 100 messages overflows {times} times", verdict, seen)
