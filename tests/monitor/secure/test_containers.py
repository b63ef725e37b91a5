"""What each container gets of a secure folder."""

import os
import re
import tomllib
from dataclasses import replace
from pathlib import Path

import pytest

from monitor.secure import containers
from monitor.secure.containers import HandOutError, Part, hand_out, parts_of, settings_inside
from monitor.secure.folder import create, revoke
from monitor.secure.parties import Credentials


@pytest.fixture(scope="module", params=list(Credentials))
def folder(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    made: Path = tmp_path_factory.mktemp("with space") / "secure"
    create(made, ["wind.example"], [1, 2, 30], request.param)
    return made


def part(folder: Path, name: str) -> Part:
    return next(part for part in parts_of(folder) if part.name == name)


def paths(part: Part) -> set[str]:
    return {str(path) for path in part.files}


def test_no_container_gets_the_authoritys_key(folder: Path) -> None:
    key = (folder / "authority" / "ca.key").read_bytes()

    for one in parts_of(folder):
        assert key not in one.files.values()
        assert not {path for path in paths(one) if path.endswith(("ca.key", "register.json", "lock"))}


def test_the_broker_gets_its_folder_and_no_more(folder: Path) -> None:
    assert paths(part(folder, "broker")) == {path.name for path in (folder / "broker").iterdir()}
    assert part(folder, "broker").user == 1883


@pytest.mark.parametrize(("name", "foreign"), [("monitor", "turbines/"), ("turbines", "monitor/")])
def test_a_program_gets_its_own_files_and_what_its_settings_name(folder: Path, name: str, foreign: str) -> None:
    own = part(folder, name)
    settings = tomllib.loads(own.files[Path("grid.toml")].decode())

    named = [settings["cafile"], *(v for k, v in settings[name].items() if re.search("file$", k))]
    assert len(named) in (2, 3)
    for path in named:
        assert path.replace("{number}", "30").removeprefix("/credentials/") in paths(own)
    assert not {path for path in paths(own) if path.startswith((foreign, "viewer/"))}


def test_the_turbines_do_not_know_the_monitors_client_id(folder: Path) -> None:
    client_id = tomllib.loads((folder / "grid.toml").read_text(encoding="utf-8"))["monitor"]["client_id"]

    assert client_id.encode() in part(folder, "monitor").files[Path("grid.toml")]
    assert not [path for path, content in part(folder, "turbines").files.items() if client_id.encode() in content]


def test_the_turbines_run_from_the_lowest_with_files_to_the_highest(tmp_path: Path) -> None:
    folder = create(tmp_path / "secure", ["wind.example"], [7, 8, 9]).path

    def settings() -> dict[str, int]:
        found: dict[str, int] = tomllib.loads(part(folder, "turbines").files[Path("grid.toml")].decode())["turbines"]
        return found

    assert (settings()["first_number"], settings()["count"]) == (7, 3)
    revoke(folder, ["7"])
    assert (settings()["first_number"], settings()["count"]) == (8, 2)
    own = (folder / "grid.toml").read_text(encoding="utf-8").replace("[turbines]", "[turbines]\nfirst_number = 20")
    (folder / "grid.toml").write_text(own, encoding="utf-8")
    assert (settings()["first_number"], settings().get("count")) == (20, None)


def test_a_farm_without_turbines_is_handed_out_too(tmp_path: Path) -> None:
    folder = create(tmp_path / "secure", ["wind.example"], []).path

    assert "count" not in tomllib.loads(part(folder, "turbines").files[Path("grid.toml")].decode())["turbines"]


def test_ones_own_settings_go_along(folder: Path) -> None:
    text = (folder / "grid.toml").read_text(encoding="utf-8").replace("[monitor]", "[monitor]\nengineers = 5")

    assert tomllib.loads(settings_inside(text, "monitor"))["monitor"]["engineers"] == 5


OTHER_AUTHORITY = 'cafile = "/etc/ssl/ca.pem"\nbroker_port = 8883'


@pytest.mark.parametrize("text", ["", "cafile = ", 'cafile = "/s/authority/ca.crt"', OTHER_AUTHORITY])
def test_settings_of_another_authority_are_refused(text: str) -> None:
    with pytest.raises(HandOutError, match=r"grid\.toml"):
        settings_inside(text, "monitor")


def test_a_folder_for_another_port_is_refused_with_what_publishes_it(tmp_path: Path) -> None:
    folder = create(tmp_path / "secure", ["wind.example"], [1], port=9883).path

    with pytest.raises(HandOutError, match="GRID_SECURE_BROKER_PORT=9883"):
        parts_of(folder)


def test_files_are_for_their_user_alone_and_what_was_revoked_goes(tmp_path: Path) -> None:
    create(tmp_path / "secure", ["wind.example"], [1, 2])
    volume = tmp_path / "volume"
    volume.mkdir()
    mine = replace(part(tmp_path / "secure", "turbines"), user=os.getuid())
    hand_out(mine, volume)
    revoke(tmp_path / "secure", ["2"])
    hand_out(replace(part(tmp_path / "secure", "turbines"), user=os.getuid()), volume)

    found = {str(path.relative_to(volume)): path.stat().st_mode & 0o777 for path in volume.rglob("*")}
    assert {mode for name, mode in found.items() if (volume / name).is_file()} == {0o600}
    assert {mode for name, mode in found.items() if (volume / name).is_dir()} == {0o700}
    assert "turbines/1/client.key" in found
    assert not [name for name in found if name.startswith("turbines/2")]


def test_a_folder_that_is_none_is_named_with_the_command_that_makes_one(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert containers.main(str(tmp_path), str(tmp_path)) == 1
    assert "grid-monitor secure --host NAME makes one" in capsys.readouterr().err
