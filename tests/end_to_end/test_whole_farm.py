"""Both programs together: what was emitted is in the database and in the text files, once."""

import json
import os
import shutil
import signal
import time
from pathlib import Path
from typing import Any

import psutil
import pytest
from programs import Farm, Program, wait_for

from grid.times import parse_time
from monitor.demo_broker import LocalMosquitto
from monitor.facts import IncidentOutcome, Link, LinkReason, Release, VisitState
from monitor.store.errors import StoreError
from monitor.store.reader import LedgerReader

QUICK_LIFE = ("--upload-interval", "0.2", "--time-to-fail", "3", "--time-to-repair", "0.5", "--seed", "1")


def emitted(path: Path) -> list[tuple[int, int]]:
    """What the turbines say that they emitted: turbine and time."""
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    return sorted((line["turbine_number"], parse_time(line["emitted_at"])) for line in lines)


def stored(farm: Farm, count: int) -> list[tuple[int, int]]:
    """What the database has of turbines 1 to count."""
    try:
        with LedgerReader.open(farm.data_dir / "grid.db") as reader:
            rows = [row for number in range(1, count + 1) for row in reader.readings(number, newest=10**6)]
    except StoreError:
        return []
    return sorted((row.turbine_number, row.emitted_at) for row in rows)


def written(farm: Farm, count: int) -> list[tuple[int, int]]:
    """What the text files have of turbines 1 to count."""
    lines = [line for number in range(1, count + 1) for line in farm.text_lines(number)]
    return sorted((line["turbine_number"], parse_time(line["emitted_at"])) for line in lines)


def assert_nothing_is_lost_or_doubled(farm: Farm, truth: Path, count: int) -> None:
    sent = emitted(truth)
    assert sent
    assert len(set(sent)) == len(sent)
    wait_for(lambda: len(stored(farm, count)) >= len(sent), f"{len(sent)} readings are stored")
    assert stored(farm, count) == sent
    wait_for(lambda: len(written(farm, count)) >= len(sent), f"{len(sent)} readings are in the text files")
    assert written(farm, count) == sent
    books = farm.read("books")
    assert books["received"] == books["stored"] + books.get("duplicate", 0) + books.get("rejected", 0)
    assert books.get("rejected", 0) == 0


def test_six_turbines_break_and_are_repaired(farm: Farm) -> None:
    farm.monitor()
    truth = farm.folder / "emitted.jsonl"
    turbines = farm.start("grid-turbines", "--count", "6", *QUICK_LIFE, "--emitted", truth, "--duration", "10")
    assert turbines.wait() == 0, turbines.output
    assert_nothing_is_lost_or_doubled(farm, truth, 6)
    repaired = [incident for incident in farm.read("incidents") if incident.outcome is IncidentOutcome.REPAIRED]
    assert len(repaired) >= 3
    visits = farm.read("visits")
    assert any(visit.state is VisitState.VERIFIED and visit.accepted_at and visit.done_at for visit in visits)
    wait_for(lambda: {turbine.link for turbine in farm.read("turbines")} == {Link.OFFLINE}, "all said goodbye")
    assert {turbine.link_reason for turbine in farm.read("turbines")} == {LinkReason.STOPPED}


def test_a_turbine_that_is_killed_is_offline_by_its_will_and_comes_back(farm: Farm) -> None:
    farm.monitor()
    options = ("--first-number", "5", "--upload-interval", "0.2", "--time-to-fail", "9999")
    with farm.start("grid-turbines", *options) as turbine:
        wait_for(lambda: link_of(farm, 5) is Link.ONLINE, "turbine 5 is online")
        turbine.end(signal.SIGKILL)
    wait_for(lambda: link_of(farm, 5) is Link.OFFLINE, "its will arrives")
    assert farm.read("turbine", turbine_number=5).link_reason is LinkReason.LOST
    farm.start("grid-turbines", *options)
    wait_for(lambda: link_of(farm, 5) is Link.ONLINE, "turbine 5 is back")
    time.sleep(6)  # longer than the will's delay: no late word of the dead session may count
    assert link_of(farm, 5) is Link.ONLINE


def link_of(farm: Farm, turbine_number: int) -> Link | None:
    turbine = farm.read("turbine", turbine_number=turbine_number)
    return turbine.link if turbine else None


