"""What is published on each topic, by whom and how: the tables behind the contract's documents."""

from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel

from grid.acknowledged import Acknowledged
from grid.alarm import ALARM_EXPIRY_SECONDS, AlarmMessage, topic_of
from grid.broker import WILL_DELAY_SECONDS
from grid.canary import CanaryCall
from grid.event import TurbineEvent
from grid.metrics import TurbineMetrics
from grid.outage import ControllerEvent, OutageReport
from grid.repair import COMMAND_EXPIRY_SECONDS, RepairCommand, RepairResult
from grid.status import MonitorStatus, TurbineStatus
from grid.topics import MONITOR_CANARY, MONITOR_STATUS, Kind, events_of_controller, outages_of_controller
from grid.window import TurbineWindow

TURBINE = "turbine"
MONITOR = "monitor"
CONTROLLER = "controller"
NUMBER = "{turbine_number}"
CONTROLLER_ID = "{controller_id}"
ALARM_ID = "{alarm_id}"
_NOON = "2026-11-21T12:00:00.000000Z"
_SESSION = "1795262400000-x7Qp"
_WINDOWS = (
    "For programs that watch. Told after the commit, and again with a higher revision whenever late readings changed "
    "it. Not retained, and once only: what was not heard is at `/api/v1/turbines/{turbine_number}/windows`."
)


@dataclass(frozen=True, slots=True)
class Channel:
    """One topic: who publishes what on it, and how."""

    name: str
    address: str
    publisher: str
    message: type[BaseModel]
    summary: str
    description: str
    qos: int = 1
    retained: bool = False
    expiry_seconds: int | None = None
    answered_on: str | None = None


def of_any_turbine(kind: Kind) -> str:
    """The topic of this kind with a place for the number, such as `grid/turbines/{turbine_number}/metrics`."""
    return kind.of(0).replace("/0/", f"/{NUMBER}/")


CHANNELS = (
    Channel(
        "turbineMetrics",
        of_any_turbine(Kind.METRICS),
        TURBINE,
        TurbineMetrics,
        "One reading.",
        "Never retained. The number in the payload equals the one in the topic. The same reading (`turbine_number`, "
        "`emitted_at`) twice is stored once.",
    ),
    Channel(
        "turbineStatus",
        of_any_turbine(Kind.STATUS),
        TURBINE,
        TurbineStatus,
        "A turbine's birth, goodbye or last will.",
        "Optional. Retained. Order at start: connect with the last will, subscribe to `repair`, wait for the SUBACK, "
        "publish the birth, then readings. At a clean stop: publish the goodbye, wait for its PUBACK, disconnect. The "
        f"last will says offline, lost and the session, with a will delay of {WILL_DELAY_SECONDS} s. An offline "
        "counts only for the session that it names. The bare words `online` and `offline` are accepted too.",
        retained=True,
    ),
    Channel(
        "repair",
        of_any_turbine(Kind.REPAIR),
        MONITOR,
        RepairCommand,
        "An engineer is sent.",
        "Never retained, because a retained order would repeat at every connect. A turbine obeys a `dispatch_id` "
        "once, refuses an order that names another session, and takes any other payload, an empty one too, for a "
        "plain order to repair. Proof of a repair is an `ok` reading newer than the order.",
        expiry_seconds=COMMAND_EXPIRY_SECONDS,
        answered_on="repairResult",
    ),
    Channel(
        "repairResult",
        of_any_turbine(Kind.REPAIR_RESULT),
        TURBINE,
        RepairResult,
        "A turbine's answer to an order.",
        "Optional. A repeated order is answered with what it was answered before.",
    ),
    Channel(
        "acknowledged",
        of_any_turbine(Kind.ACKNOWLEDGED),
        MONITOR,
        Acknowledged,
        "What the monitor has of a turbine's readings.",
        "Optional to listen to. For turbines that send `session` and `sequence`, about once a second at most: all "
        "readings of the session up to `sequence` are committed, so the turbine may forget them. What stays "
        "unacknowledged for long is sent again, with `oldest_held`, so that the monitor doesn't wait for what will "
        "never come. A repeat is stored once.",
        qos=0,
    ),
    Channel(
        "turbineEvents",
        of_any_turbine(Kind.EVENTS),
        MONITOR,
        TurbineEvent,
        "What the monitor decided about a turbine, and why.",
        "For people and programs that watch; a turbine need not listen.",
    ),
    Channel(
        "turbineWindows1m",
        of_any_turbine(Kind.WINDOWS_1M),
        MONITOR,
        TurbineWindow,
        "A complete window of a turbine.",
        _WINDOWS,
        qos=0,
    ),
    Channel(
        "turbineWindows15m",
        of_any_turbine(Kind.WINDOWS_15M),
        MONITOR,
        TurbineWindow,
        "A complete window of a turbine.",
        _WINDOWS,
        qos=0,
    ),
    Channel(
        "controllerOutages",
        outages_of_controller(CONTROLLER_ID),
        CONTROLLER,
        OutageReport,
        "Something is out, or was.",
        "One report, or a JSON array of them. A report without `ended_at` tells of a moment. Reports of the same kind "
        "that lie within the tolerance of each other (12 minutes, unless the monitor is told otherwise) are one "
        "outage, whatever the order in which they come; a repeat changes nothing. `controller_id` equals the one in "
        "the topic. Never retained. Of an array, the good ones count though others are bad.",
    ),
    Channel(
        "controllerEvents",
        events_of_controller(CONTROLLER_ID),
        MONITOR,
        ControllerEvent,
        "What became of a controller's outage.",
        "For people and programs that watch. Told once in a commit for each outage; that one which goes on has gone "
        "on is not told. Outages of turbines are told among the turbine's events instead.",
    ),
    Channel(
        "alarms",
        topic_of(ALARM_ID),
        MONITOR,
        AlarmMessage,
        "A condition that asks a person to act, as it stands now.",
        "Retained, and published again at every change; also after a restart of the broker, from the outbox. One that "
        f"is normal again is told so, and forgotten by the broker {ALARM_EXPIRY_SECONDS} s later. Those for which "
        "another alarm spoke all the time are not told.",
        retained=True,
    ),
    Channel(
        "monitorStatus",
        MONITOR_STATUS,
        MONITOR,
        MonitorStatus,
        "The monitor's birth, goodbye or last will.",
        "Retained. Turbines may hold readings back while it is offline.",
        retained=True,
    ),
    Channel(
        "monitorCanary",
        MONITOR_CANARY,
        MONITOR,
        CanaryCall,
        "A question that its asker must hear, and that a running monitor answers.",
        "Tells whether the broker lets the asker through in both directions, and whether a monitor works there. "
        "Listen to it at QoS 0: it is for now only.",
    ),
)

