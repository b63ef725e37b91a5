"""Outage reports from the wire: each is taken or refused for itself, those of a list too."""

import json
from collections.abc import Callable
from typing import Any

from pydantic import ValidationError

from grid import topics
from grid.connection import Message
from grid.outage import MAX_OUTAGE_REPORTS_BYTES, read_outage_reports
from grid.outage import OutageReport as OutageMessage
from grid.times import MAX_AHEAD
from monitor.facts import DeadLetterReason, OutageReport
from monitor.intake.admission import Admission
from monitor.intake.refused import RefusedError, in_words, invalid, refuse_duplicate_keys, refuse_too_large

MOST_REPORTS = 1250
"""In a message: more than fit into it, each with all its fields."""

MOST_COMPLAINTS = 3
"""How many reports of a list are named in its dead letter."""


def take_outage_reports(
    message: Message, received_at: int, admission: Admission, take: Callable[[OutageReport], None]
) -> None:
    """Read a message of one report or a list of them, and `take` those that are good.

    Raises RefusedError if any is not: the message is a dead letter that says which, and what was taken counts.
    """
    controller_id = _controller_of(message.topic)
    refuse_too_large(message.payload, MAX_OUTAGE_REPORTS_BYTES)
    refused: list[tuple[int, RefusedError]] = []
    for place, report in enumerate(_read(message.payload)):
        try:
            understood = _understood(report, controller_id, received_at)
            admission.let_controller_in(controller_id)
            take(understood)
        except RefusedError as error:
            refused.append((place, error))
    if refused:
        raise _summed_up(refused)


def fact_of(report: OutageMessage, received_at: int) -> OutageReport:
    """A report as the monitor knows it. Raises RefusedError for one of the future, or that ends before it begins."""
    latest = report.timestamp if report.ended_at is None else report.ended_at
    if latest < report.timestamp:
        raise RefusedError(DeadLetterReason.INVALID, "ended_at: it is before timestamp")
    if latest > received_at + MAX_AHEAD:
        raise RefusedError(DeadLetterReason.FUTURE, "the report is ahead of the monitor's clock")
    return OutageReport(report.controller_id, report.outage_type, report.timestamp, received_at, until=report.ended_at)


def read_report(payload: bytes) -> OutageMessage:
    """Read one report. Raises RefusedError."""
    try:
        report = OutageMessage.model_validate_json(payload)
    except ValidationError as error:
        raise invalid(error) from None
    refuse_duplicate_keys(payload)
    return report


def _controller_of(topic: str) -> str:
    try:
        return topics.parse_outages_topic(topic)
    except ValueError as error:
        raise RefusedError(DeadLetterReason.TOPIC, str(error)) from None


def _read(payload: bytes) -> list[OutageMessage | RefusedError]:
    """Read a message in a few calls, whatever is in it: thousands of bad reports must not cost a call each."""
    try:
        reports = read_outage_reports(payload)
    except ValidationError as error:
        return _read_good_ones(payload, error)
    refuse_duplicate_keys(payload)
    return list(reports)


def _read_good_ones(payload: bytes, error: ValidationError) -> list[OutageMessage | RefusedError]:
    if error.error_count() == 1 and (refused := invalid(error)).reason is DeadLetterReason.NOT_JSON:
        raise refused
    refuse_duplicate_keys(payload)
    found = json.loads(payload)
    if not isinstance(found, list) or not found:
        raise invalid(error)
    if len(found) > MOST_REPORTS:
        raise RefusedError(DeadLetterReason.TOO_LARGE, f"{len(found)} reports, the limit is {MOST_REPORTS}")
    complaints = _by_place(error)
    good = [element for place, element in enumerate(found) if place not in complaints]
    reports = iter(read_outage_reports(json.dumps(good).encode()))
    return [complaints[place] if place in complaints else next(reports) for place in range(len(found))]


def _by_place(error: ValidationError) -> dict[int, RefusedError]:
    """What is wrong with which report of a list."""
    complaints = error.errors(include_url=False, include_input=False, include_context=False)
    found: dict[int, list[dict[str, Any]]] = {}
    for complaint in complaints:
        place, *loc = complaint["loc"]
        found.setdefault(int(place), []).append({**complaint, "loc": loc})
    return {place: RefusedError(DeadLetterReason.INVALID, in_words(of)) for place, of in found.items()}


def _understood(report: OutageMessage | RefusedError, controller_id: str, received_at: int) -> OutageReport:
    if isinstance(report, RefusedError):
        raise report
    if report.controller_id != controller_id:
        detail = f"controller_id is {report.controller_id}, the topic says {controller_id}"
        raise RefusedError(DeadLetterReason.OTHER_CONTROLLER, detail)
    return fact_of(report, received_at)


def _summed_up(refused: list[tuple[int, RefusedError]]) -> RefusedError:
    if len(refused) == 1 and refused[0][0] == 0:
        return refused[0][1]
    named = "; ".join(f"report {place + 1}: {error}" for place, error in refused[:MOST_COMPLAINTS])
    more = f"; and {len(refused) - MOST_COMPLAINTS} more" if len(refused) > MOST_COMPLAINTS else ""
    return RefusedError(refused[0][1].reason, named + more)
