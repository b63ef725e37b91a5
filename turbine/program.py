"""What grid-turbines does: runs the lives that the settings ask for, on MQTT or on paper, in one process or several."""

import math
from collections.abc import Callable, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

from grid.errors import ExitCode
from grid.metrics import TurbineMetrics
from turbine.cast import Cast, replayed, simulated
from turbine.dry_run import DisturbedReadings, readings
from turbine.fleet import Fleet, Listen, first_backoff_seconds, new_ramp, run_to_the_end
from turbine.outbox import default_size
from turbine.outbox_file import OutboxFile
from turbine.pace import Pace
from turbine.progress import Progress
from turbine.records import LineFile
from turbine.run import Run
from turbine.settings import TurbineSettings
from turbine.shares import (
    Share,
    outbox_file_of,
    outboxes_in_words,
    outboxes_left,
    refuse_other_outboxes,
    shares,
)
from turbine.wording import counted

Record = Callable[[TurbineMetrics], None]


def run_turbines(settings: TurbineSettings, *, out: TextIO, err: TextIO) -> ExitCode:
    """Run to the end: of the duration, of the file, or at a signal. Readings of a dry run go to `out`.

    A run with an end is FAILED if not all of it was acknowledged by the broker, and by the monitor if that is online
    and acknowledges readings; BROKER_UNREACHABLE if there never was a broker.
    Raises SettingsError and CommandError for what a user can mend.
    """
    with ExitStack() as files:
        emitted = files.enter_context(LineFile(settings.emitted))
        if settings.replay is not None:
            cast = replayed(settings, settings.replay, files, lambda sentence: _say(err, sentence))
        else:
            cast = simulated(settings, files, lambda sentence: _say(err, sentence))
        if settings.dry_run:
            code = _run_dry(cast, settings, emitted.write_reading, out)
        else:
            code = _run_fleet(cast, settings, emitted.write_reading, err)
        for sentence in cast.summary():
            _say(err, sentence)
        return code


def _run_dry(cast: Cast, settings: TurbineSettings, record: Record, out: TextIO) -> ExitCode:
    pace = Pace(cast.speed if settings.duration is None else None)
    emitted = readings(cast.make(None), pace, settings.duration)
    for reading in DisturbedReadings(cast.chaos, record).let_out(emitted):
        out.write(reading.to_json().decode() + "\n")
        if pace.speed is not None:
            out.flush()
    return ExitCode.FINE


@dataclass(frozen=True, slots=True)
class Ending:
    """What is to be known of a fleet when its run is over: see `Fleet`."""

    undelivered: int
    unstored: int
    kept: int
    """Readings that wait in the outbox's file for the next start."""
    given_up: int
    """Messages that nobody has any more."""
    at_broker: int
    """Readings that wait at the broker only, for a monitor that has not acknowledged them."""
    is_cut_short: bool


def _run_fleet(cast: Cast, settings: TurbineSettings, record: Record, err: TextIO) -> ExitCode:
    brokers = settings.brokers(cast.numbers)
    turbines = len(cast.numbers)
    tls = any(broker.tls for broker in brokers.values())
    progress = Progress(turbines, broker=f"{settings.broker_host}:{settings.broker_port}", stream=err)
    pace = Pace(cast.speed)
    processes = 1 if cast.replayed else settings.processes
    outboxes = _outbox_file(settings)
    refuse_other_outboxes(outboxes, processes)

    def work(share: Share | None, progress: Progress, listen: Listen | None = None) -> Ending:
        path = outbox_file_of(outboxes, share)
        with OutboxFile(path, progress.say) as outbox_file:
            run = Run(
                broker_of=brokers.__getitem__,
                pace=pace,
                progress=progress,
                ramp=new_ramp(processes, tls=tls),
                until=settings.duration,
                lossless=cast.replayed,
                outbox_size=settings.outbox_size or default_size(turbines),
                resends=settings.resends,
                outbox_file=outbox_file,
                record=record,
                first_backoff_seconds=first_backoff_seconds(turbines, tls=tls),
                chaos=cast.chaos,
            )
            fleet = Fleet(cast.make(None if share is None else share.numbers), run, listen)
            _say_earlier(fleet, outbox_file, progress)
            run_to_the_end(fleet.run())
        return _ending(fleet, outbox_file, settings.duration)

    if processes == 1:
        endings = [work(None, progress)]
    else:
        from turbine.processes import run_in_processes

        spread = shares(cast.numbers, processes)
        for left in outboxes_left(outboxes, spread, processes):
            progress.say(f"readings of turbines that do not run left in {left}")
        endings = run_in_processes(work, spread, progress)
    _say_end(endings, outboxes_in_words(outboxes, processes), progress)
    return _fleet_code(cast, endings, settings, progress)


def _outbox_file(settings: TurbineSettings) -> Path | None:
    path = settings.outbox_file()
    if path is not None and settings.outbox.endswith("/"):
        with suppress(OSError):  # what is wrong is said by whoever opens the file
            path.parent.mkdir(parents=True, exist_ok=True)
    return path


def _say_earlier(fleet: Fleet, outbox_file: OutboxFile, progress: Progress) -> None:
    if fleet.held:
        progress.say(f"{counted(fleet.held, 'reading')} of earlier runs in {outbox_file.path}: sent first")
    if outbox_file.left:
        progress.say(f"{counted(outbox_file.left, 'reading')} of turbines that do not run left in {outbox_file.path}")


def _ending(fleet: Fleet, outbox_file: OutboxFile, duration: float | None) -> Ending:
    is_kept = outbox_file.path is not None and not outbox_file.is_behind
    dues = (life.next_due() for life in fleet.lives)
    return Ending(
        undelivered=fleet.undelivered,
        unstored=fleet.unstored,
        kept=fleet.held if is_kept else 0,
        given_up=0 if is_kept else fleet.undelivered,
        at_broker=0 if is_kept else fleet.unconfirmed,
        is_cut_short=any(due is not None and due < (duration or math.inf) for due in dues),
    )


def _say_end(endings: Sequence[Ending], outboxes: str, progress: Progress) -> None:
    progress.say(progress.acknowledgements)
    if progress.losses:
        progress.say(progress.losses)
    if kept := sum(ending.kept for ending in endings):
        progress.say(f"{counted(kept, 'reading')} kept in {outboxes} for the next start")
    if at_broker := sum(ending.at_broker for ending in endings):
        progress.say(f"{counted(at_broker, 'reading')} not acknowledged by the monitor: only the broker has them now")
    if given_up := sum(ending.given_up for ending in endings):
        progress.say(f"{counted(given_up, 'message')} given up")


def _fleet_code(cast: Cast, endings: Sequence[Ending], settings: TurbineSettings, progress: Progress) -> ExitCode:
    """A run with an end is fine when all of it was acknowledged: what fits into the duration, or the whole file."""
    if not cast.replayed and settings.duration is None:
        return ExitCode.FINE
    if not progress.was_connected:
        progress.say("no turbine ever had a connection to the broker")
        return ExitCode.BROKER_UNREACHABLE
    is_unstored = progress.stored_by_monitor and any(ending.unstored for ending in endings)
    if is_unstored or progress.given_up or any(ending.undelivered for ending in endings):
        return ExitCode.FAILED
    is_cut_short = cast.replayed and any(ending.is_cut_short for ending in endings)
    return ExitCode.INTERRUPTED if is_cut_short else ExitCode.FINE


def _say(err: TextIO, sentence: str) -> None:
    err.write(f"{sentence}\n")
