"""The store on its thread: the database goes on whatever becomes of the text files, and a person hears of it once."""

import asyncio
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from monitor.facts import Changes, Reading
from monitor.store import writer
from monitor.store.reader import LedgerReader
from monitor.store.writer import StoreThread

MakeReading = Callable[..., Reading]


def disk_of_text_files_fails(data_dir: Path) -> None:
    """What stands where the folder should be is a file."""
    shutil.rmtree(data_dir / "turbines")
    (data_dir / "turbines").touch()


async def test_text_files_that_fail_are_told_of_once_and_do_not_stop_the_database(
    tmp_path: Path, reading: MakeReading, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writer, "CATCH_UP_EVERY_SECONDS", 0.0)
    said: list[str] = []
    async with StoreThread(tmp_path, said.append) as store:
        disk_of_text_files_fails(tmp_path)
        for second in range(5):
            committed = await store.commit(Changes(readings=[reading(second=second)]))
            assert len(committed.stored) == 1
        assert len(said) == len(set(said))
        assert "lack readings" in said[0]
        said.clear()
        (tmp_path / "turbines").unlink()
        await store.commit(Changes(readings=[reading(second=5)]))
        assert said == ["6 readings were missing in the text files: written"]
    assert len((tmp_path / "turbines" / "turbine-7.txt").read_text().splitlines()) == 6


async def test_a_commit_whose_caller_is_cancelled_is_whole(tmp_path: Path, reading: MakeReading) -> None:
    """It goes on in its thread, and the store is closed after it."""
    readings = [reading(second=second) for second in range(5000)]
    async with StoreThread(tmp_path, lambda sentence: None) as store:
        committing = asyncio.create_task(store.commit(Changes(readings=readings)))
        await asyncio.sleep(0)
        async with asyncio.timeout(10):
            while not committing.done() and store._thread._work_queue.qsize():
                await asyncio.sleep(0)
        committing.cancel()
        await asyncio.wait([committing])
        assert committing.cancelled()
    with LedgerReader.open(tmp_path / "grid.db") as reader:
        assert reader.last_reading_id() == 5000
    assert len((tmp_path / "turbines" / "turbine-7.txt").read_text().splitlines()) == 5000


async def test_a_store_that_cannot_be_opened_leaves_no_thread(tmp_path: Path) -> None:
    (tmp_path / "grid.db").write_bytes(b"this is no database " * 1000)
    store = StoreThread(tmp_path, lambda sentence: None)
    with pytest.raises(Exception, match="is no database"):
        await store.__aenter__()
    with pytest.raises(RuntimeError, match="after shutdown"):
        await store.load()
