"""A site over a small farm, as a monitor left it at noon."""

from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from stores import fill

from grid.metrics import OperationalStatus
from grid.times import SECOND
from monitor.facts import (
    Action,
    Changes,
    DeadLetter,
    DeadLetterReason,
    Decisions,
    Event,
    Health,
    Hold,
    Incident,
    IncidentCause,
    IncidentOutcome,
    IncidentState,
    Link,
    Reading,
    TurbineRecord,
    Visit,
    VisitState,
)
from monitor.settings import HttpSettings
from monitor.store import DATABASE
from monitor.web.app import create_app
from monitor.web.monitor_link import MonitorLink
from monitor.web.readers import Readers
from monitor.web.site import Site

NOON = 1_795_262_400_000_000
"""2026-11-21T12:00:00Z."""

Get = Callable[..., Awaitable[Any]]


def readings_of_an_hour() -> list[Reading]:
    """Of turbine 7, one every 10 seconds, the last one at noon; broken for the last minute."""
    return [
        Reading(
            turbine_number=7,
            emitted_at=NOON - 10 * step * SECOND,
            wind_speed=8.0,
            power_output_in_kwh=0.0 if step < 6 else 5.0,
            operational_status=OperationalStatus.BROKEN if step < 6 else OperationalStatus.OK,
            voltage=690.0,
            current=None,
            temperature=60.5,
            session="s-1",
            sequence=360 - step,
            received_at=NOON - 10 * step * SECOND + 250,
        )
        for step in range(360)
    ]


def what_else_is_known() -> Changes:
    """Turbine 7 is visited, 9 waits, 8 is held; 7 was repaired once before."""
    return Changes(
        turbines=[
            TurbineRecord(
                7,
                NOON - 3600 * SECOND,
                link=Link.ONLINE,
                health=Health.BROKEN,
                session="s-1",
                received_at=NOON,
                region="north",
                rated_power_in_kw=2050.0,
            ),
            TurbineRecord(8, NOON, region="south"),
            TurbineRecord(9, NOON, link=Link.ONLINE, health=Health.BROKEN, region="south", model="<b>&"),
        ],
        decisions=Decisions(
            incidents=[
                Incident(
                    incident_id=1,
                    turbine_number=7,
                    cause=IncidentCause.BROKEN,
                    state=IncidentState.CLOSED,
                    opened_at=NOON - 3000 * SECOND,
                    closed_at=NOON - 2900 * SECOND,
                    outcome=IncidentOutcome.REPAIRED,
                ),
                Incident(2, 7, IncidentCause.BROKEN, IncidentState.VISITED, NOON - 50 * SECOND),
                Incident(3, 9, IncidentCause.ORDERED, IncidentState.WAITING, NOON - 40 * SECOND, "Ada", "it hums"),
            ],
            visits=[
                Visit(1, "cafe-1", 1, 7, 1, "s-1", VisitState.VERIFIED, NOON - 2990 * SECOND, ended_at=NOON),
                Visit(2, "cafe-2", 2, 7, 2, "s-1", VisitState.SENT, NOON - 45 * SECOND),
            ],
            events=[
                Event(NOON - 50 * SECOND, 7, Action.INCIDENT_OPENED, "Turbine 7 is broken", 2),
                Event(NOON - 45 * SECOND, 7, Action.ENGINEER_DISPATCHED, "Engineer 2 sent to turbine 7", 2, 2, 2),
                Event(NOON - 40 * SECOND, 9, Action.INCIDENT_OPENED, "Ada ordered a visit", 3, by="Ada"),
            ],
            holds=[Hold(8, NOON, "Ada", "blades are iced")],
        ),
        dead_letters=[
            DeadLetter(NOON, "grid/turbines/7/metrics", b"\xff{", 2, DeadLetterReason.NOT_JSON, "expected a key"),
            DeadLetter(NOON, "grid/turbines/x/metrics", b"{}", 2, DeadLetterReason.TOPIC, "x is no number"),
        ],
    )


@pytest.fixture(scope="session")
def data_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The farm's data folder: nobody writes it any more."""
    folder = tmp_path_factory.mktemp("farm-at-noon")
    fill(folder, readings_of_an_hour(), also=what_else_is_known())
    return folder


@pytest.fixture
async def client(data_dir: Path) -> AsyncIterator[httpx.AsyncClient]:
    """Asks the site; no monitor runs."""
    site = Site(HttpSettings(data_dir=data_dir), Readers(data_dir / DATABASE), MonitorLink(data_dir))
    transport = httpx.ASGITransport(create_app(site))
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost/api/v1") as client:
        yield client
    site.readers.close()


@pytest.fixture
def get(client: httpx.AsyncClient) -> Get:
    """The document at an address of the API."""

    async def ask(path: str, **query: Any) -> Any:
        answer = await client.get(path, params=query)
        assert answer.status_code == 200, answer.text
        return answer.json()

    return ask


@pytest.fixture
def refused(client: httpx.AsyncClient) -> Get:
    """The problem at an address of the API."""

    async def ask(path: str, **query: Any) -> Any:
        answer = await client.get(path, params=query)
        assert answer.headers["content-type"] == "application/problem+json"
        return answer.json()

    return ask
