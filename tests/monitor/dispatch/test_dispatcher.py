"""How repairs are dispatched, case by case. Seconds are watched seconds, and seconds of the day after START."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import pytest

from grid.repair import RepairState
from grid.times import SECOND
from monitor.dispatch.dispatcher import Dispatcher, DispatchSettings
from monitor.facts import (
    Action,
    Because,
    Belief,
    BrokerFound,
    BrokerLost,
    Decisions,
    Health,
    Incident,
    IncidentCause,
    IncidentOutcome,
    IncidentState,
    Link,
    LinkReason,
    Now,
    Order,
    OrderKind,
    Release,
    Remembered,
    RepairAnswer,
    Told,
    TurbineRecord,
    Visit,
    VisitState,
)

START = 1_800_000_000 * SECOND


def at(seconds: float) -> int:
    return START + round(seconds * SECOND)


def belief(
    number: int,
    seconds: float,
    health: Health,
    *,
    link: Link = Link.ONLINE,
    session: str | None = "a",
    because: Because = Because.READING,
) -> Belief:
    return Belief(number, because, link, None, session, health, at(seconds), at(seconds))


def broken(number: int, seconds: float = 0, session: str | None = "a") -> Belief:
    return belief(number, seconds, Health.BROKEN, session=session)


def ok(number: int, seconds: float = 0, session: str | None = "a") -> Belief:
    return belief(number, seconds, Health.OK, session=session)


def linked(number: int, link: Link, health: Health = Health.BROKEN, session: str | None = "a") -> Belief:
    told = belief(number, 0, health, link=link, session=session, because=Because.LINK)
    return replace(told, link_reason=LinkReason.LOST if link is Link.OFFLINE else None)


def back(number: int, session: str | None = "a") -> Belief:
    return linked(number, Link.ONLINE, Health.UNKNOWN, session)


@dataclass
class Desk:
    """A dispatcher, the time, and everything that it decided."""

    dispatcher: Dispatcher
    seconds: float = 0.0

    def tell(self, *told: Told, after: float = 0.0) -> Decisions:
        self.seconds += after
        return self.dispatcher.decide(told, self.now)

    @property
    def now(self) -> Now:
        return Now(at(self.seconds), self.seconds)

    def answer(self, visit: Visit, result: RepairState, reason: str | None = None) -> Decisions:
        return self.tell(RepairAnswer(visit.turbine_number, visit.dispatch_id, result, at(self.seconds), reason))

    def visit(self, number: int) -> Visit:
        return next(visit for visit in self.dispatcher.open_visits if visit.turbine_number == number)

    def incident(self, number: int) -> Incident:
        return next(incident for incident in self.dispatcher.open_incidents if incident.turbine_number == number)

    @property
    def sent_to(self) -> list[int]:
        return [visit.turbine_number for visit in self.dispatcher.open_visits]


def desk(engineers: int = 2) -> Desk:
    return Desk(Dispatcher(Remembered("farm"), engineers=engineers, now=Now(START, 0.0)))


def restarted(before: Desk, rows: Decisions, *, engineers: int = 2, last_received_at: int | None = None) -> Desk:
    """The monitor started anew, on what the store has."""
    incidents = [replace(row) for row in rows.incidents]
    remembered = Remembered(
        "farm",
        turbines=[
            TurbineRecord(row.turbine_number, START, Link.ONLINE, session="a", health=Health.BROKEN)
            for row in incidents
        ],
        incidents=incidents,
        visits=[replace(row) for row in rows.visits],
        holds=list(rows.holds),
        next_incident_id=10,
        next_visit_id=10,
        last_received_at=last_received_at,
    )
    again = Desk(Dispatcher(remembered, engineers=engineers, now=Now(at(before.seconds), 0.0)))
    again.tell(BrokerLost())
    again.tell(BrokerFound(), after=1)
    return again


def actions(decisions: Decisions) -> list[Action]:
    return [event.action for event in decisions.events]


def sentences(decisions: Decisions) -> list[str]:
    return [event.sentence for event in decisions.events]


# --- the assignment


def test_a_broken_turbine_gets_an_engineer_at_once() -> None:
    farm = desk()
    decisions = farm.tell(broken(7), after=4)
    assert actions(decisions) == [Action.INCIDENT_OPENED, Action.ENGINEER_DISPATCHED]
    command = decisions.commands[0]
    assert (command.dispatch_id, command.turbine_number, command.engineer, command.session) == ("farm-1", 7, 1, "a")
    assert farm.incident(7).state is IncidentState.VISITED
    assert (farm.dispatcher.engineers_out, farm.dispatcher.engineers_free) == (1, 1)


def test_each_decision_says_its_cause() -> None:
    farm = desk()
    farm.seconds = 4
    decisions = farm.tell(broken(7))
    assert sentences(decisions) == [
        "Turbine 7 is broken since 08:00:00 UTC",
        "Engineer 1 sent to turbine 7: broken since 08:00:00 UTC, waited 4 s",
    ]


def test_an_ok_reading_verifies_the_repair_and_frees_the_engineer() -> None:
    farm = desk()
    farm.tell(broken(7))
    visit, incident = farm.visit(7), farm.incident(7)
    decisions = farm.tell(ok(7), after=5)
    assert (visit.state, visit.ended_at) == (VisitState.VERIFIED, at(5))
    assert (incident.state, incident.outcome, incident.closed_at) == (
        IncidentState.CLOSED,
        IncidentOutcome.REPAIRED,
        at(5),
    )
    assert decisions.withdrawn == [visit.dispatch_id]
    assert farm.dispatcher.engineers_free == 2
    assert 7 not in farm.dispatcher.attentive


def test_an_ok_turbine_needs_nobody() -> None:
    assert desk().tell(ok(7)) == Decisions()


def test_a_row_that_changes_twice_in_a_step_is_listed_once() -> None:
    decisions = desk().tell(broken(7), ok(7))
    assert [incident.state for incident in decisions.incidents] == [IncidentState.CLOSED]
    assert decisions.visits == []


# --- the cases


def test_incidents_wait_their_turn_oldest_first() -> None:
    """Case 1."""
    farm = desk(engineers=1)
    farm.tell(broken(5, 0))
    farm.tell(broken(9, 1), broken(8, 2), broken(7, 0.5))
    assert [incident.turbine_number for incident in farm.dispatcher.waiting] == [7, 9, 8]
    assert farm.sent_to == [5]


def test_incidents_of_one_moment_are_served_in_order_of_arrival() -> None:
    farm = desk(engineers=1)
    farm.tell(broken(9), broken(7))
    assert farm.sent_to == [9]


def test_an_engineer_who_comes_free_is_sent_on_in_the_same_step() -> None:
    """Case 2."""
    farm = desk(engineers=1)
    farm.tell(broken(5), broken(7))
    decisions = farm.tell(ok(5), after=3)
    assert [command.turbine_number for command in decisions.commands] == [7]
    assert farm.sent_to == [7]


def test_open_visits_survive_a_restart_and_their_orders_are_sent_again() -> None:
    """Case 3."""
    farm = desk()
    rows = farm.tell(broken(7))
    again = restarted(farm, rows)
    assert again.dispatcher.engineers_out == 1
    assert again.tell().commands == [], "the link is not known yet"
    decisions = again.tell(linked(7, Link.ONLINE))
    assert [command.dispatch_id for command in decisions.commands] == ["farm-1"]
    assert again.visit(7).commands == 2
    assert again.tell(broken(8), after=1).commands[0].dispatch_id == "farm-10"


def test_an_accepted_visit_is_sent_again_once_after_a_restart() -> None:
    """Case 3."""
    farm = desk()
    rows = farm.tell(broken(7))
    farm.answer(farm.visit(7), RepairState.ACCEPTED)
    again = restarted(farm, rows)
    assert len(again.tell(linked(7, Link.ONLINE)).commands) == 1
    assert again.tell(after=100).commands == []


def test_the_time_of_a_visit_goes_on_after_a_restart_without_the_time_when_nobody_watched() -> None:
    """Case 3: 400 of 600 seconds had passed."""
    farm = desk()
    rows = farm.tell(broken(7))
    farm.seconds = 5000
    again = restarted(farm, rows, last_received_at=at(400))
    again.tell(linked(7, Link.ONLINE), after=190)
    assert again.sent_to == [7]
    again.tell(after=15)
    assert again.sent_to == []


def test_an_order_without_an_answer_is_repeated_with_back_off() -> None:
    """Case 5."""
    farm = desk()
    farm.tell(broken(7))
    repeated = [second for second in range(1, 300) if farm.tell(after=1).commands]
    assert repeated == [10, 30, 70, 130, 190, 250]
    assert farm.visit(7).commands == 7


def test_an_accepted_order_is_not_repeated() -> None:
    """Case 5."""
    farm = desk()
    farm.tell(broken(7))
    decisions = farm.answer(farm.visit(7), RepairState.ACCEPTED)
    assert actions(decisions) == [Action.REPAIR_ACCEPTED]
    assert farm.tell(after=500).commands == []


def test_a_visit_without_effect_ends_and_its_incident_cools_down() -> None:
    """Case 5."""
    farm = desk(engineers=1)
    farm.tell(broken(7))
    visit = farm.visit(7)
    decisions = farm.tell(broken(8, 600), after=600)
    assert (visit.release, farm.incident(7).state) == (Release.NO_EFFECT, IncidentState.COOLING_DOWN)
    assert [command.turbine_number for command in decisions.commands] == [8]
    assert farm.tell(ok(8), after=59).commands == []
    assert [command.dispatch_id for command in farm.tell(after=1).commands] == ["farm-3"]


def test_the_pause_grows_with_each_visit_without_effect() -> None:
    farm = desk()
    farm.tell(broken(7))
    pauses = []
    for _ in range(12):
        farm.tell(after=600)
        given_up_at = farm.seconds
        while not farm.sent_to:
            farm.tell(after=10)
        pauses.append(farm.seconds - given_up_at)
    assert pauses == [60, 120, 180, 240, 300, 360, 420, 480, 540, 600, 600, 600]


def test_a_turbine_that_breaks_again_gets_a_new_dispatch_id() -> None:
    """Case 6: also within one incident, after a done whose ok was lost."""
    farm = desk()
    farm.tell(broken(7))
    farm.answer(farm.visit(7), RepairState.DONE)
    farm.tell(broken(7, 1), broken(7, 2), broken(7, 3))
    assert farm.tell(after=60).commands[0].dispatch_id == "farm-2"


def test_an_answer_that_comes_twice_changes_nothing() -> None:
    """Case 7."""
    farm = desk()
    farm.tell(broken(7))
    visit = farm.visit(7)
    farm.answer(visit, RepairState.DONE)
    assert farm.answer(visit, RepairState.DONE) == Decisions()
    assert farm.answer(visit, RepairState.ACCEPTED) == Decisions()
    assert visit.state is VisitState.DONE


@pytest.mark.parametrize("result", RepairState)
def test_an_answer_to_a_closed_visit_frees_nobody_twice(result: RepairState) -> None:
    """Case 8."""
    farm = desk()
    farm.tell(broken(7))
    visit = farm.visit(7)
    farm.tell(ok(7), broken(7, 1))
    assert farm.answer(visit, result) == Decisions()
    assert farm.dispatcher.engineers_free == 1
    assert farm.dispatcher.ignored == {"answer_to_no_open_visit": 1}


def test_an_answer_in_another_turbines_name_is_ignored() -> None:
    """Case 8."""
    farm = desk()
    farm.tell(broken(7))
    assert farm.tell(RepairAnswer(8, "farm-1", RepairState.REJECTED, START)) == Decisions()
    assert farm.dispatcher.ignored == {"answer_of_another_turbine": 1}


def test_a_rejected_order_frees_the_engineer_and_is_not_tried_again() -> None:
    """Case 9."""
    farm = desk()
    farm.tell(broken(7))
    visit = farm.visit(7)
    decisions = farm.answer(visit, RepairState.REJECTED, "no access\x1b[31m")
    assert (visit.release, visit.detail) == (Release.REJECTED, "no access [31m")
    assert all(sentence.isprintable() for sentence in sentences(decisions))
    assert farm.incident(7).state is IncidentState.REFUSED
    assert farm.tell(broken(7, 100), after=1000).commands == []


def test_a_busy_turbine_is_tried_again_soon() -> None:
    """Case 9."""
    farm = desk()
    farm.tell(broken(7))
    farm.answer(farm.visit(7), RepairState.REJECTED, "busy")
    assert farm.incident(7).state is IncidentState.COOLING_DOWN
    assert farm.tell(after=9).commands == []
    assert farm.tell(after=1).commands[0].dispatch_id == "farm-2"


def test_a_new_session_ends_a_refusal() -> None:
    """Case 9."""
    farm = desk()
    farm.tell(broken(7))
    farm.answer(farm.visit(7), RepairState.REJECTED, "no access")
    farm.tell(linked(7, Link.OFFLINE), back(7, session="a"), broken(7, 9))
    assert farm.incident(7).state is IncidentState.REFUSED
    farm.tell(back(7, session="b"))
    assert farm.incident(7).state is IncidentState.WAITING
    assert len(farm.tell(broken(7, 10, session="b")).commands) == 1


def test_a_refusal_survives_a_restart() -> None:
    """Case 9."""
    farm = desk()
    rows = farm.tell(broken(7))
    rows = farm.answer(farm.visit(7), RepairState.REJECTED, "no access")
    again = restarted(farm, Decisions(incidents=rows.incidents))
    assert again.tell(linked(7, Link.ONLINE), broken(7, 5), after=5).commands == []
    assert len(again.tell(broken(7, 6, session="b")).commands) == 1


def test_a_turbine_that_goes_offline_while_it_waits_keeps_its_age() -> None:
    """Case 10."""
    farm = desk(engineers=1)
    farm.tell(broken(5))
    farm.tell(broken(7, 1), broken(8, 2))
    decisions = farm.tell(linked(7, Link.OFFLINE))
    assert actions(decisions) == [Action.INCIDENT_ON_HOLD]
    assert farm.incident(7).state is IncidentState.OFFLINE
    farm.tell(broken(7, 50, session="b"), ok(5))
    assert farm.sent_to == [7], "it is older than the one that waited all the time"


def test_an_offline_turbine_returns_its_engineer() -> None:
    """Case 11: and the next one gets that engineer in the same step."""
    farm = desk(engineers=1)
    farm.tell(broken(7), broken(8))
    visit = farm.visit(7)
    decisions = farm.tell(linked(7, Link.OFFLINE), after=2)
    assert (visit.state, visit.release, visit.ended_at) == (VisitState.RELEASED, Release.OFFLINE, at(2))
    assert decisions.withdrawn == ["farm-1"]
    assert [(command.turbine_number, command.engineer) for command in decisions.commands] == [(8, 1)]
    assert farm.incident(7).state is IncidentState.OFFLINE


def test_a_turbine_that_comes_back_broken_joins_the_queue() -> None:
    """Case 12."""
    farm = desk()
    farm.tell(broken(7))
    farm.tell(linked(7, Link.OFFLINE))
    assert farm.tell(back(7, session="b"), after=60).commands == [], "its health is not known yet"
    decisions = farm.tell(broken(7, 61, session="b"), after=1)
    assert actions(decisions) == [Action.INCIDENT_WAITING, Action.ENGINEER_DISPATCHED]
    assert decisions.commands[0].session == "b"
    assert farm.incident(7).opened_at == START


def test_a_turbine_that_comes_back_ok_has_recovered() -> None:
    """Case 12."""
    farm = desk()
    farm.tell(broken(7))
    incident = farm.incident(7)
    farm.tell(linked(7, Link.OFFLINE), back(7, session="b"), ok(7, 61, session="b"))
    assert incident.outcome is IncidentOutcome.RECOVERED


def test_a_turbine_that_started_anew_unseen_has_lost_its_visit() -> None:
    """Case 12: the new session knows nothing of the order, and would refuse it."""
    farm = desk()
    farm.tell(broken(7))
    visit = farm.visit(7)
    farm.tell(back(7, session="b"))
    assert visit.release is Release.OFFLINE
    assert farm.incident(7).state is IncidentState.OFFLINE
    assert farm.tell(broken(7, 9, session="b")).commands[0].dispatch_id == "farm-2"


def test_nothing_is_released_or_dispatched_while_a_turbine_is_stale() -> None:
    """Case 18."""
    farm = desk(engineers=1)
    farm.tell(broken(7), broken(8))
    farm.tell(linked(7, Link.STALE), linked(8, Link.STALE))
    assert farm.sent_to == [7]
    farm.tell(ok(7))
    assert farm.sent_to == []
    farm.tell(broken(8, 20))
    assert farm.sent_to == [8]


def test_an_outage_of_the_broker_releases_nobody_and_stops_the_clocks() -> None:
    """Case 19."""
    farm = desk()
    farm.tell(broken(7))
    farm.tell(BrokerLost(), after=8)
    assert farm.dispatcher.decide([], Now(at(90_000), 8.0)) == Decisions()
    assert farm.sent_to == [7]
    farm.tell(BrokerFound())
    assert len(farm.tell(linked(7, Link.ONLINE)).commands) == 1, "the order may be lost: it is sent again at once"
    assert farm.tell(after=9).commands == []
    assert len(farm.tell(after=1).commands) == 1


def test_dispatch_waits_a_second_after_the_broker_was_found() -> None:
    """Case 20."""
    farm = desk()
    farm.tell(BrokerLost())
    assert farm.tell(BrokerFound(), broken(7, 5), after=5).commands == []
    assert farm.tell(after=0.9).commands == []
    assert len(farm.tell(after=0.1).commands) == 1


def test_a_turbine_whose_link_is_unknown_gets_nobody() -> None:
    """Case 22."""
    farm = desk()
    rows = farm.tell(broken(7))
    again = restarted(farm, Decisions(incidents=[replace(rows.incidents[0], state=IncidentState.WAITING)]))
    assert again.tell(after=5).commands == []
    assert len(again.tell(linked(7, Link.ONLINE)).commands) == 1


def test_a_smaller_pool_recalls_nobody() -> None:
    """Case 25."""
    farm = desk(engineers=3)
    rows = farm.tell(broken(5), broken(6), broken(7))
    again = restarted(farm, rows, engineers=1)
    assert (again.dispatcher.engineers_out, again.dispatcher.engineers_free) == (3, 0)
    again.tell(ok(5), broken(8))
    assert again.dispatcher.engineers_free == 0
    again.tell(ok(6), ok(7), after=1)
    assert again.visit(8).engineer == 1


def test_it_heals_by_itself_while_an_engineer_is_out() -> None:
    """Case 27: this turbine would have said if it were the engineer's work."""
    farm = desk()
    farm.tell(broken(7))
    farm.answer(farm.visit(7), RepairState.ACCEPTED)
    farm.tell(ok(7), broken(7, 1))
    visit, incident = farm.visit(7), farm.incident(7)
    farm.tell(ok(7, 2))
    assert (visit.release, incident.outcome) == (Release.RECOVERED, IncidentOutcome.RECOVERED)
    assert farm.dispatcher.engineers_free == 2


