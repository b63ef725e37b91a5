"""Outages in the ledger equal those of the sorted reports, however these arrive."""

from collections.abc import Iterator, Sequence
from contextlib import closing
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlite_utils import Database

from grid.times import SECOND
from monitor.facts import (
    Category,
    LostEnergyUnknown,
    Outage,
    OutageChanges,
    OutageNews,
    OutageReport,
    OutageTurn,
    RememberedKnowledge,
)
from monitor.outages.merging import Span, outages_of, union
from monitor.outages.messages import messages_for
from monitor.store.knowledge.outage_rows import to_outage
from monitor.store.knowledge.outages import read_outages, write_outages
from monitor.store.knowledge_tables import OUTAGES, WINDOWS
from monitor.store.rows import columns, listed

MINUTE = 60 * SECOND
TOLERANCE_SECONDS = 720.0
NOON = 1_795_262_400_000_000


@pytest.fixture
def db() -> Iterator[Database]:
    with closing(made()) as opened:
        yield opened


def made() -> Database:
    db = Database(memory=True)
    db.executescript(WINDOWS + OUTAGES)
    return db


def moment(minute: int, controller_id: str = "plant", **fields: object) -> OutageReport:
    return span(minute, minute, controller_id, **fields)


def span(since: int, until: int, controller_id: str = "plant", **fields: object) -> OutageReport:
    ongoing = fields.pop("ongoing", None)
    assert not fields
    assert ongoing is None or isinstance(ongoing, bool)
    at = NOON + since * MINUTE
    return OutageReport(controller_id, "pump", at, NOON, until=NOON + until * MINUTE, ongoing=ongoing)


def begins(minute: int) -> OutageReport:
    return OutageReport("plant", "pump", NOON + minute * MINUTE, NOON, ongoing=True)


def write(db: Database, *reports: OutageReport) -> list[OutageNews]:
    return write_outages(db, OutageChanges(list(reports), tolerance_seconds=TOLERANCE_SECONDS))


def stored(db: Database) -> list[Outage]:
    rows = db.conn.execute(f"SELECT {listed(columns(Outage))} FROM outages ORDER BY controller_id, started_at")
    return [to_outage(row) for row in rows]


def minutes(db: Database) -> list[tuple[int, int]]:
    return [(_minute(outage.started_at), _minute(outage.ended_at)) for outage in stored(db)]


def _minute(at: int) -> int:
    return (at - NOON) // MINUTE


def test_the_examples_of_the_twelve_minute_rule(db: Database) -> None:
    write(db, moment(0))
    write(db, moment(10))
    write(db, moment(20))
    assert minutes(db) == [(0, 20)]
    (second,) = write(db, moment(40))
    assert second.turn is OutageTurn.BEGAN
    assert minutes(db) == [(0, 20), (40, 40)]
    first_id = stored(db)[0].outage_id
    (joined,) = write(db, moment(30))
    assert minutes(db) == [(0, 40)]
    assert (joined.turn, joined.joined, joined.outage.outage_id) == (
        OutageTurn.CHANGED,
        (second.outage.outage_id,),
        first_id,
    )


def test_a_report_that_tells_nothing_new_changes_nothing(db: Database) -> None:
    write(db, span(0, 30))
    before = list(db.conn.iterdump())
    assert write(db, moment(10), span(0, 30), span(5, 7)) == []
    assert list(db.conn.iterdump()) == before


def test_controllers_and_types_are_kept_apart(db: Database) -> None:
    other = OutageReport("plant", "fan", NOON, NOON)
    write(db, moment(0), moment(0, "turbine-7"), other)
    assert [(outage.controller_id, outage.turbine_number) for outage in stored(db)] == [
        ("plant", None),
        ("plant", None),
        ("turbine-7", 7),
    ]


def test_a_turbines_outage_has_a_category_and_other_controllers_have_none(db: Database) -> None:
    write(db, moment(0), moment(0, "turbine-7"))
    plant, turbine = stored(db)
    assert (plant.category, plant.lost_energy_unknown) == (None, LostEnergyUnknown.NO_TURBINE)
    assert turbine.category is Category.FORCED_OUTAGE


def test_what_goes_on_is_one_outage_with_all_that_is_reported_later(db: Database) -> None:
    (began,) = write(db, begins(0))
    assert (began.turn, began.outage.ongoing) == (OutageTurn.BEGAN, True)
    assert write(db, moment(60), begins(0)) == []
    (outage,) = stored(db)
    assert outage.ongoing
    assert (_minute(outage.started_at), _minute(outage.ended_at), outage.down_seconds) == (0, 60, 3600.0)


