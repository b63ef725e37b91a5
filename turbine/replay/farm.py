"""The turbines of a SCADA file, ready to run: their numbers, their stops, and the account at the end."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from grid.times import LATEST, MAX_AHEAD, SECOND
from grid.topics import MAX_TURBINE_NUMBER, parse_turbine_number
from turbine.replay.errors import ReplayError
from turbine.replay.options import EventLog, ReplayOptions
from turbine.replay.recording import Recording, record
from turbine.replay.report import LeftOutRows, TurbineAccount, summary
from turbine.replay.statuslog import StatusLog, read_status_log
from turbine.replay.survey import TurbineSurvey
from turbine.replay.timestamps import TimeReader, zone_named
from turbine.replay.turbine import ReplayedTurbine, Timeline
from turbine.wording import counted


@dataclass(frozen=True, slots=True)
class ReplayedFarm:
    """`turbines` fulfil `turbine.life.Life`; their run second 0 is the file's first reading.

    A turbine without a usable row is in the account and not among them: it has no data, which is not 0 kWh.
    """

    turbines: Sequence[ReplayedTurbine]
    numbers: dict[str, int]
    recording: Recording
    left_out: LeftOutRows

    @classmethod
    def read(cls, options: ReplayOptions, *, session: str, now: int, tell: Callable[[str], None]) -> "ReplayedFarm":
        """Read the file of `options` through, before anything is sent.

        `now` is in microseconds since 1970. `tell` is given one sentence for whatever a person should know: the
        turbines' numbers, the rows left out, what was decided. Raises ReplayError for what the user can mend.
        """
        logs = [(log, _read_log(log, options, tell)) for log in options.event_logs()]
        left_out = LeftOutRows(tell)
        latest = LATEST if options.shift_to_now else now + MAX_AHEAD
        recording = record(options, left_out, latest)
        try:
            turbines, numbers = _turbines(recording, logs, options, session=session, now=now, tell=tell)
        except BaseException:
            recording.spool.close()
            raise
        return cls(turbines, numbers, recording, left_out)

    def summary(self) -> list[str]:
        """The account, one line for the file and one for each turbine: sent, left out and why, gaps, energy."""
        running = {turbine.turbine_number: turbine for turbine in self.turbines}
        accounts = [self._account(survey, running) for survey in self.recording.surveys]
        return summary(self.recording.rows, self.left_out, accounts)

    def close(self) -> None:
        """Give back the disk space of the rows; the turbines can't go on after it."""
        self.recording.spool.close()

    def _account(self, survey: TurbineSurvey, running: dict[int, ReplayedTurbine]) -> TurbineAccount:
        number = self.numbers[survey.name]
        turbine = running.get(number)
        return TurbineAccount(
            number=number,
            name=survey.name,
            usable=survey.stretch.rows,
            sent=turbine.sent if turbine else 0,
            broken=turbine.broken if turbine else 0,
            left_out=self.left_out.by_turbine[survey.name],
            missing=self.recording.missing(survey),
            energy_kwh=turbine.energy_kwh if turbine else 0.0,
        )


def _turbines(
    recording: Recording,
    logs: Sequence[tuple[EventLog, StatusLog]],
    options: ReplayOptions,
    *,
    session: str,
    now: int,
    tell: Callable[[str], None],
) -> tuple[list[ReplayedTurbine], dict[str, int]]:
    names = [survey.name for survey in recording.surveys]
    numbers = numbered(names, options.first_number)
    of_turbine = _by_turbine(names, logs, options)
    timeline = _timeline(recording.surveys, now if options.shift_to_now else None)
    for sentence in _found(recording, numbers, timeline, options):
        tell(sentence)
    turbines = [
        ReplayedTurbine(
            turbine_number=numbers[survey.name],
            session=session,
            records=recording.spool.read(survey.stretch),
            kwh=recording.kwh_of(survey),
            timeline=timeline,
            log=of_turbine.get(survey.name),
            nameplate=recording.nameplate,
        )
        for survey in recording.surveys
        if survey.stretch.rows
    ]
    return turbines, numbers


