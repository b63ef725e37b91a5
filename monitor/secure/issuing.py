"""What a party is issued: a certificate or a password, the files that hold it, and what the books say of it."""

from dataclasses import dataclass, field
from datetime import datetime

from monitor.secure.certificates import Authority
from monitor.secure.parties import BROKER, Credentials, Party, PartyKind
from monitor.secure.passwords import mosquitto_hash, new_password
from monitor.secure.register import Issued, Register

ALWAYS_NAMED = ("localhost", "127.0.0.1", "::1")
IN_COMPOSE = "mosquitto"
"""The broker's name in docker-compose.yml."""

LISTENING = "mosquitto_sub"
"""What a viewer's folder has for that program, which looks for a file of its own name in XDG_CONFIG_HOME."""

_STEMS = {PartyKind.BROKER: "broker", PartyKind.SITE: "site"}


@dataclass(frozen=True, slots=True)
class Grant:
    """What one party is issued, before it is written anywhere."""

    entry: Issued
    files: dict[str, bytes] = field(repr=False)
    """By their names in the party's folder."""
    password_hash: str | None = field(default=None, repr=False)
    """What the broker's password file says of it."""


def issue_to(party: Party, register: Register, authority: Authority, now: datetime) -> Grant:
    """Make a party's certificate, or its password, with all that goes into its folder."""
    if register.credentials is Credentials.PASSWORDS and not party.kind.is_server:
        return _password(party, register, authority, now)
    return _certificate(party, register, authority, now)


def _password(party: Party, register: Register, authority: Authority, now: datetime) -> Grant:
    password = new_password()
    how = _how_to_listen(party, register, f"-u {party.name}", f"-P {password}")
    files = {"ca.crt": authority.certificate, **how, "password": f"{password}\n".encode()}
    return Grant(Issued(party.kind, party.name, now), files, mosquitto_hash(password))


def _certificate(party: Party, register: Register, authority: Authority, now: datetime) -> Grant:
    if party.kind.is_server:
        alias = (IN_COMPOSE,) if party == BROKER else ()
        hosts = dict.fromkeys((*register.hosts, *ALWAYS_NAMED, *alias))
        made = authority.certify_server(next(iter(hosts)), hosts, now)
    else:
        made = authority.certify_client(party.name, now)
    how = _how_to_listen(party, register, "--cert client.crt", "--key client.key")
    stem = _STEMS.get(party.kind, "client")
    files = {"ca.crt": authority.certificate, **how, f"{stem}.key": made.key, f"{stem}.crt": made.certificate}
    return Grant(Issued(party.kind, party.name, now, made.serial, made.expires_at), files)


def _how_to_listen(party: Party, register: Register, *entrance: str) -> dict[str, bytes]:
    """A viewer's options for mosquitto_sub in a file, so that no password stands on a command line."""
    if party.kind is not PartyKind.VIEWER:
        return {}
    lines = [f"-h {[*register.hosts, *ALWAYS_NAMED][0]}", f"-p {register.port}", "--cafile ca.crt", *entrance]
    return {LISTENING: "".join(f"{line}\n" for line in lines).encode()}