def test_a_broken_turbine_that_is_killed_gives_its_engineer_back(farm: Farm) -> None:
    farm.monitor("--engineers", "1")
    slow = ("--upload-interval", "0.2", "--time-to-fail", "0.5", "--time-to-repair", "9999")
    turbine = farm.start("grid-turbines", "--first-number", "5", *slow)
    wait_for(lambda: farm.read("visits", open_only=True), "an engineer is at turbine 5")
    farm.report(9, "broken")
    turbine.end(signal.SIGKILL)
    wait_for(lambda: [visit.turbine_number for visit in farm.read("visits", open_only=True)] == [9], "it goes to 9")
    assert farm.read("visits", turbine_number=5)[0].release is Release.OFFLINE


def test_a_monitor_killed_in_the_middle_of_a_visit_sends_the_same_order_again(farm: Farm) -> None:
    monitor = farm.monitor("--engineers", "1")
    orders = farm.hear("grid/turbines/7/repair")
    farm.report(7, "broken")
    wait_for(orders.commands, "an engineer is sent")
    monitor.end(signal.SIGKILL)
    farm.report(8, "broken")
    farm.monitor("--engineers", "1")
    farm.report(7, "broken")
    wait_for(lambda: len(orders.commands()) >= 2, "the order is sent again")
    assert len({order["dispatch_id"] for order in orders.commands()}) == 1
    wait_for(lambda: len(farm.read("incidents", open_only=True)) == 2, "turbine 8's reading was not lost")
    assert [visit.turbine_number for visit in farm.read("visits", open_only=True)] == [7]
    farm.report(7, "ok")
    wait_for(lambda: [visit.turbine_number for visit in farm.read("visits", open_only=True)] == [8], "then turbine 8")


@pytest.mark.slow
def test_kills_of_the_monitor_lose_nothing_and_double_nothing(farm: Farm) -> None:
    truth = farm.folder / "emitted.jsonl"
    monitor = farm.monitor()
    load = ("--count", "6", "--upload-interval", "0.02", "--time-to-fail", "2", "--seed", "3")
    turbines = farm.start("grid-turbines", *load, "--emitted", truth, "--duration", "10")
    for _ in range(4):
        time.sleep(1.5)
        monitor.end(signal.SIGKILL)
        monitor = farm.monitor()
    assert turbines.wait() == 0, turbines.output
    assert_nothing_is_lost_or_doubled(farm, truth, 6)
    assert farm.read("invariants") == []


def test_a_stop_under_load_is_in_time_and_loses_nothing(farm: Farm) -> None:
    truth = farm.folder / "emitted.jsonl"
    monitor = farm.monitor()
    turbines = farm.start(
        "grid-turbines", "--count", "20", "--upload-interval", "0.02", "--emitted", truth, "--duration", "6"
    )
    wait_for(lambda: farm.read("books"), "readings arrive")
    time.sleep(1.0)
    started = time.monotonic()
    assert monitor.end(signal.SIGTERM) == 0, monitor.output
    assert time.monotonic() - started < 5.0
    assert turbines.wait() == 0, turbines.output
    farm.monitor()
    assert_nothing_is_lost_or_doubled(farm, truth, 20)


def test_the_broker_goes_and_comes_back_and_nobody_is_given_up(farm: Farm, broker: LocalMosquitto) -> None:
    farm.monitor("--engineers", "1")
    farm.report(7, "broken")
    wait_for(lambda: farm.read("visits", open_only=True), "an engineer is at turbine 7")
    broker.kill()
    wait_for(lambda: farm.health().get("connected") is False, "the monitor notices")
    wait_for(lambda: link_of(farm, 7) is Link.UNKNOWN, "the link is unknown, not offline")
    assert len(farm.read("visits", open_only=True)) == 1
    broker.start()
    wait_for(lambda: farm.health().get("connected"), "the monitor is connected again")
    farm.report(7, "ok")
    wait_for(lambda: not farm.read("visits", open_only=True), "the visit is verified")
    [visit] = farm.read("visits")
    assert visit.state is VisitState.VERIFIED


def test_a_second_monitor_on_the_same_data_refuses_to_start(farm: Farm) -> None:
    first = farm.monitor()
    second = farm.start("grid-monitor", "--data-dir", farm.data_dir)
    assert second.wait() == 1
    assert one_line(second)
    assert f"process {first.process.pid}" in second.output