def numbered(names: Sequence[str], first_number: int) -> dict[str, int]:
    """A number for each turbine: its name where that is one (from 1, no leading zero), else the next free one.

    The free ones begin at `first_number` and are given in the order of `names`. Raises ReplayError when they run
    out.
    """
    numbers = {name: number for name in names if (number := _own_number(name)) is not None}
    taken = set(numbers.values())
    number = first_number
    for name in names:
        if name in numbers:
            continue
        while number in taken:
            number += 1
        numbers[name] = number
        number += 1
    if max(numbers.values()) > MAX_TURBINE_NUMBER or first_number < 1:
        raise ReplayError(f"turbines have numbers from 1 to {MAX_TURBINE_NUMBER}: another --first-number is needed")
    return numbers


def _own_number(name: str) -> int | None:
    try:
        return parse_turbine_number(name)
    except ValueError:
        return None


def _timeline(surveys: Iterable[TurbineSurvey], ends_at: int | None) -> Timeline:
    used = [(survey.first, survey.last) for survey in surveys if survey.first is not None and survey.last is not None]
    origin = min(first for first, _ in used)
    return Timeline(origin, 0 if ends_at is None else ends_at - max(last for _, last in used))


def _found(recording: Recording, numbers: dict[str, int], timeline: Timeline, options: ReplayOptions) -> Iterable[str]:
    """What a person should know before the first reading goes out."""
    for survey in recording.surveys:
        missing = recording.missing(survey)
        gaps = f", {counted(missing, 'slot')} missing" if missing else ""
        every = recording.intervals.get(survey.name)
        steps = f" every {every:g} s" if every else ""
        yield f"{survey.name} is turbine {numbers[survey.name]}: {counted(survey.stretch.rows, 'reading')}{steps}{gaps}"
    if recording.ambiguous_times:
        yield (
            f"{counted(recording.ambiguous_times, 'time')} in the hour that occurs twice in {options.timezone}: "
            "each is taken for the one nearer to its turbine's row before"
        )
    if timeline.shift:
        yield f"all times are moved by {timeline.shift / SECOND / 86400:+,.3f} days, so that the last reading ends now"


def _read_log(log: EventLog, options: ReplayOptions, tell: Callable[[str], None]) -> StatusLog:
    read = read_status_log(log.path, TimeReader(zone_named(options.timezone)))
    stops, events = counted(len(read.stops), "stop"), counted(read.events, "event")
    tell(f"{log.path}: {stops} in {events}, {read.hours:,.3f} hours without overlap")
    if read.open_ended:
        lines = ", ".join(str(line) for line in read.open_ended)
        tell(f"{log.path}: stops without an end are taken to last until the next stop or the log's end: lines {lines}")
    if read.unreadable:
        lines = ", ".join(str(line) for line in read.unreadable[:20])
        tell(f"{log.path}: {counted(len(read.unreadable), 'event')} left out, times unreadable: lines {lines}")
    return read


def _by_turbine(
    names: Sequence[str], logs: Iterable[tuple[EventLog, StatusLog]], options: ReplayOptions
) -> dict[str, StatusLog]:
    of_turbine: dict[str, StatusLog] = {}
    for log, read in logs:
        name = _turbine_of(names, log, read, options)
        if name in of_turbine:
            raise ReplayError(f"--events has two logs of turbine {name!r}: put them into one file")
        of_turbine[name] = read
    return of_turbine


def _turbine_of(names: Sequence[str], log: EventLog, read: StatusLog, options: ReplayOptions) -> str:
    """The turbine of a log: the one that the user named, else the log's own name, else the file's only one."""
    wanted = log.turbine or read.turbine
    if wanted in names:
        return str(wanted)
    if log.turbine is None and len(names) == 1:
        return names[0]
    whose = f"turbine {wanted!r}" if wanted else "no turbine that it names"
    raise ReplayError(
        f"{log.path} is of {whose}, and {options.file} has {', '.join(names)}: write --events TURBINE={log.path}"
    )
