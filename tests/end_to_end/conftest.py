"""A farm for every test that runs whole programs."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from programs import Farm

from monitor.demo_broker import LocalMosquitto


@pytest.fixture
def farm(broker: LocalMosquitto, tmp_path: Path) -> Iterator[Farm]:
    """A farm on the project's Mosquitto."""
    farm = Farm(broker.host, broker.port, tmp_path)
    yield farm
    farm.close()
