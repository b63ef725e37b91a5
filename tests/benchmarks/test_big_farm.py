"""The made-up farm speaks as the running monitor does: what is measured with it holds for a real one."""

from benchmarks.big_farm import CHANGING_EVERY, BigFarm
from monitor.console.known import farm_view
from monitor.live.documents import READING_COLUMNS, read_row, view_document
from monitor.live.mirror import Mirror

TURBINES = 1000
STARTED = 1_790_000_000_000_000


def farm() -> BigFarm:
    return BigFarm(TURBINES, started=STARTED)


def test_the_snapshot_has_every_turbine_as_a_row() -> None:
    told = farm().snapshot()

    rows = [read_row(row) for row in told["turbines"]]
    assert sorted(row.turbine_number for row in rows) == list(range(1, TURBINES + 1))
    assert {row.standing.value for row in rows} == {"ok", "offline"}


def test_every_turbine_has_something_new_every_second() -> None:
    told = farm().next_delta()

    rows = [read_row(row).turbine_number for row in told["turbines"]]
    columns = told["readings"]
    assert tuple(columns) == READING_COLUMNS
    assert {len(column) for column in columns.values()} == {TURBINES - len(rows)}
    assert len(rows) == 2 * TURBINES // CHANGING_EVERY  # those that are lost, and those that are back
    assert sorted([*rows, *columns["turbine_number"]]) == list(range(1, TURBINES + 1))


def test_a_second_changes_what_is_told() -> None:
    made_up = farm()

    first, second = made_up.next_delta(), made_up.next_delta()

    assert first["at"] < second["at"]
    assert first["readings"]["wind_speed"] != second["readings"]["wind_speed"]


def test_who_follows_knows_what_a_newcomer_is_told() -> None:
    made_up, mirror = farm(), Mirror()
    mirror.apply(made_up.snapshot())
    for _ in range(20):
        mirror.apply(made_up.next_delta())

    newcomer = Mirror()
    newcomer.apply(made_up.snapshot())
    assert {number: row["standing"] for number, row in mirror.turbines.items()} == {
        number: row["standing"] for number, row in newcomer.turbines.items()
    }


def test_the_farm_is_told_as_a_monitor_tells_it() -> None:
    told = farm().snapshot()["farm"]
    real = view_document(farm_view(STARTED, [], [], [], [], engineers=3))["farm"]

    assert told.keys() <= real.keys()
    assert told["totals"].keys() == real["totals"].keys()
    assert sum(told["totals"]["by_standing"].values()) == TURBINES
