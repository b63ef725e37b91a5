"""The account of a period: sums over turbines, and the figures that follow from them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from monitor.availability.down_time import LOSING, DownTime, Failure
from monitor.availability.figures import Availability
from monitor.availability.spans import Span
from monitor.facts import Category

_HOUR = 3600.0
_DIGITS = 6


@dataclass(slots=True)
class Account:
    """What a period was, for one turbine or, added up, for several."""

    turbines: int = 0
    period_seconds: float = 0.0
    available_seconds: float = 0.0
    down_seconds: dict[Category, float] = field(default_factory=lambda: dict.fromkeys(Category, 0.0))
    unknown_seconds: float = 0.0
    energy_in_kwh: float = 0.0
    lost_energy_in_kwh: float = 0.0
    losses_unknown: int = 0
    forced_outages: int = 0
    restored: int = 0
    restoration_seconds: float = 0.0

    def add(self, other: "Account") -> None:
        """Add the account of other turbines, of the same period."""
        self.turbines += other.turbines
        self.period_seconds += other.period_seconds
        self.available_seconds += other.available_seconds
        for category, seconds in other.down_seconds.items():
            self.down_seconds[category] += seconds
        self.unknown_seconds += other.unknown_seconds
        self.energy_in_kwh += other.energy_in_kwh
        self.lost_energy_in_kwh += other.lost_energy_in_kwh
        self.losses_unknown += other.losses_unknown
        self.forced_outages += other.forced_outages
        self.restored += other.restored
        self.restoration_seconds += other.restoration_seconds

    def figures(self, period: Span, *, turbine_number: int | None = None, region: str | None = None) -> Availability:
        """The line of the account, with its ratios and means."""
        forced = self.down_seconds[Category.FORCED_OUTAGE]
        by_energy = _share(max(0.0, self.energy_in_kwh), self.lost_energy_in_kwh)
        return Availability(
            turbine_number=turbine_number,
            region=region,
            turbines=self.turbines,
            since=period.since,
            until=period.until,
            period_seconds=round(self.period_seconds, _DIGITS),
            available_seconds=round(self.available_seconds, _DIGITS),
            forced_outage_seconds=round(forced, _DIGITS),
            maintenance_seconds=round(self.down_seconds[Category.SCHEDULED_MAINTENANCE], _DIGITS),
            out_of_scope_seconds=round(self.down_seconds[Category.OUT_OF_SCOPE], _DIGITS),
            unknown_seconds=round(self.unknown_seconds, _DIGITS),
            energy_in_kwh=round(self.energy_in_kwh, _DIGITS),
            lost_energy_in_kwh=round(self.lost_energy_in_kwh, _DIGITS),
            losses_unknown=self.losses_unknown,
            forced_outages=self.forced_outages,
            restored=self.restored,
            restoration_seconds=round(self.restoration_seconds, _DIGITS),
            time_availability=_share(self.available_seconds, forced),
            time_availability_at_least=_share(self.available_seconds, forced + self.unknown_seconds),
            energy_availability=None if self.losses_unknown else by_energy,
            energy_availability_at_most=by_energy,
            mtbf_hours=_mean_hours(self.available_seconds, self.forced_outages),
            mttr_hours=_mean_hours(self.restoration_seconds, self.restored),
        )


@dataclass(frozen=True, slots=True)
class Told:
    """What the windows of a turbine tell of a period."""

    covered_seconds: float
    """What its readings speak for."""
    covered_down_seconds: float
    """What of that was in outages."""
    energy_in_kwh: float


def account_of(known: Span, told: Told, down: Sequence[DownTime], failed: Iterable[Failure]) -> Account:
    """The account of one turbine, for the part of a period in which it was known to be there.

    Information is available where readings or outages speak. What readings speak for is a sum of seconds, so it can't
    be more than the period leaves beside outages.
    """
    account = Account(turbines=1, period_seconds=known.seconds, energy_in_kwh=told.energy_in_kwh)
    for each in down:
        _count_time(account, each, known)
    for failure in failed:
        _count_failure(account, failure, known)
    out = sum(each.within(known) for each in down if each.is_out)
    covered_up = max(0.0, told.covered_seconds - told.covered_down_seconds)
    account.available_seconds = max(0.0, min(covered_up, account.period_seconds - out))
    account.unknown_seconds = max(0.0, account.period_seconds - out - account.available_seconds)
    return account


def _count_time(account: Account, down: DownTime, known: Span) -> None:
    seconds = down.within(known)
    account.down_seconds[down.category] += seconds
    if seconds and down.category in LOSING:
        account.lost_energy_in_kwh += down.lost_within(known)
        account.losses_unknown += down.outage.lost_energy_in_kwh is None


def _count_failure(account: Account, failure: Failure, known: Span) -> None:
    account.forced_outages += known.since <= failure.began_at < known.until
    if failure.restored_at is not None and known.since <= failure.restored_at < known.until:
        account.restored += 1
        account.restoration_seconds += Span(failure.began_at, failure.restored_at).seconds


def _share(good: float, lost: float) -> float | None:
    return round(good / (good + lost), _DIGITS) if good + lost > 0 else None


def _mean_hours(seconds: float, count: int) -> float | None:
    return round(seconds / count / _HOUR, _DIGITS) if count else None
