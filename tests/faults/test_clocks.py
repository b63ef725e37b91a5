"""F15: clocks that jump, and clocks that are a day off."""

import itertools
import sqlite3
import sys
import time
from contextlib import closing
from pathlib import Path

import clocks
from checker import count_lines
from fault_farm import LOAD, Extent, FaultFarm
from figures import Figures
from programs import Program, wait_for

from monitor.facts import Link

HOUR = 3600.0
DAY = 24 * HOUR


class SkewedProgram(Program):
    """A program of ours whose clock is ahead by what its file says."""

    def __init__(self, farm: FaultFarm, name: str, *options: str | Path, ahead: float) -> None:
        self.clock = farm.folder / f"clock-{time.monotonic_ns()}"
        self.set_clock(ahead)
        command = (clocks.__file__, self.clock, name, *farm.at_broker, *options)
        super().__init__(farm.folder / f"{name}-{ahead:g}.log", sys.executable, *command)

    def set_clock(self, ahead: float) -> None:
        """Let the clock jump."""
        new = self.clock.with_suffix(".new")
        new.write_text(str(ahead))
        new.replace(self.clock)


def test_f15_a_monitors_clock_that_jumps_misorders_nothing(farm: FaultFarm, extent: Extent, figures: Figures) -> None:
    jumps = extent(4, 20)
    with SkewedProgram(farm, "grid-monitor", "--data-dir", farm.data_dir, ahead=0) as monitor:
        wait_for(lambda: farm.health(monitor).get("connected"), "the monitor is connected")
        turbines = farm.load()
        slow = farm.turbines("--first-number", "7", "--upload-interval", "3", "--time-to-fail", "0")
        farm.wait_for_link(7, Link.ONLINE)
        with farm.watching_links(Link.STALE) as offline:
            for _ in range(jumps):
                farm.pause(0.5, 1.5)
                monitor.set_clock(farm.rng.choice((DAY, HOUR, 60, 0, -60, -240)))
                farm.seconds_to_next_commit()
            monitor.set_clock(0)
            farm.seconds_to_catch_up()
        assert offline == farm.called_back() == set()
        verdict = farm.verdict(turbines, slow)
        assert misordered(farm) == 0
        figures.note(
            "F15", f"the monitor's clock jumps {jumps} times, up to a day", verdict, "misordered 0, false offlines 0"
        )
        assert monitor.end() == 0


def test_f15_turbines_a_day_behind_are_stored_and_those_ahead_are_refused(
    farm: FaultFarm, extent: Extent, figures: Figures
) -> None:
    farm.monitor()
    turbines = farm.load()
    behind = ("--first-number", "11", *LOAD, "--emitted", farm.folder / "behind.jsonl", "--seed", "11")
    ahead = ("--first-number", "21", *LOAD, "--emitted", farm.folder / "ahead.jsonl", "--seed", "21")
    farm.truth.append(farm.folder / "behind.jsonl")
    with (
        SkewedProgram(farm, "grid-turbines", *behind, ahead=-DAY) as slow,
        SkewedProgram(farm, "grid-turbines", *ahead, ahead=DAY) as fast,
    ):
        wait_for(lambda: farm.read("dead_letters") and farm.read("readings", turbine_number=11), "both are heard")
        time.sleep(extent(4, 60))
        assert fast.end() == 0, fast.output
        refused = count_lines([farm.folder / "ahead.jsonl"])
        wait_for(lambda: farm.read("dead_letters_by_reason") == {"future": refused}, "each is a dead letter")
        verdict = farm.verdict(turbines, slow)
    skew = farm.read("turbine", turbine_number=11).clock_skew_seconds
    assert abs(skew + DAY) < HOUR
    assert misordered(farm) == 0
    seen = f"misordered 0, {refused:,} from tomorrow refused"
    figures.note("F15", "turbines' clocks a day behind and a day ahead", verdict, seen)


def misordered(farm: FaultFarm) -> int:
    """How many readings follow, by `emitted_at`, one of the same session that was emitted after them.

    And how many turbines' newest reading is not the one that their state shows.
    """
    with closing(sqlite3.connect(f"file:{farm.data_dir / 'grid.db'}?mode=ro", uri=True)) as db:
        rows = db.execute("SELECT turbine_number, session, sequence FROM readings ORDER BY 1, emitted_at").fetchall()
        [(wrong_states,)] = db.execute(
            "SELECT count(*) FROM turbines WHERE emitted_at <> "
            "(SELECT max(emitted_at) FROM readings WHERE turbine_number = turbines.turbine_number)"
        )
    pairs = itertools.pairwise(rows)
    return int(wrong_states) + len([1 for one, next_ in pairs if one[:2] == next_[:2] and one[2] > next_[2]])
