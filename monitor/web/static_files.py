"""The files that pages are made of: those of the folder `static`, known by name from the start."""

from pathlib import Path

from fastapi import APIRouter, Depends
from fastapi.responses import Response

from monitor.web.access import require_anyone
from monitor.web.problems import Problem

FOLDER = Path(__file__).parent / "static"
# Python would ask the machine's own table, which differs from machine to machine.
MEDIA_TYPES = {
    ".css": "text/css",
    ".ico": "image/x-icon",
    ".js": "text/javascript",
    ".json": "application/json",
    ".md": "text/plain",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".txt": "text/plain",
    ".woff2": "font/woff2",
}

router = APIRouter(include_in_schema=False, dependencies=[Depends(require_anyone())])
_files = {path.relative_to(FOLDER).as_posix(): path for path in FOLDER.rglob("*") if path.is_file()}


@router.get("/static/{name:path}", name="static")
async def static_file(name: str) -> Response:
    """Give out a file, to anyone: everybody can read them where Grid is published."""
    path = _files.get(name)
    if path is None:
        raise Problem(404, None, "There is no such file.")
    return Response(path.read_bytes(), media_type=MEDIA_TYPES.get(path.suffix, "application/octet-stream"))
