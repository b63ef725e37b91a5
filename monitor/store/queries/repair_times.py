"""How long turbines waited for an engineer, and for the end of their trouble."""

from collections.abc import Sequence
from dataclasses import dataclass

from grid.times import SECOND
from monitor.store.reader import LedgerReader

_TO_DISPATCH = """
SELECT min(sent_at) - opened_at FROM incidents JOIN visits USING (incident_id)
WHERE opened_at >= ? GROUP BY incident_id ORDER BY 1
"""
_TO_REPAIR = """
SELECT closed_at - opened_at FROM incidents WHERE opened_at >= ? AND outcome = 'repaired' ORDER BY 1
"""


@dataclass(frozen=True, slots=True)
class Durations:
    """How long something took, in seconds. What nothing is known of is None."""

    count: int
    median: float | None
    p90: float | None
    max: float | None


@dataclass(frozen=True, slots=True)
class RepairTimes:
    """Of the incidents that were opened since a time."""

    to_dispatch: Durations
    """From the opening until the first engineer was sent; those who still wait are not in it."""
    to_repair: Durations
    """From the opening until the turbine was proved repaired; those that recovered by themselves are not in it."""


def repair_times(reader: LedgerReader, since: int) -> RepairTimes:
    """Measure the incidents that were opened at `since` or later."""
    return RepairTimes(
        durations([took for (took,) in reader.rows(_TO_DISPATCH, since)]),
        durations([took for (took,) in reader.rows(_TO_REPAIR, since)]),
    )


def durations(took: Sequence[int]) -> Durations:
    """Sum up microseconds in ascending order. A percentile is one of them: the first that so many do not exceed."""
    if not took:
        return Durations(0, None, None, None)
    return Durations(len(took), _percentile(took, 50), _percentile(took, 90), _seconds(took[-1]))


def _percentile(took: Sequence[int], percent: int) -> float:
    return _seconds(took[-(-len(took) * percent // 100) - 1])


def _seconds(microseconds: int) -> float:
    """A clock that was set back does not make a wait shorter than none."""
    return max(0.0, microseconds / SECOND)