def test_done_is_a_claim_that_broken_readings_refute() -> None:
    """Case 28."""
    farm = desk()
    farm.tell(broken(7))
    visit = farm.visit(7)
    farm.answer(visit, RepairState.DONE)
    farm.tell(broken(7, 1), broken(7, 2))
    assert farm.sent_to == [7]
    farm.tell(broken(7, 3))
    assert visit.release is Release.NO_EFFECT
    assert farm.incident(7).failed_visits == 1


# --- people (case 26)


def order(kind: OrderKind, number: int = 7, why: str = "") -> Order:
    return Order(kind, number, "Ada", why)


def answered(decisions: Decisions) -> Sequence[tuple[bool, str]]:
    return [(answer.accepted, answer.sentence) for answer in decisions.answers]


def test_a_held_turbine_gets_nobody_and_its_visit_is_cancelled() -> None:
    farm = desk(engineers=1)
    farm.tell(broken(7), broken(8))
    visit = farm.visit(7)
    decisions = farm.tell(order(OrderKind.HOLD, why="crane on site"))
    assert answered(decisions) == [(True, "Turbine 7 is held by Ada (crane on site): no engineer is sent")]
    assert visit.release is Release.CANCELLED
    assert farm.incident(7).state is IncidentState.HELD
    assert farm.sent_to == [8]
    assert [hold.why for hold in decisions.holds] == ["crane on site"]
    assert farm.tell(ok(8), broken(7, 9)).commands == []


