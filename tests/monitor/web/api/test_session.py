"""Signing in and out over HTTP."""

from http.cookies import SimpleCookie
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI
from guests import Guests, bearer, cookie
from people import PASSWORD, add_user, closed_site
from sites import asking, site_app

from monitor.access.access import COOKIE, SESSION_SECONDS
from monitor.access.roles import Role, Scope
from monitor.site_settings import SiteSettings
from monitor.store import DATABASE
from monitor.web.app import create_app
from monitor.web.monitor_link import MonitorLink
from monitor.web.readers import Readers
from monitor.web.site import Site

PATH = "/api/v1/session"


@pytest.fixture
def guests(tmp_path: Path) -> Guests:
    guests = Guests(tmp_path)
    add_user(guests.accounts, "anna", Role.OPERATOR)
    return guests


@pytest.fixture
def app(tmp_path: Path, guests: Guests) -> FastAPI:
    """A site whose passwords are compared fast."""
    settings = SiteSettings(data_dir=tmp_path, **guests.settings)
    return create_app(Site(settings, Readers(tmp_path / DATABASE), MonitorLink(tmp_path), closed_site(tmp_path)))


async def sign_in(client: httpx.AsyncClient, name: str = "anna", password: str = PASSWORD) -> httpx.Response:
    return await client.post(PATH, json={"name": name, "password": password})


async def test_who_knows_the_password_gets_a_session_in_a_cookie(app: FastAPI) -> None:
    async with asking(app) as client:
        answer = await sign_in(client)
        kept = SimpleCookie(answer.headers["set-cookie"])[COOKIE]
        known = await client.get(PATH, headers=cookie(kept.value))
    assert (answer.status_code, answer.headers["cache-control"]) == (200, "no-store")
    assert answer.json() == known.json()
    assert answer.json() | {"expires_at": ""} == {
        "kind": "user",
        "name": "anna",
        "role": "operator",
        "scopes": ["alarms", "metrics", "orders", "read"],
        "expires_at": "",
        "sign_in": True,
    }
    assert int(kept["max-age"]) in range(SESSION_SECONDS - 5, SESSION_SECONDS + 1)
    assert (kept["secure"], kept["httponly"], kept["samesite"], kept["path"]) == (True, True, "Strict", "/")
    assert kept.value not in answer.text


@pytest.mark.parametrize(("name", "password"), [("anna", "wrong"), ("nobody", PASSWORD), ("'; --", PASSWORD)])
async def test_a_wrong_name_and_a_wrong_password_are_answered_alike(app: FastAPI, name: str, password: str) -> None:
    async with asking(app) as client:
        answer = await sign_in(client, name, password)
    assert answer.status_code == 401
    assert answer.json()["detail"] == "The name or the password is wrong."
    assert "set-cookie" not in answer.headers
    assert app.state.site.door.refused["sign_in"] == 1


async def test_who_tries_too_often_waits(app: FastAPI) -> None:
    async with asking(app) as client:
        for _ in range(5):
            assert (await sign_in(client, password="wrong")).status_code == 401
        answer = await sign_in(client)
    assert answer.status_code == 429
    assert int(answer.headers["retry-after"]) in range(1, 301)
    assert app.state.site.door.refused["sign_in_throttled"] == 1


@pytest.mark.parametrize(
    "body",
    [
        {"name": "anna", "password": ["tern-gorse-lintel-40"]},
        {"name": "anna", "password": "tern-gorse-lintel-40" * 20},
        {"name": "tern-gorse-lintel-40" * 20, "password": "x"},
        {"name": "anna", "password": "x", "tern-gorse-lintel-40": "x"},
    ],
)
async def test_what_is_no_sign_in_is_refused_and_not_echoed(app: FastAPI, body: dict[str, object]) -> None:
    async with asking(app) as client:
        answer = await client.post(PATH, json=body)
    assert answer.status_code == 422
    assert "tern-gorse-lintel-40" not in answer.text


async def test_a_page_of_another_origin_signs_nobody_in_or_out(app: FastAPI, guests: Guests) -> None:
    foreign, anna = {"Origin": "https://evil.example"}, {"name": "anna", "password": PASSWORD}
    session = cookie(guests.session(Role.VIEWER))
    async with asking(app) as client:
        assert (await client.post(PATH, json=anna, headers=foreign)).status_code == 403
        assert (await client.delete(PATH, headers=session | foreign)).status_code == 403
        assert (await client.get(PATH, headers=session)).status_code == 200


async def test_who_signs_out_is_a_stranger_from_then_on(app: FastAPI, guests: Guests) -> None:
    session = cookie(guests.session(Role.VIEWER))
    async with asking(app) as client:
        answer = await client.delete(PATH, headers=session)
        assert (answer.status_code, answer.headers["set-cookie"].startswith(f"{COOKIE}=; Max-Age=0; ")) == (204, True)
        assert (await client.get(PATH, headers=session)).status_code == 401
        assert (await client.delete(PATH, headers=session)).status_code == 204  # as often as one likes


async def test_a_program_learns_what_its_token_may_do(app: FastAPI, guests: Guests) -> None:
    async with asking(app, **bearer(guests.token(Scope.METRICS))) as client:
        document = (await client.get(PATH)).json()
    assert (document["kind"], document["scopes"], document["sign_in"]) == ("token", ["metrics"], True)


async def test_another_method_is_told_all_that_there_are(app: FastAPI) -> None:
    async with asking(app) as client:
        answer = await client.request("OPTIONS", PATH)
    assert (answer.status_code, answer.headers["allow"]) == (405, "DELETE, GET, POST")


async def test_an_open_site_has_nothing_to_sign_in_to(tmp_path: Path) -> None:
    async with asking(site_app(tmp_path)) as client:
        assert (await sign_in(client)).status_code == 409
        assert (await client.delete(PATH)).status_code == 204
