from collections import Counter
from pathlib import Path

import pytest
from fastapi.routing import iter_route_contexts
from sites import site_app

from monitor.access.identity import NEIGHBOUR, STRANGER, Identity, IdentityKind
from monitor.access.roles import Role
from monitor.web import connections
from monitor.web.guards import PROBED, STREAMED
from monitor.web.problems import Problem
from monitor.web.rate_limits import BRINGING, SIGN_IN, Kind, RateLimits, kind_of

ANNA = Identity(IdentityKind.USER, "anna", frozenset(), Role.OPERATOR)
ANNA_THE_PROGRAM = Identity(IdentityKind.TOKEN, "anna", frozenset(), Role.OPERATOR)


@pytest.mark.parametrize(
    ("method", "path", "kind"),
    [
        ("GET", "/api/v1/farm", Kind.READ),
        ("HEAD", "/", Kind.READ),
        ("GET", "/api/v1/session", Kind.READ),
        ("POST", "/api/v1/session", Kind.SIGN_IN),
        ("DELETE", "/api/v1/session", Kind.WRITE),
        ("POST", "/api/v1/turbines/7/orders", Kind.WRITE),
        ("POST", "/post_metrics", Kind.BRING),
        ("POST", "/api/v1/outages", Kind.BRING),
        ("WHATEVER", "/", Kind.WRITE),
    ],
)
def test_requests_are_counted_by_what_they_are_for(method: str, path: str, kind: Kind) -> None:
    assert kind_of(method, path) is kind


def test_what_is_treated_apart_by_its_address_is_a_route(tmp_path: Path) -> None:
    contexts = iter_route_contexts(site_app(tmp_path).routes)
    routes = {(method, str(route.path)) for route in contexts for method in getattr(route, "methods", None) or ()}
    assert {SIGN_IN, *BRINGING, STREAMED[:2], ("POST", connections.STREAMED), ("GET", PROBED)} <= routes


def test_all_of_a_network_of_ipv6_is_one_place() -> None:
    refused: Counter[str] = Counter()
    limits = RateLimits(refused)
    for number in range(30):
        limits.count_address(Kind.SIGN_IN, f"2001:db8::{number:x}")
    with pytest.raises(Problem) as told:
        limits.count_address(Kind.SIGN_IN, "2001:db8::ffff")
    assert (told.value.status, refused["rate"]) == (429, 1)
    limits.count_address(Kind.SIGN_IN, "2001:db8:0:1::1")


def test_a_person_and_a_program_of_the_same_name_are_two() -> None:
    limits = RateLimits(Counter())
    for _ in range(120):
        limits.count_identity(Kind.WRITE, ANNA)
    with pytest.raises(Problem):
        limits.count_identity(Kind.WRITE, ANNA)
    limits.count_identity(Kind.WRITE, ANNA_THE_PROGRAM)


@pytest.mark.parametrize("nobody", [STRANGER, NEIGHBOUR])
def test_who_has_no_name_is_counted_by_address_only(nobody: Identity) -> None:
    limits = RateLimits(Counter())
    for _ in range(1000):
        limits.count_identity(Kind.SIGN_IN, nobody)
