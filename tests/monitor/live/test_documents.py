"""The farm as documents, and back."""

from dataclasses import replace

from grid.times import SECOND, format_time
from monitor.books import Balance
from monitor.console.known import Known, view_of
from monitor.console.picture import export_picture
from monitor.console.view import MonitorState, Trouble, TroubleKind
from monitor.facts import (
    AlarmCounts,
    Health,
    Hold,
    Incident,
    IncidentCause,
    IncidentState,
    Link,
    Severity,
    TurbineRecord,
    Visit,
    VisitState,
)
from monitor.live.documents import ROW_KEYS, complete, read_row, read_view, row_document, view_document

NOW = 1_795_232_700 * SECOND
"""2026-11-21 03:45:00 UTC"""

MONITOR = MonitorState("0.1.0", "m-1", NOW - 60 * SECOND, connected=True, since=NOW - 50 * SECOND)


def known() -> Known:
    """A farm with something of each kind."""
    turbines = [
        TurbineRecord(number, NOW, link=Link.ONLINE, link_since=NOW - 5, health=Health.BROKEN, region="north")
        for number in (1, 2, 3)
    ]
    turbines[0] = replace(turbines[0], received_at=NOW - SECOND, emitted_at=NOW, wind_speed=0.0, interval_seconds=1.0)
    turbines[1] = replace(turbines[1], model="MM92", serial="91234")
    incidents = [
        Incident(1, 1, IncidentCause.BROKEN, IncidentState.WAITING, NOW - 40 * SECOND),
        Incident(2, 2, IncidentCause.ORDERED, IncidentState.VISITED, NOW - 80 * SECOND, opened_by="Anna"),
    ]
    visits = [Visit(4, "f3a-4", 2, 2, 5, None, VisitState.DONE, NOW - 30 * SECOND, done_at=NOW - SECOND)]
    return Known(
        NOW,
        turbines,
        incidents,
        visits,
        [Hold(3, NOW, "Anna", "storm")],
        engineers=2,
        readings_per_second=5.94,
        troubles=[Trouble(TroubleKind.DATABASE_REFUSES, NOW - SECOND, "no room")],
        books={"rejected": 1},
        balance=Balance(3, 2, 0, 1),
        alarms=AlarmCounts(2, 3, Severity.HIGH, changes=7),
        missing={3: 2},
        monitor=MONITOR,
    )


def test_a_view_is_read_back_as_it_was_written() -> None:
    view = replace(view_of(known()))
    read = read_view(view_document(view, MONITOR))
    assert replace(read, totals=view.totals) == view
    assert replace(read.totals, readings_per_second=5.94) == view.totals


def test_what_follows_the_monitor_draws_the_picture_that_it_draws() -> None:
    view = view_of(known())
    assert export_picture(read_view(view_document(view, MONITOR)), ()) == export_picture(view, ())


def test_a_row_has_all_keys_and_what_is_unknown_is_null_and_never_zero() -> None:
    row = view_of(known()).rows[-1]
    document = row_document(row)
    assert tuple(document) == ROW_KEYS
    assert (document["wind_speed"], document["mean_power_in_kw"], document["received_at"]) == (None, None, None)
    told_live = {key: value for key, value in document.items() if value is not None}
    assert complete(told_live) == document
    assert read_row(told_live) == row


def test_ages_are_told_as_moments() -> None:
    rows = {row.turbine_number: row_document(row) for row in view_of(known()).rows}
    assert rows[1]["why"] == ["1st in line for ", {"since": format_time(NOW - 40 * SECOND)}]


def test_the_engineers_are_those_of_the_pool_and_those_who_are_out_beyond_it() -> None:
    engineers = view_document(view_of(known()))["farm"]["engineers"]
    assert [(engineer["engineer"], engineer["turbine_number"], engineer["state"]) for engineer in engineers] == [
        (1, None, None),
        (2, None, None),
        (5, 2, "done"),
    ]


def test_a_trouble_is_told_in_a_sentence() -> None:
    (trouble,) = view_document(view_of(known()))["farm"]["troubles"]
    assert trouble == {
        "kind": "database_refuses",
        "since": format_time(NOW - SECOND),
        "detail": "no room",
        "sentence": "the database refuses writes: no room",
    }


def test_a_monitor_that_is_away_is_the_first_trouble() -> None:
    document = view_document(view_of(known()))
    document["farm"]["monitor"] = {"running": False, "since": format_time(NOW - 9 * SECOND)}
    assert [trouble.kind for trouble in read_view(document).troubles] == [
        TroubleKind.MONITOR_AWAY,
        TroubleKind.DATABASE_REFUSES,
    ]
