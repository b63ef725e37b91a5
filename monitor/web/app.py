"""The application put together: which routes there are, and what stands before all of them."""

from importlib.metadata import version
from pathlib import Path

from fastapi import FastAPI
from fastapi.staticfiles import StaticFiles

from monitor import DISTRIBUTION
from monitor.web import channel, operations, pages
from monitor.web.api import dead_letters, farm, orders, post_metrics, readings, repairs, turbines
from monitor.web.site import Site

STATIC = Path(__file__).parent / "static"


def create_app(site: Site) -> FastAPI:
    """Make the application of a site."""
    app = FastAPI(
        title="Grid, a wind-farm monitor",
        version=version(DISTRIBUTION),
        openapi_url="/api/v1/openapi.json",
        docs_url=None,
        redoc_url=None,
    )
    app.state.site = site
    for routes in (farm, turbines, readings, repairs, dead_letters, orders, post_metrics, channel, operations, pages):
        app.include_router(routes.router)
    app.mount("/static", StaticFiles(directory=STATIC), name="static")
    return app
