"""Roles of people and scopes of programs: what somebody may do, and which role may do it."""

from enum import IntEnum, StrEnum


class Role(IntEnum):
    """What a person may do; a higher role may all that a lower one may."""

    ANYONE = 0
    """Gets what tells nothing of the farm: that the process lives, the files that pages are made of, and sign-in."""
    VIEWER = 1
    """Looks."""
    OPERATOR = 2
    """Orders engineers, holds and releases turbines, and answers alarms."""
    ENGINEER = 3
    """Takes alarms out of service, tests receivers, and brings readings and reports of outages."""
    ADMIN = 4
    """Reads who did what, and who has access."""

    @property
    def word(self) -> str:
        """As it is written everywhere: `viewer`."""
        return self.name.lower()


class Scope(StrEnum):
    """One thing that routes ask for. A role holds all scopes up to its own; a token holds those that it was given."""

    READ = "read"
    METRICS = "metrics"
    ORDERS = "orders"
    ALARMS = "alarms"
    SERVICE = "service"
    READINGS = "readings"
    OUTAGES = "outages"
    AUDIT = "audit"

    @property
    def role(self) -> Role:
        """The least role that holds it."""
        return _LEAST_ROLES[self]


_LEAST_ROLES = {
    Scope.READ: Role.VIEWER,
    Scope.METRICS: Role.VIEWER,
    Scope.ORDERS: Role.OPERATOR,
    Scope.ALARMS: Role.OPERATOR,
    Scope.SERVICE: Role.ENGINEER,
    Scope.READINGS: Role.ENGINEER,
    Scope.OUTAGES: Role.ENGINEER,
    Scope.AUDIT: Role.ADMIN,
}


def scopes_of(role: Role) -> frozenset[Scope]:
    """All that a role holds."""
    return frozenset(scope for scope in Scope if scope.role <= role)
