"""The live channel: a WebSocket, and server-sent events for programs without one."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Annotated

from fastapi import APIRouter, Depends, Header, Query
from fastapi.requests import Request
from fastapi.responses import Response, StreamingResponse
from fastapi.websockets import WebSocket, WebSocketDisconnect
from starlette.types import Receive, Send
from starlette.types import Scope as ConnectionScope

from grid.times import SECOND
from monitor.access.identity import Identity
from monitor.access.roles import Scope
from monitor.clock import utc_now
from monitor.store.errors import StoreError
from monitor.web.access import TheIdentity, require
from monitor.web.doorkeeper import Doorkeeper
from monitor.web.guards import HEAD
from monitor.web.hub import Hub, Place
from monitor.web.site import Site, TheSite

MOST_MESSAGES_OF_A_FOLLOWER = 20
COME_BACK_MILLISECONDS = 2000
GOING_AWAY = 1012
POLICY_VIOLATION = 1008
UNAUTHORIZED = 4401
LOOK_EVERY_SECONDS = 10.0
"""How often it is looked whether what a follower came in with still holds."""

# Neither is in the OpenAPI document: it has no words for a WebSocket, nor for an answer without end.
router = APIRouter(prefix="/api/v1/live", include_in_schema=False, dependencies=[Depends(require(Scope.READ))])

Stream = Annotated[str | None, Query(max_length=64)]
Number = Annotated[int | None, Query(ge=0, le=2**53)]


@router.websocket("")
async def live(
    websocket: WebSocket, site: TheSite, who: TheIdentity, stream: Stream = None, number: Number = None
) -> None:
    """Tell the farm, and every second what has changed. What the other side says is not listened to."""
    with site.hub.seat():
        await websocket.accept()
        async with asyncio.TaskGroup() as tasks:
            telling = tasks.create_task(_tell(websocket, site.hub, _place(stream, number)))
            looking = tasks.create_task(_close_when_over(websocket, site.door, who))
            await _wait_for_the_end(websocket)
            telling.cancel()
            looking.cancel()


async def _close_when_over(websocket: WebSocket, door: Doorkeeper, who: Identity) -> None:
    await until_over(door, who)
    with suppress(WebSocketDisconnect):
        await websocket.close(UNAUTHORIZED, "What opened this channel has ended.")


async def until_over(door: Doorkeeper, who: Identity) -> None:
    """Return when what somebody was recognised by ends or is revoked, or nobody can tell; never on an open site."""
    while True:
        left = LOOK_EVERY_SECONDS if who.expires_at is None else (who.expires_at - utc_now()) / SECOND
        await asyncio.sleep(max(0.0, min(LOOK_EVERY_SECONDS, left)))
        try:
            if not await door.holds(who):
                return
        except StoreError:
            return


async def _tell(websocket: WebSocket, hub: Hub, place: Place | None) -> None:
    with suppress(WebSocketDisconnect):
        async for told in hub.follow(place):
            await websocket.send_text(told.text)
        await websocket.close(GOING_AWAY)


async def _wait_for_the_end(websocket: WebSocket) -> None:
    """Wait until the other side goes, and end for who says too much."""
    for _ in range(MOST_MESSAGES_OF_A_FOLLOWER):
        if (await websocket.receive())["type"] == "websocket.disconnect":
            return
    with suppress(WebSocketDisconnect):
        await websocket.close(POLICY_VIOLATION, "This channel only tells.")


def _place(stream: str | None, number: int | None) -> Place | None:
    return None if stream is None or number is None else Place(stream, number)


# --- server-sent events: https://html.spec.whatwg.org/multipage/server-sent-events.html


@router.get("/sse")
async def live_events(
    request: Request,
    site: TheSite,
    who: TheIdentity,
    stream: Stream = None,
    number: Number = None,
    last_event_id: Annotated[str | None, Header(max_length=100)] = None,
) -> Response:
    """Tell the same as events, each with an `id` by which a client that comes back is told what it missed."""
    if request.scope.get(HEAD):
        return Response(media_type=EventStream.media_type, headers=EventStream.HEADERS)
    place = _place(stream, number) if last_event_id is None else read_event_id(last_event_id)
    return EventStream(site, place, who)


class EventStream(StreamingResponse):
    """The answer that goes on until one of both ends."""

    media_type = "text/event-stream"
    HEADERS = {"cache-control": "no-store", "x-accel-buffering": "no"}  # noqa: RUF012
    """Kept by nobody, and passed on at once by nginx."""

    def __init__(self, site: Site, place: Place | None, who: Identity) -> None:
        super().__init__(_events(site, place, who), media_type=self.media_type, headers=self.HEADERS)
        self._hub = site.hub

    async def __call__(self, scope: ConnectionScope, receive: Receive, send: Send) -> None:
        """Answer. Raises Problem when all seats are taken."""
        with self._hub.seat():
            await super().__call__(scope, receive, send)


async def _events(site: Site, place: Place | None, who: Identity) -> AsyncIterator[str]:
    yield f"retry: {COME_BACK_MILLISECONDS}\n\n"
    hub, over = site.hub, asyncio.create_task(until_over(site.door, who), name="look whether a follower may go on")
    try:
        async for told in hub.follow(place):
            if over.done():
                return
            yield f"id: {hub.stream}-{told.number}\ndata: {told.text}\n\n"
    finally:
        over.cancel()


def read_event_id(text: str) -> Place | None:
    """The place that an event's `id` names; None for an id that is none of ours: then all is told anew."""
    stream, _, number = text.rpartition("-")
    return Place(stream, int(number)) if stream and number.isascii() and number.isdigit() else None
