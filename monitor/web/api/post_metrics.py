"""A reading over HTTP, for who has no MQTT: through the same checks, and into the same database."""

from typing import Any

from fastapi import APIRouter, Depends
from fastapi.requests import Request
from fastapi.responses import JSONResponse

from grid.metrics import MAX_METRICS_BYTES, TurbineMetrics
from monitor.access.roles import Scope
from monitor.facts import PostOutcome
from monitor.web.access import require
from monitor.web.api.documents import Document, TimeText
from monitor.web.post_line import PostLineFullError
from monitor.web.problems import RESPONSES, TRY_AGAIN_SECONDS, Problem
from monitor.web.site import TheSite

router = APIRouter(tags=["readings"], dependencies=[Depends(require(Scope.READINGS))])

_TRY_AGAIN = {"retry-after": str(TRY_AGAIN_SECONDS)}
_STATUS = {PostOutcome.STORED: 201, PostOutcome.DUPLICATE: 200}


class PostedReading(Document):
    """What became of a posted reading."""

    outcome: PostOutcome
    """Whether it was new."""
    turbine_number: int
    """Whose reading it is."""
    emitted_at: TimeText
    """The reading's own time, or that of its arrival if it has none."""


def _problem(description: str) -> dict[str, Any]:
    return {**RESPONSES["default"], "description": description}


_RESPONSES: dict[int | str, dict[str, Any]] = {
    200: {"model": PostedReading, "description": "It was stored before: turbine and time are the same."},
    413: _problem(f"The body is longer than {MAX_METRICS_BYTES} bytes."),
    415: _problem("The body is not JSON."),
    422: _problem("It is no reading: kept as a dead letter, and told with its `reason`."),
    503: _problem("No monitor runs, it can't store now, or too many wait: nothing is known to be stored, try again."),
}


def _body() -> dict[str, Any]:
    """The body in the OpenAPI document: read as bytes, it is no parameter of the route."""
    schema = TurbineMetrics.model_json_schema()
    words = schema.pop("$defs")["OperationalStatus"]
    schema["properties"]["operational_status"] |= words | {"description": words["description"]}
    schema["properties"]["operational_status"].pop("$ref")
    return {"requestBody": {"required": True, "content": {"application/json": {"schema": schema}}}}


@router.post(
    "/post_metrics",
    operation_id="post_metrics",
    summary="Bring a reading",
    status_code=201,
    response_model=PostedReading,
    responses=_RESPONSES,
    openapi_extra=_body(),
)
async def post_metrics(request: Request, site: TheSite) -> JSONResponse:
    """Take a reading as on the topic `grid/turbines/<n>/metrics`; the answer comes after it is on the disk.

    With `emitted_at` it may be sent again until it is answered: it is stored once.
    """
    _refuse_what_is_no_json(request)
    body = await request.body()
    if len(body) > MAX_METRICS_BYTES:
        raise Problem(413, None, f"A reading has {MAX_METRICS_BYTES} bytes at most.")
    try:
        answer = await site.post_line.bring(body)
    except PostLineFullError:
        raise Problem(503, "Too many readings", "Too many readings wait: try again.", headers=_TRY_AGAIN) from None
    match PostOutcome(answer["outcome"]):
        case PostOutcome.REFUSED:
            raise Problem(422, "Reading refused", answer["detail"], reason=answer["reason"])
        case PostOutcome.UNAVAILABLE:
            raise Problem(503, "Not stored", answer["detail"], headers=_TRY_AGAIN)
        case outcome:
            stored = PostedReading.model_validate(answer)
            return JSONResponse(stored.model_dump(mode="json"), _STATUS[outcome])


def _refuse_what_is_no_json(request: Request) -> None:
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type != "application/json":
        raise Problem(415, None, "Send the reading as JSON, with Content-Type: application/json.")
    if request.headers.get("content-encoding", "identity").lower() != "identity":
        raise Problem(415, None, "Send the reading as it is, without Content-Encoding.")
