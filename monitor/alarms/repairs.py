"""Repairs that do not go as they should: refused, in vain, too slow, or with nobody to send."""

from collections.abc import Iterable, Mapping

from grid.times import SECOND
from monitor.alarms.conditions import Signs, Switches, of_turbine
from monitor.alarms.rules import ENGINEERS_SHORT, REPAIR_REFUSED, REPAIR_WITHOUT_EFFECT, TURBINE_BROKEN
from monitor.alarms.settings import AlarmSettings
from monitor.facts import Alarm, Incident, IncidentCause, IncidentState, Now, Release, TurbineRecord, Visit

REPAIR_RULES = (REPAIR_REFUSED, REPAIR_WITHOUT_EFFECT, TURBINE_BROKEN)

LEAST_DELAY_SECONDS = 60.0
"""After a start, which may take a while to get to work, an old incident has so long before it is an alarm."""


class Repairs:
    """Watches the incidents. A turbine that a person holds is cared for."""

    def __init__(self, settings: AlarmSettings) -> None:
        self._settings = settings
        self._switches = Switches()
        self._waiting: dict[int, float] = {}
        """Which turbines wait for an engineer, and since when (watched), the longest first."""
        self._waited_seconds = 0.0
        """How long whoever waits at the start has waited before, as far as that is known."""
        self._reasons: dict[int, str] = {}

    def remember(self, alarm: Alarm) -> None:
        """Know that engineers are short, of which an alarm says so: whoever waits has waited for long."""
        if alarm.rule == ENGINEERS_SHORT:
            self._waited_seconds = self._settings.waiting_after_seconds

    def begin(
        self, incidents: Iterable[Incident], turbines: Mapping[int, TurbineRecord], now: Now, signs: Signs
    ) -> None:
        """See the open incidents at a start, after `remember`: an old one is not young again."""
        limit = self._settings.broken_after_seconds
        for incident in incidents:
            left = max(limit - (now.utc - incident.opened_at) / SECOND, min(limit, LEAST_DELAY_SECONDS))
            if incident.state is IncidentState.WAITING:
                self._waiting[incident.turbine_number] = now.watched - self._waited_seconds
            self._see(incident, turbines.get(incident.turbine_number), left, now, signs)

    def hear(self, visits: Iterable[Visit]) -> None:
        """Remember why a turbine rejected its engineer, until its incident is seen."""
        for visit in visits:
            if visit.release is Release.REJECTED and visit.detail:
                self._reasons[visit.turbine_number] = visit.detail

    def take(
        self, incidents: Iterable[Incident], turbines: Mapping[int, TurbineRecord], now: Now, signs: Signs
    ) -> None:
        """See which incidents are new, changed or closed; and who waits for too long."""
        for incident in incidents:
            number = incident.turbine_number
            self._see(incident, turbines.get(number), self._settings.broken_after_seconds, now, signs)
        self._reasons.clear()
        longest = next(iter(self._waiting.values()), now.watched)
        self._switches.set(
            signs,
            ENGINEERS_SHORT,
            on=now.watched - longest >= self._settings.waiting_after_seconds > 0,
            sentence=lambda: (
                f"{_turbines(len(self._waiting))} for an engineer, the longest for "
                f"{self._settings.waiting_after_seconds / 60:.0f} minutes."
            ),
        )

    def _see(
        self, incident: Incident, turbine: TurbineRecord | None, delay_seconds: float, now: Now, signs: Signs
    ) -> None:
        number = incident.turbine_number
        if incident.state is IncidentState.WAITING:
            self._waiting.setdefault(number, now.watched)
        else:
            self._waiting.pop(number, None)
        wrong = self._wrong(incident, delay_seconds)
        for rule in REPAIR_RULES:
            if rule in wrong:
                signs.on(of_turbine(rule, number, turbine, *wrong[rule]))
            else:
                signs.off_for(number, (rule,))

    def _wrong(self, incident: Incident, delay_seconds: float) -> dict[str, tuple[str, float | None]]:
        """What is wrong with a repair: by rule its sentence, and a delay instead of the rule's."""
        wrong: dict[str, tuple[str, float | None]] = {}
        number, state, failed = incident.turbine_number, incident.state, incident.failed_visits
        if state in (IncidentState.CLOSED, IncidentState.HELD):
            return wrong
        if state is IncidentState.REFUSED:
            reason = f": {self._reasons[number]}" if number in self._reasons else ""
            wrong[REPAIR_REFUSED] = f"Turbine {number} refused the repair{reason}.", None
        if failed >= self._settings.failed_visits:
            wrong[REPAIR_WITHOUT_EFFECT] = f"{failed} visits to turbine {number} had no effect.", None
        if incident.cause is IncidentCause.BROKEN:
            minutes = self._settings.broken_after_seconds / 60
            sentence = f"Turbine {number} is broken, and was not repaired within {minutes:.0f} minutes."
            wrong[TURBINE_BROKEN] = sentence, delay_seconds
        return wrong


def _turbines(number: int) -> str:
    return "1 turbine waits" if number == 1 else f"{number:,} turbines wait"
