"""Who enters a secure broker, under what name, and where in the folder their files lie."""

import re
from collections.abc import Iterable
from enum import StrEnum
from pathlib import PurePosixPath
from typing import NamedTuple

from grid.topics import CONTROLLER_ID_PATTERN, parse_turbine_number

MOST_AT_ONCE = 10_000
"""Turbines that one command takes on: more is a slip of the pen."""


class Credentials(StrEnum):
    """How clients show who they are."""

    CERTIFICATES = "certificates"
    PASSWORDS = "passwords"


class PartyKind(StrEnum):
    """What somebody does at the broker, which is what the access rules go by."""

    TURBINE = "turbine"
    CONTROLLER = "controller"
    MONITOR = "monitor"
    VIEWER = "viewer"
    BROKER = "broker"
    SITE = "site"

    @property
    def is_server(self) -> bool:
        """Whether others connect to it: its certificate bears the names of hosts, and it has no password."""
        return self in (PartyKind.BROKER, PartyKind.SITE)


class Party(NamedTuple):
    """One who gets a certificate or a password. The name is the user name at the broker."""

    kind: PartyKind
    name: str

    @property
    def folder(self) -> PurePosixPath:
        """Where its files lie, within the secure folder."""
        if self in _FOLDERS:
            return PurePosixPath(_FOLDERS[self])
        return PurePosixPath(f"{self.kind.value}s", self.name)

    def __str__(self) -> str:
        return self.name if self.kind.value == self.name else f"{self.kind.value} {self.name}"


MONITOR = Party(PartyKind.MONITOR, "monitor")
VIEWER = Party(PartyKind.VIEWER, "viewer")
BROKER = Party(PartyKind.BROKER, "broker")
SITE = Party(PartyKind.SITE, "site")
_FOLDERS = {MONITOR: "monitor", VIEWER: "viewer", BROKER: "broker", SITE: "https"}
_RANGE = re.compile("[0-9]+-[0-9]+")
_RESERVED = frozenset(kind.value for kind in PartyKind)


def parse_parties(words: Iterable[str], *, viewers: bool = False) -> list[Party]:
    """The parties that words of a command line name, each once: `7`, `7-20`, `1,3`, `monitor`, or a controller's id.

    With `viewers`, names of viewers instead. Raises ValueError, with the reason in words.
    """
    parties: dict[Party, None] = {}
    for word in (part for text in words for part in text.split(",")):
        parties.update(dict.fromkeys([_named(PartyKind.VIEWER, word)] if viewers else _parties_in(word)))
        if len(parties) > MOST_AT_ONCE:
            raise ValueError(f"more than {MOST_AT_ONCE} at once")
    return list(parties)


def parse_numbers(text: str) -> list[int]:
    """Numbers of turbines, such as `1-6` or `1,3,7-20`, each once. Raises ValueError, with the reason in words."""
    parties = parse_parties([text])
    if others := [party.name for party in parties if party.kind is not PartyKind.TURBINE]:
        raise ValueError(f"{others[0]!r} is no number of a turbine")
    return [int(party.name) for party in parties]


def single_names(words: Iterable[str]) -> list[str]:
    """The user names that words of a command line mean: a range of turbines is each of them, `1,3` is two.

    Raises ValueError for a range that is none.
    """
    names = (part for text in words for part in text.split(","))
    return [single for name in names for single in (_range(name) if _RANGE.fullmatch(name) else [name])]


def turbines(numbers: Iterable[int]) -> list[Party]:
    """Turbines by their numbers. Raises ValueError for a number that no turbine has."""
    return [_turbine(str(number)) for number in numbers]


def one_run(numbers: Iterable[int]) -> range:
    """What one grid-turbines runs of these: from the lowest to the highest, and it leaves out who has no files."""
    present = frozenset(numbers)
    first = min(present, default=0)
    return range(first, min(max(present, default=-1) + 1, first + MOST_AT_ONCE))


def _parties_in(word: str) -> list[Party]:
    if _RANGE.fullmatch(word):
        return [_turbine(name) for name in _range(word)]
    if word in (MONITOR.name, VIEWER.name):
        return [MONITOR if word == MONITOR.name else VIEWER]
    return [_turbine(word) if word.isdigit() else _named(PartyKind.CONTROLLER, word)]


def _range(word: str) -> list[str]:
    first, last = (parse_turbine_number(bound) for bound in word.split("-"))
    if not first <= last < first + MOST_AT_ONCE:
        raise ValueError(f"{word}: a range goes upwards, and holds {MOST_AT_ONCE} turbines at most")
    return [str(number) for number in range(first, last + 1)]


def _turbine(word: str) -> Party:
    return Party(PartyKind.TURBINE, str(parse_turbine_number(word)))


def _named(kind: PartyKind, word: str) -> Party:
    """A controller or a viewer. A name has a letter: a number could speak for that turbine, and 7..20 is a slip."""
    if (kind, word) == VIEWER:
        return VIEWER
    if not re.fullmatch(CONTROLLER_ID_PATTERN, word) or not re.search("[A-Za-z]", word):
        raise ValueError(
            f"{word!r} is no name: 1 to 64 letters, digits, `.`, `_` and `-`, the first a letter or digit, "
            "and at least one letter"
        )
    if word.lower() in _RESERVED:
        raise ValueError(f"the name {word} is taken by the farm itself")
    return Party(kind, word)
