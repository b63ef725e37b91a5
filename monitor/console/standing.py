"""How one turbine stands, in an operator's order and words: pure, from what is known of it."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from monitor.console.words import age, counted, ordinal, since
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

SKEW_SHOWN_SECONDS = 5.0
"""A clock that is further off than this is worth a word."""


PLACES_SHOWN = 20
"""Further back a place in the waiting line is not told: else all of a long line would change with each that leaves."""


class Standing(StrEnum):
    """How a turbine stands, worst first: the order of every list of turbines."""

    REFUSED = "refused"
    """It needs an engineer, and refuses: only a person, or a new session, tries again."""
    WAITING = "waiting"
    """It needs an engineer, and none is there."""
    VISITED = "visited"
    OFFLINE = "offline"
    STALE = "stale"
    HELD = "held"
    """A person forbids visits."""
    UNKNOWN = "unknown"
    OK = "ok"


@dataclass(frozen=True, slots=True)
class Since:
    """A part of a sentence that grows by itself: the age of a moment (UTC, microseconds), such as `12 s`."""

    at: int


Words = tuple[str | Since, ...]
"""A sentence in parts. It changes only when something happens: whoever shows it works out the ages."""


def in_words(parts: Words, now: int) -> str:
    """The sentence as it reads now."""
    return "".join(age(since(part.at, now)) if isinstance(part, Since) else part for part in parts)


@dataclass(frozen=True, slots=True)
class Case:
    """All that is known of one turbine. `place` is its place in the waiting line, from 1."""

    turbine: TurbineRecord
    incident: Incident | None = None
    visit: Visit | None = None
    hold: Hold | None = None
    place: int | None = None


def standing_of(case: Case) -> Standing:
    """Decide how a turbine stands. Who is there or on the way counts before what the turbine last said."""
    if case.visit is not None:
        return Standing.VISITED
    if case.turbine.link is Link.OFFLINE:
        return Standing.OFFLINE
    if case.hold is not None:
        return Standing.HELD
    if case.incident is not None:
        return _by_incident(case.incident)
    return _by_link_and_health(case.turbine)


def _by_incident(incident: Incident) -> Standing:
    if incident.state is IncidentState.OFFLINE:  # of a turbine that is back: only its next reading can tell
        return Standing.UNKNOWN
    return Standing.REFUSED if incident.state is IncidentState.REFUSED else Standing.WAITING


def _by_link_and_health(turbine: TurbineRecord) -> Standing:
    if turbine.link is Link.STALE:
        return Standing.STALE
    if turbine.link is Link.UNKNOWN or turbine.health is Health.UNKNOWN:
        return Standing.UNKNOWN
    return Standing.WAITING if turbine.health is Health.BROKEN else Standing.OK


def state_in_words(case: Case, standing: Standing) -> str:
    """The state as a table shows it: `broken, refused`, `broken, waiting`, `broken, engineer 2`, `offline`, `ok` ..."""
    if standing not in (Standing.REFUSED, Standing.WAITING, Standing.VISITED):
        return standing.value
    health = "broken" if case.turbine.health is Health.BROKEN else f"{case.turbine.health.value}"
    if standing is Standing.VISITED and case.visit is not None:
        return f"{health}, engineer {case.visit.engineer}"
    return f"{health}, {standing}"


def why(case: Case, standing: Standing) -> Words:
    """Why a turbine stands as it does, in a few words; empty where there is nothing to say."""
    return tuple(part for part in _WHY[standing](case) if part)


def _why_refused(case: Case) -> Words:
    del case
    return ("refused: a person must act",)


def _why_waiting(case: Case) -> Words:
    incident = case.incident
    if incident is None:
        return ("broken, just now",)
    if incident.state is IncidentState.COOLING_DOWN:
        failed = counted(incident.failed_visits, "failed visit")
        return (f"paused, {failed}" if incident.failed_visits else "was busy: tried again soon",)
    place = _place_in_words(case.place)
    more = ""
    if incident.cause is IncidentCause.ORDERED:
        more += f", ordered by {incident.opened_by or 'a person'}"
    if incident.failed_visits:
        more += f", after {counted(incident.failed_visits, 'failed visit')}"
    return f"{place} for ", Since(incident.opened_at), more


def _place_in_words(place: int | None) -> str:
    if place is None:
        return "no engineer sent"
    return f"{ordinal(place)} in line" if place <= PLACES_SHOWN else f"beyond {ordinal(PLACES_SHOWN)} in line"


def _why_visited(case: Case) -> Words:
    visit = case.visit
    if visit is None:
        return ()
    if visit.state is VisitState.DONE and visit.done_at is not None:
        return "says done ", Since(visit.done_at), " ago, no ok reading yet"
    if visit.state is VisitState.ACCEPTED and visit.accepted_at is not None:
        return "repair accepted ", Since(visit.accepted_at), " ago"
    again = f" ago, order sent {visit.commands} times" if visit.commands > 1 else " ago, no answer yet"
    return "engineer sent ", Since(visit.sent_at), again


_OFFLINE = {
    LinkReason.STOPPED: "said goodbye",
    LinkReason.LOST: "connection lost",
    LinkReason.SILENT: "given up as silent",
}


def _why_offline(case: Case) -> Words:
    turbine = case.turbine
    text = _OFFLINE[turbine.link_reason] if turbine.link_reason else "gone"
    trouble = "" if case.incident is None else f", while {_trouble(case.incident)}"
    if turbine.link_since is None:
        return (f"{text}{trouble}",)
    return f"{text} ", Since(turbine.link_since), f" ago{trouble}"


def _trouble(incident: Incident) -> str:
    return "broken" if incident.cause is IncidentCause.BROKEN else "waiting for an ordered visit"


def _why_stale(case: Case) -> Words:
    received_at = case.turbine.received_at
    if received_at is None:
        return ("connected, no reading yet",)
    return "connected, silent for ", Since(received_at)


def _why_held(case: Case) -> Words:
    hold = case.hold
    if hold is None:
        return ()
    text = f"held by {hold.by}" + (f": {hold.why}" if hold.why else "")
    return (text if case.incident is None else f"{_trouble(case.incident)}; {text}",)


def _why_unknown(case: Case) -> Words:
    turbine = case.turbine
    if case.incident is not None:
        return (f"was {_trouble(case.incident)}; its next reading decides",)
    if turbine.received_at is None:
        return ("no reading yet",)
    if turbine.link is Link.UNKNOWN:
        return "last heard ", Since(turbine.received_at), " ago"
    return ("no reading since it came back",)


def _why_ok(case: Case) -> Words:
    return (skew_in_words(case.turbine.clock_skew_seconds),)


def skew_in_words(skew: float | None) -> str:
    """How far a turbine's clock is off, in seconds (negative: behind); empty where that is not worth a word."""
    if skew is None or -SKEW_SHOWN_SECONDS <= skew <= SKEW_SHOWN_SECONDS:
        return ""
    if skew > 0:
        return f"its clock is {age(skew)} ahead"
    return f"its readings are {age(-skew)} late, or its clock is behind"


_WHY: dict[Standing, Callable[[Case], Words]] = {
    Standing.REFUSED: _why_refused,
    Standing.WAITING: _why_waiting,
    Standing.VISITED: _why_visited,
    Standing.OFFLINE: _why_offline,
    Standing.STALE: _why_stale,
    Standing.HELD: _why_held,
    Standing.UNKNOWN: _why_unknown,
    Standing.OK: _why_ok,
}