def test_a_turbine_without_an_incident_can_be_held() -> None:
    farm = desk()
    farm.tell(ok(7), order(OrderKind.HOLD))
    assert farm.tell(broken(7, 1)).commands == []
    assert farm.incident(7).state is IncidentState.HELD


def test_a_released_turbine_takes_its_turn_again() -> None:
    farm = desk()
    farm.tell(broken(7), order(OrderKind.HOLD))
    decisions = farm.tell(order(OrderKind.RELEASE))
    assert decisions.holds_ended == [7]
    assert actions(decisions) == [Action.TURBINE_RELEASED, Action.ENGINEER_DISPATCHED]


def test_a_hold_survives_a_restart() -> None:
    farm = desk()
    rows = farm.tell(broken(7), order(OrderKind.HOLD))
    again = restarted(farm, Decisions(incidents=rows.incidents, holds=rows.holds))
    again.tell(linked(7, Link.ONLINE), broken(7, 5), after=5)
    assert again.sent_to == []
    assert [hold.turbine_number for hold in again.dispatcher.holds] == [7]


def test_a_person_orders_a_repair_of_a_turbine_that_is_ok() -> None:
    farm = desk()
    farm.tell(ok(7))
    decisions = farm.tell(order(OrderKind.REPAIR, why="noise"))
    assert answered(decisions) == [(True, "Turbine 7 is 1st in line, and an engineer is free for it")]
    incident = farm.incident(7)
    assert (incident.cause, incident.opened_by, incident.why) == (IncidentCause.ORDERED, "Ada", "noise")
    assert farm.sent_to == [7]


