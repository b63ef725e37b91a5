"""Who may do what: every route names the least role that it asks for."""

from enum import IntEnum
from typing import Annotated

from fastapi import Depends
from fastapi.requests import HTTPConnection


class Role(IntEnum):
    """What somebody may do; a higher role may all that a lower one may."""

    VIEWER = 1
    """Looks."""
    OPERATOR = 2
    """Gives orders, and brings readings."""


class _Require:
    """The dependency of a route on a role."""

    def __init__(self, role: Role) -> None:
        self.role = role

    def __call__(self, connection: HTTPConnection) -> None:
        """Let whoever asks pass. On loopback everybody of this machine is an operator."""


def require(role: Role) -> _Require:
    """The dependency that lets only `role` and above pass: `dependencies=[Depends(require(Role.VIEWER))]`."""
    return _Require(role)


Viewer = Annotated[None, Depends(require(Role.VIEWER))]
Operator = Annotated[None, Depends(require(Role.OPERATOR))]
