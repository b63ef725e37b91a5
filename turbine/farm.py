"""The simulated farm: as many turbines as the settings ask for, spread over its regions."""

import math
import random
import secrets
from collections.abc import Callable, Sequence

from grid.power_curve import mm92
from grid.times import SECOND
from turbine.faults import Anomaly, Faults, Kind
from turbine.generator import Generator, StaticGenerator, WeatherGenerator
from turbine.life import Nameplate
from turbine.settings import TurbineSettings, WindKind
from turbine.turbine import Schedule, Wear, WindTurbine
from turbine.wind import FarmWeather, TurbineWind

MODEL = "MM92"
RATED_POWER_IN_KW = 2050.0
CENTRE = (52.4, -0.94)
"""Latitude and longitude of the farm's first turbine, in degrees: near Kelmarsh, UK."""
SPACING_DEGREES = 0.005


def build_turbines(
    settings: TurbineSettings,
    *,
    seed: int,
    run_started_at: int,
    tell: Callable[[Anomaly], None],
    numbers: Sequence[int] | None = None,
) -> list[WindTurbine]:
    """Make the turbines of a run that starts at `run_started_at`, in microseconds since 1970; only `numbers` of them.

    `tell` hears of each anomaly. Seed and number alone decide a turbine's life, however many others there are.
    """
    session = new_session(run_started_at)
    weather = FarmWeather(seed)
    wear = Wear(seed, settings.time_to_fail, settings.time_to_repair)
    return [
        WindTurbine(
            number,
            session=session,
            run_started_at=run_started_at,
            schedule=_schedule(settings.upload_interval, seed, number),
            wear=wear,
            generator=_generator(settings, weather, number),
            faults=_faults(settings, seed, number, tell),
            nameplate=nameplate(settings.regions(), number, number - settings.first_number),
        )
        for number in numbers or settings.numbers()
    ]


def new_session(run_started_at: int) -> str:
    """A name for this start: its time in ms, and a random part for two starts within one."""
    return f"{run_started_at * 1000 // SECOND}-{secrets.token_hex(4)}"


def nameplate(regions: list[str], turbine_number: int, place: int) -> Nameplate:
    """What is fixed about the turbine at a place in the farm, counted from 0: blocks of 10 by 100, 500 m apart."""
    row, column = divmod(place, 10)
    block, row = divmod(row, 100)
    east = SPACING_DEGREES * (column + 10 * block) / math.cos(math.radians(CENTRE[0]))
    return Nameplate(
        model=MODEL,
        rated_power_in_kw=RATED_POWER_IN_KW,
        region=regions[place % len(regions)] if regions else None,
        latitude=round(CENTRE[0] + SPACING_DEGREES * row, 6),
        longitude=round(CENTRE[1] + east, 6),
        serial=f"GRID-{turbine_number:06d}",
    )


def _schedule(interval: float, seed: int, turbine_number: int) -> Schedule:
    """Each turbine has a phase of its own, so that a farm's readings spread over the interval."""
    return Schedule(interval, random.Random(f"{seed}/phase/{turbine_number}").uniform(0, interval))


def _generator(settings: TurbineSettings, weather: FarmWeather, turbine_number: int) -> Generator:
    if settings.wind is WindKind.STATIC:
        return StaticGenerator()
    wind = TurbineWind(weather, turbine_number)
    return WeatherGenerator(wind, mm92(), interval_seconds=settings.upload_interval)


def _faults(
    settings: TurbineSettings, seed: int, turbine_number: int, tell: Callable[[Anomaly], None]
) -> Faults | None:
    if settings.anomaly_rate == 0:
        return None
    # A static value can't freeze: it would be no anomaly.
    kinds = (Kind.SPIKE, Kind.DROP) if settings.wind is WindKind.STATIC else tuple(Kind)
    return Faults(settings.anomaly_rate, random.Random(f"{seed}/faults/{turbine_number}"), tell, kinds)
