"""The tables are the facts, field by field, and people can read them."""

import re
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from enum import StrEnum
from pathlib import Path

import pytest
from sqlite_utils import Database

from grid.metrics import OperationalStatus
from grid.times import SECOND, format_time
from monitor.facts import (
    Alarm,
    AlarmEntry,
    AnsweredOrder,
    AuditAction,
    AuditEntry,
    BaselineRecord,
    Changes,
    DeadLetter,
    Door,
    Event,
    Finding,
    Health,
    Hold,
    Incident,
    IncidentCause,
    IncidentOutcome,
    IncidentState,
    Link,
    LinkReason,
    Notification,
    OrderKind,
    OrderOutcome,
    Outage,
    Outgoing,
    Reading,
    Release,
    RememberedSequences,
    Run,
    SequenceRecord,
    TurbineRecord,
    Visit,
    VisitState,
    Window,
)
from monitor.store.errors import StoreDamagedError, StoreMissingError, StoreUnavailableError, StoreVersionError
from monitor.store.ledger import Ledger
from monitor.store.prunings import Pruning
from monitor.store.queries.pages import Turn, audit_page
from monitor.store.reader import LedgerReader
from monitor.store.rows import columns, is_time
from monitor.store.schema import FORMAT, migrations

FACTS: dict[str, type] = {
    "readings": Reading,
    "turbines": TurbineRecord,
    "incidents": Incident,
    "visits": Visit,
    "events": Event,
    "outbox": Outgoing,
    "dead_letters": DeadLetter,
    "holds": Hold,
    "sequences": SequenceRecord,
    "orders": AnsweredOrder,
    "prunings": Pruning,
    "windows": Window,
    "outages": Outage,
    "baselines": BaselineRecord,
    "findings": Finding,
    "alarms": Alarm,
    "alarm_journal": AlarmEntry,
    "notifications": Notification,
    "audit": AuditEntry,
}
NOT_FOR_PEOPLE = {"ledger", "outbox", "_sqlite_migrations"}

WORDS: list[tuple[str, str, type[StrEnum]]] = [
    ("readings", "operational_status", OperationalStatus),
    ("turbines", "operational_status", OperationalStatus),
    ("turbines", "link", Link),
    ("turbines", "link_reason", LinkReason),
    ("turbines", "health", Health),
    ("incidents", "cause", IncidentCause),
    ("incidents", "state", IncidentState),
    ("incidents", "outcome", IncidentOutcome),
    ("visits", "state", VisitState),
    ("visits", "release", Release),
    ("orders", "kind", OrderKind),
    ("orders", "outcome", OrderOutcome),
    ("audit", "door", Door),
]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    found = tmp_path / "grid.db"
    Ledger.open(found).close()
    return found


@pytest.fixture
def db(path: Path) -> Iterator[Database]:
    with closing(Database(path)) as opened:
        yield opened


@pytest.mark.parametrize("table", FACTS)
def test_a_table_has_the_columns_of_its_facts(db: Database, table: str) -> None:
    found = [column.name for column in db.table(table).columns]
    own = {"id", "event_id", "dead_letter_id", "order_id", "entry_id", "audit_id"}
    assert {*found} - own == {*columns(FACTS[table])} - own
    assert db.table(table).strict


@pytest.mark.parametrize(("table", "column", "words"), WORDS, ids=[f"{table}.{name}" for table, name, _ in WORDS])
def test_a_column_takes_the_words_of_its_fact_and_no_others(
    db: Database, table: str, column: str, words: type[StrEnum]
) -> None:
    (sql,) = db.execute("SELECT sql FROM sqlite_master WHERE type = 'table' AND name = ?", [table]).fetchone()
    definition = sql.split(f"\n    {column} ")[1].split(",\n")[0]
    assert set(re.findall(r"'(\w+)'", definition)) == set(words)


