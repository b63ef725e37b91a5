"""From messages to news: each is read, checked, and either understood or made a dead letter with its reason."""

import json
import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from pydantic import ValidationError

from grid import topics
from grid.connection import Message
from grid.metrics import MAX_METRICS_BYTES, TurbineMetrics
from grid.repair import RepairResult
from grid.status import MAX_STATUS_BYTES, TurbineStatus
from grid.times import MAX_AHEAD, SECOND
from monitor.facts import (
    KEPT_PAYLOAD_BYTES,
    Birth,
    DeadLetter,
    DeadLetterReason,
    News,
    Reading,
    RepairAnswer,
    StatusReport,
)

MAX_REPAIR_RESULT_BYTES = 4096

_TIME_AS_TEXT = re.compile(rb'"emitted_at"\s*:\s*"')


@dataclass(slots=True)
class Decoded:
    """A batch, read: `news` in order of arrival, and what was not understood."""

    news: list[News] = field(default_factory=list)
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


class _RefusedError(Exception):
    """Says that a message is a dead letter."""

    def __init__(self, reason: DeadLetterReason, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason


def decode(messages: Sequence[Message], received_at: int, arrivals: ArrivalTimes) -> Decoded:
    """Read a batch of messages that arrived at `received_at` (UTC, microseconds).

    Never raises for what a message contains: what is not of the contract becomes a dead letter. Retained metrics
    and cleared retained statuses are counted, and nothing else.
    """
    decoded = Decoded()
    for message in messages:
        try:
            turbine_number, kind = _parse_topic(message.topic)
            _READ_BY_KIND[kind](message, turbine_number, received_at, arrivals, decoded)
        except _RefusedError as refused:
            decoded.dead_letters.append(_dead_letter(message, received_at, refused))
    readings = sum(type(news) is Reading for news in decoded.news)
    decoded.counted["received"] = readings + len(decoded.dead_letters)
    return decoded


def _parse_topic(topic: str) -> topics.TurbineTopic:
    try:
        parsed = topics.parse(topic)
    except ValueError as error:
        raise _RefusedError(DeadLetterReason.TOPIC, str(error)) from None
    if parsed.kind not in _READ_BY_KIND:
        raise _RefusedError(DeadLetterReason.TOPIC, "the monitor does not listen to this topic")
    return parsed


def _read_metrics(
    message: Message, turbine_number: int, received_at: int, arrivals: ArrivalTimes, decoded: Decoded
) -> None:
    if message.retain:  # an old reading that somebody had kept by mistake: it would come at every connect
        decoded.counted["retained_metrics"] += 1
        return
    payload = _checked_size(message.payload, MAX_METRICS_BYTES)
    try:
        metrics = TurbineMetrics.model_validate_json(payload)
    except ValidationError as error:
        raise _refusal(error) from None
    if not _is_plain(payload, metrics):
        _refuse_duplicate_keys(payload)
    if metrics.turbine_number != turbine_number:
        detail = f"turbine_number is {metrics.turbine_number}, the topic says {turbine_number}"
        raise _RefusedError(DeadLetterReason.OTHER_TURBINE, detail)
    emitted_at = metrics.emitted_at
    if emitted_at is None:
        emitted_at = arrivals.next_for(turbine_number, received_at)
    elif emitted_at > received_at + MAX_AHEAD:
        ahead = (emitted_at - received_at) // SECOND
        raise _RefusedError(DeadLetterReason.FUTURE, f"emitted_at is {ahead} s ahead of the monitor's clock")
    decoded.news.append(
        Reading(
            turbine_number,
            emitted_at,
            metrics.wind_speed,
            metrics.power_output_in_kwh,
            metrics.operational_status,
            metrics.voltage,
            metrics.current,
            metrics.temperature,
            metrics.session,
            metrics.sequence,
            received_at,
        )
    )


def _read_status(
    message: Message, turbine_number: int, received_at: int, arrivals: ArrivalTimes, decoded: Decoded
) -> None:
    if not message.payload:  # how MQTT clears a retained message: the turbine was removed, nothing is said of it
        decoded.counted["cleared_statuses"] += 1
        return
    try:
        status = TurbineStatus.from_payload(_checked_size(message.payload, MAX_STATUS_BYTES))
    except ValidationError as error:
        raise _refusal(error) from None
    if message.payload.lstrip().startswith(b"{"):
        _refuse_duplicate_keys(message.payload)
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


def _read_repair_result(
    message: Message, turbine_number: int, received_at: int, arrivals: ArrivalTimes, decoded: Decoded
) -> None:
    if message.retain:
        decoded.counted["retained_repair_results"] += 1
        return
    try:
        answer = RepairResult.model_validate_json(_checked_size(message.payload, MAX_REPAIR_RESULT_BYTES))
    except ValidationError as error:
        raise _refusal(error) from None
    _refuse_duplicate_keys(message.payload)
    decoded.news.append(RepairAnswer(turbine_number, answer.dispatch_id, answer.result, received_at, answer.reason))


_Read = Callable[[Message, int, int, ArrivalTimes, Decoded], None]
_READ_BY_KIND: dict[topics.Kind, _Read] = {
    topics.Kind.METRICS: _read_metrics,
    topics.Kind.STATUS: _read_status,
    topics.Kind.REPAIR_RESULT: _read_repair_result,
}
TOPIC_FILTERS = tuple(kind.every_turbine for kind in _READ_BY_KIND)
"""What the monitor subscribes to, of the turbines."""


def _checked_size(payload: bytes, limit: int) -> bytes:
    if len(payload) > limit:
        raise _RefusedError(DeadLetterReason.TOO_LARGE, f"{len(payload)} bytes, the limit is {limit}")
    return payload


def _is_plain(payload: bytes, metrics: TurbineMetrics) -> bool:
    """Whether the quotes tell that no key comes twice: two for each field, two for each text, and nothing escaped.

    It spares nearly every reading the second look that finding a repeated key takes.
    """
    texts = 1 + (metrics.session is not None) + (_TIME_AS_TEXT.search(payload) is not None)
    return payload.count(b'"') == 2 * (len(metrics.model_fields_set) + texts) and b"\\" not in payload


def _refuse_duplicate_keys(payload: bytes) -> None:
    """Refuse JSON in which a key comes twice: readers differ on which one counts (RFC 8259, section 4)."""
    try:
        json.loads(payload, object_pairs_hook=_without_duplicates)
    except (ValueError, RecursionError) as error:  # pydantic read it, so this is its depth or its encoding
        raise _RefusedError(DeadLetterReason.NOT_JSON, f"can't be read a second time: {error}") from None


def _without_duplicates(pairs: list[tuple[str, object]]) -> dict[str, object]:
    unique = dict(pairs)
    if len(unique) < len(pairs):
        names = [name for name, _ in pairs]
        repeated = next(name for name in names if names.count(name) > 1)
        raise _RefusedError(DeadLetterReason.DUPLICATE_KEY, f"the key {repeated!r} comes twice")
    return unique


def _refusal(error: ValidationError) -> _RefusedError:
    complaints = error.errors(include_url=False, include_input=False, include_context=False)
    if complaints[0]["type"] == "json_invalid":
        return _RefusedError(DeadLetterReason.NOT_JSON, complaints[0]["msg"])
    detail = "; ".join(
        f"{'.'.join(str(part) for part in complaint['loc']) or 'message'}: {complaint['msg']}"
        for complaint in complaints
    )
    return _RefusedError(DeadLetterReason.INVALID, detail)


def _dead_letter(message: Message, received_at: int, refused: _RefusedError) -> DeadLetter:
    payload = message.payload
    return DeadLetter(
        received_at, message.topic, payload[:KEPT_PAYLOAD_BYTES], len(payload), refused.reason, str(refused)
    )
