"""Health and metrics, where tools of operations look for them."""

from importlib.metadata import version
from typing import Any

from fastapi import APIRouter, Depends
from fastapi.requests import Request
from fastapi.responses import JSONResponse, Response

from grid.times import SECOND
from monitor import DISTRIBUTION
from monitor.access.roles import Scope
from monitor.clock import utc_now
from monitor.web.access import require, require_anyone
from monitor.web.operations.documents import HealthDocument, LiveDocument, ReadyDocument
from monitor.web.operations.guarded import Guarded, certificates_of
from monitor.web.operations.health import FEED_LATE_SECONDS, Status, Surroundings, not_ready, report
from monitor.web.operations.metrics import exposition, families
from monitor.web.site import Site, TheSite

router = APIRouter(tags=["operations"])
NEVER_KEPT = {"Cache-Control": "no-store"}
UNAVAILABLE = 503
TEXT = {"schema": {"type": "string"}}


@router.get(
    "/health",
    dependencies=[Depends(require(Scope.METRICS))],
    responses={
        200: {"model": HealthDocument},
        UNAVAILABLE: {"model": HealthDocument, "description": "No reading is taken in; the document says why."},
    },
)
async def health(site: TheSite) -> JSONResponse:
    """How it is, each check with a sentence.

    `status` is `ok`, `degraded` (readings are taken in; something needs a person) or `unhealthy` (they are not).
    """
    document = report(await site.probe.seen(), _surroundings(site), version(DISTRIBUTION))
    code = UNAVAILABLE if document["status"] is Status.UNHEALTHY else 200
    return JSONResponse(document, code, NEVER_KEPT)


@router.get("/health/live", dependencies=[Depends(require_anyone())], responses={200: {"model": LiveDocument}})
async def live() -> JSONResponse:
    """Say that this process answers; it tells nothing else, and so anyone may ask."""
    return JSONResponse({"status": Status.OK}, headers=NEVER_KEPT)


@router.get(
    "/health/ready",
    dependencies=[Depends(require(Scope.METRICS))],
    responses={
        200: {"model": ReadyDocument},
        UNAVAILABLE: {"model": ReadyDocument, "description": "Readings can't be taken in; the sentence says why."},
    },
)
async def ready(site: TheSite) -> JSONResponse:
    """Say whether the monitor runs, is subscribed, and can store."""
    why = not_ready(await site.probe.seen())
    document = {"ready": why is None, "sentence": why or "The monitor takes readings in."}
    return JSONResponse(document, 200 if why is None else UNAVAILABLE, NEVER_KEPT)


@router.get(
    "/metrics",
    dependencies=[Depends(require(Scope.METRICS))],
    response_class=Response,
    responses={200: {"content": {"text/plain": TEXT, "application/openmetrics-text": TEXT}}},
)
async def metrics(request: Request, site: TheSite) -> Response:
    """What is measured, for Prometheus: its text format, or OpenMetrics where the Accept header names it."""
    seen, around = await site.probe.seen(), _surroundings(site)
    guarded = Guarded(site.door.refused, certificates_of(site.settings))
    found = families(seen, _fresh_farm(site, around), guarded, version(DISTRIBUTION), around.now)
    text, media_type = exposition(found, seen.monitor_pid, request.headers.get("accept", ""))
    return Response(text, headers=NEVER_KEPT, media_type=media_type)


def _surroundings(site: Site) -> Surroundings:
    return Surroundings(utc_now(), site.monitor.told_at)


def _fresh_farm(site: Site, around: Surroundings) -> dict[str, Any] | None:
    """The farm of the live message, unless it is late: no old value must look like a new one."""
    if around.told_at is None or around.now - around.told_at > FEED_LATE_SECONDS * SECOND:
        return None
    return site.monitor.mirror.farm
