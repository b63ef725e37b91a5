"""The text files say what the database says, whatever happened to either."""

import json
import resource
import shutil
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grid.metrics import OperationalStatus
from monitor.facts import Changes, Committed, Reading
from monitor.store import text_repair
from monitor.store.errors import TextFilesBehindError
from monitor.store.ledger import Ledger
from monitor.store.lines import to_line
from monitor.store.open_files import MOST_OPEN, OpenFiles, make_room_for_open_files
from monitor.store.position import Position
from monitor.store.reader import LedgerReader
from monitor.store.text_files import TextFiles
from monitor.store.text_repair import Repaired

MakeReading = Callable[..., Reading]
NEVER = 1e9
ALWAYS = 0.0


@dataclass
class Store:
    """A ledger and its text files, which can be started again as after an orderly stop or a crash."""

    folder: Path
    ledger: Ledger = field(init=False)
    reader: LedgerReader = field(init=False)
    files: TextFiles = field(init=False)

    def __post_init__(self) -> None:
        self.ledger = Ledger.open(self.folder / "grid.db")
        self.reader = LedgerReader.open(self.folder / "grid.db")
        self.start()

    def start(self, position_every_seconds: float = NEVER) -> Repaired:
        self.files = TextFiles(self.folder, max_open=2, position_every_seconds=position_every_seconds)
        return self.files.repair(self.reader)

    def restart(self) -> Repaired:
        self.files.close()
        return self.start()

    def commit(self, *readings: Reading) -> Committed:
        """Commit, and crash before the text files hear of it."""
        return self.ledger.commit(Changes(readings=list(readings)))

    def store(self, *readings: Reading) -> None:
        self.files.append(self.commit(*readings))

    def path(self, turbine_number: int = 7) -> Path:
        return self.folder / "turbines" / f"turbine-{turbine_number}.txt"

    def expected(self) -> dict[str, str]:
        """What the files should hold, by the database."""
        texts: dict[str, str] = {}
        for _, one in self.reader.readings_after(0, 10**9):
            name = f"turbine-{one.turbine_number}.txt"
            texts[name] = texts.get(name, "") + to_line(one)
        return texts

    def found(self) -> dict[str, str]:
        return {path.name: path.read_text() for path in (self.folder / "turbines").glob("turbine-*.txt")}

    def close(self) -> None:
        self.reader.close()
        self.ledger.close()
        self.files._files.close()  # without the position: as a crash leaves it


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    made = Store(tmp_path / "data")
    yield made
    made.close()


def test_every_reading_is_a_line_in_its_turbines_file_in_order_of_commit(store: Store, reading: MakeReading) -> None:
    store.store(reading(7, 2), reading(8, 1), reading(7, 1))
    store.store(reading(7, 2), reading(7, 3))
    lines = [json.loads(line) for line in store.path().read_text().splitlines()]
    assert [line["emitted_at"][17:19] for line in lines] == ["02", "01", "03"]
    assert list(lines[0]) == list(Reading._fields)
    assert lines[0]["operational_status"] == "ok"
    assert store.found() == store.expected()
    assert store.path().stat().st_mode & 0o777 == 0o644


def test_after_an_orderly_stop_nothing_is_to_do(store: Store, reading: MakeReading) -> None:
    store.store(reading(7), reading(8))
    assert store.restart() == Repaired()
    assert store.found() == store.expected()


def test_what_a_crash_kept_from_the_files_is_written_at_the_start(store: Store, reading: MakeReading) -> None:
    store.store(*(reading(7, second) for second in range(10)))
    store.commit(reading(7, 10), reading(8, 1), reading(7, 11))
    repaired = store.start()
    assert (repaired.appended, repaired.missing, repaired.foreign) == (3, [8], {})
    assert store.found() == store.expected()


def test_lines_beyond_the_position_are_not_written_again(store: Store, reading: MakeReading) -> None:
    store.store(reading(7, 1))
    store.restart()
    store.store(reading(7, 2), reading(7, 3))
    store.commit(reading(7, 4))
    assert store.start() == Repaired(appended=1)
    assert store.found() == store.expected()


