"""The application put together: which routes there are, and what stands before all of them."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from importlib.metadata import version
from typing import Any

from fastapi import Depends, FastAPI
from fastapi.middleware.gzip import GZipMiddleware
from starlette.types import ASGIApp

from monitor import DISTRIBUTION
from monitor.access.roles import Scope
from monitor.web import channel, openapi, pages, problems, static_files
from monitor.web.access import asked_scopes, require
from monitor.web.api import (
    alarms,
    audit,
    availability,
    baselines,
    dead_letters,
    farm,
    notifications,
    orders,
    outages,
    post_metrics,
    post_outages,
    readings,
    repairs,
    session,
    tickets,
    turbines,
    windows,
)
from monitor.web.closed_site import AddressLimits, BodiesOfStrangers, SlidingSessions
from monitor.web.etags import ETags
from monitor.web.guards import BodyLimit, HeadAsGet, Neighbours, SecurityHeaders
from monitor.web.operations import routes as operations
from monitor.web.site import Site

COMPRESSED_FROM_BYTES = 1000
COMPRESSION = 4
"""Of 1 to 9: more takes twice the time for a tenth of the bytes."""

_ROUTERS = (
    alarms.router,
    availability.router,
    baselines.router,
    notifications.router,
    windows.router,
    outages.router,
    post_outages.router,
    farm.router,
    turbines.router,
    readings.router,
    repairs.router,
    dead_letters.router,
    orders.router,
    post_metrics.router,
    channel.router,
    session.router,
    tickets.router,
    audit.router,
    operations.router,
    pages.router,
    pages.for_anyone,
    static_files.router,
)


class Application(FastAPI):
    """FastAPI, whose document also tells what routes and models can't."""

    def openapi(self) -> dict[str, Any]:
        """The OpenAPI document, made at the first question."""
        if self.openapi_schema is None:
            self.openapi_schema = openapi.finish(super().openapi(), asked_scopes(self))
        return self.openapi_schema

    def build_middleware_stack(self) -> ASGIApp:
        """All that stands before the routes; the headers also go onto what is said of bugs, which is outermost."""
        return SecurityHeaders(super().build_middleware_stack())


Lifespan = Callable[[FastAPI], AbstractAsyncContextManager[None]]


def create_app(site: Site, lifespan: Lifespan | None = None) -> FastAPI:
    """Make the application of a site; `lifespan` goes on while it is served."""
    app = Application(
        title="Grid, a wind-farm monitor",
        version=version(DISTRIBUTION),
        openapi_url=None,  # FastAPI's own route would ask for no role
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,  # a token or a password would be sent again to where the answer leads
        responses=problems.RESPONSES,
        lifespan=lifespan,
    )
    app.state.site = site
    problems.tell_problems(app)
    for router in _ROUTERS:
        app.include_router(router)
    app.get("/api/v1/openapi.json", include_in_schema=False, dependencies=[Depends(require(Scope.READ))])(app.openapi)
    _stand_before(app, site.names, is_open=site.door.is_open)
    return app


def _stand_before(app: FastAPI, names: frozenset[str], *, is_open: bool) -> None:
    """Set up what every request passes, the innermost first."""
    app.add_middleware(BodyLimit)
    if not is_open:
        app.add_middleware(BodiesOfStrangers)
    app.add_middleware(ETags)
    app.add_middleware(GZipMiddleware, minimum_size=COMPRESSED_FROM_BYTES, compresslevel=COMPRESSION)
    app.add_middleware(HeadAsGet)
    if not is_open:
        app.add_middleware(SlidingSessions)
        app.add_middleware(AddressLimits)
    app.add_middleware(Neighbours, names=names)
