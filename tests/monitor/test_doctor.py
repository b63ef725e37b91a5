"""What the doctor says, where it can be said without a running farm."""

import asyncio
import ssl
import subprocess
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from grid.errors import ExitCode
from monitor.books import Balance
from monitor.control import Answer, control_door
from monitor.doctor import Finding, examine, exit_code
from monitor.facts import Changes, SequenceChanges, SequenceRecord
from monitor.secure.folder import create
from monitor.settings import MonitorSettings
from monitor.store.ledger import Ledger

EMPTY = Balance(received=0, stored=0, duplicate=0, rejected=0)


@pytest.fixture
def settings(tmp_path: Path, free_port: int) -> MonitorSettings:
    """A data folder with capital letters in its name, and no broker."""
    data_dir = tmp_path / "Data of KWF"
    return MonitorSettings(data_dir=data_dir, broker_host="127.0.0.1", broker_port=free_port, http_port=0)


async def findings(settings: MonitorSettings) -> dict[str, Finding]:
    return {finding.name: finding for finding in await asyncio.to_thread(examine, settings)}


async def test_an_empty_folder_is_no_fault_but_nothing_runs_there(settings: MonitorSettings) -> None:
    found = await findings(settings)
    unhealthy = {name for name, finding in found.items() if not finding.healthy}
    assert unhealthy == {"broker", "monitor"}
    assert found["monitor"].sentence == f"No monitor runs on {settings.data_dir}."
    assert exit_code(list(found.values())) is ExitCode.BROKER_UNREACHABLE
    assert not settings.data_dir.exists()


async def test_a_monitor_that_waits_for_its_broker_is_told_with_the_time(settings: MonitorSettings) -> None:
    async def serve(request: Answer) -> Answer:
        started = {"started_at": "2026-11-21T12:00:00Z", "connected": False, "connection_since": None}
        return {"health": {**started, "store_error": None, "store_error_since": None, "balance": asdict(EMPTY)}}

    settings.data_dir.mkdir()
    async with control_door(settings.data_dir, serve):
        monitor = (await findings(settings))["monitor"]
    assert monitor.sentence == ("The monitor runs, but is not connected to its broker (since 2026-11-21T12:00:00Z).")
    assert monitor.code is ExitCode.UNHEALTHY


async def test_a_monitor_that_turns_turbines_away_is_warned_of(settings: MonitorSettings) -> None:
    async def serve(request: Answer) -> Answer:
        since, too_many = "2026-11-21T12:00:00Z", "turbine 7 is one too many: --max-turbines is 6"
        running = {"started_at": since, "connected": True, "connection_since": since, "turned_away": too_many}
        return {"health": {**running, "store_error": None, "store_error_since": None, "balance": asdict(EMPTY)}}

    settings.data_dir.mkdir()
    async with control_door(settings.data_dir, serve):
        monitor = (await findings(settings))["monitor"]
    assert (monitor.healthy, monitor.warns) == (True, True)
    assert monitor.sentence.endswith("But turbine 7 is one too many: --max-turbines is 6.")


async def test_pages_that_are_not_wanted_are_no_fault(settings: MonitorSettings) -> None:
    assert (await findings(settings))["pages"] == Finding("pages", "No pages are wanted: http_port is 0.")


async def test_pages_are_missed_only_while_a_monitor_runs(settings: MonitorSettings, free_port: int) -> None:
    async def serve(request: Answer) -> Answer:
        since = "2026-11-21T12:00:00Z"
        connection = {"started_at": since, "connected": True, "connection_since": since}
        return {"health": {**connection, "store_error": None, "store_error_since": None, "balance": asdict(EMPTY)}}

    wanted = settings.model_copy(update={"http_port": free_port})
    assert (await findings(wanted))["pages"].healthy
    wanted.data_dir.mkdir()
    async with control_door(wanted.data_dir, serve):
        missed = (await findings(wanted))["pages"]
    assert not missed.healthy
    assert missed.sentence.startswith(f"The pages at http://127.0.0.1:{free_port} do not answer: ")


async def test_pages_over_tls_are_told_by_their_own_certificate(settings: MonitorSettings, tmp_path: Path) -> None:
    own, foreign = (create(tmp_path / name, ["wind.example"], []).path / "https" for name in ("own", "foreign"))
    (tmp_path / "health").mkdir()
    (tmp_path / "health" / "live").write_text("ok", encoding="utf-8")
    with https_server(tmp_path, own) as port:
        everywhere = settings.model_copy(update={"http_port": port, "http_host": "0.0.0.0"})
        seen = [
            (await findings(everywhere.model_copy(update={"http_certfile": folder / "site.crt"})))["pages"].sentence
            for folder in (own, foreign)
        ]

    at = f"https://127.0.0.1:{port}"
    assert seen == [f"The pages at {at} answer.", f"Nobody serves pages at {at}; the monitor does while it runs."]