def test_times_are_shown_as_they_are_on_the_wire(path: Path, db: Database, reading: Callable[..., Reading]) -> None:
    odd = reading(emitted_at=1_795_262_399_000_001, received_at=946_684_800_999_999)
    with Ledger.open(path) as ledger:
        ledger.commit(Changes(readings=[odd], turbines=[TurbineRecord(7, odd.emitted_at)]))
    (shown,) = db.query("SELECT * FROM readings_utc")
    assert shown["emitted_at"] == format_time(odd.emitted_at) == "2026-11-21T11:59:59.000001Z"
    assert shown["received_at"] == format_time(odd.received_at)
    assert list(shown) == ["id", *Reading._fields]
    (turbine,) = db.query("SELECT * FROM turbines_utc")
    assert (turbine["first_seen_at"], turbine["link_since"]) == ("2026-11-21T11:59:59.000001Z", None)


def test_every_table_with_times_has_a_view_for_people(db: Database) -> None:
    with_times = {table.name for table in db.tables if any(is_time(column.name) for column in table.columns)}
    assert {view.removesuffix("_utc") for view in db.view_names()} == with_times - NOT_FOR_PEOPLE


def test_a_newer_database_is_refused_with_a_sentence(path: Path) -> None:
    with closing(sqlite3.connect(path)) as newer, newer:
        newer.execute("UPDATE ledger SET format = 99")
    for opened in (Ledger.open, LedgerReader.open):
        with pytest.raises(StoreVersionError, match=r"newer grid-monitor \(format 99"):
            opened(path)


def test_an_older_database_is_brought_up_to_date_by_the_monitor_only(path: Path) -> None:
    with closing(sqlite3.connect(path)) as older, older:
        older.execute("UPDATE ledger SET format = 0")
    with pytest.raises(StoreVersionError, match="start grid-monitor once"):
        LedgerReader.open(path)


def test_a_database_of_the_first_format_is_migrated_with_all_it_holds(
    tmp_path: Path, reading: Callable[..., Reading]
) -> None:
    path = tmp_path / "grid.db"
    old = [reading(second=second, sequence=second) for second in (3, 4, 6)]
    with closing(Database(path)) as first:
        migrations.apply(first, stop_before="0002_prunings")
        first.table("readings").insert_all(dict(zip(Reading._fields, kept, strict=True)) for kept in old)
    with Ledger.open(path) as ledger:
        remembered = ledger.load().sequences
    assert remembered == RememberedSequences([], [Run(7, "s-1", 3, 4), Run(7, "s-1", 6, 6)], kept=False)
    with LedgerReader.open(path) as reader:
        assert reader.readings(7) == old[::-1]
    with closing(Database(path)) as db:
        assert db.execute("SELECT format, sequences_up_to FROM ledger").fetchone() == (FORMAT, None)


def test_a_database_of_the_third_format_learns_of_orders(tmp_path: Path, reading: Callable[..., Reading]) -> None:
    path = tmp_path / "grid.db"
    with closing(Database(path)) as third:
        migrations.apply(third, stop_before="0004_orders")
        third.table("readings").insert(dict(zip(Reading._fields, reading(), strict=True)))
    answered = AnsweredOrder("k-1", OrderKind.HOLD, 7, "Ann", "", 0, OrderOutcome.ACCEPTED, "turbine 7 is held")
    with Ledger.open(path) as ledger:
        ledger.commit(Changes(orders=[answered]))
        assert ledger.load().orders == [answered]
    with LedgerReader.open(path) as reader:
        assert reader.readings(7) == [reading()]
    with closing(Database(path)) as db:
        assert db.execute("SELECT format FROM ledger").fetchone() == (FORMAT,)


def entry(at: int = 0, *, accepted: bool = True) -> AuditEntry:
    return AuditEntry(
        at, "anna", Door.PAGES, "operator", None, "192.0.2.7", AuditAction.HOLD, "turbine-7", "", accepted, "it is held"
    )


def test_a_database_of_the_fifth_format_learns_to_keep_an_audit(
    tmp_path: Path, reading: Callable[..., Reading]
) -> None:
    path = tmp_path / "grid.db"
    with closing(Database(path)) as fifth:
        migrations.apply(fifth, stop_before="0006_audit")
        fifth.table("readings").insert(dict(zip(Reading._fields, reading(), strict=True)))
    with Ledger.open(path) as ledger:
        ledger.commit(Changes(audit=[entry(), entry(accepted=False)]))
    with LedgerReader.open(path) as reader:
        assert reader.readings(7) == [reading()]
        assert audit_page(reader, Turn(9)).records == [(2, entry(accepted=False)), (1, entry())]
    with closing(Database(path)) as db:
        assert db.execute("SELECT format FROM ledger").fetchone() == (FORMAT,)


