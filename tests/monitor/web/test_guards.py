import gzip
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Annotated, Any

import pytest
from fastapi import Body, FastAPI
from fastapi.requests import Request
from fastapi.responses import Response
from guests import Guests
from sites import asking, site_app

from monitor.web.guards import LARGEST_BODY_BYTES, SECURITY_HEADERS, host_name
from monitor.web.problems import MEDIA_TYPE

LONG = "a turbine " * 500


@pytest.fixture
def app(tmp_path: Path) -> FastAPI:
    app = site_app(tmp_path)

    @app.get("/said")
    async def said() -> str:
        return LONG

    @app.post("/parsed")
    async def parsed(body: Annotated[Any, Body()]) -> int:
        return len(body)

    @app.post("/raw")
    async def raw(request: Request) -> int:
        return len(await request.body())

    @app.get("/kept")
    async def kept() -> Response:
        return Response(b"", headers={"cache-control": "no-store"})

    @app.get("/bug")
    async def bug() -> None:
        raise RuntimeError

    return app


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST:1", "127.0.0.1:8787", "127.8.9.1", "[::1]", "[::1]:8787"])
async def test_the_site_answers_to_the_names_of_this_machine(app: FastAPI, host: str) -> None:
    async with asking(app, Host=host) as client:
        assert (await client.get("/said")).status_code == 200


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "localhost.evil.example",
        "127.0.0.1.evil.example",
        "192.168.1.9",
        "localhost:80@evil",
        "",
        "[::2]",
    ],
)
async def test_the_site_answers_to_no_other_name(app: FastAPI, host: str) -> None:
    async with asking(app, Host=host) as client:
        answer = await client.get("/said")
    assert (answer.status_code, answer.headers["content-type"]) == (421, MEDIA_TYPE)


@pytest.mark.parametrize(
    ("host", "status"),
    [("farm.example", 200), ("Farm.Example:8787", 200), ("[2001:db8::7]", 200), ("other.example", 421), ("", 421)],
)
async def test_a_site_answers_to_the_names_that_it_was_given(tmp_path: Path, host: str, status: int) -> None:
    settings = Guests(tmp_path).settings
    names = ("farm.example", "2001:db8::7")
    app = site_app(tmp_path, http_host="0.0.0.0", http_plain=True, http_names=names, **settings)
    async with asking(app, Host=host) as client:
        assert (await client.get("/sign-in")).status_code == status


async def test_an_orchestrator_may_probe_a_site_by_any_address_and_learns_that_it_lives(tmp_path: Path) -> None:
    app = site_app(tmp_path, http_host="0.0.0.0", http_plain=True, **Guests(tmp_path).settings)
    async with asking(app, Host="10.244.0.17:8787") as client:
        live, health = await client.get("/health/live"), await client.get("/health")
    assert (live.status_code, live.json()) == (200, {"status": "ok"})
    assert health.status_code == 421


async def test_what_a_browser_changes_names_its_origin(app: FastAPI) -> None:
    async with asking(app, Cookie="anything=1") as client:
        assert (await client.post("/raw", content=b"12")).status_code == 403
        own = {"Origin": "http://localhost:8787"}
        assert (await client.post("/raw", content=b"12", headers=own)).status_code == 200
        assert (await client.get("/said")).status_code == 200


async def test_over_tls_a_page_without_it_is_foreign(app: FastAPI) -> None:
    async with asking(app, base_url="https://localhost:8787") as client:
        for origin, status in (("https://localhost:8787", 200), ("http://localhost:8787", 403)):
            assert (await client.post("/raw", content=b"12", headers={"Origin": origin})).status_code == status


@pytest.mark.parametrize(
    ("url", "told"),
    [("https://farm.example", True), ("http://farm.example", False), ("https://localhost:8787", False)],
)
async def test_browsers_are_told_to_stay_with_tls(tmp_path: Path, url: str, told: bool) -> None:
    app = site_app(tmp_path, http_names=("farm.example",))
    async with asking(app, base_url=url) as client:
        answer = await client.get("/health/live")
    assert (answer.headers.get("strict-transport-security") == "max-age=31536000") is told


async def test_a_request_names_one_host(app: FastAPI) -> None:
    async with asking(app) as client:
        request = client.build_request("GET", "/said", headers=[("Host", "localhost"), ("Host", "localhost")])
        assert (await client.send(request)).status_code == 400


@pytest.mark.parametrize("origin", ["http://localhost:8787", "https://localhost:8787", "HTTP://LOCALHOST:8787"])
async def test_the_sites_own_pages_may_change_something(app: FastAPI, origin: str) -> None:
    async with asking(app, Origin=origin) as client:
        assert (await client.post("/raw", content=b"12")).json() == 2


