"""The secure mosquitto.conf beside the workbench's."""

import pytest

from monitor.demo_broker import project_configuration
from monitor.secure.broker_configuration import broker_configuration
from monitor.secure.parties import Credentials

DOORS = {"listener", "allow_anonymous", "persistence_location"}
SECURED = {"tls_version", "certfile", "keyfile", "acl_file"}


def options(text: str) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for line in text.splitlines():
        if line and not line.startswith("#"):
            option, value = line.split(maxsplit=1)
            found.setdefault(option, []).append(value)
    return found


@pytest.mark.parametrize(
    ("credentials", "own"),
    [
        (Credentials.CERTIFICATES, {"cafile", "require_certificate", "use_identity_as_username", "crlfile"}),
        (Credentials.PASSWORDS, {"password_file"}),
    ],
)
def test_it_has_the_limits_of_the_workbench_and_no_open_door(credentials: Credentials, own: set[str]) -> None:
    workbench = options(project_configuration())
    secure = options(broker_configuration(project_configuration(), credentials))
    assert {name: secure.get(name) for name in workbench.keys() - DOORS} == {
        name: workbench[name] for name in workbench.keys() - DOORS
    }
    assert secure.keys() - workbench.keys() == SECURED | own | {"log_type"}
    assert (secure["listener"], secure["allow_anonymous"], secure["tls_version"]) == (["8883"], ["false"], ["tlsv1.2"])


def test_files_are_named_relative_to_its_folder_which_can_be_moved() -> None:
    for credentials in Credentials:
        secure = options(broker_configuration(project_configuration(), credentials))
        files = [values[0] for name, values in secure.items() if name.endswith("file")]
        assert not [file for file in files if "/" in file]
        assert secure["persistence_location"] == ["../data/"]


def test_a_workbench_without_a_place_for_its_data_is_refused() -> None:
    with pytest.raises(ValueError, match="has 0 lines of persistence_location"):
        broker_configuration("# what it is\n\nlistener 1883\n", Credentials.PASSWORDS)
