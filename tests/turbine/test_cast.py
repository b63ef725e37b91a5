"""Which turbines a run has."""

from contextlib import ExitStack
from pathlib import Path

import pytest

from turbine.cast import simulated
from turbine.settings import TurbineSettings


@pytest.fixture
def certificates(tmp_path: Path) -> Path:
    """Those of turbines 1, 3 and 4, and the place where each has its own."""
    for number in (1, 3, 4):
        (tmp_path / f"{number}.crt").touch()
    return tmp_path / "{number}.crt"


def cast_of(settings: TurbineSettings) -> tuple[list[int], list[str]]:
    """The numbers of those that run, and what is said."""
    said: list[str] = []
    with ExitStack() as files:
        cast = simulated(settings, files, said.append)
        lives = [life.turbine_number for life in cast.make(None)]
    assert list(cast.numbers) == lives
    return lives, said[1:]


def test_a_turbine_without_a_certificate_is_left_out_and_said_so(certificates: Path) -> None:
    missing = certificates.with_name("2.crt")
    settings = TurbineSettings(count=4, certfile=certificates)
    assert cast_of(settings) == ([1, 3, 4], [f"turbine 2 is left out: {missing} is not there"])
    _, (sentence,) = cast_of(TurbineSettings(count=6, certfile=certificates))
    assert sentence == f"turbine 2 is left out: {missing} is not there; nor do 2 more turbines have theirs"


def test_where_no_turbine_has_a_certificate_none_is_left_out(certificates: Path) -> None:
    settings = TurbineSettings(first_number=5, count=2, certfile=certificates)
    assert cast_of(settings) == ([5, 6], [])


def test_a_dry_run_needs_no_certificates(certificates: Path) -> None:
    assert cast_of(TurbineSettings(count=4, certfile=certificates, dry_run=True)) == ([1, 2, 3, 4], [])