@pytest.mark.parametrize("cut", [1, 5, 300, 1000])
@pytest.mark.parametrize("orderly", [True, False])
def test_a_torn_file_is_mended(store: Store, reading: MakeReading, cut: int, *, orderly: bool) -> None:
    store.store(*(reading(7, second) for second in range(4)))
    if orderly:
        store.restart()
    path = store.path()
    path.write_bytes(path.read_bytes()[:-cut])
    repaired = store.start()
    assert repaired.torn == [7]
    assert repaired.appended > 0
    assert store.found() == store.expected()


def test_a_file_cut_between_lines_is_mended(store: Store, reading: MakeReading) -> None:
    store.store(*(reading(7, second) for second in range(4)))
    store.restart()
    path = store.path()
    path.write_text("".join(path.read_text().splitlines(keepends=True)[:2]))
    assert store.start() == Repaired(appended=2)
    assert store.found() == store.expected()


def test_a_deleted_file_is_written_again(store: Store, reading: MakeReading) -> None:
    store.store(reading(7, 1), reading(8, 1), reading(7, 2))
    store.restart()
    store.path(7).unlink()
    assert store.start() == Repaired(appended=2, missing=[7])
    assert store.found() == store.expected()


def test_a_deleted_folder_is_written_again(store: Store, reading: MakeReading) -> None:
    store.store(*(reading(number, second) for second in range(5) for number in (1, 2, 3)))
    store.restart()
    shutil.rmtree(store.folder / "turbines")
    assert store.start() == Repaired(appended=15, missing=[1, 2, 3])
    assert store.found() == store.expected()


@pytest.mark.parametrize(
    "position",
    [
        None,
        b"",
        b"[]",
        b'{"ledger_id": 1}',
        b"\xff",
        b"[" * 100_000,
        b'{"ledger_id": "", "complete_up_to": 1e400, "sizes": {}}',
        b'{"ledger_id": "", "complete_up_to": 1000000000000000000000000000000, "sizes": {}}',
        b'{"ledger_id": "", "complete_up_to": -1, "sizes": {}}',
    ],
)
def test_without_its_position_a_file_is_measured_by_its_last_line(
    store: Store, reading: MakeReading, position: bytes | None
) -> None:
    store.store(reading(7, 1), reading(8, 1), reading(7, 2))
    store.restart()
    store.commit(reading(7, 3))
    file = store.folder / "turbines" / "position.json"
    file.unlink()
    if position is not None:
        file.write_bytes(position)
    assert store.start() == Repaired(appended=1)
    assert store.found() == store.expected()


@pytest.mark.parametrize("orderly", [True, False])
def test_a_foreign_line_is_left_alone_and_reported(store: Store, reading: MakeReading, *, orderly: bool) -> None:
    """The files are an independent witness: the line may be of a reading that the database has lost."""
    store.store(reading(7, 1))
    if orderly:
        store.restart()
    strangers = to_line(reading(7, 500)) + "a note\n"
    with store.path().open("a") as file:
        file.write(strangers)
    store.commit(reading(7, 2))
    repaired = store.start()
    assert (repaired.foreign, repaired.appended) == ({7: 2}, 1)
    assert store.path().read_text() == to_line(reading(7, 1)) + strangers + to_line(reading(7, 2))
    assert "turbine-7.txt has 2 lines that the database doesn't know: left alone" in repaired.sentences()
    assert store.restart().foreign == {}


def test_a_file_that_was_edited_in_the_middle_goes_on_at_its_end(store: Store, reading: MakeReading) -> None:
    store.store(reading(7, 1), reading(7, 2))
    store.files.close()
    edited = "a note of some length\n" + store.path().read_text()
    store.path().write_text(edited)
    store.commit(reading(7, 3))
    assert store.start() == Repaired(appended=1)
    assert store.path().read_text() == edited + to_line(reading(7, 3))


