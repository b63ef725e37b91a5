"""Verify finds every difference between the database and the text files, and none where there is none."""

import json
import shutil
import sqlite3
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
from stores import fill, text_file

from monitor.facts import Changes, Reading
from monitor.store.errors import StoreMissingError, StoreUnavailableError
from monitor.store.ledger import Ledger
from monitor.store.lines import to_line
from monitor.store.reader import LedgerReader
from monitor.store.text_files import TextFiles
from monitor.store.tools import verify as verification
from monitor.store.tools.inspection import Inspection
from monitor.store.tools.line_reader import LineReader
from monitor.store.tools.verify import verify

MakeReading = Callable[..., Reading]


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(verification, "PATIENCE_SECONDS", 0.1)


@pytest.fixture
def data_dir(tmp_path: Path, reading: MakeReading) -> Path:
    """Twenty readings each of the turbines 7, 8 and 9."""
    found = tmp_path / "data"
    fill(found, *([reading(number, second) for number in (7, 8, 9)] for second in range(20)))
    return found


def edit(path: Path, change: Callable[[list[str]], None]) -> None:
    lines = path.read_text().splitlines(keepends=True)
    change(lines)
    path.write_text("".join(lines))


def test_a_store_at_rest_agrees(data_dir: Path) -> None:
    done = verify(data_dir)
    assert (done.agree, done.readings, done.lines, list(done.sentences())) == (True, 60, 60, [])


def test_without_a_database_there_is_nothing_to_compare(tmp_path: Path) -> None:
    with pytest.raises(StoreMissingError):
        verify(tmp_path)


def test_a_missing_line_is_named_with_its_reading(data_dir: Path) -> None:
    edit(text_file(data_dir), lambda lines: lines.__delitem__(slice(3, 8)))
    assert list(verify(data_dir).sentences()) == [
        "turbine 7: 5 readings are in the database, but not in turbine-7.txt: 2026-11-21T12:00:03.000000Z, "
        "2026-11-21T12:00:04.000000Z, 2026-11-21T12:00:05.000000Z, ..."
    ]


def test_a_deleted_file_lacks_all_its_lines(data_dir: Path) -> None:
    text_file(data_dir, 8).unlink()
    done = verify(data_dir)
    assert done.differences[8]["no_line"].count == 20
    assert list(done.differences) == [8]


def test_a_deleted_folder_lacks_all_lines(data_dir: Path) -> None:
    shutil.rmtree(data_dir / "turbines")
    assert {number: kinds["no_line"].count for number, kinds in verify(data_dir).differences.items()} == {
        7: 20,
        8: 20,
        9: 20,
    }


def test_a_reading_that_the_database_lost_is_named_with_its_line(data_dir: Path) -> None:
    with closing(sqlite3.connect(data_dir / "grid.db")) as db, db:
        db.execute("DELETE FROM readings WHERE turbine_number = 7 AND id < 30")
    first, second = verify(data_dir).sentences()
    assert first == "by the books 60 readings are stored, and the database has 50"
    assert second.startswith(
        "turbine 7: 10 lines of turbine-7.txt are not in the database: line 1 (2026-11-21T12:00:00"
    )


def test_a_file_of_a_turbine_that_the_database_does_not_know(data_dir: Path, reading: MakeReading) -> None:
    text_file(data_dir, 1).write_text(to_line(reading(1)))
    assert verify(data_dir).differences[1]["no_reading"].examples == ["line 1 (2026-11-21T12:00:00.000000Z)"]


def test_another_content_is_named_with_its_line(data_dir: Path) -> None:
    def change(lines: list[str]) -> None:
        lines[4] = lines[4].replace('"wind_speed": 8.5', '"wind_speed": 8.6')

    edit(text_file(data_dir), change)
    (sentence,) = verify(data_dir).sentences()
    assert sentence == (
        "turbine 7: 1 lines of turbine-7.txt say other than the database: line 5 (2026-11-21T12:00:04.000000Z)"
    )


def test_repeats_notes_and_lines_of_others_are_told_apart(data_dir: Path, reading: MakeReading) -> None:
    def change(lines: list[str]) -> None:
        lines[2:2] = [lines[1], "a note\n", to_line(reading(8, 3)), "[" * 100_000 + "\n"]

    edit(text_file(data_dir), change)
    kinds = verify(data_dir).differences[7]
    assert {kind: (found.count, found.examples) for kind, found in kinds.items()} == {
        "repeated": (1, ["line 3 (2026-11-21T12:00:01.000000Z)"]),
        "foreign": (3, ["line 4", "line 5", "line 6"]),
    }


