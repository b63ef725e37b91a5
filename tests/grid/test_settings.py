"""Settings: flag over environment over file over default, and a sentence for everything that a person can mend."""

from enum import StrEnum
from pathlib import Path
from typing import ClassVar

import pytest
from pydantic import Field

from grid.broker import Broker, Protocol, Tls
from grid.errors import SettingsError
from grid.settings import BrokerSettings

SECRET = "hunter2-and-a-half"

pytestmark = pytest.mark.usefixtures("nothing_set")


class Colour(StrEnum):
    RED = "red"
    GREEN = "green"


class FarmSettings(BrokerSettings):
    section: ClassVar[str] = "turbines"

    count: int = Field(6, ge=1, description="How many.")
    colour: Colour = Colour.RED
    hours: float | None = None
    pairs: dict[str, str] = Field(default_factory=dict)


def written(text: str, name: str = "grid.toml") -> Path:
    path = Path(name)
    path.write_text(text, encoding="utf-8")
    return path


def complaint_of(flags: dict[str, object], config: Path | None = None) -> str:
    with pytest.raises(SettingsError) as caught:
        FarmSettings.load(flags, config).broker()
    sentence = str(caught.value)
    assert sentence
    assert "\n" not in sentence
    assert SECRET not in sentence
    assert caught.value.__cause__ is None
    return sentence


# --- which one wins


def test_nothing_needs_to_be_set() -> None:
    settings = FarmSettings.load({})
    assert settings.broker() == Broker("localhost", 1883, None, None, None, Protocol.AUTO)
    assert settings.count == 6


def test_a_flag_wins_over_the_environment_and_that_over_the_file(monkeypatch: pytest.MonkeyPatch) -> None:
    written("broker_port = 1\ncount = 1\nbroker_host = 'file'\nusername = 'file'")
    monkeypatch.setenv("GRID_BROKER_PORT", "2")
    monkeypatch.setenv("grid_count", "2")
    monkeypatch.setenv("GRID_BROKER_HOST", "environment")
    settings = FarmSettings.load({"broker_port": 3})
    assert (settings.broker_port, settings.count, settings.broker_host) == (3, 2, "environment")
    assert settings.username == "file"


def test_a_programs_section_wins_over_the_common_keys_and_others_are_passed_over() -> None:
    written("broker_port = 1\ncount = 1\n[turbines]\ncount = 2\n[monitor]\nbroker_port = 3\nengineers = 4")
    settings = FarmSettings.load({})
    assert (settings.count, settings.broker_port) == (2, 1)


def test_an_empty_variable_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    written("count = 2")
    monkeypatch.setenv("GRID_COUNT", "")
    monkeypatch.setenv("GRID_CAFILE", "")
    settings = FarmSettings.load({})
    assert (settings.count, settings.cafile) == (2, None)


def test_the_file_may_be_named_by_flag_or_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    written("count = 1")
    by_variable = written("count = 2", "by-variable.toml")
    by_flag = written("count = 3", "by-flag.toml")
    assert FarmSettings.load({}).count == 1
    monkeypatch.setenv("GRID_CONFIG", str(by_variable))
    assert FarmSettings.load({}).count == 2
    assert FarmSettings.load({}, by_flag).count == 3


def test_settings_do_not_change() -> None:
    with pytest.raises(ValueError, match="frozen"):
        FarmSettings.load({}).count = 7  # type: ignore[misc]


# --- what a person can mend


def test_unknown_keys_in_the_file_are_refused_by_name() -> None:
    written("broker_prot = 1\n[turbines]\ncuont = 2")
    assert complaint_of({}) == "grid.toml: unknown key broker_prot; grid.toml: unknown key cuont"


