from monitor.clock import LONGEST_STEP_SECONDS, Clock


class Dials:
    """A wall clock and a steady one that a test turns."""

    def __init__(self) -> None:
        self.wall = 1_790_000_000.0
        self.steady = 100.0

    def clock(self) -> Clock:
        return Clock(wall=lambda: self.wall, steady=lambda: self.steady)


def test_watched_time_runs_while_the_monitor_listens() -> None:
    dials = Dials()
    clock = dials.clock()
    dials.steady += 1.5
    assert clock.now(listening=True).watched == 1.5


def test_watched_time_stands_still_while_the_broker_is_away() -> None:
    dials = Dials()
    clock = dials.clock()
    dials.steady += 60.0
    assert clock.now(listening=False).watched == 0.0
    dials.steady += 1.0
    assert clock.now(listening=True).watched == 1.0


def test_a_stopped_process_did_not_watch() -> None:
    dials = Dials()
    clock = dials.clock()
    dials.steady += 3600.0
    assert clock.now(listening=True).watched == LONGEST_STEP_SECONDS


def test_a_step_of_the_wall_clock_moves_no_deadline() -> None:
    dials = Dials()
    clock = dials.clock()
    dials.wall -= 86_400.0
    dials.steady += 1.0
    now = clock.now(listening=True)
    assert now.watched == 1.0
    assert now.utc == round(dials.wall * 1_000_000)
