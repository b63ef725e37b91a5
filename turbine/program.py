"""What grid-turbines does: makes the lives that the settings ask for, and runs them on MQTT or on paper."""

import asyncio
import math
import secrets
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

from grid.broker import Broker
from grid.command_line import CommandError, ExitCode
from grid.error_groups import first_if_all
from grid.metrics import TurbineMetrics
from turbine.client import Run
from turbine.dry_run import readings
from turbine.farm import build_turbines, new_session
from turbine.fleet import Fleet, first_backoff_seconds, new_ramp
from turbine.life import Life
from turbine.outbox import default_size
from turbine.outbox_file import OutboxFile
from turbine.pace import Pace, now_utc
from turbine.progress import Progress
from turbine.records import LineFile
from turbine.settings import Times, TurbineSettings
from turbine.wording import counted

Record = Callable[[TurbineMetrics], None]


@dataclass(frozen=True, slots=True)
class Cast:
    """The lives to run, how fast, and what to say when they are over."""

    lives: Sequence[Life]
    speed: float | None = 1.0
    replayed: bool = False
    summary: Callable[[], Sequence[str]] = list


def run_turbines(settings: TurbineSettings, *, out: TextIO, err: TextIO) -> ExitCode:
    """Run to the end: of the duration, of the file, or at a signal. Readings of a dry run go to `out`.

    A run with an end is FAILED if not all of it was acknowledged by the broker, and by the monitor if that is online
    and acknowledges readings; BROKER_UNREACHABLE if there never was a broker.
    Raises SettingsError and CommandError for what a user can mend.
    """
    broker = settings.broker()
    with ExitStack() as files:
        emitted = files.enter_context(LineFile(settings.emitted))
        if settings.replay is not None:
            cast = _replayed(settings, settings.replay, err, files)
        else:
            cast = _simulated(settings, err, files.enter_context(LineFile(settings.anomalies)))
        if settings.dry_run:
            code = _run_dry(cast, settings, emitted.write_reading, out)
        else:
            code = _run_fleet(cast, settings, broker, emitted.write_reading, err)
        for sentence in cast.summary():
            _say(err, sentence)
        return code


def _simulated(settings: TurbineSettings, err: TextIO, anomalies: LineFile) -> Cast:
    seed = secrets.randbelow(1_000_000) if settings.seed is None else settings.seed
    last = settings.first_number + settings.count - 1
    numbers = f"turbine {last}" if settings.count == 1 else f"turbines {settings.first_number} to {last}"
    _say(err, f"{numbers}, a reading every {settings.upload_interval:g} s, seed {seed}")
    return Cast(build_turbines(settings, seed=seed, run_started_at=now_utc(), tell=anomalies.write_anomaly))


def _replayed(settings: TurbineSettings, file: Path, err: TextIO, files: ExitStack) -> Cast:
    from turbine.replay.farm import ReplayedFarm
    from turbine.replay.options import ReplayOptions, parse_speed

    speed = parse_speed(settings.speed or "1")
    options = ReplayOptions(
        file=file,
        columns=settings.columns,
        preset=settings.preset,
        timezone=settings.timezone,
        time_format=settings.time_format,
        interval=settings.interval,
        shift_to_now=settings.times is Times.NOW,
        first_number=settings.first_number,
        broken_values=settings.broken_values,
        events=settings.events,
    )
    now = now_utc()
    farm = ReplayedFarm.read(options, session=new_session(now), now=now, tell=lambda words: _say(err, words))
    files.callback(farm.close)
    return Cast(farm.turbines, speed, replayed=True, summary=farm.summary)


def _run_dry(cast: Cast, settings: TurbineSettings, record: Record, out: TextIO) -> ExitCode:
    pace = Pace(cast.speed if settings.duration is None else None)
    for reading in readings(cast.lives, pace, settings.duration):
        record(reading)
        out.write(reading.to_json().decode() + "\n")
        if pace.speed is not None:
            out.flush()
    return ExitCode.FINE


def _run_fleet(cast: Cast, settings: TurbineSettings, broker: Broker, record: Record, err: TextIO) -> ExitCode:
    progress = Progress(turbines=len(cast.lives), broker=str(broker), stream=err)
    with OutboxFile(settings.outbox_file(), progress.say) as outbox_file:
        run = Run(
            broker=broker,
            pace=Pace(cast.speed),
            progress=progress,
            ramp=new_ramp(),
            until=settings.duration,
            lossless=cast.replayed,
            outbox_size=settings.outbox_size or default_size(len(cast.lives)),
            outbox_file=outbox_file,
            record=record,
            first_backoff_seconds=first_backoff_seconds(len(cast.lives)),
        )
        fleet = Fleet(cast.lives, run)
        _say_earlier(fleet, outbox_file, progress)
        _run_to_the_end(fleet)
    _say_end(fleet, outbox_file, progress)
    return _fleet_code(cast, fleet, settings, progress)


def _say_earlier(fleet: Fleet, outbox_file: OutboxFile, progress: Progress) -> None:
    if fleet.held:
        progress.say(f"{counted(fleet.held, 'reading')} of earlier runs in {outbox_file.path}: they are sent first")
    if outbox_file.left:
        progress.say(
            f"{counted(outbox_file.left, 'reading')} in {outbox_file.path} of turbines that do not run: they stay"
        )


def _run_to_the_end(fleet: Fleet) -> None:
    """Raises CommandError for what a user can mend."""
    try:
        asyncio.run(fleet.run())
    except Exception as error:
        first = first_if_all(error, OSError, CommandError)
        if isinstance(first, OSError | CommandError):
            raise CommandError(str(first)) from None
        raise


def _say_end(fleet: Fleet, outbox_file: OutboxFile, progress: Progress) -> None:
    progress.say(progress.acknowledgements)
    if progress.losses:
        progress.say(progress.losses)
    if outbox_file.path is not None and not outbox_file.is_behind:
        if fleet.held:
            progress.say(f"{counted(fleet.held, 'reading')} kept in {outbox_file.path} for the next start")
    elif fleet.undelivered:
        progress.say(f"{counted(fleet.undelivered, 'message')} given up")


def _fleet_code(cast: Cast, fleet: Fleet, settings: TurbineSettings, progress: Progress) -> ExitCode:
    """A run with an end is fine when all of it was acknowledged: what fits into the duration, or the whole file."""
    if not cast.replayed and settings.duration is None:
        return ExitCode.FINE
    if not progress.was_connected:
        progress.say("no turbine ever had a connection to the broker")
        return ExitCode.BROKER_UNREACHABLE
    if fleet.undelivered or progress.given_up or (progress.stored_by_monitor and fleet.unstored):
        return ExitCode.FAILED
    if not cast.replayed:
        return ExitCode.FINE
    dues = (life.next_due() for life in cast.lives)
    is_cut_short = any(due is not None and due < (settings.duration or math.inf) for due in dues)
    return ExitCode.INTERRUPTED if is_cut_short else ExitCode.FINE


def _say(err: TextIO, sentence: str) -> None:
    err.write(f"{sentence}\n")
