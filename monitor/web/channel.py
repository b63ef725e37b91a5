"""The live channel: a WebSocket, and server-sent events for programs without one."""

from fastapi import APIRouter

router = APIRouter(prefix="/api/v1/live", tags=["live"])
