"""Who may ask what: every route of the application as it is, asked with all that must not open it."""

import re
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from fastapi.dependencies.models import Dependant
from fastapi.requests import HTTPConnection
from fastapi.routing import iter_route_contexts
from guests import Guests, bearer, cookie
from people import PASSWORD
from sites import asking, site_app

from monitor.access.access import COOKIE
from monitor.access.roles import Role, Scope, scopes_of
from monitor.web.access import Require, RequireNothing, address_of
from monitor.web.problems import MEDIA_TYPE

OPEN_TO_ALL = {
    ("GET", "/favicon.ico"),
    ("GET", "/health/live"),
    ("GET", "/sign-in"),
    ("GET", "/static/{name:path}"),
    ("POST", "/api/v1/session"),
    ("DELETE", "/api/v1/session"),
}
PAGES = {"/", "/about", "/alarms", "/audit", "/dead-letters", "/journal", "/outages", "/repairs"}
PAGES |= {"/turbines/{turbine_number}"}
ON_THE_PAGE_ITSELF = {"/audit": Scope.AUDIT}
"""What a page asks of those who may look: it says in a page why it shows nothing."""
WRITES = {"POST", "PUT", "PATCH", "DELETE"}


@pytest.fixture
def guests(tmp_path: Path) -> Guests:
    return Guests(tmp_path)


@pytest.fixture
def app(tmp_path: Path, guests: Guests) -> FastAPI:
    return site_app(tmp_path, **guests.settings)


# --- every route says what it asks for


def requirements(dependant: Dependant) -> Iterator[Require | RequireNothing]:
    if isinstance(dependant.call, Require | RequireNothing):
        yield dependant.call
    for each in dependant.dependencies:
        yield from requirements(each)


def routes(app: FastAPI) -> Iterator[tuple[str, str, list[Require | RequireNothing]]]:
    """Method (`WS` for a WebSocket, `?` for what is mounted), path, and requirements of all routes."""
    for route in iter_route_contexts(app.routes):
        dependant: Dependant | None = getattr(route, "dependant", None)  # a mount has none
        found = list(requirements(dependant)) if dependant is not None else []
        methods = getattr(route, "methods", None) or (["WS"] if dependant is not None else ["?"])
        for method in sorted(set(methods) - {"HEAD"}):
            yield method, str(route.path), found


def without_requirement(app: FastAPI) -> list[str]:
    return [path for _, path, found in routes(app) if not found]


def closed_routes(app: FastAPI) -> list[tuple[str, str, Scope | None]]:
    """Those of HTTP that ask for something, and the scope that each asks for."""
    found = []
    for method, path, asked in routes(app):
        scopes = [one.scope for one in asked if isinstance(one, Require)]
        if scopes and method != "WS":
            found.append((method, path, ON_THE_PAGE_ITSELF.get(path, scopes[0])))
    return found


def test_every_route_says_what_it_asks_for(app: FastAPI) -> None:
    assert without_requirement(app) == []
    asks_nothing = {
        (method, path) for method, path, found in routes(app) if any(isinstance(one, RequireNothing) for one in found)
    }
    assert asks_nothing == OPEN_TO_ALL
    assert all(len(found) == 1 for _, _, found in routes(app))
    assert ("WS", "/api/v1/live") in {(method, path) for method, path, _ in routes(app)}


def test_a_route_that_says_nothing_would_be_found(app: FastAPI) -> None:
    app.mount("/mounted", FastAPI())
    app.get("/forgotten")(lambda: None)
    app.websocket("/forgotten-socket")(lambda: None)
    assert without_requirement(app) == ["/mounted", "/forgotten", "/forgotten-socket"]


def test_orders_ask_for_more_than_looking(app: FastAPI) -> None:
    """What changes something asks for a scope that a viewer does not hold; but for a ticket, which is for looking."""
    writes = {(path, scope) for method, path, scope in closed_routes(app) if method in WRITES}
    for path, scope in writes - {("/api/v1/live/tickets", Scope.READ)}:
        assert scope is not None, path
        assert scope.role > Role.VIEWER, path


