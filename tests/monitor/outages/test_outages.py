"""What the monitor itself reports as outages: broken, offline and deviating turbines."""

from dataclasses import replace

import pytest

from grid.times import SECOND
from monitor.facts import (
    BROKEN,
    DEVIATING,
    OFFLINE,
    Because,
    Belief,
    BrokerLost,
    Finding,
    FindingKind,
    Health,
    KnowledgeCommitted,
    Link,
    Now,
    OutageChanges,
    OutageReport,
    RememberedKnowledge,
)
from monitor.outages.outages import ANOTHER_TIME, Outages
from monitor.store.knowledge.outage_rows import to_outage

NOON = 1_795_262_400 * SECOND


def at(second: float) -> int:
    return NOON + round(second * SECOND)


def belief(second: float, health: Health = Health.OK, link: Link = Link.ONLINE, **fields: int) -> Belief:
    """Told by a reading of this second, which came a tenth later."""
    known = Belief(7, Because.READING, link, None, "s-1", health, at(second), at(second + 0.1))
    return replace(known, **fields)  # type: ignore[arg-type]


def take(outages: Outages, *told: Belief | BrokerLost, findings: tuple[Finding, ...] = ()) -> list[OutageReport]:
    return outages.take(told, findings, (), Now(at(100), 0.0)).reports


@pytest.fixture
def outages() -> Outages:
    return Outages(RememberedKnowledge())


def test_a_turbine_is_out_from_the_first_broken_reading_until_the_first_that_is_not(outages: Outages) -> None:
    (began,) = take(outages, belief(0, Health.BROKEN))
    assert began == OutageReport("turbine-7", BROKEN, at(0), at(0.1), ongoing=True)
    assert take(outages, belief(1, Health.BROKEN)) == []
    (ended,) = take(outages, belief(9))
    assert ended == OutageReport("turbine-7", BROKEN, at(0), at(9.1), until=at(9), ongoing=False)
    assert take(outages, belief(10)) == []


def test_a_turbine_that_is_gone_is_not_known_to_be_broken_any_more(outages: Outages) -> None:
    take(outages, belief(0, Health.BROKEN))
    gone = belief(4, Health.UNKNOWN, Link.OFFLINE, received_at=at(300))
    ended, began = take(outages, gone)
    assert (ended.outage_type, ended.at, ended.until) == (BROKEN, at(0), at(4))
    assert (began.outage_type, began.at, began.ongoing) == (OFFLINE, at(4), True)


def test_a_turbine_is_offline_from_its_last_reading_until_its_link_is_back(outages: Outages) -> None:
    take(outages, belief(4, Health.UNKNOWN, Link.OFFLINE, received_at=at(300)))
    (ended,) = take(outages, belief(4, Health.UNKNOWN, Link.ONLINE, received_at=at(900)))
    assert (ended.at, ended.until, ended.ongoing) == (at(4), at(900), False)


def test_a_turbine_that_never_sent_a_reading_is_offline_from_the_word_of_it(outages: Outages) -> None:
    never = replace(belief(0, Health.UNKNOWN, Link.OFFLINE), emitted_at=None, received_at=at(50))
    (began,) = take(outages, never)
    assert (began.outage_type, began.at) == (OFFLINE, at(50))


def test_an_unknown_link_says_nothing_of_the_turbine(outages: Outages) -> None:
    assert take(outages, belief(0, Health.UNKNOWN, Link.UNKNOWN), BrokerLost()) == []
    take(outages, belief(0, Health.UNKNOWN, Link.OFFLINE))
    assert take(outages, BrokerLost(), belief(0, Health.UNKNOWN, Link.UNKNOWN)) == []


def test_in_a_replay_the_readings_are_the_clock(outages: Outages) -> None:
    now = at(0) + 2 * ANOTHER_TIME
    take(outages, belief(0, Health.UNKNOWN, Link.OFFLINE, received_at=now))
    (ended,) = take(outages, belief(600, received_at=now + SECOND))
    assert (ended.at, ended.until) == (at(0), at(600))


def finding(finding_id: int, since: float, until: float | None = None, **fields: object) -> Finding:
    plain = Finding(
        finding_id,
        7,
        "power",
        FindingKind.RESIDUAL,
        at(since),
        None if until is None else at(until),
        9,
        100.0,
        50.0,
        5.0,
        "The power stays away from the curve.",
        lasting=True,
    )
    return replace(plain, **fields)  # type: ignore[arg-type]


def test_a_turbine_deviates_while_any_lasting_finding_is_open(outages: Outages) -> None:
    (began,) = take(outages, findings=(finding(1, 0),))
    assert (began.outage_type, began.at, began.ongoing) == (DEVIATING, at(0), True)
    assert take(outages, findings=(finding(2, 5),)) == []
    (over,) = take(outages, findings=(finding(1, 0, 20),))
    assert (over.at, over.until, over.ongoing) == (at(0), at(20), None)
    *_, ended = take(outages, findings=(finding(2, 5, 30),))
    assert (ended.at, ended.until, ended.ongoing) == (at(0), at(30), False)


def test_neither_a_lone_spike_nor_silence_is_a_deviation(outages: Outages) -> None:
    lone = finding(1, 0, kind=FindingKind.SPIKE, lasting=False)
    assert take(outages, findings=(lone, finding(2, 0, kind=FindingKind.SILENCE))) == []


def test_after_a_start_what_goes_on_is_neither_begun_nor_forgotten() -> None:
    remembered = RememberedKnowledge(open_findings=[finding(1, 0)])
    remembered.ongoing_outages = [
        to_outage((5, "turbine-7", 7, kind, at(0), at(0), 1, 0.0, None, None, None, NOON, None, at(0)))
        for kind in (BROKEN, DEVIATING)
    ]
    outages = Outages(remembered)
    assert take(outages, belief(5, Health.BROKEN), findings=(finding(1, 0),)) == []
    ends = take(outages, belief(9), findings=(finding(1, 0, 8),))
    assert [(end.outage_type, end.until, end.ongoing) for end in ends] == [
        (BROKEN, at(9), False),
        (DEVIATING, at(8), None),
        (DEVIATING, at(8), False),
    ]


def test_reports_of_controllers_are_passed_on(outages: Outages) -> None:
    report = OutageReport("turbine-7", "pump", NOON, NOON)
    assert outages.take((), (), [report], Now(NOON, 0.0)).reports == [report]


def test_a_commit_is_due_as_long_as_lost_energies_wait(outages: Outages) -> None:
    now = Now(NOON, 0.0)
    assert outages.take((), (), (), now).figure
    outages.settle(KnowledgeCommitted(losses_wait=True))
    assert outages.take((), (), (), now).figure
    outages.settle(KnowledgeCommitted())
    assert not outages.take((), (), (), now).figure


def test_where_nothing_happens_nothing_is_to_be_written(outages: Outages) -> None:
    outages.settle(KnowledgeCommitted())
    assert outages.take([belief(0)], (), (), Now(NOON, 0.0)) == OutageChanges()
