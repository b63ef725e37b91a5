"""Windows of a running monitor, as another program on the broker hears them."""

from programs import Farm, Listener, wait_for

from grid.times import SECOND, format_time
from grid.topics import Kind
from grid.window import TurbineWindow
from monitor.clock import utc_now

QUARTER = 900 * SECOND
Told = tuple[str, int, int, int]


def told(listener: Listener, begun: int) -> list[Told]:
    """Topic, minutes from the beginning, readings and revision of each window, as they came."""
    found = []
    for topic, payload in listener.heard:
        window = TurbineWindow.model_validate_json(payload)
        found.append((topic, (window.start_at - begun) // (60 * SECOND), window.readings, window.revision))
    return found


def test_a_window_is_told_when_it_is_complete_and_again_when_a_late_reading_corrects_it(farm: Farm) -> None:
    begun = utc_now() // QUARTER * QUARTER - 4 * QUARTER
    a_minute, a_quarter = Kind.WINDOWS_1M.of(7), Kind.WINDOWS_15M.of(7)

    def report(second: int) -> None:
        farm.report(7, "ok", emitted_at=format_time(begun + second * SECOND))

    with farm.hear("grid/turbines/7/windows/#") as listener:
        monitor = farm.monitor()
        for second in range(0, 960, 30):
            report(second)
        complete = [*((a_minute, place, 2, 1) for place in range(15)), (a_quarter, 0, 30, 1)]
        wait_for(lambda: told(listener, begun) == complete, "all that is over is told")
        monitor.end()
        farm.monitor()
        report(990)
        report(10)
        corrected = {(a_minute, 0, 3, 2), (a_quarter, 0, 31, 2)}
        wait_for(lambda: corrected <= set(told(listener, begun)), "what has changed is told again")
    assert len([window for window in told(listener, begun) if window[3] > 1]) == 2
