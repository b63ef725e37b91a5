from importlib.metadata import version
from pathlib import Path

from farm_at_noon import leave_at_noon

from monitor import DISTRIBUTION
from monitor.site_settings import SiteSettings
from monitor.web.about import about
from monitor.web.server import open_site


async def told(data_dir: Path) -> dict[str, object]:
    """What the page is filled with."""
    site = open_site(SiteSettings(data_dir=data_dir))
    try:
        return await about(site)
    finally:
        site.readers.close()


async def test_the_program_its_data_and_its_books_are_told(tmp_path: Path) -> None:
    leave_at_noon(tmp_path)
    page = await told(tmp_path)

    facts = page["facts"]
    assert isinstance(facts, dict)
    assert facts["Version"] == version(DISTRIBUTION)
    assert facts["Data folder"] == str(tmp_path)
    assert len(facts["Ledger"]) == 8
    assert page["books"] == {"Received": 360, "Stored": 360, "Duplicate": 0, "Rejected": 2}


async def test_what_others_made_is_told_with_its_licence(tmp_path: Path) -> None:
    packages = (await told(tmp_path))["packages"]
    assert isinstance(packages, list)
    assert [(package["name"], package["licence"]) for package in packages] == [("uPlot", "MIT")]


async def test_without_a_ledger_the_page_says_so(tmp_path: Path) -> None:
    page = await told(tmp_path)
    facts = page["facts"]
    assert isinstance(facts, dict)
    assert facts["Database"] == "grid.db, not there yet"
    assert "there is no database" in facts["Ledger"]
    assert page["books"] == {}
