"""What a process needs to serve a data folder, on its way to that process."""

from pathlib import Path

import pytest

from monitor.settings import HttpSettings
from monitor.site_settings import SiteSettings


@pytest.mark.parametrize("token_file", [None, Path('a "strange" näme')])
def test_the_process_gets_what_the_monitor_was_told(token_file: Path | None) -> None:
    told = HttpSettings(data_dir=Path("a folder"), http_host="::1", http_port=1, http_token_file=token_file)
    got = SiteSettings.from_json(told.site().to_json())
    assert got == SiteSettings(Path("a folder"), "::1", 1, token_file)


def test_what_is_not_said_is_the_same_in_both() -> None:
    assert HttpSettings().site() == SiteSettings()
