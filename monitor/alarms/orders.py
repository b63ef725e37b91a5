"""What people do about alarms: acknowledge, comment, shelve, take out of service."""

from collections.abc import Collection, Mapping
from functools import partial

from grid.times import SECOND
from monitor.alarms import life
from monitor.alarms.life import Step
from monitor.facts import Alarm, AlarmAnswer, AlarmOrder, AlarmOrderKind, AlarmRefusal

LONGEST_SHELVING_SECONDS = 86_400
"""A shelved alarm returns by itself after a day at the latest; for longer it is taken out of service."""

_DONE = {
    AlarmOrderKind.ACKNOWLEDGE: "acknowledged",
    AlarmOrderKind.COMMENT: "commented",
    AlarmOrderKind.SHELVE: "shelved",
    AlarmOrderKind.UNSHELVE: "unshelved",
    AlarmOrderKind.TAKE_OUT_OF_SERVICE: "taken out of service",
    AlarmOrderKind.PUT_IN_SERVICE: "put in service",
}


def obey(order: AlarmOrder, by_id: Mapping[int, Alarm], waiting: Collection[Alarm], step: Step) -> AlarmAnswer:
    """Do it to all of the alarms, or to none if one is unknown. `waiting` are those meant where none is named.

    What was so before is accepted, and changes nothing: an order may come twice.
    """
    refusal = _refuse(order, by_id, step.at)
    if refusal is not None:
        return refusal
    alarms = [by_id[alarm_id] for alarm_id in dict.fromkeys(order.alarm_ids)] or list(waiting)
    act = partial(_do, order, step)
    changed = sum(map(act, alarms))
    nouns = "1 alarm is" if changed == 1 else f"{changed:,} alarms are"
    return AlarmAnswer(True, f"{nouns} {_DONE[order.kind]}", changed)


def _refuse(order: AlarmOrder, by_id: Mapping[int, Alarm], at: int) -> AlarmAnswer | None:
    unknown = [alarm_id for alarm_id in order.alarm_ids if alarm_id not in by_id]
    if unknown:
        return AlarmAnswer(False, f"there is no alarm {unknown[0]}", refusal=AlarmRefusal.UNKNOWN_ALARM)
    sentence = _why_not(order, at)
    return None if sentence is None else AlarmAnswer(False, sentence, refusal=AlarmRefusal.NOT_POSSIBLE)


def _why_not(order: AlarmOrder, at: int) -> str | None:
    if not order.alarm_ids and order.kind is not AlarmOrderKind.ACKNOWLEDGE:
        return "name the alarms: only to acknowledge is possible for all that wait"
    if order.kind is AlarmOrderKind.COMMENT and not order.comment:
        return "a comment needs words"
    if order.kind is AlarmOrderKind.SHELVE:
        if order.until is None or order.until <= at:
            return "a shelving needs an end that is still to come"
        if order.until > at + LONGEST_SHELVING_SECONDS * SECOND:
            return "an alarm is shelved for 24 hours at most: for longer, take it out of service"
    return None


def _do(order: AlarmOrder, step: Step, alarm: Alarm) -> bool:
    by, comment = order.by, order.comment
    match order.kind:
        case AlarmOrderKind.ACKNOWLEDGE:
            return life.acknowledge(alarm, by, comment, step)
        case AlarmOrderKind.COMMENT:
            return life.comment_on(alarm, by, comment, step)
        case AlarmOrderKind.SHELVE:
            return life.shelve(alarm, order.until or step.at, by, comment, step)
        case AlarmOrderKind.UNSHELVE:
            return life.unshelve(alarm, by, comment, step)
        case AlarmOrderKind.TAKE_OUT_OF_SERVICE:
            return life.take_out_of_service(alarm, by, comment, step)
        case AlarmOrderKind.PUT_IN_SERVICE:
            return life.put_in_service(alarm, by, comment, step)
