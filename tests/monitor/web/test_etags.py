from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from fastapi import FastAPI
from fastapi.responses import StreamingResponse
from sites import asking, site_app

from monitor.web.etags import is_known


@pytest.fixture
def app(tmp_path: Path) -> FastAPI:
    app = site_app(tmp_path)
    app.state.said = "x" * 2000

    @app.get("/said")
    async def said() -> str:
        return str(app.state.said)

    @app.post("/said")
    async def say() -> str:
        return str(app.state.said)

    @app.get("/stream")
    async def stream() -> StreamingResponse:
        async def parts() -> AsyncIterator[bytes]:
            yield b"1"
            yield b"2"

        return StreamingResponse(parts())

    return app


@pytest.mark.parametrize("path", ["/said", "/", "/static/js/theme.js", "/api/v1/openapi.json"])
async def test_what_a_client_has_already_is_not_sent_again(app: FastAPI, path: str) -> None:
    async with asking(app) as client:
        first = await client.get(path)
        again = await client.get(path, headers={"if-none-match": first.headers["etag"]})
    assert first.status_code == 200
    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["etag"] == first.headers["etag"]
    assert again.headers["vary"] == "Accept-Encoding"
    assert "content-length" not in again.headers


async def test_what_has_changed_is_sent(app: FastAPI) -> None:
    async with asking(app) as client:
        first = await client.get("/said")
        app.state.said = "y"
        again = await client.get("/said", headers={"if-none-match": first.headers["etag"]})
    assert (again.status_code, again.json()) == (200, "y")
    assert again.headers["etag"] != first.headers["etag"]


async def test_the_tag_is_the_same_compressed_or_not(app: FastAPI) -> None:
    async with asking(app) as client:
        packed = await client.get("/said", headers={"accept-encoding": "gzip"})
        plain = await client.get("/said", headers={"accept-encoding": "identity"})
    assert packed.headers["etag"] == plain.headers["etag"]
    assert packed.headers["etag"].startswith("W/")


@pytest.mark.parametrize(("method", "path"), [("POST", "/said"), ("GET", "/nowhere"), ("GET", "/stream")])
async def test_orders_errors_and_streams_have_no_tag(app: FastAPI, method: str, path: str) -> None:
    async with asking(app) as client:
        answer = await client.request(method, path, headers={"if-none-match": "*"})
    assert answer.status_code != 304
    assert "etag" not in answer.headers


@pytest.mark.parametrize("known", ['"a"', 'W/"a"', '"b", W/"a"', " * ", '"b","a"'])
def test_a_tag_is_found_among_those_that_a_client_names(known: str) -> None:
    assert is_known('"a"', known)


@pytest.mark.parametrize("known", ["", "a", '"b"', 'W/"aa"', '"', 'a"a'])
def test_no_other_tag_is_taken_for_it(known: str) -> None:
    assert not is_known('"a"', known)
