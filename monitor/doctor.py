"""Is all well around the monitor? Each answer is a sentence."""

import asyncio
import os
import platform
import shutil
import time
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from http.client import HTTPException
from importlib.metadata import version
from pathlib import Path
from typing import TypeVar

from grid.connection import Broker, BrokerLostError
from grid.errors import ExitCode
from grid.times import SECOND, format_time
from monitor import DISTRIBUTION
from monitor.books import Balance
from monitor.console.gaps import gaps_in_sentences
from monitor.control import Answer, NoMonitorError, ask
from monitor.health import LEAST_FREE_BYTES
from monitor.http_access import address_from_here
from monitor.intake.canary import ask_around
from monitor.settings import MonitorSettings
from monitor.store import DATABASE
from monitor.store.errors import StoreError, StoreMissingError
from monitor.store.reader import LedgerReader
from monitor.store.writer import SQLITE_VERSION

LEAST_FOR_A_COMMIT_BYTES = 64 * 1024
EARLIEST_PLAUSIBLE_YEAR = 2025
PAGES_WITHIN_SECONDS = 2.0
_NO_PROXY = urllib.request.ProxyHandler({})

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Finding:
    """What one look found. `code` is the exit code that it asks for."""

    name: str
    sentence: str
    code: ExitCode = ExitCode.FINE
    warns: bool = False
    """Nothing is wrong yet."""

    @property
    def healthy(self) -> bool:
        """Whether nothing is wrong."""
        return self.code is ExitCode.FINE


def examine(settings: MonitorSettings) -> list[Finding]:
    """Look at everything once; never raises for what is wrong, and changes nothing."""
    data_dir = settings.data_dir
    health = _health(data_dir)
    looks: list[Callable[[], Finding]] = [
        _versions,
        lambda: _broker(settings.broker()),
        lambda: _monitor(data_dir, health),
        lambda: _pages(settings, health),
        lambda: _database(data_dir, health),
        lambda: _books(data_dir, health),
        lambda: _gaps(data_dir),
        lambda: _text_files(data_dir),
        lambda: _disk(data_dir),
        lambda: _clock(data_dir),
    ]
    if settings.broker().tls is not None or settings.http_certfile is not None:
        looks.append(lambda: _expiry(settings))
    return [look() for look in looks]


def exit_code(findings: list[Finding]) -> ExitCode:
    """The gravest: an unreachable broker before anything else that is unhealthy."""
    return max((finding.code for finding in findings), default=ExitCode.FINE)


def _versions() -> Finding:
    return Finding(
        "versions",
        f"Grid {version(DISTRIBUTION)}, Python {platform.python_version()}, "
        f"SQLite {SQLITE_VERSION}, mqtt5 {version('mqtt5')}, aiomqtt {version('aiomqtt')}.",
    )


def _broker(broker: Broker) -> Finding:
    started = time.monotonic()
    try:
        echo = asyncio.run(ask_around(broker))
    except (BrokerLostError, OSError) as error:
        return Finding("broker", f"The broker at {broker} can't be reached: {error}.", ExitCode.BROKER_UNREACHABLE)
    if not echo.heard:
        sentence = (
            f"The broker at {broker} answers, but the canary was not heard: what is published on grid/# is not "
            "delivered. Look at its access control list."
        )
        return Finding("broker", sentence, ExitCode.UNHEALTHY)
    took = (time.monotonic() - started) * 1000
    if echo.monitor is None:
        return Finding("broker", f"The broker at {broker} answers, the canary was heard, and no monitor answered it.")
    return Finding(
        "broker", f"The broker at {broker} answers; the canary and {echo.monitor} were heard in {took:.0f} ms."
    )


def _expiry(settings: MonitorSettings) -> Finding:
    """Whether one that the monitor works with ends soon, be it its own, the pages' or the broker's."""
    from monitor.secure.ends import endings, outlook

    files = (settings.cafile, settings.certfile, settings.http_certfile)
    found = outlook(endings(files, settings.broker()), datetime.now(UTC))
    code = ExitCode.UNHEALTHY if found.has_ended else ExitCode.FINE
    return Finding("expiry", found.sentence, code, warns=found.ends_soon)


