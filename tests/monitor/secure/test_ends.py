"""When certificates end, as the doctor tells it."""

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from secure_farm import SecureFarm

from grid.broker import Broker
from grid.errors import ExitCode
from monitor.doctor import examine
from monitor.secure.ends import Ending, endings, outlook
from monitor.secure.folder import create
from monitor.secure.parties import MONITOR
from monitor.settings import MonitorSettings

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("days", "sentence", "ends_soon", "has_ended"),
    [
        (31, "The first certificate to end is client.crt, on 2026-12-22.", False, False),
        (30, "A certificate ends soon: client.crt, on 2026-12-21.", True, False),
        (0, "A certificate has ended: client.crt, on 2026-11-21.", False, True),
    ],
)
def test_a_certificate_that_ends_within_thirty_days_is_told(
    days: int, sentence: str, ends_soon: bool, has_ended: bool
) -> None:
    known = [Ending("ca.crt", NOW + timedelta(days=3000)), Ending("client.crt", NOW + timedelta(days=days))]
    found = outlook(known, NOW)
    assert found.sentence.startswith(sentence)
    assert (found.ends_soon, found.has_ended) == (ends_soon, has_ended)
    assert ("secure rotate" in found.sentence) == (ends_soon or has_ended)


def test_files_that_are_no_certificates_are_passed_over(tmp_path: Path) -> None:
    (tmp_path / "x.crt").write_text("nothing")
    found = list(endings([tmp_path / "x.crt", tmp_path / "missing.crt", None], Broker()))
    assert outlook(found, NOW) == ("No certificate can be looked at.", False, False)


def test_the_broker_is_asked_for_its_own(certified_farm: SecureFarm) -> None:
    broker = certified_farm.entrance(MONITOR)
    (found,) = endings([], broker)
    assert found.certificate == f"that of the broker at {broker}"
    assert timedelta(days=364) < found.at - datetime.now(UTC) < timedelta(days=366)


@pytest.mark.parametrize(
    ("age_days", "warns", "code"),
    [(1, False, ExitCode.FINE), (340, True, ExitCode.FINE), (366, False, ExitCode.UNHEALTHY)],
)
async def test_the_doctor_warns_before_it_calls_it_unhealthy(
    tmp_path: Path, free_port: int, age_days: int, warns: bool, code: ExitCode
) -> None:
    made_at = datetime.now(UTC) - timedelta(days=age_days)
    secure = create(tmp_path / "secure", ["broker.example"], [], port=free_port, now=made_at)
    settings = MonitorSettings.load({"data_dir": tmp_path / "data", "http_port": 0}, secure.settings)
    (expiry,) = (finding for finding in await asyncio.to_thread(examine, settings) if finding.name == "expiry")
    assert (expiry.warns, expiry.code) == (warns, code)


async def test_without_certificates_the_doctor_says_nothing_of_them(tmp_path: Path, free_port: int) -> None:
    settings = MonitorSettings(data_dir=tmp_path / "data", broker_port=free_port, http_port=0)
    assert "expiry" not in {finding.name for finding in await asyncio.to_thread(examine, settings)}
