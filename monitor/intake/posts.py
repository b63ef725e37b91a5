"""Readings that came over HTTP: through the same checks as those of the broker, and into the same batch."""

from collections.abc import Sequence

from grid.connection import PlainMessage
from grid.topics import Kind
from monitor.facts import Committed, DeadLetter, DeadLetterReason, PostAnswer, PostOutcome, Reading
from monitor.intake.admission import Admission
from monitor.intake.decode import ArrivalTimes, Decoded, take_reading
from monitor.intake.readings import Fields, read_metrics
from monitor.intake.refused import RefusedError, dead_letter

POST_METRICS = "http:/post_metrics"
"""Where the dead letter of a posted reading says that it came from: no topic of MQTT."""


def decode_posts(
    bodies: Sequence[bytes], received_at: int, arrivals: ArrivalTimes, admission: Admission, decoded: Decoded
) -> list[Reading | DeadLetter]:
    """Read bodies that arrived at `received_at` into a batch; returns what each became, in order.

    A body is judged as the message that its turbine would have published: the number in it stands for the topic.
    """
    became = [
        _decode_one(body, metrics, received_at, arrivals, admission, decoded)
        for body, metrics in zip(bodies, read_metrics(bodies), strict=True)
    ]
    if bodies:
        decoded.counted["received"] += len(bodies)
        decoded.counted["posted"] += len(bodies)
    return became


def _decode_one(
    body: bytes,
    metrics: Fields | RefusedError,
    received_at: int,
    arrivals: ArrivalTimes,
    admission: Admission,
    decoded: Decoded,
) -> Reading | DeadLetter:
    try:
        if isinstance(metrics, RefusedError):
            raise metrics
        topic = Kind.METRICS.of(metrics["turbine_number"])
        take_reading(topic, metrics, received_at, arrivals, admission, decoded)
    except RefusedError as refused:
        letter = dead_letter(
            PlainMessage(POST_METRICS, body, qos=1, retain=False, packet_id=None), received_at, refused
        )
        decoded.dead_letters.append(letter)
        return letter
    return decoded.readings[-1]


def answer_posts(became: Sequence[Reading | DeadLetter], committed: Committed) -> list[PostAnswer]:
    """What to answer, now that the batch is committed in which the bodies became these readings and dead letters."""
    new = {id(reading) for reading in committed.stored}  # not by value: of two that are equal one is the repeat
    return [_answer(of, committed, is_new=id(of) in new) for of in became]


def _answer(of: Reading | DeadLetter, committed: Committed, *, is_new: bool) -> PostAnswer:
    if isinstance(of, DeadLetter):
        return PostAnswer(PostOutcome.REFUSED, reason=of.reason, detail=of.detail)
    refused = committed.refused.get((of.turbine_number, of.emitted_at))
    if refused is not None and not is_new:
        reason = DeadLetterReason.REFUSED_BY_DATABASE
        return PostAnswer(PostOutcome.REFUSED, of.turbine_number, of.emitted_at, reason, refused)
    return PostAnswer(PostOutcome.STORED if is_new else PostOutcome.DUPLICATE, of.turbine_number, of.emitted_at)