# --- and gets it


def address(path: str) -> str:
    """Of something that may be there: a path with a number or a word in each place."""
    return re.sub(r"\{[^}]*\}", "1", path)


async def answers(client: httpx.AsyncClient, app: FastAPI, headers: dict[str, str]) -> dict[str, httpx.Response]:
    """What every closed route says to this; each is also sent a body, which it must not read."""
    found = {}
    for method, path, _ in closed_routes(app):
        content = b'{"not": "read"' if method in WRITES else None
        given = headers | ({"Content-Type": "application/json"} if content else {})
        found[f"{method} {path}"] = await client.request(method, address(path), headers=given, content=content)
    return found


def assert_refused(found: dict[str, httpx.Response], brought: str) -> None:
    for route, answer in found.items():
        if route.removeprefix("GET ") in PAGES:
            assert answer.status_code == 303, f"{route} with {brought}"
            assert answer.headers["location"].startswith("/sign-in?next=/"), f"{route} with {brought}"
            continue
        assert (answer.status_code, answer.headers["content-type"]) == (401, MEDIA_TYPE), f"{route} with {brought}"
        assert answer.headers["www-authenticate"].startswith('Bearer realm="Grid"')
        assert answer.headers["cache-control"] == "no-store"


@pytest.mark.parametrize("where", ["nothing", "bearer", "cookie"])
async def test_every_route_refuses_what_must_not_open_it(app: FastAPI, guests: Guests, where: str) -> None:
    token, session = guests.token(*Scope), guests.session(Role.ADMIN)
    if where == "bearer":
        others = {"session": session, "ticket": guests.ticket(token), "revoked": guests.revoked_token(*Scope)}
        brought = {why: bearer(text) for why, text in guests.refused(token, others).items()}
        brought["scheme"] = {"Authorization": f"Basic {token}"}
    elif where == "cookie":
        others = {"token": token, "ticket": guests.ticket(token)}
        brought = {why: cookie(text) for why, text in guests.refused(session, others).items()}
        brought["bad token beside a good session"] = cookie(session) | bearer("nothing")
    else:
        brought = {"nothing": {}}
    async with asking(app) as client:
        for why, headers in brought.items():
            assert_refused(await answers(client, app, headers), why)


async def test_who_signed_out_or_was_changed_is_a_stranger(app: FastAPI, guests: Guests) -> None:
    out, changed, removed = (guests.session(Role.ADMIN, name) for name in ("anna", "berta", "carla"))
    async with asking(app) as client:
        for session in (out, changed, removed):
            assert (await client.get("/api/v1/session", headers=cookie(session))).status_code == 200
        assert (await client.delete("/api/v1/session", headers=cookie(out))).status_code == 204
        guests.accounts.change_role("berta", Role.VIEWER, by="root", now=guests.claims(changed)["iat"] * 1_000_000 + 1)
        guests.accounts.remove_user("carla", by="root", now=guests.claims(changed)["iat"] * 1_000_000 + 1)
        for session in (out, changed, removed):
            assert (await client.get("/api/v1/farm", headers=cookie(session))).status_code == 401


async def test_a_token_opens_what_it_has_the_scope_for_and_nothing_else(app: FastAPI, guests: Guests) -> None:
    all_but = {scope: bearer(guests.token(*(set(Scope) - {scope}))) for scope in Scope}
    async with asking(app) as client:
        for method, path, scope in closed_routes(app):
            if scope is None:
                continue
            answer = await client.request(method, address(path), headers=all_but[scope])
            assert answer.status_code == 403, f"{method} {path} without {scope}"
            assert answer.headers["content-type"] == MEDIA_TYPE or path in PAGES
        token = bearer(guests.token(Scope.READ))
        assert (await client.get("/api/v1/session", headers=token)).json()["kind"] == "token"
        assert (await client.get("/metrics", headers=token)).json()["scope"] == "metrics"