def test_the_end_parts_what_was_reported_long_after_it(db: Database) -> None:
    write(db, begins(0))
    write(db, moment(60))
    ended, began = write(db, span(0, 5, ongoing=False))
    assert (ended.turn, began.turn) == (OutageTurn.ENDED, OutageTurn.BEGAN)
    assert minutes(db) == [(0, 5), (60, 60)]
    assert [outage.ongoing for outage in stored(db)] == [False, False]


def test_one_that_goes_on_takes_in_what_lies_before_it_and_after_it(db: Database) -> None:
    write(db, moment(-10), moment(30))
    (news,) = write(db, begins(0))
    assert len(news.joined) == 1
    assert minutes(db) == [(-10, 30)]
    assert stored(db)[0].down_seconds == 40 * 60


def test_an_end_ends_what_goes_on_since_whenever(db: Database) -> None:
    write(db, begins(60))
    write(db, span(0, 10, ongoing=False))
    assert [outage.ongoing for outage in stored(db)] == [False]


def test_what_goes_on_is_remembered(db: Database) -> None:
    write(db, begins(0), moment(0, "other"))
    remembered = RememberedKnowledge()
    read_outages(db, remembered)
    assert [(outage.controller_id, outage.ongoing_since) for outage in remembered.ongoing_outages] == [("plant", NOON)]


_reports = st.lists(
    st.builds(
        lambda since, length: span(since, since + length),
        st.integers(0, 200),
        st.sampled_from([0, 0, 0, 1, 5, 11, 12, 13, 40]),
    ),
    max_size=25,
)


def in_batches(reports: Sequence[OutageReport], random: Random) -> Iterator[list[OutageReport]]:
    left = list(reports)
    while left:
        size = random.randint(1, len(left))
        yield left[:size]
        left = left[size:]


def expected(reports: Sequence[OutageReport]) -> list[tuple[int, int, float]]:
    spans = union(Span(report.at, report.at if report.until is None else report.until) for report in reports)
    extents = outages_of(spans, round(TOLERANCE_SECONDS * SECOND))
    return [(extent.started_at, extent.ended_at, extent.down_seconds) for extent in extents]


def found(db: Database) -> list[tuple[int, int, float]]:
    return [(outage.started_at, outage.ended_at, outage.down_seconds) for outage in stored(db)]


@given(_reports, st.randoms(use_true_random=False))
def test_outages_equal_those_of_the_sorted_reports(reports: list[OutageReport], random: Random) -> None:
    arriving = [*reports, *reports[::3]]
    random.shuffle(arriving)
    with closing(made()) as db:
        for batch in in_batches(arriving, random):
            with db.conn:
                write(db, *batch)
            if random.random() < 0.3:  # a crash: what was not committed comes again
                db.conn.execute("BEGIN")
                write(db, *batch[:1], moment(random.randint(0, 300)))
                db.conn.rollback()
        assert found(db) == expected(reports)


_episodes = st.lists(st.tuples(st.integers(1, 60), st.integers(0, 60)), min_size=1, max_size=4)


@given(_reports, _episodes, st.randoms(use_true_random=False))
def test_what_goes_on_for_a_while_ends_as_if_its_span_was_reported(
    reports: list[OutageReport], episodes: list[tuple[int, int]], random: Random
) -> None:
    own, begun = [], 0
    for pause, length in episodes:
        begun += pause
        own += [begins(begun), span(begun, begun + length, ongoing=False)]
        begun += length
    random.shuffle(reports)
    places = sorted(random.choices(range(len(reports) + 1), k=len(own)))
    arriving = list(reports)
    for place, report in reversed(list(zip(places, own, strict=True))):
        arriving.insert(place, report)
    with closing(made()) as db:
        for batch in in_batches(arriving, random):
            write(db, *batch)
        assert found(db) == expected([*reports, *own[1::2]])
        assert not any(outage.ongoing for outage in stored(db))


@pytest.mark.parametrize("controller_id", ["turbine-2147483648", "turbine-9999999999", "turbine-07", "turbine-"])
def test_a_name_that_can_be_no_turbines_is_another_controllers(db: Database, controller_id: str) -> None:
    (message,) = messages_for(write(db, moment(0, controller_id)))
    assert message.topic == f"grid/controllers/{controller_id}/events"
