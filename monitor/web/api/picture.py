"""The farm as the monitor tells it, row by row: the same keys as on the live channel, with null for what is unknown."""

from pydantic import Field

from monitor.console.standing import Standing
from monitor.facts import Health, Link, Severity, VisitState
from monitor.web.api.documents import Document, TimeText


class Since(Document):
    """A time that is shown as an age, such as `12 s`."""

    since: TimeText
    """When it began."""


class TurbineRow(Document):
    """One turbine as lists show it: its state and its newest reading."""

    turbine_number: int
    """The turbine's number."""
    standing: Standing
    """The state as one word, for order and filters."""
    state: str
    """The state in words."""
    why: list[str | Since] = Field(default_factory=list)
    """Why it stands so: text, and times to be shown as ages. It may hold words from outside."""
    link: Link
    """Whether the turbine can be talked to."""
    health: Health
    """What the newest reading of its present session says."""
    region: str | None = None
    """Where it stands, by its own word."""
    model: str | None = None
    """What it is, by its own word."""
    serial: str | None = None
    """Its serial number, by its own word."""
    rated_power_in_kw: float | None = None
    """In kW."""
    wind_speed: float | None = None
    """In m/s."""
    power_output_in_kwh: float | None = None
    """Energy of the last interval, in kWh."""
    mean_power_in_kw: float | None = None
    """That energy over the interval, in kW."""
    received_at: TimeText | None = None
    """Of the newest reading, by the monitor's clock."""
    online_since: TimeText | None = None
    """When its connection began; null while it has none."""
    incident_id: int | None = None
    """The open incident."""
    engineer: int | None = None
    """Who is there or on the way."""
    missing: int = 0
    """Readings that the turbine counted, and that have not come."""


class Totals(Document):
    """The farm in numbers."""

    turbines: int
    """How many were ever heard of."""
    by_standing: dict[str, int]
    """How many turbines stand how, worst first; without those that nobody is in."""
    engineers: int
    """Size of the pool."""
    engineers_free: int
    """How many could go at once."""
    engineers_out: int
    """How many are at a turbine or on the way."""
    waiting: int
    """How many turbines wait for an engineer."""
    longest_wait_since: TimeText | None = None
    """Since when the first in line waits."""
    readings_per_second: float | None = None
    """How many arrive, as a mean over some seconds."""
    missing: int = 0
    """Readings that turbines counted, and that have not come."""
    mean_power_in_kw: float | None = None
    """The sum over turbines whose newest reading is fresh, in kW."""
    wind_speed: float | None = None
    """Their mean, in m/s."""
    reporting: int = 0
    """How many these are."""


class Engineer(Document):
    """One engineer, and where; null where free."""

    engineer: int
    """The engineer's number."""
    turbine_number: int | None = None
    """Where the engineer is, or on the way to."""
    visit_id: int | None = None
    """The visit."""
    incident_id: int | None = None
    """What the visit is for."""
    state: VisitState | None = None
    """How far the visit is."""
    sent_at: TimeText | None = None
    """When the engineer was sent."""


class Trouble(Document):
    """What keeps the monitor itself from its work."""

    kind: str
    """The stable word for it, such as `broker_away`."""
    since: TimeText
    """When it began."""
    detail: str = ""
    """What the one who mends it should know."""
    sentence: str
    """What it is, in words."""


class MonitorState(Document):
    """The running monitor, or the last one seen."""

    running: bool
    """Whether a monitor runs."""
    version: str | None = None
    """Of the program."""
    session: str | None = None
    """One run of the monitor."""
    started_at: TimeText | None = None
    """When it was started."""
    connected: bool | None = None
    """To the broker; null while no monitor runs."""
    since: TimeText | None = None
    """Since when it is connected to the broker, or is not; while none runs, since when it is away."""


class Balance(Document):
    """received = stored + duplicate + rejected + pending."""

    received: int
    """Messages that arrived, but for those that are no readings."""
    stored: int
    """Readings that were new."""
    duplicate: int
    """Readings that were stored already."""
    rejected: int
    """Dead letters."""
    pending: int
    """What waits for its turn, or for its commit."""


class AlarmCounts(Document):
    """The alarms at a glance."""

    unacknowledged: int
    """How many wait for somebody to acknowledge them; silenced ones wait for nobody."""
    active: int
    """How many conditions hold, acknowledged or not, without the silenced ones."""
    highest: Severity | None
    """The most urgent of those that wait."""
    suppressed: int
    """Active, and another alarm speaks for them."""
    silenced: int
    """Shelved or out of service, by a person."""
    changes: int
    """Counts what became of alarms since the monitor's start: where it moved, ask for the alarms again."""


class Farm(Document):
    """What is true of the farm as a whole."""

    totals: Totals
    """The farm in numbers."""
    engineers: list[Engineer]
    """Everyone of the pool, and who is out."""
    waiting: list[int]
    """Turbines that wait for an engineer, the first in line first."""
    troubles: list[Trouble]
    """What keeps the monitor itself from its work."""
    balance: Balance | None = None
    """What became of all that arrived; null while no monitor runs."""
    monitor: MonitorState
    """The running monitor, or the last one seen."""
    alarms: AlarmCounts | None = None
    """The alarms at a glance; null while no monitor has told of them."""


class FarmSnapshot(Document):
    """The whole farm at one moment."""

    at: TimeText
    """When the farm was so."""
    turbines: list[TurbineRow]
    """Worst first."""
    farm: Farm
    """What is true of the farm as a whole."""
