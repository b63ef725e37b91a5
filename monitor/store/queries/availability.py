"""Availability of turbines, regions and the farm, from the quarter hours and the outages that the ledger holds."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from grid.times import SECOND
from monitor.availability.account import Account, Told, account_of
from monitor.availability.coverage import Quarter, covered_down_seconds
from monitor.availability.down_time import DownTime, down_spans, down_times, failures
from monitor.availability.figures import Availability, By
from monitor.availability.periods import DAY, QUARTER, Per, periods, place_of, whole_quarters
from monitor.availability.spans import Span, clipped, union
from monitor.facts import Category, Outage, TurbineRecord
from monitor.store.knowledge.outage_rows import to_outage
from monitor.store.reader import LedgerReader
from monitor.store.rows import columns, listed

MOST_LINES = 20_000
"""In one answer."""

_OUTAGES = f"""
SELECT {listed(columns(Outage))} FROM outages
WHERE turbine_number = :turbine_number AND started_at < :until AND (ended_at >= :since OR ongoing = 1)
ORDER BY started_at
"""  # noqa: S608 - our own names
_SPANS = """
SELECT from_at, until_at FROM outage_spans
WHERE controller_id = ? AND outage_type = ? AND from_at BETWEEN ? AND ? ORDER BY from_at
"""
_FIRST_WINDOW = (
    "SELECT start_at FROM windows WHERE turbine_number = ? AND width_seconds = 900 ORDER BY start_at LIMIT 1"
)
_FIRST_OUTAGE = "SELECT min(started_at) FROM outages WHERE turbine_number = ?"
_SUMS = """
SELECT start_at / :bucket, sum(covered_seconds), sum(energy_in_kwh) FROM windows
WHERE turbine_number = :turbine_number AND width_seconds = 900 AND start_at >= :since AND start_at < :until
GROUP BY 1
"""
_QUARTERS = """
SELECT start_at, covered_seconds, broken_seconds FROM windows
WHERE turbine_number = ? AND width_seconds = 900 AND start_at >= ? AND start_at < ? ORDER BY start_at
"""


class TooManyLinesError(Exception):
    """More lines were asked for than one answer holds: a sentence."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is asked: for whom, over which time, and how that is divided; of one turbine or one region, or of all."""

    since: int
    until: int
    by: By = By.TURBINE
    per: Per = Per.PERIOD
    turbine_number: int | None = None
    region: str | None = None


def availability(reader: LedgerReader, wanted: Wanted, *, now: int) -> list[Availability]:
    """The lines of the account: by turbine's number or region's name, then by time. Definitions: docs/availability.md.

    The time is widened to whole quarter hours, and ends with the last one that is over at `now`. A turbine has no
    line for periods before it was first heard of. Raises TooManyLinesError.
    """
    over = whole_quarters(wanted.since, wanted.until, now)
    cut = periods(over, wanted.per)
    turbines = [turbine for turbine in reader.turbines() if _is_wanted(turbine, wanted)]
    subjects = len(turbines) if wanted.by is By.TURBINE else 1
    if subjects * len(cut) > MOST_LINES:
        raise TooManyLinesError(f"that is {subjects * len(cut):,} lines, and {MOST_LINES:,} are the most: ask for less")
    if not cut:
        return []
    sums: dict[_Subject, dict[int, Account]] = defaultdict(lambda: defaultdict(Account))
    for turbine in turbines:
        subject = _subject_of(turbine, wanted.by)
        for place, account in _accounts(reader, turbine, over, cut, wanted.per).items():
            sums[subject][place].add(account)
    return [
        account.figures(cut[place], turbine_number=subject.turbine_number, region=subject.region)
        for subject, accounts in sorted(sums.items(), key=lambda item: item[0].order)
        for place, account in sorted(accounts.items())
    ]


@dataclass(frozen=True, slots=True)
class _Subject:
    turbine_number: int | None = None
    region: str | None = None

    @property
    def order(self) -> tuple[int, bool, str]:
        return (self.turbine_number or 0, self.region is None, self.region or "")


def _subject_of(turbine: TurbineRecord, by: By) -> _Subject:
    if by is By.TURBINE:
        return _Subject(turbine.turbine_number, turbine.region)
    return _Subject(region=turbine.region) if by is By.REGION else _Subject()