def test_a_second_monitor_on_the_same_broker_refuses_to_start(farm: Farm) -> None:
    first = farm.monitor()
    second = farm.start("grid-monitor", "--data-dir", farm.folder / "other")
    assert second.wait() == 1
    assert "another monitor works on the broker" in second.output
    assert farm.health(first)["connected"]


def one_line(program: Program) -> bool:
    return len([line for line in program.output.splitlines() if line.startswith("grid-monitor: ")]) == 1


def test_a_monitor_without_a_broker_waits_and_says_so(farm: Farm, broker: LocalMosquitto) -> None:
    broker.stop()
    monitor = farm.start("grid-monitor", "--data-dir", farm.data_dir)
    wait_for(lambda: f"waiting for a broker at {farm.host}:{farm.port}" in monitor.output, "it says so")
    broker.start()
    wait_for(lambda: farm.health(monitor).get("connected"), "it comes back by itself")
    broker.stop()
    assert monitor.end() == 0, monitor.output


def test_ctrl_c_ends_the_monitor_with_130(farm: Farm) -> None:
    assert farm.monitor().end(signal.SIGINT) == 130


def test_lines_and_json_tell_the_story_where_there_is_no_terminal(farm: Farm) -> None:
    monitor = farm.monitor("--log-format", "json")
    farm.report(7, "broken")
    wait_for(lambda: "engineer_dispatched" in monitor.output, "the dispatch is told")
    told = [json.loads(line) for line in monitor.output.splitlines()]
    assert {"incident_opened", "engineer_dispatched"} <= {line["action"] for line in told}


def test_the_monitors_own_status_is_retained_and_its_will_says_lost(farm: Farm) -> None:
    monitor = farm.monitor()
    statuses = farm.hear("grid/monitor/status")
    wait_for(lambda: statuses.heard, "the birth is retained")
    assert json.loads(statuses.heard[-1][1])["status"] == "online"
    monitor.end(signal.SIGKILL)
    wait_for(lambda: json.loads(statuses.heard[-1][1])["status"] == "offline", "the will arrives")
    assert json.loads(statuses.heard[-1][1])["reason"] == "lost"