@pytest.mark.parametrize("role", [role for role in Role if role is not Role.ANYONE])
async def test_a_role_may_what_it_holds_and_nothing_else(app: FastAPI, guests: Guests, role: Role) -> None:
    headers = cookie(guests.session(role))
    async with asking(app) as client:
        for method, path, scope in closed_routes(app):
            if scope is None or (scope in scopes_of(role) and path == "/api/v1/live/sse"):  # that one has no end
                continue
            answer = await client.request(method, address(path), headers=headers)
            refused = answer.status_code == 403
            assert refused == (scope not in scopes_of(role)), f"{role.word}: {method} {path}: {answer.status_code}"
            assert answer.status_code != 401


async def test_a_viewer_cannot_order(app: FastAPI, guests: Guests) -> None:
    order = {"kind": "repair", "by": "me"}
    async with asking(app, **cookie(guests.session(Role.VIEWER))) as client:
        answer = await client.post("/api/v1/turbines/7/orders", json=order)
        assert (answer.status_code, answer.json()["role"]) == (403, "operator")
    async with asking(app, **cookie(guests.session(Role.OPERATOR))) as client:
        assert (await client.post("/api/v1/turbines/7/orders", json=order)).status_code == 503  # no monitor runs


@pytest.mark.parametrize("kind", ["take_out_of_service", "put_in_service"])
async def test_only_an_engineer_takes_alarms_out_of_service(app: FastAPI, guests: Guests, kind: str) -> None:
    order = {"kind": kind, "alarm_ids": [1], "by": "me"}
    async with asking(app) as client:
        for role, status in ((Role.OPERATOR, 403), (Role.ENGINEER, 503)):
            headers = cookie(guests.session(role))
            assert (await client.post("/api/v1/alarms/orders", json=order, headers=headers)).status_code == status


async def test_what_tells_nothing_of_the_farm_is_open(app: FastAPI) -> None:
    async with asking(app) as client:
        for path in ("/health/live", "/static/js/theme.js"):
            assert (await client.get(path)).status_code == 200


async def test_an_open_site_asks_nobody(tmp_path: Path) -> None:
    async with asking(site_app(tmp_path)) as client:
        assert (await client.get("/api/v1/session")).json() == {
            "kind": "neighbour",
            "name": "",
            "role": "admin",
            "scopes": sorted(Scope),
            "expires_at": None,
            "sign_in": False,
        }


@pytest.mark.parametrize(
    ("path", "back"),
    [
        ("/", "/"),
        ("/turbines/7", "/turbines/7"),
        ("/alarms?state=active&rule=a b", "/alarms%3Fstate%3Dactive%26rule%3Da%20b"),
        ("/turbines/7?next=//evil.example", "/turbines/7%3Fnext%3D//evil.example"),
    ],
)
async def test_a_stranger_is_sent_to_sign_in_and_back(app: FastAPI, path: str, back: str) -> None:
    async with asking(app) as client:
        answer = await client.get(path)
    assert answer.status_code == 303
    assert answer.headers["location"].replace("%2520", "%20") == f"/sign-in?next={back}"


async def test_a_refusal_says_why_and_echoes_nothing(app: FastAPI, guests: Guests) -> None:
    token = guests.token(*Scope)
    tried = guests.refused(token, {"revoked": guests.revoked_token(*Scope), "secret": PASSWORD})
    async with asking(app) as client:
        found = {why: await client.get("/api/v1/farm", headers=bearer(text)) for why, text in tried.items()}
    assert "has expired" in found["expired"].json()["detail"]
    assert "does not hold any more" in found["revoked"].json()["detail"]
    assert "is for something else" in found["foreign audience"].json()["detail"]
    for why, text in tried.items():
        assert text not in found[why].text + str(found[why].headers), why


