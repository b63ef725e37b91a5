"""Outage reports over HTTP: one, a list, or a stream of lines, taken in pieces of bounded size."""

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from typing import Any

from fastapi import APIRouter, Depends
from fastapi.requests import Request
from fastapi.responses import JSONResponse

from grid.outage import OutageReport as OutageMessage
from monitor.access.roles import Scope
from monitor.clock import utc_now
from monitor.control import reports_request
from monitor.facts import DeadLetterReason, OutageReport
from monitor.intake.outage_reports import fact_of, read_report
from monitor.intake.refused import RefusedError, refuse_duplicate_keys
from monitor.web.access import require
from monitor.web.api.documents import Document
from monitor.web.problems import RESPONSES, TRY_AGAIN_SECONDS, Problem
from monitor.web.site import Site, TheSite

MOST_AT_ONCE = 500
"""Reports that are brought to the monitor in one piece, and committed together."""
LONGEST_LINE_BYTES = 4096
MOST_REFUSALS = 100
"""Refused reports that an answer names; all are counted."""
ATTEMPTS = 10
"""How often a piece is brought to a monitor that has too much to do, with pauses of `PAUSE_SECONDS`."""
PAUSE_SECONDS = 0.2

_JSON, _LINES = "application/json", "application/x-ndjson"

router = APIRouter(prefix="/api/v1", tags=["outages"], dependencies=[Depends(require(Scope.OUTAGES))])


class RefusedReport(Document):
    """Why a report was not taken."""

    place: int
    """Which one: in a stream its line, in a list its place, both from 1 on."""
    reason: DeadLetterReason
    """The kind of refusal, for programs."""
    detail: str
    """What is wrong with it."""


class TakenReports(Document):
    """What became of the reports."""

    received: int
    """How many there were; empty lines don't count."""
    taken: int
    """How many are merged, and on the disk; repeats count as taken."""
    refused: int
    """How many are not."""
    refusals: list[RefusedReport]
    """The first hundred of those."""


def _problem(description: str) -> dict[str, Any]:
    return {**RESPONSES["default"], "description": description}


_RESPONSES: dict[int | str, dict[str, Any]] = {
    200: {"model": TakenReports, "description": "Some were taken, others refused."},
    413: _problem("The body is longer than 64 KiB: send a stream of lines."),
    415: _problem("The body is neither JSON nor lines of JSON."),
    422: _problem(
        "None of them is a report: told with the first `reason`, and with all `refusals`. Or, with the reason "
        "`too_many`, one is of a controller beyond the limits: `taken` says how many before it are stored."
    ),
    503: _problem("No monitor runs, or it can't store now: send all again later, `taken` says how many are stored."),
}


def _body() -> dict[str, Any]:
    """The body in the OpenAPI document: read as it arrives, it is no parameter of the route."""
    schema = OutageMessage.model_json_schema()
    one_or_many = {"oneOf": [schema, {"type": "array", "items": schema}]}
    lines = {"type": "string", "description": "A report a line, however many."}
    return {"requestBody": {"required": True, "content": {_JSON: {"schema": one_or_many}, _LINES: {"schema": lines}}}}


@router.post(
    "/outages",
    operation_id="post_outages",
    summary="Report outages",
    status_code=201,
    response_model=TakenReports,
    responses=_RESPONSES,
    openapi_extra=_body(),
)
async def post_outages(request: Request, site: TheSite) -> JSONResponse:
    """Take reports as on the topic `grid/controllers/<id>/outages`; the answer comes after they are on the disk.

    Good ones are taken though others are bad. A repeat changes nothing, so all may be sent again until it is answered.
    """
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if request.headers.get("content-encoding", "identity").lower() != "identity":
        raise Problem(415, None, "Send the reports as they are, without Content-Encoding.")
    taking = _Taking(site)
    if media_type == _LINES:
        async for line in _lines(request):
            if line is None or line.strip():
                await taking.take(line)
            else:
                taking.pass_over()
    elif media_type == _JSON:
        for report in _reports(await request.body()):
            await taking.take(report)
    else:
        raise Problem(415, None, f"Send {_JSON} or {_LINES}.")
    await taking.bring()
    return taking.answer()