def test_a_file_of_an_unknown_turbine_is_left_alone_and_reported(store: Store, reading: MakeReading) -> None:
    store.store(reading(7, 1))
    store.path(9).write_text(to_line(reading(9, 1)))
    (store.folder / "turbines" / "turbine-0x.txt").write_text("notes")
    repaired = store.restart()
    assert repaired == Repaired(unknown=[9])
    assert store.path(9).read_text() == to_line(reading(9, 1))


def test_files_of_another_database_are_witnesses_too(store: Store, reading: MakeReading, tmp_path: Path) -> None:
    store.store(reading(7, 1), reading(7, 2))
    store.files.close()
    shutil.copytree(store.folder / "turbines", tmp_path / "other" / "turbines")
    other = Store(tmp_path / "other")
    other.commit(reading(7, 2), reading(7, 3))
    repaired = other.start()
    assert (repaired.appended, repaired.foreign) == (1, {})
    assert other.path().read_text() == "".join(to_line(reading(7, second)) for second in (1, 2, 3))
    other.close()


def test_the_position_moves_while_readings_come(store: Store, reading: MakeReading) -> None:
    store.start(position_every_seconds=ALWAYS)
    for second in range(20):
        store.store(*(reading(number, second) for number in range(1, 6)))
    position = Position.load(store.folder / "turbines" / "position.json")
    assert position.complete_up_to > 0
    before = [store.path(number).read_bytes()[:size] for number, size in position.sizes.items()]
    assert sum(text.count(b"\n") for text in before) == position.complete_up_to
    assert all(text.endswith(b"\n") for text in before)


def test_a_stop_while_files_are_brought_to_the_disk_forgets_none(store: Store, reading: MakeReading) -> None:
    store.store(reading(7, 1), reading(8, 1))
    store.store(reading(8, 2), reading(9, 2))
    store.files._take_snapshot()
    store.files.close()
    position = Position.load(store.folder / "turbines" / "position.json")
    assert position.sizes == {number: store.path(number).stat().st_size for number in (7, 8, 9)}


def test_few_files_are_open_however_many_turbines_report(tmp_path: Path) -> None:
    files = OpenFiles(tmp_path, max_open=3)
    before = _open_descriptors()
    for _ in range(3):
        for number in range(1, 20):
            files.append(number, f"{number}\n")
    assert _open_descriptors() - before == 3
    files.close()
    assert _open_descriptors() == before
    assert all(files.path(number).read_text() == f"{number}\n" * 3 for number in range(1, 20))


@pytest.fixture
def open_files_limit() -> Iterator[None]:
    """No more than 300 open files, until one asks for more."""
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (300, before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, before)


@pytest.mark.usefixtures("open_files_limit")
def test_a_process_asks_to_open_more_files_and_leaves_half_of_them_to_others() -> None:
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = make_room_for_open_files()
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    assert soft == min(hard, 2 * MOST_OPEN)
    assert most == soft // 2


def _open_descriptors() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


# --- when the disk of the text files fails, the database goes on


def test_files_that_were_not_compared_yet_take_nothing(store: Store, reading: MakeReading) -> None:
    files = TextFiles(store.folder)
    with pytest.raises(TextFilesBehindError, match="not compared"):
        files.append(store.commit(reading()))


