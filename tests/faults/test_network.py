"""F12: the network between a program and its broker fails in the ways that networks do."""

import time
from collections.abc import Iterator

import pytest
from fault_farm import LAME, Extent, FaultFarm
from figures import Figures
from programs import wait_for
from proxy import Proxy

from monitor.facts import Link


@pytest.fixture
def proxy(farm: FaultFarm) -> Iterator[Proxy]:
    """Between the broker and whoever is given its port; it ends after the programs."""
    with Proxy(farm.broker.port) as proxy:
        yield proxy
        farm.close()


def through(proxy: Proxy) -> tuple[str, str]:
    """The option that takes a program through the proxy."""
    return ("--broker-port", str(proxy.port))


def test_f12_a_monitor_that_is_cut_off_notices_and_calls_nobody_back(
    farm: FaultFarm, proxy: Proxy, extent: Extent, figures: Figures
) -> None:
    monitor = farm.monitor(*through(proxy))
    turbines = farm.load()
    lame = farm.turbines("--first-number", "7", *LAME)
    farm.wait_for_engineer(7)
    with farm.watching_links() as offline:
        proxy.partition()
        started = time.monotonic()
        wait_for(lambda: farm.health(monitor)["connected"] is False, "the monitor notices", 60)
        noticed = time.monotonic() - started
        time.sleep(extent(2, 45))
        proxy.heal()
        stall = farm.seconds_to_next_commit()
        farm.seconds_to_catch_up()
    assert offline == farm.called_back() == set()
    verdict = farm.verdict(turbines, lame)
    seen = f"noticed after {noticed:.1f} s, next commit {stall:.1f} s after it healed"
    figures.note("F12", "the monitor cut off, half open", verdict, seen, "false offlines 0")


def test_f12_a_turbine_that_is_cut_off_is_offline_and_comes_back(
    farm: FaultFarm, proxy: Proxy, extent: Extent, figures: Figures
) -> None:
    farm.monitor()
    turbines = farm.load()
    cut_off = farm.turbines("--first-number", "7", "--upload-interval", "0.02", "--time-to-fail", "0", *through(proxy))
    farm.wait_for_link(7, Link.ONLINE)
    with farm.watching_links() as offline:
        proxy.partition()
        seconds = farm.wait_for_link(7, Link.OFFLINE)
        time.sleep(extent(2, 30))  # long enough for the watch to see it, too
        proxy.heal()
        back = farm.wait_for_link(7, Link.ONLINE)
    assert offline == {7}
    verdict = farm.verdict(turbines, cut_off)
    seen = f"offline after {seconds:.1f} s, online {back:.1f} s after it healed"
    figures.note("F12", "a turbine cut off, half open", verdict, seen, "false offlines 0")


def test_f12_connections_that_are_reset_on_one_side_lose_nothing(
    farm: FaultFarm, proxy: Proxy, extent: Extent, figures: Figures
) -> None:
    resets = extent(3, 20)
    farm.monitor(*through(proxy))
    turbines = farm.load(*through(proxy))
    stalls = []
    with farm.watching_links() as offline:
        for _ in range(resets):
            farm.pause(1, 2)
            proxy.reset_clients()
            stalls.append(farm.seconds_to_next_commit())
        farm.seconds_to_catch_up()
    assert offline == farm.called_back() == set()
    verdict = farm.verdict(turbines)
    seen = f"next commit after {max(stalls):.2f} s at worst"
    figures.note("F12", f"all connections reset on one side {resets} times", verdict, seen, "false offlines 0")


def test_f12_a_slow_link_delays_and_loses_nothing(
    farm: FaultFarm, proxy: Proxy, extent: Extent, figures: Figures
) -> None:
    seconds = extent(6, 60)
    farm.monitor(*through(proxy))
    proxy.slow_down(bytes_per_second=150_000, delay_seconds=0.2)
    with farm.watching_links() as offline:
        turbines = farm.load()
        time.sleep(seconds)
        farm.seconds_to_catch_up()
    assert offline == set()
    verdict = farm.verdict(turbines)
    figures.note("F12", f"150 kB/s and 0.2 s of delay for {seconds} s", verdict, "false offlines 0")
