"""The farm as JSON documents, and back: the one place that names their keys, for the live channel and for the API.

Times are ISO 8601 in UTC. What is unknown is null in a complete row, and left out on the live channel.
"""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, fields
from datetime import datetime
from typing import Any

from grid.times import SECOND, format_time, from_datetime
from monitor.books import Balance
from monitor.console.standing import Since, Standing, Words
from monitor.console.view import (
    Engineer,
    FarmTotals,
    FarmView,
    MonitorState,
    Trouble,
    TroubleKind,
    TurbineRow,
)
from monitor.facts import AlarmCounts, Health, Link, Severity, VisitState

Document = dict[str, Any]

TENTH = SECOND // 10
"""Times of the newest readings are told in tenths of a second: they change with every reading."""

READING_COLUMNS = (
    "turbine_number",
    "reading_age_seconds",
    "wind_speed",
    "power_output_in_kwh",
    "mean_power_in_kw",
)
"""The columns of `readings` in a delta: of turbines of which nothing but the newest reading changed."""


def in_tenths(at: int) -> int:
    """The whole tenth of a second in which a moment lies."""
    return at - at % TENTH


def row_document(row: TurbineRow) -> Document:
    """A row with all its keys."""
    return {
        "turbine_number": row.turbine_number,
        "standing": row.standing.value,
        "state": row.state,
        "why": words_document(row.why),
        "link": row.link.value,
        "health": row.health.value,
        "region": row.region,
        "model": row.model,
        "serial": row.serial,
        "rated_power_in_kw": row.rated_power_in_kw,
        "wind_speed": row.wind_speed,
        "power_output_in_kwh": row.power_output_in_kwh,
        "mean_power_in_kw": row.mean_power_in_kw,
        "emitted_at": _time(row.emitted_at),
        "received_at": _time(row.received_at),
        "online_since": _time(row.online_since),
        "incident_id": row.incident_id,
        "engineer": row.engineer,
        "missing": row.missing,
    }


ROW_KEYS = tuple(field.name for field in fields(TurbineRow))
"""In their order; `row_document` has the same."""


def complete(row: Mapping[str, Any]) -> Document:
    """A row of the live channel with all its keys: what it leaves out is null."""
    return {key: row.get(key) for key in ROW_KEYS}


def read_row(document: Mapping[str, Any]) -> TurbineRow:
    """The row that a document tells of, from either form. Raises KeyError, TypeError, ValueError for none."""
    known: Document = {key: document.get(key) for key in ROW_KEYS}
    known["standing"] = Standing(document["standing"])
    known["link"], known["health"] = Link(document["link"]), Health(document["health"])
    known["why"] = _read_words(document["why"])
    for key in ("emitted_at", "received_at", "online_since"):
        known[key] = _read_time(known[key])
    return TurbineRow(**known)


def words_document(parts: Words) -> list[str | Document]:
    """A sentence in parts: text, or `{"since": time}`, which the reader shows as an age such as `12 s`."""
    return [{"since": format_time(part.at)} if isinstance(part, Since) else part for part in parts]


def _read_words(parts: Iterable[str | Document]) -> Words:
    return tuple(part if isinstance(part, str) else Since(read_time(part["since"])) for part in parts)


def farm_document(
    totals: FarmTotals,
    engineers: Iterable[Engineer],
    waiting: Iterable[int],
    troubles: Iterable[Trouble],
    balance: Balance | None,
    monitor: MonitorState | None,
    alarms: AlarmCounts | None = None,
) -> Document:
    """All of a view but its turbines."""
    numbers: Document = asdict(totals)
    numbers["by_standing"] = {standing.value: count for standing, count in totals.by_standing}
    numbers["longest_wait_since"] = _time(totals.longest_wait_since)
    numbers["engineers_free"] = totals.engineers_free
    rate = totals.readings_per_second
    numbers["readings_per_second"] = None if rate is None else round(rate, 1)
    return {
        "totals": numbers,
        "engineers": [asdict(engineer) | {"sent_at": _time(engineer.sent_at)} for engineer in engineers],
        "waiting": list(waiting),
        "troubles": [trouble_document(trouble) for trouble in troubles],
        "balance": None if balance is None else asdict(balance),
        "monitor": _monitor_document(monitor),
        "alarms": None if alarms is None else asdict(alarms),
    }