def _is_wanted(turbine: TurbineRecord, wanted: Wanted) -> bool:
    if wanted.turbine_number is not None and turbine.turbine_number != wanted.turbine_number:
        return False
    return wanted.region is None or turbine.region == wanted.region


def _accounts(
    reader: LedgerReader, turbine: TurbineRecord, over: Span, cut: Sequence[Span], per: Per
) -> dict[int, Account]:
    """A turbine's account of each period in which it was known to be there."""
    number = turbine.turbine_number
    first = _first_known(reader, number)
    if first is None or first >= over.until:
        return {}
    known = Span(max(over.since, first), over.until)
    found = _outages(reader, turbine, known)
    down = down_times(found)
    failed = failures(outage for outage, _ in found)
    told = _told(reader, number, known, cut, per, down)
    return {
        place: account_of(part, told.get(place, Told(0.0, 0.0, 0.0)), down, failed)
        for place, period in enumerate(cut)
        if (part := Span(max(period.since, known.since), period.until)).since < part.until
    }


def _first_known(reader: LedgerReader, turbine_number: int) -> int | None:
    """The quarter hour of the turbine's first reading or outage, in event time; None where there is neither."""
    moments = reader.rows(_FIRST_WINDOW, turbine_number) + reader.rows(_FIRST_OUTAGE, turbine_number)
    known = [moment // QUARTER * QUARTER for (moment,) in moments if moment is not None]
    return min(known, default=None)


def _outages(reader: LedgerReader, turbine: TurbineRecord, known: Span) -> list[tuple[Outage, list[Span]]]:
    """The outages that overlap a time, each with when it had the turbine down."""
    rows = reader.rows(_OUTAGES, turbine_number=turbine.turbine_number, since=known.since, until=known.until)
    outages = [to_outage(row) for row in rows]
    return [
        (outage, down_spans(outage, _reported(reader, outage), _heard_until(turbine, outage)))
        for outage in outages
        if outage.category not in (None, Category.INFORMATION_UNAVAILABLE)
    ]


def _reported(reader: LedgerReader, outage: Outage) -> list[Span]:
    found = reader.rows(_SPANS, outage.controller_id, outage.outage_type, outage.started_at, outage.ended_at)
    return [Span(since, until) for since, until in found]


def _heard_until(turbine: TurbineRecord, outage: Outage) -> int:
    """Up to when one that goes on is known to: its last report, or the turbine's newest reading."""
    return max(outage.ended_at, turbine.emitted_at or 0)


def _told(
    reader: LedgerReader,
    turbine_number: int,
    known: Span,
    cut: Sequence[Span],
    per: Per,
    down: Sequence[DownTime],
) -> Mapping[int, Told]:
    """What the turbine's windows tell of each period, by its place."""
    covered: dict[int, float] = defaultdict(float)
    energy: dict[int, float] = defaultdict(float)
    bucket = 2**62 if per is Per.PERIOD else DAY
    values: dict[str, Any] = {"turbine_number": turbine_number, "since": known.since, "until": known.until}
    for number, seconds, kwh in reader.rows(_SUMS, **values, bucket=bucket):
        place = place_of(max(number * bucket, known.since), cut)
        covered[place] += seconds
        energy[place] += kwh
    covered_down = _covered_down(reader, turbine_number, known, cut, down)
    return {place: Told(covered[place], covered_down[place], energy[place]) for place in covered}


def _covered_down(
    reader: LedgerReader, turbine_number: int, known: Span, cut: Sequence[Span], down: Sequence[DownTime]
) -> Mapping[int, float]:
    """The seconds of outages for which readings speak too, by the period's place."""
    seconds: dict[int, float] = defaultdict(float)
    out = union(span for each in down if each.is_out for span in each.spans)
    for stretch in union(_whole(span, known) for span in out):
        # Readings up to an hour later speak for the stretch's last quarter hours.
        rows = reader.rows(_QUARTERS, turbine_number, stretch.since, stretch.until + 3600 * SECOND)
        quarters = [Quarter(*row) for row in rows]
        for start_at, covered in covered_down_seconds(quarters, clipped(out, stretch), stretch):
            seconds[place_of(start_at, cut)] += covered
    return seconds


def _whole(span: Span, known: Span) -> Span:
    """The quarter hours of a span that lie in the time."""
    since = max(span.since // QUARTER * QUARTER, known.since)
    return Span(since, min(-(-span.until // QUARTER) * QUARTER, known.until))
