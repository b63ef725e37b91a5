"""What is open: incidents, visits, holds and the pool of engineers, changed only together and told at once."""

from collections.abc import Mapping
from dataclasses import dataclass

from monitor.dispatch import sentences
from monitor.dispatch.pool import EngineerPool
from monitor.dispatch.step import Step
from monitor.facts import (
    Action,
    Hold,
    Incident,
    IncidentCause,
    IncidentOutcome,
    IncidentState,
    Release,
    Remembered,
    Visit,
    VisitState,
)


@dataclass(slots=True)
class Timer:
    """An open visit's deadlines, in watched seconds."""

    deadline: float
    repeat_at: float
    pause: float
    """Between the next repeat and the one after it."""
    may_prove_at: float
    """From then on a turbine that never answers may prove an ordered repair by a reading."""
    broken_readings: int = 0
    """Since `done`."""


class Board:
    """Keeps what must always hold: engineers free + open visits = pool size, and every open visit has its incident.

    By turbine, because at most one incident and one visit are open for each. It knows no rule of when and why.
    """

    def __init__(self, remembered: Remembered, engineers: int) -> None:
        """Continue with what is open in the store: its engineers stay out."""
        self._ledger_id = remembered.ledger_id
        self._next_incident_id = remembered.next_incident_id
        self._next_visit_id = remembered.next_visit_id
        self.incidents: dict[int, Incident] = {row.turbine_number: row for row in remembered.incidents}
        self.visits: dict[int, Visit] = {row.turbine_number: row for row in remembered.visits}
        self.holds: dict[int, Hold] = {row.turbine_number: row for row in remembered.holds}
        self.pool = EngineerPool(engineers, out=(visit.engineer for visit in remembered.visits))
        self.timers: dict[int, Timer] = {}
        self.cooling: dict[int, float] = {}
        """Turbines that had a visit without effect, and the watched second at which the next one may start."""
        self.refused: dict[int, str | None] = {}
        """Turbines that rejected an engineer, and the session in which they did."""
        self.gone: set[int] = set()
        """Turbines that went offline, or started anew, and have not said since that they are broken."""
        self._by_dispatch_id = {visit.dispatch_id: visit for visit in remembered.visits}

    @property
    def by_dispatch_id(self) -> Mapping[str, Visit]:
        """The open visits by the id that they have on the wire."""
        return self._by_dispatch_id

    def line(self) -> list[Incident]:
        """The incidents that wait, in their turn: who waits longest is first, so that nobody starves."""
        waiting = [incident for incident in self.incidents.values() if incident.state is IncidentState.WAITING]
        return sorted(waiting, key=lambda incident: (incident.opened_at, incident.incident_id))

    def standing(self, turbine_number: int) -> IncidentState:
        """The state of an incident, from all that keeps an engineer away; the strongest reason first."""
        if turbine_number in self.visits:
            return IncidentState.VISITED
        if turbine_number in self.holds:
            return IncidentState.HELD
        if turbine_number in self.refused:
            return IncidentState.REFUSED
        if turbine_number in self.gone:
            return IncidentState.OFFLINE
        if turbine_number in self.cooling:
            return IncidentState.COOLING_DOWN
        return IncidentState.WAITING

    def restate(self, step: Step, incident: Incident) -> bool:
        """Bring an incident's state up to date with what keeps an engineer away; return whether it changed."""
        before = incident.state
        incident.state = self.standing(incident.turbine_number)
        if incident.state is before:
            return False
        step.changed(incident)
        return True

    def wait_again(self, step: Step, incident: Incident, sentence: str, by: str | None = None) -> None:
        """End a refusal or a pause."""
        self.refused.pop(incident.turbine_number, None)
        self.cooling.pop(incident.turbine_number, None)
        if self.restate(step, incident):
            step.say(Action.INCIDENT_WAITING, sentence, incident, by=by)

    def open_incident(
        self,
        step: Step,
        turbine_number: int,
        cause: IncidentCause,
        *,
        at: int,
        by: str | None = None,
        why: str | None = None,
    ) -> Incident:
        """Open an incident; `at` is its age's beginning."""
        state = self.standing(turbine_number)
        incident = Incident(self._next_incident_id, turbine_number, cause, state, opened_at=at, opened_by=by, why=why)
        self._next_incident_id += 1
        self.incidents[turbine_number] = incident
        step.changed(incident)
        step.say(Action.INCIDENT_OPENED, sentences.opened(incident, step.now.utc), incident, by=by)
        return incident

    def close_incident(self, step: Step, incident: Incident, outcome: IncidentOutcome, sentence: str) -> None:
        """Close an incident; its visit must have ended."""
        incident.state, incident.outcome, incident.closed_at = IncidentState.CLOSED, outcome, step.now.utc
        number = incident.turbine_number
        del self.incidents[number]
        self.cooling.pop(number, None)
        self.refused.pop(number, None)
        self.gone.discard(number)
        step.changed(incident)
        step.say(Action.INCIDENT_CLOSED, sentence, incident)

    def send_engineer(self, step: Step, incident: Incident, session: str | None) -> Visit:
        """Send a free engineer. Raises LookupError if there is none."""
        engineer = self.pool.send()
        visit = Visit(
            visit_id=self._next_visit_id,
            dispatch_id=self._dispatch_id(incident, self._next_visit_id),
            incident_id=incident.incident_id,
            turbine_number=incident.turbine_number,
            engineer=engineer,
            session=session,
            state=VisitState.SENT,
            sent_at=step.now.utc,
        )
        self._next_visit_id += 1
        self.visits[visit.turbine_number] = visit
        self._by_dispatch_id[visit.dispatch_id] = visit
        self.restate(step, incident)
        step.changed(visit)
        step.command(visit)
        step.say(Action.ENGINEER_DISPATCHED, sentences.dispatched(incident, visit, step.now.utc), visit)
        return visit

    def _dispatch_id(self, incident: Incident, visit_id: int) -> str:
        """One per visit, not per incident: else a turbine that broke again would call its next repair done already."""
        return f"{self._ledger_id}-{visit_id}"

    def repeat_command(self, step: Step, visit: Visit) -> None:
        """Send the visit's order again."""
        visit.commands += 1
        step.changed(visit)
        step.command(visit)
        step.say(Action.COMMAND_REPEATED, sentences.repeated(visit), visit)

    def verify(self, step: Step, visit: Visit) -> None:
        """End a visit whose repair is proven."""
        visit.state = VisitState.VERIFIED
        self._end(step, visit, sentences.verified(visit))

    def release(
        self, step: Step, visit: Visit, release: Release, detail: str | None = None, by: str | None = None
    ) -> None:
        """End a visit without proof of a repair."""
        visit.state, visit.release, visit.detail = VisitState.RELEASED, release, detail
        self._end(step, visit, sentences.released(visit), by)

    def _end(self, step: Step, visit: Visit, sentence: str, by: str | None = None) -> None:
        visit.ended_at = step.now.utc
        del self.visits[visit.turbine_number]
        self.timers.pop(visit.turbine_number, None)
        del self._by_dispatch_id[visit.dispatch_id]
        self.pool.take_back(visit.engineer)
        step.decisions.withdrawn.append(visit.dispatch_id)
        step.changed(visit)
        step.say(Action.ENGINEER_RELEASED, sentence, visit, by=by)
