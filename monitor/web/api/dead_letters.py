"""Routes of the API: dead_letters."""

from fastapi import APIRouter

router = APIRouter(prefix="/api/v1", tags=["dead_letters"])
