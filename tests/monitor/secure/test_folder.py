"""The secure folder: what lies in it, for whom, and what its commands leave behind."""

import shutil
import stat
import subprocess
import threading
import tomllib
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography.x509 import load_pem_x509_certificate, load_pem_x509_crl
from surroundings import missing

from grid.errors import SettingsError
from monitor.secure.certificates import names_in
from monitor.secure.folder import SecureFolder, SecureFolderError, add, create, read_register, revoke, rotate
from monitor.secure.parties import MONITOR, Credentials, Party, parse_parties
from monitor.settings import MonitorSettings
from turbine.settings import TurbineSettings

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)


@pytest.fixture
def secure(tmp_path: Path) -> SecureFolder:
    return create(tmp_path / "secure", ["broker.example", "192.0.2.7"], [1, 2])


def files_in(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


ALWAYS = {
    "grid.toml",
    *(f"authority/{name}" for name in ("ca.crt", "ca.key", "register.json")),
    *(f"broker/{name}" for name in ("acl", "broker.crt", "broker.key", "ca.crt", "mosquitto.conf")),
    *(f"https/{name}" for name in ("ca.crt", "site.crt", "site.key")),
    "viewer/mosquitto_sub",
}


@pytest.mark.parametrize(
    ("credentials", "of_each", "of_the_broker"),
    [
        (Credentials.CERTIFICATES, {"ca.crt", "client.crt", "client.key"}, "revoked.crl"),
        (Credentials.PASSWORDS, {"ca.crt", "password"}, "passwords"),
    ],
)
def test_everybody_gets_a_folder_of_their_own(
    tmp_path: Path, credentials: Credentials, of_each: set[str], of_the_broker: str
) -> None:
    secure = create(tmp_path / "secure", ["broker.example"], [1, 7], credentials)
    clients = {f"{place}/{name}" for place in ("monitor", "viewer", "turbines/1", "turbines/7") for name in of_each}
    assert files_in(secure.path) == ALWAYS | clients | {f"broker/{of_the_broker}"}


def test_only_the_owner_may_look_into_it_whatever_was_done(secure: SecureFolder) -> None:
    add(secure.path, parse_parties(["3", "substation-2"]))
    revoke(secure.path, ["1"])
    rotate(secure.path)
    for path in [secure.path, *secure.path.rglob("*")]:
        assert stat.S_IMODE(path.stat().st_mode) == (0o700 if path.is_dir() else 0o600), path


def test_the_folder_appears_whole_or_not_at_all(tmp_path: Path) -> None:
    with pytest.raises(SecureFolderError, match="no name of a host"):
        create(tmp_path / "secure", ["broker example"], [1])
    with pytest.raises(SecureFolderError, match="plain digits"):
        create(tmp_path / "secure", ["broker.example"], [0])
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_there_is_left_as_it_is(secure: SecureFolder) -> None:
    before = {path: path.read_bytes() for path in secure.path.rglob("*") if path.is_file()}
    with pytest.raises(SecureFolderError, match="is there already"):
        create(secure.path, ["broker.example"], [1])
    assert {path: path.read_bytes() for path in secure.path.rglob("*") if path.is_file()} == before


@pytest.fixture
def openssl() -> str:
    """The program that others check certificates with."""
    return shutil.which("openssl") or missing("openssl is not installed")


@pytest.mark.parametrize("place", ["turbines/1", "monitor", "viewer"])
def test_certificates_pass_the_checks_of_openssl(secure: SecureFolder, openssl: str, place: str) -> None:
    folder = secure.path / place
    verify: list[str | Path] = [openssl, "verify", "-x509_strict", "-purpose", "sslclient", "-CAfile", secure.cafile]
    crl: list[str | Path] = ["-crl_check", "-CRLfile", secure.broker / "revoked.crl"]
    checked = subprocess.run([*verify, *crl, folder / "client.crt"], capture_output=True, text=True, check=False)
    assert (checked.returncode, checked.stderr) == (0, "")


def test_the_pages_certificate_bears_the_names_of_the_hosts(secure: SecureFolder, openssl: str) -> None:
    text = subprocess.run(
        [openssl, "x509", "-in", secure.path / "https" / "site.crt", "-noout", "-ext", "subjectAltName"],
        capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    names = {name.strip() for name in text.splitlines()[1].split(",")}
    addresses = {f"IP Address:{address}" for address in ("192.0.2.7", "127.0.0.1", "0:0:0:0:0:0:0:1")}
    assert names == {"DNS:broker.example", "DNS:localhost", *addresses}


def test_programs_on_this_machine_take_its_settings(secure: SecureFolder) -> None:
    monitor = MonitorSettings.load({}, secure.settings)
    broker = monitor.broker()
    assert broker.tls is not None
    assert (broker.host, broker.port, broker.tls.certfile) == (
        "localhost", 8883, str(secure.of(MONITOR).absolute() / "client.crt"),
    )  # fmt: skip
    assert monitor.http_host == "127.0.0.1"
    assert TurbineSettings.load({"count": 2}, secure.settings).broker_port == 8883


def test_its_settings_can_open_the_pages_by_taking_signs_away(secure: SecureFolder) -> None:
    opened = secure.settings.read_text(encoding="utf-8").replace("# http_", "http_")
    secure.settings.write_text(opened, encoding="utf-8")
    settings = MonitorSettings.load({}, secure.settings)
    assert (settings.http_host, settings.http_certfile) == ("0.0.0.0", secure.path.absolute() / "https" / "site.crt")


def test_the_monitors_client_id_can_not_be_guessed(secure: SecureFolder, tmp_path: Path) -> None:
    other = create(tmp_path / "other", ["broker.example"], [])
    ids = [tomllib.loads(folder.settings.read_text())["monitor"]["client_id"] for folder in (secure, other)]
    assert ids[0] != ids[1]
    assert all(len(client_id) >= len("grid-monitor-") + 32 for client_id in ids)


def test_who_has_something_is_not_given_it_again(secure: SecureFolder) -> None:
    add(secure.path, parse_parties(["substation-2"]))
    with pytest.raises(SecureFolderError, match="turbine 1 has its files already"):
        add(secure.path, parse_parties(["1"]))
    with pytest.raises(SecureFolderError, match="the name substation-2 is taken: controller substation-2"):
        add(secure.path, parse_parties(["substation-2"], viewers=True))


def test_a_revocation_takes_ranges_and_commas_as_an_addition_does(secure: SecureFolder) -> None:
    add(secure.path, parse_parties(["3-5"]))
    assert revoke(secure.path, ["1,3-4"]) == parse_parties(["1,3-4"])


def test_a_revocation_that_broke_off_can_be_repeated(secure: SecureFolder) -> None:
    rules = secure.broker / "acl"
    rules.unlink()
    rules.mkdir()  # nothing can be put there
    with pytest.raises(OSError, match="acl"):
        revoke(secure.path, ["2"])
    rules.rmdir()
    assert revoke(secure.path, ["2"]) == parse_parties(["2"])
    assert "user 2\ntopic deny #\n" in rules.read_text()


def test_a_rotation_that_breaks_off_leaves_no_certificate_that_the_register_does_not_know(secure: SecureFolder) -> None:
    (secure.path / "turbines" / "2" / "client.crt").unlink()
    (secure.path / "turbines" / "2" / "client.crt").mkdir()  # nothing can be put there
    with pytest.raises(OSError, match=r"client\.crt"):
        rotate(secure.path)
    known = {entry.serial for entry in read_register(secure.path).issued}
    on_disk = [path for path in secure.path.rglob("*.crt") if path.is_file() and path.name != "ca.crt"]
    assert len(on_disk) > 3
    assert {f"{load_pem_x509_certificate(path.read_bytes()).serial_number:X}" for path in on_disk} <= known


@pytest.mark.parametrize(
    "host", ["192.168.1.300", "0.0.0.0", "::", "224.0.0.1", "fe80::1%eth0", "b:8883", "[::1]", "b\u00fc"]
)
def test_a_host_that_nobody_reaches_is_refused(tmp_path: Path, host: str) -> None:
    with pytest.raises(SecureFolderError, match=r"is no name of a host|is no address by which"):
        create(tmp_path / "secure", [host], [1])
    assert list(tmp_path.iterdir()) == []


def test_a_host_may_have_a_long_name(tmp_path: Path) -> None:
    host = f"{'a' * 60}.{'b' * 60}.example"
    secure = create(tmp_path / "secure", [host], [])
    assert host in names_in((secure.broker / "broker.crt").read_bytes())


@pytest.mark.parametrize("kind", ["file", "link", "lost link", "folder in use"])
def test_what_is_no_secure_folder_is_not_replaced(tmp_path: Path, kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    place, elsewhere = tmp_path / "secure", tmp_path / "elsewhere"
    if kind == "file":
        place.write_text("mine")
    elif kind == "folder in use":
        place.mkdir()
        monkeypatch.chdir(place)
    else:
        place.symlink_to(elsewhere)
        if kind == "link":
            elsewhere.mkdir()
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(SecureFolderError, match="is no secure folder: name one with --folder"):
        create(place, ["broker.example"], [1])
    assert sorted(tmp_path.rglob("*")) == before


def test_of_two_who_make_it_at_once_one_makes_it_and_the_other_is_told(tmp_path: Path) -> None:
    told = []

    def one() -> None:
        try:
            create(tmp_path / "secure", ["broker.example"], [1])
        except SecureFolderError as error:
            told.append(str(error))

    threads = [threading.Thread(target=one) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [sentence.partition(": ")[0] for sentence in told] == [f"{tmp_path / 'secure'} is there already"] * 3
    assert [path.name for path in tmp_path.iterdir()] == ["secure"]


def test_an_authority_that_has_ended_issues_nothing_and_still_revokes(tmp_path: Path) -> None:
    secure = create(tmp_path / "secure", ["broker.example"], [1], now=NOW)
    late = NOW + timedelta(days=3650)
    ended = "the authority ended on 2036-11-18: make a new folder"
    with pytest.raises(SecureFolderError, match=ended):
        add(secure.path, parse_parties(["2"]), late)
    with pytest.raises(SecureFolderError, match=ended):
        rotate(secure.path, now=late)
    with pytest.raises(SecureFolderError, match="it is 2026-11-19, before the authority was made"):
        add(secure.path, parse_parties(["2"]), NOW - timedelta(days=2))
    assert revoke(secure.path, ["1"], late) == parse_parties(["1"])


def test_a_broker_whose_clock_is_late_takes_the_list_of_the_revoked(secure: SecureFolder) -> None:
    crl = load_pem_x509_crl((secure.broker / "revoked.crl").read_bytes())
    certificate = load_pem_x509_certificate((secure.broker / "broker.crt").read_bytes())
    assert crl.last_update_utc == certificate.not_valid_before_utc < datetime.now(UTC) - timedelta(minutes=59)


@pytest.mark.parametrize(
    ("file", "content", "sentence"),
    [
        ("ca.key", None, r"ca\.key is missing: bring it back"),
        ("ca.key", "x", "the authority's key or certificate is dam"),
    ],
)
def test_an_authority_that_is_not_whole_is_told_of(
    secure: SecureFolder, file: str, content: str | None, sentence: str
) -> None:
    path = secure.path / "authority" / file
    path.unlink() if content is None else path.write_text(content)
    with pytest.raises(SecureFolderError, match=sentence):
        add(secure.path, parse_parties(["3"]))


def test_who_is_revoked_has_no_files_and_no_rights_left(secure: SecureFolder) -> None:
    assert revoke(secure.path, ["2"]) == parse_parties(["2"])
    assert not (secure.path / "turbines" / "2").exists()
    assert "user 2\ntopic deny #\n" in (secure.broker / "acl").read_text()
    with pytest.raises(SecureFolderError, match="nobody has these names: 2, 99"):
        revoke(secure.path, ["1", "2", "99"])
    assert (secure.path / "turbines" / "1").exists()


@pytest.mark.parametrize("name", ["broker", "site"])
def test_the_broker_and_the_pages_are_not_revoked(secure: SecureFolder, name: str) -> None:
    with pytest.raises(SecureFolderError, match="nobody has these names"):
        revoke(secure.path, [name])


def test_a_rotation_renews_everything_but_the_authority(secure: SecureFolder) -> None:
    def keys() -> dict[str, bytes]:
        return {str(path.relative_to(secure.path)): path.read_bytes() for path in secure.path.rglob("*.key")}

    before, authority = keys(), secure.cafile.read_bytes()
    revoke(secure.path, ["2"])
    rotate(secure.path)
    after = keys()
    assert {name for name in before if before[name] == after.get(name)} == {"authority/ca.key"}
    assert set(before) - set(after) == {"turbines/2/client.key"}
    assert secure.cafile.read_bytes() == authority


def test_certificates_hold_a_year_and_no_longer_than_their_authority(tmp_path: Path) -> None:
    secure = create(tmp_path / "secure", ["broker.example"], [1], now=NOW)
    late = NOW + timedelta(days=3600)
    add(secure.path, parse_parties(["2"]), late)
    current = read_register(secure.path).current
    first, second = (current[party].expires_at for party in parse_parties(["1,2"]))
    assert (first, second) == (NOW + timedelta(days=365), NOW + timedelta(days=3650))


def test_the_register_holds_no_secret(tmp_path: Path) -> None:
    secure = create(tmp_path / "secure", ["broker.example"], [1], Credentials.PASSWORDS)
    register = read_register(secure.path)
    assert "$7$" not in repr(register)
    password = (secure.path / "turbines" / "1" / "password").read_text().strip()
    kept = b"".join(
        path.read_bytes() for folder in ("authority", "broker") for path in (secure.path / folder).iterdir()
    )
    assert password.encode() not in kept


def test_two_that_add_at_once_both_count(secure: SecureFolder) -> None:
    def one(number: int) -> None:
        add(secure.path, parse_parties([str(number)]))

    threads = [threading.Thread(target=one, args=(number,)) for number in range(10, 18)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {party.name for party in read_register(secure.path).current} >= {str(number) for number in range(10, 18)}


def test_a_damaged_register_is_told_of(secure: SecureFolder) -> None:
    (secure.path / "authority" / "register.json").write_text("{}")
    with pytest.raises(SecureFolderError, match="the register is damaged"):
        add(secure.path, parse_parties(["3"]))


def test_what_is_no_secure_folder_is_told_with_what_makes_one(tmp_path: Path) -> None:
    with pytest.raises(SecureFolderError, match="is no secure folder: grid-monitor secure --host NAME makes one"):
        rotate(tmp_path)


def test_each_turbine_of_one_process_enters_with_files_of_its_own(secure: SecureFolder) -> None:
    settings = TurbineSettings.load({"count": 2}, secure.settings)
    for number, broker in settings.brokers([1, 2]).items():
        tls = broker.tls
        assert tls is not None
        assert tls.certfile == str(secure.path.absolute() / "turbines" / str(number) / "client.crt")
    with pytest.raises(SettingsError, match="can't be read"):
        settings.brokers([3])


def test_a_party_lies_where_its_name_says(secure: SecureFolder) -> None:
    (controller,) = parse_parties(["substation-2"])
    (viewer,) = parse_parties(["anna"], viewers=True)
    places: list[tuple[Party, str]] = [(MONITOR, "monitor"), (controller, "controllers/substation-2")]
    for party, place in [*places, (viewer, "viewers/anna")]:
        assert secure.of(party) == secure.path / place
