"""Whoever follows the farm by what changes knows what a newcomer is told."""

import json
from dataclasses import dataclass, field, replace
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from grid.times import SECOND
from monitor.console.known import Known, view_of
from monitor.console.standing import PLACES_SHOWN
from monitor.facts import (
    Health,
    Hold,
    Incident,
    IncidentCause,
    IncidentState,
    Link,
    LinkReason,
    TurbineRecord,
    Visit,
    VisitState,
)
from monitor.live import live_farm
from monitor.live.documents import Document, in_tenths, read_row
from monitor.live.live_farm import LiveFarm
from monitor.live.mirror import Mirror

NOW = 1_795_232_700 * SECOND
"""2026-11-21 03:45:00 UTC"""


@dataclass
class Farm:
    """All that is known, and changes."""

    at: int = NOW
    turbines: dict[int, TurbineRecord] = field(default_factory=dict)
    incidents: dict[int, Incident] = field(default_factory=dict)
    visits: dict[int, Visit] = field(default_factory=dict)
    holds: dict[int, Hold] = field(default_factory=dict)
    missing: dict[int, int] = field(default_factory=dict)

    def known(self) -> Known:
        return Known(
            self.at,
            self.turbines.values(),
            list(self.incidents.values()),
            list(self.visits.values()),
            list(self.holds.values()),
            engineers=2,
            missing=self.missing,
        )


def online(number: int, *, at: int = NOW) -> TurbineRecord:
    return TurbineRecord(
        number,
        first_seen_at=NOW,
        link=Link.ONLINE,
        link_since=NOW - 60 * SECOND,
        health=Health.OK,
        received_at=at,
        emitted_at=at,
        wind_speed=7.5,
        power_output_in_kwh=0.25,
        interval_seconds=1.0,
    )


def tell(farm: LiveFarm, known: Known) -> list[Document]:
    """What followers hear now, after its way over a wire."""
    return [json.loads(json.dumps(delta)) for delta in farm.deltas(known)]


def all_of(known: Known) -> Mirror:
    """What a newcomer is told."""
    newcomer = LiveFarm()
    tell(newcomer, known)
    mirror = Mirror()
    mirror.apply(json.loads(json.dumps(newcomer.snapshot())))
    return mirror


class Follower:
    """Heard a snapshot once, and deltas since."""

    def __init__(self, farm: LiveFarm) -> None:
        self.farm = farm
        self.mirror = Mirror()
        self.mirror.apply(json.loads(json.dumps(farm.snapshot())))

    def hear(self, known: Known) -> None:
        for delta in tell(self.farm, known):
            self.mirror.apply(delta)
        if self.farm.has_forgotten:
            self.mirror.apply(json.loads(json.dumps(self.farm.snapshot())))


# --- what must always hold

TURBINES = st.integers(1, 6)
MOMENTS = st.none() | st.integers(NOW - 90 * SECOND, NOW + SECOND)
QUANTITIES = st.none() | st.sampled_from([0.0, 0.25, 7.1, 1e9])
READINGS = st.fixed_dictionaries(
    {
        "received_at": MOMENTS,
        "wind_speed": QUANTITIES,
        "power_output_in_kwh": QUANTITIES,
        "interval_seconds": st.sampled_from([None, 0.0, 1.0, 600.0]),
    }
)
BELIEFS = st.fixed_dictionaries(
    {
        "link": st.sampled_from(Link),
        "link_reason": st.none() | st.sampled_from(LinkReason),
        "link_since": MOMENTS,
        "health": st.sampled_from(Health),
        "model": st.sampled_from([None, "V90"]),
        "serial": st.sampled_from([None, "91234"]),
        "clock_skew_seconds": st.sampled_from([None, 0.5, 7.0, 8.5, -86_400.0]),
    }
)
INCIDENTS = st.builds(
    Incident,
    incident_id=st.integers(1, 3),
    turbine_number=TURBINES,
    cause=st.sampled_from(IncidentCause),
    state=st.sampled_from([state for state in IncidentState if state is not IncidentState.CLOSED]),
    opened_at=st.integers(NOW, NOW + 3),
    opened_by=st.sampled_from([None, "Anna"]),
    failed_visits=st.integers(0, 1),
)
VISITS = st.builds(
    Visit,
    visit_id=st.integers(1, 3),
    dispatch_id=st.just("f3a-1"),
    incident_id=st.integers(1, 3),
    turbine_number=TURBINES,
    engineer=st.integers(1, 3),
    session=st.none(),
    state=st.sampled_from([VisitState.SENT, VisitState.ACCEPTED, VisitState.DONE]),
    sent_at=st.just(NOW),
    commands=st.integers(1, 2),
    accepted_at=MOMENTS,
    done_at=MOMENTS,
)
CHANGES = st.one_of(
    st.tuples(st.just("reading"), TURBINES, READINGS),
    st.tuples(st.just("reading"), TURBINES, READINGS),
    st.tuples(st.just("belief"), TURBINES, BELIEFS),
    st.tuples(st.just("incident"), TURBINES, st.none() | INCIDENTS),
    st.tuples(st.just("visit"), TURBINES, st.none() | VISITS),
    st.tuples(st.just("hold"), TURBINES, st.none() | st.sampled_from(["storm", ""])),
    st.tuples(st.just("missing"), TURBINES, st.integers(0, 2)),
    st.tuples(st.just("forgotten"), TURBINES, st.none()),
)


