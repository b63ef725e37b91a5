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
from monitor.secure.certificates import Authority, general_name
from monitor.secure.issuing import issue_to
from monitor.secure.parties import BROKER, MONITOR, SITE, VIEWER, Credentials, Party, single_names, turbines
from monitor.secure.passwords import password_file
from monitor.secure.private_files import make_private_folder, write_private
from monitor.secure.program_settings import program_settings
from monitor.secure.register import Register
from monitor.secure.rules import access_rules

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
    _refuse_what_is_there(folder)
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
    except BaseException as error:
        shutil.rmtree(new, ignore_errors=True)
        if isinstance(error, OSError):
            _refuse_what_is_there(folder)  # somebody else was faster
        raise
    return SecureFolder(folder)


def _refuse_what_is_there(folder: Path) -> None:
    """Only nothing and an empty folder are replaced: not a link, and not the folder that somebody is in."""
    if (folder / _REGISTER).exists():
        raise SecureFolderError(f"{folder} is there already: secure add, revoke, rotate and list work on it")
    is_free = folder.is_dir() and not any(folder.iterdir()) and folder.resolve() != Path.cwd()
    if folder.is_symlink() or (folder.exists() and not is_free):
        raise SecureFolderError(f"{folder} is there already, and is no secure folder: name one with --folder")


def _furnish(folder: Path, register: Register, parties: list[Party], now: datetime) -> None:
    """Fill a folder that nobody sees yet."""
    authority = Authority.create(now)
    for place in ("authority", "broker", "data"):
        make_private_folder(folder / place)
    write_private(folder / _AUTHORITY_KEY, authority.key)
    write_private(folder / _AUTHORITY, authority.certificate)
    configuration = broker_configuration(project_configuration(), register.credentials, port=register.port)
    write_private(folder / "broker" / "mosquitto.conf", configuration.encode())
    _issue(folder, authority, register, parties, now)


def add(folder: Path, parties: Iterable[Party], now: datetime | None = None) -> list[Party]:
    """Issue what they need to parties that have nothing which holds, and return them.

    Raises SecureFolderError if one of them has something already.
    """
    now = now or _utc_now()
    newcomers = list(parties)
    with _opened(folder) as (authority, register):
        authority.require_valid(now)
        for party in newcomers:
            _refuse_a_taken_name(register, party)
        _issue(folder, authority, register, newcomers, now)
    return newcomers


def _refuse_a_taken_name(register: Register, party: Party) -> None:
    for known in register.current:
        if known == party:
            raise SecureFolderError(
                f"{party} has its files already; secure rotate renews those of all, "
                f"secure revoke {party.name} and then add {party.name} its own"
            )
        if known.name == party.name:
            raise SecureFolderError(f"the name {party.name} is taken: {known}")


def revoke(folder: Path, names: Iterable[str], now: datetime | None = None) -> list[Party]:
    """Take from parties all that they were issued, and return them. Their files go too.

    `names` are user names, and ranges of turbines. It holds at the broker as soon as that has read its files again.
    Raises SecureFolderError for a name of nobody.
    """
    now = now or _utc_now()
    with _opened(folder) as (authority, register):
        by_name = {party.name: party for party in register.current if not party.kind.is_server}
        wanted = list(dict.fromkeys(single_names(names)))
        if unknown := [name for name in wanted if name not in by_name]:
            raise SecureFolderError(f"nobody has these names: {', '.join(unknown)}; secure list says who has")
        gone = [by_name[name] for name in wanted]
        without = register.revoke(gone, now)
        _write_for_the_broker(folder, authority, without, {}, now)
        write_private(folder / _REGISTER, without.to_json())  # last: a revocation that broke off can be repeated
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
        authority.require_valid(now)
        parties = list(register.current)
        _issue(folder, authority, register, parties, now, revoke_old=revoke_old)
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
    with open(folder / _LOCK, "wb", opener=_for_its_owner) as lock, _refusals():
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield _load_authority(folder), read_register(folder)


def _for_its_owner(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_NOFOLLOW, 0o600)


def _load_authority(folder: Path) -> Authority:
    try:
        return Authority.load((folder / _AUTHORITY).read_bytes(), (folder / _AUTHORITY_KEY).read_bytes())
    except FileNotFoundError as error:
        raise SecureFolderError(
            f"{error.filename} is missing: bring it back from its copy, or make a new folder and hand everything out"
        ) from None


@contextmanager
def _refusals() -> Iterator[None]:
    """Say what can't be done as this module says it."""
    try:
        yield
    except ValueError as error:
        raise SecureFolderError(str(error)) from None


def _issue(
    folder: Path,
    authority: Authority,
    register: Register,
    parties: Iterable[Party],
    now: datetime,
    *,
    revoke_old: bool = False,
) -> None:
    """Issue all that these parties need.

    The register is first on the disk: if the rest breaks off, it knows more certificates than there are, but never
    fewer, so that every one can be revoked.
    """
    grants = [issue_to(party, register, authority, now) for party in parties]
    register = register.issue(grant.entry for grant in grants)
    register = register.revoke_replaced(now) if revoke_old else register
    write_private(folder / _REGISTER, register.to_json())
    for grant in grants:
        place = folder / grant.entry.party.folder
        make_private_folder(place.parent)
        make_private_folder(place)
        for name, content in grant.files.items():
            write_private(place / name, content, durable=False)
    os.sync()  # once: to wait for each file takes minutes for thousands
    hashes = {grant.entry.name: grant.password_hash for grant in grants if grant.password_hash is not None}
    _write_for_the_broker(folder, authority, register, hashes, now)


def _write_for_the_broker(
    folder: Path, authority: Authority, register: Register, hashes: Mapping[str, str], now: datetime
) -> None:
    """Write what the broker reads from the register."""
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
