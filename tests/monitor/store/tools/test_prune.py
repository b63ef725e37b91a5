"""Pruning deletes what is too old from the database and the text files, and nothing else; the two go on agreeing."""

import asyncio
import shutil
import sqlite3
import time
from collections import Counter
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from stores import fill, text_file

from grid.times import SECOND, format_time
from monitor.control import Answer, control_door
from monitor.control.pruning import MonitorDoor
from monitor.facts import AuditAction, Changes, DeadLetter, Decisions, Door, Incident, Reading, TurbineRecord
from monitor.store.errors import DataFolderInUseError, StoreMissingError, StoreUnavailableError
from monitor.store.lock import DataFolderLock
from monitor.store.prunings import CutFile, Deleted, Slice, read_pruning
from monitor.store.queries.pages import Turn, audit_page
from monitor.store.reader import LedgerReader
from monitor.store.tools import prune as pruning
from monitor.store.tools.prune import OwnDoor, Pruned, count_prunable, prune
from monitor.store.tools.restore import restore
from monitor.store.tools.verify import verify
from monitor.store.writer import StoreThread

MakeReading = Callable[..., Reading]
NOON = 1_795_262_400_000_000 - 400 * 86_400 * SECOND
"""So long ago that all of these tests is in the past."""


def at(second: float) -> int:
    return NOON + round(second * SECOND)


def no_progress(what: str, done: int, total: int) -> None:
    assert done <= total


@pytest.fixture(autouse=True)
def small_slices(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pruning, "_IDS", range(7, 50))


@pytest.fixture
def old(reading: MakeReading) -> Callable[..., Reading]:
    """A reading of that time, received a moment later unless it says when."""

    def make(turbine_number: int, second: float, **fields: object) -> Reading:
        times = {"emitted_at": at(second), "received_at": at(second) + 250} | fields
        return reading(turbine_number)._replace(**times)  # type: ignore[arg-type]

    return make


@pytest.fixture
def data_dir(tmp_path: Path, old: MakeReading) -> Path:
    """A hundred readings each of the turbines 7 and 8; turbine 9 fell silent after the tenth."""
    found = tmp_path / "data"
    fill(found, *([old(n, second) for n in (7, 8, 9) if n < 9 or second < 10] for second in range(100)))
    return found


def prune_alone(data_dir: Path, kept_since: int) -> Pruned:
    with OwnDoor.opened(data_dir) as door:
        return prune(data_dir, kept_since, door, no_progress, by="Ann")


def seconds(data_dir: Path, turbine_number: int) -> list[float]:
    """When the readings in the database were emitted, in order of commit."""
    with LedgerReader.open(data_dir / "grid.db") as ledger:
        found = [reading for _, reading in ledger.readings_after(0, 10**6)]
    return [(one.emitted_at - NOON) / SECOND for one in found if one.turbine_number == turbine_number]


def test_what_is_older_goes_from_both_and_the_newest_of_a_turbine_stays(data_dir: Path) -> None:
    looked = count_prunable(data_dir, at(50), no_progress)
    done = prune_alone(data_dir, at(50))
    assert seconds(data_dir, 7) == list(range(50, 100))
    assert seconds(data_dir, 9) == [9]
    assert looked.readings == done.readings == done.lines == 109
    assert done.files == 3
    assert text_file(data_dir).read_text().count("\n") == 50
    assert list(verify(data_dir).sentences()) == []
    assert not list((data_dir / "turbines").glob("*.pruned"))


def test_a_pruning_is_kept_once_in_the_audit_and_takes_nothing_from_it(data_dir: Path) -> None:
    for limit in (50, 60):
        prune_alone(data_dir, at(limit))
    with LedgerReader.open(data_dir / "grid.db") as ledger:
        kept = [entry for _, entry in audit_page(ledger, Turn(9, newest_first=False)).records]
    assert [(entry.who, entry.door, entry.action, entry.accepted) for entry in kept] == [
        ("Ann", Door.COMMAND_LINE, AuditAction.PRUNE, True)
    ] * 2
    assert [format_time(at(limit)) in entry.sentence for limit, entry in zip((50, 60), kept, strict=True)] == [True] * 2


