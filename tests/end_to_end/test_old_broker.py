"""The same story on a broker that knows MQTT 3.1.1 only."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from programs import Farm, wait_for

from grid.connection import Broker
from monitor.facts import IncidentOutcome


@pytest.fixture
def old_farm(amqtt_broker: Broker, tmp_path: Path) -> Iterator[Farm]:
    farm = Farm(amqtt_broker.host, amqtt_broker.port, tmp_path)
    yield farm
    farm.close()


def test_turbines_break_and_are_repaired_over_mqtt_3_1_1(old_farm: Farm) -> None:
    old_farm.monitor()
    life = ("--upload-interval", "0.2", "--time-to-fail", "2", "--time-to-repair", "0.5", "--seed", "1")
    turbines = old_farm.start("grid-turbines", "--count", "3", *life)
    wait_for(
        lambda: [incident for incident in old_farm.read("incidents") if incident.outcome is IncidentOutcome.REPAIRED],
        "a turbine is repaired",
    )
    assert turbines.end() == 0, turbines.output
