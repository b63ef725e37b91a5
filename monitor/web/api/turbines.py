"""Routes of the API: turbines."""

from fastapi import APIRouter

router = APIRouter(prefix="/api/v1", tags=["turbines"])