def trouble_document(trouble: Trouble) -> Document:
    """A trouble of the monitor, with the sentence for people."""
    return asdict(trouble) | {"since": format_time(trouble.since), "sentence": trouble.sentence}


def _monitor_document(monitor: MonitorState | None) -> Document:
    if monitor is None:
        return {"running": False}
    times = {"started_at": _time(monitor.started_at), "since": _time(monitor.since)}
    return {"running": True, **asdict(monitor), **times}


def view_document(view: FarmView, monitor: MonitorState | None = None) -> Document:
    """A whole view as one message, with complete rows."""
    farm = farm_document(view.totals, view.engineers, view.waiting, view.troubles, view.balance, monitor, view.alarms)
    rows = [row_document(row) for row in view.rows]
    return {"kind": "snapshot", "at": format_time(view.at), "turbines": rows, "farm": farm}


def read_view(document: Mapping[str, Any]) -> FarmView:
    """The view that a snapshot tells of. Raises KeyError, TypeError, ValueError, AttributeError for none."""
    farm = document["farm"]
    balance = _read_balance(farm.get("balance"))
    return FarmView(
        at=read_time(document["at"]),
        rows=tuple(read_row(row) for row in document["turbines"]),
        totals=_read_totals(farm["totals"]),
        troubles=_read_troubles(farm),
        books={} if balance is None else {"rejected": balance.rejected},
        balance=balance,
        engineers=tuple(_read_engineer(engineer) for engineer in farm["engineers"]),
        waiting=tuple(farm["waiting"]),
        alarms=_read_alarms(farm.get("alarms")),
    )


def _read_totals(numbers: Mapping[str, Any]) -> FarmTotals:
    own = _known_keys(FarmTotals, numbers)
    own["by_standing"] = tuple((Standing(standing), count) for standing, count in numbers["by_standing"].items())
    own["longest_wait_since"] = _read_time(numbers["longest_wait_since"])
    return FarmTotals(**own)


def _read_engineer(document: Mapping[str, Any]) -> Engineer:
    state = document["state"]
    times = {"sent_at": _read_time(document["sent_at"]), "state": None if state is None else VisitState(state)}
    return Engineer(**{**_known_keys(Engineer, document), **times})


def _read_troubles(farm: Mapping[str, Any]) -> tuple[Trouble, ...]:
    troubles = [
        Trouble(TroubleKind(trouble["kind"]), read_time(trouble["since"]), trouble["detail"])
        for trouble in farm["troubles"]
    ]
    monitor = farm["monitor"]
    if not monitor["running"] and monitor.get("since"):
        troubles.insert(0, Trouble(TroubleKind.MONITOR_AWAY, read_time(monitor["since"])))
    return tuple(troubles)


def _read_balance(columns: Mapping[str, int] | None) -> Balance | None:
    return None if columns is None else Balance(**_known_keys(Balance, columns))


def _read_alarms(counts: Mapping[str, Any] | None) -> AlarmCounts | None:
    if counts is None:
        return None
    highest = counts["highest"]
    return AlarmCounts(**_known_keys(AlarmCounts, counts) | {"highest": None if highest is None else Severity(highest)})


def _known_keys(kind: type[Any], document: Mapping[str, Any]) -> Document:
    """What a later version adds is left out."""
    return {field.name: document[field.name] for field in fields(kind) if field.name in document}


def _time(moment: int | None) -> str | None:
    return None if moment is None else format_time(moment)


def _read_time(text: str | None) -> int | None:
    return None if text is None else read_time(text)


def read_time(text: str) -> int:
    """A time of a document in microseconds since 1970. Raises ValueError, TypeError for none, or without its zone."""
    return from_datetime(datetime.fromisoformat(text))
