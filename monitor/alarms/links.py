"""Turbines that can't be heard: one by one, and many at once."""

from collections.abc import Mapping, Sequence

from monitor.alarms.conditions import Signs, Switches, of_turbine
from monitor.alarms.rules import MANY_OFFLINE, TURBINE_OFFLINE, TURBINE_SILENT
from monitor.alarms.settings import AlarmSettings
from monitor.alarms.together import Together
from monitor.facts import Alarm, Belief, BrokerFound, BrokerLost, Link, LinkReason, Now, Told, TurbineRecord

_WHY = {LinkReason.STOPPED: "it said goodbye", LinkReason.LOST: "the broker lost it", LinkReason.SILENT: "it is silent"}


class Links:
    """Watches what is believed of the links. A link that is not known says nothing, until it stays so for long."""

    def __init__(self, settings: AlarmSettings) -> None:
        self._settings = settings
        self._switches = Switches()
        self._gone = Together(settings)
        """What is gone is so until it is heard."""

    def remember(self, alarm: Alarm, now: Now) -> None:
        """Know a turbine as gone, of which an alarm says so: alone, or together with others that speak for it."""
        if alarm.rule not in (TURBINE_OFFLINE, TURBINE_SILENT) or alarm.turbine_number is None:
            return
        if alarm.suppressed_by == MANY_OFFLINE:
            self._gone.join(alarm.turbine_number, now)
        else:
            self._gone.remember(alarm.turbine_number)

    def begin(self, turbines: Mapping[int, TurbineRecord], now: Now, signs: Signs) -> None:
        """See how things stand at a start, after `remember`."""
        for number, turbine in turbines.items():
            self._see(number, turbine.link, turbine.link_reason, turbines, now, signs)

    def take(self, told: Sequence[Told], turbines: Mapping[int, TurbineRecord], now: Now, signs: Signs) -> None:
        """See what changed."""
        for item in told:
            if type(item) is Belief:
                self._see(item.turbine_number, item.link, item.link_reason, turbines, now, signs)
            elif type(item) is BrokerLost:
                signs.doubted += (TURBINE_OFFLINE, TURBINE_SILENT)
            elif type(item) is BrokerFound:
                for number, turbine in turbines.items():
                    if turbine.link is Link.UNKNOWN:
                        self._see(number, turbine.link, None, turbines, now, signs)

    def miss(self, turbine_number: int, now: Now) -> None:
        """A turbine was silent for so long that it is as good as gone."""
        self._gone.join(turbine_number, now)

    def judge(self, turbines: int, now: Now, signs: Signs) -> None:
        """Say whether many of so many turbines are gone together."""
        gone_together = self._gone.count(turbines, now)
        self._switches.set(
            signs,
            MANY_OFFLINE,
            on=gone_together > 0,
            sentence=lambda: f"{gone_together:,} of {turbines:,} turbines went offline or silent within minutes.",
        )

    def _see(
        self,
        number: int,
        link: Link,
        reason: LinkReason | None,
        turbines: Mapping[int, TurbineRecord],
        now: Now,
        signs: Signs,
    ) -> None:
        turbine = turbines.get(number)
        if link is Link.OFFLINE:
            self._gone.join(number, now)
            why = f": {_WHY[reason]}" if reason else ""
            sentence, delay = f"Turbine {number} is offline{why}.", self._settings.offline_after_seconds
            signs.on(of_turbine(TURBINE_OFFLINE, number, turbine, sentence, delay))
            return
        if link is Link.UNKNOWN:
            sentence, delay = f"Turbine {number} has not been heard.", self._settings.unheard_after_seconds
            signs.on(of_turbine(TURBINE_SILENT, number, turbine, sentence, delay))
            return
        self._gone.leave(number)
        if link is Link.STALE:
            sentence = f"Turbine {number} is connected, and sends no readings."
            signs.on(of_turbine(TURBINE_SILENT, number, turbine, sentence))
            signs.off_for(number, (TURBINE_OFFLINE,))
        else:
            signs.off_for(number, (TURBINE_OFFLINE, TURBINE_SILENT))
