"""What is normal for a turbine, and what was found that is not."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query

from monitor.access.roles import Scope
from monitor.baselines.portrait import portrait
from monitor.facts import FindingKind
from monitor.store.queries.pages import findings_page
from monitor.store.reader import LedgerReader
from monitor.web.access import require
from monitor.web.api.documents import Document, Listed, Time
from monitor.web.api.known import known_turbine
from monitor.web.api.parameters import ListQuery, NoQuery, OpenFilter, TurbineFilter, TurbineNumber
from monitor.web.site import TheSite

router = APIRouter(prefix="/api/v1", tags=["baselines"], dependencies=[Depends(require(Scope.READ))])


class FindingsQuery(ListQuery, TurbineFilter, OpenFilter):
    """Which findings."""

    kind: FindingKind | None = None
    """Only those of this kind."""
    lasting: bool | None = None
    """true: only what outlasted the on-delay; false: only what did not."""


class Finding(Document):
    """Something that was not what was expected."""

    finding_id: int
    """The finding's number."""
    turbine_number: int
    """Of which turbine."""
    quantity: str
    """What was wrong: wind_speed, power, voltage, current, temperature; readings, where none came."""
    kind: FindingKind
    """How: a spike, a drop, a frozen value, silence, or a lasting residual against the power curve."""
    since: Time
    """The first reading that it was found in, by the turbine's clock; of silence, the last before it."""
    until: Time | None
    """The last one; null while it goes on."""
    readings: int
    """In how many it was found."""
    expected: float | None
    """In the quantity's unit, where the deviation was largest; of silence, the interval in seconds."""
    observed: float | None
    """What came then; of a residual, the mean difference in kW; of silence, for how many seconds nothing came."""
    score: float
    """How sure: in standard deviations of what is normal; of silence, in intervals."""
    sentence: str
    """What was expected, what came, since when, and how sure."""
    lasting: bool
    """Whether it outlasted the on-delay, so that it became an alarm; else it is only noted."""


class Findings(Listed[Finding]):
    """A page of the list of findings."""


class NormalQuantity(Document):
    """What a quantity should be now; numbers are null before they are learnt."""

    quantity: str
    """wind_speed, power, voltage, current or temperature."""
    unit: str
    """Of all its numbers."""
    is_learnt: bool
    """Whether it is judged yet."""
    expected: float | None
    """What the next reading should show; of power in the wind of now, of current at the power of now."""
    deviation: float | None
    """The standard deviation of a value from what was expected of it."""
    low: float | None
    """What is below this is found to be a drop."""
    high: float | None
    """What is above this is found to be a spike."""
    sentence: str
    """The same in words."""


class CurvePoint(Document):
    """A point of the turbine's own power curve."""

    wind_speed: float
    """In m/s."""
    power: float
    """In kW."""


class Baseline(Document):
    """What is normal for a turbine now: as it was last kept, a minute ago at most while the turbine sends."""

    turbine_number: int
    """Which turbine."""
    learnt_from: Time | None
    """The first reading that was learnt from: what was learnt in minutes is less sure than what was in days."""
    learnt_to: Time | None
    """The newest reading that was learnt from; null before anything was kept."""
    is_learnt: bool
    """Whether all that the turbine shows is judged by now."""
    interval_seconds: float | None
    """Between two readings."""
    quantities: list[NormalQuantity]
    """Those that the turbine shows."""
    residual_in_kw: float
    """How much more than its curve says the turbine has made lately; negative: less."""
    curve: list[CurvePoint]
    """What it makes of the wind, where it has shown it."""
    sentences: list[str]
    """All of it in words."""


@router.get("/findings", operation_id="list_findings", summary="What was not normal")
async def list_findings(site: TheSite, query: Annotated[FindingsQuery, Query()]) -> Findings:
    """Deviations from the turbines' own normal, and from their power curves; the newest first."""

    def ask(reader: LedgerReader) -> Findings:
        return Findings.of(
            findings_page(
                reader,
                query.turn(),
                is_open=query.open,
                turbine_number=query.turbine,
                kind=query.kind,
                lasting=query.lasting,
            )
        )

    return await site.readers.ask(ask)


@router.get("/turbines/{turbine_number}/baseline", operation_id="get_baseline", summary="What is normal for a turbine")
async def get_baseline(site: TheSite, turbine_number: TurbineNumber, query: Annotated[NoQuery, Query()]) -> Baseline:
    """What the next reading should show, in words and numbers; it is kept first after about a minute."""
    del query

    def ask(reader: LedgerReader) -> Baseline:
        known_turbine(reader, turbine_number)
        found = reader.baseline(turbine_number)
        return _nothing_learnt(turbine_number) if found is None else Baseline.model_validate(portrait(found))

    return await site.readers.ask(ask)


def _nothing_learnt(turbine_number: int) -> Baseline:
    return Baseline(
        turbine_number=turbine_number,
        learnt_from=None,
        learnt_to=None,
        is_learnt=False,
        interval_seconds=None,
        quantities=[],
        residual_in_kw=0.0,
        curve=[],
        sentences=["Nothing was learnt yet."],
    )
