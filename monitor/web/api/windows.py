"""Windows: what a turbine, a region or the farm came to in each minute, quarter hour, hour or day."""

from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Query
from pydantic import Field

from grid.times import SECOND
from monitor.access.roles import Scope
from monitor.clock import utc_now
from monitor.facts import AreaWindow as StoredAreaWindow
from monitor.facts import Window as StoredWindow
from monitor.store.queries.averages import DECIMALS
from monitor.store.queries.windows import Shown, Wanted, area_windows, turbine_windows
from monitor.store.reader import LedgerReader
from monitor.web.access import require
from monitor.web.api.cursors import from_cursor, to_cursor
from monitor.web.api.documents import Document, Time
from monitor.web.api.known import known_turbine
from monitor.web.api.parameters import ListQuery, TimesQuery, TurbineNumber
from monitor.web.site import TheSite

WIDTHS = {"1m": 60, "15m": 900, "1h": 3600, "1d": 86_400}
USUAL_WINDOWS = 100
"""How many windows the time holds that is shown without `since`."""

router = APIRouter(prefix="/api/v1", tags=["windows"], dependencies=[Depends(require(Scope.READ))])


class WindowsQuery(ListQuery, TimesQuery):
    """Which windows."""

    width: Literal["1m", "15m", "1h", "1d"] = "15m"
    """How long each lasts: hours and days begin in UTC."""
    limit: int = Field(1000, ge=1, le=5000)
    """How many windows at most."""

    def wanted(self, now: int) -> Wanted:
        """What to ask the ledger for: one more than the page holds. Times are widened to whole windows."""
        width = WIDTHS[self.width]
        since, until = self.span(now, usual_seconds=width * USUAL_WINDOWS)
        first = since // (width * SECOND) * width * SECOND
        after = first if self.cursor is None else from_cursor(self.cursor) + width * SECOND
        return Wanted(width, max(first, after), -(-until // (width * SECOND)) * width * SECOND, self.limit + 1)


class AreaQuery(WindowsQuery):
    """Which windows, of which area."""

    region: str | None = Field(None, min_length=1, max_length=200)
    """Of this region; without it, of the farm."""


class Aggregate(Document):
    """What the readings of a span of time come to."""

    start_at: Time
    """When it begins, by the turbines' clocks."""
    width_seconds: int
    """How long it lasts."""
    complete: bool
    """Whether it is over. Another one is told as far as it is known; late readings still correct a complete one."""
    revision: int
    """Higher after each correction."""
    figured_at: Time
    """When it was figured as it is told here."""
    readings: int
    """How many there are."""
    expected_readings: float | None
    """How many there would be without a gap; null where a lone reading leaves it unknown."""
    coverage: float
    """The share of the time that the readings speak for, 0 to 1."""
    covered_seconds: float
    """The time that the readings speak for. A reading speaks for the time before it, so this may be more than all."""
    broken_seconds: float
    """Of the covered time, that of readings that say broken."""
    silent_seconds: float
    """The time without information."""
    wind_speed_mean: float
    """In m/s."""
    wind_speed_min: float
    """In m/s."""
    wind_speed_max: float
    """In m/s."""
    energy_in_kwh: float
    """The sum of what the readings tell."""
    mean_power_in_kw: float | None
    """Over the covered time; of an area, the sum of its turbines' means. Null where the covered time is unknown."""
    max_power_in_kw: float | None
    """Of a single reading; of an area, of a minute."""


class Window(Aggregate):
    """A turbine's window."""

    turbine_number: int
    """Whose."""


class AreaWindow(Aggregate):
    """A region's window, or the farm's: times and energies are those of all turbines together."""

    region: str | None
    """The region; null for the farm."""
    turbines: int
    """How many told something."""


class Windows(Document):
    """A turbine's windows, oldest first; those without a reading are left out."""

    items: list[Window]
    """As many as were asked for, or what is left."""
    next_cursor: str | None
    """Ask again with `cursor` set to it for what follows; null on the last page."""


class AreaWindows(Document):
    """An area's windows, oldest first; those without a reading are left out."""

    items: list[AreaWindow]
    """As many as were asked for, or what is left."""
    next_cursor: str | None
    """Ask again with `cursor` set to it for what follows; null on the last page."""


@router.get("/turbines/{turbine_number}/windows", operation_id="list_windows", summary="A turbine's windows")
async def list_windows(
    site: TheSite, turbine_number: TurbineNumber, query: Annotated[WindowsQuery, Query()]
) -> Windows:
    """Minutes, quarter hours, hours or days, oldest first; without `since` the last hundred.

    A window holds the readings emitted in it. It is figured when it is complete, and again when late readings have
    changed it; the one that lasts is figured for the answer. Windows stay when readings are pruned.
    """
    now = utc_now()
    wanted = query.wanted(now)

    def ask(reader: LedgerReader) -> list[Shown[StoredWindow]]:
        known_turbine(reader, turbine_number)
        return turbine_windows(reader, turbine_number, wanted, now=now)

    found = await site.readers.ask(ask)
    page = found[: query.limit]
    items = [Window(turbine_number=turbine_number, **_told(shown.window, shown.is_complete, 1)) for shown in page]
    return Windows(items=items, next_cursor=_following(found, query.limit))


@router.get("/windows", operation_id="list_area_windows", summary="The farm's windows, or a region's")
async def list_area_windows(site: TheSite, query: Annotated[AreaQuery, Query()]) -> AreaWindows:
    """Minutes, quarter hours, hours or days, oldest first; without `since` the last hundred.

    They are gathered from those of the turbines, some seconds after the first is complete, and again when one of
    them comes or changes. A turbine counts in the region that it named when they were gathered last.
    """
    now = utc_now()
    wanted = query.wanted(now)
    found = await site.readers.ask(lambda reader: area_windows(reader, query.region or "", wanted, now=now))
    items = [
        AreaWindow(
            region=shown.window.area or None,
            turbines=shown.window.turbines,
            **_told(shown.window, shown.is_complete, shown.window.turbines),
        )
        for shown in found[: query.limit]
    ]
    return AreaWindows(items=items, next_cursor=_following(found, query.limit))


def _following(found: list[Shown[StoredWindow]] | list[Shown[StoredAreaWindow]], limit: int) -> str | None:
    return to_cursor(found[limit - 1].window.start_at) if len(found) > limit else None


def _told(window: StoredWindow | StoredAreaWindow, is_complete: bool, turbines: int) -> dict[str, object]:
    """The fields that all windows have, rounded."""
    values = {name: _rounded(getattr(window, name)) for name in Aggregate.model_fields if hasattr(window, name)}
    time = window.width_seconds * turbines
    return values | {
        "complete": is_complete,
        "expected_readings": _rounded(window.expected_readings),
        "coverage": round(min(1.0, window.covered_seconds / time), DECIMALS),
        "silent_seconds": round(max(0.0, time - window.covered_seconds), DECIMALS),
    }


def _rounded(value: object) -> object:
    return round(value, DECIMALS) if isinstance(value, float) else value