@pytest.mark.parametrize("origin", ["http://evil.example", "http://localhost", "http://localhost:80", "null", ""])
async def test_pages_of_other_origins_may_not(app: FastAPI, origin: str) -> None:
    async with asking(app, Origin=origin) as client:
        for method in ("POST", "PUT", "PATCH", "DELETE"):
            assert (await client.request(method, "/raw", content=b"12")).status_code == 403


@pytest.mark.parametrize(
    ("site", "mode", "status"),
    [
        ("none", "navigate", 200),
        ("same-origin", "cors", 200),
        ("cross-site", "navigate", 200),
        ("cross-site", "no-cors", 403),
        ("same-site", "cors", 403),
    ],
)
async def test_a_page_of_another_origin_may_link_here_and_no_more(
    app: FastAPI, site: str, mode: str, status: int
) -> None:
    async with asking(app) as client:
        answer = await client.get("/said", headers={"Sec-Fetch-Site": site, "Sec-Fetch-Mode": mode})
    assert answer.status_code == status


async def test_two_origins_are_refused_if_one_is_foreign(app: FastAPI) -> None:
    async with asking(app) as client:
        origins = [("Origin", "http://localhost:8787"), ("Origin", "http://evil.example")]
        assert (await client.post("/raw", headers=origins)).status_code == 403


@pytest.mark.parametrize("path", ["/parsed", "/raw"])
async def test_a_body_has_a_limit(app: FastAPI, path: str) -> None:
    async with asking(app) as client:
        fits = await client.post(path, content=b'"' + b"x" * (LARGEST_BODY_BYTES - 2) + b'"')
        answer = await client.post(path, content=b'"' + b"x" * LARGEST_BODY_BYTES + b'"')
    assert fits.status_code == 200
    assert (answer.status_code, answer.headers["content-type"]) == (413, MEDIA_TYPE)


@pytest.mark.parametrize("path", ["/parsed", "/raw"])
async def test_a_body_of_untold_length_has_the_same_limit(app: FastAPI, path: str) -> None:
    sent = 0

    async def chunks() -> AsyncIterator[bytes]:
        nonlocal sent
        for _ in range(100):
            sent += 10_000
            yield b"x" * 10_000

    async with asking(app) as client:
        answer = await client.post(path, content=chunks())
    assert (answer.status_code, answer.headers["content-type"]) == (413, MEDIA_TYPE)
    assert sent <= LARGEST_BODY_BYTES + 20_000


async def test_a_length_that_is_no_number_is_refused(app: FastAPI) -> None:
    async with asking(app) as client:
        for length in ("-1", "1e9", "9" * 5000):
            request = client.build_request("POST", "/raw", headers={"content-length": length})
            assert (await client.send(request)).status_code == 413


@pytest.mark.parametrize("path", ["/said", "/nowhere", "/bug", "/", "/static/js/theme.js"])
async def test_every_answer_carries_what_browsers_keep_to(app: FastAPI, path: str) -> None:
    async with asking(app) as client:
        answer = await client.get(path)
    assert SECURITY_HEADERS.items() <= dict(answer.headers).items()
    assert answer.headers["cache-control"] in ("no-cache", "no-store")


async def test_a_refusal_carries_them_too(app: FastAPI) -> None:
    async with asking(app, Host="evil.example") as client:
        assert SECURITY_HEADERS.items() <= dict((await client.get("/")).headers).items()


def test_no_page_runs_what_is_written_inside_of_it() -> None:
    policy = SECURITY_HEADERS["content-security-policy"]
    assert "default-src 'self'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert "*" not in policy


async def test_a_route_may_say_for_how_long_it_is_kept(app: FastAPI) -> None:
    async with asking(app) as client:
        assert (await client.get("/kept")).headers["cache-control"] == "no-store"


async def test_long_answers_are_compressed_for_who_can_read_them(app: FastAPI) -> None:
    async with asking(app) as client:
        packed = await client.get("/said", headers={"accept-encoding": "gzip"})
        plain = await client.get("/said", headers={"accept-encoding": "identity"})
        short = await client.get("/health/live", headers={"accept-encoding": "gzip"})
    assert packed.headers["content-encoding"] == "gzip"
    assert int(packed.headers["content-length"]) < len(gzip.compress(LONG.encode())) * 2
    assert packed.json() == plain.json() == LONG
    assert "content-encoding" not in plain.headers
    assert "content-encoding" not in short.headers
    assert packed.headers["vary"] == plain.headers["vary"] == "Accept-Encoding"


async def test_head_answers_as_get_without_the_body(app: FastAPI) -> None:
    async with asking(app) as client:
        head, get = await client.head("/said"), await client.get("/said")
    assert head.content == b""
    assert dict(head.headers) == dict(get.headers)


@pytest.mark.parametrize(
    ("host", "name"),
    [("a", "a"), ("a:1", "a"), ("[::1]", "[::1]"), ("[::1]:1", "[::1]"), ("a:b", "a:b"), ("", "")],
)
def test_the_name_in_a_host_header_is_without_its_port(host: str, name: str) -> None:
    assert host_name(host) == name
