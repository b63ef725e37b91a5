"""What Prometheus reads: the monitor's own measurements, and the farm's totals, as families of metrics.

No number of a turbine is a label. While no monitor answers, nothing of it is told but that it is away: an old value
would look like a new one.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from prometheus_client import CollectorRegistry, ProcessCollector, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.openmetrics import exposition as openmetrics
from prometheus_client.registry import Collector

from grid.times import SECOND, parse_time
from monitor.console.standing import Standing
from monitor.facts import AlarmTurn, DeadLetterReason, Delivery, FindingKind, IncidentOutcome, OutageTurn
from monitor.telemetry.measurements import COUNTERS, GAUGES, HISTOGRAMS, LABELLED
from monitor.web.operations.guarded import REASONS, SIGN_INS, Guarded
from monitor.web.operations.probe import Seen

Document = dict[str, Any]

PLAIN = "text/plain; version=0.0.4; charset=utf-8"
UP = "grid_monitor_up"
BUILD = "grid_build_info"
FREE = "grid_disk_free_bytes"
REJECTED = "grid_readings_rejected_total"
TURBINES = "grid_turbines"
SIGN_INS_REFUSED = "grid_sign_ins_refused_total"
REQUESTS_REFUSED = "grid_requests_refused_total"
CERTIFICATE_EXPIRES = "grid_certificate_expires_timestamp_seconds"

OWN: Mapping[str, str] = {
    UP: "1 while a monitor runs on the data and answers.",
    BUILD: "Always 1; the label names the version that serves this.",
    FREE: "Free on the disk of the data.",
    SIGN_INS_REFUSED: "Sign-ins refused: name or password wrong, or not looked at after too many.",
    REQUESTS_REFUSED: "Requests refused for who asked, or how often.",
    CERTIFICATE_EXPIRES: "When a certificate of ours ends, in seconds since 1970.",
}
"""What is told also while the monitor is away."""

FARM: Mapping[str, str] = {
    TURBINES: "Turbines ever heard of, by how they stand; the worst of what holds for each.",
    "grid_turbines_reporting": "Turbines whose newest reading is fresh.",
    "grid_engineers_out": "Engineers who are at a turbine, or on their way.",
    "grid_oldest_wait_seconds": "How long the first in the waiting line waits; 0 when nobody does.",
    "grid_farm_power_watts": "Sum of the mean power of all turbines whose reading is fresh.",
}
"""The farm's totals, as the pages show them."""

VALUES: Mapping[str, Sequence[str]] = {
    REJECTED: tuple(reason.value for reason in DeadLetterReason),
    "grid_orders_total": ("accepted", "refused"),
    "grid_incidents_closed_total": tuple(outcome.value for outcome in IncidentOutcome),
    "grid_windows_total": ("first", "corrected"),
    "grid_outages_total": tuple(turn.value for turn in OutageTurn),
    "grid_findings_total": tuple(kind.value for kind in FindingKind),
    "grid_alarms_total": tuple(turn.value for turn in AlarmTurn),
    "grid_notifications_total": tuple(delivery.value for delivery in Delivery if delivery is not Delivery.WAITING),
}
"""What a label can say is told from the start, at zero: a rate over a series that is born at 1 misses the 1."""

ALIASES: Mapping[str, str] = {
    "mqtt_ingest_total": "The same as grid_readings_received_total.",
    "mqtt_ingest_errors_total": "Messages that could not be taken in: rejected, or dropped for want of room.",
    "validation_errors_total": "Messages rejected for what they contain: the database's own refusals left out.",
}
"""Names that operators of MQTT ingestion know."""


_write_openmetrics: Callable[[CollectorRegistry], bytes] = openmetrics.generate_latest


def exposition(families: Iterator[Metric], monitor_pid: int | None, accept: str) -> tuple[bytes, str]:
    """Write the families, and what the system knows of both processes; returns the text and its media type.

    OpenMetrics 1.0.0 where the header `accept` names it, else Prometheus's text format 0.0.4.
    """
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Families(families))
    ProcessCollector(registry=registry)
    if monitor_pid is not None:
        ProcessCollector(namespace="grid_monitor", pid=lambda: monitor_pid, registry=registry)
    if "application/openmetrics-text" in accept:
        return _write_openmetrics(registry), openmetrics.CONTENT_TYPE_LATEST
    return generate_latest(registry), PLAIN


class _Families(Collector):
    def __init__(self, families: Iterator[Metric]) -> None:
        self._families = families

    def collect(self) -> Iterator[Metric]:
        return self._families