@pytest.fixture
def size_limit() -> Iterator[Callable[[int], None]]:
    """Files of this process may not grow beyond this, as on a disk that is full in the middle of a line."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)

    def limit(size: int) -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))

    yield limit
    resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_a_full_disk_leaves_the_files_behind_until_they_are_repaired(
    store: Store, reading: MakeReading, size_limit: Callable[[int], None]
) -> None:
    store.store(reading(7, 1), reading(8, 1))
    committed = store.commit(reading(8, 2), reading(7, 2), reading(7, 3))
    size_limit(store.path(7).stat().st_size + 100)
    with pytest.raises(TextFilesBehindError, match=r"lack readings: .*; the database has them all"):
        store.files.append(committed)
    size_limit(resource.RLIM_INFINITY)
    assert not store.path(8).read_text().endswith(to_line(reading(8, 2)))
    assert store.files.behind is not None
    with pytest.raises(TextFilesBehindError):
        store.store(reading(7, 4))
    repaired = store.files.repair(store.reader)
    assert set(repaired.torn) <= {7, 8}
    assert repaired.torn
    assert store.files.behind is None
    store.store(reading(7, 5))
    assert store.found() == store.expected()


def test_a_folder_that_is_gone_is_repaired_under_way(store: Store, reading: MakeReading) -> None:
    store.start(position_every_seconds=ALWAYS)
    store.store(reading(7, 1))
    shutil.rmtree(store.folder / "turbines")
    with pytest.raises(TextFilesBehindError, match="No such file"):
        store.store(reading(7, 2), reading(8, 2))
    store.files.repair(store.reader)
    store.store(reading(7, 3))
    assert store.found() == store.expected()


def test_a_repair_on_a_failing_disk_stays_behind(store: Store, reading: MakeReading) -> None:
    store.commit(reading(7, 1))
    shutil.rmtree(store.folder / "turbines")
    (store.folder / "turbines").touch()
    with pytest.raises(TextFilesBehindError):
        store.start()
    assert store.files.behind is not None
    (store.folder / "turbines").unlink()
    store.files.repair(store.reader)
    assert store.found() == store.expected()


def test_a_commit_that_was_left_out_is_noticed(store: Store, reading: MakeReading) -> None:
    store.commit(reading(7, 1))
    with pytest.raises(TextFilesBehindError, match="left out"):
        store.store(reading(7, 2))
    store.files.repair(store.reader)
    assert store.found() == store.expected()


def test_a_commit_that_the_repair_has_written_is_not_written_again(store: Store, reading: MakeReading) -> None:
    committed = store.commit(reading(7, 1), reading(7, 2))
    store.files.repair(store.reader)
    store.files.append(committed)
    store.files.append(store.commit(reading(7, 1)))
    assert store.found() == store.expected()


# --- whatever happens, in whatever order

identities = st.tuples(st.integers(1, 3), st.integers(0, 30))
batches = st.lists(identities, max_size=8)
mishaps = st.one_of(
    st.builds(lambda batch: lambda store: store.commit(*map(_reading, batch)), batches),
    st.builds(
        lambda number, size: lambda store: _cut(store.path(number), size), st.integers(1, 3), st.integers(1, 2000)
    ),
    st.builds(lambda number: lambda store: store.path(number).unlink(missing_ok=True), st.integers(1, 3)),
    st.just(lambda store: (store.folder / "turbines" / "position.json").unlink(missing_ok=True)),
    st.just(lambda store: store.files.close()),
)


def _reading(identity: tuple[int, int]) -> Reading:
    turbine_number, second = identity
    status = OperationalStatus.OK
    return Reading(turbine_number, second * 1_000_000, 8.5, 2.0, status, None, None, None, None, None, 5)


def _cut(path: Path, size: int) -> None:
    if path.exists():
        path.write_bytes(path.read_bytes()[:-size])


@given(st.lists(st.tuples(st.lists(batches, max_size=4), mishaps), max_size=6), st.sampled_from([NEVER, ALWAYS]))
def test_the_files_equal_the_table_after_any_mishap(
    runs: list[tuple[list[list[tuple[int, int]]], Callable[[Store], object]]], position_every_seconds: float
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        store = Store(Path(folder))
        try:
            for stored, mishap in runs:
                for batch in stored:
                    store.store(*map(_reading, batch))
                mishap(store)
                store.files._files.close()
                assert store.start(position_every_seconds).foreign == {}
                assert store.found() == store.expected()
        finally:
            store.close()


@pytest.mark.parametrize("block", [1, 2, 5, 100])
def test_lines_are_found_from_the_last_however_long_they_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, block: int
) -> None:
    monkeypatch.setattr(text_repair, "_BLOCK", block)
    for content in (b"", b"\n", b"torn", b"one\n", b"\n\none, a long one\n\ntwo\ntorn", b"one\ntwo, a long one\n"):
        path = tmp_path / "lines"
        path.write_bytes(content)
        with path.open("rb") as file:
            assert list(text_repair._lines_backwards(file)) == content.splitlines(keepends=True)[::-1]
