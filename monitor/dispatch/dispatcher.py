"""Who is sent where, and who comes back: decided from beliefs, answers and orders, without I/O and without a clock."""

from collections import Counter
from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass, replace
from math import inf

from grid.repair import RepairState
from grid.times import SECOND
from monitor.dispatch import sentences
from monitor.dispatch.board import Board, Timer
from monitor.dispatch.orders import obey
from monitor.dispatch.step import Step
from monitor.facts import (
    Action,
    Because,
    Belief,
    BrokerFound,
    BrokerLost,
    Decisions,
    Health,
    Hold,
    Incident,
    IncidentCause,
    IncidentOutcome,
    IncidentState,
    Link,
    Now,
    Order,
    Release,
    Remembered,
    RepairAnswer,
    Told,
    TurbineRecord,
    Visit,
    VisitState,
)

BUSY = "busy"
"""The reason of a rejection that asks to try again."""


@dataclass(frozen=True, slots=True)
class DispatchSettings:
    """Times are in watched seconds: they stand still while the monitor can't listen."""

    settle_seconds: float = 1.0
    """After the broker was found: a thousand statuses arrive first."""
    repeat_seconds: float = 10.0
    """An order without an answer is sent again after so long, then after twice as long, and so on ..."""
    repeat_limit_seconds: float = 60.0
    """... up to this."""
    visit_time_limit_seconds: float = 600.0
    """A turbine that doesn't answer can't say how long its repair takes; it must not keep an engineer for ever."""
    cool_down_seconds: float = 60.0
    """Before the next visit, times the visits without effect so far."""
    cool_down_limit_seconds: float = 600.0
    busy_seconds: float = 10.0
    """Before the next visit to a turbine that was busy."""
    broken_readings_after_done: int = 3
    """So many newer readings that say broken refute a `done`."""


