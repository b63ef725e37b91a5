"""What hostile or broken clients send to a running monitor, and that good readings get through beside it."""

import asyncio
import json
import subprocess

import pytest
from abuse import ABUSE, GOOD, TEXT
from programs import Farm, wait_for

from grid.connection import BrokerLostError, connect_once
from monitor.facts import Link


def test_the_abuse_list_ends_as_dead_letters_beside_good_readings(farm: Farm) -> None:
    farm.monitor()
    for _, _, payload in ABUSE:
        farm.publish("grid/turbines/7/metrics", payload)
        farm.publish("grid/turbines/7/metrics", GOOD)
    wait_for(lambda: len(farm.read("readings", turbine_number=7, newest=99)) == len(ABUSE), "the good ones are stored")
    letters = farm.read("dead_letters", newest=99)[::-1]
    assert [(name, letter.reason) for (name, _, _), letter in zip(ABUSE, letters, strict=True)] == [
        (name, reason) for name, reason, _ in ABUSE
    ]
    assert all(letter.detail.isprintable() for letter in letters)
    shown = farm.run("dead-letters", "--newest", "99")
    assert shown.returncode == 0
    assert "\x1b" not in shown.stdout
    books = farm.read("books")
    assert books["received"] == books["stored"] + books["rejected"] == 2 * len(ABUSE)


@pytest.mark.parametrize("number", ["007", "0", "x", "2147483648", "1" * 400, "5..6"])
def test_a_number_that_is_none_in_the_topic_is_a_dead_letter_or_refused_by_the_broker(farm: Farm, number: str) -> None:
    farm.monitor()
    topic = f"grid/turbines/{number}/metrics"
    if farm.entrance.is_secure:
        publish = [*farm.mosquitto_pub(topic), "-q", "1", "-V", "5", "-m", TEXT]
        refused = subprocess.run(publish, capture_output=True, text=True, check=False, timeout=30)
        assert "Not authorized" in refused.stderr
        farm.publish("grid/turbines/7/metrics", GOOD)
        wait_for(lambda: farm.read("readings", turbine_number=7), "a good reading is stored")
        assert farm.read("dead_letters") == []
    else:
        farm.publish(topic, GOOD)
        wait_for(lambda: farm.read("dead_letters"), "the message is kept")
        assert farm.read("dead_letters")[0].reason == "topic"
    assert not list((farm.data_dir / "turbines").glob("turbine-[!7]*.txt"))


def test_a_packet_of_9_kilobytes_does_not_get_past_the_broker(farm: Farm) -> None:
    farm.monitor()
    command = [*farm.mosquitto_pub("grid/turbines/7/metrics"), "-q", "1", "-V", "5"]
    subprocess.run([*command, "-m", "x" * 9000], capture_output=True, check=False, timeout=30)
    farm.publish("grid/turbines/7/metrics", GOOD)
    wait_for(lambda: farm.read("readings", turbine_number=7), "a good reading is stored")
    assert farm.read("dead_letters") == []


def test_a_retained_reading_is_counted_and_not_stored_at_each_connect(farm: Farm) -> None:
    farm.publish("grid/turbines/7/metrics", GOOD, retain=True)
    farm.monitor()
    wait_for(lambda: farm.read("books"), "it arrives")
    assert farm.read("books") == {"retained_metrics": 1}
    assert farm.read("turbines") == []


def test_a_flood_of_wills_delays_no_reading(farm: Farm) -> None:
    farm.monitor()

    async def flood() -> None:
        broker = farm.entrance.broker(farm.host, farm.port, "grid/turbines/8/status")
        async with connect_once(broker, client_id="flood") as connection:
            for number in range(1000):
                said = {"status": ["online", "offline"][number % 2], "session": f"s{number // 2}"}
                await connection.publish("grid/turbines/8/status", json.dumps(said).encode(), retain=True)

    asyncio.run(flood())
    farm.publish("grid/turbines/7/metrics", GOOD)
    wait_for(lambda: farm.read("readings", turbine_number=7), "the reading is stored", seconds=5)
    wait_for(lambda: farm.read("turbine", turbine_number=8).link is Link.OFFLINE, "the last word counts")


def test_who_steals_the_monitors_client_id_throws_it_out_for_a_moment_only(farm: Farm) -> None:
    """Who has no certificate of the monitor must also guess the name that it has on a secure broker."""
    monitor = farm.monitor("--client-id", client_id := "grid-monitor-x7Qp")

    async def steal() -> None:
        broker = farm.entrance.broker(farm.host, farm.port, "grid/monitor/status")
        try:
            async with connect_once(broker, client_id=client_id) as connection:
                await connection.subscribe("grid/#")
        except BrokerLostError:
            pass  # thrown out in turn

    asyncio.run(steal())
    wait_for(lambda: farm.health(monitor).get("connected"), "the monitor is back")
    farm.publish("grid/turbines/7/metrics", GOOD)
    wait_for(lambda: farm.read("readings", turbine_number=7), "it stores what arrives")


def test_quality_of_service_2_is_refused_by_the_broker(farm: Farm) -> None:
    farm.monitor()
    command = [*farm.mosquitto_pub("grid/turbines/7/metrics"), "-q", "2", "-V", "5"]
    run = subprocess.run([*command, "-m", TEXT], capture_output=True, check=False)
    assert b"QoS" in run.stderr
    farm.publish("grid/turbines/8/metrics", {**GOOD, "turbine_number": 8})
    wait_for(lambda: farm.read("readings", turbine_number=8), "a good reading is stored")
    assert farm.read("readings", turbine_number=7) == []
