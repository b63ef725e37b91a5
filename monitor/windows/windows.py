"""Which windows are complete, and which must be figured again: watermarks in event time."""

from collections.abc import Sequence

from monitor.facts import Now, Reading, RememberedKnowledge, WindowChanges


class Windows:
    """Knows of each turbine which minutes hold readings that no window tells of yet."""

    def __init__(self, remembered: RememberedKnowledge, *, now: Now) -> None:
        """Continue with the marks that the store has."""

    def take(self, readings: Sequence[Reading], now: Now) -> WindowChanges:
        """Take the readings of a batch, repeats and late ones too; say what is to be marked and what is due."""
        return WindowChanges()