class Dispatcher:
    """Turns what is told of the turbines into incidents, visits and orders.

    `decide` is called for every batch, and at least once a second with nothing. `ignored` counts answers that
    changed nothing, by reason; the caller empties it. Rows in decisions are live: write them before the next call.
    """

    def __init__(
        self,
        remembered: Remembered,
        *,
        engineers: int,
        now: Now,
        settings: DispatchSettings = DispatchSettings(),
    ) -> None:
        """Continue with what is open: engineers stay out, and each open visit's order is sent again."""
        self._settings = settings
        self._board = Board(remembered, engineers)
        self._beliefs = {record.turbine_number: _belief(record) for record in remembered.turbines}
        self._settled_at = now.watched
        self._answering = {visit.turbine_number for visit in remembered.visits if visit.state is not VisitState.SENT}
        self.ignored: Counter[str] = Counter()
        for visit in remembered.visits:
            self._resume_visit(visit, remembered.last_received_at, now)
        for incident in remembered.incidents:
            self._resume_incident(incident, now)

    def _resume_visit(self, visit: Visit, last_watched_at: int | None, now: Now) -> None:
        """Its time runs on from where it stood when a monitor last watched; its order is sent when the link is back."""
        watched_seconds = max(0, (last_watched_at or visit.sent_at) - visit.sent_at) / SECOND
        deadline = now.watched + max(0.0, self._settings.visit_time_limit_seconds - watched_seconds)
        pause = self._settings.repeat_seconds
        self._board.timers[visit.turbine_number] = Timer(
            deadline=deadline, repeat_at=now.watched, pause=pause, may_prove_at=now.watched + pause
        )

    def _resume_incident(self, incident: Incident, now: Now) -> None:
        number, belief = incident.turbine_number, self._beliefs[incident.turbine_number]
        if incident.state is IncidentState.COOLING_DOWN:
            self._board.cooling[number] = now.watched + self._cool_down(incident)
        elif incident.state is IncidentState.REFUSED:
            self._board.refused[number] = belief.session
        if incident.state is IncidentState.OFFLINE or belief.link is Link.OFFLINE:
            self._board.gone.add(number)

    @property
    def attentive(self) -> Container[int]:
        """The turbines with an open incident: each of their newest readings matters."""
        return self._board.incidents

    @property
    def incidents(self) -> Mapping[int, Incident]:
        """The open incidents, by turbine."""
        return self._board.incidents

    @property
    def engineers_out(self) -> int:
        """How many engineers are at a turbine."""
        return self._board.pool.out

    @property
    def engineers_free(self) -> int:
        """How many engineers may be sent."""
        return self._board.pool.free

    @property
    def waiting(self) -> list[Incident]:
        """The incidents that wait for an engineer, in their turn."""
        return self._board.line()

    @property
    def open_incidents(self) -> list[Incident]:
        """All incidents that are not closed."""
        return list(self._board.incidents.values())

    @property
    def open_visits(self) -> list[Visit]:
        """All visits that have not ended."""
        return list(self._board.visits.values())

    @property
    def holds(self) -> list[Hold]:
        """The turbines to which a person forbids visits."""
        return list(self._board.holds.values())

    def decide(self, told: Sequence[Told], now: Now) -> Decisions:
        """Decide what follows from the news and from the time; engineers who come free are sent in the same call."""
        step = Step(now)
        for item in told:
            match item:
                case Belief():
                    self._take_belief(item, step)
                case RepairAnswer():
                    self._take_answer(item, step)
                case Order():
                    step.decisions.answers.append(obey(item, self._board, self._beliefs, step))
                case BrokerLost():
                    self._lose_broker(now)
                case BrokerFound():
                    self._settled_at = now.watched + self._settings.settle_seconds
        self._pass_deadlines(step)
        self._send_engineers(step)
        return step.end()

    # --- beliefs

    def _take_belief(self, belief: Belief, step: Step) -> None:
        number = belief.turbine_number
        self._beliefs[number] = belief
        incident = self._board.incidents.get(number)
        if incident is None:
            if belief.link is Link.ONLINE and belief.health is Health.BROKEN:
                self._board.open_incident(step, number, IncidentCause.BROKEN, at=belief.received_at)
        elif belief.link is Link.OFFLINE:
            self._part(incident, step, sentences.went_offline(incident, belief.link_reason))
        elif belief.link is Link.ONLINE:
            self._hear(incident, belief, step)

    def _part(self, incident: Incident, step: Step, sentence: str) -> None:
        """The turbine is gone: its engineer is back in this step, and the incident keeps its age."""
        number = incident.turbine_number
        visit = self._board.visits.get(number)
        if visit is not None:
            self._board.release(step, visit, Release.OFFLINE)
        self._board.gone.add(number)
        if self._board.restate(step, incident) and incident.state is IncidentState.OFFLINE:
            step.say(Action.INCIDENT_ON_HOLD, sentence, incident)

    def _hear(self, incident: Incident, belief: Belief, step: Step) -> None:
        """The turbine is online: see whether it started anew, is repaired, or still needs an engineer."""
        number = incident.turbine_number
        visit = self._board.visits.get(number)
        if visit is not None and None not in (visit.session, belief.session) and visit.session != belief.session:
            # Between two sessions a turbine was offline, heard or not: the visit ended there, and so did its order.
            self._part(incident, step, sentences.restarted(incident))
        if number in self._board.refused and self._board.refused[number] != belief.session:
            self._board.wait_again(step, incident, sentences.refusal_over(incident))
        if belief.because is Because.READING and belief.health is Health.OK and self._is_proof(incident, step.now):
            self._close(incident, step)
            return
        if number in self._board.gone and (belief.health is Health.BROKEN or incident.cause is IncidentCause.ORDERED):
            self._board.gone.discard(number)
            if self._board.restate(step, incident) and incident.state is IncidentState.WAITING:
                step.say(Action.INCIDENT_WAITING, sentences.back(incident, step.now.utc), incident)
        if belief.because is Because.READING and belief.health is Health.BROKEN:
            self._doubt(number, step)

    def _is_proof(self, incident: Incident, now: Now) -> bool:
        """Whether an ok reading closes the incident.

        Of a turbine that was never broken each reading says ok: an ordered repair needs its visit, and the end of it.
        """
        if incident.cause is IncidentCause.BROKEN:
            return True
        number = incident.turbine_number
        visit = self._board.visits.get(number)
        if visit is None:
            return number in self._board.refused
        if visit.state is VisitState.SENT and number not in self._answering:
            return now.watched >= self._board.timers[number].may_prove_at
        return visit.state is VisitState.DONE

    def _close(self, incident: Incident, step: Step) -> None:
        """The turbine is ok: repaired if its visit can have done it, else recovered by itself."""
        number = incident.turbine_number
        visit = self._board.visits.get(number)
        outcome = IncidentOutcome.RECOVERED
        sentence = sentences.closed_as_recovered(incident, step.now.utc)
        if visit is not None and visit.state is VisitState.SENT and number in self._answering:
            self._board.release(step, visit, Release.RECOVERED)
        elif visit is not None:
            outcome = IncidentOutcome.REPAIRED
            sentence = sentences.closed_as_repaired(incident, visit, step.now.utc)
            self._board.verify(step, visit)
        self._board.close_incident(step, incident, outcome, sentence)

    def _doubt(self, turbine_number: int, step: Step) -> None:
        """A `done` is a claim: readings that go on saying broken refute it."""
        visit = self._board.visits.get(turbine_number)
        if visit is None or visit.state is not VisitState.DONE:
            return
        timer = self._board.timers[turbine_number]
        timer.broken_readings += 1
        if timer.broken_readings >= self._settings.broken_readings_after_done:
            self._give_up(visit, step, f"still broken in {timer.broken_readings} readings after it said done")

    def _lose_broker(self, now: Now) -> None:
        """Nothing is known of any link, and nothing is released: an outage of ours says nothing of the turbines."""
        self._settled_at = inf
        for number, belief in self._beliefs.items():
            if belief.link is not Link.UNKNOWN:
                self._beliefs[number] = replace(belief, because=Because.LINK, link=Link.UNKNOWN, link_reason=None)
        for visit in self._board.visits.values():
            if visit.state is VisitState.SENT:  # the order may be lost: it goes out again when the link is back
                timer = self._board.timers[visit.turbine_number]
                timer.repeat_at, timer.pause = now.watched, self._settings.repeat_seconds

    # --- answers

    def _take_answer(self, answer: RepairAnswer, step: Step) -> None:
        self._answering.add(answer.turbine_number)
        visit = self._board.by_dispatch_id.get(answer.dispatch_id)
        if visit is None:
            self.ignored["answer_to_no_open_visit"] += 1
        elif visit.turbine_number != answer.turbine_number:
            self.ignored["answer_of_another_turbine"] += 1
        elif answer.result is RepairState.DONE and visit.state is not VisitState.DONE:
            visit.state, visit.done_at = VisitState.DONE, step.now.utc
            self._note(visit, step, Action.REPAIR_DONE, sentences.done(visit))
        elif answer.result is RepairState.ACCEPTED and visit.state is VisitState.SENT:
            visit.state, visit.accepted_at = VisitState.ACCEPTED, step.now.utc
            self._note(visit, step, Action.REPAIR_ACCEPTED, sentences.accepted(visit))
        elif answer.result is RepairState.REJECTED and self._rejects(visit, answer):
            self._reject(visit, answer, step)
        else:
            self.ignored["repeated_answer"] += 1

    def _rejects(self, visit: Visit, answer: RepairAnswer) -> bool:
        """Whether an order is rejected. After it was accepted, `busy` only says that the repair goes on."""
        return visit.state is VisitState.SENT or (visit.state is VisitState.ACCEPTED and answer.reason != BUSY)

    def _note(self, visit: Visit, step: Step, action: Action, sentence: str) -> None:
        self._board.timers[visit.turbine_number].repeat_at = inf
        step.changed(visit)
        step.say(action, sentence, visit)

    def _reject(self, visit: Visit, answer: RepairAnswer, step: Step) -> None:
        """The turbine doesn't want the engineer: now, if it is busy; else until somebody thinks otherwise."""
        number = visit.turbine_number
        incident = self._board.incidents[number]
        reason = sentences.plain(answer.reason or "") or None
        self._board.release(step, visit, Release.REJECTED, reason)
        if answer.reason == BUSY:
            self._board.cooling[number] = step.now.watched + self._settings.busy_seconds
            sentence = sentences.is_busy(incident, self._settings.busy_seconds)
        else:
            self._board.refused[number] = self._beliefs[number].session
            sentence = sentences.refused(incident, reason)
        self._board.restate(step, incident)
        step.say(Action.INCIDENT_ON_HOLD, sentence, incident)

    # --- time

    def _pass_deadlines(self, step: Step) -> None:
        watched = step.now.watched
        for visit in self.open_visits:
            timer = self._board.timers[visit.turbine_number]
            if watched >= timer.deadline:
                limit = sentences.duration(self._settings.visit_time_limit_seconds)
                self._give_up(visit, step, f"not repaired within {limit}")
            elif watched >= timer.repeat_at and self._is_connected(visit.turbine_number):
                self._repeat(visit, timer, step)
        for number in [number for number, until in self._board.cooling.items() if watched >= until]:
            incident = self._board.incidents[number]
            del self._board.cooling[number]
            if self._board.restate(step, incident) and incident.state is IncidentState.WAITING:
                step.say(Action.INCIDENT_WAITING, sentences.cooled_down(incident), incident)

    def _is_connected(self, turbine_number: int) -> bool:
        return self._beliefs[turbine_number].link in (Link.ONLINE, Link.STALE)

    def _repeat(self, visit: Visit, timer: Timer, step: Step) -> None:
        """Send the order again with the same id; after an answer only once, at a start of the monitor."""
        pause = min(timer.pause, self._settings.repeat_limit_seconds)
        timer.repeat_at = step.now.watched + pause if visit.state is VisitState.SENT else inf
        timer.pause *= 2
        self._board.repeat_command(step, visit)

    def _give_up(self, visit: Visit, step: Step, why: str) -> None:
        """A visit without effect: the engineer is free, and this turbine waits longer each time."""
        incident = self._board.incidents[visit.turbine_number]
        self._board.release(step, visit, Release.NO_EFFECT, why)
        incident.failed_visits += 1
        step.changed(incident)
        seconds = self._cool_down(incident)
        self._board.cooling[visit.turbine_number] = step.now.watched + seconds
        self._board.restate(step, incident)
        step.say(Action.INCIDENT_ON_HOLD, sentences.cools_down(incident, seconds), incident)

    def _cool_down(self, incident: Incident) -> float:
        if incident.failed_visits == 0:
            return self._settings.busy_seconds
        return min(incident.failed_visits * self._settings.cool_down_seconds, self._settings.cool_down_limit_seconds)

    # --- engineers

    def _send_engineers(self, step: Step) -> None:
        if step.now.watched < self._settled_at or not self.engineers_free:
            return
        for incident in self.waiting:
            if not self.engineers_free:
                return
            if self._is_ready(incident):
                self._send(incident, step)

    def _is_ready(self, incident: Incident) -> bool:
        """Whether an engineer may go there now; the incident is one that waits."""
        belief = self._beliefs[incident.turbine_number]
        if belief.link is not Link.ONLINE:
            return False
        return belief.health is Health.BROKEN or incident.cause is IncidentCause.ORDERED

    def _send(self, incident: Incident, step: Step) -> None:
        number, watched, settings = incident.turbine_number, step.now.watched, self._settings
        self._board.send_engineer(step, incident, self._beliefs[number].session)
        again = watched + settings.repeat_seconds
        self._board.timers[number] = Timer(
            deadline=watched + settings.visit_time_limit_seconds,
            repeat_at=again,
            pause=2 * settings.repeat_seconds,
            may_prove_at=again,
        )


def _belief(record: TurbineRecord) -> Belief:
    """What was believed of a turbine when its record was written."""
    return Belief(
        turbine_number=record.turbine_number,
        because=Because.LINK,
        link=record.link,
        link_reason=record.link_reason,
        session=record.session,
        health=record.health,
        emitted_at=record.emitted_at,
        received_at=record.received_at or record.first_seen_at,
    )
