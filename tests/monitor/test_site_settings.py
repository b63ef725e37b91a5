"""What the process needs to serve a data folder, on its way to that process."""

from dataclasses import fields
from pathlib import Path

import pytest

from grid.errors import SettingsError
from monitor.settings import HttpSettings, MonitorSettings
from monitor.site_settings import SiteSettings


def test_the_process_gets_what_the_monitor_was_told() -> None:
    told = MonitorSettings(
        cafile=Path("ca.crt"),
        certfile=Path("client.crt"),
        keyfile=Path("client.key"),
        data_dir=Path("a folder"),
        http_host="::1",
        http_port=1,
        http_key_file=Path('a "strange" näme'),
        http_certfile=Path("site.crt"),
        http_keyfile=Path("site.key"),
        http_names="Farm.example, 10.0.0.7",
        http_plain=True,
        http_proxy="10.0.0.0/8,::1",
    )
    got = SiteSettings.from_json(told.site().to_json())
    assert got == SiteSettings(
        cafile=Path("ca.crt"),
        certfile=Path("client.crt"),
        data_dir=Path("a folder"),
        http_host="::1",
        http_port=1,
        http_key_file=Path('a "strange" näme'),
        http_certfile=Path("site.crt"),
        http_keyfile=Path("site.key"),
        http_names=("farm.example", "10.0.0.7"),
        http_plain=True,
        http_proxy=("10.0.0.0/8", "::1"),
    )
    default = SiteSettings()
    assert all(getattr(got, field.name) != getattr(default, field.name) for field in fields(SiteSettings))


def test_what_is_not_said_is_the_same_in_both() -> None:
    assert HttpSettings().site() == SiteSettings()
    assert SiteSettings.from_json(SiteSettings().to_json()) == SiteSettings()


@pytest.mark.parametrize("wrong", ["10.0.0.0/33", "proxy.example", "10.0.0.1/8", "*"])
def test_a_proxy_is_an_address_or_a_network(wrong: str) -> None:
    with pytest.raises(SettingsError, match=r"--http-proxy.*is no address or network"):
        HttpSettings.load({"http_proxy": wrong})


def test_a_name_is_the_name_of_a_host() -> None:
    with pytest.raises(SettingsError, match="--http-names"):
        HttpSettings.load({"http_names": "farm example/"})