EXAMPLES: dict[type[BaseModel], list[dict[str, Any]]] = {
    TurbineMetrics: [
        {"turbine_number": 7, "wind_speed": 100.0, "power_output_in_kwh": 3000.0, "operational_status": "broken"},
        {
            "turbine_number": 7,
            "wind_speed": 7.1,
            "power_output_in_kwh": 0.42,
            "operational_status": "ok",
            "emitted_at": _NOON,
            "session": _SESSION,
            "sequence": 0,
            "voltage": 690.0,
            "current": 1263.0,
            "temperature": 61.5,
        },
    ],
    TurbineStatus: [
        {
            "status": "online",
            "session": _SESSION,
            "at": _NOON,
            "model": "MM92",
            "rated_power_in_kw": 2050.0,
            "region": "north",
            "latitude": 52.4,
            "longitude": -0.94,
        },
        {"status": "offline", "reason": "stopped", "session": _SESSION, "at": _NOON},
        {"status": "offline", "reason": "lost", "session": _SESSION},
    ],
    RepairCommand: [
        {"dispatch_id": "k3v9-12", "incident_id": 4, "engineer": 1, "issued_at": _NOON, "session": _SESSION}
    ],
    RepairResult: [
        {"dispatch_id": "k3v9-12", "result": "accepted", "session": _SESSION, "at": _NOON},
        {"dispatch_id": "k3v9-12", "result": "rejected", "reason": "busy"},
        {"dispatch_id": "k3v9-12", "result": "done", "session": _SESSION, "at": _NOON},
    ],
    Acknowledged: [{"session": _SESSION, "sequence": 41}],
    TurbineEvent: [
        {
            "at": _NOON,
            "turbine_number": 7,
            "action": "engineer_dispatched",
            "sentence": "Engineer 1 is sent to turbine 7, which reports broken.",
            "incident_id": 4,
            "dispatch_id": "k3v9-12",
            "engineer": 1,
        }
    ],
    TurbineWindow: [
        {
            "turbine_number": 7,
            "width_seconds": 60,
            "start_at": _NOON,
            "revision": 1,
            "readings": 59,
            "interval_seconds": 1.0,
            "covered_seconds": 59.0,
            "broken_seconds": 0.0,
            "wind_speed_mean": 7.1,
            "wind_speed_min": 5.9,
            "wind_speed_max": 8.4,
            "energy_in_kwh": 9.83,
            "mean_power_in_kw": 599.79661,
            "max_power_in_kw": 801.5,
        }
    ],
    OutageReport: [
        {"controller_id": "turbine-7", "outage_type": "broken", "timestamp": _NOON},
        {
            "controller_id": "substation-2",
            "outage_type": "grid_outage",
            "timestamp": "2026-11-21T12:20:00Z",
            "ended_at": "2026-11-21T12:45:00Z",
        },
    ],
    ControllerEvent: [
        {
            "at": _NOON,
            "controller_id": "substation-2",
            "action": "outage_began",
            "sentence": "substation-2: outage 3 (grid_outage) was reported, from 2026-11-21 11:20:00 UTC "
            "until 2026-11-21 11:45:00 UTC.",
            "outage_id": 3,
            "outage_type": "grid_outage",
            "started_at": "2026-11-21T11:20:00.000000Z",
            "ended_at": "2026-11-21T11:45:00.000000Z",
            "ongoing": False,
        }
    ],
    AlarmMessage: [
        {
            "alarm_id": 12,
            "at": _NOON,
            "rule": "turbine_offline",
            "subject": "turbine-7",
            "severity": "medium",
            "state": "unacknowledged",
            "sentence": "Turbine 7 is offline: the broker lost it.",
            "raised_at": _NOON,
            "occurrences": 1,
            "turbine_number": 7,
            "region": "north",
        }
    ],
    MonitorStatus: [
        {"status": "online", "session": _SESSION, "at": _NOON, "version": "0.1.0", "engineers": 3},
        {"status": "offline", "reason": "lost", "session": _SESSION},
    ],
    CanaryCall: [{"kind": "question", "nonce": "5f2a90c1", "monitor": "grid-monitor on farm-1"}],
}
