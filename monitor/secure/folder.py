"""The secure folder: it is created, parties are added to it and revoked, and everything in it can be renewed."""

import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from monitor.demo_broker import project_configuration
from monitor.secure.broker_configuration import PORT, broker_configuration
from monitor.secure.certificates import Authority, Certified, general_name
from monitor.secure.parties import BROKER, MONITOR, SITE, VIEWER, Credentials, Party, PartyKind, turbines
from monitor.secure.passwords import mosquitto_hash, new_password, password_file
from monitor.secure.private_files import make_private_folder, write_private
from monitor.secure.program_settings import program_settings
from monitor.secure.register import Issued, Register
from monitor.secure.rules import access_rules

ALWAYS_NAMED = ("localhost", "127.0.0.1", "::1")
IN_COMPOSE = "mosquitto"
"""The broker's name in docker-compose.yml."""

LISTENING = "mosquitto_sub"
"""What a viewer's folder has for that program, which looks for a file of its own name in XDG_CONFIG_HOME."""

_REGISTER = Path("authority", "register.json")
_AUTHORITY = Path("authority", "ca.crt")
_AUTHORITY_KEY = Path("authority", "ca.key")
_LOCK = Path("authority", "lock")


class SecureFolderError(Exception):
    """What can't be done with the folder: one sentence, fit to be shown."""


@dataclass(frozen=True, slots=True)
class SecureFolder:
    """The paths of a secure folder, for those who use what lies in it."""

    path: Path

    @property
    def broker(self) -> Path:
        """The folder that the broker needs, and in which it is started."""
        return self.path / "broker"

    @property
    def cafile(self) -> Path:
        """The authority's certificate."""
        return self.path / _AUTHORITY

    @property
    def settings(self) -> Path:
        """The file that programs on this machine take as --config."""
        return self.path / "grid.toml"

    def of(self, party: Party) -> Path:
        """The folder of one party."""
        return self.path / party.folder


def create(
    folder: Path,
    hosts: Iterable[str],
    turbine_numbers: Iterable[int],
    credentials: Credentials = Credentials.CERTIFICATES,
    *,
    port: int = PORT,
    now: datetime | None = None,
) -> SecureFolder:
    """Make a certificate authority and all that a broker, its monitor, a viewer and these turbines need.

    `hosts` are the names and addresses by which others reach the broker and the pages. The folder appears whole or
    not at all. Raises SecureFolderError if something is there already, or a name or a number is none.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise SecureFolderError(f"{folder} is there already: secure add, revoke, rotate and list work on it")
    now = now or _utc_now()
    names = tuple(dict.fromkeys(hosts))
    with _refusals():
        for host in names:
            general_name(host)
        parties = [BROKER, SITE, MONITOR, VIEWER, *turbines(turbine_numbers)]
    folder.absolute().parent.mkdir(parents=True, exist_ok=True)
    new = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", dir=folder.absolute().parent))
    try:
        _furnish(new, Register(credentials, names, port), parties, now)
        write_private(new / "grid.toml", program_settings(folder.absolute(), credentials, port=port).encode())
        new.replace(folder)
    except BaseException:
        shutil.rmtree(new, ignore_errors=True)
        raise
    return SecureFolder(folder)


def _furnish(folder: Path, register: Register, parties: list[Party], now: datetime) -> None:
    """Fill a folder that nobody sees yet."""
    authority = Authority.create(now)
    for place in ("authority", "broker", "data"):
        make_private_folder(folder / place)
    write_private(folder / _AUTHORITY_KEY, authority.key)
    write_private(folder / _AUTHORITY, authority.certificate)
    configuration = broker_configuration(project_configuration(), register.credentials, port=register.port)
    write_private(folder / "broker" / "mosquitto.conf", configuration.encode())
    _write_for_the_broker(folder, authority, *_issue(folder, authority, register, parties, now), now)


def add(folder: Path, parties: Iterable[Party], now: datetime | None = None) -> list[Party]:
    """Issue what they need to parties that have nothing which holds, and return them.

    Raises SecureFolderError if one of them has something already.
    """
    now = now or _utc_now()
    newcomers = list(parties)
    with _opened(folder) as (authority, register):
        for party in newcomers:
            _refuse_a_taken_name(register, party)
        _write_for_the_broker(folder, authority, *_issue(folder, authority, register, newcomers, now), now)
    return newcomers


def _refuse_a_taken_name(register: Register, party: Party) -> None:
    for known in register.current:
        if known == party:
            raise SecureFolderError(f"{party} has its files already; secure rotate renews them")
        if known.name == party.name:
            raise SecureFolderError(f"the name {party.name} is taken: {known}")


def revoke(folder: Path, names: Iterable[str], now: datetime | None = None) -> list[Party]:
    """Take from parties all that they were issued, and return them. Their files go too.

    It holds at the broker as soon as that has read its files again. Raises SecureFolderError for a name of nobody.
    """
    now = now or _utc_now()
    with _opened(folder) as (authority, register):
        by_name = {party.name: party for party in register.current if not party.kind.is_server}
        wanted = list(dict.fromkeys(names))
        if unknown := [name for name in wanted if name not in by_name]:
            raise SecureFolderError(f"nobody has these names: {', '.join(unknown)}; secure list says who has")
        gone = [by_name[name] for name in wanted]
        _write_for_the_broker(folder, authority, register.revoke(gone, now), {}, now)
        for party in gone:
            shutil.rmtree(folder / party.folder, ignore_errors=True)
    return gone


def rotate(folder: Path, *, revoke_old: bool = False, now: datetime | None = None) -> list[Party]:
    """Issue everything anew from the same authority, and return to whom.

    Old certificates hold until they end, so that there is time to hand out the new ones, unless `revoke_old`. Of
    passwords each party has one: the old ones end when the broker has read its files again.
    """
    now = now or _utc_now()
    with _opened(folder) as (authority, register):
        parties = list(register.current)
        renewed, hashes = _issue(folder, authority, register, parties, now)
        renewed = renewed.revoke_replaced(now) if revoke_old else renewed
        _write_for_the_broker(folder, authority, renewed, hashes, now)
    return parties


def read_register(folder: Path) -> Register:
    """What was issued. Raises SecureFolderError if there is no secure folder, or it can't be read."""
    try:
        return Register.from_json((folder / _REGISTER).read_bytes())
    except FileNotFoundError:
        raise SecureFolderError(f"{folder} is no secure folder: grid-monitor secure --host NAME makes one") from None
    except (OSError, ValueError) as error:
        raise SecureFolderError(f"{folder / _REGISTER} can't be read: {error}") from None


