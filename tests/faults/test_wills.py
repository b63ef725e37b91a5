"""F13 and F14: who is there, who is gone, and who pretends."""

import json
import signal
import time

from fault_farm import Extent, FaultFarm
from figures import Figures
from programs import Program, wait_for

from monitor.facts import Link, LinkReason, TurbineRecord

WILL_DELAY_SECONDS = 5.0
STEADY_LIFE = ("--upload-interval", "1", "--time-to-fail", "0")


def test_f13_a_second_monitor_with_the_same_client_id_refuses(
    farm: FaultFarm, extent: Extent, figures: Figures
) -> None:
    attempts = extent(3, 10)
    first = farm.monitor()
    turbines = farm.load()
    seconds = []
    for attempt in range(attempts):
        started = time.monotonic()
        second = farm.start("grid-monitor", "--data-dir", farm.folder / f"second-{attempt}")
        assert second.wait() == 1
        seconds.append(time.monotonic() - started)
        assert "another monitor works on the broker" in second.output
        assert farm.health(first)["connected"]
    verdict = farm.verdict(turbines)
    seen = f"each refused to start, within {max(seconds):.1f} s"
    figures.note("F13", f"{attempts} times a second monitor of the same client id", verdict, seen)


def test_f14_what_the_wills_say_is_what_is_believed(farm: FaultFarm, extent: Extent, figures: Figures) -> None:
    rounds = extent(1, 5)
    farm.monitor()
    turbines = farm.load()
    mismatches: list[str] = []
    leaving: list[Program] = []
    killed: list[Program] = []
    for number in range(1, rounds + 1):
        with farm.watching_links() as offline:
            mismatches += one_round(farm, leaving, killed, first=10 * number)
            alive = {10 * number + place for place in (2, 3, 4)}
        mismatches += [f"turbine {turbine} was offline for a while" for turbine in offline & alive]
    verdict = farm.verdict(turbines, *leaving, killed=killed)
    assert mismatches == []
    ends = "clean exit, kill, kill and return, take-over, stale will"
    figures.note("F14", f"{ends}, {rounds} times", verdict, f"mismatches {len(mismatches)}")


def one_round(farm: FaultFarm, leaving: list[Program], killed: list[Program], *, first: int) -> list[str]:
    """Five turbines end in five ways; what is believed of them otherwise than it is."""
    stops, dies, returns, is_taken_over, stays = (one(farm, first + place) for place in range(5))
    for place in range(5):
        farm.wait_for_link(first + place, Link.ONLINE)
    sessions = [session_of(farm, first + place) for place in range(5)]
    assert stops.end(signal.SIGTERM) == 0
    dies.end(signal.SIGKILL)
    returns.end(signal.SIGKILL)
    successors = [one(farm, first + 2)]
    is_taken_over.process.send_signal(signal.SIGSTOP)  # its connection stands, half open
    successors.append(one(farm, first + 3))
    stale = {"status": "offline", "reason": "lost", "session": "1700000000000-0000"}
    farm.publish(f"grid/turbines/{first + 4}/status", json.dumps(stale), retain=True)
    for place in (2, 3):
        wait_for_another_session(farm, first + place, sessions[place])
    is_taken_over.end(signal.SIGKILL)
    farm.wait_for_link(first + 1, Link.OFFLINE)
    time.sleep(WILL_DELAY_SECONDS + 2)  # no late word may change anything
    found = [(turbine.link, turbine.link_reason) for turbine in known(farm, first)]
    wanted = [(Link.OFFLINE, LinkReason.STOPPED), (Link.OFFLINE, LinkReason.LOST), *[(Link.ONLINE, None)] * 3]
    leaving.extend((*successors, stays))
    killed.extend((dies, returns, is_taken_over))
    pairs = enumerate(zip(found, wanted, strict=True), first)
    return [f"turbine {number} is {is_}, not {should}" for number, (is_, should) in pairs if is_ != should]


def one(farm: FaultFarm, turbine_number: int) -> Program:
    return farm.turbines("--first-number", str(turbine_number), *STEADY_LIFE)


def wait_for_another_session(farm: FaultFarm, turbine_number: int, former: str | None) -> None:
    wait_for(lambda: session_of(farm, turbine_number) != former, f"turbine {turbine_number} is there anew")


def session_of(farm: FaultFarm, turbine_number: int) -> str | None:
    [turbine] = [turbine for turbine in farm.read("turbines") if turbine.turbine_number == turbine_number]
    session: str | None = turbine.session
    return session


def known(farm: FaultFarm, first: int) -> list[TurbineRecord]:
    return [turbine for turbine in farm.read("turbines") if first <= turbine.turbine_number < first + 5]
