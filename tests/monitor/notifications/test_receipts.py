"""The courier's journal."""

import threading
from pathlib import Path

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
