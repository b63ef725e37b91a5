"""After a restore the database has every reading that the text files or the damaged database still tell of."""

import os
import shutil
import sqlite3
import tempfile
from collections import Counter
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from stores import fill, text_file

from grid.metrics import OperationalStatus
from monitor.facts import (
    Action,
    Changes,
    DeadLetter,
    Decisions,
    Event,
    Health,
    Hold,
    Incident,
    IncidentState,
    Link,
    Outgoing,
    Reading,
    TurbineRecord,
    Visit,
)
from monitor.store import replacement
from monitor.store.errors import (
    DataFolderInUseError,
    StoreDamagedError,
    StoreMissingError,
    StoreUnavailableError,
    StoreVersionError,
)
from monitor.store.ledger import Ledger
from monitor.store.lines import to_line
from monitor.store.lock import DataFolderLock
from monitor.store.reader import LedgerReader
from monitor.store.tools import restore as restoring
from monitor.store.tools.backup import back_up
from monitor.store.tools.inspection import Inspection
from monitor.store.tools.restore import Restored, restore
from monitor.store.tools.salvage import Salvage
from monitor.store.tools.verify import verify

MakeReading = Callable[..., Reading]
PAGE = 4096


@pytest.fixture
def data_dir(
    tmp_path: Path,
    reading: MakeReading,
    incident: Callable[..., Incident],
    visit: Callable[..., Visit],
    dead_letter: Callable[..., DeadLetter],
    noon: int,
) -> Path:
    """3,000 readings of three turbines, of which one is being repaired, and one of each other thing."""
    found = tmp_path / "data"
    also = Changes(
        turbines=[
            TurbineRecord(
                7, noon, link=Link.ONLINE, health=Health.BROKEN, emitted_at=noon, received_at=noon, region="north"
            )
        ],
        decisions=Decisions(
            incidents=[incident(state=IncidentState.VISITED)],
            visits=[visit()],
            events=[Event(noon, 7, Action.ENGINEER_DISPATCHED, "engineer 1 is sent", incident_id=1, visit_id=1)],
            holds=[Hold(9, noon, "Ada", "painting")],
        ),
        outgoing=[Outgoing("grid/turbines/7/repair", b"{}", noon, dispatch_id="cafe-1")],
        dead_letters=[dead_letter()],
        counted=Counter(received=1),
    )
    fill(
        found,
        *([reading(n, second) for n in (7, 8, 9) for second in range(k, k + 100)] for k in range(0, 1000, 100)),
        also=also,
    )
    return found


def readings(data_dir: Path) -> set[Reading]:
    with LedgerReader.open(data_dir / "grid.db") as ledger:
        return {reading for _, reading in ledger.readings_after(0, 10**6)}


def overwrite(path: Path, start: int, length: int) -> None:
    with path.open("r+b") as file:
        file.seek(start)
        file.write(os.urandom(length))


def append(path: Path, text: str) -> None:
    with path.open("a") as file:
        file.write(text)


