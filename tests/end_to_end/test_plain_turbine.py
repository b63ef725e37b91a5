"""A turbine of four fields, sent with mosquitto_pub, is a complete turbine."""

import json
import subprocess

from programs import Farm, wait_for

from monitor.facts import IncidentOutcome, Release, VisitState

READING = {"turbine_number": 7, "wind_speed": 100.0, "power_output_in_kwh": 3000.0, "operational_status": "broken"}


def test_one_line_of_mosquitto_pub_is_stored_repaired_and_verified(farm: Farm) -> None:
    farm.monitor()
    orders = farm.hear("grid/turbines/7/repair")
    line = json.dumps(READING)
    command = [*farm.mosquitto_pub("grid/turbines/7/metrics"), "-m", line]
    subprocess.run(command, check=True)
    wait_for(orders.commands, "an engineer is dispatched")
    [order] = orders.commands()
    [reading] = farm.read("readings", turbine_number=7)
    assert (reading.wind_speed, reading.power_output_in_kwh, reading.operational_status) == (100.0, 3000.0, "broken")
    assert [line["power_output_in_kwh"] for line in farm.text_lines(7)] == [3000.0]
    assert order["engineer"] == 1

    subprocess.run([*command[:-1], line.replace("broken", "ok")], check=True)
    wait_for(lambda: not farm.read("visits", open_only=True), "the visit is over")
    [visit] = farm.read("visits")
    [incident] = farm.read("incidents")
    assert (visit.dispatch_id, visit.state) == (order["dispatch_id"], VisitState.VERIFIED)
    assert incident.outcome is IncidentOutcome.REPAIRED
    assert [line["operational_status"] for line in farm.text_lines(7)] == ["broken", "ok"]


def test_ten_broken_turbines_are_visited_by_three_engineers_in_their_order(farm: Farm) -> None:
    farm.monitor("--engineers", "3")
    turbines = list(range(1, 11))
    for number in turbines:
        farm.report(number, "broken")
        wait_for(lambda: len(farm.read("incidents")) == number, "the incident is open")  # noqa: B023
    for repaired in turbines:
        next_three = set(turbines[repaired - 1 : repaired + 2])
        wait_for(lambda: at_work(farm) == next_three, f"engineers are at {next_three}")  # noqa: B023
        farm.report(repaired, "ok")
    wait_for(lambda: not farm.read("incidents", open_only=True), "all are repaired")
    visits = sorted(farm.read("visits"), key=lambda visit: int(visit.visit_id))
    assert [visit.turbine_number for visit in visits] == turbines
    assert {visit.state for visit in visits} == {VisitState.VERIFIED}
    for visit in visits:
        at_once = [other for other in visits if other.sent_at <= visit.sent_at < other.ended_at]
        assert len(at_once) <= 3


def at_work(farm: Farm) -> set[int]:
    """The turbines where an engineer is."""
    return {visit.turbine_number for visit in farm.read("visits", open_only=True)}


def test_a_broken_turbine_that_goes_offline_frees_its_engineer_for_the_next(farm: Farm) -> None:
    farm.monitor("--engineers", "1")
    farm.report(1, "broken")
    wait_for(lambda: at_work(farm) == {1}, "the engineer is at turbine 1")
    farm.report(2, "broken")
    wait_for(lambda: len(farm.read("incidents")) == 2, "turbine 2 waits")
    farm.publish("grid/turbines/1/status", "offline", retain=True)
    wait_for(lambda: at_work(farm) == {2}, "the engineer is at turbine 2")
    second, first = farm.read("visits")
    assert first.release is Release.OFFLINE
    assert first.ended_at == second.sent_at
    assert second.engineer == 1


def test_everything_that_was_decided_is_told_on_events(farm: Farm) -> None:
    events = farm.hear("grid/turbines/+/events")
    farm.monitor()
    farm.report(7, "broken")
    wait_for(lambda: at_work(farm) == {7}, "the engineer is there")
    farm.report(7, "ok")
    wait_for(lambda: any("outage_ended" in payload for _, payload in events.heard), "the end is told")
    told = [json.loads(payload) for _, payload in events.heard]
    actions = [event["action"] for event in told]
    assert [action for action in actions if not action.startswith("outage_")] == [
        "incident_opened",
        "engineer_dispatched",
        "engineer_released",
        "incident_closed",
    ]
    assert [action for action in actions if action.startswith("outage_")] == ["outage_began", "outage_ended"]
    assert all(event["sentence"] and event["turbine_number"] == 7 for event in told)


def test_poison_between_good_readings_is_kept_apart_with_its_reason(farm: Farm) -> None:
    farm.monitor()
    for number in range(20):
        farm.report(7, "ok", sequence=number, session="s")
        farm.publish("grid/turbines/7/metrics", b"{nonsense")
    farm.publish("grid/turbines/9/metrics", {**READING, "turbine_number": 8})
    wait_for(lambda: len(farm.read("readings", turbine_number=7)) == 20, "the good ones are stored")
    wait_for(lambda: len(farm.read("dead_letters", newest=99)) == 21, "the bad ones are kept")
    assert farm.read("dead_letters_by_reason") == {"not_json": 20, "other_turbine": 1}
    books = farm.read("books")
    assert books["received"] == books["stored"] + books.get("duplicate", 0) + books["rejected"] == 41
