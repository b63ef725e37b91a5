"""What a receiver is to be told of an alarm next: from what the alarm is now, and what the receiver was told."""

from dataclasses import replace

from grid.times import SECOND
from monitor.facts import Alarm, AlarmState, Said, Telling
from monitor.notifications.plan import Moment, Plan


def next_telling(plan: Plan, telling: Telling, alarm: Alarm, now: int) -> Telling | None:
    """The telling as it must be now that the alarm is as it is; None where nothing need be remembered.

    It depends on nothing else, so that asking twice changes nothing. A telling that nothing was told of, and nothing
    is to be told of, is None.
    """
    changed = _changed(plan, telling, alarm, now)
    is_over = alarm.state is AlarmState.NORMAL or changed.said is None
    return None if changed.pending is None and is_over else changed


def says(plan: Plan, telling: Telling, alarm: Alarm) -> Said | None:
    """What is to be said of an alarm now; None for nothing: it went before its message did, and for good.

    One that comes and goes while its message waits counts as raised, or nobody would ever be told of it.
    """
    if alarm.is_active:
        return Said.RAISED
    route = plan.route(telling.route, telling.receiver)
    if telling.pending is not Said.RAISED or route is None or route.digest:
        return Said.CLEARED
    waits_since = (telling.due_at or 0) - round(route.group_wait_seconds * SECOND)
    return Said.RAISED if alarm.raised_at > waits_since else None


def told(plan: Plan, telling: Telling, alarm: Alarm, now: int) -> Telling:
    """The telling after its receiver was told at `now` how the alarm is."""
    said = says(plan, telling, alarm)
    times = telling.times + 1 if said is Said.RAISED else 0
    return replace(telling, said=said, told_at=now, times=times, pending=None, due_at=None, route=None)


def scheduled(telling: Telling, pending: Said, moment: Moment | None) -> Telling:
    """The telling with what is to be told at that moment; with nothing, where there is none."""
    if moment is None:
        return _without_pending(telling)
    return replace(telling, pending=pending, due_at=moment.at, route=moment.route.name)


def untold(telling: Telling) -> Telling | None:
    """The telling when its time has come, and there is nothing to tell any more."""
    return None if telling.said is None else _without_pending(telling)


def _changed(plan: Plan, telling: Telling, alarm: Alarm, now: int) -> Telling:
    if not alarm.is_audible or alarm.state is AlarmState.ACKNOWLEDGED:
        return _without_pending(telling)
    if alarm.state is AlarmState.UNACKNOWLEDGED:
        return _raised(plan, telling, alarm, now)
    return _cleared(plan, telling, alarm, now)


def _raised(plan: Plan, telling: Telling, alarm: Alarm, now: int) -> Telling:
    if telling.pending is Said.RAISED:
        return telling
    if telling.said is Said.RAISED:
        return scheduled(telling, Said.RAISED, _repeat(plan, telling, alarm, now))
    return scheduled(telling, Said.RAISED, _after_the_wait(plan, telling, alarm, now))


def _repeat(plan: Plan, telling: Telling, alarm: Alarm, now: int) -> Moment | None:
    """When to tell again; a digest repeats each time."""
    first = plan.moment(telling.receiver, alarm, now)
    if first is None or first.route.repeat_seconds is None:
        return None
    pause = 1 if first.route.digest else round(first.route.repeat_seconds * SECOND)
    return plan.moment(telling.receiver, alarm, max(now, (telling.told_at or now) + pause))


def _cleared(plan: Plan, telling: Telling, alarm: Alarm, now: int) -> Telling:
    if telling.said is Said.RAISED:
        if telling.pending is Said.CLEARED:
            return telling
        moment = _after_the_wait(plan, telling, alarm, now)
        return scheduled(telling, Said.CLEARED, moment if moment is not None and moment.route.tells_cleared else None)
    route = plan.route(telling.route, telling.receiver)
    may_come_again = alarm.state is AlarmState.CLEARED
    return telling if route is not None and (route.digest or may_come_again) else _without_pending(telling)


def _after_the_wait(plan: Plan, telling: Telling, alarm: Alarm, now: int) -> Moment | None:
    """When to tell something new: after the group's wait."""
    first = plan.moment(telling.receiver, alarm, now)
    if first is None:
        return None
    wait = 0.0 if first.route.digest else first.route.group_wait_seconds
    return plan.moment(telling.receiver, alarm, now + round(wait * SECOND))


def _without_pending(telling: Telling) -> Telling:
    return replace(telling, pending=None, due_at=None, route=None)
