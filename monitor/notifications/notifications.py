"""Who is told of which alarm, when, and in which message; and what is tried again."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType

from grid.times import SECOND
from monitor.facts import (
    Alarm,
    AlarmChanges,
    Delivery,
    Notification,
    NotificationChanges,
    NotificationTest,
    NotificationTestAnswer,
    NotificationTestRefusal,
    Now,
    Receipt,
    ReceiverStanding,
    RememberedKnowledge,
    Said,
    Telling,
)
from monitor.notifications.plan import NO_PLAN, Plan, Route, retry_at
from monitor.notifications.sentences import Message, compose, compose_test
from monitor.notifications.tellings import next_telling, says, scheduled, told, untold

FAILS_AFTER_ATTEMPTS = 3
"""So many attempts in vain, within some three minutes, mean that a receiver fails."""

LEAST_STEP = 5 * SECOND
"""A clock that goes back by less is being adjusted: nobody notices."""

NO_GUIDANCE: Mapping[str, str] = MappingProxyType({})

_NO_RECEIVER = "no receiver of this name is set any more"

_Key = tuple[str, int]


class Notifications:
    """Decides on messages; whoever delivers them says what became of each attempt.

    Suppressed, shelved and out-of-service alarms are told to nobody; an acknowledged one is not told again. What is
    remembered is in the ledger: after a crash nobody is told twice, and nobody is left out.
    """

    def __init__(
        self,
        remembered: RememberedKnowledge,
        *,
        now: Now,
        plan: Plan = NO_PLAN,
        guidance: Mapping[str, str] = NO_GUIDANCE,
    ) -> None:
        """Continue with the messages that wait; `guidance` says by rule what a person should do."""
        self._plan = plan
        self._guidance = guidance
        self._waiting: dict[int, Notification] = {}
        self._ended: dict[str, Notification] = {}
        """By receiver, the one that ended last."""
        self._under_way: dict[str, int] = {}
        """By receiver: one message at a time, so that they come in order."""
        self._next_id = remembered.next_notification_id
        self._alarms = {alarm.alarm_id: alarm for alarm in remembered.told_alarms}
        self._tellings = {(telling.receiver, telling.alarm_id): telling for telling in remembered.tellings}
        self._unseen = list(remembered.alarms)
        """Alarms that may have become active before these routes were set."""
        self._next_due = self._looked_at = now.utc
        for notification in remembered.notifications:
            self._keep(notification)
        self._failing = self._failing_in_words()

    @property
    def waiting(self) -> int:
        """How many messages wait."""
        return len(self._waiting)

    @property
    def failing(self) -> str | None:
        """Which receivers have not taken a message for long, in words; None while all is well."""
        return self._failing

    def receivers(self) -> list[ReceiverStanding]:
        """All receivers that are set, and how it goes with each."""
        failed = {name: last.error for name, last in self._ended.items() if last.delivery is Delivery.FAILED}
        tried = (one for one in self._waiting.values() if one.attempts >= FAILS_AFTER_ATTEMPTS)
        failed |= {one.receiver: one.error for one in tried}
        waiting = Counter(one.receiver for one in self._waiting.values())
        return [
            ReceiverStanding(name, self._plan.routes_to(name), waiting[name], failed.get(name))
            for name in sorted(self._plan.receivers)
        ]

    def take(
        self, changes: AlarmChanges, receipts: Sequence[Receipt], tests: Sequence[NotificationTest], now: Now
    ) -> NotificationChanges:
        """What is to be sent because of a batch's alarms, because somebody tests, and because time went by."""
        changed = NotificationChanges()
        touched: dict[_Key, Telling | None] = {}
        self._follow_clock(now.utc, touched, changed)
        for receipt in receipts:
            self._take_receipt(receipt, now.utc, changed)
        changed.answers = [self._take_test(test, now.utc, changed) for test in tests]
        if self._plan.receivers:
            self._consider([*self._unseen, *changes.alarms], now.utc, touched)
            self._unseen = []
            if now.utc >= self._next_due:
                self._tell(now.utc, touched, changed)
            changed.tellings = [telling for telling in touched.values() if telling is not None]
            changed.forgotten = [key for key, telling in touched.items() if telling is None]
            changed.due = self._offer(now.utc, changed)
        if changed.notifications:
            self._failing = self._failing_in_words()
        return changed

    def _failing_in_words(self) -> str | None:
        failing = [f"{one.receiver} ({one.failing})" for one in self.receivers() if one.failing]
        return f"messages do not reach {', '.join(failing)}" if failing else None

    def _follow_clock(self, now: int, touched: dict[_Key, Telling | None], changed: NotificationChanges) -> None:
        """Have nobody wait longer because the clock was set back. A digest keeps its time of day."""
        back, self._looked_at = self._looked_at - now, now
        if back < LEAST_STEP:
            return
        self._next_due = now
        for key, telling in self._tellings.items():
            route = self._plan.route(telling.route, telling.receiver)
            if telling.due_at is not None and not (route is not None and route.digest):
                self._tellings[key] = touched[key] = replace(telling, due_at=telling.due_at - back)
        for notification in list(self._waiting.values()):
            self._keep(replace(notification, due_at=notification.due_at - back))
        changed.notifications += self._waiting.values()

    # --- who is to be told

    def _consider(self, alarms: Sequence[Alarm], now: int, touched: dict[_Key, Telling | None]) -> None:
        if not alarms:
            return
        told_to: dict[int, set[str]] = {}
        for receiver, alarm_id in self._tellings:
            told_to.setdefault(alarm_id, set()).add(receiver)
        for alarm in alarms:
            known = told_to.get(alarm.alarm_id, set())
            for receiver in sorted(known | self._plan.receivers_of(alarm)):
                before = self._tellings.get((receiver, alarm.alarm_id)) or Telling(receiver, alarm.alarm_id)
                self._set(before, next_telling(self._plan, before, alarm, now), alarm, touched)

    def _set(self, before: Telling, after: Telling | None, alarm: Alarm, touched: dict[_Key, Telling | None]) -> None:
        key = (before.receiver, before.alarm_id)
        self._alarms[alarm.alarm_id] = alarm
        if after == self._tellings.get(key):
            return
        touched[key] = after
        if after is None:
            del self._tellings[key]
            return
        self._tellings[key] = after
        if after.due_at is not None:
            self._next_due = min(self._next_due, after.due_at)

    # --- what they are told

    def _tell(self, now: int, touched: dict[_Key, Telling | None], changed: NotificationChanges) -> None:
        for receiver, tellings in self._groups(now, touched).items():
            about = [(telling, self._alarms[telling.alarm_id]) for telling in tellings]
            self._add(receiver[0], compose(self._plan, about, self._guidance), now, changed)
            for telling, alarm in about:
                after = told(self._plan, telling, alarm, now)
                self._set(telling, next_telling(self._plan, after, alarm, now), alarm, touched)
        dues = (telling.due_at for telling in self._tellings.values() if telling.due_at is not None)
        self._next_due = min(dues, default=now + 3600 * SECOND)

    def _groups(self, now: int, touched: dict[_Key, Telling | None]) -> dict[tuple[str, ...], list[Telling]]:
        """What is to be told now, by receiver and group: each has one that is due, and others that need not wait."""
        groups: dict[tuple[str, ...], list[Telling]] = {}
        for telling in list(self._tellings.values()):
            if telling.due_at is None:
                continue
            alarm = self._alarms[telling.alarm_id]
            route = self._plan.route(telling.route, telling.receiver)
            if says(self._plan, telling, alarm) is None:
                if telling.due_at <= now:
                    self._set(telling, untold(telling), alarm, touched)
            elif route is not None and self._plan.permits(route, telling.receiver, alarm.severity, now):
                if _joins(telling, route, now):
                    groups.setdefault((telling.receiver, route.name, *_group(route, alarm)), []).append(telling)
            elif telling.due_at <= now:
                pending = telling.pending or Said.RAISED
                moment = self._plan.moment(telling.receiver, alarm, now)
                self._set(telling, scheduled(telling, pending, moment), alarm, touched)
        return {key: tellings for key, tellings in groups.items() if any((one.due_at or 0) <= now for one in tellings)}

    def _add(
        self, receiver: str, message: Message, now: int, changed: NotificationChanges, *, is_test: bool = False
    ) -> Notification:
        new = Notification(
            self._next_id, receiver, message.severity, message.title, message.body, now, now, is_test=is_test
        )
        self._next_id += 1
        self._keep(new)
        changed.notifications.append(new)
        return new

    # --- what becomes of them

    def _keep(self, notification: Notification) -> None:
        if notification.delivery is Delivery.WAITING:
            self._waiting[notification.notification_id] = notification
        else:
            self._waiting.pop(notification.notification_id, None)
            self._ended[notification.receiver] = notification

    def _take_receipt(self, receipt: Receipt, now: int, changed: NotificationChanges) -> None:
        known = self._waiting.get(receipt.notification_id)
        if known is None:  # the answer to one that was asked for twice
            return
        if self._under_way.get(known.receiver) == known.notification_id:
            del self._under_way[known.receiver]
        self._end_attempt(known, receipt.error, now, changed)

    def _end_attempt(self, known: Notification, error: str | None, now: int, changed: NotificationChanges) -> None:
        attempts = known.attempts + 1
        again = None if known.is_test else retry_at(attempts, now)
        ended = replace(known, attempts=attempts, error=error, due_at=now)
        if error is None:
            ended = replace(ended, delivery=Delivery.SENT, ended_at=now)
        elif again is None:
            ended = replace(ended, delivery=Delivery.FAILED, ended_at=now)
        else:
            ended = replace(ended, due_at=again)
        self._keep(ended)
        changed.notifications.append(ended)
        if error is None:
            self._hurry(known.receiver, now, changed)

    def _hurry(self, receiver: str, now: int, changed: NotificationChanges) -> None:
        """A receiver that takes messages again need not wait for those that it did not take before."""
        for waiting in [one for one in self._waiting.values() if one.receiver == receiver and one.due_at > now]:
            sooner = replace(waiting, due_at=now)
            self._keep(sooner)
            changed.notifications.append(sooner)

    def _take_test(self, test: NotificationTest, now: int, changed: NotificationChanges) -> NotificationTestAnswer:
        if test.receiver not in self._plan.receivers:
            known = ", ".join(sorted(self._plan.receivers)) or "none is set"
            sentence = f"there is no receiver {test.receiver}: {known}"
            refusal = NotificationTestRefusal.UNKNOWN_RECEIVER
            return NotificationTestAnswer(False, sentence, refusal=refusal)
        message = compose_test(self._plan, test.receiver, test.by, now)
        new = self._add(test.receiver, message, now, changed, is_test=True)
        return NotificationTestAnswer(True, f"a test goes to {test.receiver}", new.notification_id)

    def _offer(self, now: int, changed: NotificationChanges) -> list[Notification]:
        """The messages to try now: of each receiver the oldest that is due, if none is under way to it."""
        due: list[Notification] = []
        for notification in list(self._waiting.values()):
            receiver = notification.receiver
            if receiver not in self._plan.receivers:
                ended = replace(notification, delivery=Delivery.FAILED, ended_at=now, error=_NO_RECEIVER)
                self._keep(ended)
                changed.notifications.append(ended)
            elif notification.due_at <= now and receiver not in self._under_way:
                self._under_way[receiver] = notification.notification_id
                due.append(notification)
        return due


def _group(route: Route, alarm: Alarm) -> tuple[str, ...]:
    """What alarms must agree in to be told in one message; a digest is one."""
    values = {"rule": alarm.rule, "region": alarm.region or "", "severity": alarm.severity.value}
    return () if route.digest else tuple(values[name] for name in route.group_by)


def _joins(telling: Telling, route: Route, now: int) -> bool:
    """Whether it is told with those that are due: it is due itself, or it is new and waits for others only."""
    if telling.due_at is None or telling.due_at <= now:
        return telling.due_at is not None
    wait = 0.0 if route.digest else route.group_wait_seconds
    return telling.pending is not telling.said and telling.due_at <= now + round(wait * SECOND)
