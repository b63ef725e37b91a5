"""What the dispatcher says of its decisions: one sentence each, with the cause, fit to print on any terminal.

A sentence depends on nothing but its arguments. Texts from outside lose their control characters.
"""

from grid.times import SECOND, as_datetime
from monitor.facts import Hold, Incident, IncidentCause, Link, LinkReason, Release, Visit

_LINK_REASONS = {
    LinkReason.STOPPED: "it was stopped",
    LinkReason.LOST: "the broker lost it",
    LinkReason.SILENT: "it was silent for too long",
}
_RELEASES = {
    Release.OFFLINE: "the turbine is offline",
    Release.NO_EFFECT: "the visit had no effect",
    Release.REJECTED: "the turbine rejected the order",
    Release.CANCELLED: "the visit was cancelled",
    Release.RECOVERED: "the turbine recovered by itself",
}


def plain(text: str) -> str:
    """The text in one line and without control characters."""
    return "".join(letter if letter.isprintable() else " " for letter in text).strip()


def clock(at: int, now: int) -> str:
    """A time of day as people read it; with its date unless that is today's."""
    moment = as_datetime(at)
    today = moment.date() == as_datetime(now).date()
    return moment.strftime("%H:%M:%S UTC" if today else "%Y-%m-%d %H:%M:%S UTC")


