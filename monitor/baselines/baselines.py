"""Each turbine's own normal, learnt as its readings come, and what deviates from it."""

from collections.abc import Mapping, Sequence

from monitor.facts import BaselineChanges, Now, Reading, RememberedKnowledge, TurbineRecord


class Baselines:
    """Judges each turbine's newest readings, at most one a second of event time, against what it has learnt."""

    def __init__(self, remembered: RememberedKnowledge, *, now: Now) -> None:
        """Continue with what was learnt."""

    def take(self, readings: Sequence[Reading], turbines: Mapping[int, TurbineRecord], now: Now) -> BaselineChanges:
        """Take a batch's readings; late and repeated ones change nothing."""
        return BaselineChanges()
