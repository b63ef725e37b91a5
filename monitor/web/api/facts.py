"""The ledger's facts as documents: readings, incidents, visits, events and dead letters."""

from typing import Annotated

from pydantic import BeforeValidator

from grid.metrics import OperationalStatus
from monitor.facts import IncidentCause, IncidentOutcome, IncidentState, Release, VisitState
from monitor.web.api.documents import Document, Listed, Time


def _as_text(payload: object) -> object:
    return payload.decode(errors="backslashreplace") if isinstance(payload, bytes) else payload


class Reading(Document):
    """What a turbine measured at one moment."""

    turbine_number: int
    """The turbine's number."""
    emitted_at: Time
    """By the turbine's clock."""
    wind_speed: float
    """In m/s."""
    power_output_in_kwh: float
    """Energy since the turbine's previous reading, in kWh."""
    operational_status: OperationalStatus
    """Whether the turbine works, by its own word."""
    voltage: float | None
    """In V."""
    current: float | None
    """In A."""
    temperature: float | None
    """In degrees Celsius."""
    session: str | None
    """Names one life of the turbine's program, between its start and its end."""
    sequence: int | None
    """Counts the readings of the session."""
    received_at: Time
    """By the monitor's clock."""


class Incident(Document):
    """A turbine needs an engineer: from the first sign of it until it is proved repaired, or recovers."""

    incident_id: int
    """The incident's number."""
    turbine_number: int
    """Which turbine."""
    cause: IncidentCause
    """Why it was opened."""
    state: IncidentState
    """Where it stands."""
    opened_at: Time
    """When it was opened."""
    opened_by: str | None
    """Who ordered it, where a person did."""
    why: str | None
    """In that person's words."""
    failed_visits: int
    """How many engineers came in vain."""
    closed_at: Time | None
    """When it ended."""
    outcome: IncidentOutcome | None
    """How it ended."""


class Visit(Document):
    """One engineer at one turbine for one incident."""

    visit_id: int
    """The visit's number."""
    dispatch_id: str
    """Names the order on the wire; never used twice."""
    incident_id: int
    """What it is for."""
    turbine_number: int
    """Which turbine."""
    engineer: int
    """The engineer's number."""
    session: str | None
    """The turbine's, when the order went out."""
    state: VisitState
    """How far it is."""
    sent_at: Time
    """When the order went out."""
    commands: int
    """How often the order was sent."""
    accepted_at: Time | None
    """When the turbine accepted the order."""
    done_at: Time | None
    """When the turbine said that it is done."""
    ended_at: Time | None
    """When the engineer was free again."""
    release: Release | None
    """Why it ended without proof of a repair."""
    detail: str | None
    """What the turbine said to that."""


class Hold(Document):
    """A person forbids visits to a turbine until somebody releases it."""

    turbine_number: int
    """Which turbine."""
    held_at: Time
    """Since when."""
    by: str
    """Who forbids it."""
    why: str
    """In that person's words."""


class Event(Document):
    """A decision of the monitor, and its cause in words."""

    at: Time
    """When it was decided."""
    turbine_number: int
    """Which turbine it is about."""
    action: str
    """The stable word for what was decided, such as `engineer_dispatched`."""
    sentence: str
    """What was decided, and why."""
    incident_id: int | None
    """The incident that it belongs to."""
    visit_id: int | None
    """The visit that it belongs to."""
    engineer: int | None
    """The engineer that it is about."""
    by: str | None
    """The person behind it."""


class JournalEntry(Event):
    """A decision of the monitor with its place among all."""

    entry_id: int
    """Its place among all."""


class DeadLetter(Document):
    """A message that was refused."""

    dead_letter_id: int
    """Its place among all."""
    received_at: Time
    """When it arrived."""
    topic: str
    """Where it was sent to."""
    payload: Annotated[str, BeforeValidator(_as_text)]
    """Its first 4 KiB as text; bytes that are no UTF-8 are written out, as `\\\\xff` is."""
    size: int
    """Of the whole message, in bytes."""
    reason: str
    """The word by which dead letters are counted, such as `not_json`."""
    detail: str
    """What is wrong with it, in words."""


class Readings(Listed[Reading]):
    """Readings of one turbine."""


class Incidents(Listed[Incident]):
    """Incidents, the newest first."""


class Visits(Listed[Visit]):
    """Visits, the newest first."""


class Journal(Listed[JournalEntry]):
    """What the monitor decided, the newest first."""


class DeadLetters(Listed[DeadLetter]):
    """Refused messages, the newest first."""


class Story(Document):
    """All that is known of one incident; visits and events oldest first."""

    incident: Incident
    """The incident itself."""
    reading: Reading | None
    """The newest reading when the incident was opened."""
    visits: list[Visit]
    """Who went, oldest first."""
    events: list[Event]
    """What was decided, oldest first."""
