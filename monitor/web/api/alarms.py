"""Alarms: what is wrong, what people did about it, how they come; and orders about them."""

from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Path, Query
from fastapi.requests import HTTPConnection
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from grid.metrics import NO_CONTROL_CHARACTERS
from monitor.access.roles import Scope
from monitor.alarms.rules import GUIDANCE, page_of
from monitor.alarms.summary import PERIOD, Summary, summary_of
from monitor.clock import utc_now
from monitor.control import LONGEST_COMMENT, LONGEST_WORDS, alarm_order_request
from monitor.facts import Alarm as AlarmFact
from monitor.facts import AlarmOrder, AlarmOrderKind, AlarmRefusal, AlarmState, AlarmTurn, Severity
from monitor.store.queries import alarms as queries
from monitor.store.reader import LedgerReader
from monitor.web.access import require
from monitor.web.actor import TheCaller
from monitor.web.api.cursors import to_cursor
from monitor.web.api.documents import Document, Listed, Time
from monitor.web.api.parameters import LARGEST_NUMBER, ListQuery, Moment, NoQuery, TurbineFilter
from monitor.web.problems import RESPONSES, TRY_AGAIN_SECONDS, Problem
from monitor.web.site import TheSite

MOST_AT_ONCE = 1000

router = APIRouter(prefix="/api/v1/alarms", tags=["alarms"])
for_viewers = [Depends(require(Scope.READ))]
for_operators = [Depends(require(Scope.ALARMS))]

AlarmNumber = Annotated[int, Path(ge=1, le=LARGEST_NUMBER, description="The alarm's number.", examples=[1])]


class Alarm(Document):
    """One condition that asks a person to act; there is one row for it, however often it comes."""

    alarm_id: int
    """The alarm's number."""
    rule: str
    """The stable word for what is wrong, such as `turbine_offline`."""
    subject: str
    """What it is about: `turbine-7`, `turbine-7/temperature`, `broker`, `farm`, `engineers`, `monitor`."""
    turbine_number: int | None
    """The turbine that it is about."""
    region: str | None
    """Where that turbine stands."""
    severity: Severity
    """How soon a person must act."""
    state: AlarmState
    """Whether the condition holds, and whether anybody has acknowledged it."""
    sentence: str
    """What is wrong, in words."""
    guidance: str
    """What a person should do about it."""
    page: str
    """The address of the page to look at."""
    raised_at: Time
    """When it last became active."""
    changed_at: Time
    """When it became what it is."""
    cleared_at: Time | None
    """When the condition was gone."""
    occurrences: int
    """How often it became active since it was last normal."""
    acknowledged_at: Time | None
    """When somebody acknowledged it."""
    acknowledged_by: str | None
    """Who did."""
    comment: str | None
    """The newest comment."""
    shelved_until: Time | None
    """It is silent until then, and returns by itself."""
    shelved_by: str | None
    """Who shelved it."""
    out_of_service_by: str | None
    """Who has silenced it until further notice."""
    suppressed_by: str | None
    """The rule whose alarm speaks for it now."""
    announced_at: Time | None
    """When people were told last that it is active; null while nobody was."""


class Alarms(Listed[Alarm]):
    """A page of alarms."""


class AlarmEntry(Document):
    """A turn of an alarm."""

    entry_id: int
    """The entry's number."""
    at: Time
    """When."""
    alarm_id: int
    """Of which alarm."""
    turn: AlarmTurn
    """What happened, as a stable word."""
    sentence: str
    """The same in words."""
    by: str | None
    """Who did it, if a person did."""
    comment: str | None
    """What that person noted."""


class AlarmJournal(Listed[AlarmEntry]):
    """A page of an alarm's journal."""


class AlarmsQuery(ListQuery, TurbineFilter):
    """Which alarms. Without a state: those that are not normal, and those that a person has silenced."""

    state: AlarmState | None = None
    """Only those that stand so."""
    severity: Severity | None = None
    """Only those."""
    rule: Annotated[str, StringConstraints(max_length=64, pattern=r"^[a-z0-9_]+$")] | None = None
    """Only those of this rule."""


