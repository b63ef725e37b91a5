"""What the commands print of availability and outages."""

from collections.abc import Sequence

from monitor.availability.figures import Availability
from monitor.availability.periods import DAY
from monitor.console.sheets import Sheet, words_of
from monitor.console.words import age, moment, quantity, since
from monitor.facts import Outage

_HOUR = 3600.0


def availability_sheet(lines: Sequence[Availability]) -> Sheet:
    """The account: a line for each turbine, region or the farm, and each period."""
    sheet = Sheet(
        [
            *("whose", "from", "until", ">by time", ">at least", ">by energy", ">MWh", ">lost MWh"),
            *(">failures", ">down h", ">unknown h", ">MTBF h", ">MTTR h"),
        ]
    )
    for line in lines:
        by_time = [line.time_availability, line.time_availability_at_least]
        hours = [seconds / _HOUR for seconds in (line.forced_outage_seconds, line.unknown_seconds)]
        sheet.rows.append(
            [
                whose(line),
                when(line.since),
                when(line.until),
                *map(percent, by_time),
                by_energy(line),
                quantity(line.energy_in_kwh / 1000, 3),
                lost(line),
                f"{line.forced_outages:,}",
                *(quantity(each) for each in hours),
                quantity(line.mtbf_hours),
                quantity(line.mttr_hours, 2),
            ]
        )
    return sheet


def by_energy(line: Availability) -> str:
    """The availability by energy: a bound where a loss is unknown, and nothing where all are."""
    if not line.losses_unknown:
        return percent(line.energy_availability)
    return f"<= {percent(line.energy_availability_at_most)}" if line.lost_energy_in_kwh else "?"


def lost(line: Availability) -> str:
    """The lost energy in MWh: a bound where a loss is unknown, and nothing where all are."""
    known = quantity(line.lost_energy_in_kwh / 1000, 3)
    if not line.losses_unknown:
        return known
    return f">= {known}" if line.lost_energy_in_kwh else "?"


def outages_sheet(outages: Sequence[Outage], now: int) -> Sheet:
    """Outages, as given."""
    sheet = Sheet([">no.", "controller", "type", "began at", ">lasted", ">lost kWh", "what is known"])
    for outage in outages:
        ended_at = now if outage.ongoing else outage.ended_at
        sheet.rows.append(
            [
                str(outage.outage_id),
                outage.controller_id,
                outage.outage_type,
                moment(outage.started_at),
                age(since(outage.started_at, ended_at)),
                quantity(outage.lost_energy_in_kwh),
                what_is_known(outage),
            ]
        )
    return sheet


def what_is_known(outage: Outage) -> str:
    """For how long it was down, its category, and from what its lost energy is known, or why it is not."""
    unknown = outage.lost_energy_unknown if outage.category else None  # else it says no turbine twice
    told = [
        f"goes on, down {age(outage.down_seconds)} so far" if outage.ongoing else f"down {age(outage.down_seconds)}",
        words_of(outage.category) if outage.category else "no turbine",
        f"loss by {words_of(outage.lost_energy_by)}" if outage.lost_energy_by else "",
        f"loss unknown: {words_of(unknown)}" if unknown else "",
    ]
    return ", ".join(word for word in told if word)


def whose(line: Availability) -> str:
    """The turbine, the region or the farm."""
    if line.turbine_number is not None:
        return f"turbine {line.turbine_number}"
    return line.region if line.region is not None else f"{line.turbines:,} turbines"


def percent(share: float | None) -> str:
    """A share of 0 to 1 in percent; never rounded up to 100."""
    if share is None:
        return "-"
    return f"{min(100 * share, 99.99) if share < 1 else 100:.2f} %"


def when(at: int) -> str:
    """A time; midnight is told by its day."""
    return moment(at)[:10] if at % DAY == 0 else moment(at)
