"""What went wrong with a request, told as problem documents (RFC 9457)."""

import re
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError, WebSocketRequestValidationError
from fastapi.requests import HTTPConnection
from fastapi.responses import JSONResponse, Response
from fastapi.routing import iter_route_contexts
from fastapi.websockets import WebSocket
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.types import Receive, Scope, Send

from monitor.control import NoMonitorError
from monitor.store.errors import StoreError, StoreUnavailableError

MEDIA_TYPE = "application/problem+json"
LONGEST_DETAIL = 300
MOST_FIELDS = 20
TRY_AGAIN_SECONDS = 5


class Problem(Exception):  # noqa: N818 - it is RFC 9457's word
    """Raise it in a route: it becomes the answer.

    `title` is the same for all problems of a kind, `detail` a sentence about this one, and `members` are further keys
    of the document. A title of None is the status's own phrase.
    """

    def __init__(
        self, status: int, title: str | None, detail: str, *, headers: Mapping[str, str] | None = None, **members: Any
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.title = title
        self.detail = detail
        self.headers = headers
        self.members = members

    def response(self) -> Response:
        """The answer, never kept by any cache."""
        document = {**_head(self.status, self.title), "detail": _text(self.detail), **self.members}
        headers = {"cache-control": "no-store", **(self.headers or {})}
        return JSONResponse(document, self.status, headers, MEDIA_TYPE)

    async def answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request with it from outside of all routes; a WebSocket is not opened then."""
        if scope["type"] == "websocket":
            await WebSocket(scope, receive, send).send_denial_response(self.response())
        else:
            await self.response()(scope, receive, send)


def _head(status: int, title: str | None) -> dict[str, str | int]:
    """`type` names the kind: nothing is to be found at this address (RFC 9457, section 3.1.1)."""
    if title is None:
        return {"type": "about:blank", "title": _phrase(status), "status": status}
    return {"type": f"urn:grid:problem:{_slug(title)}", "title": title, "status": status}


def _text(detail: str) -> str:
    """Of a bounded length, and fit for UTF-8."""
    return detail[:LONGEST_DETAIL].encode("utf-8", "replace").decode()


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "Unknown"


def _slug(title: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-")


# --- what libraries and the store raise, as problems


def tell_problems(app: FastAPI) -> None:
    """Have the application answer with a problem whatever is raised in it, and say so in its OpenAPI document."""
    for kind, to_problem in {
        Problem: _itself,
        HTTPException: _of_http,
        ClientDisconnect: _of_gone_client,
        RequestValidationError: _of_validation,
        WebSocketRequestValidationError: _of_validation,
        StoreError: of_store,
        NoMonitorError: _of_no_monitor,
    }.items():
        app.add_exception_handler(kind, _handler(to_problem))
    app.add_exception_handler(Exception, _handler(_of_bug))


def _handler(to_problem: Any) -> Any:
    async def handle(connection: HTTPConnection, error: Exception) -> Response | None:
        problem: Problem = to_problem(error)
        if problem.status == HTTPStatus.METHOD_NOT_ALLOWED:
            problem.headers = {"allow": ", ".join(_allowed(connection))}
        if isinstance(connection, WebSocket):
            await connection.send_denial_response(problem.response())
            return None
        return problem.response()

    return handle


def _allowed(connection: HTTPConnection) -> list[str]:
    """All methods of the address; what is raised names only those of the first route that has it."""
    routes = list(iter_route_contexts(connection.app.routes))
    paths = {str(route.path) for route in routes if route.endpoint is connection.scope.get("endpoint")}
    return sorted({method for route in routes if str(route.path) in paths for method in route.methods or ()})


def _itself(problem: Problem) -> Problem:
    return problem


def _of_http(error: HTTPException) -> Problem:
    said = str(error.detail)
    detail = _IN_WORDS.get(error.status_code, "") if said == _phrase(error.status_code) else said
    return Problem(error.status_code, None, detail or said, headers=error.headers)


def _of_gone_client(error: ClientDisconnect) -> Problem:
    """Nobody hears it; that is no bug of ours."""
    del error
    return Problem(400, None, "The client was gone before its request was complete.")


_IN_WORDS = {
    404: "There is nothing at this address.",
    405: "This address does not know this method.",
    413: "The body is too large.",
}


def _of_validation(error: RequestValidationError | WebSocketRequestValidationError) -> Problem:
    """The fields in words. What was sent is not repeated: it may be anything."""
    fields = [{"field": _field(found), "detail": _sentence(found)} for found in error.errors()[:MOST_FIELDS]]
    return Problem(422, "Not valid", "; ".join(f"{each['field']}: {each['detail']}" for each in fields), errors=fields)


def _field(found: Mapping[str, Any]) -> str:
    """Where it is, as `query.limit`. The name of a field that we don't know is the sender's, and left out."""
    place = found["loc"][:-1] if found["type"] == "extra_forbidden" else found["loc"]
    return ".".join(str(part)[:64] for part in place)


def _sentence(found: Mapping[str, Any]) -> str:
    return str(found["msg"]).removeprefix("Value error, ").replace("Input should be", "must be")[:LONGEST_DETAIL]


def of_store(error: StoreError) -> Problem:
    """What is told of a store that can't be asked."""
    headers = {"retry-after": str(TRY_AGAIN_SECONDS)} if isinstance(error, StoreUnavailableError) else None
    return Problem(503, "Store unavailable", str(error), headers=headers)


def _of_no_monitor(error: NoMonitorError) -> Problem:
    return Problem(503, "No monitor", str(error), headers={"retry-after": str(TRY_AGAIN_SECONDS)})


def _of_bug(error: Exception) -> Problem:
    """Nothing is told of a bug: the log has it."""
    del error
    return Problem(500, None, "Something went wrong here; the log of the process that serves says what.")


# --- what the OpenAPI document says

RESPONSES: dict[int | str, dict[str, Any]] = {
    "default": {
        "description": "What went wrong, as a problem document (RFC 9457)",
        "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
    }
}
SCHEMA = {
    "type": "object",
    "title": "Problem",
    "description": "What went wrong with a request (RFC 9457). Kinds of problems may have further members.",
    "required": ["type", "title", "status", "detail"],
    "properties": {
        "type": {"type": "string", "format": "uri-reference", "description": "The kind of problem, for programs."},
        "title": {"type": "string", "description": "The kind of problem, in words."},
        "status": {"type": "integer", "minimum": 400, "maximum": 599},
        "detail": {"type": "string", "description": "What happened this time, as a sentence."},
        "errors": {
            "type": "array",
            "description": "Fields that are not valid.",
            "items": {
                "type": "object",
                "required": ["field", "detail"],
                "properties": {"field": {"type": "string"}, "detail": {"type": "string"}},
            },
        },
    },
}