def test_looking_changes_nothing(data_dir: Path) -> None:
    before = {path: path.read_bytes() for path in data_dir.rglob("*") if path.is_file()}
    count_prunable(data_dir, at(50), no_progress)
    assert {path: path.read_bytes() for path in data_dir.rglob("*") if path.is_file()} == before


def test_an_old_reading_that_came_late_is_kept(data_dir: Path, old: MakeReading) -> None:
    fill(data_dir, [old(7, 3.5, received_at=at(120))])
    prune_alone(data_dir, at(50))
    assert seconds(data_dir, 7) == [*range(50, 100), 3.5]
    assert verify(data_dir).agree


def test_readings_stay_until_the_window_made_of_them_is_figured(data_dir: Path) -> None:
    with closing(sqlite3.connect(data_dir / "grid.db")) as db, db:
        db.execute("INSERT INTO window_marks (turbine_number, start_at) VALUES (7, ?)", [at(0) - at(0) % (60 * SECOND)])
    assert count_prunable(data_dir, at(50), no_progress).readings == 50 + 9
    prune_alone(data_dir, at(50))
    assert (seconds(data_dir, 7), seconds(data_dir, 8)) == ([*range(100)], [*range(50, 100)])
    assert verify(data_dir).agree
    with closing(sqlite3.connect(data_dir / "grid.db")) as db, db:
        db.execute("DELETE FROM window_marks")
    prune_alone(data_dir, at(50))
    assert seconds(data_dir, 7) == [*range(50, 100)]
    assert verify(data_dir).agree


def test_the_reading_that_a_turbine_is_believed_by_is_kept(data_dir: Path) -> None:
    """Its clock ran ahead and was corrected: the newest that counts is not the latest."""
    believed = TurbineRecord(9, at(0), emitted_at=at(4), received_at=at(4))
    fill(data_dir, also=Changes(turbines=[believed]))
    prune_alone(data_dir, at(50))
    assert seconds(data_dir, 9) == [4, 9]
    assert verify(data_dir).agree


def test_no_id_is_given_twice_when_all_is_old(data_dir: Path, old: MakeReading) -> None:
    """The last commit was of an old reading: if its id went, the next reading would take it."""
    fill(data_dir, [old(7, 0.5)])
    prune_alone(data_dir, at(1000))
    assert seconds(data_dir, 7) == [99, 0.5]
    fill(data_dir, [old(7, 2000)])
    assert verify(data_dir).agree


def test_old_dead_letters_go_and_incidents_stay(
    data_dir: Path, dead_letter: Callable[..., DeadLetter], incident: Callable[..., Incident]
) -> None:
    letters = [dead_letter(detail=str(number)) for number in range(20)]
    moved = [letter.__class__(at(n), *(getattr(letter, name) for name in _REST)) for n, letter in enumerate(letters)]
    decisions = Decisions(incidents=[incident(opened_at=at(0))])
    fill(data_dir, also=Changes(dead_letters=moved, decisions=decisions, counted=Counter(received=20)))
    done = prune_alone(data_dir, at(5))
    assert done.dead_letters == 5
    with LedgerReader.open(data_dir / "grid.db") as ledger:
        assert [letter.received_at for letter in ledger.dead_letters(newest=50)][-1] == at(5)
        assert len(ledger.incidents(open_only=True)) == 1
        assert ledger.invariants() == []


_REST = ("topic", "payload", "size", "reason", "detail")


def test_foreign_lines_stay(data_dir: Path) -> None:
    path = text_file(data_dir)
    path.write_text("a note\n" + path.read_text())
    prune_alone(data_dir, at(50))
    assert path.read_text().startswith("a note\n")
    assert path.read_text().count("\n") == 51


