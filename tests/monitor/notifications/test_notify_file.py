"""The settings file of notifications."""

from pathlib import Path

import pytest
from receivers import SECRET

from grid.errors import SettingsError
from monitor.notifications.notify_file import Address, read_address, read_notify_file
from monitor.notifications.sample import SAMPLE

RECEIVER = '[receivers.crew]\nurl_env = "CREW_URL"\n'
ROUTE = '[[routes]]\nname = "all"\nreceivers = ["crew"]\n'


@pytest.fixture(autouse=True)
def crew_url(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CREW_URL", f"json://{SECRET}@desk.example")


def complaint_about(text: str, folder: Path) -> str:
    path = folder / "notify.toml"
    path.write_text(text)
    with pytest.raises(SettingsError) as caught:
        read_notify_file(path, rules=["turbine_broken"])
    return str(caught.value).removeprefix(f"{path}: ")


def test_the_sample_is_read_as_it_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "crew.url").write_text(f"json://{SECRET}@desk.example\n# a comment\n")
    monkeypatch.setenv("CONTROL_ROOM_URL", f"json://{SECRET}@desk.example")
    path = tmp_path / "notify.toml"
    path.write_text(SAMPLE.replace("/etc/grid/crew.url", str(tmp_path / "crew.url")))
    settings = read_notify_file(path, rules=["turbine_broken"])
    assert settings.plan.zone_name == "Europe/Berlin"
    assert [route.name for route in settings.plan.routes] == ["urgent", "by day", "morning"]
    assert set(settings.addresses) == set(settings.plan.receivers) == {"crew", "control_room"}
    assert SECRET not in repr(settings)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        (ROUTE, "receivers: Field required"),
        (RECEIVER, "routes: Field required"),
        (RECEIVER + ROUTE + "sevrities = []", "unknown key routes.1.sevrities"),
        (RECEIVER + ROUTE + 'severities = ["urgent"]', "routes.1.severities.1: Input should be 'critical'"),
        (RECEIVER + ROUTE + 'hours = "7-18"', 'routes.1.hours: must be hours such as "22:00-06:00"'),
        (RECEIVER + ROUTE + 'digest = ["7"]', 'routes.1.digest.1: must be a time of day such as "07:00"'),
        (RECEIVER + ROUTE + 'days = ["monday"]', "routes.1: days: monday is none of mon"),
        (
            RECEIVER + ROUTE + 'rules = ["turbine_brokn"]',
            "the route all: turbine_brokn is no rule of alarms: turbine_broken",
        ),
        (RECEIVER + ROUTE + "repeat_seconds = 5", "routes.1: repeat_seconds: at least 60, or 0 for never"),
        (RECEIVER + ROUTE + "repeat_seconds = 1e13", "routes.1.repeat_seconds: Input should be less than or equal to"),
        (
            RECEIVER + 'quiet_hours = "22:00-06:00"\n' + ROUTE + 'hours = "23:00-05:00"',
            "the route all holds in the quiet",
        ),
        (f"number = {'9' * 5000}", "the file"),
        (f"lists = {'[' * 5000}", "the file"),
        (RECEIVER + ROUTE + "group_wait_seconds = true", "routes.1.group_wait_seconds: Input should be a valid number"),
        (RECEIVER + ROUTE + ROUTE, "routes: several are called all"),
        (RECEIVER + ROUTE.replace("crew", "boss"), "the route all leads to boss, which is no receiver here"),
        ('timezone = "Mars/North"\n' + RECEIVER + ROUTE, "timezone: 'Mars/North' is no time zone"),
        (
            f'[receivers.crew]\nurl = "json://{SECRET}@x"\n' + ROUTE,
            "unknown key receivers.crew.url: the address belongs",
        ),
        ("[receivers.crew]\n" + ROUTE, "receivers.crew: name the place of its address"),
        ('[receivers.crew]\nurl_env = "NO_SUCH"\n' + ROUTE, "receivers.crew: there is no environment variable NO_SUCH"),
        ('[receivers.crew]\nurl_file = "/nowhere"\n' + ROUTE, "receivers.crew: /nowhere can't be used: No such file"),
        (f'{SECRET} "', "the file"),
    ],
)
def test_what_is_wrong_is_told_by_its_place_and_never_with_an_address(
    tmp_path: Path, text: str, complaint: str
) -> None:
    told = complaint_about(text, tmp_path)
    assert told.startswith(complaint)
    assert SECRET not in told
    assert "\n" not in told


def test_an_address_is_the_first_line_of_its_file(tmp_path: Path) -> None:
    (tmp_path / "crew.url").write_text("  json://desk.example \nnothing of it\n")
    assert read_address(Address(url_file=tmp_path / "crew.url"), {}) == "json://desk.example"


def test_an_empty_address_is_none(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="empty"):
        read_address(Address(url_env="CREW_URL"), {"CREW_URL": " "})


@pytest.mark.parametrize(
    "text",
    [
        f'[receivers.crew]\nurl_file = "json://{SECRET}@desk.example"\n' + ROUTE,
        f'[receivers.crew]\nurl_env = "json://{SECRET}@desk.example"\n' + ROUTE,
        f'[receivers.crew]\n"json://{SECRET}@desk.example" = 1\n' + ROUTE,
        f'[receivers."json://{SECRET}@desk.example"]\nurl_env = "CREW_URL"\n' + ROUTE,
        RECEIVER + ROUTE.replace("crew", f"json://{SECRET}@desk.example"),
        RECEIVER + ROUTE + f'rules = ["json://{SECRET}@desk.example"]',
        f'timezone = "json://{SECRET}@desk.example"\n' + RECEIVER + ROUTE,
    ],
)
def test_an_address_at_the_wrong_place_is_refused_and_not_shown(tmp_path: Path, text: str) -> None:
    assert SECRET not in complaint_about(text, tmp_path)


def test_hours_within_the_quiet_ones_are_enough_for_what_is_critical(tmp_path: Path) -> None:
    path = tmp_path / "notify.toml"
    critical = ROUTE + 'hours = "23:00-05:00"\nseverities = ["critical"]'
    path.write_text(RECEIVER + 'quiet_hours = "22:00-06:00"\n' + critical)
    assert read_notify_file(path, rules=[]).plan.routes[0].hours is not None
