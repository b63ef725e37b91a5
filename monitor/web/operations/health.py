"""Is all well? Decided from what the monitor says of itself and what its neighbour sees; each answer is a sentence."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

from grid.times import SECOND
from monitor.books import Balance
from monitor.console.words import age
from monitor.health import LEAST_FREE_BYTES
from monitor.web.operations.probe import Seen

Document = dict[str, Any]

FEED_LATE_SECONDS = 5.0
"""The monitor tells the pages something every second."""


class Status(StrEnum):
    """How it is, in one word."""

    OK = "ok"
    DEGRADED = "degraded"
    """Readings are taken in; something needs a person."""
    UNHEALTHY = "unhealthy"
    """Readings are not taken in: they wait at the broker, or with their turbines."""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What the pages' process knows by itself. Both times are UTC in microseconds."""

    now: int
    told_at: int | None = None
    """When the monitor told its followers something last."""


@dataclass(frozen=True, slots=True)
class Check:
    """One question and its answer."""

    name: str
    healthy: bool
    sentence: str
    since: str | None = None
    stops_intake: bool = False
    """Whether no reading is taken in while this is not healthy."""


def checks(seen: Seen, around: Surroundings) -> list[Check]:
    """Ask everything. What can't be known while no monitor answers is left out."""
    found = [_disk(seen.free_bytes)]
    if seen.problem is not None:
        return [Check("monitor", False, _sentence(seen.problem), stops_intake=True), *found]
    health, gauges = seen.health, seen.metrics.get("gauges", {})
    return [
        Check("monitor", True, "A monitor runs and answers.", health["started_at"], stops_intake=True),
        _broker(health),
        _database(health),
        _books(health),
        _text_files(gauges),
        _limits(health.get("turned_away")),
        _notifications(health.get("notifications_failing")),
        _feed(around),
        *found,
    ]


def status_of(found: list[Check]) -> Status:
    """The gravest of what was found."""
    if any(check.stops_intake and not check.healthy for check in found):
        return Status.UNHEALTHY
    return Status.OK if all(check.healthy for check in found) else Status.DEGRADED


def report(seen: Seen, around: Surroundings, version: str) -> Document:
    """The document of `/health`. What is not known is null."""
    found = checks(seen, around)
    known = seen.problem is None
    gauges = seen.metrics.get("gauges", {})
    return {
        "status": status_of(found),
        "version": version,
        "monitor_running": known,
        "mqtt_connected": known and bool(seen.health["connected"]),
        "database_connected": known and seen.health["store_error"] is None,
        "queued_messages": _whole(gauges.get("grid_queued_messages")),
        "last_reading_age_seconds": _age(gauges.get("grid_last_reading_timestamp_seconds"), around.now),
        "feed_age_seconds": _feed_age(around),
        "disk_free_bytes": seen.free_bytes,
        "checks": list(_documents(found)),
    }


def not_ready(seen: Seen) -> str | None:
    """Why readings can't be taken in now, in a sentence; None if they can."""
    if seen.problem is not None:
        return _sentence(seen.problem)
    failed = (check for check in (_broker(seen.health), _database(seen.health)) if not check.healthy)
    return next((check.sentence for check in failed), None)


def _documents(found: list[Check]) -> Iterator[Document]:
    for check in found:
        document = asdict(check)
        del document["stops_intake"]
        yield document


def _broker(health: Document) -> Check:
    since = health["connection_since"] or health["started_at"]
    if health["connected"]:
        return Check("mqtt", True, "The monitor is connected to its broker.", since, stops_intake=True)
    because = f" ({error})" if (error := health.get("connection_error")) else ""
    sentence = f"The monitor is not connected to its broker{because}: readings wait there, and with their turbines."
    return Check("mqtt", False, sentence, since, stops_intake=True)


def _database(health: Document) -> Check:
    error = health["store_error"]
    if error is None:
        return Check("database", True, "The database takes what is committed.", stops_intake=True)
    sentence = f"The monitor can't store: {error}; what arrives waits at the broker."
    return Check("database", False, sentence, health["store_error_since"], stops_intake=True)


def _books(health: Document) -> Check:
    balance = Balance(**health["balance"])
    if health["unbalanced_since"] is None:
        return Check("books", True, f"The books balance: {balance.in_words()}.")
    sentence = f"The books do not balance: {balance.in_words()}. Look with grid-monitor doctor, and report it."
    return Check("books", False, sentence, health["unbalanced_since"])


def _notifications(failing: str | None) -> Check:
    if failing is None:
        return Check("notifications", True, "No receiver of notifications is known to fail.")
    return Check("notifications", False, f"Notifications fail: {failing}. Try grid-monitor notify test.")


def _text_files(gauges: Document) -> Check:
    if not gauges.get("grid_text_files_behind"):
        return Check("text_files", True, "The turbines' text files hold what the database holds.")
    return Check("text_files", False, "The turbines' text files lack readings; they catch up when their disk takes it.")


def _limits(turned_away: str | None) -> Check:
    if turned_away is None:
        return Check("limits", True, "No turbine or controller is turned away.")
    sentence = f"What somebody sends is refused: {turned_away}. Look with grid-monitor dead-letters."
    return Check("limits", False, sentence)


def _feed(around: Surroundings) -> Check:
    told_ago = _feed_age(around)
    if told_ago is None:
        return Check("feed", False, "The monitor has told the pages nothing yet.")
    if told_ago > FEED_LATE_SECONDS:
        return Check("feed", False, f"The pages are behind: the monitor told them something {age(told_ago)} ago.")
    return Check("feed", True, "The pages hear from the monitor every second.")


def _disk(free_bytes: int | None) -> Check:
    if free_bytes is None:
        return Check("disk", False, "How much is free on the disk of the data can't be seen.")
    sentence = f"{free_bytes / 1e9:.1f} GB are free on the disk of the data"
    if free_bytes < LEAST_FREE_BYTES:
        return Check("disk", False, f"Only {sentence}: prune, or make room, before it is full.")
    return Check("disk", True, f"{sentence}.")


def _feed_age(around: Surroundings) -> float | None:
    return None if around.told_at is None else max(0.0, round((around.now - around.told_at) / SECOND, 1))


def _whole(number: float | None) -> int | None:
    return None if number is None else int(number)


def _age(timestamp_seconds: float | None, now: int) -> float | None:
    """How long ago that was; None for what never was."""
    return max(0.0, round(now / SECOND - timestamp_seconds, 1)) if timestamp_seconds else None


def _sentence(words: str) -> str:
    return f"{words[:1].upper()}{words[1:]}."
