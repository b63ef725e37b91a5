"""The lives of a run: simulated or replayed, with clocks that are right or not."""

import secrets
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path

from turbine.chaos import ChaosKind, ChaosPlan
from turbine.farm import build_turbines, new_session
from turbine.faults import Anomaly
from turbine.life import Life
from turbine.pace import now_utc
from turbine.records import LineFile
from turbine.settings import Times, TurbineSettings
from turbine.skew import SkewedClock, SkewedLife

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Cast:
    """The lives to run, how fast, what happens to them, and what to say when they are over.

    `numbers` are those of the turbines. `make` gives the lives: of a share of the simulated turbines' numbers, or all.
    """

    numbers: Sequence[int]
    make: Callable[[Sequence[int] | None], Sequence[Life]]
    speed: float | None = 1.0
    replayed: bool = False
    chaos: ChaosPlan | None = None
    summary: Callable[[], Sequence[str]] = list


def simulated(settings: TurbineSettings, files: ExitStack, say: Say) -> Cast:
    """The farm that the settings describe. Its seed is said. Raises CommandError for files that can't be written."""
    seed = secrets.randbelow(1_000_000) if settings.seed is None else settings.seed
    asked = settings.numbers()
    told = f"turbine {asked[-1]}" if len(asked) == 1 else f"turbines {asked[0]} to {asked[-1]}"
    say(f"{told}, a reading every {settings.upload_interval:g} s, seed {seed}")
    numbers = _those_who_may_enter(settings, asked, say)
    anomalies = files.enter_context(LineFile(settings.anomalies))
    plan = _chaos(settings, seed, files)
    run_started_at = now_utc()

    def make(share: Sequence[int] | None) -> Sequence[Life]:
        clocks: dict[int, SkewedClock] = {}

        def tell(anomaly: Anomaly) -> None:
            clock = clocks.get(anomaly.turbine_number)
            shown = anomaly.emitted_at if clock is None else clock.show(anomaly.emitted_at)
            anomalies.write_anomaly(replace(anomaly, emitted_at=shown))

        lives = build_turbines(settings, seed=seed, run_started_at=run_started_at, tell=tell, numbers=share or numbers)
        return _skewed(lives, plan, clocks)

    return Cast(numbers, make, chaos=plan)


def _those_who_may_enter(settings: TurbineSettings, asked: Sequence[int], say: Say) -> Sequence[int]:
    """Those that have the files to enter by; who has none was never let in, or is not any more, and that is said.

    Where nobody has any, all are kept: whoever connects them says what is wrong.
    """
    left_out = {} if settings.dry_run else settings.without_files(asked)
    if not left_out or len(left_out) == len(asked):
        return asked
    number, missing = next(iter(left_out.items()))
    say(f"turbine {number} is left out: {missing} is not there{_and_more(len(left_out) - 1)}")
    return [number for number in asked if number not in left_out]


def _and_more(others: int) -> str:
    if others == 0:
        return ""
    return "; nor does 1 more turbine have its own" if others == 1 else f"; nor do {others} more turbines have theirs"


def replayed(settings: TurbineSettings, file: Path, files: ExitStack, say: Say) -> Cast:
    """The turbines of a file. Raises CommandError for one that can't be used."""
    from turbine.replay.farm import ReplayedFarm
    from turbine.replay.options import ReplayOptions, parse_speed

    speed = parse_speed(settings.speed or "1")
    options = ReplayOptions(
        file=file,
        columns=settings.columns,
        preset=settings.preset,
        timezone=settings.timezone,
        time_format=settings.time_format,
        interval=settings.interval,
        shift_to_now=settings.times is Times.NOW,
        first_number=settings.first_number,
        broken_values=settings.broken_values,
        events=settings.events,
    )
    plan = _replay_chaos(settings, files, say)
    now = now_utc()
    farm = ReplayedFarm.read(options, session=new_session(now), now=now, tell=say)
    files.callback(farm.close)
    lives = _skewed(farm.turbines, plan, {})
    numbers = [life.turbine_number for life in lives]
    return Cast(numbers, lambda share: lives, speed, replayed=True, chaos=plan, summary=farm.summary)


def _replay_chaos(settings: TurbineSettings, files: ExitStack, say: Say) -> ChaosPlan | None:
    if settings.chaos is None:
        return None
    seed = secrets.randbelow(1_000_000) if settings.seed is None else settings.seed
    say(f"chaos of seed {seed}")
    return _chaos(settings, seed, files)


def _chaos(settings: TurbineSettings, seed: int, files: ExitStack) -> ChaosPlan | None:
    rates = settings.chaos_rates()
    if rates is None:
        return None
    return ChaosPlan(rates, seed, files.enter_context(LineFile(settings.chaos_log)).write_disturbance)


def _skewed(lives: Sequence[Life], plan: ChaosPlan | None, clocks: dict[int, SkewedClock]) -> Sequence[Life]:
    """The lives with their skewed clocks, which go into `clocks`; as they are if the plan has none."""
    if plan is None or ChaosKind.SKEW not in plan.rates:
        return lives
    for life in lives:
        clocks[life.turbine_number] = SkewedClock(plan.draws(life.turbine_number, life.session))
    return [SkewedLife(life, clocks[life.turbine_number]) for life in lives]