def _health(data_dir: Path) -> Answer | NoMonitorError:
    """What the running monitor says of itself, or why there is no such word."""
    try:
        health: Answer = ask(data_dir, {"ask": "health"})["health"]
    except NoMonitorError as error:
        return error
    return health


def _monitor(data_dir: Path, health: Answer | NoMonitorError) -> Finding:
    if isinstance(health, NoMonitorError):
        return Finding("monitor", _sentence(health), ExitCode.UNHEALTHY)
    if health["store_error"] is not None:
        sentence = f"The monitor can't store since {health['store_error_since']}: {health['store_error']}."
        return Finding("monitor", sentence, ExitCode.UNHEALTHY)
    if not health["connected"]:
        since = health["connection_since"] or health["started_at"]
        because = f": {error}" if (error := health.get("connection_error")) else ""
        sentence = f"The monitor runs, but is not connected to its broker (since {since}){because}."
        return Finding("monitor", sentence, ExitCode.UNHEALTHY)
    sentence = f"A monitor runs on {data_dir} and is connected since {health['connection_since']}."
    if turned_away := health.get("turned_away"):
        return Finding("monitor", f"{sentence} But {turned_away}.", warns=True)
    return Finding("monitor", sentence)


def _pages(settings: MonitorSettings, health: Answer | NoMonitorError) -> Finding:
    if not settings.http_port:
        return Finding("pages", "No pages are wanted: http_port is 0.")
    at = address_from_here(settings.site())
    try:
        opener = urllib.request.build_opener(_NO_PROXY, *_tls_of(settings.http_certfile))
        with opener.open(f"{at}/health/live", timeout=PAGES_WITHIN_SECONDS):
            return Finding("pages", f"The pages at {at} answer.")
    except (OSError, HTTPException) as error:
        sentence = f"The pages at {at} do not answer: {getattr(error, 'reason', error)}."
    if isinstance(health, NoMonitorError):
        return Finding("pages", f"Nobody serves pages at {at}; the monitor does while it runs.")
    return Finding("pages", f"{sentence} Does the monitor's log say why?", ExitCode.UNHEALTHY)


def _tls_of(certfile: Path | None) -> list[urllib.request.HTTPSHandler]:
    """What asks a site that shows this very certificate. Whichever name that is for: here it is asked by address."""
    if certfile is None:
        return []
    import ssl

    context = ssl.create_default_context(cafile=str(certfile))
    context.check_hostname = False
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    return [urllib.request.HTTPSHandler(context=context)]


def _database(data_dir: Path, health: Answer | NoMonitorError) -> Finding:
    path = data_dir / DATABASE
    try:
        with LedgerReader.open(path) as reader:
            violations = reader.invariants()
            stored = reader.books().get("stored", 0)
    except StoreMissingError:
        return Finding("database", f"There is no database at {path} yet; the monitor makes one when it starts.")
    except StoreError as error:
        return Finding("database", _sentence(error), ExitCode.UNHEALTHY)
    if violations:
        return Finding("database", f"The database contradicts itself: {'; '.join(violations)}.", ExitCode.UNHEALTHY)
    known = f"is consistent, and holds {stored} readings"
    obstacle = _obstacle(data_dir, path, health)
    if obstacle is not None:
        return Finding("database", f"The database {path} {known}, but {obstacle}.", ExitCode.UNHEALTHY)
    return Finding("database", f"The database {path} can be written, {known}.")


def _obstacle(data_dir: Path, path: Path, health: Answer | NoMonitorError) -> str | None:
    """What keeps readings from being written into the database, as far as it is known without writing."""
    if not os.access(path, os.W_OK) or not os.access(data_dir, os.W_OK):
        return "can't be written by this user"
    if not isinstance(health, NoMonitorError) and health["store_error"] is not None:
        return f"the running monitor can't write it: {health['store_error']}"
    if shutil.disk_usage(data_dir).free < LEAST_FOR_A_COMMIT_BYTES:
        return "can't grow: the disk is full"
    return None