# --- what all of them share


@contextmanager
def _opened(folder: Path) -> Iterator[tuple[Authority, Register]]:
    """The authority and its register, while nobody else changes them."""
    read_register(folder)
    with (folder / _LOCK).open("wb") as lock, _refusals():
        fcntl.flock(lock, fcntl.LOCK_EX)
        authority = Authority.load((folder / _AUTHORITY).read_bytes(), (folder / _AUTHORITY_KEY).read_bytes())
        yield authority, read_register(folder)


@contextmanager
def _refusals() -> Iterator[None]:
    """Say what can't be done as this module says it."""
    try:
        yield
    except ValueError as error:
        raise SecureFolderError(str(error)) from None


def _issue(
    folder: Path, authority: Authority, register: Register, parties: Iterable[Party], now: datetime
) -> tuple[Register, dict[str, str]]:
    """Write the files of these parties; returns the register with them, and the hashes of new passwords by name.

    A crash before the register is written leaves files that are written anew.
    """
    entries, hashes = [], {}
    for party in parties:
        make_private_folder(folder / party.folder.parent)
        make_private_folder(folder / party.folder)
        write_private(folder / party.folder / "ca.crt", authority.certificate, durable=False)
        if register.credentials is Credentials.PASSWORDS and not party.kind.is_server:
            hashes[party.name] = _write_password(folder, register, party)
            entries.append(Issued(party.kind, party.name, now))
        else:
            made = _write_certificate(folder, authority, register, party, now)
            entries.append(Issued(party.kind, party.name, now, made.serial, made.expires_at))
    os.sync()  # once, and before the register tells of them: to wait for each file takes minutes for thousands
    return register.issue(entries), hashes


def _write_how_to_listen(place: Path, register: Register, party: Party, password: str = "") -> None:
    """Options for mosquitto_sub in a file, so that no password stands on a command line."""
    how = [f"-u {party.name}", f"-P {password}"] if password else ["--cert client.crt", "--key client.key"]
    lines = [f"-h {[*register.hosts, *ALWAYS_NAMED][0]}", f"-p {register.port}", "--cafile ca.crt", *how]
    write_private(place / LISTENING, "".join(f"{line}\n" for line in lines).encode(), durable=False)


def _write_password(folder: Path, register: Register, party: Party) -> str:
    """Returns its hash."""
    password = new_password()
    if party.kind is PartyKind.VIEWER:
        _write_how_to_listen(folder / party.folder, register, party, password)
    write_private(folder / party.folder / "password", f"{password}\n".encode(), durable=False)
    return mosquitto_hash(password)


def _write_certificate(
    folder: Path, authority: Authority, register: Register, party: Party, now: datetime
) -> Certified:
    if party.kind.is_server:
        alias = (IN_COMPOSE,) if party == BROKER else ()
        hosts = dict.fromkeys((*register.hosts, *ALWAYS_NAMED, *alias))
        made = authority.certify_server(next(iter(hosts)), hosts, now)
    else:
        made = authority.certify_client(party.name, now)
    if party.kind is PartyKind.VIEWER:
        _write_how_to_listen(folder / party.folder, register, party)
    stem = {PartyKind.BROKER: "broker", PartyKind.SITE: "site"}.get(party.kind, "client")
    write_private(folder / party.folder / f"{stem}.key", made.key, durable=False)
    write_private(folder / party.folder / f"{stem}.crt", made.certificate, durable=False)
    return made


def _write_for_the_broker(
    folder: Path, authority: Authority, register: Register, hashes: Mapping[str, str], now: datetime
) -> None:
    """Keep the register, and write what the broker reads from it."""
    write_private(folder / _REGISTER, register.to_json())
    broker = folder / "broker"
    write_private(broker / "acl", access_rules(register.current, register.revoked).encode())
    if register.credentials is Credentials.CERTIFICATES:
        revoked = [(entry.serial, entry.revoked_at) for entry in register.issued if entry.serial and entry.revoked_at]
        write_private(broker / "revoked.crl", authority.revocation_list(revoked, register.changes, now))
    else:
        present = (broker / "passwords").read_text(encoding="utf-8") if (broker / "passwords").exists() else ""
        users = [party.name for party in register.current]
        write_private(broker / "passwords", password_file(present, users, hashes).encode())


def _utc_now() -> datetime:
    return datetime.now(UTC).replace(microsecond=0)
