"""Real wind farms through the real programs: what the monitor says, beside what the files themselves say."""

import csv
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from benchmarks.farm_run import Seen, farm_run
from benchmarks.programs import PROJECT, BenchmarkError
from benchmarks.scada_files import (
    Said,
    Slot,
    Stop,
    episodes,
    hours,
    joined,
    kelmarsh_day,
    kelmarsh_stops,
    shared_hours,
    yalova_year,
)
from benchmarks.table import Table
from monitor.facts import BROKEN, DEVIATING, controller_of

BESIDE_THE_PROJECT = PROJECT.parent / "shared" / "data"
STANDING = "standing"
"""The type of the reports that we make of slots with wind and without power."""
TURBINE_1 = controller_of(1)
COUNTER = "counter"
"""A controller that reports moments of the same: no turbine, so that nothing counts twice."""
SLOT = timedelta(minutes=10)
TOLERANCES = (12.0, 22.0)
"""In minutes: the usual one; and one that a lost report of every ten minutes does not break."""
LOST_EVERY = 10
"""Of the reports, every so many-th is left out where some are lost."""

Report = dict[str, Any]
Say = Callable[[str], None]


def real_data(folder: Path | None, *, say: Say) -> Iterator[Table]:
    """Replay what is in the folder. Raises BenchmarkError with a sentence where there is nothing."""
    place = folder or BESIDE_THE_PROJECT
    if not (place / "kelmarsh").is_dir() or not (place / "yalova").is_dir():
        raise BenchmarkError(f"the real data are not in {place}: name their folder with --real-data")
    say("Kelmarsh: six turbines, one day ...")
    yield from _kelmarsh_day(place)
    say("Kelmarsh: the status log of a year ...")
    yield _status_log(place, say)
    say("Yalova: one turbine, one year ...")
    yield _yalova(place, say)


# --- Kelmarsh, a day of six turbines


def _kelmarsh_day(place: Path) -> Iterator[Table]:
    said = kelmarsh_day(place)
    file = place / "kelmarsh" / "kelmarsh_2021-01-01_6_turbines.csv"
    since = datetime(2021, 1, 1, tzinfo=UTC)
    with farm_run() as run:
        run.replay(file, "--preset", "kelmarsh")
        account = run.availability(since, since + timedelta(days=1))
        yield _by_itself(said, account, {number: run.outages(controller_of(number), DEVIATING) for number in said})
        for number, turbine in said.items():
            run.report(standing_reports(number, turbine.standing))
        account = run.availability(since, since + timedelta(days=1))
        yield _with_reports(said, account, {number: run.outages(controller_of(number), STANDING) for number in said})


def _by_itself(said: Mapping[int, Said], account: Mapping[int, Mapping[str, Any]], found: Mapping[int, Seen]) -> Table:
    columns = (
        "turbine",
        "slots",
        "kWh",
        "kWh, monitor",
        "stood, h",
        "found, h",
        "outages found",
        "lost, kWh",
        "lost, found, kWh",
    )
    table = Table("Kelmarsh, 1 January 2021: readings alone", columns)
    for number, turbine in said.items():
        table.add(
            f"KWF{number}",
            f"{len(turbine.slots)}",
            f"{turbine.energy_kwh:,.1f}",
            f"{account[number]['energy_in_kwh']:,.1f}",
            f"{len(turbine.standing) / 6:.1f}",
            f"{found[number].hours:.1f}",
            f"{found[number].outages}",
            f"{turbine.lost_kwh:,.0f}",
            f"{found[number].lost_kwh:,.0f}",
        )
    return table


def _with_reports(
    said: Mapping[int, Said], account: Mapping[int, Mapping[str, Any]], found: Mapping[int, Seen]
) -> Table:
    columns = ("turbine", "events", "outages", "stood, h", "down, h", "lost, kWh", "lost, monitor")
    table = Table(
        "Kelmarsh, 1 January 2021: standing slots as reports",
        (*columns, "by time", "by time, monitor", "by energy", "by energy, monitor"),
    )
    for number, turbine in said.items():
        line = account[number]
        table.add(
            f"KWF{number}",
            f"{len(joined(spans_of(turbine), TOLERANCES[0]))}",
            f"{found[number].outages}",
            f"{len(turbine.standing) / 6:.1f}",
            f"{found[number].hours:.1f}",
            f"{turbine.lost_kwh:,.0f}",
            f"{found[number].lost_kwh:,.0f}",
            percent(turbine.availability),
            percent(line["time_availability"]),
            percent(turbine.energy_availability),
            by_energy(line),
        )
    return table


