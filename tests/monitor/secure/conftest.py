"""Secure brokers: one for tests that only knock, and one of its own for each test that changes something."""

import shutil
from collections.abc import Iterator

import pytest
from secure_farm import SecureFarm
from surroundings import missing

from monitor.demo_broker import find_mosquitto
from monitor.secure.parties import Credentials


@pytest.fixture(scope="module", params=list(Credentials))
def farm(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[SecureFarm]:
    """A farm that nobody changes, once with certificates and once with passwords."""
    yield from running_farm(tmp_path_factory, request.param)


@pytest.fixture(scope="module")
def farm_of_passwords(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SecureFarm]:
    """A farm that nobody changes, with passwords."""
    yield from running_farm(tmp_path_factory, Credentials.PASSWORDS)


@pytest.fixture(params=list(Credentials))
def changing_farm(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[SecureFarm]:
    """A farm of one test's own, once with certificates and once with passwords."""
    yield from running_farm(tmp_path_factory, request.param)


@pytest.fixture
def certified_farm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SecureFarm]:
    """A farm of one test's own, with certificates."""
    yield from running_farm(tmp_path_factory, Credentials.CERTIFICATES)


def running_farm(folders: pytest.TempPathFactory, credentials: Credentials) -> Iterator[SecureFarm]:
    if find_mosquitto() is None:
        missing("mosquitto is not installed")
    folder = folders.mktemp("farm")
    with SecureFarm(folder / "secure", credentials=credentials) as farm:
        yield farm
    shutil.rmtree(folder)
