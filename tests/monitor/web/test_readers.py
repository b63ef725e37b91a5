import asyncio
import threading
import time
from pathlib import Path

import pytest
from stores import fill

from grid.metrics import OperationalStatus
from grid.times import SECOND
from monitor.facts import Reading
from monitor.store import DATABASE
from monitor.store.errors import StoreMissingError
from monitor.store.ledger import Ledger
from monitor.store.reader import LedgerReader
from monitor.web.problems import Problem
from monitor.web.readers import Readers


@pytest.fixture
def path(tmp_path: Path) -> Path:
    Ledger.open(tmp_path / DATABASE).close()
    return tmp_path / DATABASE


def reading(second: int) -> Reading:
    at = second * SECOND
    return Reading(7, at, 8.5, 2.25, OperationalStatus.OK, None, None, None, None, None, at)


def endless(reader: LedgerReader) -> object:
    """A question that never ends by itself."""
    return reader._one("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n")


async def test_a_question_is_answered(path: Path) -> None:
    readers = Readers(path)
    assert len(await readers.ask(LedgerReader.ledger_id)) == 8
    readers.close()


async def test_a_question_that_takes_too_long_is_ended_and_says_so(path: Path) -> None:
    readers = Readers(path, answer_within_seconds=0.1)
    began = time.monotonic()
    with pytest.raises(Problem, match=r"longer than 0\.1 s") as slow:
        await readers.ask(endless)
    assert slow.value.status == 503
    assert time.monotonic() - began < 5
    assert await readers.ask(LedgerReader.ledger_id)
    readers.close()


async def test_the_end_of_the_process_waits_for_no_question(path: Path) -> None:
    readers = Readers(path, threads=1, answer_within_seconds=60)
    begun = threading.Event()

    def ask(reader: LedgerReader) -> object:
        begun.set()
        return endless(reader)

    asked = asyncio.create_task(readers.ask(ask))
    await asyncio.to_thread(begun.wait, 10)
    readers.close()
    with pytest.raises(Problem):
        await asyncio.wait_for(asked, 10)


async def test_where_too_many_wait_the_next_is_turned_away(path: Path) -> None:
    readers = Readers(path, threads=1, most_waiting=1)
    go_on = threading.Event()
    asked = [asyncio.create_task(readers.ask(lambda _: go_on.wait(10))) for _ in range(2)]
    await asyncio.sleep(0)
    with pytest.raises(Problem, match="Too many") as refused:
        await readers.ask(LedgerReader.ledger_id)
    assert refused.value.status == 503
    go_on.set()
    assert await asyncio.gather(*asked) == [True, True]
    assert await readers.ask(LedgerReader.ledger_id)
    readers.close()


async def test_who_goes_before_the_answer_leaves_its_place_in_the_line(path: Path) -> None:
    readers = Readers(path, threads=1, most_waiting=1)
    begun, go_on = threading.Event(), threading.Event()

    def wait(_: LedgerReader) -> bool:
        begun.set()
        return go_on.wait(10)

    first = asyncio.create_task(readers.ask(wait))
    second = asyncio.create_task(readers.ask(LedgerReader.ledger_id))
    await asyncio.to_thread(begun.wait, 10)
    second.cancel()
    await asyncio.gather(second, return_exceptions=True)
    third = asyncio.create_task(readers.ask(LedgerReader.ledger_id))
    await asyncio.sleep(0)
    go_on.set()
    assert (await first, len(await third)) == (True, 8)
    readers.close()


async def test_a_database_that_is_missing_is_read_as_soon_as_it_is_there(tmp_path: Path) -> None:
    readers = Readers(tmp_path / DATABASE)
    with pytest.raises(StoreMissingError):
        await readers.ask(LedgerReader.ledger_id)
    Ledger.open(tmp_path / DATABASE).close()
    assert await readers.ask(LedgerReader.ledger_id)
    readers.close()


async def test_a_database_that_took_the_place_of_another_is_read(path: Path, tmp_path: Path) -> None:
    readers = Readers(path)
    before = await readers.ask(LedgerReader.ledger_id)
    Ledger.open(tmp_path / "new.db").close()
    (tmp_path / "new.db").rename(path)
    assert await readers.ask(LedgerReader.ledger_id) != before
    readers.close()


async def test_what_the_monitor_commits_is_seen_by_the_next_question(tmp_path: Path) -> None:
    fill(tmp_path, [reading(1)])
    readers = Readers(tmp_path / DATABASE)
    assert await readers.ask(LedgerReader.last_reading_id) == 1
    fill(tmp_path, [reading(2)])
    assert await readers.ask(LedgerReader.last_reading_id) == 2
    readers.close()
