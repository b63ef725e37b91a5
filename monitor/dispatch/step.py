"""One call of the dispatcher: its moment, and what was decided so far."""

from dataclasses import dataclass, field

from monitor.facts import Action, Command, Decisions, Event, Incident, Now, Visit


@dataclass(slots=True)
class Step:
    """Collects decisions. An incident or visit that changes twice in one step is listed once."""

    now: Now
    decisions: Decisions = field(default_factory=Decisions)
    _incidents: dict[int, Incident] = field(default_factory=dict)
    _visits: dict[int, Visit] = field(default_factory=dict)

    def changed(self, row: Incident | Visit) -> None:
        """Note a row that is to be written."""
        if isinstance(row, Incident):
            self._incidents[row.incident_id] = row
        else:
            self._visits[row.visit_id] = row

    def say(self, action: Action, sentence: str, about: Incident | Visit, *, by: str | None = None) -> None:
        """Tell what was decided about an incident or a visit, and why."""
        visit = about if isinstance(about, Visit) else None
        event = Event(
            at=self.now.utc,
            turbine_number=about.turbine_number,
            action=action,
            sentence=sentence,
            incident_id=about.incident_id,
            visit_id=None if visit is None else visit.visit_id,
            engineer=None if visit is None else visit.engineer,
            by=by,
        )
        self.decisions.events.append(event)

    def say_of_turbine(
        self, action: Action, sentence: str, turbine_number: int, incident: Incident | None, *, by: str
    ) -> None:
        """Tell what a person decided about a turbine, whether or not it has an open incident."""
        incident_id = None if incident is None else incident.incident_id
        self.decisions.events.append(Event(self.now.utc, turbine_number, action, sentence, incident_id, by=by))

    def command(self, visit: Visit) -> None:
        """Send the visit's order, for the first time or again: always with the same id."""
        command = Command(
            dispatch_id=visit.dispatch_id,
            incident_id=visit.incident_id,
            turbine_number=visit.turbine_number,
            engineer=visit.engineer,
            session=visit.session,
            issued_at=self.now.utc,
        )
        self.decisions.commands.append(command)

    def end(self) -> Decisions:
        """What was decided, complete."""
        self.decisions.incidents.extend(self._incidents.values())
        self.decisions.visits.extend(self._visits.values())
        return self.decisions
