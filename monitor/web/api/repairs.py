"""Routes of the API: repairs."""

from fastapi import APIRouter

router = APIRouter(prefix="/api/v1", tags=["repairs"])
