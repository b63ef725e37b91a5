"""What the reading commands print: a sheet of aligned columns, and the sentences around it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import TextIO

from rich.console import Console as Terminal
from rich.table import Table
from rich.text import Text

from monitor.console.view import TurbineRow
from monitor.console.words import age, counted, moment, plain, quantity, since
from monitor.facts import DeadLetter, Incident, IncidentCause, IncidentState, Reading, Visit

_UNBOUNDED = 100_000
"""Columns of a paper that is no terminal: nothing wraps there, and every record is one line for `grep`."""


@dataclass(slots=True)
class Sheet:
    """Columns (a `>` before a name aligns it to the right) and rows of text, which may come from outside."""

    columns: Sequence[str]
    rows: list[Sequence[str]] = field(default_factory=list)

    def write(self, stream: TextIO) -> None:
        """Print it: on a terminal within its width, elsewhere each row in one line."""
        terminal = Terminal(file=stream)
        if not terminal.is_terminal:
            terminal = Terminal(file=stream, width=_UNBOUNDED)
        with terminal.capture() as capture:
            terminal.print(self._table())
        stream.writelines(line.rstrip() + "\n" for line in capture.get().splitlines())

    def _table(self) -> Table:
        table = Table(box=None, pad_edge=False, header_style="underline")
        for column in self.columns[:-1]:
            table.add_column(column.lstrip(">"), justify="right" if column.startswith(">") else "left", no_wrap=True)
        table.add_column(self.columns[-1], overflow="fold")
        for row in self.rows:
            table.add_row(*(Text(plain(cell)) for cell in row))
        return table


def turbines_sheet(rows: Iterable[TurbineRow]) -> Sheet:
    """The turbines, worst first."""
    sheet = Sheet([">turbine", "state", ">wind m/s", ">energy kWh", ">power kW", ">heard", "why"])
    for row in rows:
        heard = "-" if row.reading_age_seconds is None else age(row.reading_age_seconds)
        energy, power = quantity(row.power_output_in_kwh, 3), quantity(row.mean_power_in_kw)
        sheet.rows.append([str(row.turbine_number), row.state, quantity(row.wind_speed), energy, power, heard, row.why])
    return sheet


def readings_sheet(readings: Iterable[Reading]) -> Sheet:
    """Readings of one turbine, as given."""
    sheet = Sheet(["emitted at", ">wind m/s", ">energy kWh", "status", ">V", ">A", ">°C", ">sequence", "arrived"])
    for reading in readings:
        late = since(reading.emitted_at, reading.received_at)
        sheet.rows.append(
            [
                moment(reading.emitted_at),
                quantity(reading.wind_speed, 2),
                quantity(reading.power_output_in_kwh, 4),
                reading.operational_status,
                quantity(reading.voltage),
                quantity(reading.current),
                quantity(reading.temperature),
                "-" if reading.sequence is None else str(reading.sequence),
                "at once" if late < 1 else f"{age(late)} later",
            ]
        )
    return sheet


def incidents_sheet(incidents: Iterable[Incident], now: int) -> Sheet:
    """Incidents, as given."""
    sheet = Sheet([">incident", ">turbine", "state", "opened at", ">lasted", ">failed visits", "cause"])
    for incident in incidents:
        state = incident.outcome or "closed" if incident.state is IncidentState.CLOSED else words_of(incident.state)
        sheet.rows.append(
            [
                str(incident.incident_id),
                str(incident.turbine_number),
                state,
                moment(incident.opened_at),
                age(since(incident.opened_at, incident.closed_at or now)),
                str(incident.failed_visits),
                cause_in_words(incident),
            ]
        )
    return sheet


def visits_sheet(visits: Iterable[Visit], now: int) -> Sheet:
    """Visits, as given."""
    sheet = Sheet(
        [">visit", ">incident", ">turbine", ">engineer", "state", "sent at", ">lasted", ">orders", "how it ended"]
    )
    for visit in visits:
        sheet.rows.append(
            [
                str(visit.visit_id),
                str(visit.incident_id),
                str(visit.turbine_number),
                str(visit.engineer),
                visit.state,
                moment(visit.sent_at),
                age(since(visit.sent_at, visit.ended_at or now)),
                str(visit.commands),
                end_in_words(visit),
            ]
        )
    return sheet


def dead_letters_sheet(letters: Iterable[DeadLetter]) -> Sheet:
    """Dead letters, as given."""
    sheet = Sheet(["received at", "reason", ">bytes", "topic", "detail"])
    for letter in letters:
        received_at = moment(letter.received_at)
        sheet.rows.append([received_at, words_of(letter.reason), f"{letter.size:,}", letter.topic, letter.detail])
    return sheet


def words_of(word: str) -> str:
    """A stable word as people read it: `cooling_down` is `cooling down`."""
    return word.replace("_", " ")


def cause_in_words(incident: Incident) -> str:
    """Why the incident was opened, by whom and for what."""
    if incident.cause is IncidentCause.BROKEN:
        return "reported broken"
    ordered = f"ordered by {incident.opened_by or 'a person'}"
    return f"{ordered}: {incident.why}" if incident.why else ordered


def end_in_words(visit: Visit) -> str:
    """How the visit ended; what it waits for, if it is open."""
    if visit.ended_at is None:
        return "open: no proof of a repair yet"
    if visit.release is None:
        return "an ok reading proved the repair"
    end = f"released: {words_of(visit.release)}"
    return f"{end}, {visit.detail}" if visit.detail else end


def by_reason_in_words(by_reason: dict[str, int]) -> str:
    """All dead letters by reason: `52 dead letters: 40 not json, 12 topic`."""
    reasons = ", ".join(f"{count:,} {words_of(reason)}" for reason, count in by_reason.items())
    total = counted(sum(by_reason.values()), "dead letter")
    return f"{total}: {reasons}" if reasons else "no dead letters"
