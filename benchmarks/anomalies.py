"""How well faulty instruments are found: precision and recall, false findings, and how long learning takes."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from benchmarks.anomaly_trials import Outcome, Trial, run
from benchmarks.table import Bar, Table, figure, median

PRECISION = Bar(0.9, at_least=True)
RECALL = Bar(0.8, at_least=True)

RATE = 0.01
SEEDS = (5501, 5502)
"""Others than those by which the decider was made."""
_TURBINES = 20
_SECONDS = {1.0: 7200.0, 5.0: 36_000.0, 600.0: 30 * 86_400.0}
"""For how long, by interval: about as many readings each."""
_DAY = 86_400.0

Key = tuple[str, str]


@dataclass(slots=True)
class Score:
    """Of one quantity and kind of fault, or of all."""

    made: int = 0
    detectable: int = 0
    found: int = 0
    detectable_found: int = 0
    findings: int = 0
    true: int = 0

    @property
    def recall(self) -> float:
        """The share of the detectable faults that were found."""
        return self.detectable_found / self.detectable if self.detectable else float("nan")

    @property
    def recall_of_all(self) -> float:
        """The share of all faults that were found, however small."""
        return self.found / self.made if self.made else float("nan")

    @property
    def precision(self) -> float:
        """The share of the findings that tell of a fault that was made."""
        return self.true / self.findings if self.findings else float("nan")


def anomalies(*, quick: bool, say: Callable[[str], None]) -> Iterator[Table]:
    """A table for each interval, and one for farms whose instruments are all well."""
    sound = Table("Farms without any fault", ("interval", "turbine-days", "findings", "per turbine-day", "s to learn"))
    seeds, turbines = (SEEDS[:1], _TURBINES // 4) if quick else (SEEDS, _TURBINES)
    for interval, seconds in _SECONDS.items():
        say(f"anomalies: {turbines} turbines, a reading every {figure(interval)} s, {figure(RATE * 100)} % wrong ...")
        trials = [Trial(turbines, interval, seconds, RATE, seed) for seed in seeds]
        yield _table(interval, [run(trial) for trial in trials])
        _add_sound(sound, interval, [run(replace(trial, rate=0.0)) for trial in trials])
    yield sound


def scores(outcomes: Sequence[Outcome]) -> dict[Key, Score]:
    """Faults and findings compared, by quantity and kind."""
    by_key: dict[Key, Score] = {}
    for outcome in outcomes:
        for episode in outcome.episodes:
            score = by_key.setdefault((episode.quantity, episode.kind.value), Score())
            is_found = any(map(episode.is_found_by, outcome.findings))
            score.made += 1
            score.found += is_found
            score.detectable += episode.is_detectable
            score.detectable_found += episode.is_detectable and is_found
        made = [*outcome.earlier, *outcome.episodes]
        for finding in outcome.findings:
            score = by_key.setdefault((finding.quantity, finding.kind.value), Score())
            score.findings += 1
            score.true += any(episode.is_found_by(finding) for episode in made)
    return by_key


def total(by_key: dict[Key, Score]) -> Score:
    """All of them together."""
    names = ("made", "detectable", "found", "detectable_found", "findings", "true")
    sums = Counter({name: sum(getattr(score, name) for score in by_key.values()) for name in names})
    return Score(**{name: sums[name] for name in names})


def _table(interval: float, outcomes: Sequence[Outcome]) -> Table:
    by_key = scores(outcomes)
    whole = total(by_key)
    columns = ("quantity", "fault", "made", "detectable", "recall", "recall of all", "findings", "precision")
    table = Table(f"Wrong values, a reading every {figure(interval)} s", columns)
    for (quantity, kind), score in sorted(by_key.items()):
        table.add(quantity.replace("_", " "), kind, *_cells(score))
    table.add("all", "", *_cells(whole))
    readings = sum(outcome.readings for outcome in outcomes)
    cost = sum(outcome.cpu_seconds for outcome in outcomes) / readings * 1e6
    table.notes.append(
        f"Precision {table.judge(PRECISION, whole.precision)}, recall {table.judge(RECALL, whole.recall)}. "
        f"{figure(cost)} us a reading, one by one."
    )
    return table


def _cells(score: Score) -> list[str]:
    shares = (score.recall, score.recall_of_all)
    return [
        f"{score.made:,}",
        f"{score.detectable:,}",
        *map(figure, shares),
        f"{score.findings:,}",
        figure(score.precision),
    ]


def _add_sound(table: Table, interval: float, outcomes: Sequence[Outcome]) -> None:
    days = sum(outcome.trial.turbines * outcome.trial.seconds / _DAY for outcome in outcomes)
    found = sum(len(outcome.findings) for outcome in outcomes)
    learnt = [seconds for outcome in outcomes for seconds in outcome.learnt_seconds]
    longest = f"{figure(median(learnt))}, the last {figure(max(learnt, default=float('nan')))}"
    table.add(f"{figure(interval)} s", figure(days), str(found), figure(found / days), longest)
