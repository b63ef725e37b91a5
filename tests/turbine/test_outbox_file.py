"""The file of the outboxes: what it has after a kill, on a full disk, and for whom."""

import os
import resource
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

import turbine.outbox_file
from grid.errors import CommandError
from turbine.outbox_file import RETRY_SECONDS, Kept, OutboxFile

SESSION = "1800000000000-cafe"


def reading(sequence: int, turbine_number: int = 7, session: str = SESSION) -> bytes:
    return b'{"turbine_number":%d,"session":"%b","sequence":%d}' % (turbine_number, session.encode(), sequence)


def left_in(path: Path, turbine_number: int = 7) -> dict[str, Kept]:
    """What the next start finds; it leaves it there."""
    with OutboxFile(path) as file:
        earlier = file.take_over(turbine_number)
        file.held = lambda: [payload for kept in earlier.values() for payload in kept.payloads]
    return earlier


def killed_after(path: Path, *lines: bytes, forgotten: str = "") -> None:
    """Have a process keep these readings forget what may be forgotten, and kill itself."""
    script = """
import os, signal, sys
from pathlib import Path
from turbine.outbox_file import OutboxFile
path, session, forgotten, *lines = sys.argv[1:]
file = OutboxFile(Path(path))
for line in lines:
    file.keep(line.encode())
if forgotten:
    file.forget(7, session, int(forgotten))
os.kill(os.getpid(), signal.SIGKILL)
"""
    arguments = [str(path), SESSION, forgotten, *(line.decode() for line in lines)]
    ended = subprocess.run([sys.executable, "-c", script, *arguments], cwd=Path(__file__).parents[2], check=False)
    assert ended.returncode == -signal.SIGKILL


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "outbox"


def test_a_killed_process_leaves_its_readings_to_the_next(path: Path) -> None:
    killed_after(path, *(reading(sequence) for sequence in range(5)), forgotten="1")
    assert left_in(path) == {SESSION: Kept(2, [reading(2), reading(3), reading(4)])}


def test_what_is_not_forgotten_stays_however_often_it_is_opened(path: Path) -> None:
    killed_after(path, *(reading(sequence) for sequence in range(3)))
    assert left_in(path) == left_in(path) == {SESSION: Kept(0, [reading(0), reading(1), reading(2)])}


def test_sessions_come_in_the_order_of_their_starts(path: Path) -> None:
    lines = [reading(5, session="z-first"), reading(0, session="a-second"), reading(6, session="z-first")]
    path.write_bytes(b"".join(line + b"\n" for line in lines))
    assert list(left_in(path)) == ["z-first", "a-second"]


def test_readings_of_turbines_that_do_not_run_stay(path: Path) -> None:
    killed_after(path, reading(0), reading(0, turbine_number=8))
    with OutboxFile(path) as file:
        kept = file.take_over(7)[SESSION]
        file.held = lambda: kept.payloads
        assert file.left == 1
    assert left_in(path, 8) == {SESSION: Kept(0, [reading(0, turbine_number=8)])}
    assert left_in(path, 7) == {SESSION: Kept(0, [reading(0)])}


def test_a_file_whose_readings_somebody_took_over_is_not_written_anew_without_them(path: Path) -> None:
    killed_after(path, reading(0))
    with OutboxFile(path) as file:
        file.take_over(7)
    assert path.read_bytes() == reading(0) + b"\n"


def test_a_file_that_nobody_took_over_is_left_as_it_is(path: Path) -> None:
    killed_after(path, reading(0))
    with OutboxFile(path):
        pass
    assert path.read_bytes() == reading(0) + b"\n"


def test_a_torn_last_line_is_cut_off(path: Path) -> None:
    path.write_bytes(reading(0) + b"\n" + reading(1)[:20])
    with OutboxFile(path) as file:
        earlier = file.take_over(7)
        file.keep(reading(0, turbine_number=8))
        assert path.read_bytes() == reading(0) + b"\n" + reading(0, turbine_number=8) + b"\n"
    assert earlier == {SESSION: Kept(0, [reading(0)])}


@pytest.mark.parametrize(
    ("lines", "place"),
    [([b"ten"], 1), ([reading(0), reading(2)], 2), ([reading(0), b'{"turbine_number":7,"session":"a"}'], 2)],
)
def test_a_damaged_file_is_refused_with_the_place(path: Path, lines: list[bytes], place: int) -> None:
    path.write_bytes(b"".join(line + b"\n" for line in lines))
    with pytest.raises(CommandError, match=f"is damaged in line {place}"):
        OutboxFile(path)


def test_a_second_process_is_refused_also_after_the_file_was_written_anew(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(turbine.outbox_file, "REWRITE_BYTES", 1)
    with OutboxFile(path) as file:
        with pytest.raises(CommandError, match="is in use by another process"):
            OutboxFile(path)
        file.held = lambda: [reading(0)]
        file.keep(reading(0))
        with pytest.raises(CommandError, match="is in use by another process"):
            OutboxFile(path)
    OutboxFile(path).__exit__(None, None, None)


def test_a_folder_that_is_not_there_is_one_line(path: Path) -> None:
    with pytest.raises(CommandError, match="can't be used: No such file or directory"):
        OutboxFile(path / "deeper")


def test_the_file_does_not_grow_with_what_is_forgotten(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(turbine.outbox_file, "REWRITE_BYTES", 10_000)
    largest = 0
    with OutboxFile(path) as file:
        for sequence in range(2_000):
            held = reading(sequence)
            file.held = lambda held=held: [held]
            file.keep(held)
            file.forget(7, SESSION, sequence - 1)
            largest = max(largest, path.stat().st_size)
    assert largest < 11_000
    assert left_in(path) == {SESSION: Kept(1_999, [reading(1_999)])}


@contextmanager
def full_disk(size: int) -> Iterator[None]:
    """No file of this process may be larger than so many bytes."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_a_full_disk_is_said_once_and_made_good_when_there_is_room(path: Path) -> None:
    now = 0.0
    said: list[str] = []
    held: list[bytes] = []

    def emit(sequence: int) -> None:
        held.append(reading(sequence))
        file.keep(held[-1])

    with OutboxFile(path, said.append, clock=lambda: now) as file:
        file.held = lambda: held
        emit(0)
        with full_disk(len(reading(0)) + 20):
            for sequence in range(1, 4):
                emit(sequence)
                now += RETRY_SECONDS
            assert file.is_behind
            # What is in the file is whole lines, and the old ones are still there.
            assert path.read_bytes() == reading(0) + b"\n"
        emit(4)
        assert not file.is_behind
        assert path.read_bytes() == b"".join(line + b"\n" for line in held)
    assert said == [
        f"the outbox {path} can't be written: {os.strerror(28)}; readings are in memory only",
        f"the outbox {path} has all readings again",
    ]
    assert sorted(path.parent.iterdir()) == [path]


def test_without_a_path_nothing_is_kept() -> None:
    with OutboxFile() as file:
        file.keep(reading(0))
        file.forget(7, SESSION, 0)
        assert (file.left, file.take_over(7), file.is_behind) == (0, {}, False)
