"""What is published of outages: a turbine's among its events, and each among its controller's."""

from collections.abc import Iterable, Iterator

from grid.event import TurbineEvent
from grid.outage import ControllerEvent
from grid.topics import Kind, events_of_controller
from monitor.facts import OutageNews, Outgoing
from monitor.outages.sentences import sentence_for


def messages_for(news: Iterable[OutageNews]) -> list[Outgoing]:
    """Write news of outages as messages, in order."""
    return [message for each in news for message in _messages(each)]


def _messages(news: OutageNews) -> Iterator[Outgoing]:
    outage, action, sentence = news.outage, f"outage_{news.turn}", sentence_for(news)
    if outage.turbine_number is not None:
        of_turbine = TurbineEvent(
            at=outage.changed_at,
            turbine_number=outage.turbine_number,
            action=action,
            sentence=sentence,
            outage_id=outage.outage_id,
        )
        yield Outgoing(Kind.EVENTS.of(outage.turbine_number), of_turbine.to_json(), outage.changed_at)
    of_controller = ControllerEvent(
        at=outage.changed_at,
        controller_id=outage.controller_id,
        action=action,
        sentence=sentence,
        outage_id=outage.outage_id,
        outage_type=outage.outage_type,
        started_at=outage.started_at,
        ended_at=outage.ended_at,
        ongoing=outage.ongoing,
    )
    yield Outgoing(events_of_controller(outage.controller_id), of_controller.to_json(), outage.changed_at)
