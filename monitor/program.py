"""The running monitor put together: which parts there are, in which order they start, and how they stop."""

import asyncio
import gc
import os
import secrets
import signal
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from importlib.metadata import version
from pathlib import Path

from grid.connection import Will
from grid.error_groups import first_if_all
from grid.errors import CommandError, ExitCode
from grid.status import MonitorStatus, OfflineReason, Presence
from grid.topics import MONITOR_STATUS
from monitor import DISTRIBUTION
from monitor.access.key import read_key
from monitor.alarms.rules import RULES
from monitor.alarms.settings import AlarmSettings
from monitor.clock import Clock
from monitor.console.console import PAGES, Console, LogToConsole, console_for
from monitor.console.known import Known, view_of
from monitor.console.rate import Rate
from monitor.console.view import FarmView, MonitorState, Trouble, TroubleKind
from monitor.control import control_door
from monitor.control.reception import Reception
from monitor.dispatch.dispatcher import DispatchSettings
from monitor.dispatch.outbox import Outbox
from monitor.fleet.fleet import FleetSettings
from monitor.health import Health
from monitor.http_access import refuse_open_address
from monitor.intake.broker_intake import AnotherMonitorError, BrokerIntake
from monitor.knowledge import KnowledgeSettings
from monitor.live.feed import FarmFeed
from monitor.monitor import GridMonitor
from monitor.notifications.delivery import Deliveries, refuse_without_apprise
from monitor.notifications.notify_file import NotifySettings, read_notify_file
from monitor.settings import LogFormat, MonitorSettings
from monitor.store.errors import StoreError
from monitor.store.lock import DataFolderLock
from monitor.store.writer import StoreThread
from monitor.telemetry.measurements import Measurements
from monitor.telemetry.tracing import Destination, NoTracer, Tracer, destinations, tracing
from monitor.web_process import keep_serving

CHECK_CONSOLE_SECONDS = 1.0
GOODBYE_SECONDS = 1.0
"""How long an orderly stop waits for the broker to take the goodbye."""

SIGNALS = {
    signal.SIGTERM: ExitCode.FINE,
    signal.SIGINT: ExitCode.INTERRUPTED,
    signal.SIGHUP: ExitCode.INTERRUPTED,
}
"""What asks the monitor to stop, and the exit code after it: the last one comes when its terminal is closed."""


def signals_heard() -> dict[signal.Signals, ExitCode]:
    """Those of `SIGNALS` that are heard: not the closing of a terminal where `nohup` has it ignored."""
    ignored = signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
    return {number: code for number, code in SIGNALS.items() if not (ignored and number is signal.SIGHUP)}


def run_monitor(
    settings: MonitorSettings, *, notices: Sequence[str] = (), at_once: Callable[[], None] = lambda: None
) -> ExitCode:
    """Run the monitor until a signal: SIGTERM or SIGINT once to stop in order, a second one to end at once.

    `notices` are said first. `at_once` is called when the process ends without coming back here. Raises CommandError
    and SettingsError for what a user can mend, and BrokenPipeError when nobody reads the output any more.
    """
    refuse_open_address(settings.site())
    _collect_garbage_rarely()
    try:
        return asyncio.run(_Program(settings, notices, at_once).run())
    except Exception as error:
        first = first_if_all(error, CommandError, AnotherMonitorError, StoreError, OSError)
        if isinstance(first, CommandError | BrokenPipeError):
            raise first from None
        if isinstance(first, AnotherMonitorError):
            raise CommandError(f"{first}; stop it first") from None
        if isinstance(first, StoreError | OSError):
            raise CommandError(str(first)) from None
        raise


def _collect_garbage_rarely() -> None:
    """Have Python look for unused cycles of objects less often, and never among what was imported.

    Readings are freed without that; walking over all of them took a ninth of the CPU under load.
    """
    gc.freeze()
    gc.set_threshold(100_000, 50, 100)


def _console_beside(traces: frozenset[Destination], log_format: LogFormat) -> Console:
    """The console; where traces are written to the same terminal, a live table would be torn apart."""
    torn = Destination.CONSOLE in traces and sys.stderr.isatty()
    if torn and log_format is LogFormat.TABLE:
        sentence = "traces would tear the live table: send them elsewhere (2>traces.jsonl), or take --log-format lines"
        raise CommandError(sentence, ExitCode.WRONG_USAGE)
    return console_for(log_format, is_terminal=sys.stdout.isatty() and not torn)


