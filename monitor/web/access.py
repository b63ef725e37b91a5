"""Who asks, and whether they may: every route names the scope that it asks for."""

from typing import Annotated
from urllib.parse import quote

from fastapi import Depends
from fastapi.requests import HTTPConnection
from fastapi.responses import Response

from monitor.access.identity import NEIGHBOUR, STRANGER, Identity, IdentityKind
from monitor.access.roles import Scope
from monitor.web.problems import Problem

_IDENTITY = "grid.identity"
_CHALLENGE = 'Bearer realm="Grid"'
_LONGEST_NEXT = 2000


async def identity_of(connection: HTTPConnection) -> Identity:
    """Who asks; found out once for each request. On an open site everybody is a neighbour."""
    known: Identity | None = connection.scope.get(_IDENTITY)
    if known is None:
        known = connection.scope[_IDENTITY] = await _identify(connection)
    return known


async def _identify(connection: HTTPConnection) -> Identity:
    return NEIGHBOUR if connection.app.state.site.settings.is_open else STRANGER


TheIdentity = Annotated[Identity, Depends(identity_of)]
"""A route's parameter: who asks."""


class Require:
    """The dependency of a route on a scope; on none for what anyone may."""

    def __init__(self, scope: Scope | None, *, of_page: bool = False) -> None:
        self.scope = scope
        self._of_page = of_page

    async def __call__(self, connection: HTTPConnection) -> None:
        """Let pass who holds the scope. Raises Problem: 401 for a stranger, 403 for who may less."""
        if self.scope is None:
            return
        who = await identity_of(connection)
        if self._of_page and who.kind is IdentityKind.STRANGER:
            raise SignInFirst(connection)
        refuse_without(self.scope, who)


def require(scope: Scope) -> Require:
    """The dependency that lets only those pass who hold `scope`: `dependencies=[Depends(require(Scope.READ))]`."""
    return Require(scope)


def require_on_page(scope: Scope) -> Require:
    """The same for what people open in a browser: strangers are sent to sign in, and come back."""
    return Require(scope, of_page=True)


def require_anyone() -> Require:
    """What tells nothing of the farm names that it asks for nothing."""
    return Require(None)


def refuse_without(scope: Scope, who: Identity) -> None:
    """Raise Problem where somebody does not hold a scope: 401 for a stranger, 403 for who may less."""
    if who.may(scope):
        return
    if who.kind is IdentityKind.STRANGER:
        detail = "This site asks who you are: sign in, or send Authorization: Bearer TOKEN."
        raise Problem(401, None, detail, headers={"www-authenticate": _CHALLENGE})
    if who.kind is IdentityKind.TOKEN:
        raise Problem(403, None, f"This asks for a token with the scope {scope}.", scope=scope.value)
    raise Problem(403, None, f"This asks for the role of {scope.role.word}.", role=scope.role.word)


class SignInFirst(Problem):
    """Sends a browser to the page where one signs in, and from there back to the page that it asked for."""

    def __init__(self, connection: HTTPConnection) -> None:
        super().__init__(303, None, "Sign in first.")
        query = f"?{connection.url.query}" if connection.url.query else ""
        self._next = f"{connection.url.path}{query}"[:_LONGEST_NEXT]

    def response(self) -> Response:
        """The way there."""
        location = f"/sign-in?next={quote(self._next, safe='/')}"
        return Response(status_code=self.status, headers={"location": location, "cache-control": "no-store"})
