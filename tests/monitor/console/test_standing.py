"""How one turbine stands, in an operator's order and words."""

from dataclasses import replace

import pytest

from grid.times import SECOND
from monitor.console.standing import Case, Standing, in_words, standing_of, state_in_words, why
from monitor.facts import (
    Health,
    Hold,
    Incident,
    IncidentCause,
    IncidentState,
    Link,
    LinkReason,
    TurbineRecord,
    Visit,
    VisitState,
)

NOW = 1_795_232_700 * SECOND
"""The moment of the fixtures: 2026-11-21 03:45:00 UTC."""


@pytest.fixture
def broken(turbine: TurbineRecord) -> TurbineRecord:
    return replace(turbine, health=Health.BROKEN)


@pytest.fixture
def incident(now: int) -> Incident:
    return Incident(12, 7, IncidentCause.BROKEN, IncidentState.WAITING, now - 40 * SECOND)


@pytest.fixture
def visit(now: int) -> Visit:
    return Visit(3, "f3a-12-3", 12, 7, 2, None, VisitState.SENT, now - 8 * SECOND)


def told(case: Case, now: int = NOW) -> tuple[Standing, str, str]:
    standing = standing_of(case)
    return standing, state_in_words(case, standing), in_words(why(case, standing), now)


def test_a_healthy_turbine_needs_no_words(turbine: TurbineRecord) -> None:
    assert told(Case(turbine)) == (Standing.OK, "ok", "")


def test_a_clock_that_is_ahead_is_shown(turbine: TurbineRecord) -> None:
    ahead = replace(turbine, clock_skew_seconds=86_400.0)
    assert told(Case(ahead)) == (Standing.OK, "ok", "its clock is 1 d ahead")


def test_late_readings_are_shown(turbine: TurbineRecord) -> None:
    late = replace(turbine, clock_skew_seconds=-7200.0)
    assert told(Case(late))[2] == "its readings are 2 h late, or its clock is behind"


def test_a_clock_within_seconds_is_not_worth_a_word(turbine: TurbineRecord) -> None:
    assert told(Case(replace(turbine, clock_skew_seconds=-4.9)))[2] == ""


def test_a_broken_turbine_waits_in_line(broken: TurbineRecord, incident: Incident) -> None:
    case = Case(broken, incident, place=2)
    assert told(case) == (Standing.WAITING, "broken, waiting", "2nd in line for 40 s")


@pytest.mark.parametrize(
    ("place", "words"), [(20, "20th in line"), (21, "beyond 20th in line"), (900, "beyond 20th in line")]
)
def test_far_back_in_line_the_place_is_not_told(
    broken: TurbineRecord, incident: Incident, place: int, words: str
) -> None:
    assert told(Case(broken, incident, place=place))[2] == f"{words} for 40 s"


def test_an_order_names_who_gave_it(turbine: TurbineRecord, incident: Incident) -> None:
    ordered = replace(incident, cause=IncidentCause.ORDERED, opened_by="Anna")
    case = Case(turbine, ordered, place=1)
    assert told(case) == (Standing.WAITING, "ok, waiting", "1st in line for 40 s, ordered by Anna")


@pytest.mark.parametrize(
    ("state", "words"),
    [
        (IncidentState.COOLING_DOWN, "paused, 2 failed visits"),
        (IncidentState.WAITING, "1st in line for 40 s, after 2 failed visits"),
    ],
)
def test_what_keeps_an_engineer_away_is_told(
    broken: TurbineRecord, incident: Incident, state: IncidentState, words: str
) -> None:
    case = Case(broken, replace(incident, state=state, failed_visits=2), place=1)
    assert told(case) == (Standing.WAITING, "broken, waiting", words)


def test_a_turbine_that_refuses_waits_for_no_engineer(broken: TurbineRecord, incident: Incident) -> None:
    case = Case(broken, replace(incident, state=IncidentState.REFUSED, failed_visits=2))
    assert told(case) == (Standing.REFUSED, "broken, refused", "refused: a person must act")


