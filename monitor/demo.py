"""A farm in one command: a broker, six turbines and the monitor, with something of each kind in the first minute."""

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

from grid.connection import Broker, BrokerLostError, BrokerRefusedError, Protocol, connect_once
from grid.errors import CommandError, ExitCode
from monitor.demo_amqtt import LocalAmqtt
from monitor.demo_broker import HOST, LocalBrokerError, LocalMosquitto, accepts, find_free_port, find_mosquitto
from monitor.http_access import address, is_taken
from monitor.program import run_monitor, signals_heard
from monitor.settings import MonitorSettings

TURBINES = 6
STORY_SEED = 1425
"""With it four turbines are broken at once before the first minute is over: one more than there are engineers."""

TURBINE_OPTIONS = (
    *("--upload-interval", "1", "--time-to-fail", "30", "--time-to-repair", "10"),
    *("--anomaly-rate", "0.01", "--seed", str(STORY_SEED)),
)
CRASH_AFTER_SECONDS = 25.0
BACK_AFTER_SECONDS = 15.0
ALARM_AFTER_SECONDS = 5.0
"""So soon, unless somebody says otherwise, its loss is an alarm: a demo has not the patience of a farm."""


def run_demo(settings: MonitorSettings, *, keep_data: bool) -> ExitCode:
    """Run all of it until Ctrl-C, then stop all of it. `keep_data`: use the data folder of the settings.

    Without it the data live in a temporary folder that is gone afterwards. Raises CommandError.
    """
    answers = _answers(settings.broker())
    interrupt = _Interrupt()
    with ExitStack() as stack:
        with interrupt.held(stack.close):
            folder = Path(stack.enter_context(_temporary_folder()))
            broker, about_broker = stack.enter_context(_some_broker(settings.broker(), folder, answers=answers))
            stack.enter_context(_turbines(broker, folder))
            stack.callback(interrupt.ignore)
        data_dir = settings.data_dir if keep_data else folder / "data"
        port, about_pages = pages_of(settings)
        notices = [
            about_broker,
            f"Data: {data_dir}{'' if keep_data else ', gone after the demo'}.",
            f"Traffic: mosquitto_sub -h {broker.host} -p {broker.port} -t 'grid/#' -v",
            *about_pages,
            "Ctrl-C stops all of it.",
        ]
        changed: dict[str, object] = {
            "broker_host": broker.host,
            "broker_port": broker.port,
            "mqtt_version": broker.protocol,
            "data_dir": data_dir,
            "http_port": port,
        }
        if "offline_alarm_after" not in settings.model_fields_set:
            changed["offline_alarm_after"] = ALARM_AFTER_SECONDS
        return run_monitor(settings.model_copy(update=changed), notices=notices, at_once=stack.close)


class _Interrupt:
    """SIGINT, SIGTERM and SIGHUP while we start and while we end; between, the monitor hears them.

    The first one waits while something is started: a process that is not yet in our books would not be ended. The
    later ones are nothing: they must not break off the end, and leave broker and turbines behind.
    """

    def __init__(self) -> None:
        self._came = False
        self._end: Callable[[], None] | None = None
        self._install()

    @contextlib.contextmanager
    def held(self, end: Callable[[], None]) -> Iterator[None]:
        """Raise KeyboardInterrupt at the end of the block if one came within; one that comes later calls `end`."""
        yield
        self._end = end
        if self._came:
            raise KeyboardInterrupt

    def ignore(self) -> None:
        """From here on it ends in any case."""
        self._came = True
        self._install()  # the monitor had handlers of its own

    def _install(self) -> None:
        # Not SIG_IGN: our children would inherit it, and not hear that they are to end.
        for number in signals_heard():
            signal.signal(number, self._on_signal)

    def _on_signal(self, _number: int, _frame: object) -> None:
        first, self._came = not self._came, True
        if first and self._end is not None:
            try:  # not by KeyboardInterrupt, which is lost if it comes within a weak reference's callback
                self._end()
            finally:
                os._exit(ExitCode.INTERRUPTED)


def _temporary_folder() -> tempfile.TemporaryDirectory[str]:
    return tempfile.TemporaryDirectory(prefix="grid-demo-", ignore_cleanup_errors=True)


