"""The accounts of turbines, from the rows that the ledger holds on them."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence

from grid.times import SECOND
from monitor.availability.account import Account, Told, account_of
from monitor.availability.coverage import Quarter, covered_down_seconds
from monitor.availability.down_time import DownTime, Failure, down_spans, down_times, failures
from monitor.availability.periods import QUARTER, place_of
from monitor.availability.spans import Span, clipped, union
from monitor.facts import Outage, TurbineRecord
from monitor.store.queries.availability_rows import first_known, outages, quarters, sums
from monitor.store.reader import LedgerReader

_EVER = 2**62
_HOUR = 3600 * SECOND
_NOTHING = Told(0.0, 0.0, 0.0)


class _Turbine:
    """What the outages of a turbine, given with what was reported of each, make of the time since it was known."""

    def __init__(self, record: TurbineRecord, known: Span, found: Sequence[tuple[Outage, Sequence[Span]]]) -> None:
        self.record = record
        self.known = known
        self.down = down_times(
            [(outage, down_spans(outage, reported, _heard_until(record, outage))) for outage, reported in found]
        )
        self.failed = failures(outage for outage, _ in found)
        self.stretches = _stretches(union(span for each in self.down if each.is_out for span in each.spans), known)

    @property
    def number(self) -> int:
        """Its number."""
        return self.record.turbine_number


def accounts_of(
    reader: LedgerReader, turbines: Sequence[TurbineRecord], over: Span, cut: Sequence[Span]
) -> Iterator[tuple[TurbineRecord, int, Account]]:
    """The account of each turbine for each period, by its place in `cut`, in which it was known to be there."""
    known = _known(reader, turbines, over)
    windows = _Windows(reader, known, over, cut)
    for turbine in known:
        reader.heed_time()
        told, down, failed = windows.told(turbine), _down(turbine, cut), _failed(turbine, cut)
        for place in range(place_of(turbine.known.since, cut), len(cut)):
            part = Span(max(cut[place].since, turbine.known.since), cut[place].until)
            account = account_of(part, told.get(place, _NOTHING), down.get(place, ()), failed.get(place, ()))
            yield turbine.record, place, account


def _known(reader: LedgerReader, turbines: Sequence[TurbineRecord], over: Span) -> list[_Turbine]:
    """Those that were heard of before the end of a time."""
    first = first_known(reader, [turbine.turbine_number for turbine in turbines])
    there = [turbine for turbine in turbines if first.get(turbine.turbine_number, _EVER) < over.until]
    found = outages(reader, [turbine.turbine_number for turbine in there], over)
    known = []
    for turbine in there:
        reader.heed_time()
        number = turbine.turbine_number
        known.append(_Turbine(turbine, Span(max(over.since, first[number]), over.until), found.get(number, ())))
    return known


def _heard_until(turbine: TurbineRecord, outage: Outage) -> int:
    """Up to when one that goes on is known to: its last report, or the turbine's newest reading."""
    return max(outage.ended_at, turbine.emitted_at or 0)


def _stretches(out: Iterable[Span], known: Span) -> Mapping[Span, Sequence[Span]]:
    """The quarter hours of a time in which a turbine was out, those that follow each other together, and when."""
    inside = clipped(out, known)
    whole = union(
        Span(max(_quarter_of(since), known.since), min(-_quarter_of(-until), known.until)) for since, until in inside
    )
    found: dict[Span, list[Span]] = {stretch: [] for stretch in whole}
    for span in inside:
        found[whole[place_of(span.since, whole)]].append(span)
    return found


def _quarter_of(moment: int) -> int:
    return moment // QUARTER * QUARTER


def _down(turbine: _Turbine, cut: Sequence[Span]) -> Mapping[int, Sequence[DownTime]]:
    """What takes time from each period, in order."""
    found: dict[int, list[DownTime]] = defaultdict(list)
    for each in turbine.down:
        places = {
            place
            for span in clipped(each.spans, turbine.known)
            for place in range(place_of(span.since, cut), place_of(span.until - 1, cut) + 1)
        }
        for place in places:
            found[place].append(each)
    return found


def _failed(turbine: _Turbine, cut: Sequence[Span]) -> Mapping[int, Sequence[Failure]]:
    """The failures that began or ended in each period, or beside all of them."""
    found: dict[int, list[Failure]] = defaultdict(list)
    for failure in turbine.failed:
        moments = (failure.began_at, failure.restored_at)
        for place in {place_of(moment, cut) for moment in moments if moment is not None}:
            found[place].append(failure)
    return found


class _Windows:
    """What the windows tell of the turbines: quarter hours, and the minutes of the one that goes on."""

    def __init__(self, reader: LedgerReader, turbines: Sequence[_Turbine], over: Span, cut: Sequence[Span]) -> None:
        self._cut = cut
        self._rest = rest = Span(_quarter_of(over.until), over.until)
        parts = [
            (turbine.number, max(period.since, _quarter_of(turbine.known.since)), min(period.until, rest.since))
            for turbine in turbines
            for period in cut[place_of(turbine.known.since, cut) :]
        ]
        self._sums = sums(reader, parts, width_seconds=900)
        self._rests = sums(reader, [(turbine.number, *rest) for turbine in turbines], width_seconds=60)
        # Readings up to an hour later speak for a stretch's last quarter hours.
        stretches = [
            (turbine.number, _quarter_of(stretch.since), min(stretch.until + _HOUR, rest.since))
            for turbine in turbines
            for stretch in turbine.stretches
        ]
        self._quarters = quarters(reader, stretches)

    def told(self, turbine: _Turbine) -> Mapping[int, Told]:
        """What they tell of each period, by its place."""
        covered: dict[int, float] = defaultdict(float)
        energy: dict[int, float] = defaultdict(float)
        for begin, found in (*self._sums.get(turbine.number, ()), *self._rests.get(turbine.number, ())):
            place = place_of(begin, self._cut)
            covered[place] += found.covered_seconds
            energy[place] += found.energy_in_kwh
        down: dict[int, float] = defaultdict(float)
        for start_at, seconds in self._covered_down(turbine):
            down[place_of(start_at, self._cut)] += seconds
        return {place: Told(covered[place], down[place], energy[place]) for place in covered}

    def _covered_down(self, turbine: _Turbine) -> Iterator[tuple[int, float]]:
        """The seconds of outages for which readings speak too, by quarter hour."""
        rest = [Quarter(since, *found[:2]) for since, found in self._rests.get(turbine.number, ())]
        for stretch, out in turbine.stretches.items():
            whole = self._quarters.get((turbine.number, _quarter_of(stretch.since)), ())
            beside = rest if stretch.until + _HOUR > self._rest.since else []
            yield from covered_down_seconds([*whole, *beside], out, stretch)
