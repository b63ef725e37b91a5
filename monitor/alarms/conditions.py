"""Conditions: what holds now, or no longer, by rule and subject; whoever watches something tells them."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from monitor.alarms.rules import RULES
from monitor.facts import TurbineRecord, controller_of

Key = tuple[str, str]
"""Rule and subject: one condition, and one alarm."""


@dataclass(frozen=True, slots=True)
class Condition:
    """Something that holds, in words."""

    rule: str
    subject: str
    sentence: str
    turbine_number: int | None = None
    region: str | None = None
    delay_seconds: float | None = None
    """Instead of the rule's on-delay."""

    @property
    def key(self) -> Key:
        """What makes it the same one."""
        return self.rule, self.subject


def of_turbine(
    rule: str, turbine_number: int, turbine: TurbineRecord | None, sentence: str, delay_seconds: float | None = None
) -> Condition:
    """A condition of a turbine."""
    region = None if turbine is None else turbine.region
    return Condition(rule, controller_of(turbine_number), sentence, turbine_number, region, delay_seconds)


def of_all(rule: str, sentence: str) -> Condition:
    """A condition of the farm or of the monitor itself."""
    return Condition(rule, RULES[rule].subject or "", sentence)


@dataclass(slots=True)
class Signs:
    """What was seen in a batch, in order."""

    seen: list[tuple[Key, Condition | None]] = field(default_factory=list)
    """None: it does not hold any more."""
    doubted: list[str] = field(default_factory=list)
    """Rules of which nothing is known any more: what has not been raised yet must be seen anew."""

    def on(self, condition: Condition) -> None:
        """It holds."""
        self.seen.append((condition.key, condition))

    def off(self, rule: str, subject: str) -> None:
        """It does not hold."""
        self.seen.append(((rule, subject), None))

    def off_for(self, turbine_number: int, rules: Iterable[str]) -> None:
        """These do not hold for a turbine."""
        for rule in rules:
            self.off(rule, controller_of(turbine_number))


class Switches:
    """Conditions that are looked at again and again: only their turns are told."""

    def __init__(self) -> None:
        self._last: dict[Key, bool] = {}

    def set(self, signs: Signs, rule: str, *, on: bool, sentence: Callable[[], str]) -> None:
        """Say whether a condition of the farm or the monitor holds."""
        key = (rule, RULES[rule].subject or "")
        if self._last.get(key) is on:
            return
        self._last[key] = on
        if on:
            signs.on(of_all(rule, sentence()))
        else:
            signs.off(*key)