class _Taking:
    """Takes reports one by one, and brings them to the monitor many at once."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._good: list[OutageReport] = []
        self._place = 0
        self._received = 0
        self._taken = 0
        self._refusals: list[RefusedReport] = []
        self._refused = 0

    async def take(self, payload: bytes | None) -> None:
        """Take one report; None stands for a line that was too long to be read."""
        self._place += 1
        self._received += 1
        try:
            self._good.append(_understood(payload))
        except RefusedError as refused:
            self._refused += 1
            if len(self._refusals) < MOST_REFUSALS:
                told = RefusedReport(place=self._place, reason=refused.reason, detail=str(refused))
                self._refusals.append(told)
        if len(self._good) >= MOST_AT_ONCE:
            await self.bring()

    def pass_over(self) -> None:
        """Count an empty line as a place."""
        self._place += 1

    async def bring(self) -> None:
        """Bring what was taken to the monitor; returns after the commit. Raises Problem, NoMonitorError."""
        if not self._good:
            return
        answer = await _brought(self._site, self._good)
        if answer.get("are_too_many"):
            sentence = answer["sentence"]
            raise Problem(422, "Reports refused", sentence, reason=DeadLetterReason.TOO_MANY, taken=self._taken)
        if not answer["accepted"]:
            headers = {"retry-after": str(TRY_AGAIN_SECONDS)}
            raise Problem(503, "Not stored", answer["sentence"], headers=headers, taken=self._taken)
        self._taken += len(self._good)
        self._good = []

    def answer(self) -> JSONResponse:
        """What became of all of them. Raises Problem where none was taken."""
        became = TakenReports(
            received=self._received, taken=self._taken, refused=self._refused, refusals=self._refusals
        )
        if self._refused and not self._taken:
            first = self._refusals[0]
            refusals = [refusal.model_dump(mode="json") for refusal in self._refusals]
            raise Problem(422, "Reports refused", first.detail, reason=first.reason, refusals=refusals)
        return JSONResponse(became.model_dump(mode="json"), 200 if self._refused else 201)


def _understood(payload: bytes | None) -> OutageReport:
    if payload is None or len(payload) > LONGEST_LINE_BYTES:
        raise RefusedError(DeadLetterReason.TOO_LARGE, f"a report has {LONGEST_LINE_BYTES} bytes at most")
    return fact_of(read_report(payload), utc_now())


async def _brought(site: Site, reports: Sequence[OutageReport]) -> dict[str, Any]:
    answer: dict[str, Any] = {}
    for attempt in range(ATTEMPTS):
        if attempt:
            await asyncio.sleep(PAUSE_SECONDS)
        answer = await site.inquire(reports_request(reports))
        if answer["accepted"] or answer.get("are_too_many"):
            break
    return answer


def _reports(body: bytes) -> list[bytes]:
    """The reports of a body, one or a list of them, each as JSON of its own. Raises Problem for what is not JSON."""
    if not body.lstrip().startswith(b"["):
        return [body]
    try:
        found = json.loads(body.decode())
        refuse_duplicate_keys(body)
    except (ValueError, RecursionError) as error:
        raise _refused(RefusedError(DeadLetterReason.NOT_JSON, f"not JSON: {error}")) from None
    except RefusedError as refused:
        raise _refused(refused) from None
    return [json.dumps(element).encode() for element in found]


def _refused(refused: RefusedError) -> Problem:
    return Problem(422, "Reports refused", str(refused), reason=refused.reason, refusals=[])


async def _lines(request: Request) -> AsyncIterator[bytes | None]:
    """The lines of a body as they arrive; None for one that is too long, which is never held as a whole."""
    begun, is_too_long = b"", False
    async for chunk in request.stream():
        *complete, rest = chunk.split(b"\n")
        for end in complete:
            yield None if is_too_long else begun + end
            begun, is_too_long = b"", False
        begun += rest
        if len(begun) > LONGEST_LINE_BYTES:
            begun, is_too_long = b"", True
    if begun or is_too_long:
        yield None if is_too_long else begun
