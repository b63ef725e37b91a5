"""Routes of the API: orders."""

from fastapi import APIRouter

router = APIRouter(prefix="/api/v1", tags=["orders"])
