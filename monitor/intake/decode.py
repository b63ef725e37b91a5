"""From messages to news: each is read, checked, and either understood or made a dead letter with its reason."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import compress

from pydantic import ValidationError

from grid import topics
from grid.connection import Message
from grid.repair import RepairResult
from grid.status import MAX_STATUS_BYTES, TurbineStatus
from grid.times import MAX_AHEAD, SECOND
from monitor.facts import (
    Birth,
    DeadLetter,
    DeadLetterReason,
    Held,
    News,
    OutageReport,
    Reading,
    RepairAnswer,
    StatusReport,
)
from monitor.intake.admission import Admission
from monitor.intake.outage_reports import take_outage_reports
from monitor.intake.readings import Fields, read_metrics
from monitor.intake.refused import RefusedError, dead_letter, invalid, refuse_duplicate_keys, refuse_too_large

MAX_REPAIR_RESULT_BYTES = 4096

_HEARD = (topics.Kind.METRICS, topics.Kind.STATUS, topics.Kind.REPAIR_RESULT)
TOPIC_FILTERS = (*(kind.every_turbine for kind in _HEARD), topics.EVERY_CONTROLLERS_OUTAGES)
"""What the monitor subscribes to, of turbines and controllers."""

_METRICS = f"/{topics.Kind.METRICS.value}"


@dataclass(slots=True)
class Decoded:
    """A batch, read: `news` in order of arrival; the readings among them, and which of them said what is held; and
    what was not understood.
    """

    news: list[News] = field(default_factory=list)
    readings: list[Reading] = field(default_factory=list)
    held: list[Held] = field(default_factory=list)
    outage_reports: list[OutageReport] = field(default_factory=list)
    dead_letters: list[DeadLetter] = field(default_factory=list)
    counted: Counter[str] = field(default_factory=Counter)


class ArrivalTimes:
    """Gives readings that carry no time of their own the time of arrival, made unique for each turbine."""

    def __init__(self) -> None:
        self._last: dict[int, int] = {}

    def remember(self, turbine_number: int, emitted_at: int) -> None:
        """Start after a reading that is stored already: a restart must not give its time again."""
        self._last[turbine_number] = max(emitted_at, self._last.get(turbine_number, 0))

    def next_for(self, turbine_number: int, received_at: int) -> int:
        """The time of arrival, or a microsecond after the last one given if that is later."""
        moment = max(received_at, self._last.get(turbine_number, 0) + 1)
        self._last[turbine_number] = moment
        return moment


def decode(messages: Sequence[Message], received_at: int, arrivals: ArrivalTimes, admission: Admission) -> Decoded:
    """Read a batch of messages that arrived at `received_at` (UTC, microseconds), of those who are let in.

    Never raises for what a message contains: what is not of the contract becomes a dead letter. Retained metrics
    and cleared retained statuses are counted, and nothing else.
    """
    decoded = Decoded()
    are_metrics = [_is_metrics(message) for message in messages]
    metrics = iter(read_metrics([message.payload for message in compress(messages, are_metrics)]))
    for message, is_metrics in zip(messages, are_metrics, strict=True):
        try:
            if is_metrics:
                take_reading(message.topic, next(metrics), received_at, arrivals, admission, decoded)
            else:
                _take_other(message, received_at, admission, decoded)
        except RefusedError as refused:
            decoded.dead_letters.append(dead_letter(message, received_at, refused))
    # Whatever has no column of its own must become a reading or a dead letter: the books tell if it does not.
    decoded.counted["received"] = len(messages) - decoded.counted.total()
    return decoded


def _is_metrics(message: Message) -> bool:
    """Whether a message is a reading. What is retained is an old one, kept by mistake: it comes at every connect."""
    return not message.retain and message.topic.endswith(_METRICS)


@lru_cache(maxsize=16_384)
def _parse_topic(topic: str) -> topics.TurbineTopic:
    """Take a topic apart; only what is one of ours is remembered. It spares 0.9 us of 1.0."""
    try:
        parsed = topics.parse(topic)
    except ValueError as error:
        raise RefusedError(DeadLetterReason.TOPIC, str(error)) from None
    if parsed.kind not in _HEARD:
        raise RefusedError(DeadLetterReason.TOPIC, "the monitor does not listen to this topic")
    return parsed


def take_reading(
    topic: str,
    metrics: Fields | RefusedError,
    received_at: int,
    arrivals: ArrivalTimes,
    admission: Admission,
    decoded: Decoded,
) -> None:
    """Add a reading to a batch. Raises RefusedError for one that is none."""
    turbine_number = _parse_topic(topic).turbine_number
    if isinstance(metrics, RefusedError):
        raise metrics
    if metrics["turbine_number"] != turbine_number:
        detail = f"turbine_number is {metrics['turbine_number']}, the topic says {turbine_number}"
        raise RefusedError(DeadLetterReason.OTHER_TURBINE, detail)
    if turbine_number not in admission.turbines:
        admission.let_in(turbine_number)
    field = metrics.get
    emitted_at = field("emitted_at")
    if emitted_at is None:
        emitted_at = arrivals.next_for(turbine_number, received_at)
    elif emitted_at > received_at + MAX_AHEAD:
        ahead = (emitted_at - received_at) // SECOND
        raise RefusedError(DeadLetterReason.FUTURE, f"emitted_at is {ahead} s ahead of the monitor's clock")
    reading = Reading(
        turbine_number,
        emitted_at,
        metrics["wind_speed"],
        metrics["power_output_in_kwh"],
        metrics["operational_status"],
        field("voltage"),
        field("current"),
        field("temperature"),
        field("session"),
        field("sequence"),
        received_at,
    )
    decoded.news.append(reading)
    decoded.readings.append(reading)
    if "oldest_held" in metrics:
        _take_held(reading, metrics["oldest_held"], decoded)


def _take_held(reading: Reading, oldest_held: int | None, decoded: Decoded) -> None:
    if oldest_held is not None and reading.session is not None and reading.sequence is not None:
        decoded.held.append(Held(reading.turbine_number, reading.session, min(oldest_held, reading.sequence)))


def _take_other(message: Message, received_at: int, admission: Admission, decoded: Decoded) -> None:
    if topics.is_of_controller(message.topic):
        _take_outage_reports(message, received_at, admission, decoded)
        return
    turbine_number, kind = _parse_topic(message.topic)
    match kind:
        case topics.Kind.STATUS:
            _take_status(message, turbine_number, received_at, admission, decoded)
        case topics.Kind.REPAIR_RESULT:
            _take_repair_result(message, turbine_number, received_at, admission, decoded)
        case _:
            decoded.counted["retained_metrics"] += 1


def _take_status(
    message: Message, turbine_number: int, received_at: int, admission: Admission, decoded: Decoded
) -> None:
    if not message.payload:  # how MQTT clears a retained message: the turbine was removed, nothing is said of it
        decoded.counted["cleared_statuses"] += 1
        return
    refuse_too_large(message.payload, MAX_STATUS_BYTES)
    try:
        status = TurbineStatus.from_payload(message.payload)
    except ValidationError as error:
        raise invalid(error) from None
    if message.payload.lstrip().startswith(b"{"):
        refuse_duplicate_keys(message.payload)
    admission.let_in(turbine_number)
    decoded.counted["statuses"] += 1
    decoded.news.append(
        StatusReport(
            turbine_number=turbine_number,
            presence=status.status,
            received_at=received_at,
            retained=message.retain,
            reason=status.reason,
            session=status.session,
            connection=status.connection,
            at=status.at,
            birth=Birth(
                status.model,
                status.rated_power_in_kw,
                status.region,
                status.latitude,
                status.longitude,
                status.serial,
            ),
        )
    )


def _take_outage_reports(message: Message, received_at: int, admission: Admission, decoded: Decoded) -> None:
    if message.retain:
        decoded.counted["retained_outage_reports"] += 1
        return
    take_outage_reports(message, received_at, admission, decoded.outage_reports.append)
    decoded.counted["outage_reports"] += 1


def _take_repair_result(
    message: Message, turbine_number: int, received_at: int, admission: Admission, decoded: Decoded
) -> None:
    if message.retain:
        decoded.counted["retained_repair_results"] += 1
        return
    refuse_too_large(message.payload, MAX_REPAIR_RESULT_BYTES)
    try:
        answer = RepairResult.model_validate_json(message.payload)
    except ValidationError as error:
        raise invalid(error) from None
    refuse_duplicate_keys(message.payload)
    admission.let_in(turbine_number)
    decoded.counted["repair_results"] += 1
    decoded.news.append(RepairAnswer(turbine_number, answer.dispatch_id, answer.result, received_at, answer.reason))