def change(farm: Farm, kind: str, number: int, what: Any) -> None:
    turbine = farm.turbines.setdefault(number, online(number))
    match kind:
        case "reading" | "belief":  # in place, as the fleet does
            for name, value in what.items():
                setattr(turbine, name, value)
        case "incident":
            put(farm.incidents, number, what and replace(what, turbine_number=number))
        case "visit":
            put(farm.visits, number, what and replace(what, turbine_number=number))
        case "hold":
            put(farm.holds, number, None if what is None else Hold(number, NOW, "Anna", what))
        case "missing":
            put(farm.missing, number, what or None)
        case "forgotten":
            for things in (farm.turbines, farm.incidents, farm.visits, farm.holds, farm.missing):
                things.pop(number, None)


def put(things: dict[int, Any], number: int, thing: Any) -> None:
    if thing is None:
        things.pop(number, None)
    else:
        things[number] = thing


@given(st.lists(st.tuples(st.integers(0, 3 * SECOND), st.lists(CHANGES, max_size=8)), max_size=8))
def test_a_follower_knows_what_a_newcomer_is_told(seconds: list[tuple[int, list[tuple[str, int, Any]]]]) -> None:
    farm, live = Farm(), LiveFarm()
    tell(live, farm.known())
    follower = Follower(live)
    for pause, changes in seconds:
        farm.at += pause
        for kind, number, what in changes:
            change(farm, kind, number, what)
        known = farm.known()
        follower.hear(known)
        newcomer = all_of(known)
        assert follower.mirror.snapshot() == newcomer.snapshot()
        assert list(follower.mirror.turbines) == [row.turbine_number for row in view_of(known).rows]


@given(st.lists(CHANGES, max_size=30))
def test_what_is_told_is_what_the_screens_show(changes: list[tuple[str, int, Any]]) -> None:
    farm = Farm()
    for kind, number, what in changes:
        change(farm, kind, number, what)
    shown = [
        replace(row, emitted_at=None, received_at=None if row.received_at is None else in_tenths(row.received_at))
        for row in view_of(farm.known()).rows
    ]
    assert [read_row(row) for row in all_of(farm.known()).turbines.values()] == shown


# --- what goes over the wire


