import json
from collections.abc import AsyncIterator
from typing import Annotated, Any

import httpx
import pytest
from fastapi import FastAPI, Query
from fastapi.websockets import WebSocket
from pydantic import BaseModel, ConfigDict
from starlette.types import Message

from monitor.control import NoMonitorError
from monitor.store.errors import StoreMissingError, StoreUnavailableError
from monitor.web.problems import MEDIA_TYPE, RESPONSES, Problem, tell_problems


class Strict(BaseModel):
    model_config = ConfigDict(extra="forbid")
    name: str


RAISED: dict[str, Exception] = {
    "ours": Problem(409, "Monitor refused", "T-7 is on hold.", turbine_number=7),
    "locked": StoreUnavailableError("the database is locked"),
    "missing": StoreMissingError("there is no database yet"),
    "away": NoMonitorError("no monitor runs"),
    "bug": RuntimeError("the password is hunter2"),
    "lone": Problem(400, None, "a lone surrogate \ud800 is no text"),
}


@pytest.fixture
def app() -> FastAPI:
    app = FastAPI(responses=RESPONSES)
    tell_problems(app)

    @app.get("/raise/{which}")
    async def fail(which: str) -> None:
        raise RAISED[which]

    @app.get("/limited")
    async def limited(limit: Annotated[int, Query(ge=1)]) -> int:
        return limit

    @app.post("/strict")
    async def strict(body: Strict) -> str:
        return body.name

    @app.websocket("/socket")
    async def socket(websocket: WebSocket) -> None:
        raise RAISED["ours"]

    return app


@pytest.fixture
async def client(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
        yield client


def document(answer: httpx.Response) -> dict[str, Any]:
    assert answer.headers["content-type"] == MEDIA_TYPE
    assert answer.headers["cache-control"] == "no-store"
    found: dict[str, Any] = answer.json()
    assert found["status"] == answer.status_code
    assert found.keys() >= {"type", "title", "detail"}
    return found


async def test_a_problem_that_a_route_raises_is_its_answer(client: httpx.AsyncClient) -> None:
    assert document(await client.get("/raise/ours")) == {
        "type": "urn:grid:problem:monitor-refused",
        "title": "Monitor refused",
        "status": 409,
        "detail": "T-7 is on hold.",
        "turbine_number": 7,
    }


async def test_an_unknown_address_is_a_problem(client: httpx.AsyncClient) -> None:
    found = document(await client.get("/nowhere"))
    assert (found["type"], found["title"], found["status"]) == ("about:blank", "Not Found", 404)


async def test_a_wrong_method_is_a_problem_that_names_the_right_one(client: httpx.AsyncClient) -> None:
    answer = await client.post("/limited")
    assert document(answer)["status"] == 405
    assert answer.headers["allow"] == "GET"


@pytest.mark.parametrize("which", ["locked", "missing", "away"])
async def test_what_is_away_is_told_as_a_sentence(client: httpx.AsyncClient, which: str) -> None:
    found = document(await client.get(f"/raise/{which}"))
    assert (found["status"], found["detail"]) == (503, str(RAISED[which]))


@pytest.mark.parametrize(("which", "told"), [("locked", True), ("away", True), ("missing", False)])
async def test_who_may_try_again_is_told_when(client: httpx.AsyncClient, which: str, told: bool) -> None:
    assert ("retry-after" in (await client.get(f"/raise/{which}")).headers) is told


async def test_a_bug_tells_nothing(client: httpx.AsyncClient) -> None:
    answer = await client.get("/raise/bug")
    assert document(answer)["status"] == 500
    assert "hunter2" not in answer.text
    assert "RuntimeError" not in answer.text


async def test_what_is_no_text_is_told_all_the_same(client: httpx.AsyncClient) -> None:
    assert document(await client.get("/raise/lone"))["status"] == 400


async def test_a_field_that_is_not_valid_is_named_in_words(client: httpx.AsyncClient) -> None:
    found = document(await client.get("/limited", params={"limit": "0"}))
    assert found["errors"] == [{"field": "query.limit", "detail": "must be greater than or equal to 1"}]
    assert found["detail"] == "query.limit: must be greater than or equal to 1"


@pytest.mark.parametrize("body", ['{"name": 5, "<img src=x>": "<script>"}', '{"<img src=x>', '"<script>"', "[1, 2"])
async def test_what_was_sent_is_not_repeated(client: httpx.AsyncClient, body: str) -> None:
    answer = await client.post("/strict", content=body, headers={"content-type": "application/json"})
    assert document(answer)["status"] == 422
    assert "img" not in answer.text
    assert "script" not in answer.text


async def test_many_errors_are_told_in_part(client: httpx.AsyncClient) -> None:
    body = json.dumps({f"unknown_{number}": 1 for number in range(5000)})
    answer = await client.post("/strict", content=body, headers={"content-type": "application/json"})
    assert len(document(answer)["errors"]) == 20
    assert len(answer.content) < 4096


async def test_a_websocket_that_fails_is_not_opened(app: FastAPI) -> None:
    sent: list[Message] = []

    async def receive() -> Message:
        return {"type": "websocket.connect"}

    async def send(message: Message) -> None:
        sent.append(message)

    scope = {"type": "websocket", "path": "/socket", "headers": [], "query_string": b"", "subprotocols": []}
    await app(scope | {"extensions": {"websocket.http.response": {}}}, receive, send)
    assert [(message["type"], message.get("status")) for message in sent] == [
        ("websocket.http.response.start", 409),
        ("websocket.http.response.body", None),
    ]
    assert json.loads(sent[1]["body"])["title"] == "Monitor refused"


def test_every_route_of_the_document_says_what_an_error_looks_like(app: FastAPI) -> None:
    for path in app.openapi()["paths"].values():
        for operation in path.values():
            assert operation["responses"]["default"]["content"].keys() == {MEDIA_TYPE}
            assert "422" not in operation["responses"]