def test_a_busy_turbine_has_no_failed_visit(broken: TurbineRecord, incident: Incident) -> None:
    case = Case(broken, replace(incident, state=IncidentState.COOLING_DOWN))
    assert told(case)[2] == "was busy: tried again soon"


def test_a_visit_without_an_answer_tells_how_often_the_order_was_sent(
    broken: TurbineRecord, incident: Incident, visit: Visit
) -> None:
    words = "engineer sent 8 s ago, no answer yet"
    assert told(Case(broken, incident, visit)) == (Standing.VISITED, "broken, engineer 2", words)
    assert told(Case(broken, incident, replace(visit, commands=3)))[2] == "engineer sent 8 s ago, order sent 3 times"


def test_a_claim_of_the_turbine_is_told_as_a_claim(
    broken: TurbineRecord, incident: Incident, visit: Visit, now: int
) -> None:
    accepted = replace(visit, state=VisitState.ACCEPTED, accepted_at=now - 5 * SECOND)
    assert told(Case(broken, incident, accepted))[2] == "repair accepted 5 s ago"
    done = replace(accepted, state=VisitState.DONE, done_at=now - 2 * SECOND)
    assert told(Case(broken, incident, done))[2] == "says done 2 s ago, no ok reading yet"


@pytest.mark.parametrize(
    ("reason", "words"),
    [
        (LinkReason.STOPPED, "said goodbye 5 min ago"),
        (LinkReason.LOST, "connection lost 5 min ago"),
        (LinkReason.SILENT, "given up as silent 5 min ago"),
    ],
)
def test_offline_tells_how_the_turbine_went(turbine: TurbineRecord, now: int, reason: LinkReason, words: str) -> None:
    gone = replace(turbine, link=Link.OFFLINE, link_reason=reason, link_since=now - 300 * SECOND)
    assert told(Case(gone)) == (Standing.OFFLINE, "offline", words)


def test_a_broken_turbine_that_went_offline_stays_known_as_broken(
    broken: TurbineRecord, incident: Incident, now: int
) -> None:
    gone = replace(broken, link=Link.OFFLINE, link_reason=LinkReason.LOST, link_since=now - 300 * SECOND)
    on_hold = replace(incident, state=IncidentState.OFFLINE)
    assert told(Case(gone, on_hold))[2] == "connection lost 5 min ago, while broken"


def test_after_an_outage_only_the_next_reading_decides(turbine: TurbineRecord, incident: Incident) -> None:
    back = replace(turbine, health=Health.UNKNOWN)
    on_hold = replace(incident, state=IncidentState.OFFLINE)
    assert told(Case(back, on_hold)) == (Standing.UNKNOWN, "unknown", "was broken; its next reading decides")


def test_stale_is_told_apart_from_offline(turbine: TurbineRecord, now: int) -> None:
    silent = replace(turbine, link=Link.STALE, received_at=now - 20 * SECOND)
    assert told(Case(silent)) == (Standing.STALE, "stale", "connected, silent for 20 s")


def test_a_held_turbine_names_who_holds_it_and_why(broken: TurbineRecord, incident: Incident, now: int) -> None:
    hold = Hold(7, now - 60 * SECOND, "Anna", "blade inspection")
    case = Case(broken, replace(incident, state=IncidentState.HELD), hold=hold)
    assert told(case) == (Standing.HELD, "held", "broken; held by Anna: blade inspection")


def test_a_turbine_without_a_reading_is_unknown(turbine: TurbineRecord, now: int) -> None:
    assert told(Case(TurbineRecord(7, now))) == (Standing.UNKNOWN, "unknown", "no reading yet")


def test_while_the_broker_is_away_a_healthy_turbine_is_unknown(turbine: TurbineRecord, now: int) -> None:
    unheard = replace(turbine, link=Link.UNKNOWN, received_at=now - 90 * SECOND)
    assert told(Case(unheard)) == (Standing.UNKNOWN, "unknown", "last heard 1 min ago")


def test_while_the_broker_is_away_a_visit_goes_on(broken: TurbineRecord, incident: Incident, visit: Visit) -> None:
    unheard = replace(broken, link=Link.UNKNOWN)
    assert standing_of(Case(unheard, incident, visit)) is Standing.VISITED
