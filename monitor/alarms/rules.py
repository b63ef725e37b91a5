"""The table of alarms: each rule with its severity, its delays, what a person should do, and where to look.

An alarm asks a person to act (ANSI/ISA-18.2-2016, IEC 62682): what the farm mends by itself, as a broken turbine to
which an engineer goes, is none. The standard wants few urgent ones (some 5 % of the highest priority, 15 % of the
next), so that the loss of everything is critical, what only a person can mend is high, and the rest can wait.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from monitor.facts import Severity

TURBINE_BROKEN = "turbine_broken"
REPAIR_REFUSED = "repair_refused"
REPAIR_WITHOUT_EFFECT = "repair_without_effect"
TURBINE_OFFLINE = "turbine_offline"
TURBINE_SILENT = "turbine_silent"
TURBINE_DEVIATING = "turbine_deviating"
READINGS_MISSING = "readings_missing"
ENGINEERS_SHORT = "engineers_short"
MANY_OFFLINE = "many_offline"
MANY_DEVIATING = "many_deviating"
BROKER_LOST = "broker_lost"
DATABASE_REFUSED = "database_refused"
TEXT_FILES_BEHIND = "text_files_behind"
BOOKS_UNBALANCED = "books_unbalanced"
DEAD_LETTERS = "dead_letters"
NOTIFICATIONS_FAILING = "notifications_failing"


@dataclass(frozen=True, slots=True)
class Rule:
    """A kind of alarm. Delays are in watched seconds."""

    name: str
    title: str
    severity: Severity
    on_delay_seconds: float
    """How long the condition must hold before the alarm is raised."""
    off_delay_seconds: float
    """How long it must be gone before the alarm clears: what flickers is one alarm."""
    guidance: str
    """What a person should do."""
    page: str
    """Where to look; `{turbine_number}` stands for the turbine."""
    subject: str | None = None
    """What it is about; None for a turbine, or a quantity of one."""
    inhibited_by: tuple[str, ...] = ()
    """Rules that speak for this one while their alarm is active: of the same turbine, or of the whole farm."""


_FARM = (BROKER_LOST, MANY_OFFLINE)
_TURBINE_PAGE = "/turbines/{turbine_number}"

_TABLE = (
    Rule(
        BROKER_LOST,
        "No connection to the broker",
        Severity.CRITICAL,
        on_delay_seconds=0.0,
        off_delay_seconds=10.0,
        guidance=(
            "See whether the broker runs and the network between it and the monitor. Turbines keep their readings "
            "meanwhile and send them when it is back; engineers are not sent."
        ),
        page="/about",
        subject="broker",
    ),
    Rule(
        MANY_OFFLINE,
        "Many turbines offline",
        Severity.CRITICAL,
        on_delay_seconds=20.0,
        off_delay_seconds=60.0,
        guidance=(
            "Look for what they share: a substation, a network line, a broker account or certificate. Their own "
            "alarms are held back until fewer than five of them are left."
        ),
        page="/",
        subject="farm",
        inhibited_by=(BROKER_LOST,),
    ),
    Rule(
        DATABASE_REFUSED,
        "Database refused",
        Severity.HIGH,
        on_delay_seconds=0.0,
        off_delay_seconds=60.0,
        guidance=(
            "Look at the disk of the data folder: space, permissions, health. Nothing is lost: the broker and the "
            "turbines kept what was not stored, as long as they have room."
        ),
        page="/about",
        subject="monitor",
    ),
    Rule(
        BOOKS_UNBALANCED,
        "Books unbalanced",
        Severity.HIGH,
        on_delay_seconds=60.0,
        off_delay_seconds=60.0,
        guidance=(
            "Readings may have been lost inside the monitor. Note the time, keep the log, and report it as a bug; "
            "grid-monitor verify compares the database with the text files."
        ),
        page="/about",
        subject="monitor",
    ),
    Rule(
        NOTIFICATIONS_FAILING,
        "Notifications fail",
        Severity.HIGH,
        on_delay_seconds=0.0,
        off_delay_seconds=60.0,
        guidance=(
            "People are not told of alarms. Look at the receiver's address and password, and at its server; "
            "grid-monitor notify test sends a message now."
        ),
        page="/alarms",
        subject="monitor",
    ),
    Rule(
        TURBINE_OFFLINE,
        "Turbine offline",
        Severity.MEDIUM,
        on_delay_seconds=60.0,
        off_delay_seconds=30.0,
        guidance=(
            "Nothing is known of the turbine. Look at its power, its network and its controller; if it was stopped on "
            "purpose, take the alarm out of service until it is back."
        ),
        page=_TURBINE_PAGE,
        inhibited_by=_FARM,
    ),
    Rule(
        REPAIR_REFUSED,
        "Repair refused",
        Severity.HIGH,
        on_delay_seconds=0.0,
        off_delay_seconds=0.0,
        guidance=(
            "The turbine rejected the order, and nobody is sent again by itself. Read its reason, then order a "
            "repair, or hold the turbine while people are there."
        ),
        page=_TURBINE_PAGE,
        inhibited_by=(*_FARM, TURBINE_OFFLINE),
    ),
    Rule(
        REPAIR_WITHOUT_EFFECT,
        "Visits without effect",
        Severity.HIGH,
        on_delay_seconds=0.0,
        off_delay_seconds=0.0,
        guidance=(
            "Engineers came in vain, and will come again. Find out what the visits lack: parts, access, or another "
            "diagnosis. Hold the turbine to keep them away meanwhile."
        ),
        page=_TURBINE_PAGE,
        inhibited_by=(*_FARM, TURBINE_OFFLINE),
    ),
    Rule(
        TURBINE_BROKEN,
        "Turbine not repaired in time",
        Severity.MEDIUM,
        on_delay_seconds=1800.0,
        off_delay_seconds=0.0,
        guidance=(
            "The turbine is broken, and the repair takes longer than usual. See whether an engineer is there or it "
            "waits in the line, and whether more engineers are needed."
        ),
        page=_TURBINE_PAGE,
        inhibited_by=(*_FARM, TURBINE_OFFLINE, REPAIR_REFUSED, REPAIR_WITHOUT_EFFECT),
    ),
    Rule(
        ENGINEERS_SHORT,
        "No engineer free",
        Severity.MEDIUM,
        on_delay_seconds=0.0,
        off_delay_seconds=60.0,
        guidance=(
            "Broken turbines wait, and all engineers are out. Call more of them, or hold a turbine where a visit has "
            "no effect: that sets its engineer free."
        ),
        page="/repairs",
        subject="engineers",
        inhibited_by=(BROKER_LOST,),
    ),
    Rule(
        TEXT_FILES_BEHIND,
        "Text files behind",
        Severity.MEDIUM,
        on_delay_seconds=60.0,
        off_delay_seconds=60.0,
        guidance=(
            "The turbines' text files lack readings that are in the database. Look at the disk of the data folder; "
            "they catch up by themselves when they can be written."
        ),
        page="/about",
        subject="monitor",
    ),
    Rule(
        DEAD_LETTERS,
        "Many messages refused",
        Severity.MEDIUM,
        on_delay_seconds=0.0,
        off_delay_seconds=300.0,
        guidance=(
            "Somebody sends what is not of the contract. The dead letters tell who and why; often it is a turbine's "
            "new program, or a foreign device on the broker."
        ),
        page="/dead-letters",
        subject="monitor",
    ),
    Rule(
        TURBINE_SILENT,
        "Turbine silent",
        Severity.LOW,
        on_delay_seconds=60.0,
        off_delay_seconds=30.0,
        guidance=(
            "The turbine is connected, or was, and sends no readings. Look at its sensors and its controller; if the "
            "silence lasts, the turbine counts as offline."
        ),
        page=_TURBINE_PAGE,
        inhibited_by=(*_FARM, TURBINE_OFFLINE),
    ),
    Rule(
        MANY_DEVIATING,
        "Many turbines deviate",
        Severity.MEDIUM,
        on_delay_seconds=20.0,
        off_delay_seconds=60.0,
        guidance=(
            "Look for what they share: the weather, a new program, a limit of the grid, a restart of all. Their own "
            "alarms are held back until fewer than five of them are left."
        ),
        page="/",
        subject="farm",
        inhibited_by=_FARM,
    ),
    Rule(
        TURBINE_DEVIATING,
        "Turbine deviates from its normal",
        Severity.LOW,
        on_delay_seconds=60.0,
        off_delay_seconds=0.0,
        guidance=(
            "Compare the charts of the turbine with its neighbours'. A frozen or jumping value is mostly a sensor; "
            "low power at good wind may be icing, a soiled or wrongly pitched blade, or a limit that somebody set."
        ),
        page=_TURBINE_PAGE,
        inhibited_by=(*_FARM, MANY_DEVIATING, TURBINE_OFFLINE),
    ),
    Rule(
        READINGS_MISSING,
        "Readings missing",
        Severity.LOW,
        on_delay_seconds=900.0,
        off_delay_seconds=60.0,
        guidance=(
            "The turbine counted readings that have not come. See whether its outbox is large enough and its program "
            "was killed; the gap is marked in its charts."
        ),
        page=_TURBINE_PAGE,
        inhibited_by=_FARM,
    ),
)

RULES: Mapping[str, Rule] = MappingProxyType({rule.name: rule for rule in _TABLE})
"""By name. A rule that inhibits another comes before it."""

RANK: Mapping[str, int] = MappingProxyType({name: place for place, name in enumerate(RULES)})

INHIBITS: Mapping[str, frozenset[str]] = MappingProxyType(
    {
        name: frozenset(rule.name for rule in _TABLE if name in rule.inhibited_by)
        for name in RULES
        if any(name in rule.inhibited_by for rule in _TABLE)
    }
)
"""Which rules a rule speaks for."""

GUIDANCE: Mapping[str, str] = MappingProxyType({rule.name: rule.guidance for rule in _TABLE})


def page_of(rule: str, turbine_number: int | None) -> str:
    """The address of the page to look at; that of the alarms for a rule of another version."""
    known = RULES.get(rule)
    return "/alarms" if known is None else known.page.replace("{turbine_number}", str(turbine_number or ""))
