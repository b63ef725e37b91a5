"""What the monitor can be told."""

from pathlib import Path

import pytest

from grid.errors import SettingsError
from monitor.settings import DataSettings, MonitorSettings


@pytest.fixture(autouse=True)
def empty_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)


def test_everything_has_a_default() -> None:
    settings = MonitorSettings.load({})
    assert (settings.data_dir, settings.engineers, settings.broker_port) == (Path("data"), 3, 1883)


def test_the_file_of_the_running_monitor_serves_a_reading_command_too() -> None:
    Path("grid.toml").write_text('broker_host = "elsewhere"\n[monitor]\nengineers = 7\ndata_dir = "kept"\n')
    assert DataSettings.load({}).data_dir == Path("kept")
    assert MonitorSettings.load({}).engineers == 7


def test_the_running_monitor_refuses_an_unknown_key() -> None:
    Path("grid.toml").write_text("[monitor]\nenginers = 7\n")
    with pytest.raises(SettingsError, match=r"^grid\.toml: unknown key enginers$"):
        MonitorSettings.load({})


@pytest.mark.parametrize(
    ("name", "value"),
    [("engineers", -1), ("client_id", "a/b"), ("client_id", ""), ("stale_after", 0), ("visit_time_limit", "soon")],
)
def test_what_makes_no_sense_is_refused_by_name(name: str, value: object) -> None:
    with pytest.raises(SettingsError, match=f"^--{name.replace('_', '-')}: "):
        MonitorSettings.load({name: value})
