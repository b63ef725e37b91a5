from base64 import b64encode
from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi import FastAPI
from fastapi.dependencies.models import Dependant
from fastapi.routing import iter_route_contexts
from sites import asking, site_app

from monitor.web.access import Access, Require, Role

TOKEN = "correct-horse-battery"


@pytest.fixture
def token_file(tmp_path: Path) -> Path:
    path = tmp_path / "token"
    path.write_text(TOKEN)
    return path


def basic(user: str, password: str) -> str:
    return "Basic " + b64encode(f"{user}:{password}".encode()).decode()


def test_without_a_token_everybody_is_an_operator() -> None:
    assert Access().role_of(None) is Role.OPERATOR


@pytest.mark.parametrize(
    "authorization", [f"Bearer {TOKEN}", f"bearer  {TOKEN} ", basic("anybody", TOKEN), basic("", TOKEN)]
)
def test_who_brings_the_token_is_an_operator(authorization: str) -> None:
    assert Access(TOKEN).role_of(authorization) is Role.OPERATOR


@pytest.mark.parametrize(
    "authorization",
    [
        None,
        "",
        "Bearer",
        "Bearer ",
        f"Bearer {TOKEN[:-1]}",
        f"Bearer {TOKEN}x",
        f"Token {TOKEN}",
        TOKEN,
        "Bearer \udcff\u20ac",
        basic("anybody", "wrong"),
        basic(TOKEN, ""),
        "Basic !!!!",
        "Basic " + b64encode(b"\xff\xfe").decode(),
        "Bearer " + "x" * 100_000,
    ],
)
def test_who_brings_anything_else_is_a_stranger(authorization: str | None) -> None:
    assert Access(TOKEN).role_of(authorization) is Role.ANYONE


async def test_a_stranger_is_asked_for_the_token(tmp_path: Path, token_file: Path) -> None:
    async with asking(site_app(tmp_path, host="0.0.0.0", token_file=token_file)) as client:
        for path in ("/", "/api/v1/openapi.json", "/metrics"):
            answer = await client.get(path)
            assert answer.status_code == 401
            assert answer.json()["title"] == "Unauthorized"
            assert answer.headers["www-authenticate"].startswith("Basic ")


async def test_a_token_is_asked_for_on_loopback_too_once_there_is_one(tmp_path: Path, token_file: Path) -> None:
    async with asking(site_app(tmp_path, token_file=token_file)) as client:
        assert (await client.get("/")).status_code == 401
        assert (await client.get("/", auth=("me", TOKEN))).status_code == 200


async def test_what_tells_nothing_of_the_farm_is_open(tmp_path: Path, token_file: Path) -> None:
    async with asking(site_app(tmp_path, host="0.0.0.0", token_file=token_file)) as client:
        assert (await client.get("/health/live")).status_code == 200
        assert (await client.get("/static/js/theme.js")).status_code == 200


# --- every route names its role


def roles(dependant: Dependant) -> Iterator[Role]:
    if isinstance(dependant.call, Require):
        yield dependant.call.role
    for each in dependant.dependencies:
        yield from roles(each)


def without_role(app: FastAPI) -> tuple[list[str | None], set[str | None]]:
    """Paths of the routes that name no role, and of those that are open to all."""
    without, open_to_all = [], set()
    for route in iter_route_contexts(app.routes):
        dependant: Dependant | None = getattr(route, "dependant", None)  # a mount has none
        found = list(roles(dependant)) if dependant is not None else []
        if not found:
            without.append(route.path)
        elif max(found) is Role.ANYONE:
            open_to_all.add(route.path)
    return without, open_to_all


def test_every_route_asks_for_a_role(tmp_path: Path) -> None:
    without, open_to_all = without_role(site_app(tmp_path))
    assert without == []
    assert open_to_all == {"/health/live", "/static/{name:path}"}


def test_a_route_without_a_role_would_be_found(tmp_path: Path) -> None:
    app = site_app(tmp_path)
    app.mount("/mounted", FastAPI())
    app.get("/forgotten")(lambda: None)
    app.websocket("/forgotten-socket")(lambda: None)
    assert without_role(app)[0] == ["/mounted", "/forgotten", "/forgotten-socket"]
