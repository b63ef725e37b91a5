"""Who may not enter a secure broker is told so in words: in the programs' own lines, and in the monitor's health."""

import shutil
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from entrances import SecureEntrance, SecureMosquitto
from programs import Farm, Program, wait_for
from surroundings import missing

from monitor.demo_broker import find_mosquitto
from monitor.secure.folder import SecureFolder, add, create, revoke, rotate
from monitor.secure.parties import turbines

REVOKED, EXPIRED = 8, 9
ONE = ("--upload-interval", "1", "--outbox", "off")


@pytest.fixture(scope="module")
def secure(tmp_path_factory: pytest.TempPathFactory) -> SecureFolder:
    """A folder in which turbine 8 is revoked, and turbine 9 has a certificate that has ended."""
    long_ago = datetime.now(UTC) - timedelta(days=800)
    folder = create(tmp_path_factory.mktemp("refusals") / "secure", ["127.0.0.1"], [EXPIRED], now=long_ago)
    files = folder.path / "turbines"
    shutil.copytree(files / str(EXPIRED), folder.path / "expired")
    rotate(folder.path)  # the broker's has ended too
    add(folder.path, turbines([5, 6, REVOKED]))
    shutil.copytree(files / str(REVOKED), folder.path / "revoked")
    revoke(folder.path, [str(REVOKED)])
    (folder.path / "revoked").rename(files / str(REVOKED))
    shutil.rmtree(files / str(EXPIRED))
    (folder.path / "expired").rename(files / str(EXPIRED))
    return folder


@pytest.fixture
def closed_farm(secure: SecureFolder, tmp_path: Path) -> Iterator[Farm]:
    """A farm on the broker of that folder. Programs get no files for TLS but those that a test gives them."""
    if find_mosquitto() is None:
        missing("mosquitto is not installed")
    with SecureMosquitto(tmp_path / "broker", secure) as broker:
        farm = Farm(broker.host, broker.port, tmp_path)
        yield farm
        farm.close()


def with_files(secure: SecureFolder, files: Path) -> tuple[str | Path, ...]:
    return ("--cafile", secure.cafile, "--certfile", files / "client.crt", "--keyfile", files / "client.key")


def turbine(farm: Farm, number: int, *entry: str | Path) -> Program:
    """Start one turbine with a log of its own."""
    own = Farm(farm.host, farm.port, farm.folder / f"turbine-{number}-{len(list(farm.folder.iterdir()))}")
    own.folder.mkdir()
    return farm.keep(own).start("grid-turbines", "--first-number", str(number), *ONE, *entry)


def test_a_turbine_that_may_not_enter_says_why(closed_farm: Farm, secure: SecureFolder, tmp_path: Path) -> None:
    farm, address = closed_farm, f"{closed_farm.host}:{closed_farm.port}"
    foreign = create(tmp_path / "foreign", ["127.0.0.1"], [5])
    files = {number: secure.path / "turbines" / str(number) for number in (5, 6, REVOKED, EXPIRED)}
    theirs = foreign.path / "turbines" / "5"
    refused = f"the broker at {address} refuses the certificate"
    expected = {
        turbine(farm, REVOKED, *with_files(secure, files[REVOKED])): (
            f"{refused} {files[REVOKED]}/client.crt: it is revoked"
        ),
        turbine(farm, EXPIRED, *with_files(secure, files[EXPIRED])): (
            f"{refused} {files[EXPIRED]}/client.crt: it has expired"
        ),
        turbine(farm, 5, *with_files(secure, theirs)): (
            f"{refused} {theirs}/client.crt: it is not of the authority that the broker trusts"
        ),
        turbine(farm, 5, "--cafile", secure.cafile): (
            f"the broker at {address} wants a certificate: name one with --certfile and --keyfile"
        ),
        turbine(farm, 5, *with_files(foreign, files[5])): f"the certificate of the broker at {address} is not trusted",
        turbine(farm, 5): f"what listens at {address} does not answer as a broker does; does it want TLS",
        turbine(farm, 5, *with_files(secure, files[6])): "the broker refuses",
    }
    for program, sentence in expected.items():  # the last: brokers refuse its last will, or its birth
        wait_for(lambda: sentence in program.output, sentence)  # noqa: B023
        assert "Traceback" not in program.output
        assert "[SSL" not in program.output


def test_a_monitor_that_may_not_enter_says_why_in_its_lines_and_in_its_health(
    closed_farm: Farm, secure: SecureFolder, free_port: int
) -> None:
    files = with_files(secure, secure.path / "turbines" / str(REVOKED))
    farm = closed_farm
    monitor = farm.start("grid-monitor", "--data-dir", farm.data_dir, *files)
    sentence = f"refuses the certificate {files[3]}: it is revoked"
    wait_for(lambda: sentence in monitor.output, sentence)
    wait_for(lambda: sentence in (farm.health(monitor).get("connection_error") or ""), sentence)
    doctor = farm.run("doctor", *farm.at_broker, *files)
    assert doctor.returncode != 0
    assert doctor.stdout.count(sentence) == 2  # of the broker, and of the monitor that runs
    assert monitor.end() == 0


def test_a_monitor_with_the_viewers_certificate_is_no_monitor(closed_farm: Farm, secure: SecureFolder) -> None:
    monitor = closed_farm.start(
        "grid-monitor", "--data-dir", closed_farm.data_dir, *with_files(secure, secure.path / "viewer")
    )
    wait_for(lambda: "the broker refuses what is published on grid/monitor/" in monitor.output, "it says so")


def test_the_settings_that_are_made_let_all_enter(closed_farm: Farm, secure: SecureFolder) -> None:
    farm = closed_farm.keep(Farm(closed_farm.host, closed_farm.port, closed_farm.folder, SecureEntrance(secure)))
    farm.monitor()
    farm.start("grid-turbines", "--first-number", "5", "--count", "2", "--upload-interval", "0.2")
    wait_for(lambda: {row.turbine_number for row in farm.read("turbines")} == {5, 6}, "both report")
