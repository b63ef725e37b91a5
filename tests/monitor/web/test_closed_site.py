"""What stands before the routes of a site that asks who one is."""

from collections.abc import AsyncIterator
from http.cookies import SimpleCookie
from pathlib import Path

import pytest
from fastapi import FastAPI
from guests import Guests, bearer, cookie, now
from sites import asking, site_app

from grid.times import SECOND
from monitor.access.access import COOKIE, SESSION_SECONDS
from monitor.access.roles import Role, Scope


@pytest.fixture
def guests(tmp_path: Path) -> Guests:
    return Guests(tmp_path)


@pytest.fixture
def app(tmp_path: Path, guests: Guests) -> FastAPI:
    return site_app(tmp_path, **guests.settings)


def issued_ago(guests: Guests, session: str, seconds: int) -> str:
    """The same session, as it was given out so long ago."""
    then = now() // SECOND - seconds
    return guests.forged(session, iat=then, exp=then + SESSION_SECONDS, auth_time=then)


# --- bodies


@pytest.mark.parametrize("path", ["/post_metrics", "/api/v1/outages", "/api/v1/turbines/7/orders"])
async def test_nothing_is_read_of_what_a_stranger_sends(app: FastAPI, path: str) -> None:
    sent = 0

    async def chunks() -> AsyncIterator[bytes]:
        nonlocal sent
        for _ in range(5):
            sent += 1
            yield b"[" * 10_000

    async with asking(app) as client:
        answer = await client.post(path, content=chunks(), headers={"Content-Type": "application/json"})
    assert (answer.status_code, sent) == (401, 0)
    assert answer.headers["www-authenticate"] == 'Bearer realm="Grid"'


async def test_who_is_known_hears_what_is_wrong_with_a_body(app: FastAPI, guests: Guests) -> None:
    headers = bearer(guests.token(Scope.ORDERS)) | {"Content-Type": "application/json"}
    async with asking(app) as client:
        answer = await client.post("/api/v1/turbines/7/orders", content=b"{", headers=headers)
    assert answer.status_code == 422


# --- sessions


@pytest.mark.parametrize("path", ["/", "/api/v1/session", "/health"])
async def test_a_session_slides_once_half_of_it_is_over(app: FastAPI, guests: Guests, path: str) -> None:
    session = guests.session(Role.VIEWER)
    older = issued_ago(guests, session, SESSION_SECONDS // 2 + 5)
    async with asking(app) as client:
        assert "set-cookie" not in (await client.get(path, headers=cookie(session))).headers
        later = SimpleCookie((await client.get(path, headers=cookie(older))).headers["set-cookie"])[COOKIE]
        assert (await client.get("/api/v1/session", headers=cookie(later.value))).json()["name"] == "viewer"
    assert guests.claims(later.value)["exp"] > guests.claims(older)["exp"]
    assert (later["secure"], later["httponly"], later["samesite"], later["path"]) == (True, True, "Strict", "/")
    assert later["domain"] == ""
    assert int(later["max-age"]) in range(SESSION_SECONDS - 10, SESSION_SECONDS + 1)


async def test_what_comes_without_a_session_gets_none(app: FastAPI, guests: Guests) -> None:
    over = issued_ago(guests, guests.session(Role.VIEWER), SESSION_SECONDS + 1)
    async with asking(app) as client:
        for headers in ({}, bearer(guests.token(Scope.READ)), cookie(over)):
            assert "set-cookie" not in (await client.get("/", headers=headers)).headers


# --- limits


async def test_who_asks_too_often_is_sent_away_for_a_while(app: FastAPI, guests: Guests) -> None:
    headers = bearer(guests.token(Scope.ORDERS))
    async with asking(app) as client:
        answers = [await client.post("/api/v1/turbines/7/orders", headers=headers) for _ in range(121)]
        assert {answer.status_code for answer in answers[:-1]} == {422}
        assert answers[-1].status_code == 429
        assert int(answers[-1].headers["retry-after"]) in range(1, 61)
        other = bearer(guests.token(Scope.ORDERS))
        assert (await client.post("/api/v1/turbines/7/orders", headers=other)).status_code == 422
        assert (await client.get("/api/v1/session", headers=headers)).status_code == 200  # to read is counted apart
    assert app.state.site.door.refused["rate"] == 1


async def test_an_address_has_a_limit_whoever_asks_from_there(app: FastAPI) -> None:
    async with asking(app) as client:
        answers = [await client.post("/api/v1/session") for _ in range(31)]
    assert {answer.status_code for answer in answers[:-1]} == {422}
    assert answers[-1].status_code == 429


async def test_an_open_site_counts_nobody(tmp_path: Path) -> None:
    async with asking(site_app(tmp_path)) as client:
        answers = [await client.post("/api/v1/session") for _ in range(31)]  # of which a closed site refuses one
    assert {answer.status_code for answer in answers} == {422}
