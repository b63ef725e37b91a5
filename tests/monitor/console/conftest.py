"""A farm for the screens: made up, with something of each kind."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from grid.times import SECOND
from monitor.console.known import farm_view
from monitor.console.view import FarmView, Trouble
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

NOW = 1_795_232_700 * SECOND
"""2026-11-21 03:45:00 UTC"""

Farm = Callable[..., FarmView]


def _turbine(number: int) -> TurbineRecord:
    return TurbineRecord(
        number,
        first_seen_at=NOW - 3600 * SECOND,
        link=Link.ONLINE,
        link_since=NOW - 3600 * SECOND,
        health=Health.OK,
        emitted_at=NOW - SECOND,
        received_at=NOW - SECOND,
        wind_speed=7.1,
        power_output_in_kwh=0.25,
        interval_seconds=1.0,
    )


@pytest.fixture
def now() -> int:
    """The moment of all pictures: 2026-11-21 03:45:00 UTC."""
    return NOW


@pytest.fixture
def turbine() -> TurbineRecord:
    """A healthy turbine, online for an hour."""
    return _turbine(7)


@pytest.fixture
def farm() -> Farm:
    """Makes a view of `turbines` turbines: 2 waits, 5 is visited, 4 is offline, all others are ok."""

    def make(turbines: int = 6, *, troubles: tuple[Trouble, ...] = ()) -> FarmView:
        records = [_turbine(number) for number in range(1, turbines + 1)]
        incidents, visits, holds = [], [], list[Hold]()
        if turbines >= 5:
            records[1] = replace(records[1], health=Health.BROKEN)
            records[4] = replace(records[4], health=Health.BROKEN)
            records[3] = replace(
                records[3], link=Link.OFFLINE, link_reason=LinkReason.LOST, link_since=NOW - 300 * SECOND
            )
            incidents = [
                Incident(1, 5, IncidentCause.BROKEN, IncidentState.VISITED, NOW - 95 * SECOND),
                Incident(2, 2, IncidentCause.BROKEN, IncidentState.WAITING, NOW - 40 * SECOND),
            ]
            visits = [
                Visit(
                    1, "f3a-5-1", 1, 5, 1, None, VisitState.ACCEPTED, NOW - 80 * SECOND, accepted_at=NOW - 75 * SECOND
                )
            ]
        return farm_view(
            NOW, records, incidents, visits, holds, engineers=1, readings_per_second=5.94, troubles=troubles
        )

    return make