def test_an_ordered_repair_is_proven_by_an_ok_after_done_not_before() -> None:
    farm = desk()
    farm.tell(ok(7), order(OrderKind.REPAIR))
    visit, incident = farm.visit(7), farm.incident(7)
    farm.answer(visit, RepairState.ACCEPTED)
    farm.tell(ok(7, 1), after=60)
    assert visit.state is VisitState.ACCEPTED
    farm.answer(visit, RepairState.DONE)
    farm.tell(ok(7, 2))
    assert (visit.state, incident.outcome) == (VisitState.VERIFIED, IncidentOutcome.REPAIRED)


def test_a_turbine_that_never_answers_proves_an_ordered_repair_a_while_after_the_order() -> None:
    farm = desk()
    farm.tell(ok(7), order(OrderKind.REPAIR))
    farm.tell(ok(7, 1), after=9)
    assert farm.sent_to == [7]
    decisions = farm.tell(ok(7, 2), after=1)
    assert [visit.state for visit in decisions.visits] == [VisitState.VERIFIED]


def test_an_ordered_repair_waits_for_an_offline_turbine() -> None:
    farm = desk()
    farm.tell(linked(7, Link.OFFLINE))
    decisions = farm.tell(order(OrderKind.REPAIR))
    assert answered(decisions) == [(True, "Turbine 7 is offline: an engineer is sent when it reports")]
    assert farm.incident(7).state is IncidentState.OFFLINE
    farm.tell(back(7))
    assert farm.sent_to == [7]


