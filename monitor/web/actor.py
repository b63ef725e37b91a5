"""Who gives an order over HTTP, in the words that the decision and the audit keep."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends
from fastapi.requests import HTTPConnection

from monitor.access.identity import Identity, IdentityKind
from monitor.control import LONGEST_WORDS
from monitor.facts import Actor, Door
from monitor.web.access import TheIdentity, address_of
from monitor.web.problems import Problem


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks, and from where."""

    identity: Identity
    address: str
    door: Door

    def actor(self, by: str) -> Actor:
        """Who gives an order that says that it is `by` somebody: at most 64 letters long.

        Who signed in is believed, and not what the order says. A token's program may say for whom it acts. Where
        nobody is asked who they are, what the order says is all that there is. Raises Problem if that is nothing.
        """
        who = self.identity
        if who.kind is IdentityKind.USER:
            return Actor(who.name, self.door, who.role.word, None, self.address)
        if who.kind is IdentityKind.TOKEN:
            rights = " ".join(sorted(who.scopes))
            return Actor(_of_token(who.name, by), self.door, rights, who.pass_id, self.address)
        if not by:
            raise Problem(422, "Not valid", "by must say who wants it, as long as nobody has to sign in here")
        return Actor(by, self.door, None, None, self.address)


def _of_token(name: str, by: str) -> str:
    """A token's name, and for whom it acts: `anna (token shift-app)`."""
    if not by:
        return f"token {name}"[:LONGEST_WORDS]
    token = f" (token {name})"
    return f"{by[: max(1, LONGEST_WORDS - len(token))]}{token}"[:LONGEST_WORDS]


async def _caller(connection: HTTPConnection, identity: TheIdentity) -> Caller:
    return Caller(identity, address_of(connection), _door(connection, identity))


def _door(connection: HTTPConnection, identity: Identity) -> Door:
    """A token is a program's and a session a person's; where nobody is asked, browsers tell that they are some.

    `Sec-Fetch-Mode` is what no page can set or leave out (W3C Fetch Metadata).
    """
    if identity.kind is IdentityKind.NEIGHBOUR:
        return Door.PAGES if "sec-fetch-mode" in connection.headers else Door.API
    return Door.API if identity.kind is IdentityKind.TOKEN else Door.PAGES


TheCaller = Annotated[Caller, Depends(_caller)]
"""A route's parameter: who gives an order."""
