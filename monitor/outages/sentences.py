"""Outages in words, for events and screens."""

from grid.times import as_datetime
from monitor.facts import Outage, OutageNews, OutageTurn, turbine_of

MOST_NAMED = 10
"""Outages that another one took in: a sentence has an end."""


def subject_of(controller_id: str) -> str:
    """What an outage is about, as the start of a sentence: `Turbine 7`, or the controller's own name."""
    number = turbine_of(controller_id)
    return controller_id if number is None else f"Turbine {number}"


def sentence_for(news: OutageNews) -> str:
    """What became of an outage. Times are in UTC."""
    outage = news.outage
    what = f"{subject_of(outage.controller_id)}: outage {outage.outage_id} ({outage.outage_type})"
    match news.turn:
        case OutageTurn.BEGAN if outage.ongoing:
            return f"{what} began at {_time(outage.started_at)} and goes on."
        case OutageTurn.BEGAN:
            return f"{what} was reported, {_extent(outage)}."
        case OutageTurn.ENDED:
            return f"{what} ended: {_extent(outage)}."
        case OutageTurn.CHANGED if news.joined:
            return f"{what} took in {_numbers(news.joined)}: it is now {_extent(outage)}."
        case OutageTurn.CHANGED:
            return f"{what} changed: it is now {_extent(outage)}."


def _numbers(joined: tuple[int, ...]) -> str:
    named = ", ".join(map(str, joined[:MOST_NAMED]))
    return named if len(joined) <= MOST_NAMED else f"{named} and {len(joined) - MOST_NAMED} more"


def _extent(outage: Outage) -> str:
    until = "and goes on" if outage.ongoing else f"until {_time(outage.ended_at)}"
    return f"from {_time(outage.started_at)} {until}"


def _time(at: int) -> str:
    return f"{as_datetime(at):%Y-%m-%d %H:%M:%S} UTC"
