"""The story of one incident: the turbine then, who went, and each decision with its cause."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TextIO

from monitor.console.documents import to_document, to_documents
from monitor.console.lines import event_in_words
from monitor.console.sheets import Sheet, cause_in_words, visits_sheet, words_of
from monitor.console.words import age, moment, plain, quantity, since
from monitor.facts import Event, Incident, Reading, Visit
from monitor.store.reader import LedgerReader

READINGS_LOOKED_AT = 1000
"""For the newest one that had arrived when an incident was opened."""


@dataclass(frozen=True, slots=True)
class Story:
    """All that is known of one incident; visits and events oldest first."""

    incident: Incident
    reading: Reading | None
    """The newest reading when the incident was opened."""
    visits: Sequence[Visit]
    events: Sequence[Event]

    def document(self) -> dict[str, Any]:
        """The story as one JSON document."""
        return {
            "incident": to_document(self.incident),
            "reading": None if self.reading is None else to_document(self.reading),
            "visits": to_documents(self.visits),
            "events": to_documents(self.events),
        }

    def write(self, stream: TextIO, now: int) -> None:
        """Print the story for people."""
        stream.writelines(f"{plain(line)}\n" for line in self._heading(now))
        stream.write("\nVisits\n" if self.visits else "\nNobody was sent.\n")
        if self.visits:
            visits_sheet(self.visits, now).write(stream)
        stream.write("\nWhat was decided, and why\n")
        self._timeline().write(stream)

    def _heading(self, now: int) -> list[str]:
        incident = self.incident
        lasted = age(since(incident.opened_at, incident.closed_at or now))
        lines = [
            f"Incident {incident.incident_id}: turbine {incident.turbine_number}, {cause_in_words(incident)}",
            f"opened   {moment(incident.opened_at)}",
        ]
        if self.reading is not None:
            lines.append(f"then     {_reading_in_words(self.reading)}")
        if incident.closed_at is None:
            return [*lines, f"now      {words_of(incident.state)}, for {lasted} in all"]
        return [*lines, f"closed   {moment(incident.closed_at)}, {incident.outcome or 'ended'} after {lasted}"]

    def _timeline(self) -> Sheet:
        sheet = Sheet(["at", ">after", "what"])
        for event in self.events:
            after = age(since(self.incident.opened_at, event.at))
            sheet.rows.append([moment(event.at), after, event_in_words(event)])
        return sheet


def story_of(ledger: LedgerReader, incident: Incident) -> Story:
    """Read an incident's story from the ledger. Raises StoreError."""
    before = ledger.readings(incident.turbine_number, newest=READINGS_LOOKED_AT, until=incident.opened_at + 1)
    return Story(
        incident=incident,
        reading=reading_at_opening(before, incident),
        visits=ledger.visits(incident_id=incident.incident_id)[::-1],
        events=ledger.events(incident_id=incident.incident_id),
    )


def reading_at_opening(readings: Sequence[Reading], incident: Incident) -> Reading | None:
    """The newest of these readings (newest first) that had arrived when the incident was opened."""
    return next((reading for reading in readings if reading.received_at <= incident.opened_at), None)


def _reading_in_words(reading: Reading) -> str:
    return (
        f"wind {quantity(reading.wind_speed)} m/s, {quantity(reading.power_output_in_kwh, 3)} kWh, "
        f"{reading.operational_status}, emitted {moment(reading.emitted_at)}"
    )
