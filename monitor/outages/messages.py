"""What is published of outages: a turbine's among its events, another controller's among that one's."""

from collections.abc import Iterable

from grid.event import TurbineEvent
from grid.outage import ControllerEvent
from grid.topics import Kind, events_of_controller
from monitor.facts import OutageNews, Outgoing
from monitor.outages.sentences import sentence_for


def messages_for(news: Iterable[OutageNews]) -> list[Outgoing]:
    """Write news of outages as messages, one for each, in order."""
    return [_of_controller(each) if each.outage.turbine_number is None else _of_turbine(each) for each in news]


def _of_turbine(news: OutageNews) -> Outgoing:
    outage = news.outage
    number = outage.turbine_number or 0
    event = TurbineEvent(
        at=outage.changed_at,
        turbine_number=number,
        action=_action(news),
        sentence=sentence_for(news),
        outage_id=outage.outage_id,
    )
    return Outgoing(Kind.EVENTS.of(number), event.to_json(), outage.changed_at)


def _of_controller(news: OutageNews) -> Outgoing:
    outage = news.outage
    event = ControllerEvent(
        at=outage.changed_at,
        controller_id=outage.controller_id,
        action=_action(news),
        sentence=sentence_for(news),
        outage_id=outage.outage_id,
        outage_type=outage.outage_type,
        started_at=outage.started_at,
        ended_at=outage.ended_at,
        ongoing=outage.ongoing,
    )
    return Outgoing(events_of_controller(outage.controller_id), event.to_json(), outage.changed_at)


def _action(news: OutageNews) -> str:
    return f"outage_{news.turn}"