def test_a_torn_line_is_named(data_dir: Path) -> None:
    path = text_file(data_dir)
    path.write_bytes(path.read_bytes()[:-10])
    assert list(verify(data_dir).sentences()) == [
        "turbine 7: 1 readings are in the database, but not in turbine-7.txt: 2026-11-21T12:00:19.000000Z",
        "turbine 7: 1 line of turbine-7.txt has no end: line 20",
    ]


def test_lines_in_another_order_are_no_difference(data_dir: Path) -> None:
    edit(text_file(data_dir), lambda lines: lines.reverse())
    assert verify(data_dir).agree


def test_more_differences_than_memory_is_given_are_found_all_the_same(
    data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(verification, "_PAGE", 4)
    monkeypatch.setattr(verification, "_MOST_PENDING", 3)

    def change(lines: list[str]) -> None:
        del lines[:5]
        lines.append(lines.pop(0))

    edit(text_file(data_dir), change)
    done = verify(data_dir)
    assert {
        number: {kind: found.count for kind, found in kinds.items()} for number, kinds in done.differences.items()
    } == {7: {"no_line": 5}}


def test_a_damaged_index_is_found(data_dir: Path) -> None:
    with closing(sqlite3.connect(data_dir / "grid.db")) as db, db:
        (page,) = db.execute("SELECT rootpage FROM sqlite_master WHERE name = 'readings_identity'").fetchone()
        (size,) = db.execute("PRAGMA page_size").fetchone()
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    with (data_dir / "grid.db").open("r+b") as file:
        file.seek((page - 1) * size + size // 2)
        file.write(b"\x00" * (size // 2))
    done = verify(data_dir)
    assert done.damage
    assert next(iter(done.sentences())).startswith("the database is damaged: ")


def test_books_that_do_not_balance_are_found(data_dir: Path) -> None:
    with closing(sqlite3.connect(data_dir / "grid.db")) as db, db:
        db.execute("UPDATE books SET count = count + 1 WHERE name = 'received'")
    assert any("the books do not balance" in sentence for sentence in verify(data_dir).sentences())


def test_what_is_being_written_is_no_difference(
    data_dir: Path, reading: MakeReading, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Readings are committed, and their lines come later, while the two are compared again and again."""
    monkeypatch.setattr(verification, "PATIENCE_SECONDS", 5.0)
    stop, path = threading.Event(), data_dir / "grid.db"

    def write() -> None:
        with Ledger.open(path) as ledger, LedgerReader.open(path) as reader, TextFiles(data_dir, max_open=10) as files:
            files.repair(reader)
            second = 100
            while not stop.is_set():
                batch = [reading(number, second + number / 100) for number in (7, 8, 10)]
                committed = ledger.commit(Changes(readings=batch, counted=Counter(received=len(batch))))
                stop.wait(0.01)
                files.append(committed)
                second += 1

    writer = threading.Thread(target=write)
    writer.start()
    try:
        found = [list(verify(data_dir).sentences()) for _ in range(20)]
    finally:
        stop.set()
        writer.join()
    assert found == [[]] * 20


def test_a_file_that_is_replaced_meanwhile_is_not_taken_for_damaged(tmp_path: Path) -> None:
    path = tmp_path / "lines"
    path.write_text("1\n2\n3\n")
    lines = LineReader(path, 2)
    assert lines.take(1) == [b"1"]
    path.with_suffix(".new").write_text("2\n3\n")
    path.with_suffix(".new").replace(path)
    with pytest.raises(StoreUnavailableError, match="was replaced while it was read"):
        lines.take(1)


@pytest.fixture
def ledger(data_dir: Path) -> Iterator[Inspection]:
    with Inspection.open(data_dir / "grid.db") as opened:
        yield opened


def test_lines_are_what_the_reader_says(ledger: Inspection, data_dir: Path) -> None:
    """The comparison is with the text itself: fields in order, one object a line."""
    (first,) = (reading for _, reading in ledger.readings_after(0, 1))
    assert list(json.loads(text_file(data_dir, first.turbine_number).read_text().splitlines()[0])) == list(
        Reading._fields
    )
