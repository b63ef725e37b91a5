"""How many turbines and controllers the monitor takes: whoever invents new ones must not fill memory and disk."""

from collections.abc import Iterable

from monitor.facts import DeadLetterReason
from monitor.intake.refused import RefusedError

MOST_TURBINES = 10_000
"""Unless the settings say otherwise. A turbine costs some kilobytes of memory, a file and a row, for ever."""

CONTROLLERS_FOR_A_TURBINE = 2
"""So many times as many controllers are taken: `turbine-7` is one, and there are others."""


class Admission:
    """Who is known. Whoever is new is let in while there is room, and from then on stays known.

    Turbines and controllers that the ledger knows are let in whatever the limit.
    """

    def __init__(self, *, most_turbines: int = MOST_TURBINES) -> None:
        self.turbines: set[int] = set()
        self.controllers: set[str] = set()
        self._most_turbines = most_turbines
        self._most_controllers = CONTROLLERS_FOR_A_TURBINE * most_turbines
        self._turned_away: str | None = None

    def remember(self, turbines: Iterable[int], controllers: Iterable[str]) -> None:
        """Start with what the ledger knows."""
        self.turbines.update(turbines)
        self.controllers.update(controllers)

    def drain_turned_away(self) -> str | None:
        """Who was turned away last since this was asked last, and why, in a sentence; None if nobody was."""
        turned_away, self._turned_away = self._turned_away, None
        return turned_away

    def has_room_for(self, turbine_number: int) -> bool:
        """Whether a turbine is let in; if so it is known from now on."""
        if turbine_number in self.turbines:
            return True
        if len(self.turbines) >= self._most_turbines:
            self._turned_away = self._of_turbine(turbine_number)
            return False
        self.turbines.add(turbine_number)
        return True

    def let_in(self, turbine_number: int) -> None:
        """Let a turbine in. Raises RefusedError when there are too many."""
        if not self.has_room_for(turbine_number):
            raise RefusedError(DeadLetterReason.TOO_MANY, self._of_turbine(turbine_number))

    def let_controller_in(self, controller_id: str) -> None:
        """Let a controller in. Raises RefusedError when there are too many."""
        self.let_controllers_in([controller_id])

    def let_controllers_in(self, controller_ids: Iterable[str]) -> None:
        """Let controllers in, all or none. Raises RefusedError when there are too many."""
        new = set(controller_ids) - self.controllers
        if new and len(self.controllers) + len(new) > self._most_controllers:
            detail = f"{min(new)} is one controller too many: --max-turbines allows {self._most_controllers}"
            self._turned_away = detail
            raise RefusedError(DeadLetterReason.TOO_MANY, detail)
        self.controllers |= new

    def _of_turbine(self, turbine_number: int) -> str:
        return f"turbine {turbine_number} is one too many: --max-turbines is {self._most_turbines}"
