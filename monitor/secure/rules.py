"""The broker's access rules, made from the contract's table of who publishes what."""

from collections.abc import Iterable, Iterator

from grid.channels import ALARM_ID, CHANNELS, CONTROLLER, CONTROLLER_ID, MONITOR, NUMBER, TURBINE, Channel
from grid.topics import EVERYTHING, MONITOR_CANARY, MONITOR_STATUS
from monitor.secure.parties import Party, PartyKind

_HEADER = """\
# Who may publish and hear what: written by `grid-monitor secure`, and written anew by its commands.
# What no line allows is refused. A refused subscription is granted, and nothing arrives on it.
"""


def access_rules(parties: Iterable[Party], revoked: Iterable[Party]) -> str:
    """The text of the file `acl`, for Mosquitto 2.

    Turbines go by pattern: %u is the user name, which is a turbine's number. Everybody else has a block of lines, in
    which they are denied what the patterns would give to their name. A revoked party is denied everything, so that a
    connection that it still has is worth nothing as soon as the broker reads this.
    """
    blocks = [_HEADER, _of_turbines()]
    blocks += ["\n".join([f"user {party.name}", *_of(party)]) for party in parties if _has_a_block(party)]
    blocks += [f"# Revoked.\nuser {party.name}\ntopic deny #" for party in revoked if not party.kind.is_server]
    return "\n".join(f"{block.rstrip()}\n" for block in blocks)


def _has_a_block(party: Party) -> bool:
    return party.kind is not PartyKind.TURBINE and not party.kind.is_server


def _of_turbines() -> str:
    lines = [f"pattern {_right(channel, TURBINE)} {_topic(channel, NUMBER, '%u')}" for channel in _about(NUMBER)]
    return "\n".join(["# Each turbine for itself.", *lines, f"pattern read {MONITOR_STATUS}"])


def _of(party: Party) -> Iterator[str]:
    yield f"topic deny grid/turbines/{party.name}/#"
    if party.kind is PartyKind.VIEWER:
        yield f"topic read {EVERYTHING}"
    elif party.kind is PartyKind.CONTROLLER:
        for channel in _about(CONTROLLER_ID):
            yield f"topic {_right(channel, CONTROLLER)} {_topic(channel, CONTROLLER_ID, party.name)}"
    else:
        yield from _of_the_monitor()


def _of_the_monitor() -> Iterator[str]:
    """It hears what turbines and controllers say, and itself on the topics that tell whether there is a monitor."""
    for channel in CHANNELS:
        right = "readwrite" if channel.address in (MONITOR_STATUS, MONITOR_CANARY) else _right(channel, MONITOR)
        yield f"topic {right} {_filter(channel)}"


def _about(place: str) -> Iterator[Channel]:
    """The channels that somebody has for themselves: those with a place for their name."""
    return (channel for channel in CHANNELS if place in channel.address)


def _right(channel: Channel, who: str) -> str:
    return "write" if channel.publisher == who else "read"


def _topic(channel: Channel, place: str, name: str) -> str:
    return channel.address.replace(place, name)


def _filter(channel: Channel) -> str:
    topic = channel.address
    for place in (NUMBER, CONTROLLER_ID, ALARM_ID):
        topic = topic.replace(place, "+")
    return topic
