"""Trials of the search for faulty instruments: the simulator's dry run and its truth, fed to the decider."""

import math
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

from grid.metrics import TurbineMetrics
from grid.times import SECOND
from monitor.baselines.baselines import Baselines
from monitor.facts import Finding, Link, Now, Reading, RememberedKnowledge, TurbineRecord
from turbine.dry_run import readings
from turbine.farm import build_turbines
from turbine.faults import Anomaly, Kind
from turbine.life import Life
from turbine.pace import Pace
from turbine.settings import TurbineSettings

STARTED_AT = 1_767_225_600 * SECOND
"""The run second 0: 2026-01-01."""

DEADBANDS = {"wind_speed": 1.5, "power": 20.5, "voltage": 13.8, "current": 17.7, "temperature": 3.0}
"""Of the decider, for an MM92: in m/s, kW, V, A and degrees Celsius. A smaller error is none to it."""
FEWEST_FROZEN = 3

Records = dict[int, TurbineRecord]

_QUANTITY = {"power_output_in_kwh": "power"}


@dataclass(frozen=True, slots=True)
class Trial:
    """A farm, its interval and its faults."""

    turbines: int
    interval: float
    seconds: float
    rate: float
    seed: int


@dataclass(slots=True)
class Episode:
    """A fault as it was made: one wrong value, or a frozen one for some readings."""

    turbine_number: int
    quantity: str
    kind: Kind
    since: int
    until: int
    largest_error: float
    """In the quantity's unit; power in kW."""
    value: float
    readings: int = 1

    def goes_on_with(self, anomaly: Anomaly, interval: float) -> bool:
        """Whether a wrong value is one more of the same frozen ones."""
        same = self.kind is anomaly.kind is Kind.FROZEN and self.value == anomaly.value
        return same and anomaly.emitted_at - self.until < 2.5 * interval * SECOND

    @property
    def is_detectable(self) -> bool:
        """Whether it is an error that anybody would care for: beyond the deadband, or frozen for three readings."""
        if self.kind is Kind.FROZEN:
            return self.readings >= FEWEST_FROZEN
        return self.largest_error > DEADBANDS[self.quantity]

    def is_found_by(self, finding: Finding) -> bool:
        """Whether a finding tells of it: of the same turbine, quantity and kind, at the same time."""
        same = (finding.turbine_number, finding.quantity) == (self.turbine_number, self.quantity)
        until = math.inf if finding.until is None else finding.until
        return same and finding.kind.value == self.kind.value and finding.since <= self.until and until >= self.since


@dataclass(slots=True)
class Outcome:
    """What was made and what was found, after the turbines were learnt."""

    trial: Trial
    episodes: list[Episode] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    earlier: list[Episode] = field(default_factory=list)
    """Faults before the turbine was learnt."""
    learnt_seconds: list[float] = field(default_factory=list)
    """When each turbine was learnt, in run seconds."""
    readings: int = 0
    cpu_seconds: float = 0.0


def heard(
    trial: Trial, tell: Callable[[Anomaly], None] = lambda _: None
) -> tuple[Records, Iterator[tuple[float, Reading]]]:
    """The turbines of a dry run, and their readings with the run seconds in which they come."""
    settings = TurbineSettings(
        count=trial.turbines, upload_interval=trial.interval, time_to_fail=0, anomaly_rate=trial.rate, seed=trial.seed
    )
    lives = build_turbines(settings, seed=trial.seed, run_started_at=STARTED_AT, tell=tell)
    sent = readings(lives, Pace(None), trial.seconds)
    taken = ((due, _reading(reading, STARTED_AT + round(due * SECOND))) for due, reading in sent)
    return {life.turbine_number: _record(life) for life in lives}, taken


def run(trial: Trial) -> Outcome:
    """Feed a dry run to the decider."""
    anomalies: list[Anomaly] = []
    turbines, taken = heard(trial, anomalies.append)
    decider = Baselines(RememberedKnowledge(), now=Now(STARTED_AT, 0.0))
    outcome = Outcome(trial)
    found: dict[int, Finding] = {}
    learnt_at: dict[int, int] = {}
    for due, reading in taken:
        now = Now(reading.received_at, due)
        began = time.process_time()
        changes = decider.take([reading], turbines, now)
        outcome.cpu_seconds += time.process_time() - began
        outcome.readings += 1
        number = reading.turbine_number
        if number not in learnt_at and decider.has_learnt(number):
            learnt_at[number] = reading.emitted_at
        found.update((finding.finding_id, finding) for finding in changes.findings)
    outcome.learnt_seconds = sorted((at - STARTED_AT) / SECOND for at in learnt_at.values())
    outcome.findings = list(found.values())
    for episode in episodes(anomalies, trial.interval):
        learnt = episode.since > learnt_at.get(episode.turbine_number, math.inf)
        (outcome.episodes if learnt else outcome.earlier).append(episode)
    return outcome


def episodes(anomalies: Iterable[Anomaly], interval: float) -> list[Episode]:
    """The faults that the wrong values make up: a frozen value is one, however many readings it spoils."""
    made: list[Episode] = []
    last: dict[tuple[int, str], Episode] = {}
    for anomaly in anomalies:
        quantity = _QUANTITY.get(anomaly.quantity, anomaly.quantity)
        error = abs(anomaly.value - anomaly.true_value) * (3600 / interval if quantity == "power" else 1)
        before = last.get((anomaly.turbine_number, quantity))
        if before is not None and before.goes_on_with(anomaly, interval):
            before.until = anomaly.emitted_at
            before.readings += 1
            before.largest_error = max(before.largest_error, error)
            continue
        at = anomaly.emitted_at
        episode = Episode(anomaly.turbine_number, quantity, anomaly.kind, at, at, error, anomaly.value)
        last[anomaly.turbine_number, quantity] = episode
        made.append(episode)
    return made


def _record(life: Life) -> TurbineRecord:
    plate = life.nameplate
    return TurbineRecord(
        life.turbine_number,
        STARTED_AT,
        link=Link.ONLINE,
        model=plate.model,
        rated_power_in_kw=plate.rated_power_in_kw,
        region=plate.region,
        latitude=plate.latitude,
        longitude=plate.longitude,
    )


def _reading(metrics: TurbineMetrics, received_at: int) -> Reading:
    return Reading(
        metrics.turbine_number,
        metrics.emitted_at or received_at,
        metrics.wind_speed,
        metrics.power_output_in_kwh,
        metrics.operational_status,
        metrics.voltage,
        metrics.current,
        metrics.temperature,
        metrics.session,
        metrics.sequence,
        received_at,
    )