def test_files_keep_their_mode(data_dir: Path) -> None:
    text_file(data_dir).chmod(0o640)
    prune_alone(data_dir, at(50))
    assert text_file(data_dir).stat().st_mode & 0o777 == 0o640


class InterruptedPruneError(Exception):
    """The command ends here."""


class DoorThatCloses(OwnDoor):
    """Does so many parts, and then the process ends."""

    parts = 0

    def delete(self, part: Slice) -> Deleted:
        self._count()
        return super().delete(part)

    def replace(self, cut: CutFile) -> None:
        self._count()
        super().replace(cut)

    def _count(self) -> None:
        if self.parts == 0:
            raise InterruptedPruneError
        self.parts -= 1


@pytest.mark.parametrize("parts", range(7))
def test_an_interrupted_pruning_leaves_both_in_agreement_and_is_finished_by_the_next(
    data_dir: Path, old: MakeReading, parts: int
) -> None:
    with DoorThatCloses.opened(data_dir) as door:
        assert isinstance(door, DoorThatCloses)
        door.parts = parts
        with pytest.raises(InterruptedPruneError):
            prune(data_dir, at(50), door, no_progress, by="Ann")
    assert list(verify(data_dir).differences) == []
    assert verify(data_dir).agree
    fill(data_dir, [old(7, 200), old(8, 200)])
    assert verify(data_dir).agree
    prune_alone(data_dir, at(50))
    assert (seconds(data_dir, 7), seconds(data_dir, 9)) == ([*range(50, 100), 200], [9])
    assert list(verify(data_dir).sentences()) == []


def test_lines_that_were_not_cut_yet_are_no_difference_and_are_told_of(data_dir: Path) -> None:
    kept = text_file(data_dir).read_text()
    prune_alone(data_dir, at(50))
    text_file(data_dir).write_text(kept)
    done = verify(data_dir)
    assert (done.agree, done.pruned_lines) == (True, 50)
    assert "50 lines of pruned readings are still in the text files" in next(done.sentences())


def test_a_restore_does_not_bring_back_what_was_pruned(data_dir: Path) -> None:
    kept = text_file(data_dir).read_text()
    prune_alone(data_dir, at(50))
    text_file(data_dir).write_text(kept)
    done = restore(data_dir)
    assert done.readings == 101
    assert seconds(data_dir, 9) == [9]
    assert verify(data_dir).agree


@pytest.mark.parametrize("position", ["kept", "lost"])
def test_a_crash_right_after_a_file_was_replaced_repeats_no_line(
    data_dir: Path, old: MakeReading, position: str
) -> None:
    with OwnDoor.opened(data_dir) as door:
        door.delete(Slice(table="readings", kept_since=at(50), after=0, up_to=10**6))
        cut = _cut(data_dir, door)
        assert cut.written < cut.read
        shutil.copy(data_dir / "turbines" / "position.json", data_dir / "then.json")
    if position == "kept":
        (data_dir / "then.json").replace(data_dir / "turbines" / "position.json")
    else:
        (data_dir / "turbines" / "position.json").unlink()
    fill(data_dir, [old(7, 300)])
    assert list(verify(data_dir).differences) == []
    assert text_file(data_dir).read_text().count("\n") == 51


def _cut(data_dir: Path, door: OwnDoor) -> CutFile:
    path = text_file(data_dir)
    new = path.with_name(f"{path.name}.pruned")
    with path.open("rb") as file:
        cut, _ = pruning._write_without(file, new, 7, at(50), set())
    door.replace(cut)
    return cut


def test_a_file_that_is_not_the_one_that_was_cut_is_not_replaced(data_dir: Path) -> None:
    with OwnDoor.opened(data_dir) as door:
        path = text_file(data_dir)
        new = path.with_name(f"{path.name}.pruned")
        new.write_text("")
        before = path.read_text()
        found = path.stat()
        for wrong in ({"inode": found.st_ino + 1}, {"written": 5}):
            cut = CutFile(turbine_number=7, inode=found.st_ino, read=found.st_size, written=0).model_copy(update=wrong)
            with pytest.raises(StoreUnavailableError, match="prune again"):
                door.replace(cut)
        assert path.read_text() == before


