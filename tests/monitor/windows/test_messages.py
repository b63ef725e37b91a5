"""Windows on the wire."""

import pytest

from grid.topics import parse
from grid.window import TurbineWindow
from monitor.facts import Window
from monitor.windows.messages import messages_for

NOON = 1_795_262_400_000_000


@pytest.mark.parametrize(("width", "topic"), [(60, "windows/1m"), (900, "windows/15m")])
def test_a_window_is_told_on_the_topic_of_its_turbine_and_width(width: int, topic: str) -> None:
    window = Window(7, width, NOON, 2, 1 / 3, 1.0, 0.0, 8.0, 7.0, 9.0, 2 / 3, 2400.0, 2500.0, 3, NOON)
    ((found, payload),) = messages_for([window])
    assert found == f"grid/turbines/7/{topic}"
    assert parse(found).turbine_number == 7
    told = TurbineWindow.model_validate_json(payload)
    assert told.to_json() == payload
    assert (told.width_seconds, told.start_at, told.revision, told.energy_in_kwh) == (width, NOON, 3, 0.666667)


def test_what_a_lone_reading_leaves_unknown_is_left_out() -> None:
    window = Window(7, 60, NOON, 1, None, 0.0, 0.0, 8.0, 8.0, 8.0, 0.5, None, None, 1, NOON)
    ((_, payload),) = messages_for([window])
    assert b"interval_seconds" not in payload
    assert TurbineWindow.model_validate_json(payload).mean_power_in_kw is None