class Raised(Document):
    """Ten minutes, and how many alarms people were told of."""

    since: Time
    """Their begin."""
    raised: int
    """How many."""


class Flood(Document):
    """More alarms than one person can take in: over 10 in ten minutes, until it are fewer than 5 (ISA-18.2)."""

    since: Time
    """When it began."""


class AlarmSummary(Document):
    """The alarms at a glance, and whether a person can live with them."""

    at: Time
    """When it was so."""
    unacknowledged: int
    """How many wait for somebody to acknowledge them."""
    active: int
    """How many conditions hold and speak."""
    highest: Severity | None
    """The most urgent of those that wait."""
    waiting_by_severity: dict[Severity, int]
    """Those that wait, by severity."""
    suppressed: int
    """Active, and another alarm speaks for them."""
    shelved: int
    """Silent for a time."""
    out_of_service: int
    """Silent until further notice."""
    per_ten_minutes: list[Raised]
    """How many were raised in each ten minutes of the last six hours, the oldest first."""
    flood: Flood | None
    """Set while there is one."""
    chattering: list[int]
    """Alarms that came three times or more within a minute, in the last hour."""
    standing: list[int]
    """Alarms that have been active for more than a day."""


class AlarmOrderBody(BaseModel):
    """What somebody does about alarms."""

    model_config = ConfigDict(extra="forbid", use_attribute_docstrings=True)

    kind: AlarmOrderKind
    """What."""
    alarm_ids: Annotated[
        list[Annotated[int, Field(strict=True, ge=1, le=LARGEST_NUMBER)]], Field(max_length=MOST_AT_ONCE)
    ] = []
    """With which alarms: all of them, or none if one is unknown."""
    all: bool = False
    """Instead of numbers: all that wait to be acknowledged."""
    by: Annotated[
        str,
        StringConstraints(strip_whitespace=True, max_length=LONGEST_WORDS, pattern=NO_CONTROL_CHARACTERS + "|^$"),
    ] = ""
    """Who does it: kept in the journal. To be left out by who has signed in, whose own name is kept; a program with a
    token may say for whom it acts; needed where nobody is asked who they are."""
    comment: Annotated[
        str,
        StringConstraints(strip_whitespace=True, max_length=LONGEST_COMMENT, pattern=NO_CONTROL_CHARACTERS + "|^$"),
    ] = ""
    """What else is to be noted."""
    until: Moment | None = None
    """The end of a shelving: 24 hours from now at most."""

    @model_validator(mode="after")
    def _one_or_the_other(self) -> "AlarmOrderBody":
        if self.all == bool(self.alarm_ids):
            raise ValueError("give either alarm_ids or all")
        if self.all and self.kind is not AlarmOrderKind.ACKNOWLEDGE:
            raise ValueError("only to acknowledge is possible for all")
        return self


class AcceptedAlarmOrder(Document):
    """An order that was carried out."""

    accepted: Literal[True] = True
    """A refused order is a problem instead."""
    sentence: str
    """What became of it."""
    changed: int
    """How many alarms it changed: those that were so before are not counted."""


_OF_SERVICE = frozenset({AlarmOrderKind.TAKE_OUT_OF_SERVICE, AlarmOrderKind.PUT_IN_SERVICE})
"""What silences without an end is asked of who looks after the plant."""

_REFUSALS = {
    AlarmRefusal.UNKNOWN_ALARM: (404, "Unknown alarm"),
    AlarmRefusal.NOT_POSSIBLE: (409, "Not possible now"),
    AlarmRefusal.UNAVAILABLE: (503, "Not done"),
}


