"""The settings of grid-turbines: sensible alone, and together."""

from pathlib import Path
from typing import Any

import pytest

from grid.broker import Tls
from grid.errors import SettingsError
from turbine.settings import TurbineSettings


@pytest.mark.parametrize(
    "flags",
    [
        {"count": 0},
        {"count": -1},
        {"first_number": 0},
        {"first_number": 2**31},
        {"upload_interval": 0},
        {"upload_interval": -1},
        {"upload_interval": float("nan")},
        {"time_to_fail": -1},
        {"time_to_repair": -1},
        {"time_to_fail": float("inf")},
        {"anomaly_rate": 0.6},
        {"anomaly_rate": -0.1},
        {"duration": 0},
        {"interval": 0},
        {"wind": "storm"},
        {"seed": -1},
    ],
)
def test_nonsense_is_refused_in_one_line_that_names_the_setting(flags: dict[str, Any]) -> None:
    with pytest.raises(SettingsError) as refused:
        TurbineSettings.load(flags)
    assert f"--{next(iter(flags)).replace('_', '-')}: " in str(refused.value)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    ("flags", "sentence"),
    [
        ({"first_number": 2**31 - 1, "count": 2}, "turbine numbers end at 2147483647"),
        ({"speed": "10", "times": "now"}, "--speed, --times only with --replay"),
        ({"replay": Path("a.csv"), "count": 3, "anomaly_rate": 0.1}, "--count, --anomaly-rate not with --replay"),
        ({"region": "north," + 65 * "x"}, "the name of a region has 64 characters at most"),
        ({"anomalies": Path("truth")}, "--anomalies needs an --anomaly-rate above 0"),
    ],
)
def test_settings_that_do_not_go_together_are_refused(flags: dict[str, Any], sentence: str) -> None:
    with pytest.raises(SettingsError, match=f"^{sentence}$"):
        TurbineSettings.load(flags).check()


@pytest.mark.parametrize(
    "flags",
    [
        {},
        {"count": 1000, "anomaly_rate": 0.01, "anomalies": Path("truth")},
        {"replay": Path("a.csv"), "speed": "max", "first_number": 7, "duration": 3.0, "dry_run": True},
    ],
)
def test_settings_that_go_together_are_taken(flags: dict[str, Any]) -> None:
    TurbineSettings.load(flags).check()


def test_the_variables_and_the_file_may_serve_a_simulation_and_a_replay(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    file = tmp_path / "grid.toml"
    file.write_text('[turbines]\nregion = "west"\nspeed = "10"\n', encoding="utf-8")
    monkeypatch.setenv("GRID_COUNT", "6")
    monkeypatch.setenv("GRID_ANOMALIES", "truth")
    TurbineSettings.load({"replay": Path("a.csv")}, file).check()
    TurbineSettings.load({"anomaly_rate": 0.1}, file).check()


def test_an_option_of_the_simulation_is_refused_in_a_replay_whatever_its_value() -> None:
    with pytest.raises(SettingsError, match=r"^--count not with --replay$"):
        TurbineSettings.load({"replay": Path("a.csv"), "count": 1}).check()


def test_defaults_are_those_of_the_assignment() -> None:
    settings = TurbineSettings()
    assert (settings.count, settings.time_to_fail, settings.time_to_repair) == (1, 30.0, 5.0)
    assert settings.anomaly_rate == 0


def test_the_environment_and_a_file_set_what_no_flag_sets(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    file = tmp_path / "grid.toml"
    file.write_text(
        'broker_port = 1999\n[turbines]\ncount = 6\nupload_interval = 5\nregion = "west"\n', encoding="utf-8"
    )
    monkeypatch.setenv("GRID_UPLOAD_INTERVAL", "7")
    settings = TurbineSettings.load({"count": 3}, file)
    assert (settings.broker_port, settings.count, settings.upload_interval) == (1999, 3, 7.0)
    assert settings.regions() == ["west"]


@pytest.mark.parametrize("word", ["memory", "off"])
def test_an_outbox_without_a_place_has_no_file(word: str) -> None:
    settings = TurbineSettings(outbox=word)
    assert settings.outbox_file() is None
    assert settings.resends is (word == "memory")


def test_an_outbox_is_a_file_or_lies_in_a_folder(tmp_path: Path) -> None:
    assert TurbineSettings(outbox=f"{tmp_path}/new").outbox_file() == tmp_path / "new"
    for folder in (f"{tmp_path}", f"{tmp_path}/", f"{tmp_path}/new/"):
        assert TurbineSettings(outbox=folder).outbox_file() == Path(folder) / "outbox.jsonl"


def test_each_turbine_enters_with_its_own_files(tmp_path: Path) -> None:
    for number in (6, 7):
        (tmp_path / str(number)).mkdir()
        for name in ("password", "client.crt", "client.key"):
            (tmp_path / str(number) / name).write_text(f"{name} of {number}\n")
    own = tmp_path / "{number}"
    flags = {"username": "turbine-{number}", "certfile": own / "client.crt", "keyfile": own / "client.key"}
    settings = TurbineSettings.load({**flags, "password_file": own / "password"})
    brokers = settings.brokers([6, 7])
    assert {number: (broker.username, broker.password) for number, broker in brokers.items()} == {
        6: ("turbine-6", "password of 6"),
        7: ("turbine-7", "password of 7"),
    }
    assert brokers[7].tls == Tls(None, str(tmp_path / "7" / "client.crt"), str(tmp_path / "7" / "client.key"))
    with pytest.raises(SettingsError, match=f"the certfile {tmp_path}/8/client.crt can't be read: there is none"):
        TurbineSettings.load(flags).brokers([6, 8])


def test_who_lacks_a_file_of_its_own_is_named(tmp_path: Path) -> None:
    for number in (1, 3):
        (tmp_path / f"{number}.crt").touch()
    settings = TurbineSettings.load({"certfile": tmp_path / "{number}.crt", "cafile": tmp_path / "ca.crt"})
    assert settings.without_files(range(1, 5)) == {2: tmp_path / "2.crt", 4: tmp_path / "4.crt"}
    assert TurbineSettings.load({"username": "turbine-{number}"}).without_files([1]) == {}


def test_without_a_number_all_turbines_enter_as_one() -> None:
    brokers = TurbineSettings.load({"username": "farm"}).brokers(range(1, 4))
    assert [broker.username for broker in brokers.values()] == ["farm", "farm", "farm"]
