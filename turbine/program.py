"""What grid-turbines does: makes the lives that the settings ask for, and runs them on MQTT or on paper."""

import asyncio
import secrets
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from typing import TextIO

from grid.broker import Broker
from grid.command_line import CommandError, ExitCode
from grid.metrics import TurbineMetrics
from turbine.client import Run
from turbine.dry_run import readings
from turbine.farm import build_turbines
from turbine.fleet import Fleet, first_backoff_seconds, new_ramp
from turbine.life import Life
from turbine.pace import Pace
from turbine.progress import Progress
from turbine.records import LineFile
from turbine.settings import TurbineSettings

Record = Callable[[TurbineMetrics], None]


def run_turbines(settings: TurbineSettings, *, out: TextIO, err: TextIO) -> ExitCode:
    """Run to the end: of the duration, of the file, or at a signal. Readings of a dry run go to `out`.

    Raises SettingsError and CommandError for what a user can mend.
    """
    broker = settings.broker()
    with ExitStack() as files:
        try:
            emitted = files.enter_context(LineFile(settings.emitted))
            anomalies = files.enter_context(LineFile(settings.anomalies))
        except OSError as error:
            raise CommandError(f"{error.filename} can't be written: {error.strerror}") from None
        lives = _simulated(settings, err, anomalies)
        if settings.dry_run:
            return _run_dry(lives, settings, emitted.write_reading, out)
        return _run_fleet(lives, settings, broker, emitted.write_reading, err)


def _simulated(settings: TurbineSettings, err: TextIO, anomalies: LineFile) -> Sequence[Life]:
    seed = secrets.randbelow(1_000_000) if settings.seed is None else settings.seed
    last = settings.first_number + settings.count - 1
    numbers = f"turbine {last}" if settings.count == 1 else f"turbines {settings.first_number} to {last}"
    err.write(f"{numbers}, a reading every {settings.upload_interval:g} s, seed {seed}\n")
    run_started_at = time.time_ns() // 1000
    return build_turbines(settings, seed=seed, run_started_at=run_started_at, tell=anomalies.write_anomaly)


def _run_dry(lives: Sequence[Life], settings: TurbineSettings, record: Record, out: TextIO) -> ExitCode:
    pace = Pace(None if settings.duration is not None else 1.0)
    for reading in readings(lives, pace, settings.duration):
        record(reading)
        out.write(reading.to_json().decode() + "\n")
        if pace.speed is not None:
            out.flush()
    return ExitCode.FINE


def _run_fleet(
    lives: Sequence[Life], settings: TurbineSettings, broker: Broker, record: Record, err: TextIO
) -> ExitCode:
    progress = Progress(turbines=len(lives), broker=str(broker), stream=err)
    run = Run(
        broker=broker,
        pace=Pace(),
        progress=progress,
        ramp=new_ramp(),
        until=settings.duration,
        record=record,
        first_backoff_seconds=first_backoff_seconds(len(lives)),
    )
    fleet = Fleet(lives, run)
    try:
        asyncio.run(fleet.run())
    except* OSError as errors:
        raise CommandError(str(_first(errors))) from None
    progress.say(f"{progress.acknowledged} of {progress.emitted} readings acknowledged by the broker")
    if fleet.undelivered:
        progress.say(f"{fleet.undelivered} messages were given up")
    return ExitCode.FINE


def _first(errors: BaseExceptionGroup[OSError]) -> BaseException:
    error: BaseException = errors
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error
