"""A farm to be maltreated for every test of a fault; the short form by default, the long one with GRID_FAULTS=long."""

import os
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from fault_farm import Extent, FaultFarm
from figures import Figures

from monitor.demo_broker import LocalMosquitto

LONG = os.environ.get("GRID_FAULTS", "short") == "long"
SEED = int(os.environ.get("GRID_FAULTS_SEED", "1"))
TIMEOUT_SECONDS = 3600 if LONG else 300


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Faults take their time; how long is a figure, not a verdict."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.timeout(TIMEOUT_SECONDS))
            item.add_marker(pytest.mark.fault)


@pytest.fixture
def extent() -> Extent:
    return Extent(long=LONG)


@pytest.fixture
def figures(request: pytest.FixtureRequest) -> Figures:
    return Figures(request.node)


@pytest.fixture
def broker_lines() -> str:
    """Lines that a test adds to the broker's configuration: parametrize it."""
    return ""


@pytest.fixture
def farm(broker: LocalMosquitto, broker_lines: str, tmp_path: Path) -> Iterator[FaultFarm]:
    """A farm on the project's Mosquitto, or on one with changed lines."""
    with ExitStack() as stack:
        if broker_lines:
            changed = LocalMosquitto(tmp_path / "broker", extra_configuration=broker_lines)
            broker = stack.enter_context(changed)
        farm = FaultFarm(broker, tmp_path, seed=SEED)
        stack.callback(farm.close)
        yield farm
