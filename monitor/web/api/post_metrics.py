"""A reading over HTTP, for who has no MQTT."""

from fastapi import APIRouter

router = APIRouter(tags=["readings"])