@pytest.mark.parametrize("sql", ["UPDATE audit SET who = 'nobody'", "DELETE FROM audit"])
def test_no_row_of_the_audit_is_altered_not_by_mistake_either(path: Path, db: Database, sql: str) -> None:
    with Ledger.open(path) as ledger:
        ledger.commit(Changes(audit=[entry()]))
    with pytest.raises(sqlite3.IntegrityError, match="rows of the audit are not"):
        db.execute(sql)
    assert db.execute("SELECT who FROM audit").fetchall() == [("anna",)]


@pytest.mark.parametrize(("kept_since", "marked"), [(None, [0, 60]), (30, [60]), (60, [60])])
def test_readings_from_before_there_were_windows_are_marked_for_them(
    tmp_path: Path, reading: Callable[..., Reading], kept_since: int | None, marked: list[int]
) -> None:
    path, noon = tmp_path / "grid.db", reading().emitted_at
    with closing(Database(path)) as fourth:
        migrations.apply(fourth, stop_before="0005_knowledge")
        times = [(number, second) for number in (7, 9) for second in (0, 30, 90)]
        fourth.table("readings").insert_all(dict(zip(Reading._fields, reading(*time), strict=True)) for time in times)
        if kept_since is not None:
            limit = noon + kept_since * SECOND
            fourth.execute(
                "INSERT INTO prunings (at, kept_since, readings, dead_letters) VALUES (?, ?, 1, 0)", [noon, limit]
            )
    with Ledger.open(path) as ledger:
        marks = ledger.load().knowledge.window_marks
    assert [(mark.turbine_number, (mark.start_at - noon) // SECOND) for mark in marks] == [
        (number, second) for number in (7, 9) for second in marked
    ]


def test_a_database_of_something_else_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "grid.db"
    with closing(sqlite3.connect(path)) as other, other:
        other.execute("CREATE TABLE recipes (title TEXT)")
    for opened in (Ledger.open, LedgerReader.open):
        with pytest.raises(StoreDamagedError, match="not a monitor's"):
            opened(path)
    with closing(Database(path)) as db:
        assert db.table_names() == ["recipes"]


def test_the_ledger_of_a_program_that_keeps_accounts_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "grid.db"
    with closing(sqlite3.connect(path)) as other, other:
        other.execute("CREATE TABLE ledger (account TEXT, cents INTEGER)")
    for opened in (Ledger.open, LedgerReader.open):
        with pytest.raises(StoreDamagedError, match="not a monitor's"):
            opened(path)


def test_a_folder_without_a_database_is_named(tmp_path: Path) -> None:
    with pytest.raises(StoreMissingError, match=r"no database at .*grid\.db yet"):
        LedgerReader.open(tmp_path / "grid.db")
    (tmp_path / "grid.db").touch()
    with pytest.raises(StoreMissingError, match="start grid-monitor"):
        LedgerReader.open(tmp_path / "grid.db")


def test_a_name_that_is_too_long_is_told_in_words(tmp_path: Path) -> None:
    with pytest.raises(StoreUnavailableError, match="can't be opened: File name too long"):
        LedgerReader.open(tmp_path / ("d" * 300) / "grid.db")


def test_a_folder_with_signs_of_an_address_is_only_a_folder(tmp_path: Path) -> None:
    path = tmp_path / "a?mode=rwc#%41" / "grid.db"
    Ledger.open(path).close()
    with LedgerReader.open(path) as reader:
        assert reader.turbines() == []


def test_a_reader_cannot_write(path: Path) -> None:
    with LedgerReader.open(path) as reader, pytest.raises(sqlite3.OperationalError, match="readonly"):
        reader._db.execute("DELETE FROM ledger")
