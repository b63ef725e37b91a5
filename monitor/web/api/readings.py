"""Routes of the API: readings."""

from fastapi import APIRouter

router = APIRouter(prefix="/api/v1", tags=["readings"])
