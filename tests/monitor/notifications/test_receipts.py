"""The courier's journal."""

import resource
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from monitor.notifications.receipts import JOURNAL, Receipts


def test_a_receipt_is_there_for_the_next_courier(tmp_path: Path) -> None:
    with Receipts(tmp_path) as receipts:
        receipts.add("grid-1-7")
    with Receipts(tmp_path) as receipts:
        assert "grid-1-7" in receipts
        assert "grid-1-8" not in receipts


def test_a_receipt_that_a_crash_cut_off_is_none_and_spoils_no_other(tmp_path: Path) -> None:
    with Receipts(tmp_path) as receipts:
        receipts.add("first")
    with (tmp_path / JOURNAL).open("ab") as file:
        file.write(b'{"receipt": "sec')
    with Receipts(tmp_path) as receipts:
        receipts.add("third")
    with Receipts(tmp_path) as receipts:
        assert [key in receipts for key in ("first", "sec", "second", "third")] == [True, False, False, True]


def test_the_next_courier_waits_until_the_journal_is_free(tmp_path: Path) -> None:
    first = Receipts(tmp_path)
    found: list[bool] = []

    def follow() -> None:
        with Receipts(tmp_path) as receipts:
            found.append("late" in receipts)

    waiting = threading.Thread(target=follow)
    waiting.start()
    first.add("late")
    assert found == []
    first.close()
    waiting.join()
    assert found == [True]


def test_a_journal_does_not_grow_without_end(tmp_path: Path) -> None:
    with Receipts(tmp_path, most_kept=20) as receipts:
        for number in range(35):
            receipts.add(str(number))
        kept = [number for number in range(35) if str(number) in receipts]
    with Receipts(tmp_path, most_kept=20) as receipts:
        assert [number for number in range(35) if str(number) in receipts] == kept == list(range(22, 35))
    assert len((tmp_path / JOURNAL).read_text().splitlines()) == len(kept)


@contextmanager
def no_file_grows_beyond(size: int) -> Iterator[None]:
    """As on a disk that is full: of what is written, what has room is taken."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_receipts_that_a_full_disk_did_not_take_are_written_when_it_has_room(tmp_path: Path) -> None:
    with Receipts(tmp_path) as receipts:
        receipts.add("first")
        with no_file_grows_beyond((tmp_path / JOURNAL).stat().st_size + 5), pytest.raises(OSError, match="too large"):
            receipts.add("second")
        assert "second" in receipts
        receipts.add("third")
    with Receipts(tmp_path) as receipts:
        assert [key in receipts for key in ("first", "second", "third")] == [True, True, True]
