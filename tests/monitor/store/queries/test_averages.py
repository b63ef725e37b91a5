from collections.abc import Callable, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grid.metrics import OperationalStatus
from grid.times import SECOND
from monitor.facts import Changes, Reading
from monitor.store.queries import averages as module
from monitor.store.queries.averages import Average, averages, whole_buckets
from monitor.store.reader import LedgerReader

Stored = Callable[[Changes], LedgerReader]
Make = Callable[..., Reading]
BROKEN = OperationalStatus.BROKEN


def ask(reader: LedgerReader, noon: int, seconds: float, width_seconds: int, **options: bool) -> list[Average]:
    over = whole_buckets(noon, noon + round(seconds * SECOND), width_seconds * SECOND)
    return averages(reader, 7, over, **options).buckets


def test_a_bucket_sums_up_its_readings(stored: Stored, reading: Make, noon: int) -> None:
    winds = [(0, 4.0, 1.0), (1, 6.0, 2.0), (2, 8.0, 3.0), (3, 10.0, 6.0)]
    readings = [
        reading(
            7, second, wind_speed=wind, power_output_in_kwh=energy, operational_status=BROKEN if second == 3 else "ok"
        )
        for second, wind, energy in winds
    ]
    (bucket,) = ask(stored(Changes(readings=[*readings, reading(8)])), noon, 4, 60)
    assert bucket == Average(
        start=noon,
        readings=4,
        wind_speed_mean=7.0,
        wind_speed_min=4.0,
        wind_speed_max=10.0,
        energy_in_kwh=12.0,
        mean_power_in_kw=3.0 * 3600,
        broken=0.25,
    )


def test_broken_readings_are_left_out_where_they_do_not_count(stored: Stored, reading: Make, noon: int) -> None:
    readings = [reading(second=0), reading(second=1, power_output_in_kwh=0.0, operational_status=BROKEN)]
    (bucket,) = ask(stored(Changes(readings=readings)), noon, 2, 60, broken_too=False)
    assert (bucket.readings, bucket.energy_in_kwh, bucket.broken) == (1, 2.25, 0.0)


def test_buckets_lie_where_they_lay_whenever_the_question_is_asked(noon: int) -> None:
    width = 60 * SECOND
    assert whole_buckets(noon + 1, noon + width + 1, width) == whole_buckets(noon + 5, noon + width + 9, width)
    assert whole_buckets(noon, noon + width, width).until == noon + width


@pytest.mark.parametrize("sampled", [False, True])
@pytest.mark.parametrize(
    "seconds",
    [
        range(600),
        [*range(100), *range(400, 600)],
        [second for second in range(600) if second % 3],
        [second for second in range(600) if second % 5 < 3],
    ],
    ids=["without a gap", "with a gap of 5 minutes", "with every third lost", "with two of five lost"],
)
def test_neither_a_gap_nor_lost_readings_look_like_low_power(
    stored: Stored, reading: Make, noon: int, monkeypatch: pytest.MonkeyPatch, seconds: Sequence[int], sampled: bool
) -> None:
    if sampled:
        monkeypatch.setattr(module, "MOST_READ", 100)
    readings = [reading(second=second, power_output_in_kwh=0.5) for second in seconds]
    buckets = ask(stored(Changes(readings=readings)), noon, 600, 150)
    assert {bucket.mean_power_in_kw for bucket in buckets} == {1800.0}


def test_a_bucket_without_readings_is_left_out(stored: Stored, reading: Make, noon: int) -> None:
    buckets = ask(stored(Changes(readings=[reading(second=0), reading(second=130)])), noon, 180, 60)
    assert [(bucket.start - noon) // SECOND for bucket in buckets] == [0, 120]


def test_a_reading_alone_has_no_power(stored: Stored, reading: Make, noon: int) -> None:
    """Its energy is known, not the time that it took."""
    (bucket,) = ask(stored(Changes(readings=[reading()])), noon, 60, 60)
    assert bucket.mean_power_in_kw is None
    assert bucket.energy_in_kwh == 2.25


def test_history_of_ten_minutes_beside_readings_of_every_second_keeps_its_power(
    stored: Stored, reading: Make, noon: int
) -> None:
    history = [reading(second=second, power_output_in_kwh=100.0) for second in range(0, 7200, 600)]
    live = [reading(second=second, power_output_in_kwh=0.5) for second in range(18_000, 18_100)]
    buckets = ask(stored(Changes(readings=history + live)), noon, 18_600, 600)
    assert [bucket.mean_power_in_kw for bucket in buckets] == [600.0] * 12 + [1800.0]


def test_a_sample_stands_for_all_and_says_so(
    stored: Stored, reading: Make, noon: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    readings = [reading(second=second, wind_speed=8 + second % 5, power_output_in_kwh=0.5) for second in range(6000)]
    reader = stored(Changes(readings=readings))
    over = whole_buckets(noon, noon + 6000 * SECOND, 600 * SECOND)
    exact = averages(reader, 7, over)
    monkeypatch.setattr(module, "MOST_READ", 5999)
    sampled = averages(reader, 7, over)
    assert (exact.sampled, sampled.sampled) == (False, True)
    for one, other in zip(exact.buckets, sampled.buckets, strict=True):
        assert (other.start, other.readings, other.energy_in_kwh) == (one.start, one.readings, one.energy_in_kwh)
        assert other.mean_power_in_kw == one.mean_power_in_kw
        assert one.wind_speed_min <= other.wind_speed_min <= other.wind_speed_max <= one.wind_speed_max


def test_a_sample_ends_where_the_range_ends(
    stored: Stored, reading: Make, noon: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A bucket of 10 s has no 30 steps of whole microseconds: the last step would reach beyond it."""
    monkeypatch.setattr(module, "MOST_READ", 10)
    readings = [reading(second=second) for second in [*range(0, 20, 1), 20.000001]]
    assert [bucket.start for bucket in ask(stored(Changes(readings=readings)), noon, 20, 10)] == [
        noon,
        noon + 10 * SECOND,
    ]


@given(
    first=st.integers(min_value=0, max_value=10**12),
    span=st.integers(min_value=1, max_value=10**12),
    seconds=st.integers(min_value=1, max_value=10**6),
)
def test_a_range_is_widened_by_less_than_a_bucket_on_each_side(first: int, span: int, seconds: int) -> None:
    width = seconds * SECOND
    over = whole_buckets(first, first + span, width)
    assert over.since <= first < over.since + width
    assert over.until - width < first + span <= over.until
    assert over.since % width == over.until % width == 0
