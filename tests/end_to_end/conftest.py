"""A farm for every test that runs whole programs: on an open broker, and on one that is closed to others."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from entrances import SecureMosquitto, entrance_of
from programs import Farm
from surroundings import missing

from monitor.demo_broker import LocalMosquitto, find_mosquitto
from monitor.secure.folder import SecureFolder, add, create
from monitor.secure.parties import Party, PartyKind


@pytest.fixture(scope="session")
def secure_folder(tmp_path_factory: pytest.TempPathFactory) -> SecureFolder:
    """What `grid-monitor secure` makes, for twenty turbines and a controller; a test may add turbines."""
    folder = create(tmp_path_factory.mktemp("authority") / "secure", ["127.0.0.1"], range(1, 21))
    add(folder.path, [Party(PartyKind.CONTROLLER, "plant")])
    return folder


@pytest.fixture(params=["plain", "tls"])
def broker(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalMosquitto]:
    """A running Mosquitto: with the workbench's configuration, and over TLS with certificates and access rules."""
    if find_mosquitto() is None:
        missing("mosquitto is not installed")
    folder = tmp_path_factory.mktemp("broker")
    if request.param == "tls":
        mosquitto: LocalMosquitto = SecureMosquitto(folder, request.getfixturevalue("secure_folder"))
    else:
        mosquitto = LocalMosquitto(folder)
    with mosquitto:
        yield mosquitto
    shutil.rmtree(folder)


@pytest.fixture
def farm(broker: LocalMosquitto, tmp_path: Path) -> Iterator[Farm]:
    """A farm on that broker."""
    farm = Farm(broker.host, broker.port, tmp_path, entrance_of(broker))
    yield farm
    farm.close()
