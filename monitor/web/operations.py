"""Health and metrics, where tools of operations look for them."""

from fastapi import APIRouter

router = APIRouter(tags=["operations"])
