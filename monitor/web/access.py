"""Who asks, and whether they may: every route names the scope that it asks for."""

from collections.abc import Iterator
from ipaddress import ip_address
from typing import Annotated
from urllib.parse import quote

from fastapi import Depends, FastAPI
from fastapi.dependencies.models import Dependant
from fastapi.requests import HTTPConnection
from fastapi.responses import Response
from fastapi.routing import iter_route_contexts

from monitor.access.access import COOKIE, Recognised
from monitor.access.identity import Identity, IdentityKind
from monitor.access.refusals import Refusal
from monitor.access.roles import Scope
from monitor.web.doorkeeper import LACKS_SCOPE
from monitor.web.problems import Problem
from monitor.web.rate_limits import kind_of
from monitor.web.site import site_of

CHALLENGE = 'Bearer realm="Grid"'
_RECOGNISED = "grid.recognised"
_LONGEST_NEXT = 2000
_DETAILS = {
    Refusal.NOTHING: "This site asks who you are: sign in, or send Authorization: Bearer TOKEN.",
    Refusal.GARBLED: "What you brought is no token of this site: it asks for Authorization: Bearer TOKEN.",
    Refusal.FOREIGN: "What you brought is for something else: it asks for a token made for the API, or a session.",
    Refusal.EXPIRED: "What you brought has expired: sign in again, or have a new token made.",
    Refusal.REVOKED: "What you brought does not hold any more: sign in again, or have a new token made.",
}


async def identity_of(connection: HTTPConnection) -> Identity:
    """Who asks; found out once for each request. On an open site everybody is a neighbour.

    Raises Problem (429) for who asks too often, and StoreError where the accounts can't be read.
    """
    return (await recognised(connection)).identity


def recognised_already(connection: HTTPConnection) -> Recognised | None:
    """As whom a request was recognised; None where nobody has asked yet."""
    return connection.scope.get(_RECOGNISED)


async def recognised(connection: HTTPConnection) -> Recognised:
    """As `identity_of`, with the reason for a stranger."""
    known = recognised_already(connection)
    if known is None:
        site = site_of(connection)
        known = connection.scope[_RECOGNISED] = await site.door.recognise(**_brought(connection))
        if site.limits is not None:
            kind = kind_of(connection.scope.get("method", "GET"), connection.scope["path"])
            site.limits.count_identity(kind, known.identity)
    return known


def _brought(connection: HTTPConnection) -> dict[str, str | None]:
    """What a request brings. A WebSocket takes a ticket and no cookie, which a page elsewhere could have it bring."""
    sent = connection.headers.getlist("authorization")
    authorization = ", ".join(sent) if sent else None  # two are one that is none
    if connection.scope["type"] == "websocket":
        return {"ticket": connection.query_params.get("ticket"), "authorization": authorization}
    return {"cookie": session_cookie(connection), "authorization": authorization}


def session_cookie(connection: HTTPConnection) -> str | None:
    """What the cookie `COOKIE` holds; where it comes twice, what no session is.

    The name is compared as it was sent (RFC 6265, section 5.4). Starlette takes blanks of Unicode from it, so that a
    cookie of another name would count, which browsers let other sites of the same domain set.
    """
    pairs = (
        pair.strip(" \t").partition("=") for line in connection.headers.getlist("cookie") for pair in line.split(";")
    )
    found = [value for name, _, value in pairs if name == COOKIE]
    return "; ".join(found) if found else None


TheIdentity = Annotated[Identity, Depends(identity_of)]
"""A route's parameter: who asks."""


def address_of(connection: HTTPConnection) -> str:
    """From where is asked: the client's address, or what a proxy says of it that is believed; empty if that is none."""
    try:
        return str(ip_address(connection.client.host.partition("%")[0])) if connection.client else ""
    except ValueError:
        return ""


# --- what routes ask for


class Require:
    """The dependency of a route on a scope; without one, on being known."""

    def __init__(self, scope: Scope | None, *, of_page: bool = False) -> None:
        self.scope = scope
        self._of_page = of_page

    async def __call__(self, connection: HTTPConnection) -> None:
        """Let pass who holds the scope. Raises Problem: 401 for a stranger, 403 for who may less."""
        found = await recognised(connection)
        if found.identity.kind is IdentityKind.STRANGER:
            raise self._stranger(connection, found.refusal or Refusal.NOTHING)
        if self.scope is not None and not found.identity.may(self.scope):
            site_of(connection).door.refused[LACKS_SCOPE] += 1
            refuse_without(self.scope, found.identity)

    def _stranger(self, connection: HTTPConnection, refusal: Refusal) -> Problem:
        if self._of_page:
            return SignInFirst(connection)
        site_of(connection).door.refused[refusal] += 1
        return unauthorized(refusal)


class RequireNothing:
    """The dependency of a route that anyone may ask, known or not."""

    async def __call__(self) -> None:
        """Let everybody pass."""


def asked_scopes(app: FastAPI) -> dict[tuple[str, str], Scope | None]:
    """What each route asks for, by method in lower case and path; those that ask for nothing are not in it.

    Paths are as OpenAPI writes them, without the kind of a parameter: `/api/v1/alarms/{alarm_id}`.
    """
    return {
        (method.lower(), str(route.path_format)): asked.scope
        for route in iter_route_contexts(app.routes)
        for asked in _requirements(getattr(route, "dependant", None))
        for method in getattr(route, "methods", None) or ()
    }


def _requirements(dependant: Dependant | None) -> Iterator[Require]:
    if dependant is None:
        return
    if isinstance(dependant.call, Require):
        yield dependant.call
    for each in dependant.dependencies:
        yield from _requirements(each)


def require(scope: Scope) -> Require:
    """The dependency that lets only those pass who hold `scope`: `dependencies=[Depends(require(Scope.READ))]`."""
    return Require(scope)


def require_on_page(scope: Scope) -> Require:
    """The same for what people open in a browser: strangers are sent to sign in, and come back."""
    return Require(scope, of_page=True)


def require_somebody() -> Require:
    """The dependency that lets everybody pass who is known."""
    return Require(None)


_NOTHING = RequireNothing()


def require_anyone() -> RequireNothing:
    """What tells nothing of the farm says that it asks for nothing."""
    return _NOTHING


def refuse_without(scope: Scope, who: Identity) -> None:
    """Raise Problem (403) where somebody who is known does not hold a scope."""
    if who.may(scope):
        return
    if who.kind is IdentityKind.TOKEN:
        raise Problem(403, None, f"This asks for a token with the scope {scope}.", scope=scope.value)
    raise Problem(403, None, f"This asks for the role of {scope.role.word}.", role=scope.role.word)


def unauthorized(refusal: Refusal) -> Problem:
    """What a stranger is told, after RFC 6750, section 3."""
    challenge = CHALLENGE + ("" if refusal is Refusal.NOTHING else ', error="invalid_token"')
    return Problem(401, None, _DETAILS[refusal], headers={"www-authenticate": challenge})


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
