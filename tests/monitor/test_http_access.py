from pathlib import Path
from typing import Any

import pytest

from grid.errors import SettingsError
from monitor.http_access import address, is_loopback, names_of, refuse_open_address, site_address
from monitor.site_settings import SiteSettings

ELSEWHERE = ["0.0.0.0", "::", "192.168.1.9", "farm.example", "localhost.example", "127.0.0.1.example"]
KEY = Path("key")

Files = dict[str, Any]


@pytest.fixture
def certificate(tmp_path: Path) -> Files:
    """Files that can be read: what is in them is looked at by who serves."""
    for name in ("site.crt", "site.key"):
        (tmp_path / name).touch()
    return {"http_certfile": tmp_path / "site.crt", "http_keyfile": tmp_path / "site.key"}


@pytest.mark.parametrize("host", ["localhost", "LocalHost", "127.0.0.1", "127.1.2.3", "::1", "[::1]"])
def test_this_machine_is_served_without_a_key(host: str) -> None:
    assert is_loopback(host)
    refuse_open_address(SiteSettings(http_host=host))


@pytest.mark.parametrize("host", [*ELSEWHERE, ""])
def test_no_other_address_is_taken_for_this_machine(host: str) -> None:
    assert not is_loopback(host)


@pytest.mark.parametrize("host", ELSEWHERE)
def test_others_are_not_served_without_a_key(host: str, certificate: Files) -> None:
    for settings in (SiteSettings(http_host=host, http_plain=True), SiteSettings(http_host=host, **certificate)):
        with pytest.raises(SettingsError, match="--http-key-file") as refused:
            refuse_open_address(settings)
        assert "--http-certfile" not in str(refused.value)


def test_others_are_not_served_what_can_be_overheard() -> None:
    with pytest.raises(SettingsError, match=r"--http-certfile.*--http-plain"):
        refuse_open_address(SiteSettings(http_host="0.0.0.0", http_key_file=KEY))


def test_others_are_told_both_at_once() -> None:
    with pytest.raises(SettingsError, match=r"--http-key-file.*--http-certfile.*--http-plain.*127\.0\.0\.1"):
        refuse_open_address(SiteSettings(http_host="0.0.0.0"))


def test_others_are_served_with_a_key_and_a_certificate(certificate: Files) -> None:
    refuse_open_address(SiteSettings(http_host="0.0.0.0", http_key_file=KEY, **certificate))


def test_others_are_served_in_plain_where_that_is_said() -> None:
    refuse_open_address(SiteSettings(http_host="0.0.0.0", http_key_file=KEY, http_plain=True))


def test_without_pages_there_is_nothing_to_refuse() -> None:
    refuse_open_address(SiteSettings(http_host="0.0.0.0", http_port=0))


@pytest.mark.parametrize("name", ["http_certfile", "http_keyfile"])
def test_a_certificate_comes_with_its_key(certificate: Files, name: str) -> None:
    with pytest.raises(SettingsError, match=r"both --http-certfile and --http-keyfile.*--http-key-file"):
        refuse_open_address(SiteSettings(**{name: certificate[name]}))
    certificate[name].unlink()
    with pytest.raises(SettingsError, match=f"the {name} .* can't be read"):
        refuse_open_address(SiteSettings(**certificate))


def test_a_site_answers_to_its_own_address_and_to_the_names_in_its_certificate() -> None:
    names = names_of(SiteSettings(http_host="Farm.example"), ["grid.example", "10.0.0.7"])
    assert names == {"farm.example", "grid.example", "10.0.0.7"}


@pytest.mark.parametrize("host", ["0.0.0.0", "::"])
def test_every_address_is_no_name(host: str) -> None:
    assert names_of(SiteSettings(http_host=host)) == frozenset()


def test_names_that_are_given_are_all(certificate: Files) -> None:
    settings = SiteSettings(http_host="10.0.0.7", http_names=("farm.example",), **certificate)
    assert names_of(settings, ["grid.example"]) == {"farm.example"}


def test_an_address_says_whether_tls_is_spoken(certificate: Files) -> None:
    assert address("::1", 8787) == "http://[::1]:8787"
    assert site_address(SiteSettings(http_host="farm.example", **certificate)) == "https://farm.example:8787"
