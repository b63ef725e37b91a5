"""Texts for people: ages, counts and times in words, and foreign text made safe for a terminal."""

from datetime import UTC, datetime

from grid.times import SECOND

_UNITS = (("y", 365 * 86_400), ("d", 86_400), ("h", 3600), ("min", 60), ("s", 1))


def plain(text: str) -> str:
    r"""Make text that came from outside safe for a terminal.

    Whatever is no visible character or space (control characters, escape sequences, line breaks, marks that turn
    the direction of writing) is written out, as `\x1b` is.
    """
    if text.isprintable():
        return text
    return "".join(character if character.isprintable() else _written_out(character) for character in text)


def _written_out(character: str) -> str:
    return character.encode("unicode_escape").decode("ascii")


def age(seconds: float) -> str:
    """A span of time in its largest whole unit: `3 s`, `2 min`, `5 h`, `3 d`, `2 y`. Below zero it is `0 s`."""
    for unit, length in _UNITS:
        if seconds >= length:
            return f"{int(seconds // length)} {unit}"
    return "0 s"


def since(then: int, now: int) -> float:
    """Seconds from one stored time to another; zero if `then` is ahead, as another clock's time may be."""
    return max(0.0, (now - then) / SECOND)


def ordinal(number: int) -> str:
    """A place in a line: `1st`, `2nd`, `3rd`, `4th`, `11th`."""
    if number % 100 in (11, 12, 13):
        return f"{number}th"
    return f"{number}{ {1: 'st', 2: 'nd', 3: 'rd'}.get(number % 10, 'th') }"


def counted(number: int, noun: str, plural: str | None = None) -> str:
    """A number with its noun: `1 turbine`, `1,000 turbines`."""
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}"


def quantity(value: float | None, decimals: int = 1) -> str:
    """A measured value, or `-` where there is none."""
    return "-" if value is None else f"{value:,.{decimals}f}"


def moment(microseconds: int) -> str:
    """A stored time to the second, in UTC: `2026-11-21 03:45:00Z`."""
    return _utc(microseconds).strftime("%Y-%m-%d %H:%M:%SZ")


def time_of_day(microseconds: int) -> str:
    """The time of day of a stored time, in UTC: `03:45:00Z`."""
    return _utc(microseconds).strftime("%H:%M:%SZ")


def _utc(microseconds: int) -> datetime:
    return datetime.fromtimestamp(microseconds // SECOND, UTC)
