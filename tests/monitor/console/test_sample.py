"""The sample of the settings file."""

import re
import tomllib
from pathlib import Path

import pytest

from monitor.console.sample import sample_toml
from monitor.settings import MonitorSettings

_A_COMMENTED_KEY = re.compile(r"^# (\w+ = )", re.MULTILINE)


@pytest.fixture(autouse=True)
def nothing_set(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)


def test_the_sample_sets_nothing() -> None:
    assert tomllib.loads(sample_toml()) == {"monitor": {}}


def test_the_sample_names_every_setting_with_its_default() -> None:
    everything = tomllib.loads(_A_COMMENTED_KEY.sub(r"\1", sample_toml()))
    own = everything.pop("monitor")
    named = {**everything, **own}
    defaults = MonitorSettings.load({}).model_dump(mode="json")
    assert set(named) == set(defaults)
    assert {name: value or None for name, value in named.items()} == {
        name: value or None for name, value in defaults.items()
    }


def test_the_effective_settings_can_be_loaded_again(tmp_path: Path) -> None:
    given = {"broker_host": "broker.example", "username": 'ä "b"\\\n', "engineers": 7, "visit_time_limit": 42.5}
    settings = MonitorSettings.load(given)
    file = tmp_path / "effective.toml"
    file.write_text(sample_toml(settings), encoding="utf-8")
    assert MonitorSettings.load({}, file).model_dump() == settings.model_dump()


def test_secrets_are_never_shown() -> None:
    text = sample_toml(MonitorSettings.load({"password": "s3cret"}))
    assert "s3cret" not in text
    assert '# password = "***"' in text
