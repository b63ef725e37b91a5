"""What a person says to the running monitor, and what it answers."""

import json

from programs import Farm, wait_for

from monitor.facts import IncidentCause, Release


def test_a_person_holds_and_releases_a_turbine(farm: Farm) -> None:
    farm.monitor()
    farm.report(7, "broken")
    wait_for(lambda: farm.read("visits", open_only=True), "an engineer is sent")
    held = farm.run("hold", "7", "--by", "Ann", "--why", "people on site")
    assert held.returncode == 0, held.stderr
    [visit] = farm.read("visits")
    assert visit.release is Release.CANCELLED
    assert "Ann" in farm.run("turbines").stdout

    refused = farm.run("repair", "7")
    assert refused.returncode == 1
    assert "held" in refused.stderr

    assert farm.run("release", "7", "--by", "Ann").returncode == 0
    wait_for(lambda: len(farm.read("visits")) == 2, "the next engineer is sent")


def test_a_person_orders_an_engineer_to_a_turbine_that_works(farm: Farm) -> None:
    farm.monitor()
    farm.report(7, "ok")
    wait_for(lambda: farm.read("turbines"), "the turbine is known")
    ordered = farm.run("repair", "7", "--by", "Ann", "--why", "it rattles")
    assert ordered.returncode == 0, ordered.stderr
    wait_for(lambda: farm.read("visits"), "an engineer is sent")
    [incident] = farm.read("incidents")
    assert (incident.cause, incident.opened_by, incident.why) == (IncidentCause.ORDERED, "Ann", "it rattles")
    # A turbine that gives no answers said ok before, too: its word counts when the order had time to work.
    wait_for(lambda: closed_by_an_ok_reading(farm, 7), "the visit is over")
    story = farm.run("explain", str(incident.incident_id))
    assert story.returncode == 0
    assert "it rattles" in story.stdout


def test_an_order_for_a_turbine_that_nobody_knows_is_refused_in_words(farm: Farm) -> None:
    farm.monitor()
    refused = farm.run("repair", "99")
    assert refused.returncode == 1
    assert len(refused.stderr.splitlines()) == 1
    assert "99" in refused.stderr


def test_an_order_without_a_monitor_is_one_clear_line(farm: Farm) -> None:
    refused = farm.run("repair", "7")
    assert (refused.returncode, refused.stdout) == (1, "")
    assert "no monitor runs" in refused.stderr


def test_the_doctor_finds_all_well_and_says_what_is_not(farm: Farm) -> None:
    program = farm.monitor()
    well = farm.run("doctor", "--json", *farm.at_broker)
    assert well.returncode == 0, well.stdout
    looked_at = {finding["name"] for finding in json.loads(well.stdout)}
    assert looked_at >= {"broker", "database", "monitor", "disk", "clock"}
    program.end()
    unhealthy = farm.run("doctor", *farm.at_broker)
    assert unhealthy.returncode == 3
    assert "no monitor runs" in unhealthy.stdout.lower()
    unreachable = farm.run("doctor", "--broker-port", "1")
    assert unreachable.returncode == 4


def closed_by_an_ok_reading(farm: Farm, turbine_number: int) -> bool:
    farm.report(turbine_number, "ok")
    return not farm.read("incidents", open_only=True)
