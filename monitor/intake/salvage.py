"""Which reading a dead letter was: without an answer its turbine would send it for ever."""

import re
from collections.abc import Iterable

from pydantic import TypeAdapter, ValidationError

from grid import topics
from grid.metrics import MAX_INTEGER, Session
from monitor.facts import DeadLetter, Held, Refused
from monitor.intake.admission import Admission

_SESSION = re.compile(rb'"session"\s*:\s*"([^"\\]{1,128})"')
_SEQUENCE = re.compile(rb'"sequence"\s*:\s*(\d{1,16})(?=\s*[,}])')
_OLDEST_HELD = re.compile(rb'"oldest_held"\s*:\s*(\d{1,16})(?=\s*[,}])')
_VALID_SESSION = TypeAdapter[str](Session)


def salvage(letters: Iterable[DeadLetter], admission: Admission) -> tuple[list[Refused], list[Held]]:
    """Find session and sequence in dead letters on metrics topics, and the oldest reading held where it is said.

    The turbine is the topic's. The payload need not be JSON, nor be there as a whole: a field counts if it is written
    once and plainly. Where two could be meant, none is. Of turbines beyond the limit nothing is found: they
    keep what they have until there is room.
    """
    refused: list[Refused] = []
    held: list[Held] = []
    for letter in letters:
        number = _turbine_number(letter.topic)
        session = _session(letter.payload)
        sequence = _integer(_SEQUENCE, b'"sequence"', letter.payload)
        if number is None or session is None or sequence is None or not admission.has_room_for(number):
            continue
        refused.append(Refused(number, session, sequence))
        oldest_held = _integer(_OLDEST_HELD, b'"oldest_held"', letter.payload)
        if oldest_held is not None:
            held.append(Held(number, session, min(oldest_held, sequence)))
    return refused, held


def _turbine_number(topic: str) -> int | None:
    try:
        number, kind = topics.parse(topic)
    except ValueError:
        return None
    return number if kind is topics.Kind.METRICS else None


def _session(payload: bytes) -> str | None:
    found = _once(_SESSION, b'"session"', payload)
    try:
        return None if found is None else _VALID_SESSION.validate_python(found.decode())
    except (UnicodeDecodeError, ValidationError):
        return None


def _integer(field: re.Pattern[bytes], key: bytes, payload: bytes) -> int | None:
    found = _once(field, key, payload)
    return int(found) if found is not None and int(found) <= MAX_INTEGER else None


def _once(field: re.Pattern[bytes], key: bytes, payload: bytes) -> bytes | None:
    """The field's value as it is written, if its key is there once, wherever and with whatever value."""
    found = field.search(payload) if payload.count(key) == 1 else None
    return None if found is None else found[1]
