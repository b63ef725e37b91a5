import stat
from pathlib import Path

import pytest

from grid.errors import SettingsError
from monitor.http_access import SHORTEST_TOKEN, is_loopback, read_token, refuse_open_address
from monitor.site_settings import SiteSettings

ELSEWHERE = ["0.0.0.0", "::", "192.168.1.9", "farm.example", "localhost.example", "127.0.0.1.example", ""]


@pytest.mark.parametrize("host", ["localhost", "LocalHost", "127.0.0.1", "127.1.2.3", "::1", "[::1]"])
def test_this_machine_is_served_without_a_token(host: str) -> None:
    assert is_loopback(host)
    assert read_token(SiteSettings(http_host=host)) is None


@pytest.mark.parametrize("host", ELSEWHERE)
def test_no_other_address_is_taken_for_this_machine(host: str) -> None:
    assert not is_loopback(host)


@pytest.mark.parametrize("host", [host for host in ELSEWHERE if host])
def test_others_are_not_served_without_a_token(host: str) -> None:
    with pytest.raises(SettingsError, match="--http-token-file"):
        refuse_open_address(SiteSettings(http_host=host))


def test_without_pages_there_is_nothing_to_refuse() -> None:
    refuse_open_address(SiteSettings(http_host="0.0.0.0", http_port=0))


def test_the_token_is_what_the_file_holds(tmp_path: Path) -> None:
    path = tmp_path / "token"
    path.write_text("  correct-horse-battery\n")
    assert read_token(SiteSettings(http_host="0.0.0.0", http_token_file=path)) == "correct-horse-battery"


def test_a_token_is_made_where_there_is_none_and_only_its_owner_reads_it(tmp_path: Path) -> None:
    settings = SiteSettings(http_host="0.0.0.0", http_token_file=tmp_path / "token")
    made = read_token(settings)
    assert made is not None
    assert len(made) > SHORTEST_TOKEN
    assert stat.S_IMODE((tmp_path / "token").stat().st_mode) == 0o600
    assert read_token(settings) == made


@pytest.mark.parametrize("content", [b"", b"\n", b"short", b"a token, with blanks", b"\xff" * 20, b"one-token\n" * 2])
def test_a_file_without_a_token_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "token"
    path.write_bytes(content)
    with pytest.raises(SettingsError, match="must hold a token"):
        read_token(SiteSettings(http_token_file=path))


def test_a_file_that_cannot_be_read_is_told_in_a_line(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"Is a directory|No such file"):
        read_token(SiteSettings(http_token_file=tmp_path))
    with pytest.raises(SettingsError, match="No such file"):
        read_token(SiteSettings(http_token_file=tmp_path / "nowhere" / "token"))