def test_beside_a_monitor_nobody_else_writes(data_dir: Path) -> None:
    with DataFolderLock(data_dir), pytest.raises(DataFolderInUseError), OwnDoor.opened(data_dir):
        pass


def test_without_a_database_nothing_is_made(tmp_path: Path) -> None:
    with pytest.raises(StoreMissingError), OwnDoor.opened(tmp_path / "nowhere"):
        pass
    assert not (tmp_path / "nowhere").exists()


def test_a_limit_in_the_future_deletes_nothing_that_is_new(data_dir: Path, old: MakeReading) -> None:
    coming = time.time_ns() // 1000 + 60 * SECOND
    fill(data_dir, [old(7, 0.5, received_at=coming), old(7, 1.5, received_at=coming)])
    prune_alone(data_dir, coming * 2)
    assert seconds(data_dir, 7) == [99, 0.5, 1.5]


@pytest.fixture
def many(tmp_path: Path, old: MakeReading) -> Path:
    found = tmp_path / "many"
    fill(
        found, *([old(n, second / 10) for n in range(1, 21) for second in range(k, k + 50)] for k in range(0, 500, 50))
    )
    return found


async def test_the_running_monitor_prunes_while_it_takes_readings(
    many: Path, old: MakeReading, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Readings are committed all the time; none is lost, and none waits for long."""
    monkeypatch.setattr(pruning, "_IDS", range(500, 20_000))
    async with (
        StoreThread(many, lambda sentence: None) as store,
        control_door(many, lambda asked: _serve(store, asked)),
    ):
        with DataFolderLock(many):
            work = asyncio.create_task(asyncio.to_thread(prune, many, at(40), MonitorDoor(many), no_progress, by="Ann"))
            committed = 0
            while not work.done() or committed < 50:
                batch = [old(n, 1000 + committed) for n in range(1, 21)]
                await store.commit(Changes(readings=batch, counted=Counter(received=len(batch))))
                committed += 1
                await asyncio.sleep(0)
            done = await work
    assert (done.readings, done.lines, done.files) == (20 * 400, 20 * 400, 20)
    with closing(sqlite3.connect(many / "grid.db")) as db:
        assert db.execute("SELECT count(*) FROM readings").fetchone() == (20 * (100 + committed),)
    assert list(verify(many).sentences()) == []
    fill(many, [old(1, 9000)])
    assert verify(many).agree


async def _serve(store: StoreThread, request: Answer) -> Answer:
    part = read_pruning(request)
    assert part is not None
    deleted = await store.prune(part)
    return {"accepted": True} | ({} if deleted is None else deleted._asdict())


def test_of_two_at_once_the_second_is_refused(data_dir: Path) -> None:
    """Both would write the same new text files, and the monitor would be handed a mixture."""
    refused: list[str] = []

    def begin_another(what: str, done: int, total: int) -> None:
        with pytest.raises(StoreUnavailableError, match="another grid-monitor prune is at work"):
            prune(data_dir, at(50), door, no_progress, by="Ann")
        refused.append(what)

    with OwnDoor.opened(data_dir) as door:
        assert prune(data_dir, at(50), door, begin_another, by="Ann").readings == 109
    assert "cutting text files" in refused


async def test_what_the_monitor_refuses_is_told(data_dir: Path) -> None:
    async def refuse(request: Answer) -> Answer:
        return {"accepted": False, "sentence": "the disk is full"}

    async with control_door(data_dir, refuse):
        with pytest.raises(StoreUnavailableError, match="goes on when it is run again: the disk is full"):
            await asyncio.to_thread(prune, data_dir, at(50), MonitorDoor(data_dir), no_progress, by="Ann")