def _books(data_dir: Path, health: Answer | NoMonitorError) -> Finding:
    """Whether every message that ever arrived is accounted for."""
    books = _from_ledger(data_dir, LedgerReader.books)
    if books is None:
        return Finding("books", "There are no books yet.")
    running = None if isinstance(health, NoMonitorError) else Balance(**health["balance"])
    pending = running.pending if running else 0
    balance = Balance.of(books, received=books.get("received", 0) + pending, pending=pending)
    if balance.missing:
        return Finding("books", f"The books do not balance: {balance.in_words()}.", ExitCode.UNHEALTHY)
    if running and running.missing:
        sentence = f"The running monitor's books do not balance: {running.in_words()}."
        return Finding("books", sentence, ExitCode.UNHEALTHY)
    return Finding("books", f"The books balance: {balance.in_words()}.")


def _gaps(data_dir: Path) -> Finding:
    """What turbines counted and did not come. It may be on its way, and is no fault of the monitor's."""
    sessions = _from_ledger(data_dir, LedgerReader.sequences)
    books = _from_ledger(data_dir, LedgerReader.books)
    if not sessions or books is None:
        return Finding("gaps", "No turbine counts its readings (session and sequence), so no loss on the way is seen.")
    return Finding("gaps", gaps_in_sentences(sessions, books))


def _from_ledger(data_dir: Path, question: Callable[[LedgerReader], T]) -> T | None:
    """What the ledger answers; None if there is none, or it can't: what is wrong with it is told elsewhere."""
    try:
        with LedgerReader.open(data_dir / DATABASE) as reader:
            return question(reader)
    except StoreError:
        return None


def _text_files(data_dir: Path) -> Finding:
    folder = data_dir / "turbines"
    if not os.access(folder, os.F_OK):
        return Finding("text_files", "There are no text files yet; each turbine gets one at its first reading.")
    if not os.access(folder, os.W_OK):
        return Finding("text_files", f"The folder {folder} can't be written by this user.", ExitCode.UNHEALTHY)
    if shutil.disk_usage(folder).free < LEAST_FOR_A_COMMIT_BYTES:
        return Finding("text_files", f"The text files in {folder} can't grow: the disk is full.", ExitCode.UNHEALTHY)
    return Finding("text_files", f"The text files are in {folder}, which can be written.")


def _disk(data_dir: Path) -> Finding:
    place = next(folder for folder in (data_dir.absolute(), *data_dir.absolute().parents) if os.access(folder, os.F_OK))
    free = shutil.disk_usage(place).free
    sentence = f"{free / 1e9:.1f} GB are free on the disk of {data_dir}"
    if free < LEAST_FREE_BYTES:
        return Finding("disk", f"Only {sentence}.", ExitCode.UNHEALTHY)
    return Finding("disk", f"{sentence}.")


def _clock(data_dir: Path) -> Finding:
    now = round(time.time() * SECOND)
    newest = _newest_received_at(data_dir)
    if time.gmtime().tm_year < EARLIEST_PLAUSIBLE_YEAR:
        return Finding("clock", f"The clock says {format_time(now)}, which is in the past.", ExitCode.UNHEALTHY)
    if newest is not None and newest > now + SECOND:
        sentence = f"The clock says {format_time(now)}, but a reading was received at {format_time(newest)} already."
        return Finding("clock", sentence, ExitCode.UNHEALTHY)
    return Finding("clock", f"The clock says {format_time(now)}, later than everything stored.")


def _newest_received_at(data_dir: Path) -> int | None:
    turbines = _from_ledger(data_dir, LedgerReader.turbines) or ()
    return max((turbine.received_at or 0 for turbine in turbines), default=None)


def _sentence(error: Exception) -> str:
    words = str(error)
    return f"{words[:1].upper()}{words[1:]}."
