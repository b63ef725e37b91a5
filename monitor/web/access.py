"""Who may do what: every route names the least role that it asks for."""

import hmac
from base64 import b64decode
from enum import IntEnum
from typing import Annotated

from fastapi import Depends
from fastapi.requests import HTTPConnection

from monitor.web.problems import Problem

LONGEST_AUTHORIZATION = 1024
_HOW = 'Basic realm="Grid", charset="UTF-8", Bearer realm="Grid"'


class Role(IntEnum):
    """What somebody may do; a higher role may all that a lower one may."""

    ANYONE = 0
    """Gets what tells nothing of the farm: that the process lives, and the files that pages are made of."""
    VIEWER = 1
    """Looks."""
    OPERATOR = 2
    """Gives orders, and brings readings."""


class Access:
    """Tells who asks by what a request brings. Without a token everybody who reaches the site is an operator."""

    def __init__(self, token: str | None = None) -> None:
        self._roles = {} if token is None else {token: Role.OPERATOR}

    @property
    def is_open(self) -> bool:
        """Whether nothing is asked for."""
        return not self._roles

    def role_of(self, authorization: str | None) -> Role:
        """The role of who brings this `Authorization`: Bearer TOKEN, or Basic with the token as password.

        A browser asks its user for the latter. Comparing takes the same time wherever a wrong token differs.
        """
        if self.is_open:
            return Role.OPERATOR
        brought = _token(authorization or "").encode("utf-8", "replace")
        found = Role.ANYONE
        for token, role in self._roles.items():
            if hmac.compare_digest(token.encode(), brought):
                found = max(found, role)
        return found


def _token(authorization: str) -> str:
    """What is brought as a token; empty where nothing is. RFC 6750 for Bearer, RFC 7617 for Basic."""
    scheme, _, credentials = authorization[:LONGEST_AUTHORIZATION].partition(" ")
    if scheme.lower() == "bearer":
        return credentials.strip()
    if scheme.lower() != "basic":
        return ""
    try:
        return b64decode(credentials.strip(), validate=True).decode().partition(":")[2]
    except ValueError:
        return ""


class Require:
    """The dependency of a route on a role."""

    def __init__(self, role: Role) -> None:
        self.role = role

    def __call__(self, connection: HTTPConnection) -> None:
        """Let pass who has the role. Raises Problem: 401 for a stranger, 403 for who may less."""
        access: Access = connection.app.state.site.access
        role = access.role_of(connection.headers.get("authorization"))
        if role >= self.role:
            return
        if role is Role.ANYONE:
            detail = "This site asks for its token: as Authorization: Bearer TOKEN, or as the password of a browser."
            raise Problem(401, None, detail, headers={"www-authenticate": _HOW})
        raise Problem(403, None, f"This asks for the role of {self.role.name.lower()}, and you have a lower one.")


def require(role: Role) -> Require:
    """The dependency that lets only `role` and above pass: `dependencies=[Depends(require(Role.VIEWER))]`."""
    return Require(role)


Anyone = Annotated[None, Depends(require(Role.ANYONE))]
Viewer = Annotated[None, Depends(require(Role.VIEWER))]
Operator = Annotated[None, Depends(require(Role.OPERATOR))]