def test_a_locked_database_makes_the_monitor_wait_and_lose_nothing(farm: Farm) -> None:
    import sqlite3

    monitor = farm.monitor()
    farm.report(7, "ok")
    wait_for(lambda: farm.read("readings", turbine_number=7), "the first reading is stored")
    other = sqlite3.connect(farm.data_dir / "grid.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    farm.report(7, "broken")
    wait_for(lambda: farm.health(monitor).get("store_error"), "the monitor says that it can't store")
    assert "locked" in farm.health(monitor)["store_error"]
    assert farm.run("doctor", *farm.at_broker).returncode == 3
    other.execute("ROLLBACK")
    other.close()
    wait_for(lambda: len(farm.read("readings", turbine_number=7)) == 2, "the reading is stored")
    wait_for(lambda: farm.read("visits"), "the engineer is sent")
    assert farm.health(monitor)["store_error"] is None


def test_a_database_that_is_none_is_refused_in_words(farm: Farm) -> None:
    farm.data_dir.mkdir()
    (farm.data_dir / "grid.db").write_bytes(b"this is no database " * 1000)
    monitor = farm.start("grid-monitor", "--data-dir", farm.data_dir)
    assert monitor.wait() == 1
    assert "Traceback" not in monitor.output
    assert "no database" in monitor.output


def test_the_kelmarsh_day_is_replayed_into_the_database_once(farm: Farm, shared_data: Path) -> None:
    farm.monitor()
    replay = shared_data / "kelmarsh" / "kelmarsh_2021-01-01_6_turbines.csv"
    program = farm.start("grid-turbines", "--replay", replay, "--preset", "kelmarsh", "--speed", "max")
    assert program.wait() == 0, program.output
    wait_for(lambda: len(stored(farm, 6)) == 859, "859 complete rows are stored")
    assert len(written(farm, 6)) == 859
    energy: dict[int, float] = {}
    for number in range(1, 7):
        rows: list[Any] = farm.read("readings", turbine_number=number, newest=1000)
        energy[number] = round(sum(row.power_output_in_kwh for row in rows), 1)
    assert energy == {1: 4264.8, 2: 4678.2, 3: 11421.3, 4: 2333.2, 5: 4470.4, 6: 9393.7}
    again = farm.start("grid-turbines", "--replay", replay, "--preset", "kelmarsh", "--speed", "max")
    assert again.wait() == 0
    wait_for(lambda: farm.read("books").get("duplicate") == 859, "a second replay is recognised")
    assert len(stored(farm, 6)) == 859
    shutil.rmtree(farm.data_dir / "turbines", ignore_errors=False)


def test_an_orderly_stop_of_the_broker_calls_no_engineer_back(farm: Farm, broker: LocalMosquitto) -> None:
    """While it goes down Mosquitto publishes the wills of its clients, and keeps them for its return."""
    monitor = farm.monitor()
    life = ("--upload-interval", "0.2", "--time-to-fail", "1", "--time-to-repair", "9999", "--seed", "1")
    farm.start("grid-turbines", "--count", "3", *life)
    wait_for(lambda: len(accepted(farm)) == 3, "an engineer is at each turbine")
    before = accepted(farm)
    for _ in range(2):
        broker.stop()
        wait_for(lambda: farm.health().get("connected") is False, "the monitor notices")
        broker.start()
        wait_for(lambda: all(link_of(farm, number) is Link.ONLINE for number in (1, 2, 3)), "all are back")
    time.sleep(1)
    assert accepted(farm) == before, monitor.output


def accepted(farm: Farm) -> set[str]:
    visits = farm.read("visits", open_only=True)
    return {visit.dispatch_id for visit in visits if visit.state is VisitState.ACCEPTED}


def test_a_monitor_that_slept_while_another_took_over_ends_when_it_wakes(farm: Farm) -> None:
    sleeper = farm.monitor()
    statuses = farm.hear("grid/monitor/status")
    sleeper.process.send_signal(signal.SIGSTOP)
    wait_for(lambda: '"offline"' in statuses.heard[-1][1], "its will arrives", seconds=60)
    second = farm.start("grid-monitor", "--data-dir", farm.folder / "other")
    wait_for(lambda: '"online"' in statuses.heard[-1][1], "the second works")
    sleeper.process.send_signal(signal.SIGCONT)
    assert sleeper.wait() == 1
    assert "another monitor works on the broker" in sleeper.output
    time.sleep(1)
    assert '"online"' in statuses.heard[-1][1]
    assert second.end() == 0


def test_a_turbine_that_takes_over_from_its_former_self_is_never_offline(farm: Farm) -> None:
    farm.monitor()
    statuses = farm.hear("grid/turbines/5/status")
    options = ("--first-number", "5", "--upload-interval", "0.2", "--time-to-fail", "0")
    former = farm.start("grid-turbines", *options)
    wait_for(lambda: link_of(farm, 5) is Link.ONLINE, "turbine 5 is online")
    session = farm.read("turbine", turbine_number=5).session
    former.process.send_signal(signal.SIGSTOP)  # its connection stands, half open
    farm.start("grid-turbines", *options)
    wait_for(lambda: farm.read("turbine", turbine_number=5).session != session, "its successor is believed")
    former.end(signal.SIGKILL)
    time.sleep(7)  # longer than the will's delay
    assert link_of(farm, 5) is Link.ONLINE
    assert statuses.heard
    assert not [event for event in farm.read("events", turbine_number=5) if "offline" in event.sentence]


@pytest.mark.slow
def test_a_thousand_turbines_lose_nothing_and_cost_little_memory(farm: Farm) -> None:
    """Twenty seconds of it, or as many as GRID_TEST_LOAD_SECONDS says."""
    seconds = os.environ.get("GRID_TEST_LOAD_SECONDS", "20")
    farm.entrance.admit(*range(1, 1001))
    monitor = farm.monitor("--log-format", "json")
    truth = farm.folder / "emitted.jsonl"
    options = ("--count", "1000", "--upload-interval", "1", "--duration", seconds, "--emitted", truth)
    turbines = farm.start("grid-turbines", *options)
    assert turbines.wait(float(seconds) + 60) == 0, turbines.output
    assert_nothing_is_lost_or_doubled(farm, truth, 1000)
    assert psutil.Process(monitor.process.pid).memory_info().rss < 150 * 1024 * 1024