def families(seen: Seen, farm: Document | None, guarded: Guarded, version: str, now: int) -> Iterator[Metric]:
    """Everything that there is to tell. `farm` is the farm of the live message, None where it is not fresh.

    `now` is UTC in microseconds.
    """
    yield GaugeMetricFamily(UP, OWN[UP], float(seen.problem is None))
    build = GaugeMetricFamily(BUILD, OWN[BUILD], labels=["version"])
    build.add_metric([version], 1)
    yield build
    if seen.free_bytes is not None:
        yield GaugeMetricFamily(FREE, OWN[FREE], seen.free_bytes)
    yield from _of_the_guards(guarded)
    if seen.problem is None:
        yield from _of_the_monitor(seen.metrics)
        yield from _of_the_farm((farm or {}).get("totals", {}), now)


def _of_the_guards(guarded: Guarded) -> Iterator[Metric]:
    sign_ins = CounterMetricFamily(SIGN_INS_REFUSED, OWN[SIGN_INS_REFUSED], labels=["reason"])
    for counted, reason in SIGN_INS.items():
        sign_ins.add_metric([reason], guarded.refused.get(counted, 0))
    requests = CounterMetricFamily(REQUESTS_REFUSED, OWN[REQUESTS_REFUSED], labels=["reason"])
    for reason in REASONS:
        requests.add_metric([reason], guarded.refused.get(reason, 0))
    ends = GaugeMetricFamily(CERTIFICATE_EXPIRES, OWN[CERTIFICATE_EXPIRES], labels=["certificate"])
    for name, end in guarded.certificates.items():
        ends.add_metric([name], end / SECOND)
    yield from (sign_ins, requests, ends)


def _of_the_monitor(metrics: Document) -> Iterator[Metric]:
    for name, value in metrics["counters"].items():
        yield CounterMetricFamily(name, COUNTERS.get(name, name), value)
    for name, value in metrics["gauges"].items():
        if name != TURBINES:  # told by standing
            yield GaugeMetricFamily(name, GAUGES.get(name, name), value)
    for name, histogram in metrics["histograms"].items():
        yield _histogram(name, histogram)
    for name, labelled in metrics["by_label"].items():
        family = CounterMetricFamily(name, LABELLED[name][1] if name in LABELLED else name, labels=[labelled["label"]])
        for value, count in (dict.fromkeys(VALUES.get(name, ()), 0) | labelled["values"]).items():
            family.add_metric([value], count)
        yield family
    yield from _aliases(metrics)


def _histogram(name: str, histogram: Document) -> Metric:
    """Prometheus's buckets are cumulative, and the last one has no bound."""
    below, buckets = 0, []
    for bound, count in zip([*histogram["bounds"], "+Inf"], histogram["counts"], strict=True):
        below += count
        buckets.append((str(bound), below))
    help_text = HISTOGRAMS[name][1] if name in HISTOGRAMS else name
    return HistogramMetricFamily(name, help_text, buckets=buckets, sum_value=histogram["sum"])


def _aliases(metrics: Document) -> Iterator[Metric]:
    counters, by_reason = metrics["counters"], metrics["by_label"][REJECTED]["values"]
    rejected = sum(by_reason.values())
    values = (
        counters["grid_readings_received_total"],
        rejected + counters["grid_messages_dropped_total"],
        rejected - by_reason.get(DeadLetterReason.REFUSED_BY_DATABASE, 0),
    )
    for (name, help_text), value in zip(ALIASES.items(), values, strict=True):
        yield CounterMetricFamily(name, help_text, value)


def _of_the_farm(totals: Document, now: int) -> Iterator[Metric]:
    if not totals:  # nothing is known of the farm yet
        return
    turbines = GaugeMetricFamily(TURBINES, FARM[TURBINES], labels=["standing"])
    for standing in Standing:
        turbines.add_metric([standing.value], totals.get("by_standing", {}).get(standing.value, 0))
    yield turbines
    since = totals.get("longest_wait_since")
    values = {
        "grid_turbines_reporting": totals.get("reporting"),
        "grid_engineers_out": totals.get("engineers_out"),
        "grid_oldest_wait_seconds": max(0.0, (now - parse_time(since)) / SECOND) if since else 0.0,
        "grid_farm_power_watts": _in_watts(totals.get("mean_power_in_kw")),
    }
    for name, value in values.items():
        if value is not None:
            yield GaugeMetricFamily(name, FARM[name], value)


def _in_watts(power_in_kw: float | None) -> float | None:
    return None if power_in_kw is None else power_in_kw * 1000
