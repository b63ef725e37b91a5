"""A farm for every test that runs whole programs: over TLS, with access rules, and some on an open broker too.

With `GRID_TEST_PLAIN=1` all of them run on both, which takes twice as long.
"""

import os
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

ON_BOTH = ("test_plain_turbine.py", "test_abuse.py")
"""What differs where anybody may enter. Elsewhere the open broker is that of the tests of the parts, and of faults."""


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Say which brokers a test runs on, unless it says so itself."""
    told = [mark.args[0] for mark in metafunc.definition.iter_markers("parametrize")]
    if "broker" in metafunc.fixturenames and "broker" not in told:
        both = metafunc.definition.path.name in ON_BOTH or os.environ.get("GRID_TEST_PLAIN")
        metafunc.parametrize("broker", ["plain", "tls"] if both else ["tls"], indirect=True)


@pytest.fixture(scope="session")
def secure_folder(tmp_path_factory: pytest.TempPathFactory) -> SecureFolder:
    """What `grid-monitor secure` makes, for twenty turbines and a controller; a test may add turbines."""
    folder = create(tmp_path_factory.mktemp("authority") / "secure", ["127.0.0.1"], range(1, 21))
    add(folder.path, [Party(PartyKind.CONTROLLER, "plant")])
    return folder


@pytest.fixture
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
