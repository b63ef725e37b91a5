"""Outages through the real programs: reports on a real broker, a kill at any moment, and what is left."""

import json
import signal
from contextlib import closing

from programs import Farm, wait_for

from grid.times import SECOND, format_time
from monitor.facts import Outage
from monitor.store import DATABASE
from monitor.store.queries.outages import OutageFilter, outages_page
from monitor.store.reader import LedgerReader

LONG_AGO = 1_704_110_400
"""2024-01-01T12:00:00Z."""
TOPIC = "grid/controllers/plant/outages"


def outages(farm: Farm) -> list[Outage]:
    with closing(LedgerReader.open(farm.data_dir / DATABASE)) as reader:
        return outages_page(reader, OutageFilter(), limit=1000).outages


def minutes(farm: Farm) -> list[tuple[str, float, float]]:
    return [(outage.controller_id, _minute(outage.started_at), _minute(outage.ended_at)) for outage in outages(farm)]


def _minute(at: int) -> float:
    return (at / SECOND - LONG_AGO) / 60


def report(farm: Farm, minute: int) -> None:
    at = format_time((LONG_AGO + minute * 60) * SECOND)
    farm.publish(TOPIC, {"controller_id": "plant", "outage_type": "pump", "timestamp": at})


def test_reports_make_the_same_outages_though_the_monitor_is_killed(farm: Farm) -> None:
    told = farm.hear("grid/controllers/+/events")
    monitor = farm.monitor()
    for minute in (0, 10, 20):
        report(farm, minute)
    wait_for(lambda: minutes(farm) == [("plant", 0, 20)], "three reports are one outage")
    report(farm, 40)
    monitor.end(signal.SIGKILL)
    farm.monitor()
    for minute in (10, 40):
        report(farm, minute)
    wait_for(lambda: minutes(farm) == [("plant", 40, 40), ("plant", 0, 20)], "a fourth begins another")
    report(farm, 30)
    wait_for(lambda: minutes(farm) == [("plant", 0, 40)], "a late one joins both")
    wait_for(lambda: any("took in" in payload for _, payload in told.heard), "it is told")
    event = json.loads(told.heard[-1][1])
    assert (event["action"], event["outage_id"], event["ongoing"]) == ("outage_changed", 1, False)


def test_the_tolerance_is_a_setting(farm: Farm) -> None:
    farm.monitor("--outage-tolerance", "1200")
    for minute in (0, 20, 41):
        report(farm, minute)
    wait_for(lambda: minutes(farm) == [("plant", 41, 41), ("plant", 0, 20)], "twenty minutes join")


def test_a_broken_turbine_is_out_until_it_is_well_though_the_monitor_is_killed(farm: Farm) -> None:
    monitor = farm.monitor()
    farm.report(7, "broken")
    wait_for(lambda: any(outage.ongoing for outage in outages(farm)), "it goes on")
    monitor.end(signal.SIGKILL)
    farm.monitor()
    farm.report(7, "ok")
    wait_for(lambda: not any(outage.ongoing for outage in outages(farm)), "it has ended")
    (outage,) = outages(farm)
    assert (outage.outage_type, outage.turbine_number, outage.outage_id) == ("broken", 7, 1)
    assert outage.down_seconds > 0
