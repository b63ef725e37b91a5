"""A SCADA file, read once: which turbines it has, when, and their rows ready to be sent in order."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby

from turbine.life import Nameplate
from turbine.replay.columns import layout_for, parse_columns, positions
from turbine.replay.csvfile import CsvFile
from turbine.replay.errors import ReplayError
from turbine.replay.options import ReplayOptions
from turbine.replay.presets import Column, Layout
from turbine.replay.report import LeftOutRows, located
from turbine.replay.rows import LeftOut, Row, RowReader
from turbine.replay.spool import BROKEN, LEFT_OUT, OK, Record, Spool, in_order, unpack
from turbine.replay.survey import TurbineSurvey
from turbine.replay.timestamps import TimeReader, zone_named

MAX_TURBINES = 10_000
"""More names than this come from a column that names no turbines; each would be a connection."""


@dataclass(frozen=True, slots=True)
class Recording:
    """A file's usable rows, in a spool. `surveys` are in the order in which the turbines appear in the file.

    `intervals` has the seconds that a row stands for, by turbine; turbines without two rows take the commonest of
    the others. `is_energy`: the file has kWh, not mean kW. `nameplate`: what is known of all its turbines.
    """

    spool: Spool
    surveys: list[TurbineSurvey]
    intervals: dict[str, float]
    is_energy: bool
    rows: int
    ambiguous_times: int
    nameplate: Nameplate

    def missing(self, survey: TurbineSurvey) -> int:
        """Slots of a turbine that the file has no row for."""
        interval = self.intervals.get(survey.name)
        return 0 if interval is None else survey.missing(interval)

    def kwh_of(self, survey: TurbineSurvey) -> float:
        """The kWh that one unit of a turbine's amounts is worth: kW times seconds / 3600 where the file has power."""
        return 1.0 if self.is_energy else self.intervals[survey.name] / 3600


def record(options: ReplayOptions, left_out: LeftOutRows, latest: int) -> Recording:
    """Read the file through; rows that can't be sent, also those later than `latest`, are told to `left_out`.

    Raises ReplayError for what the user can mend, also when no row is usable.
    """
    with CsvFile(options.file) as file:
        columns = parse_columns(options.columns) if options.columns else {}
        layout = layout_for(file.header, columns, options.preset)
        reader = _reader_for(file, layout, options, latest)
        intake = _Intake(file, reader, left_out)
        spool = Spool()
        try:
            surveys = intake.into(spool)
            _check_usable(surveys, left_out, options)
            is_energy = Column.ENERGY_KWH in reader.places
            intervals = _intervals(surveys, options.interval, needed=not is_energy)
        except BaseException:
            spool.close()
            raise
    return Recording(spool, surveys, intervals, is_energy, intake.rows, reader.times.ambiguous, layout.nameplate)


def _reader_for(file: CsvFile, layout: Layout, options: ReplayOptions, latest: int) -> RowReader:
    return RowReader(
        places=positions(layout, file.header),
        width=len(file.header),
        times=TimeReader(zone_named(options.timezone), options.time_format or layout.time_format),
        only_turbine=file.path.name.partition(".")[0] or file.path.name,
        latest=latest,
        broken_values=options.broken_words(),
    )


class _Intake:
    """Takes a file's rows into a spool, once."""

    def __init__(self, file: CsvFile, reader: RowReader, left_out: LeftOutRows) -> None:
        self.rows = 0
        self._file = file
        self._reader = reader
        self._left_out = left_out
        self._places: dict[str, int] = {}
        self._names: list[str] = []

    def into(self, spool: Spool) -> list[TurbineSurvey]:
        """Write the usable rows by turbine and time; returns what each turbine's rows tell, in order of appearance."""
        surveys = []
        for place, records in groupby(in_order(self._packed()), key=lambda packed: unpack(packed).turbine):
            survey = TurbineSurvey(self._names[place])
            survey.stretch = spool.append(survey.usable(records, self._left_out.add))
            surveys.append(survey)
        return surveys

    def _packed(self) -> Iterator[bytes]:
        for cells in self._file:
            self.rows += 1
            row = self._reader.read(cells)
            if isinstance(row, LeftOut):
                self._left_out.add(row)
            record = self._record(row)
            if record is not None:
                yield record.packed()

    def _record(self, row: Row | LeftOut) -> Record | None:
        if row.turbine is None or row.time is None:
            return None
        place = self._place(row.turbine)
        if isinstance(row, LeftOut):
            return Record(place, row.time, row.line, LEFT_OUT)
        kind = BROKEN if row.broken else OK
        return Record(place, row.time, row.line, kind, row.wind_speed, row.amount, *row[6:])

    def _place(self, turbine: str) -> int:
        place = self._places.get(turbine)
        if place is None:
            if len(self._names) == MAX_TURBINES:
                raise ReplayError(f"the turbine column of {self._file.path} has over {MAX_TURBINES:,} different names")
            place = self._places[turbine] = len(self._names)
            self._names.append(turbine)
        return place


def _check_usable(surveys: list[TurbineSurvey], left_out: LeftOutRows, options: ReplayOptions) -> None:
    if any(survey.stretch.rows for survey in surveys):
        return
    if left_out.first is None:
        raise ReplayError(f"{options.file} has a header and no rows")
    raise ReplayError(f"no row of {options.file} can be used: {left_out.sentence()}; {located(left_out.first)}")


def _intervals(surveys: list[TurbineSurvey], given: float | None, *, needed: bool) -> dict[str, float]:
    found = {survey.name: given or survey.interval() for survey in surveys}
    known = Counter(interval for interval in found.values() if interval is not None)
    if not known:
        if needed:
            raise ReplayError("no turbine has two rows to tell what time a row stands for: give --interval SECONDS")
        return {}
    commonest = known.most_common(1)[0][0]
    return {name: interval or commonest for name, interval in found.items()}