def garble_the_middle(path: Path) -> None:
    overwrite(path, path.stat().st_size // 3 // PAGE * PAGE, path.stat().st_size // 3)


def garble_single_pages(path: Path) -> None:
    for page in range(70, path.stat().st_size // PAGE, 7):  # behind the pages that say what tables there are
        overwrite(path, page * PAGE, PAGE)


def garble_the_head(path: Path) -> None:
    overwrite(path, 0, 100)


def garble_a_few_bytes(path: Path) -> None:
    for page in range(3, path.stat().st_size // PAGE, 3):
        overwrite(path, page * PAGE + 2000, 8)


def halve(path: Path) -> None:
    os.truncate(path, path.stat().st_size // 2)


def empty(path: Path) -> None:
    os.truncate(path, 0)


def delete(path: Path) -> None:
    path.unlink()


DAMAGE = [garble_the_middle, garble_single_pages, garble_the_head, garble_a_few_bytes, halve, empty, delete]


@pytest.mark.parametrize("damage", DAMAGE, ids=lambda damage: damage.__name__)
def test_a_damaged_database_is_rebuilt_with_every_reading(data_dir: Path, damage: Callable[[Path], None]) -> None:
    path, before = data_dir / "grid.db", readings(data_dir)
    damage(path)
    damaged = path.read_bytes() if path.exists() else None
    done = restore(data_dir)
    assert readings(data_dir) == before
    assert done.readings == len(before) == 3000
    assert list(verify(data_dir).sentences()) == []
    assert (done.set_aside.read_bytes() if done.set_aside else None) == damaged
    assert done.rebuilt.from_databases == 0


def test_a_whole_database_keeps_all_it_knows(data_dir: Path, noon: int) -> None:
    path = data_dir / "grid.db"
    with LedgerReader.open(path) as ledger:
        before = (
            ledger.incidents(),
            ledger.visits(),
            ledger.events(),
            ledger.holds(),
            ledger.dead_letters(),
            Counter(ledger.books()),
        )
        region = ledger.turbines()[0].region
    with Ledger.open(path) as ledger_before:
        remembered = ledger_before.load()
    restore(data_dir)
    with LedgerReader.open(path) as ledger:
        after = (
            ledger.incidents(),
            ledger.visits(),
            ledger.events(),
            ledger.holds(),
            ledger.dead_letters(),
            Counter(ledger.books()),
        )
        assert after == before  # a count of 0 is none
        assert [turbine.turbine_number for turbine in ledger.turbines()] == [7, 8, 9]
        assert ledger.turbines()[0].region == region == "north"
    with Ledger.open(path) as ledger_after:
        again = ledger_after.load()
    assert (again.outbox, again.next_visit_id) == (remembered.outbox, remembered.next_visit_id)
    assert again.ledger_id != remembered.ledger_id, "a visit that was lost must not give its dispatch id to another"


def test_turbines_that_were_lost_come_back_from_their_newest_readings(
    data_dir: Path, reading: MakeReading, noon: int
) -> None:
    append(text_file(data_dir, 8), to_line(reading(8, 5000, operational_status=OperationalStatus.BROKEN)))
    empty(data_dir / "grid.db")
    restore(data_dir)
    with LedgerReader.open(data_dir / "grid.db") as ledger:
        _, eight, _ = ledger.turbines()
    newest = noon + 5000 * 10**6
    assert (eight.turbine_number, eight.emitted_at, eight.health, eight.health_since) == (
        8,
        newest,
        Health.BROKEN,
        newest,
    )
    assert (eight.link, eight.first_seen_at) == (Link.UNKNOWN, noon + 250)


def test_a_damaged_write_ahead_log_costs_no_reading(data_dir: Path, reading: MakeReading) -> None:
    """SQLite passes over the commits behind the damage, and its own check finds nothing wrong."""
    path = data_dir / "grid.db"
    late = [reading(7, 5000 + second) for second in range(500)]
    fill(data_dir, late)
    crashed = data_dir.with_name("crashed")
    ledger = Ledger.open(path)
    ledger.commit(Changes(readings=[reading(8, 6000)], counted=Counter(received=1)))
    shutil.copytree(data_dir, crashed, ignore=shutil.ignore_patterns("*.socket"))
    ledger.close()
    append(text_file(crashed, 8), to_line(reading(8, 6000)))
    log = crashed / "grid.db-wal"
    assert log.stat().st_size > 0
    overwrite(log, 32 + 24 + 100, 500)
    assert len(readings(crashed)) == 3500
    restore(crashed)
    assert readings(crashed) == readings(data_dir)
    assert verify(crashed).agree


def test_readings_that_only_the_database_has_are_kept_and_written_to_the_text_files(data_dir: Path) -> None:
    before = readings(data_dir)
    text_file(data_dir, 8).unlink()
    lines = text_file(data_dir, 7).read_text().splitlines(keepends=True)
    text_file(data_dir, 7).write_text("".join(lines[:400] + lines[500:-3]) + lines[-3][:20])
    done = restore(data_dir)
    assert (done.readings, done.rebuilt.from_files, done.rebuilt.from_databases) == (3000, 1897, 1103)
    assert readings(data_dir) == before
    assert text_file(data_dir, 8).read_text().count("\n") == 1000
    # the hundred lines in the middle are not written again by a start, but by a restore
    assert verify(data_dir).agree


def test_what_is_damaged_in_both_is_lost_and_the_rest_is_not(data_dir: Path) -> None:
    before = readings(data_dir)
    garble_single_pages(data_dir / "grid.db")
    shutil.rmtree(data_dir / "turbines")
    done = restore(data_dir)
    after = readings(data_dir)
    assert len(after) > 1500
    assert after < before
    assert any("can't be read" in sentence for sentence in done.sentences())
    assert verify(data_dir).agree


def test_foreign_lines_are_named_and_left(data_dir: Path, reading: MakeReading) -> None:
    strangers = "a note\n" + to_line(reading(8)) + '{"turbine_number": 7}\n'
    path = text_file(data_dir, 7)
    path.write_text(strangers + path.read_text())
    done = restore(data_dir)
    assert done.readings == 3000
    assert path.read_text().startswith(strangers)
    assert "3 lines of turbine-7.txt are no readings of this turbine: left alone (1, 2, 3)" in done.sentences()


def test_a_line_that_no_database_takes_stops_nothing(data_dir: Path, reading: MakeReading) -> None:
    path = text_file(data_dir, 7)
    path.write_text(to_line(reading(7, 9000)).replace('"wind_speed": 8.5', '"wind_speed": "strong"') + path.read_text())
    done = restore(data_dir)
    assert (done.readings, done.rebuilt.refused) == (3000, 1)


def test_a_last_line_without_its_end_is_a_reading_if_only_the_end_is_missing(data_dir: Path) -> None:
    path = text_file(data_dir, 7)
    path.write_bytes(path.read_bytes()[:-1])
    delete(data_dir / "grid.db")
    assert restore(data_dir).readings == 3000
    assert verify(data_dir).agree


def test_readings_are_in_order_of_receipt(data_dir: Path) -> None:
    delete(data_dir / "grid.db")
    restore(data_dir)
    with LedgerReader.open(data_dir / "grid.db") as ledger:
        received = [reading.received_at for _, reading in ledger.readings_after(0, 10**6)]
    assert received == sorted(received)


def test_a_backup_gives_what_is_nowhere_else(data_dir: Path, tmp_path: Path) -> None:
    before, copy = readings(data_dir), tmp_path / "copy.db"
    back_up(data_dir, copy)
    empty(data_dir / "grid.db")
    text_file(data_dir, 7).unlink()
    done = restore(data_dir, backup=copy)
    assert readings(data_dir) == before
    assert done.rebuilt.rows["incidents"] == 1
    with LedgerReader.open(data_dir / "grid.db") as ledger, Ledger.open(data_dir / "grid.db") as written:
        assert ledger.holds()[0].by == "Ada"
        assert written.load().outbox == [], "orders of a back-up were sent long ago"
    assert verify(data_dir).agree


def test_a_backup_alone_is_enough(data_dir: Path, tmp_path: Path) -> None:
    before, copy = readings(data_dir), tmp_path / "copy.db"
    back_up(data_dir, copy)
    restore(tmp_path / "elsewhere", backup=copy)
    assert readings(tmp_path / "elsewhere") == before
    assert verify(tmp_path / "elsewhere").agree


KNOWLEDGE = {
    "windows": "VALUES (7, 60, :noon, 60, 1.0, 60.0, 0.0, 8.5, 8.5, 8.5, 6.0, 360.0, 360.0, 3, :noon)",
    "area_windows": "VALUES ('', 60, :noon, 3, 180, 180.0, 180.0, 0.0, 8.5, 8.5, 8.5, 18.0, 1080.0, 1080.0, 1, :noon)",
    "outage_spans": "VALUES ('turbine-7', 'broken', :noon, :noon + 1), ('crane', 'rust', :noon, :noon)",
    "alarms": (
        "(alarm_id, rule, subject, severity, state, sentence, raised_at, changed_at, occurrences) "
        "VALUES (1, 'broken', 'turbine-7', 'high', 'acknowledged', 'it is broken', :noon, :noon, 1)"
    ),
    "alarm_journal": "(at, alarm_id, turn, sentence) VALUES (:noon, 1, 'raised', 'it is broken')",
    "notifications": (
        "(notification_id, receiver, severity, title, body, created_at, due_at, delivery, attempts) "
        "VALUES (1, 'ada', 'high', 'broken', 'it is', :noon, :noon, 'waiting', 0)"
    ),
    "audit": (
        "(at, who, door, action, subject, why, accepted, sentence) "
        "VALUES (:noon, 'ada', 'pages', 'hold', 'turbine-7', '', 1, 'held'), "
        "(:noon, 'ada', 'api', 'hold', 'turbine-7', '', 0, 'held already')"
    ),
}
"""A row or two of each table of what was learnt; columns that a later version adds are left to their defaults."""


def know(path: Path, noon: int) -> dict[str, list[tuple[Any, ...]]]:
    with closing(sqlite3.connect(path)) as db, db:
        for table, values in KNOWLEDGE.items():
            db.execute(f"INSERT INTO {table} {values}", {"noon": noon})
    return known(path)


def known(path: Path) -> dict[str, list[tuple[Any, ...]]]:
    with closing(sqlite3.connect(path)) as db:
        return {table: db.execute(f"SELECT * FROM {table} ORDER BY 1, 2, 3").fetchall() for table in KNOWLEDGE}


def test_what_was_learnt_is_kept(data_dir: Path, noon: int) -> None:
    before = know(data_dir / "grid.db", noon)
    restore(data_dir)
    assert known(data_dir / "grid.db") == before


def test_a_backup_gives_what_a_lost_database_had_of_the_audit(data_dir: Path, tmp_path: Path, noon: int) -> None:
    before, copy = know(data_dir / "grid.db", noon)["audit"], tmp_path / "copy.db"
    back_up(data_dir, copy)
    empty(data_dir / "grid.db")
    restore(data_dir, backup=copy)
    assert known(data_dir / "grid.db")["audit"] == before
    with closing(sqlite3.connect(data_dir / "grid.db")) as db, pytest.raises(sqlite3.IntegrityError, match="audit"):
        db.execute("DELETE FROM audit")


def audit(path: Path) -> list[tuple[int, str]]:
    with closing(sqlite3.connect(path)) as db:
        return db.execute("SELECT audit_id, who FROM audit ORDER BY 1").fetchall()


def order(path: Path, *names: str) -> None:
    columns = "at, who, door, action, subject, why, accepted, sentence"
    sql = f"INSERT INTO audit ({columns}) VALUES (1, ?, 'api', '', '', '', 1, '')"
    with closing(sqlite3.connect(path)) as db, db:
        db.executemany(sql, [(name,) for name in names])


def test_an_audit_that_began_anew_and_the_backup_of_the_one_before_are_both_kept(
    data_dir: Path, tmp_path: Path
) -> None:
    path, copy = data_dir / "grid.db", tmp_path / "copy.db"
    order(path, "ada", "ben", "cy")
    back_up(data_dir, copy)
    path.unlink()
    assert "who ordered what was in the database alone: the audit begins anew" in list(restore(data_dir).sentences())
    assert audit(path) == []
    order(path, "dora")
    done = restore(data_dir, backup=copy)
    assert audit(path) == [(1, "dora"), (2, "ben"), (3, "cy"), (4, "ada")]
    assert done.rebuilt.rows["audit"] == 4
    assert any("1 of the back-up's orders" in sentence for sentence in done.sentences())
    restore(data_dir, backup=copy)
    assert len(audit(path)) == 4


def test_orders_that_are_missing_in_the_audit_are_told(data_dir: Path) -> None:
    path = data_dir / "grid.db"
    order(path, "ada", "ben", "cy")
    with closing(sqlite3.connect(path)) as db, db:
        db.execute("DROP TRIGGER audit_is_not_deleted")
        db.execute("DELETE FROM audit WHERE audit_id = 2")
    assert "audit: of the orders 1 to 3, 1 are lost" in list(restore(data_dir).sentences())


def test_minutes_whose_windows_were_lost_are_marked_to_be_figured_anew(data_dir: Path, noon: int) -> None:
    know(data_dir / "grid.db", noon)
    restore(data_dir)
    with LedgerReader.open(data_dir / "grid.db") as ledger:
        sql = "SELECT turbine_number, (start_at - ?) / 60000000 FROM window_marks WHERE width_seconds = ? ORDER BY 1, 2"
        minutes, quarters = ledger.rows(sql, noon, 60), ledger.rows(sql, noon, 900)
    assert minutes == [(number, minute) for number in (7, 8, 9) for minute in range(17) if (number, minute) != (7, 0)]
    assert quarters == [(7, 0)]


def test_notifications_that_waited_in_a_backup_are_not_sent_again(data_dir: Path, tmp_path: Path, noon: int) -> None:
    know(data_dir / "grid.db", noon)
    back_up(data_dir, tmp_path / "copy.db")
    empty(data_dir / "grid.db")
    restore(data_dir, backup=tmp_path / "copy.db")
    after = known(data_dir / "grid.db")
    assert (len(after["alarms"]), len(after["notifications"])) == (1, 0)


def test_the_outages_of_a_backup_do_not_contradict_those_of_the_database(
    data_dir: Path, tmp_path: Path, noon: int
) -> None:
    know(data_dir / "grid.db", noon)
    back_up(data_dir, tmp_path / "copy.db")
    with closing(sqlite3.connect(data_dir / "grid.db")) as db, db:
        db.execute("UPDATE outage_spans SET from_at = from_at - 10")
    before = known(data_dir / "grid.db")["outage_spans"]
    restore(data_dir, backup=tmp_path / "copy.db")
    assert known(data_dir / "grid.db")["outage_spans"] == before


def test_a_table_without_ids_is_read_from_both_ends_past_its_damage(tmp_path: Path) -> None:
    path = tmp_path / "grid.db"
    Ledger.open(path).close()
    rows = [(number, minute * 60) for number in range(1, 21) for minute in range(500)]
    with closing(sqlite3.connect(path)) as db, db:
        db.executemany("INSERT INTO window_marks (turbine_number, start_at) VALUES (?, ?)", rows)
    garble_the_page_with(path, bytes([10]) + (240 * 60).to_bytes(2, "big"))
    with Salvage(path) as salvage:
        found = list(salvage.rows("window_marks", ["turbine_number", "start_at"]))
    assert len(found) == len(set(found)) > 8_000
    assert set(found) < set(rows)
    assert len(salvage.losses) == 1


def garble_the_page_with(path: Path, content: bytes) -> None:
    place = path.read_bytes().index(content)
    overwrite(path, place // PAGE * PAGE, PAGE)


def test_a_visit_whose_incident_was_lost_ends_and_frees_its_engineer(data_dir: Path) -> None:
    with closing(sqlite3.connect(data_dir / "grid.db")) as db, db:
        db.execute("DELETE FROM incidents")
    restore(data_dir)
    with LedgerReader.open(data_dir / "grid.db") as ledger:
        assert [(found.state, found.ended_at is None) for found in ledger.visits()] == [("released", False)]
        assert ledger.incidents()[0].why == "lost, and rebuilt from its visits"
        assert ledger.invariants() == []


def test_an_incident_whose_visit_was_lost_waits_again(data_dir: Path) -> None:
    with closing(sqlite3.connect(data_dir / "grid.db")) as db, db:
        db.execute("DELETE FROM visits")
    restore(data_dir)
    with LedgerReader.open(data_dir / "grid.db") as ledger:
        assert ledger.incidents()[0].state is IncidentState.WAITING
        assert ledger.events()[0].visit_id is None


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
@pytest.mark.parametrize("lost", ["turbines", "turbines/turbine-7.txt", "grid.db"])
def test_what_root_restores_is_the_monitors_own(data_dir: Path, lost: str) -> None:
    """The monitor runs as a user of its own, and could not open root's database."""
    gone = data_dir / lost
    shutil.rmtree(gone) if gone.is_dir() else gone.unlink()
    for path in (data_dir, *data_dir.rglob("*")):
        os.chown(path, 4711, 4712)
    restore(data_dir)
    restored = [data_dir / "grid.db", data_dir / "turbines", *(data_dir / "turbines").glob("turbine-*.txt")]
    assert {(path.stat().st_uid, path.stat().st_gid) for path in restored} == {(4711, 4712)}


def test_while_a_monitor_works_nothing_is_restored(data_dir: Path) -> None:
    with DataFolderLock(data_dir), pytest.raises(DataFolderInUseError, match="stop it"):
        restore(data_dir)


def test_where_nothing_is_there_is_nothing_to_restore(tmp_path: Path) -> None:
    with pytest.raises(StoreMissingError, match="neither a database nor text files"):
        restore(tmp_path / "nowhere")
    assert not (tmp_path / "nowhere").exists()


def test_a_database_of_a_newer_program_is_left_to_that(data_dir: Path) -> None:
    with closing(sqlite3.connect(data_dir / "grid.db")) as db, db:
        db.execute("UPDATE ledger SET format = 99")
    with pytest.raises(StoreVersionError, match="newer"):
        restore(data_dir)
    assert not list(data_dir.glob("grid.db.*"))


def test_a_restore_that_fails_changes_nothing(data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = data_dir / "grid.db"
    garble_the_middle(path)
    before = path.read_bytes()
    text_file(data_dir, 7).chmod(0)
    if os.access(text_file(data_dir, 7), os.R_OK):  # root reads all the same
        text_file(data_dir, 7).unlink()
        text_file(data_dir, 7).mkdir()
    with pytest.raises(StoreUnavailableError):
        restore(data_dir)
    assert path.read_bytes() == before
    assert not list(data_dir.glob("grid.db.*"))


class CrashError(Exception):
    """The process ends here."""


@pytest.mark.parametrize("renames", range(6))
def test_a_crash_while_the_databases_change_places_is_noticed_and_finished(
    data_dir: Path, reading: MakeReading, monkeypatch: pytest.MonkeyPatch, renames: int
) -> None:
    """Whatever rename is the last one: the old state, or a sentence that names the command which finishes it."""
    before, path, rename = readings(data_dir), data_dir / "grid.db", Path.rename
    path.with_name("grid.db-wal").write_bytes(b"")
    left = renames

    def crash(self: Path, target: Path) -> Path:
        nonlocal left
        left -= 1
        if left < 0:
            raise CrashError
        return rename(self, target)

    with monkeypatch.context() as patched:
        patched.setattr(Path, "rename", crash)
        try:
            restore(data_dir)
        except CrashError:
            pass
        else:
            assert renames == 5
    if 0 < renames < 5:
        for opened in (Ledger.open, LedgerReader.open):
            with pytest.raises(StoreDamagedError, match="run grid-monitor restore to finish it"):
                opened(path)
        done = restore(data_dir)
        assert next(done.sentences()) == "finished the restore that was interrupted"
    assert readings(data_dir) == before
    assert replacement.waiting(path) is None
    assert verify(data_dir).agree


def test_what_an_interrupted_restore_has_left_is_no_obstacle(data_dir: Path) -> None:
    (data_dir / "grid.db.restoring").write_bytes(b"half a database")
    assert restore(data_dir).readings == 3000
    assert not (data_dir / "grid.db.restoring").exists()


def test_only_an_intact_index_and_table_agree_on_a_reading(data_dir: Path) -> None:
    """A flipped bit in a key makes a reading that nobody ever sent: the index doesn't know it."""
    with closing(sqlite3.connect(data_dir / "grid.db")) as db:
        db.execute("PRAGMA writable_schema = ON")
        db.execute("UPDATE sqlite_master SET sql = replace(sql, 'UNIQUE', '') WHERE name = 'readings_identity'")
        db.commit()
        (root,) = db.execute("SELECT rootpage FROM sqlite_master WHERE name = 'readings'").fetchone()
        (found,) = db.execute("SELECT hex(emitted_at) FROM readings WHERE id = 1").fetchone()
    assert root
    assert found
    content = bytearray((data_dir / "grid.db").read_bytes())
    key = (readings_of(data_dir, 8)[0]).to_bytes(8, "big")[2:]
    place = content.index(b"\x08" + (readings_of(data_dir, 8)[0]).to_bytes(8, "big"))
    assert key
    content[place + 8] ^= 1
    (data_dir / "grid.db").write_bytes(content)
    done = restore(data_dir)
    assert (done.readings, done.rebuilt.contradicting) == (3000, 1)


def readings_of(data_dir: Path, turbine_number: int) -> list[int]:
    with Inspection.open(data_dir / "grid.db") as ledger:
        return [reading.emitted_at for page in ledger.in_order_of_time(turbine_number, None, None) for reading in page]


finite = st.floats(allow_nan=False, allow_infinity=False)
maybe = st.none() | finite
moments = st.integers(0, 7_258_118_399_999_999)
ARBITRARY = st.builds(
    Reading,
    turbine_number=st.sampled_from([1, 2, 2_147_483_647]),
    emitted_at=moments,
    wind_speed=finite,
    power_output_in_kwh=finite,
    operational_status=st.sampled_from(OperationalStatus),
    voltage=maybe,
    current=maybe,
    temperature=maybe,
    session=st.none() | st.text(st.characters(exclude_categories=["Cs"]), max_size=32),
    sequence=st.none() | st.integers(0, 2**63 - 1),
    received_at=moments,
)


@settings(max_examples=25, deadline=None, phases=[Phase.explicit, Phase.reuse, Phase.generate])
@given(
    batches=st.lists(st.lists(ARBITRARY, max_size=10), max_size=4), keep=st.sampled_from(["files", "database", "both"])
)
def test_any_readings_come_back_as_they_were(batches: list[list[Reading]], keep: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        data_dir = Path(folder)
        fill(data_dir, *batches)
        before = readings(data_dir)
        if keep == "files":
            empty(data_dir / "grid.db")
        elif keep == "database":
            shutil.rmtree(data_dir / "turbines")
        done: Restored = restoring.restore(data_dir)
        assert readings(data_dir) == before
        assert done.readings == len(before)
        assert list(verify(data_dir).sentences()) == []
