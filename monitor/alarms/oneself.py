"""The monitor's own troubles, and gaps in what turbines sent."""

from collections.abc import Mapping

from monitor.alarms.conditions import Signs, Switches, of_turbine
from monitor.alarms.rules import (
    BOOKS_UNBALANCED,
    BROKER_LOST,
    DATABASE_REFUSED,
    DEAD_LETTERS,
    NOTIFICATIONS_FAILING,
    READINGS_MISSING,
    TEXT_FILES_BEHIND,
)
from monitor.alarms.settings import AlarmSettings
from monitor.facts import Alarm, Now, Troubles, TurbineRecord

LOOK_FOR_GAPS_EVERY_SECONDS = 60.0
_TEN_MINUTES = 600.0


class Oneself:
    """Watches the monitor."""

    def __init__(self, settings: AlarmSettings) -> None:
        self._settings = settings
        self._switches = Switches()
        self._letters = 0.0
        """Refused messages, less what drains away: `dead_letters` in ten minutes. Never more than twice as many."""
        self._drained_at = 0.0
        self._has_many = False

    def remember(self, alarm: Alarm, now: Now) -> None:
        """Know that many messages are refused, of which an alarm says so."""
        if alarm.rule == DEAD_LETTERS:
            self._letters, self._drained_at, self._has_many = float(self._settings.dead_letters), now.watched, True

    def take(self, troubles: Troubles, failing: str | None, now: Now, signs: Signs) -> None:
        """See how the monitor is; `failing` says which receivers of notifications take none."""
        away = troubles.broker_away_seconds
        grace = 0.0 if troubles.was_connected else self._settings.broker_grace_seconds
        is_lost = away is not None and away >= grace
        sentence = "The monitor has no connection to the broker: nothing is heard."
        self._set(signs, BROKER_LOST, sentence, on=is_lost)
        refused = troubles.store_refused_seconds
        is_refused = refused is not None and refused >= self._settings.database_refused_seconds
        self._set(signs, DATABASE_REFUSED, f"Nothing could be stored: {troubles.store_error}.", on=is_refused)
        sentence = "The text files lack readings that are in the database."
        self._set(signs, TEXT_FILES_BEHIND, sentence, on=troubles.text_files_behind)
        unbalanced = troubles.unbalanced_readings
        sentence = f"The books do not balance: {unbalanced:,} readings are neither stored nor refused."
        self._set(signs, BOOKS_UNBALANCED, sentence, on=unbalanced != 0)
        self._count_letters(troubles.dead_letters, now, signs)
        self._set(signs, NOTIFICATIONS_FAILING, f"Notifications fail: {failing}.", on=failing is not None)

    def _set(self, signs: Signs, rule: str, sentence: str, *, on: bool) -> None:
        self._switches.set(signs, rule, on=on, sentence=lambda: sentence)

    def _count_letters(self, letters: int, now: Now, signs: Signs) -> None:
        most = self._settings.dead_letters
        drained = (now.watched - self._drained_at) * most / _TEN_MINUTES
        self._drained_at = now.watched
        self._letters = min(max(0.0, self._letters - drained) + letters, 2.0 * most)
        self._has_many = self._letters >= (most / 2 if self._has_many else most)
        self._set(signs, DEAD_LETTERS, f"More than {most:,} messages were refused within minutes.", on=self._has_many)


class Gaps:
    """Watches how many readings are missing. What lacks since before a start is old news, unless an alarm tells it."""

    def __init__(self, settings: AlarmSettings) -> None:
        self._settings = settings
        self._known: dict[int, tuple[int, float]] | None = None
        """How many of which turbine, and when (watched) it became more."""
        self._told: set[int] = set()
        """Turbines of whose gaps an alarm tells at the start."""
        self._look_at = 0.0

    def remember(self, alarm: Alarm) -> None:
        """Know of a gap, of which an alarm says so."""
        if alarm.rule == READINGS_MISSING and alarm.turbine_number is not None:
            self._told.add(alarm.turbine_number)

    def is_due(self, now: Now) -> bool:
        """Whether to look again: that costs a microsecond for each turbine."""
        return now.watched >= self._look_at

    def take(self, missing: Mapping[int, int], turbines: Mapping[int, TurbineRecord], now: Now, signs: Signs) -> None:
        """See where there are new gaps, and where they were filled or will not be."""
        self._look_at = now.watched + LOOK_FOR_GAPS_EVERY_SECONDS
        long_ago = now.watched - self._settings.missing_settled_seconds
        known = self._known
        if known is None:
            since = dict.fromkeys(self._told, now.watched)
            known = {number: (count, since.get(number, long_ago)) for number, count in missing.items()}
        self._known = {}
        for number in known.keys() | missing.keys():
            count = missing.get(number, 0)
            before, grew_at = known.get(number, (0, long_ago))
            if count > before:
                grew_at = now.watched
            if count:
                self._known[number] = (count, grew_at)
            if count and grew_at > long_ago:
                sentence = f"Turbine {number} counted readings that have not come: {count:,} are missing."
                signs.on(of_turbine(READINGS_MISSING, number, turbines.get(number), sentence))
            else:
                signs.off_for(number, (READINGS_MISSING,))