def duration(seconds: float) -> str:
    """A span of time in its two largest units, such as `4 s`, `12 min 5 s` or `3 h 20 min`."""
    whole = max(0, int(seconds))
    if whole < 60:
        return f"{whole} s"
    large, small, names = (whole // 60, whole % 60, ("min", "s"))
    if whole >= 3600:
        large, small, names = (whole // 3600, whole % 3600 // 60, ("h", "min"))
    return f"{large} {names[0]} {small} {names[1]}" if small else f"{large} {names[0]}"


def _after(at: int, now: int) -> str:
    return duration((now - at) / SECOND)


def _wanted(incident: Incident, now: int) -> str:
    """Why somebody has to go there."""
    since = clock(incident.opened_at, now)
    if incident.cause is IncidentCause.BROKEN:
        return f"broken since {since}"
    return f"ordered by {incident.opened_by} at {since}"


def _because(why: str | None) -> str:
    return f" ({why})" if why else ""


# --- incidents


def opened(incident: Incident, now: int) -> str:
    """A turbine needs an engineer."""
    if incident.cause is IncidentCause.ORDERED:
        return f"Repair of turbine {incident.turbine_number} ordered by {incident.opened_by}{_because(incident.why)}"
    return f"Turbine {incident.turbine_number} is {_wanted(incident, now)}"


def went_offline(incident: Incident, reason: LinkReason | None) -> str:
    """An incident is on hold until its turbine is back."""
    cause = f": {_LINK_REASONS[reason]}" if reason else ""
    return f"Turbine {incident.turbine_number} went offline{cause}; its incident is on hold until it is back"


def restarted(incident: Incident) -> str:
    """An incident is on hold until the first reading of a new session."""
    return f"Turbine {incident.turbine_number} started anew; its first reading decides whether it still needs a repair"


def back(incident: Incident, now: int) -> str:
    """A turbine that was offline is back and still needs an engineer."""
    state = "still broken" if incident.cause is IncidentCause.BROKEN else "a repair is still ordered"
    waited = _after(incident.opened_at, now)
    return f"Turbine {incident.turbine_number} is back and {state}: its incident waits, open for {waited}"


def is_busy(incident: Incident, seconds: float) -> str:
    """The turbine wants its engineer later."""
    return f"Turbine {incident.turbine_number} is busy: the next visit is tried in {duration(seconds)}"


def cools_down(incident: Incident, seconds: float) -> str:
    """The next visit waits, so that a mute turbine doesn't eat the pool."""
    times = "1 visit" if incident.failed_visits == 1 else f"{incident.failed_visits} visits"
    number = incident.turbine_number
    return f"Turbine {number} is still not repaired after {times} without effect: the next waits {duration(seconds)}"


def cooled_down(incident: Incident) -> str:
    """The next visit may start."""
    return f"Turbine {incident.turbine_number} may be visited again: its pause is over"


def refused(incident: Incident, reason: str | None) -> str:
    """The turbine does not want an engineer."""
    return (
        f"Turbine {incident.turbine_number} refused the repair{_because(reason)}: "
        "it is tried again when a person orders it or the turbine starts anew"
    )


def refusal_over(incident: Incident) -> str:
    """A new session may think otherwise."""
    return f"Turbine {incident.turbine_number} started anew: its refusal is over and its incident waits"


def closed_as_repaired(incident: Incident, visit: Visit, now: int) -> str:
    """A newer reading proves the repair."""
    lasted = _after(incident.opened_at, now)
    return f"Turbine {incident.turbine_number} reports ok: repaired by engineer {visit.engineer}, after {lasted}"


def closed_as_recovered(incident: Incident, now: int) -> str:
    """It is ok again, and no visit has done it."""
    return (
        f"Turbine {incident.turbine_number} reports ok: recovered without a repair, "
        f"after {_after(incident.opened_at, now)}"
    )


# --- visits


def dispatched(incident: Incident, visit: Visit, now: int) -> str:
    """An engineer is on the way."""
    waited = _after(incident.opened_at, now)
    return (
        f"Engineer {visit.engineer} sent to turbine {visit.turbine_number}: {_wanted(incident, now)}, waited {waited}"
    )


def repeated(visit: Visit) -> str:
    """The order went out again."""
    return (
        f"Order for turbine {visit.turbine_number} sent again, for the {_ordinal(visit.commands)} time: "
        f"no proof yet of the visit of engineer {visit.engineer}"
    )


def accepted(visit: Visit) -> str:
    """The turbine works on it."""
    return f"Turbine {visit.turbine_number} accepted engineer {visit.engineer}"


def done(visit: Visit) -> str:
    """The turbine claims a repair."""
    return (
        f"Turbine {visit.turbine_number} says that engineer {visit.engineer} is done: its next readings must prove it"
    )


def verified(visit: Visit) -> str:
    """An engineer is back from a repair."""
    return f"Engineer {visit.engineer} back from turbine {visit.turbine_number}: the turbine reports ok"


def released(visit: Visit) -> str:
    """An engineer is back without proof of a repair."""
    cause = _RELEASES[visit.release] if visit.release else "the visit is over"
    return f"Engineer {visit.engineer} back from turbine {visit.turbine_number}: {cause}{_because(visit.detail)}"


# --- people


def held(hold: Hold) -> str:
    """A person forbids visits."""
    return f"Turbine {hold.turbine_number} is held by {hold.by}{_because(hold.why)}: no engineer is sent"


def hold_ended(hold: Hold, by: str) -> str:
    """A person allows visits again."""
    return f"Turbine {hold.turbine_number} is released by {by}: engineers may be sent again"


def is_unknown(turbine_number: int) -> str:
    """An order can't be obeyed."""
    return f"Turbine {turbine_number} is unknown: nothing was ever heard of it"


def is_held(hold: Hold, now: int) -> str:
    """An order can't be obeyed."""
    since = clock(hold.held_at, now)
    return f"Turbine {hold.turbine_number} is held by {hold.by} since {since}{_because(hold.why)}: release it first"


def is_held_already(hold: Hold, now: int) -> str:
    """An order changes nothing."""
    since = clock(hold.held_at, now)
    return f"Turbine {hold.turbine_number} is held already, by {hold.by} since {since}{_because(hold.why)}"


def is_not_held(turbine_number: int) -> str:
    """An order changes nothing."""
    return f"Turbine {turbine_number} is not held"


def is_visited(visit: Visit, now: int) -> str:
    """An order is being obeyed already."""
    return f"Engineer {visit.engineer} is at turbine {visit.turbine_number} already, since {clock(visit.sent_at, now)}"


def is_out_of_reach(turbine_number: int, link: Link) -> str:
    """An order waits for the turbine."""
    if link is Link.OFFLINE:
        state = "is offline"
    elif link is Link.STALE:
        state = "is silent"
    elif link is Link.UNKNOWN:
        state = "was not heard yet"
    else:
        state = "is just back"
    return f"Turbine {turbine_number} {state}: an engineer is sent when it reports"


def ordered_again(incident: Incident, by: str) -> str:
    """A person ends a pause or a refusal."""
    return f"Repair of turbine {incident.turbine_number} ordered by {by}: its incident waits for its turn again"


def place_in_line(turbine_number: int, place: int, free: int) -> str:
    """An order waits for its turn. `place` counts from 1; `free` engineers are in the pool."""
    if place <= free:
        return f"Turbine {turbine_number} is {_ordinal(place)} in line, and an engineer is free for it"
    return f"Turbine {turbine_number} is {_ordinal(place)} in line, and waits for an engineer to come back"


def nobody_to_send(turbine_number: int) -> str:
    """An order waits for a pool that is not empty."""
    return f"Turbine {turbine_number} waits, and there are no engineers: start the monitor with --engineers above 0"


def _ordinal(number: int) -> str:
    ending = "th" if 11 <= number % 100 <= 13 else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{ending}"
