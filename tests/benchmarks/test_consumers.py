"""Each consumer stores what the load sends: only then are their speeds comparable."""

import pytest

from benchmarks.consumers import Consumer, Run, distinct_readings, grid_monitor, last_row, mosquitto_sub, python_peers
from benchmarks.peers.node_red import GATHER, flow
from benchmarks.throughput import BARS, measure, measure_load_alone
from monitor.demo_broker import find_mosquitto

CONSUMERS = [mosquitto_sub(), grid_monitor(), *python_peers()]

pytestmark = pytest.mark.broker


@pytest.fixture(autouse=True)
def _mosquitto() -> None:
    if find_mosquitto() is None:
        pytest.skip("there is no mosquitto on the PATH")


@pytest.mark.parametrize("consumer", CONSUMERS, ids=lambda consumer: consumer.name)
def test_a_consumer_stores_every_reading_that_is_sent(consumer: Consumer) -> None:
    found = measure(consumer, 2_000, turbines=20)

    assert found.missing == 0
    assert found.per_second > 0
    assert found.peak_memory_mb > 1
    assert found.cpu_microseconds > 0


def test_a_given_rate_is_kept() -> None:
    found = measure(grid_monitor(), 600, turbines=20, rate=500)

    assert found.missing == 0
    assert 300 < found.per_second <= 501


def test_the_load_alone_is_heard_to_its_end() -> None:
    assert measure_load_alone(2_000) > 0


def test_a_database_that_is_not_there_yet_has_no_readings(tmp_path_factory: pytest.TempPathFactory) -> None:
    nowhere = tmp_path_factory.mktemp("empty") / "readings.db"

    assert (last_row(nowhere), distinct_readings(nowhere)) == (0, 0)
    assert not nowhere.exists()


def test_every_bar_is_of_a_consumer_that_takes_part() -> None:
    names = {consumer.name for consumer in CONSUMERS}
    installed_elsewhere = {"pymosquitto, batches of 500", "Node-RED, batches of 500"}

    assert BARS.keys() <= names | installed_elsewhere


def test_the_flow_of_node_red_leads_from_the_broker_to_the_database(tmp_path_factory: pytest.TempPathFactory) -> None:
    database = tmp_path_factory.mktemp("flow") / "readings.db"
    nodes = {node["id"]: node for node in flow(1883, database)}

    assert nodes["in"]["wires"] == [["gather"]]
    assert nodes["gather"]["wires"] == [["store"]]
    assert nodes["gather"]["func"] == GATHER.read_text(encoding="utf-8")
    assert nodes[nodes["store"]["mydb"]]["db"] == str(database)
    assert nodes[nodes["in"]["broker"]]["port"] == 1883


def test_the_monitor_is_run_as_its_users_run_it(tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("run")
    program, *options = grid_monitor().command(Run(folder, 1883, 1))

    assert str(program).endswith("grid-monitor")
    assert options[-4:] == ["--data-dir", folder, "--log-format", "lines"]
    assert options[:-4] == ["--broker-host", "127.0.0.1", "--broker-port", "1883", "--http-port", "0"]
