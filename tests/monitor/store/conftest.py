"""Facts to store, with only what a test cares about spelled out."""

from collections.abc import Callable
from typing import Any

import pytest

from grid.metrics import OperationalStatus
from monitor.facts import DeadLetter, DeadLetterReason, Incident, IncidentCause, IncidentState, Reading, Visit
from monitor.facts import VisitState as State

NOON = 1_795_262_400_000_000
"""2026-11-21T12:00:00Z."""


@pytest.fixture
def noon() -> int:
    return NOON


@pytest.fixture
def reading() -> Callable[..., Reading]:
    def make(turbine_number: int = 7, second: float = 0, **fields: Any) -> Reading:
        at = NOON + round(second * 1_000_000)
        plain = Reading(turbine_number, at, 8.5, 2.25, OperationalStatus.OK, 690.0, 1000.5, 61.5, "s-1", 1, at + 250)
        return plain._replace(**fields)

    return make


@pytest.fixture
def incident() -> Callable[..., Incident]:
    def make(incident_id: int = 1, turbine_number: int = 7, **fields: Any) -> Incident:
        known: dict[str, Any] = {"cause": IncidentCause.BROKEN, "state": IncidentState.WAITING, "opened_at": NOON}
        return Incident(incident_id, turbine_number, **(known | fields))

    return make


@pytest.fixture
def visit() -> Callable[..., Visit]:
    def make(visit_id: int = 1, turbine_number: int = 7, engineer: int = 1, **fields: Any) -> Visit:
        known: dict[str, Any] = {"incident_id": visit_id, "session": "s-1", "state": State.SENT, "sent_at": NOON}
        return Visit(visit_id, f"cafe-{visit_id}", turbine_number=turbine_number, engineer=engineer, **(known | fields))

    return make


@pytest.fixture
def dead_letter() -> Callable[..., DeadLetter]:
    def make(**fields: Any) -> DeadLetter:
        known: dict[str, Any] = {
            "payload": b"{",
            "size": 1,
            "reason": DeadLetterReason.NOT_JSON,
            "detail": "EOF while parsing",
        }
        known |= {"topic": "grid/turbines/7/metrics"}
        return DeadLetter(NOON, **(known | fields))

    return make