async def test_reasons_are_counted(app: FastAPI, guests: Guests) -> None:
    async with asking(app) as client:
        await client.get("/api/v1/farm")
        await client.get("/api/v1/farm", headers=bearer(guests.expired(guests.token(Scope.READ))))
        await client.get("/api/v1/farm", headers=bearer(guests.token(Scope.METRICS)))
    counted: dict[str, Any] = app.state.site.door.refused
    assert dict(counted) == {"nothing": 1, "expired": 1, "scope": 1}


async def test_accounts_that_cannot_be_read_let_nobody_in(app: FastAPI, guests: Guests) -> None:
    headers = [bearer(guests.token(*Scope)), cookie(guests.session(Role.ADMIN))]
    guests.accounts.path.write_bytes(b"no database" * 1000)
    async with asking(app) as client:
        for each in chain(headers):
            assert (await client.get("/api/v1/farm", headers=each)).status_code == 503


@pytest.mark.parametrize(
    "header",
    [
        "{0}=x; {0}={1}",
        "{0}={1}; {0}=x",
        "{0}={1}; {0}={1}",
        "\xa0{0}={1}",
        "\x85{0}={1}",
        "{0}\xa0={1}",
        '{0}="{1}"',
        "={0}={1}",
    ],
)
async def test_a_cookie_counts_once_and_by_its_exact_name(app: FastAPI, guests: Guests, header: str) -> None:
    """Browsers keep `__Host-` for the site itself, and nothing that only looks like it to a library."""
    session = guests.session(Role.VIEWER)
    async with asking(app) as client:
        good = await client.get("/api/v1/session", headers={"Cookie": f"a=b; {COOKIE}={session}; c"})
        sent = header.format(COOKIE, session).encode("latin-1")
        bad = await client.get("/api/v1/session", headers=[(b"cookie", sent)])
    assert (good.status_code, bad.status_code) == (200, 401)


async def test_two_tokens_are_none(app: FastAPI, guests: Guests) -> None:
    token = guests.token(Scope.READ)
    sent = [("authorization", f"Bearer {each}") for each in (token, "other")]
    async with asking(app) as client:
        for headers in (sent, sent[::-1]):
            assert (await client.get("/api/v1/session", headers=headers)).status_code == 401


async def test_nothing_is_sent_again_to_an_address_that_is_meant(app: FastAPI) -> None:
    """Behind something that speaks TLS the way there would lead past it, with the token."""
    async with asking(app) as client:
        assert (await client.post("/api/v1/session/")).status_code == 404


@pytest.mark.parametrize(
    ("said", "address"),
    [
        ("10.0.0.1", "10.0.0.1"),
        ("2001:DB8::0:1", "2001:db8::1"),
        ("fe80::1%<b>", "fe80::1"),
        ("<b>me</b>", ""),
        ("10.0.0.1\x9b2J", ""),
        ("x" * 99, ""),
    ],
)
def test_an_address_is_one_or_none(said: str, address: str) -> None:
    """A proxy that is believed may pass on what somebody else has said."""
    assert address_of(HTTPConnection({"type": "http", "client": (said, 0)})) == address


async def test_what_is_wrong_with_the_accounts_is_logged_and_told_to_no_stranger(
    app: FastAPI, guests: Guests, caplog: pytest.LogCaptureFixture
) -> None:
    header = bearer(guests.token(Scope.READ))
    guests.accounts.path.write_bytes(b"no database" * 1000)
    async with asking(app) as client:
        answers = [await client.post("/api/v1/session", json={"name": "anna", "password": "x"}) for _ in range(2)]
        answers.append(await client.get("/api/v1/farm", headers=header))
    for answer in answers:
        assert answer.status_code == 503
        assert "access.db" not in answer.text
    logged = [record.getMessage() for record in caplog.records if record.levelname == "ERROR"]
    assert len(logged) == 1  # anybody can have it said
    assert "access.db is damaged" in logged[0]