@pytest.mark.parametrize(
    ("flags", "named"),
    [
        ({"broker_port": 0}, "--broker-port: "),
        ({"broker_port": 65536}, "--broker-port: "),
        ({"broker_port": "many"}, "--broker-port: "),
        ({"broker_host": ""}, "--broker-host: "),
        ({"count": 0, "colour": "blue"}, "colour"),
        ({"mqtt_version": "4"}, "--mqtt-version: "),
        ({"cafile": "missing.crt"}, "cafile missing.crt"),
        ({"certfile": "missing.crt"}, "certfile missing.crt"),
        ({"keyfile": "client.key"}, "keyfile is of use only with its certfile"),
        ({"password_file": "missing"}, "password file missing can't be read: No such file or directory"),
        ({"password_file": "."}, "password file . can't be read: Is a directory"),
    ],
)
def test_a_wrong_value_is_named(flags: dict[str, object], named: str) -> None:
    assert named in complaint_of({"password": SECRET, **flags})


def test_a_wrong_value_in_the_file_is_named_with_the_file() -> None:
    path = written("count = 0", "farm.toml")
    assert complaint_of({}, path) == "farm.toml: count: Input should be greater than or equal to 1"


@pytest.mark.parametrize("key", ["count", "broker_port", "hours"])
def test_true_is_no_number(key: str, monkeypatch: pytest.MonkeyPatch) -> None:
    written(f"{key} = true")
    assert complaint_of({}) == f"grid.toml: {key}: true and false are no values of it"
    for word in ("true", "yes"):
        monkeypatch.setenv(f"GRID_{key.upper()}", word)
        assert complaint_of({}).startswith(f"GRID_{key.upper()}: Input should be a valid")


def test_what_was_typed_is_told_from_what_was_found(monkeypatch: pytest.MonkeyPatch) -> None:
    written("broker_port = 1")
    monkeypatch.setenv("GRID_COUNT", "2")
    settings = FarmSettings.load({"broker_host": "broker"})
    assert settings.typed(["broker_port", "count", "broker_host"]) == "--broker-host"


def test_a_wrong_variable_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GRID_COUNT", "six")
    assert complaint_of({}).startswith("GRID_COUNT: Input should be a valid integer")
    monkeypatch.setenv("GRID_PAIRS", "not json")
    assert "pairs" in complaint_of({})


@pytest.mark.parametrize(
    "text",
    [
        f"password = '{SECRET}",
        f"password = ['{SECRET}']",
        f"[password]\nis = '{SECRET}'",
        f"password = '{SECRET}'\npassword = '{SECRET}'",
        f"broker_port = '{SECRET}'",
        f"{SECRET}\n",
        "turbines = 5",
        "[turbines]\n[turbines]",
    ],
)
def test_a_broken_file_is_one_line_without_the_password(text: str) -> None:
    assert complaint_of({}, written(text))


def test_a_file_that_is_none_is_named() -> None:
    assert complaint_of({}, Path("absent.toml")) == (
        "the configuration file absent.toml can't be read: No such file or directory"
    )
    Path("binary.toml").write_bytes(b"\xff\xfe")
    assert "the configuration file binary.toml can't be read" in complaint_of({}, Path("binary.toml"))


def test_a_file_named_by_the_variable_must_exist(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GRID_CONFIG", "absent.toml")
    assert "absent.toml" in complaint_of({})


def test_a_variable_that_names_no_file_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GRID_CONFIG", "")
    assert FarmSettings.load({}) == FarmSettings()


# --- the password and TLS


def test_the_password_comes_from_the_first_line_of_its_file() -> None:
    path = written(f"{SECRET}\r\nsecond line\n", "password")
    broker = FarmSettings.load({"username": "monitor", "password_file": path}).broker()
    assert (broker.username, broker.password) == ("monitor", SECRET)


def test_the_password_is_shown_nowhere(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GRID_PASSWORD", SECRET)
    settings = FarmSettings.load({})
    assert settings.broker().password == SECRET
    for shown in (repr(settings), str(settings), settings.model_dump_json(), repr(settings.broker())):
        assert SECRET not in shown


def test_a_file_for_tls_implies_tls(tmp_path: Path) -> None:
    cafile = written("certificate", "ca.crt")
    assert FarmSettings.load({"cafile": cafile}).broker().tls == Tls(cafile="ca.crt")
    assert FarmSettings.load({"tls": True}).broker().tls == Tls()
    assert FarmSettings.load({}).broker().tls is None