class _Program:
    def __init__(self, settings: MonitorSettings, notices: Sequence[str], at_once: Callable[[], None]) -> None:
        self._settings = settings
        self._notices = notices
        self._at_once = at_once
        self._monitor: GridMonitor | None = None
        self._serving: asyncio.Task[None] | None = None
        self._broker = settings.broker()
        self._clock = Clock()
        self._session = f"{self._clock.utc() // 1000}-{secrets.token_hex(4)}"
        traces = destinations(os.environ, to_console=settings.tracing)
        self._open_tracer = tracing(traces)
        self._tracer: Tracer = NoTracer()
        self._notify = _notify_settings(settings.notify_file)
        self._console = _console_beside(traces, settings.log_format)
        self._rate = Rate()
        self._measurements = Measurements()
        self._exit_code = ExitCode.FINE

    async def run(self) -> ExitCode:
        for number, code in signals_heard().items():
            asyncio.get_running_loop().add_signal_handler(number, self._stop, code)
        async with AsyncExitStack() as stack:
            lock_id = stack.enter_context(DataFolderLock(self._settings.data_dir)).lock_id
            stack.enter_context(self._console)
            stack.enter_context(LogToConsole(self._console).installed())
            for notice in [*self._notices, *self._about_key()]:
                self._say(notice, action="notice")
            traces = self._open_tracer(
                instance=self._session, say=lambda sentence: self._say(sentence, action="traces")
            )
            self._tracer = stack.enter_context(traces)
            await self._watch(await stack.enter_async_context(self._store()), lock_id)
        return self._exit_code

    def _about_key(self) -> list[str]:
        """What to say of who may enter; the key is made here where there is none yet. Raises SettingsError."""
        path = self._settings.http_key_file
        if not self._settings.http_port or path is None:
            return []
        read_key(path)
        return ["the pages ask who one is: grid-monitor user and grid-monitor token say who may enter"]

    async def _watch(self, store: StoreThread, lock_id: str) -> None:
        intake = self._intake(lock_id)
        outbox = Outbox(intake)
        deliveries = self._deliveries()
        monitor = self._monitor = self._grid_monitor(store, intake, outbox, deliveries)
        feed = FarmFeed(
            lambda: self._known(monitor) if monitor.is_ready else None,
            say=lambda sentence: self._say(sentence, action="feed"),
        )
        reception = Reception(monitor, store, outbox, feed)
        door = control_door(self._settings.data_dir, reception.answer, reception.follow)
        async with door, asyncio.TaskGroup() as tasks:
            connecting = tasks.create_task(intake.run(), name="connection to the broker")
            side_tasks = [
                tasks.create_task(outbox.run(), name="publish the outbox"),
                tasks.create_task(self._show(monitor), name="show the farm"),
                tasks.create_task(feed.run(), name="tell those who follow"),
                tasks.create_task(self._check_console(), name="see whether anybody reads"),
            ]
            if self._settings.http_port:
                serving = keep_serving(self._settings.site(), lambda sentence: self._say(sentence, action=PAGES))
                self._serving = tasks.create_task(serving, name="keep the pages' process running")
                side_tasks.append(self._serving)
            if deliveries is not None:
                side_tasks.append(tasks.create_task(deliveries.run(), name="keep the courier running"))
            await monitor.run()
            await self._disconnect(intake, connecting)
            for task in side_tasks:
                if not task.cancelling():  # a second time, it would not wait for its process
                    task.cancel()

    def _store(self) -> StoreThread:
        return StoreThread(
            self._settings.data_dir,
            lambda sentence: self._say(sentence, action="text_files"),
            self._measurements.histograms["grid_text_files_seconds"].observe,
        )

    def _deliveries(self) -> Deliveries | None:
        """Who delivers notifications; None where nobody is to be notified."""
        if not self._notify.addresses:
            return None
        return Deliveries(
            self._notify,
            self._settings.data_dir,
            bring=lambda receipts: self._monitor.bring_receipts(receipts) if self._monitor else None,
            say=lambda sentence: self._say(sentence, action="notifications"),
        )

    def _grid_monitor(
        self, store: StoreThread, intake: BrokerIntake, outbox: Outbox, deliveries: Deliveries | None
    ) -> GridMonitor:
        settings = self._settings
        return GridMonitor(
            intake=intake,
            outbox=outbox,
            store=store,
            watcher=self._console,
            clock=self._clock,
            engineers=settings.engineers,
            fleet_settings=FleetSettings(
                stale_after_seconds=settings.stale_after,
                silent_offline_after_seconds=settings.silent_offline_after,
            ),
            dispatch_settings=DispatchSettings(visit_time_limit_seconds=settings.visit_time_limit),
            knowledge_settings=KnowledgeSettings(
                alarms=AlarmSettings(
                    broken_after_seconds=settings.broken_alarm_after, offline_after_seconds=settings.offline_alarm_after
                ),
                allowed_lateness_seconds=settings.allowed_lateness,
                outage_tolerance_seconds=settings.outage_tolerance,
                plan=self._notify.plan,
            ),
            courier=deliveries,
            measurements=self._measurements,
            tracer=self._tracer,
            max_turbines=settings.max_turbines,
        )

    def _intake(self, lock_id: str) -> BrokerIntake:
        return BrokerIntake(
            self._broker,
            client_id=self._settings.client_id,
            lock_id=lock_id,
            will=Will(MONITOR_STATUS, self._status(lock_id, Presence.OFFLINE, OfflineReason.LOST)),
            birth=lambda: self._status(lock_id, Presence.ONLINE),
            goodbye=lambda: self._status(lock_id, Presence.OFFLINE, OfflineReason.STOPPED),
            on_change=lambda sentence: self._say(sentence, action="broker"),
        )

    def _status(self, lock_id: str, presence: Presence, reason: OfflineReason | None = None) -> bytes:
        return MonitorStatus(
            status=presence,
            reason=reason,
            session=self._session,
            at=None if reason is OfflineReason.LOST else self._clock.utc(),
            version=version(DISTRIBUTION),
            engineers=self._settings.engineers,
            lock_id=lock_id,
        ).to_json()

    async def _disconnect(self, intake: BrokerIntake, connecting: "asyncio.Task[None]") -> None:
        intake.stop()
        if not intake.is_connected:  # nobody is there to say goodbye to
            connecting.cancel()
        await asyncio.wait([connecting], timeout=GOODBYE_SECONDS)
        connecting.cancel()

    async def _show(self, monitor: GridMonitor) -> None:
        while True:
            await asyncio.sleep(self._console.interval_seconds)
            if monitor.is_ready:
                self._console.show(self._view(monitor))

    async def _check_console(self) -> None:
        while True:
            self._console.check()
            await asyncio.sleep(CHECK_CONSOLE_SECONDS)

    def _view(self, monitor: GridMonitor) -> FarmView:
        return view_of(self._known(monitor))

    def _known(self, monitor: GridMonitor) -> Known:
        stored = monitor.health.books["stored"]
        return Known(
            self._clock.utc(),
            monitor.fleet.turbines.values(),
            monitor.dispatcher.open_incidents,
            monitor.dispatcher.open_visits,
            monitor.dispatcher.holds,
            engineers=monitor.engineers,
            readings_per_second=self._rate.per_second(stored, time.monotonic()),
            troubles=_troubles(monitor.health),
            books=monitor.health.books,
            balance=monitor.health.balance,
            missing=monitor.sequences.missing,
            monitor=MonitorState(
                version=version(DISTRIBUTION),
                session=self._session,
                started_at=monitor.health.started_at,
                connected=monitor.health.connected,
                since=monitor.health.connection_since,
            ),
            alarms=monitor.alarm_counts,
        )

    def _stop(self, code: ExitCode) -> None:
        if self._monitor is None:  # it starts: whatever was begun is found at the next start, as after a crash
            self._end_at_once(code)
        elif self._monitor.is_stopping:
            self._end_at_once(ExitCode.INTERRUPTED)
        else:
            self._exit_code = code
            self._say("stopping", action="monitor_stopping")
            self._monitor.stop()
            if self._serving is not None:  # now, so that nobody waits for it at the end
                self._serving.cancel()

    def _end_at_once(self, code: ExitCode) -> None:
        try:
            self._at_once()
            for number in SIGNALS:  # the next one ends a process that hangs here: a terminal may take nothing
                signal.signal(number, signal.SIG_DFL)
            self._console.__exit__(None, None, None)
        finally:
            os._exit(code)

    def _say(self, sentence: str, *, action: str) -> None:
        self._console.say(sentence, action=action)


def _notify_settings(path: Path | None) -> NotifySettings:
    """What the settings file of notifications says; nobody is told without one. Raises SettingsError."""
    if path is None:
        return NotifySettings()
    refuse_without_apprise()
    return read_notify_file(path, rules=RULES)


def _troubles(health: Health) -> list[Trouble]:
    troubles = []
    if not health.connected:
        troubles.append(Trouble(TroubleKind.BROKER_AWAY, health.connection_since or health.started_at))
    if health.store_error is not None:
        troubles.append(Trouble(TroubleKind.DATABASE_REFUSES, health.store_error_since or 0, health.store_error))
    if health.unbalanced_since is not None:
        detail = health.balance.in_words()
        troubles.append(Trouble(TroubleKind.BOOKS_UNBALANCED, health.unbalanced_since, detail))
    return troubles
