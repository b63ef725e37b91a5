"""Outage reports from the wire: each is taken or refused for itself, those of a list too."""

import json
from collections.abc import Callable

from pydantic import ValidationError

from grid import topics
from grid.connection import Message
from grid.outage import MAX_OUTAGE_REPORTS_BYTES, read_outage_reports
from grid.outage import OutageReport as OutageMessage
from grid.times import MAX_AHEAD
from monitor.facts import DeadLetterReason, OutageReport
from monitor.intake.refused import RefusedError, invalid, refuse_duplicate_keys, refuse_too_large

MOST_COMPLAINTS = 3
"""How many reports of a list are named in its dead letter."""


def take_outage_reports(message: Message, received_at: int, take: Callable[[OutageReport], None]) -> None:
    """Read a message of one report or a list of them, and `take` those that are good.

    Raises RefusedError if any is not: the message is a dead letter that says which, and what was taken counts.
    """
    controller_id = _controller_of(message.topic)
    refuse_too_large(message.payload, MAX_OUTAGE_REPORTS_BYTES)
    refused: list[tuple[int, RefusedError]] = []
    for place, report in enumerate(_read(message.payload)):
        try:
            take(_understood(report, controller_id, received_at))
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
    try:
        reports = read_outage_reports(payload)
    except ValidationError as error:
        refused = invalid(error)
        if refused.reason is DeadLetterReason.NOT_JSON:
            raise refused from None
    else:
        refuse_duplicate_keys(payload)
        return list(reports)
    refuse_duplicate_keys(payload)
    found = json.loads(payload)
    if not isinstance(found, list) or not found:
        raise refused
    return [_read_one(json.dumps(element).encode()) for element in found]


def _read_one(payload: bytes) -> OutageMessage | RefusedError:
    try:
        return read_report(payload)
    except RefusedError as refused:
        return refused


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