@contextmanager
def https_server(folder: Path, certified: Path) -> Iterator[int]:
    """A server of a folder's files, as the name that a certificate is for; yields its port."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certified / "site.crt", certified / "site.key")
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(SimpleHTTPRequestHandler, directory=str(folder))) as server:
        server.socket = context.wrap_socket(server.socket, server_side=True)
        serving = threading.Thread(target=server.serve_forever, args=(0.02,))
        serving.start()
        yield server.server_port
        server.shutdown()
        serving.join()


async def test_a_database_in_order_is_told_with_its_readings(settings: MonitorSettings) -> None:
    Ledger.open(settings.data_dir / "grid.db").close()
    database = (await findings(settings))["database"]
    assert database.healthy
    assert "holds 0 readings" in database.sentence


async def test_a_file_that_is_no_database_is_told_by_its_name(settings: MonitorSettings) -> None:
    settings.data_dir.mkdir()
    path = settings.data_dir / "grid.db"
    path.write_bytes(b"this is no database " * 1000)
    database = (await findings(settings))["database"]
    assert not database.healthy
    assert database.sentence.startswith(f"The database {path} is no database")


async def test_a_database_that_the_monitor_cannot_write_is_not_called_writable(settings: MonitorSettings) -> None:
    async def serve(request: Answer) -> Answer:
        since = "2026-11-21T12:00:00Z"
        store = {"store_error": "the database grid.db is locked by another program", "store_error_since": since}
        connection = {"started_at": since, "connected": True, "connection_since": since}
        return {"health": {**connection, **store, "balance": asdict(EMPTY)}}

    Ledger.open(settings.data_dir / "grid.db").close()
    async with control_door(settings.data_dir, serve):
        database = (await findings(settings))["database"]
    assert not database.healthy
    assert database.sentence.endswith(
        "is consistent, and holds 0 readings, but the running monitor can't write it: "
        "the database grid.db is locked by another program."
    )


@pytest.fixture
def full_disk(settings: MonitorSettings) -> Iterator[Path]:
    """The data folder on a disk without room, with a database and a folder for text files."""
    folder = settings.data_dir
    folder.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "grid", folder], capture_output=True).returncode:
        pytest.skip("a small disk can be mounted by root only")
    Ledger.open(folder / "grid.db").close()
    (folder / "turbines").mkdir()
    with (folder / "ballast").open("wb", buffering=0) as ballast, suppress(OSError):
        while True:
            ballast.write(bytes(4096))
    yield folder
    subprocess.run(["umount", folder], check=True)


async def test_on_a_full_disk_nothing_is_called_writable(settings: MonitorSettings, full_disk: Path) -> None:
    found = await findings(settings)
    assert not any(found[name].healthy for name in ("database", "text_files", "disk"))
    assert found["database"].sentence.endswith("holds 0 readings, but can't grow: the disk is full.")
    assert found["text_files"].sentence == f"The text files in {full_disk / 'turbines'} can't grow: the disk is full."


async def test_a_data_folder_whose_name_is_too_long_is_told_of(settings: MonitorSettings) -> None:
    settings.data_dir.mkdir()
    settings = settings.model_copy(update={"data_dir": settings.data_dir / ("d" * 300)})
    database = (await findings(settings))["database"]
    assert not database.healthy
    assert database.sentence.endswith("can't be opened: File name too long.")


async def books_of(settings: MonitorSettings, running: Balance) -> Finding:
    async def serve(request: Answer) -> Answer:
        fine = {"connected": True, "connection_since": "", "store_error": None}
        return {"health": {**fine, "balance": asdict(running)}}

    async with control_door(settings.data_dir, serve):
        return (await findings(settings))["books"]


async def test_the_books_are_told_with_what_is_still_under_way(settings: MonitorSettings) -> None:
    with Ledger.open(settings.data_dir / "grid.db") as ledger:
        ledger.commit(Changes(counted=Counter(received=0)))
    books = await books_of(settings, Balance(received=1250, stored=0, duplicate=0, rejected=0, pending=1250))
    assert books.healthy
    assert books.sentence == (
        "The books balance: 1,250 received = 0 stored + 0 duplicate + 0 rejected + 1,250 pending."
    )


async def test_books_that_do_not_balance_are_unhealthy(settings: MonitorSettings) -> None:
    with Ledger.open(settings.data_dir / "grid.db") as ledger:
        ledger.commit(Changes(counted=Counter(received=1)))
    books = (await findings(settings))["books"]
    assert not books.healthy
    assert books.sentence == (
        "The books do not balance: 1 received is not 0 stored + 0 duplicate + 0 rejected + 0 pending."
    )


async def test_books_that_do_not_balance_in_the_running_monitor_are_unhealthy(settings: MonitorSettings) -> None:
    Ledger.open(settings.data_dir / "grid.db").close()
    books = await books_of(settings, Balance(received=3, stored=2, duplicate=0, rejected=0))
    assert not books.healthy
    assert "running monitor's books do not balance: 3 received is not 2 stored" in books.sentence


async def test_gaps_are_named_and_are_no_fault_of_the_monitors(settings: MonitorSettings) -> None:
    record = SequenceRecord(7, "s-1", 20, 0, "5-9,12", 6, heard_at=0)
    with Ledger.open(settings.data_dir / "grid.db") as ledger:
        ledger.commit(Changes(sequences=SequenceChanges([record]), counted=Counter(gaps_opened=8, gaps_closed=2)))
    gaps = (await findings(settings))["gaps"]
    assert gaps.healthy
    assert gaps.sentence.startswith("Missing now: 6 readings: turbine 7 lacks 6 (5-9,12 of s-1).")
    assert "8 were skipped; 2 came later, 0 are given up." in gaps.sentence