def test_an_order_in_a_farm_without_engineers_says_that_there_are_none() -> None:
    farm = desk(engineers=0)
    farm.tell(ok(7))
    said = "Turbine 7 waits, and there are no engineers: start the monitor with --engineers above 0"
    assert answered(farm.tell(order(OrderKind.REPAIR))) == [(True, said)]


def test_an_order_ends_a_pause_and_says_the_place_in_line() -> None:
    farm = desk(engineers=1)
    farm.tell(broken(7))
    farm.answer(farm.visit(7), RepairState.REJECTED, "no access")
    farm.tell(broken(8))
    decisions = farm.tell(order(OrderKind.REPAIR))
    assert answered(decisions) == [(True, "Turbine 7 is 1st in line, and waits for an engineer to come back")]
    assert actions(decisions) == [Action.INCIDENT_WAITING]
    farm.tell(ok(8))
    assert farm.sent_to == [7]


@pytest.mark.parametrize(
    ("told", "kind", "sentence"),
    [
        ((), OrderKind.REPAIR, "Turbine 7 is unknown: nothing was ever heard of it"),
        ((), OrderKind.HOLD, "Turbine 7 is unknown: nothing was ever heard of it"),
        ((ok(7),), OrderKind.RELEASE, "Turbine 7 is not held"),
        (
            (ok(7), order(OrderKind.HOLD, why="ice\n")),
            OrderKind.REPAIR,
            "Turbine 7 is held by Ada since 08:00:00 UTC (ice): release it first",
        ),
        (
            (ok(7), order(OrderKind.HOLD)),
            OrderKind.HOLD,
            "Turbine 7 is held already, by Ada since 08:00:00 UTC",
        ),
    ],
)
def test_an_order_that_cannot_be_obeyed_is_refused_with_a_sentence(
    told: tuple[Told, ...], kind: OrderKind, sentence: str
) -> None:
    farm = desk()
    farm.tell(*told)
    assert answered(farm.tell(order(kind))) == [(False, sentence)]


def test_an_order_to_repair_a_turbine_that_has_an_engineer_is_refused() -> None:
    farm = desk()
    farm.tell(broken(7))
    sentence = "Engineer 1 is at turbine 7 already, since 08:00:00 UTC"
    assert answered(farm.tell(order(OrderKind.REPAIR), after=60)) == [(False, sentence)]


def test_the_times_are_settings() -> None:
    settings = DispatchSettings(visit_time_limit_seconds=60.0)
    farm = Desk(Dispatcher(Remembered("farm"), engineers=1, now=Now(START, 0.0), settings=settings))
    farm.tell(broken(7))
    assert "not repaired within 1 min" in sentences(farm.tell(after=60))[0]


def test_a_turbine_may_reject_what_it_has_accepted() -> None:
    """Case 9."""
    farm = desk()
    farm.tell(broken(7))
    visit = farm.visit(7)
    farm.answer(visit, RepairState.ACCEPTED)
    farm.answer(visit, RepairState.REJECTED, "busy")
    assert visit.state is VisitState.ACCEPTED, "the accepted repair goes on"
    farm.answer(visit, RepairState.REJECTED, "no access")
    assert (visit.state, visit.release) == (VisitState.RELEASED, Release.REJECTED)
