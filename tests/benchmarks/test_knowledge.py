"""What the comparison with a monitor without knowledge stands on."""

from benchmarks.consumers import distinct_readings
from benchmarks.direct import data_folder, feeder
from benchmarks.knowledge import MEMORY, kilobytes_per_turbine, without_knowledge
from benchmarks.readings import SECOND_SPACING
from monitor.store.reader import LedgerReader


def test_a_monitor_without_knowledge_stores_readings_and_makes_no_windows() -> None:
    with feeder(pinned=False) as broker, data_folder() as folder:
        with broker.monitor(folder, instead=without_knowledge) as program:
            broker.feed(program, 10, turbines=10, seconds_ago=200)
            broker.feed(program, 1_000, turbines=10, spacing=SECOND_SPACING)
        with LedgerReader.open(folder / "grid.db") as reader:
            windows = reader.rows("SELECT count(*) FROM windows")

        assert distinct_readings(folder / "grid.db") == 1_010
        assert windows == [(0,)]


def test_the_deciders_hold_less_than_4_kb_of_a_turbine() -> None:
    assert MEMORY.held_by(kilobytes_per_turbine(turbines=100, readings=150))
