"""What is told about a replay: each row that is left out, and the account at the end."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from turbine.replay.rows import LeftOut, Reason
from turbine.wording import counted

NAMED = 20
"""Rows that are named for each reason; more are only counted, so that a bad file of millions is not echoed."""


class LeftOutRows:
    """Names the rows that are left out, each in a sentence given to `tell`, and counts all of them."""

    def __init__(self, tell: Callable[[str], None]) -> None:
        self._tell = tell
        self.by_reason: Counter[Reason] = Counter()
        self.by_turbine: Counter[str] = Counter()
        self.first: LeftOut | None = None

    def add(self, row: LeftOut) -> None:
        """Count one row, and name it if it is among the first of its reason."""
        self.first = self.first or row
        self.by_reason[row.reason] += 1
        if row.turbine is not None:
            self.by_turbine[row.turbine] += 1
        count = self.by_reason[row.reason]
        if count <= NAMED:
            self._tell(f"left out: {located(row)}")
        elif count == NAMED + 1:
            self._tell(f"more rows are left out for the same reason ({row.reason}); they are counted")

    def total(self) -> int:
        """How many rows are left out."""
        return self.by_reason.total()

    def sentence(self) -> str:
        """All of it in a few words: `5 rows left out (5 empty cell)`."""
        total = self.total()
        if not total:
            return "no row left out"
        reasons = ", ".join(f"{count:,} {reason}" for reason, count in self.by_reason.most_common())
        return f"{counted(total, 'row')} left out ({reasons})"


def located(row: LeftOut) -> str:
    """Where the row is, whose, and why it is left out: `line 205, turbine KWF2: wind_speed is empty`."""
    whose = "" if row.turbine is None else f", turbine {row.turbine}"
    return f"line {row.line}{whose}: {row.words}"


@dataclass(frozen=True, slots=True)
class TurbineAccount:
    """What became of one turbine's rows. Energy in kWh of what was sent; slots without any row are missing."""

    number: int
    name: str
    usable: int
    sent: int
    broken: int
    left_out: int
    missing: int
    energy_kwh: float

    def sentence(self) -> str:
        """The account in one line."""
        sent = f"{self.sent:,}" if self.sent == self.usable else f"{self.sent:,} of {self.usable:,}"
        return (
            f"turbine {self.number} ({self.name}): {sent} sent, {self.broken:,} of them broken, "
            f"{self.left_out:,} left out, {counted(self.missing, 'slot')} missing, {self.energy_kwh:,.1f} kWh"
        )


def summary(rows: int, left_out: LeftOutRows, accounts: Sequence[TurbineAccount]) -> list[str]:
    """The account at the end: one line for the file, then one for each turbine."""
    usable = sum(account.usable for account in accounts)
    sent = sum(account.sent for account in accounts)
    missing = sum(account.missing for account in accounts)
    energy = sum(account.energy_kwh for account in accounts)
    sent_of_all = counted(sent, "reading") if sent == usable else f"{sent:,} of {counted(usable, 'reading')}"
    whole = (
        f"{counted(rows, 'row')} read: {sent_of_all} sent, {left_out.sentence()}; "
        f"{counted(missing, 'slot')} missing; {energy:,.1f} kWh"
    )
    return [whole, *(account.sentence() for account in accounts)]