def test_a_newer_reading_is_told_in_columns_only() -> None:
    farm, live = Farm(turbines={number: online(number) for number in (1, 2)}), LiveFarm()
    tell(live, farm.known())
    farm.at += SECOND
    change(farm, "reading", 2, {"received_at": NOW + SECOND // 2, "wind_speed": 8.0})
    (delta,) = tell(live, farm.known())
    assert delta["turbines"] == []
    assert delta["readings"] == {
        "turbine_number": [2],
        "reading_age_seconds": [0.5],
        "wind_speed": [8.0],
        "power_output_in_kwh": [0.25],
        "mean_power_in_kw": [900.0],
    }


def test_a_turbine_that_breaks_is_told_as_a_whole_row() -> None:
    farm, live = Farm(turbines={number: online(number) for number in (1, 2)}), LiveFarm()
    tell(live, farm.known())
    change(farm, "belief", 2, {"health": Health.BROKEN})
    (delta,) = tell(live, farm.known())
    assert [(row["turbine_number"], row["state"]) for row in delta["turbines"]] == [(2, "broken, waiting")]
    assert delta["readings"]["turbine_number"] == []
    assert delta["farm"]["totals"]["by_standing"] == {"waiting": 1, "ok": 1}


def test_time_alone_changes_nothing_but_the_time() -> None:
    farm, live = Farm(turbines={1: replace(online(1), link=Link.STALE)}), LiveFarm()
    tell(live, farm.known())
    farm.at += 3600 * SECOND
    (delta,) = tell(live, farm.known())
    assert (delta["turbines"], delta["readings"]["turbine_number"]) == ([], [])
    assert delta["at"] == "2026-11-21T04:45:00.000000Z"


def test_a_place_in_line_that_came_free_is_told_to_all_behind_it() -> None:
    farm, live = Farm(), LiveFarm()
    for number in (1, 2, 3):
        change(farm, "belief", number, {"health": Health.BROKEN})
        incident = Incident(number, number, IncidentCause.BROKEN, IncidentState.WAITING, NOW + number)
        change(farm, "incident", number, incident)
    tell(live, farm.known())
    change(farm, "incident", 1, None)
    (delta,) = tell(live, farm.known())
    assert [(row["turbine_number"], row["why"][0]) for row in delta["turbines"]] == [
        (1, "broken, just now"),
        (2, "1st in line for "),
        (3, "2nd in line for "),
    ]
    assert delta["farm"]["waiting"] == [2, 3]


def test_when_the_first_of_a_long_line_leaves_only_the_front_is_told_anew() -> None:
    farm, live = Farm(), LiveFarm()
    for number in range(1, 101):
        change(farm, "belief", number, {"health": Health.BROKEN})
        incident = Incident(number, number, IncidentCause.BROKEN, IncidentState.WAITING, NOW + number)
        change(farm, "incident", number, incident)
    at_first = len(tell(live, farm.known())[0]["turbines"])
    change(farm, "incident", 1, None)
    (delta,) = tell(live, farm.known())
    assert (at_first, len(delta["turbines"])) == (100, 1 + PLACES_SHOWN)


def test_only_turbines_that_report_count_for_the_power_of_the_farm() -> None:
    farm = Farm(turbines={number: online(number) for number in (1, 2, 3)})
    change(farm, "belief", 3, {"link": Link.STALE})
    totals = all_of(farm.known()).farm["totals"]
    assert (totals["reporting"], totals["mean_power_in_kw"], totals["wind_speed"]) == (2, 1800.0, 7.5)


def test_a_farm_where_nothing_reports_has_no_power_rather_than_none_at_all() -> None:
    totals = all_of(Farm(turbines={1: replace(online(1), link=Link.OFFLINE)}).known()).farm["totals"]
    assert (totals["reporting"], totals["mean_power_in_kw"], totals["wind_speed"]) == (0, None, None)


def test_a_turbine_that_is_gone_after_the_store_failed_needs_a_snapshot() -> None:
    farm, live = Farm(turbines={number: online(number) for number in (1, 2)}), LiveFarm()
    tell(live, farm.known())
    assert not live.has_forgotten
    del farm.turbines[2]
    tell(live, farm.known())
    assert live.has_forgotten
    assert [row["turbine_number"] for row in live.snapshot()["turbines"]] == [1]


def test_a_large_farm_is_told_in_several_messages() -> None:
    count = 2 * live_farm.TURBINES_AT_ONCE + 1
    farm, live = Farm(turbines={number: online(number) for number in range(1, count + 1)}), LiveFarm()
    deltas = list(live.deltas(farm.known()))
    assert [len(delta["turbines"]) for delta in deltas] == [
        live_farm.TURBINES_AT_ONCE,
        live_farm.TURBINES_AT_ONCE,
        1,
    ]
    assert deltas[-1]["farm"]["totals"]["turbines"] == count
