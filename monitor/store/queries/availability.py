"""Availability of turbines, regions and the farm, from the windows and the outages that the ledger holds."""

from collections import defaultdict
from dataclasses import dataclass

from monitor.availability.account import Account
from monitor.availability.figures import Availability, By
from monitor.availability.periods import Per, figured, periods
from monitor.facts import TurbineRecord
from monitor.store.queries.availability_accounts import accounts_of
from monitor.store.reader import LedgerReader

MOST_LINES = 20_000
"""In one answer."""
AT_ONCE = 100
"""Turbines whose rows are in memory at a time."""


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

    The time is widened to whole quarter hours, and ends with the last minute that is figured at `now`. A turbine has
    no line for periods before it was first heard of. Raises TooManyLinesError.
    """
    over = figured(wanted.since, wanted.until, now)
    cut = periods(over, wanted.per)
    turbines = [turbine for turbine in reader.turbines() if _is_wanted(turbine, wanted)]
    subjects = len(turbines) if wanted.by is By.TURBINE else 1
    if subjects * len(cut) > MOST_LINES:
        raise TooManyLinesError(f"that is {subjects * len(cut):,} lines, and {MOST_LINES:,} are the most: ask for less")
    if not cut:
        return []
    found: dict[_Subject, dict[int, Account]] = defaultdict(lambda: defaultdict(Account))
    for first in range(0, len(turbines), AT_ONCE):
        for turbine, place, account in accounts_of(reader, turbines[first : first + AT_ONCE], over, cut):
            found[_subject_of(turbine, wanted.by)][place].add(account)
    return [
        account.figures(cut[place], turbine_number=subject.turbine_number, region=subject.region)
        for subject, accounts in sorted(found.items(), key=lambda item: item[0].order)
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