# --- Kelmarsh, a year of turbine 1's status log


def _status_log(place: Path, say: Say) -> Table:
    stops = kelmarsh_stops(place)
    table = Table(
        "Kelmarsh 1, status log of 2016",
        ("how it is reported", "tolerance, min", "events, file", "outages", "stood, h", "down, h"),
    )
    _add_stops(table, stops)
    moments = [moment for stop in stops for moment in every_ten_minutes(stop)]
    kept = [moment for place_in, moment in enumerate(moments, start=1) if place_in % LOST_EVERY]
    for words, sent in (("every ten minutes", moments), (f"the same, one in {LOST_EVERY} lost", kept)):
        for tolerance in TOLERANCES:
            say(f"status log: {words}, tolerance {tolerance:.0f} min")
            with farm_run(tolerance_minutes=tolerance) as run:
                run.report([report(TURBINE_1, "stop", moment) for moment in sent])
                seen = run.outages(TURBINE_1, "stop")
            events = f"{episodes(sent, tolerance)}"
            table.add(words, f"{tolerance:.0f}", events, f"{seen.outages}", f"{hours(stops):.3f}", f"{seen.hours:.3f}")
    say("status log: as readings every ten minutes")
    _add_readings(table, place, stops)
    return table


def _add_stops(table: Table, stops: Sequence[Stop]) -> None:
    with farm_run() as run:
        run.report([report(TURBINE_1, "stop", stop.since, stop.until) for stop in stops])
        seen = run.outages(TURBINE_1, "stop")
    events = f"{len(joined(stops, TOLERANCES[0]))}"
    table.add("each stop as a span", "12", events, f"{seen.outages}", f"{hours(stops):.3f}", f"{seen.hours:.3f}")


def _add_readings(table: Table, place: Path, stops: Sequence[Stop]) -> None:
    """A file of readings every ten minutes carries the log's stops, as `--events` of a replay puts them into it."""
    log = place / "kelmarsh" / "Status_Kelmarsh_1_sample.csv"
    with tempfile.TemporaryDirectory(prefix="grid-bench-") as name, farm_run() as run:
        carrier = Path(name) / "2016.csv"
        moments = write_carrier(carrier, 2016)
        run.replay(carrier, "--preset", "kelmarsh", "--events", f"KWF1={log}")
        seen = run.outages(TURBINE_1, BROKEN)
    stopped = [Stop(at, at + SLOT) for at in moments if any(stop.since <= at < stop.until for stop in stops)]
    table.add(
        "readings every ten minutes that say broken",
        "12",
        f"{len(joined(stopped, TOLERANCES[0]))}",
        f"{seen.outages}",
        f"{hours(stopped):.3f}",
        f"{seen.hours:.3f}",
    )


