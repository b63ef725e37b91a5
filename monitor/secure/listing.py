"""What the authority's books hold, as lines and as documents."""

from dataclasses import dataclass
from datetime import datetime

from monitor.secure.register import Issued, Register


@dataclass(frozen=True, slots=True)
class Listed:
    """One thing that was issued, without its secrets."""

    party: str
    name: str
    state: str
    """valid, replaced (something newer was issued; a certificate holds on) or revoked."""
    serial: str | None
    issued_at: str
    expires_at: str | None
    revoked_at: str | None


def listed(register: Register) -> list[Listed]:
    """Everything that was issued, oldest first."""
    newest = {id(entry) for entry in register.current.values()}
    return [
        Listed(
            entry.kind.value,
            entry.name,
            _state(entry, newest=id(entry) in newest),
            entry.serial,
            _moment(entry.issued_at),
            _moment(entry.expires_at) if entry.expires_at else None,
            _moment(entry.revoked_at) if entry.revoked_at else None,
        )
        for entry in register.issued
    ]


def listing(register: Register) -> list[str]:
    """The same as a table."""
    lines = [f"{'':<11} {'NAME':<20} {'STATE':<9} {'ISSUED':<11} {'UNTIL':<11} SERIAL"]
    for entry in listed(register):
        until = (entry.expires_at or "")[:10]
        lines.append(
            f"{entry.party:<11} {entry.name:<20} {entry.state:<9} {entry.issued_at[:10]:<11} {until:<11} "
            f"{entry.serial or ''}".rstrip()
        )
    return lines


def _state(entry: Issued, *, newest: bool) -> str:
    if entry.revoked_at is not None:
        return "revoked"
    return "valid" if newest else "replaced"


def _moment(moment: datetime) -> str:
    return moment.isoformat().replace("+00:00", "Z")
