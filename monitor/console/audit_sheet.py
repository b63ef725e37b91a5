"""The sheets of who ordered what, and of what happened at the sign-in."""

from collections.abc import Iterable

from monitor.access.records import AccessEvent
from monitor.console.sheets import Sheet
from monitor.console.words import moment
from monitor.facts import AuditEntry, Door

_DOORS = {Door.PAGES: "pages", Door.API: "API", Door.COMMAND_LINE: "command line"}


def audit_sheet(entries: Iterable[tuple[int, AuditEntry]]) -> Sheet:
    """Each order with its number: when, who and from where, what, and what became of it and why."""
    sheet = Sheet([">number", "decided at", "who", "through", "action", "subject", "outcome", "answer"])
    for number, entry in entries:
        through = _DOORS[entry.door] if entry.address is None else f"{_DOORS[entry.door]}, {entry.address}"
        answer = f"{entry.sentence} (why: {entry.why})" if entry.why else entry.sentence
        action, outcome = entry.action.replace("_", " "), "accepted" if entry.accepted else "refused"
        sheet.rows.append([str(number), moment(entry.at), entry.who, through, action, entry.subject, outcome, answer])
    return sheet


def access_sheet(events: Iterable[AccessEvent]) -> Sheet:
    """Each event: when, what, about whom, by whom, and from where."""
    sheet = Sheet([">number", "at", "event", "name", "by", "address", "more"])
    for event in events:
        who = [event.name or "-", event.by or "-", event.address or "-"]
        sheet.rows.append([str(event.event_id), moment(event.at), event.action, *who, event.what])
    return sheet