def write_carrier(path: Path, year: int) -> list[datetime]:
    """Write a year of one turbine, KWF1, at ten minutes, as the preset `kelmarsh` reads it; the times of its rows."""
    first, end = datetime(year, 1, 1, tzinfo=UTC), datetime(year + 1, 1, 1, tzinfo=UTC)
    moments = [first + place * SLOT for place in range((end - first) // SLOT)]
    with path.open("w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file)
        rows.writerow(("turbine", "timestamp", "wind_speed_m_s", "power_kw"))
        rows.writerows(("KWF1", moment.isoformat(), 8.0, 896.0) for moment in moments)
    return moments


# --- Yalova, a year of one turbine


def _yalova(place: Path, say: Say) -> Table:
    said = yalova_year(place)
    file = place / "yalova" / "T1.csv.gz"
    since, until = datetime(2018, 1, 1, tzinfo=UTC), datetime(2019, 1, 1, tzinfo=UTC)
    table = Table("Yalova, 2018", ("figure", "the file", "the monitor"))
    moments = [slot.at for slot in said.standing]
    say(f"Yalova: tolerance {TOLERANCES[0]:.0f} min")
    with farm_run() as run:
        run.replay(file, "--preset", "yalova")
        found = run.outages(TURBINE_1, DEVIATING)
        _add_readings_alone(table, said, run.availability(since, until)[1], found)
        shared = shared_hours(spans_of(said), run.times(TURBINE_1, DEVIATING))
        table.add("stood in wind, of that found by itself, h", f"{len(said.standing) / 6:.1f}", f"{shared:.1f}")
        run.report(standing_reports(1, said.standing))
        _add_standing(table, said, run.availability(since, until)[1], run.outages(TURBINE_1, STANDING))
        run.report([report(COUNTER, STANDING, moment) for moment in moments])
        _add_moments(table, moments, TOLERANCES[0], run.outages(COUNTER, STANDING))
    say(f"Yalova: tolerance {TOLERANCES[1]:.0f} min")
    with farm_run(tolerance_minutes=TOLERANCES[1]) as run:
        run.report([report(COUNTER, STANDING, moment) for moment in moments])
        _add_moments(table, moments, TOLERANCES[1], run.outages(COUNTER, STANDING))
    return table


def _add_readings_alone(table: Table, said: Said, line: Mapping[str, Any], found: Seen) -> None:
    slots = round((said.slots[-1].at - said.slots[0].at) / SLOT) + 1
    table.add("energy, MWh", f"{said.energy_kwh / 1000:,.2f}", f"{line['energy_in_kwh'] / 1000:,.2f}")
    missing = (slots - len(said.slots)) / 6
    table.add("without information, h", f"{missing:,.1f}", f"{line['unknown_seconds'] / 3600:,.1f}")
    table.add("stood in wind; found by itself, h", f"{len(said.standing) / 6:.1f}", f"{found.hours:.1f}")
    table.add("as events; found by itself", f"{episodes([slot.at for slot in said.standing], 12)}", f"{found.outages}")
    below = said.expected_kwh - said.energy_kwh
    table.add(
        "below the theoretical curve; found by itself, MWh", f"{below / 1000:,.1f}", f"{found.lost_kwh / 1000:,.1f}"
    )


def _add_standing(table: Table, said: Said, line: Mapping[str, Any], seen: Seen) -> None:
    table.add("reported: stood in wind, h", f"{len(said.standing) / 6:.1f}", f"{seen.hours:.1f}")
    table.add("reported: lost, MWh", f"{said.lost_kwh / 1000:,.1f}", f"{seen.lost_kwh / 1000:,.1f}")
    table.add("reported: available by time", percent(said.availability), percent(line["time_availability"]))
    table.add("reported: available by energy", percent(said.energy_availability), by_energy(line))
    events = joined(spans_of(said), TOLERANCES[0])
    table.add("reported: events of spans, 12 min", f"{len(events)}", f"{seen.outages}")
    up = (len(said.slots) - len(said.standing)) / 6
    table.add("reported: MTBF, h", f"{up / len(events):.2f}", f"{line['mtbf_hours'] or 0:.2f}")
    table.add("reported: MTTR, h", f"{hours(events) / len(events):.2f}", f"{line['mttr_hours'] or 0:.2f}")


def _add_moments(table: Table, moments: Sequence[datetime], tolerance: float, seen: Seen) -> None:
    words = f"reported: events of moments, {tolerance:.0f} min"
    table.add(words, f"{episodes(moments, tolerance)}", f"{seen.outages}")


# --- reports


def report(controller_id: str, outage_type: str, at: datetime, until: datetime | None = None) -> Report:
    """A report as a controller sends it: of a moment, or of a span."""
    told = {"controller_id": controller_id, "outage_type": outage_type, "timestamp": at.isoformat()}
    return told if until is None else {**told, "ended_at": until.isoformat()}


def standing_reports(turbine_number: int, standing: Sequence[Slot]) -> list[Report]:
    """A report of each standing slot: of the ten minutes before its row, for which its reading speaks."""
    return [report(controller_of(turbine_number), STANDING, *before(slot)) for slot in standing]


def before(slot: Slot) -> Stop:
    """The ten minutes for which a slot's reading speaks."""
    return Stop(slot.at - SLOT, slot.at)


def spans_of(said: Said) -> list[Stop]:
    """The standing slots, each as the ten minutes for which its reading speaks."""
    return [before(slot) for slot in said.standing]


def every_ten_minutes(stop: Stop) -> list[datetime]:
    """When something that looks every ten minutes reports a stop: at its beginning, while it lasts, and at its end."""
    looks = [stop.since + place * SLOT for place in range(-((stop.since - stop.until) // SLOT))]
    return [*looks, stop.until]


def by_energy(line: Mapping[str, Any]) -> str:
    """The availability by energy of a line of the API; a bound where the loss of an outage is unknown."""
    known = line["energy_availability"]
    return percent(known) if known is not None else f"at most {percent(line['energy_availability_at_most'])}"


def percent(share: float | None) -> str:
    """A share of 0 to 1 in percent."""
    return "-" if share is None else f"{100 * share:.2f} %"
