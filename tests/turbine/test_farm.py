"""The simulated farm: the same seed gives the same run, whatever else differs."""

from collections.abc import Sequence

import pytest

from grid.metrics import TurbineMetrics
from grid.status import Presence, TurbineStatus
from turbine.dry_run import in_order, readings
from turbine.farm import build_turbines, nameplate, new_session
from turbine.faults import Anomaly
from turbine.life import Life
from turbine.pace import Pace
from turbine.settings import TurbineSettings, WindKind
from turbine.turbine import WindTurbine

START = 1_800_000_000_000_000
AT_ONCE = Pace(None)


def ignore(anomaly: Anomaly) -> None:
    """Nobody asks for the truth here."""


def make_farm(*, seed: int = 1, run_started_at: int = START, **settings: object) -> list[WindTurbine]:
    made = TurbineSettings.model_validate(settings)
    return build_turbines(made, seed=seed, run_started_at=run_started_at, tell=ignore)


def measured(reading: TurbineMetrics) -> tuple[object, ...]:
    """A reading without its time and session, which every start has for itself."""
    return tuple(reading.model_dump(exclude={"emitted_at", "session"}).values())


def run(farm: Sequence[Life], seconds: float = 60.0) -> list[TurbineMetrics]:
    return [reading for _, reading in readings(farm, AT_ONCE, seconds)]


def test_the_same_seed_gives_the_same_run_at_another_time() -> None:
    first = run(make_farm(count=3, anomaly_rate=0.1))
    second = run(make_farm(count=3, anomaly_rate=0.1, run_started_at=START + 12_345_678_901))
    assert len(first) == 180
    assert [measured(reading) for reading in first] == [measured(reading) for reading in second]
    assert [measured(reading) for reading in run(make_farm(seed=2, count=3))] != [measured(one) for one in first]


def test_a_turbines_run_does_not_depend_on_how_many_others_there_are() -> None:
    alone = run(make_farm(first_number=5, anomaly_rate=0.1))
    among_others = [reading for reading in run(make_farm(count=9, anomaly_rate=0.1)) if reading.turbine_number == 5]
    assert [measured(reading) for reading in alone] == [measured(reading) for reading in among_others]


def test_a_turbines_run_does_not_depend_on_when_its_readings_are_taken() -> None:
    in_turn = run(make_farm(count=2))
    one_after_another = [life.produce_metrics() for life in make_farm(count=2) for _ in range(60)]
    by_turbine = sorted(in_turn, key=lambda reading: (reading.turbine_number, reading.sequence))
    assert [measured(reading) for reading in by_turbine] == [measured(reading) for reading in one_after_another]


def test_a_duration_has_as_many_readings_as_intervals() -> None:
    assert len(run(make_farm(count=4, upload_interval=0.5), seconds=10)) == 80


def test_readings_come_in_the_order_of_their_times() -> None:
    times = [reading.emitted_at for reading in run(make_farm(count=20))]
    assert times == sorted(times, key=lambda time: time or 0)


def test_turbines_have_phases_of_their_own() -> None:
    assert len({life.next_due() for life in make_farm(count=50)}) == 50
    assert all(0 <= life.next_due() < 1 for life in make_farm(count=50))


def test_a_life_that_is_over_leaves_the_order() -> None:
    (reading,) = make_farm(count=1)
    assert [due for due, _ in in_order([reading], until=reading.next_due())] == []


def test_every_turbine_tells_who_it_is_in_its_birth() -> None:
    farm = make_farm(count=4, first_number=100)
    for life in farm:
        plate = life.nameplate
        birth = TurbineStatus(
            status=Presence.ONLINE,
            session=life.session,
            model=plate.model,
            rated_power_in_kw=plate.rated_power_in_kw,
            region=plate.region,
            latitude=plate.latitude,
            longitude=plate.longitude,
            serial=plate.serial,
        )
        assert birth.model == "MM92"
    assert [life.nameplate.region for life in farm] == ["north", "south", "north", "south"]
    assert len({life.nameplate.serial for life in farm}) == 4


def test_regions_are_as_the_settings_name_them() -> None:
    assert [life.nameplate.region for life in make_farm(count=3, region="a, b,c")] == ["a", "b", "c"]
    assert make_farm(count=1, region="")[0].nameplate.region is None


def test_every_turbine_has_a_place_of_its_own_on_earth() -> None:
    plates = [nameplate(["a"], place + 1, place) for place in range(100_000)]
    places = {(plate.latitude, plate.longitude) for plate in plates}
    assert len(places) == 100_000
    assert max(latitude or 0 for latitude, _ in places) < 60


def test_a_session_is_the_time_of_the_start_and_a_random_part() -> None:
    one, other = new_session(START), new_session(START)
    assert one.partition("-")[0] == "1800000000000"
    assert one != other
    assert len(one) <= 32


def test_static_wind_gives_the_four_values_of_a_plain_turbine() -> None:
    for reading in run(make_farm(wind=WindKind.STATIC), seconds=40):
        assert (reading.wind_speed, reading.power_output_in_kwh) == (100.0, 3000.0)
        assert reading.voltage is reading.current is reading.temperature is None


@pytest.mark.parametrize("wind", list(WindKind))
def test_the_anomaly_rate_holds_over_a_farm(wind: WindKind) -> None:
    told: list[Anomaly] = []
    settings = TurbineSettings.model_validate({"count": 20, "wind": wind, "anomaly_rate": 0.05})
    farm = build_turbines(settings, seed=1, run_started_at=START, tell=told.append)
    sent = run(farm, seconds=300)
    assert len(told) / len(sent) == pytest.approx(0.05, rel=0.25)