@contextlib.contextmanager
def _some_broker(wanted: Broker, folder: Path, *, answers: bool) -> Iterator[tuple[Broker, str]]:
    """The broker that answers at the wanted address, else a Mosquitto of our own there, else amqtt."""
    if answers:
        yield wanted, f"Broker: the one that answers at {wanted}."
        return
    if wanted.host not in ("localhost", HOST):
        raise CommandError(f"no broker answers at {wanted}", ExitCode.BROKER_UNREACHABLE)
    if accepts(wanted.port):
        raise CommandError(f"port {wanted.port} is taken by something that is no MQTT broker: give a --broker-port")
    local: LocalMosquitto | LocalAmqtt
    if find_mosquitto():
        local, about = LocalMosquitto(folder, port=wanted.port), f"Broker: a Mosquitto of our own at {wanted}."
        broker = wanted
    else:
        local, about = LocalAmqtt(folder, port=wanted.port), f"Broker: amqtt, embedded, MQTT 3.1.1, at {wanted}."
        broker = replace(wanted, protocol=Protocol.V311)
    try:
        local.start()
        yield broker, about
    except LocalBrokerError as error:
        raise CommandError(str(error)) from None
    finally:
        local.stop()


def pages_of(settings: MonitorSettings) -> tuple[int, list[str]]:
    """The port of the pages, and where they are in words: a free port if the usual one is taken.

    One that was asked for stays: the monitor says that it is taken, and waits for it.
    """
    host, port = settings.http_host, settings.http_port
    if port == 0:
        return 0, []
    taken = "http_port" not in settings.model_fields_set and is_taken(host, port)
    about = f" (port {port} is taken)" if taken else ""
    port = find_free_port() if taken else port
    return port, [f"Pages: {address(host, port)}{about}, in a moment."]


def _answers(broker: Broker) -> bool:
    async def connect() -> None:
        async with connect_once(broker, client_id="grid-demo-look"):
            pass

    try:
        asyncio.run(connect())
    except BrokerRefusedError as error:
        raise CommandError(str(error), ExitCode.BROKER_UNREACHABLE) from None
    except (BrokerLostError, OSError):
        return False
    return True


def _credentials(broker: Broker) -> dict[str, str]:
    """How the turbines enter: in their environment, because the list of processes shows options."""
    tls = broker.tls
    entry = {
        "GRID_USERNAME": broker.username,
        "GRID_PASSWORD": broker.password,
        "GRID_TLS": "true" if tls else None,
        "GRID_CAFILE": tls.cafile if tls else None,
        "GRID_CERTFILE": tls.certfile if tls else None,
        "GRID_KEYFILE": tls.keyfile if tls else None,
    }
    return {name: value for name, value in entry.items() if value is not None}


@contextlib.contextmanager
def _turbines(broker: Broker, folder: Path) -> Iterator[None]:
    """Five turbines in one process, and a sixth in its own, which crashes once and comes back."""
    started: list[subprocess.Popen[bytes]] = []
    over = threading.Event()
    with (folder / "turbines.log").open("ab") as log:

        def start(first_number: int, count: int) -> subprocess.Popen[bytes]:
            command = [sys.executable, "-m", "turbine", "--first-number", str(first_number), "--count", str(count)]
            command += ["--broker-host", broker.host, "--broker-port", str(broker.port), *TURBINE_OPTIONS]
            command += ["--mqtt-version", broker.protocol.value]
            process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                env=os.environ | _credentials(broker),
            )
            started.append(process)
            return process

        def tell_the_story() -> None:
            start(1, TURBINES - 1)
            last = start(TURBINES, 1)
            if not over.wait(CRASH_AFTER_SECONDS):
                last.kill()  # no goodbye: the broker publishes its will
            if not over.wait(BACK_AFTER_SECONDS):
                start(TURBINES, 1)

        story = threading.Thread(target=tell_the_story, name="the demo's story")
        story.start()
        try:
            yield
        finally:
            over.set()
            story.join()
            for process in started:
                process.terminate()
            for process in started:
                _wait_or_kill(process)


def _wait_or_kill(process: subprocess.Popen[bytes]) -> None:
    try:
        process.wait(10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
