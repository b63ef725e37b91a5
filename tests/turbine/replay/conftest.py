"""Small files that a test writes, and the farm that is read from them."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from grid.metrics import TurbineMetrics
from grid.times import parse_time
from turbine.replay.farm import ReplayedFarm
from turbine.replay.options import ReplayOptions

NOW = parse_time("2026-06-01T12:00:00Z")


@pytest.fixture
def write(tmp_path: Path) -> Callable[[str | bytes], Path]:
    """Write a file of this content."""

    def write(content: str | bytes, name: str = "scada.csv") -> Path:
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return write


@pytest.fixture
def told() -> list[str]:
    """What the farms of this test told."""
    return []


@pytest.fixture
def read(write: Callable[[str | bytes], Path], told: list[str]) -> Iterator[Callable[..., ReplayedFarm]]:
    """Read a farm from a file, or from the content of one; NOW is noon of 2026-06-01 UTC."""
    farms: list[ReplayedFarm] = []

    def read(source: str | bytes | Path, **options: Any) -> ReplayedFarm:
        path = source if isinstance(source, Path) else write(source)
        farms.append(ReplayedFarm.read(ReplayOptions(path, **options), session="test", now=NOW, tell=told.append))
        return farms[-1]

    yield read
    for farm in farms:
        farm.close()


@pytest.fixture
def live() -> Callable[[ReplayedFarm], list[TurbineMetrics]]:
    """Take all readings of a farm, turbine by turbine."""

    def live(farm: ReplayedFarm) -> list[TurbineMetrics]:
        readings = []
        for turbine in farm.turbines:
            while turbine.next_due() is not None:
                readings.append(turbine.produce_metrics())
        return readings

    return live
