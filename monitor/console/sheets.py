"""What the reading commands print: a sheet of aligned columns, and the sentences around it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, TextIO

from monitor.console.standing import in_words
from monitor.console.view import TurbineRow, age_of
from monitor.console.words import age, counted, moment, plain, quantity, since
from monitor.facts import DeadLetter, Incident, IncidentCause, IncidentState, Reading, Visit, VisitState

if TYPE_CHECKING:  # loaded where a sheet is written: the process of the pages, which tells stories, writes none
    from rich.table import Table

_WIDE = 100
"""Terminals from this width on get two blanks between columns, narrower ones get one."""
_LEAST_FOR_TEXT = 18
"""The last column wraps, but not to less than this: on a very narrow terminal lines are longer than it is."""
_LONGEST_TOPIC = 48


@dataclass(slots=True)
class Sheet:
    """Columns (a `>` before a name aligns it to the right) and rows of text, which may come from outside."""

    columns: Sequence[str]
    rows: list[Sequence[str]] = field(default_factory=list)

    def write(self, stream: TextIO) -> None:
        """Print it: on a terminal the last column wraps, elsewhere each row is one line, fit for `grep`."""
        from rich.cells import cell_len
        from rich.console import Console as Terminal

        rows = [[plain(cell) for cell in row] for row in self.rows]
        names = [column.lstrip(">") for column in self.columns]
        widths = [max(map(cell_len, column)) for column in zip(names, *rows, strict=True)]
        terminal = Terminal(file=stream)
        gap = 2 if not terminal.is_terminal or terminal.width >= _WIDE else 1
        least = sum(widths[:-1]) + gap * (len(widths) - 1) + min(widths[-1], _LEAST_FOR_TEXT)
        whole = least + widths[-1]
        terminal = Terminal(file=stream, width=max(terminal.width, least) if terminal.is_terminal else whole)
        with terminal.capture() as capture:
            terminal.print(self._table(rows, gap))
        stream.writelines(line.rstrip() + "\n" for line in capture.get().splitlines())

    def _table(self, rows: list[list[str]], gap: int) -> "Table":
        from rich.table import Table
        from rich.text import Text

        table = Table(box=None, padding=(0, gap, 0, 0), pad_edge=False, header_style="underline")
        for place, column in enumerate(self.columns, start=1):
            justify: Literal["left", "right"] = "right" if column.startswith(">") else "left"
            wraps = place == len(self.columns) and justify == "left"
            table.add_column(column.lstrip(">"), justify=justify, overflow="fold", no_wrap=not wraps)
        for row in rows:
            table.add_row(*(Text(cell) for cell in row))
        return table


def turbines_sheet(rows: Sequence[TurbineRow], now: int) -> Sheet:
    """The turbines, worst first, as they are now; with a column for readings that are missing if there are any."""
    lacking = any(row.missing for row in rows)
    sheet = Sheet([">turbine", "state", ">wind m/s", ">power kW", ">heard", *([">missing"] if lacking else []), "why"])
    for row in rows:
        heard = age_of(row.received_at, now)
        wind, power = quantity(row.wind_speed), quantity(row.mean_power_in_kw)
        missing = [f"{row.missing:,}"] if lacking else []
        sheet.rows.append([str(row.turbine_number), row.state, wind, power, heard, *missing, in_words(row.why, now)])
    return sheet


def readings_sheet(readings: Iterable[Reading]) -> Sheet:
    """Readings of one turbine, as given; `late` is from the turbine's clock to the arrival."""
    sheet = Sheet(["emitted at", ">wind m/s", ">kWh", "status", ">V", ">A", ">°C", ">sequence", "late"])
    for reading in readings:
        sheet.rows.append(
            [
                moment(reading.emitted_at),
                quantity(reading.wind_speed),
                quantity(reading.power_output_in_kwh, 3),
                reading.operational_status,
                quantity(reading.voltage),
                quantity(reading.current),
                quantity(reading.temperature),
                "-" if reading.sequence is None else str(reading.sequence),
                age(since(reading.emitted_at, reading.received_at)),
            ]
        )
    return sheet


def incidents_sheet(incidents: Iterable[Incident], now: int) -> Sheet:
    """Incidents, as given."""
    sheet = Sheet([">incident", ">turbine", "state", "opened at", ">lasted", "cause"])
    for incident in incidents:
        state = incident.outcome or "closed" if incident.state is IncidentState.CLOSED else words_of(incident.state)
        lasted = age(since(incident.opened_at, incident.closed_at or now))
        cause = cause_in_words(incident)
        if incident.failed_visits:
            cause = f"{cause}; {counted(incident.failed_visits, 'failed visit')}"
        numbers = [str(incident.incident_id), str(incident.turbine_number)]
        sheet.rows.append([*numbers, state, moment(incident.opened_at), lasted, cause])
    return sheet


def visits_sheet(visits: Iterable[Visit], now: int) -> Sheet:
    """Visits, as given."""
    sheet = Sheet([">visit", ">incident", ">turbine", ">engineer", "sent at", ">lasted", "how it went"])
    for visit in visits:
        numbers = [visit.visit_id, visit.incident_id, visit.turbine_number, visit.engineer]
        lasted = age(since(visit.sent_at, visit.ended_at or now))
        sheet.rows.append([*map(str, numbers), moment(visit.sent_at), lasted, visit_in_words(visit)])
    return sheet


def dead_letters_sheet(letters: Iterable[DeadLetter]) -> Sheet:
    """Dead letters, as given; long topics are cut."""
    sheet = Sheet(["received at", "reason", ">bytes", "topic", "detail"])
    for letter in letters:
        topic = letter.topic if len(letter.topic) <= _LONGEST_TOPIC else f"{letter.topic[:_LONGEST_TOPIC]}..."
        size = f"{letter.size:,}"
        sheet.rows.append([moment(letter.received_at), words_of(letter.reason), size, topic, letter.detail])
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


def visit_in_words(visit: Visit) -> str:
    """How far the visit is, or how it ended, and how often the order went out if more than once."""
    again = f"; order sent {visit.commands} times" if visit.commands > 1 else ""
    if visit.release is None:
        return _STATES[visit.state] + again
    detail = f", {visit.detail}" if visit.detail else ""
    return f"released: {words_of(visit.release)}{detail}{again}"


_STATES = {
    VisitState.SENT: "open: no answer yet",
    VisitState.ACCEPTED: "open: accepted",
    VisitState.DONE: "open: says done",
    VisitState.VERIFIED: "verified by an ok reading",
    VisitState.RELEASED: "released",
}


def by_reason_in_words(by_reason: dict[str, int]) -> str:
    """All dead letters by reason: `52 dead letters: 40 not json, 12 topic`."""
    reasons = ", ".join(f"{count:,} {words_of(reason)}" for reason, count in by_reason.items())
    total = counted(sum(by_reason.values()), "dead letter")
    return f"{total}: {reasons}" if reasons else "no dead letters"
