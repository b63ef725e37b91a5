"""F4, F5 and F16: programs stand still, stay away for long, or are asked to stop under load."""

import signal
import time

from fault_farm import (
    LAME,
    Extent,
    FaultFarm,
    megabytes,
    peak_memory,
    process_of,
    stopped,
)
from figures import Figures
from programs import wait_for

from monitor.facts import Link


def test_f4_a_turbine_that_stands_still_gives_its_engineer_back(
    farm: FaultFarm, extent: Extent, figures: Figures
) -> None:
    farm.monitor()
    turbines = farm.load()
    lame = farm.turbines("--first-number", "7", *LAME)
    farm.wait_for_engineer(7)
    with farm.watching_links() as offline:
        with stopped(process_of(lame)):
            seconds = farm.wait_for_link(7, Link.OFFLINE)
            at_it = len(farm.open_visits(7))
            time.sleep(extent(2, 10))  # long enough for the watch to see it, too
        farm.wait_for_link(7, Link.ONLINE)
        wait_for(lambda: len(farm.visits_of(7)) > 1, "an engineer is sent again")
    verdict = farm.verdict(turbines, lame)
    assert at_it == 0
    assert offline == {7}
    engineers = f"offline after {seconds:.1f} s, engineers there before 1, then {at_it}, sent again on its return"
    figures.note("F4", "a turbine stopped until it is offline", verdict, engineers, "false offlines 0")


def test_f4_a_broker_that_stands_still_calls_nobody_back(farm: FaultFarm, extent: Extent, figures: Figures) -> None:
    seconds = extent(12, 30)
    farm.monitor()
    turbines = farm.load()
    lame = farm.turbines("--first-number", "7", *LAME)
    farm.wait_for_engineer(7)
    [before] = farm.open_visits(7)
    with farm.watching_links() as offline:
        farm.broker.send_signal(signal.SIGSTOP)
        time.sleep(seconds)
        farm.broker.send_signal(signal.SIGCONT)
        stall = farm.seconds_to_next_commit()
    verdict = farm.verdict(turbines, lame)
    [after] = farm.visits_of(7)
    assert after.dispatch_id == before.dispatch_id
    assert offline == set()
    figures.note(
        "F4", f"the broker stopped for {seconds} s", verdict, f"next commit after {stall:.2f} s", "false offlines 0"
    )


def test_f4_a_monitor_that_stands_still_calls_nobody_back(farm: FaultFarm, extent: Extent, figures: Figures) -> None:
    """Its sleep is longer than the silence that makes a turbine offline: nobody was silent, it did not listen."""
    seconds = extent(18, 40)
    monitor = farm.monitor("--stale-after", "4", "--silent-offline-after", "4")
    turbines = farm.load()
    lame = farm.turbines("--first-number", "7", *LAME)
    farm.wait_for_engineer(7)
    [before] = farm.open_visits(7)
    with farm.watching_links() as offline:
        with stopped(process_of(monitor)):
            time.sleep(seconds)
        stall = farm.seconds_to_next_commit()
    verdict = farm.verdict(turbines, lame)
    [after] = farm.visits_of(7)
    assert after.dispatch_id == before.dispatch_id
    assert offline == set()
    figures.note(
        "F4", f"the monitor stopped for {seconds} s", verdict, f"next commit after {stall:.2f} s", "false offlines 0"
    )


def test_f5_a_monitor_that_was_away_catches_up(farm: FaultFarm, extent: Extent, figures: Figures) -> None:
    seconds = extent(15, 180)
    monitor = farm.monitor()
    turbines = farm.load()
    monitor.end(signal.SIGKILL)
    time.sleep(seconds)
    monitor = farm.monitor()
    took, caught_up = farm.seconds_to_catch_up()
    verdict = farm.verdict(turbines)
    rate = f"caught up {caught_up:,} in {took:.1f} s ({caught_up / took:,.0f} readings/s)"
    memory = f"peak memory {megabytes(peak_memory(monitor.process.pid))}"
    figures.note("F5", f"no monitor for {seconds} s", verdict, rate, memory)


def test_f16_a_stop_under_load_is_orderly(farm: FaultFarm, extent: Extent, figures: Figures) -> None:
    stops = extent(3, 20)
    monitor = farm.monitor()
    turbines = farm.load()
    seconds = []
    for _ in range(stops):
        farm.pause(0.5, 2)
        started = time.monotonic()
        assert monitor.end(signal.SIGTERM) == 0, monitor.output
        seconds.append(time.monotonic() - started)
        monitor = farm.monitor()
    verdict = farm.verdict(turbines)
    figures.note("F16", f"SIGTERM to the monitor {stops} times", verdict, f"ended within {max(seconds):.2f} s, exit 0")