@router.get("", operation_id="list_alarms", summary="Alarms", dependencies=for_viewers)
async def list_alarms(site: TheSite, query: Annotated[AlarmsQuery, Query()]) -> Alarms:
    """What is wrong, or was and nobody has seen it; the newest number first."""
    wanted = queries.AlarmFilter(query.state, query.severity, query.turbine, query.rule)
    page = await site.readers.ask(lambda reader: queries.alarms_page(reader, query.turn(), wanted))
    return Alarms(items=[_document(alarm) for _, alarm in page.records], next_cursor=to_cursor(page.next_key))


@router.get("/summary", operation_id="summarise_alarms", summary="Alarms at a glance", dependencies=for_viewers)
async def summarise_alarms(site: TheSite, query: Annotated[NoQuery, Query()]) -> AlarmSummary:
    """How many there are, how fast they come, and which of them chatter or stand."""
    del query
    now = utc_now()

    def ask(reader: LedgerReader) -> Summary:
        return summary_of(queries.listed_alarms(reader), queries.raised_since(reader, now - PERIOD), now)

    return AlarmSummary.model_validate(await site.readers.ask(ask))


@router.get("/{alarm_id:int}", operation_id="get_alarm", summary="One alarm", dependencies=for_viewers)
async def get_alarm(site: TheSite, alarm_id: AlarmNumber, query: Annotated[NoQuery, Query()]) -> Alarm:
    """One alarm by its number."""
    del query
    return _document(await site.readers.ask(lambda reader: _known(reader, alarm_id)))


@router.get(
    "/{alarm_id:int}/journal", operation_id="list_alarm_journal", summary="Its journal", dependencies=for_viewers
)
async def list_alarm_journal(
    site: TheSite, alarm_id: AlarmNumber, query: Annotated[ListQuery, Query()]
) -> AlarmJournal:
    """What became of an alarm, and who did it; the newest first."""

    def ask(reader: LedgerReader) -> AlarmJournal:
        _known(reader, alarm_id)
        return AlarmJournal.of(queries.journal_page(reader, query.turn(), alarm_id), key="entry_id")

    return await site.readers.ask(ask)


@router.post(
    "/orders",
    operation_id="order_alarms",
    summary="Acknowledge, comment, shelve, take out of service",
    dependencies=for_operators,
    responses={
        409: {**RESPONSES["default"], "description": "It can't be done as things stand."},
        503: {**RESPONSES["default"], "description": "No monitor runs, or it can't do it now: try again."},
    },
)
async def order_alarms(
    connection: HTTPConnection, site: TheSite, caller: TheCaller, body: AlarmOrderBody
) -> AcceptedAlarmOrder:
    """Do something about alarms; answered after it is on the disk. The same order may come twice."""
    if body.kind in _OF_SERVICE:
        await require(Scope.SERVICE)(connection)
    actor = caller.actor(body.by)
    order = AlarmOrder(body.kind, tuple(body.alarm_ids), actor.who, body.comment, body.until, actor)
    answer = await site.inquire(alarm_order_request(order))
    if answer["accepted"]:
        return AcceptedAlarmOrder(sentence=answer["sentence"], changed=answer["changed"])
    status, title = _REFUSALS[AlarmRefusal(answer.get("refusal") or AlarmRefusal.NOT_POSSIBLE)]
    headers = {"retry-after": str(TRY_AGAIN_SECONDS)} if status == 503 else None
    raise Problem(status, title, answer["sentence"], headers=headers)


def _known(reader: LedgerReader, alarm_id: int) -> AlarmFact:
    found = queries.alarm(reader, alarm_id)
    if found is None:
        raise Problem(404, "Unknown alarm", f"there is no alarm {alarm_id}")
    return found


def _document(alarm: AlarmFact) -> Alarm:
    own = {name: getattr(alarm, name) for name in Alarm.model_fields if hasattr(alarm, name)}
    guidance = GUIDANCE.get(alarm.rule, "")
    return Alarm.model_validate(own | {"guidance": guidance, "page": page_of(alarm.rule, alarm.turbine_number)})
