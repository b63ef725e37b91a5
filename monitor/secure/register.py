"""Who was issued what, until when, and what was revoked: the authority's books."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Self

from pydantic import TypeAdapter, ValidationError

from monitor.secure.parties import Credentials, Party, PartyKind


@dataclass(frozen=True, slots=True)
class Issued:
    """One certificate, or one password: the books hold neither."""

    kind: PartyKind
    name: str
    issued_at: datetime
    serial: str | None = None
    expires_at: datetime | None = None
    """None for a password, which holds until it is replaced or revoked."""
    revoked_at: datetime | None = None

    @property
    def party(self) -> Party:
        """Whom it was issued to."""
        return Party(self.kind, self.name)


@dataclass(frozen=True, slots=True)
class Register:
    """Everything that was ever issued, oldest first, and what all of it was made with."""

    credentials: Credentials
    hosts: tuple[str, ...]
    port: int
    issued: tuple[Issued, ...] = ()
    changes: int = 0
    """How often it was changed: the number of its list of revoked certificates."""
    version: int = 1

    @classmethod
    def from_json(cls, text: bytes) -> Self:
        """What `to_json` wrote. Raises ValueError for anything else."""
        try:
            return _REGISTER.validate_json(text)  # type: ignore[return-value]
        except ValidationError as error:
            raise ValueError(f"the register is damaged ({error.error_count()} errors)") from None

    def to_json(self) -> bytes:
        """As it is kept."""
        return _REGISTER.dump_json(self, indent=2) + b"\n"

    @property
    def current(self) -> dict[Party, Issued]:
        """Of each party that is not revoked the newest that it was issued."""
        return {entry.party: entry for entry in self.issued if entry.revoked_at is None}

    @property
    def revoked(self) -> list[Party]:
        """Those who have nothing that holds, and whose name nobody else has now."""
        names = {party.name for party in self.current}
        return [party for party in dict.fromkeys(entry.party for entry in self.issued) if party.name not in names]

    def issue(self, entries: Iterable[Issued]) -> Self:
        """With these as well."""
        return replace(self, issued=(*self.issued, *entries), changes=self.changes + 1)

    def revoke(self, parties: Iterable[Party], now: datetime) -> Self:
        """With all revoked that these were issued."""
        gone = frozenset(parties)
        return self._without([entry for entry in self.issued if entry.party in gone], now)

    def revoke_replaced(self, now: datetime) -> Self:
        """With all revoked in whose place something newer was issued."""
        newest = {id(entry) for entry in self.current.values()}
        return self._without([entry for entry in self.issued if id(entry) not in newest], now)

    def _without(self, entries: list[Issued], now: datetime) -> Self:
        gone = {id(entry) for entry in entries if entry.revoked_at is None}
        issued = tuple(replace(entry, revoked_at=now) if id(entry) in gone else entry for entry in self.issued)
        return replace(self, issued=issued, changes=self.changes + 1)


_REGISTER = TypeAdapter(Register)
