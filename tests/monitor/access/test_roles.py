"""What roles and scopes allow."""

from itertools import pairwise

import pytest

from monitor.access.identity import NEIGHBOUR, STRANGER, identity_of_token
from monitor.access.records import AccessToken
from monitor.access.roles import Role, Scope, scopes_of


def test_a_higher_role_may_more() -> None:
    for lower, higher in pairwise(Role):
        assert scopes_of(lower) < scopes_of(higher)
    assert scopes_of(Role.ANYONE) == frozenset()
    assert scopes_of(Role.ADMIN) == frozenset(Scope)


def test_a_viewer_looks_and_orders_nothing() -> None:
    assert scopes_of(Role.VIEWER) == {Scope.READ, Scope.METRICS}


@pytest.mark.parametrize("scope", Scope)
def test_the_role_of_a_scope_is_the_least_that_holds_it(scope: Scope) -> None:
    assert next(role for role in Role if scope in scopes_of(role)) is scope.role


def test_a_stranger_may_nothing_and_a_neighbour_all() -> None:
    assert not any(STRANGER.may(scope) for scope in Scope)
    assert all(NEIGHBOUR.may(scope) for scope in Scope)


def test_a_token_may_only_what_it_was_given() -> None:
    who = identity_of_token(AccessToken("1", "app", frozenset({Scope.READ, Scope.OUTAGES}), 0, 1))
    assert who.role is Role.ENGINEER
    assert [scope for scope in Scope if who.may(scope)] == [Scope.READ, Scope.OUTAGES]
    assert identity_of_token(AccessToken("1", "app", frozenset(), 0, 1)).role is Role.ANYONE
