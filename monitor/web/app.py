"""The application put together: which routes there are, and what stands before all of them."""

from importlib.metadata import version
from pathlib import Path
from typing import Any

from fastapi import FastAPI
from fastapi.staticfiles import StaticFiles

from monitor import DISTRIBUTION
from monitor.web import channel, operations, pages, problems
from monitor.web.api import dead_letters, farm, orders, post_metrics, readings, repairs, turbines
from monitor.web.site import Site

STATIC = Path(__file__).parent / "static"


class Application(FastAPI):
    """FastAPI, whose document names what an error looks like."""

    def openapi(self) -> dict[str, Any]:
        """The OpenAPI document, made at the first question."""
        if self.openapi_schema is None:
            document = super().openapi()
            document.setdefault("components", {}).setdefault("schemas", {})["Problem"] = problems.SCHEMA
        return super().openapi()


def create_app(site: Site) -> FastAPI:
    """Make the application of a site."""
    app = Application(
        title="Grid, a wind-farm monitor",
        version=version(DISTRIBUTION),
        openapi_url="/api/v1/openapi.json",
        docs_url=None,
        redoc_url=None,
        responses=problems.RESPONSES,
    )
    app.state.site = site
    problems.tell_problems(app)
    for routes in (farm, turbines, readings, repairs, dead_letters, orders, post_metrics, channel, operations, pages):
        app.include_router(routes.router)
    app.mount("/static", StaticFiles(directory=STATIC), name="static")
    return app
