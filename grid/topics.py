"""Every topic and topic filter: how they are written, and how they are read."""

import re
from enum import StrEnum
from typing import NamedTuple

MAX_TURBINE_NUMBER = 2_147_483_647
_PREFIX = "grid/turbines/"

MONITOR_STATUS = "grid/monitor/status"
"""Retained: whether the monitor is there. Turbines may hold readings back while it is not."""

MONITOR_CANARY = "grid/monitor/canary"
"""What the monitor says to itself, to learn whether the broker lets it through in both directions."""

EVERYTHING = "grid/#"

CONTROLLER_ID_PATTERN = r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$"
"""The name of a controller: one level of a topic, and safe wherever it is shown."""

_CONTROLLERS = "grid/controllers/"
EVERY_CONTROLLERS_OUTAGES = f"{_CONTROLLERS}+/outages"
"""The topic filter that matches the outage reports of all controllers."""


class Kind(StrEnum):
    """What a turbine's topic carries: the part of the topic after the turbine's number."""

    METRICS = "metrics"
    STATUS = "status"
    REPAIR = "repair"
    REPAIR_RESULT = "repair/result"
    EVENTS = "events"
    ACKNOWLEDGED = "acknowledged"
    WINDOWS_1M = "windows/1m"
    WINDOWS_15M = "windows/15m"

    def of(self, turbine_number: int) -> str:
        """The topic of this kind for one turbine, such as `grid/turbines/7/metrics`."""
        return f"{_PREFIX}{turbine_number}/{self.value}"

    @property
    def every_turbine(self) -> str:
        """The topic filter that matches this kind for all turbines."""
        return f"{_PREFIX}+/{self.value}"


class TurbineTopic(NamedTuple):
    """A topic of one turbine, taken apart."""

    turbine_number: int
    kind: Kind


_KINDS = {kind.value: kind for kind in Kind}


def parse(topic: str) -> TurbineTopic:
    """Take a turbine's topic apart.

    Raises ValueError, with the reason in words, for a topic that is none of a turbine's, and for a number that
    is not plain decimal digits from 1 to 2147483647 without a leading zero.
    """
    if not topic.startswith(_PREFIX):
        raise ValueError("not a turbine's topic")
    number, slash, rest = topic[len(_PREFIX) :].partition("/")
    kind = _KINDS.get(rest)
    if not slash or kind is None:
        raise ValueError("not a known topic of a turbine")
    return TurbineTopic(parse_turbine_number(number), kind)


def parse_turbine_number(text: str) -> int:
    """Read a turbine's number: plain decimal digits, 1 to 2147483647, no leading zero. Raises ValueError."""
    plain = text.isascii() and text.isdigit() and not text.startswith("0")
    if plain and len(text) <= len(str(MAX_TURBINE_NUMBER)) and int(text) <= MAX_TURBINE_NUMBER:
        return int(text)
    raise ValueError("a turbine's number is plain digits from 1 to 2147483647")


def outages_of_controller(controller_id: str) -> str:
    """Where a controller reports what is out, such as `grid/controllers/turbine-7/outages`."""
    return f"{_CONTROLLERS}{controller_id}/outages"


def events_of_controller(controller_id: str) -> str:
    """Where the monitor tells what became of a controller's outages."""
    return f"{_CONTROLLERS}{controller_id}/events"


def is_of_controller(topic: str) -> bool:
    """Whether a topic is a controller's."""
    return topic.startswith(_CONTROLLERS)


def parse_outages_topic(topic: str) -> str:
    """The controller's name in the topic of its outage reports. Raises ValueError, with the reason in words."""
    name, slash, rest = topic.removeprefix(_CONTROLLERS).partition("/")
    if not is_of_controller(topic) or not slash or rest != "outages":
        raise ValueError("not a known topic of a controller")
    if not re.fullmatch(CONTROLLER_ID_PATTERN, name):
        raise ValueError(
            "a controller's name is 1 to 64 letters, digits, `.`, `_` and `-`, and begins with neither sign"
        )
    return name
