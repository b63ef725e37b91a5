"""How it is, from what the monitor says and what the pages' process sees."""

from dataclasses import replace

import pytest
from measured import AROUND, AWAY, NOON, seen

from monitor.web.operations.documents import HealthDocument
from monitor.web.operations.health import Status, Surroundings, not_ready, report
from monitor.web.operations.probe import Seen

UNBALANCED = {"received": 5, "stored": 4, "duplicate": 0, "rejected": 0, "pending": 0}


def test_a_monitor_that_takes_readings_in_is_ok() -> None:
    told = report(seen(), AROUND, "1.2.3")

    assert (told["status"], told["version"]) == ("ok", "1.2.3")
    assert (told["mqtt_connected"], told["database_connected"]) == (True, True)
    assert (told["queued_messages"], told["last_reading_age_seconds"], told["feed_age_seconds"]) == (3, 2.0, 0.5)
    assert all(check["healthy"] for check in told["checks"])
    assert all(check["sentence"].endswith(".") for check in told["checks"])
    assert not_ready(seen()) is None


@pytest.mark.parametrize(
    ("look", "name", "words"),
    [
        (AWAY, "monitor", "No monitor runs on data."),
        (seen(connected=False), "mqtt", "not connected to its broker"),
        (
            seen(store_error="the disk is full", store_error_since="2026-11-21T11:59:00Z"),
            "database",
            "the disk is full",
        ),
    ],
)
def test_where_no_reading_is_taken_in_it_is_unhealthy_and_not_ready(look: Seen, name: str, words: str) -> None:
    told = report(look, AROUND, "1.2.3")

    (failed,) = [check for check in told["checks"] if not check["healthy"]]
    assert told["status"] is Status.UNHEALTHY
    assert failed["name"] == name
    assert words in failed["sentence"]
    assert not_ready(look) == failed["sentence"]


@pytest.mark.parametrize(
    ("look", "surroundings", "name"),
    [
        (seen(balance=UNBALANCED, unbalanced_since="2026-11-21T11:59:00Z"), AROUND, "books"),
        (seen(gauges={"grid_text_files_behind": 1}), AROUND, "text_files"),
        (seen(turned_away="turbine 7 is one too many: --max-turbines is 6"), AROUND, "limits"),
        (seen(notifications_failing="messages do not reach crew (it answered 500)"), AROUND, "notifications"),
        (seen(), Surroundings(NOON, NOON - 9_000_000), "feed"),
        (seen(), Surroundings(NOON), "feed"),
        (replace(seen(), free_bytes=100_000_000), AROUND, "disk"),
        (replace(seen(), free_bytes=None), AROUND, "disk"),
    ],
)
def test_where_readings_are_taken_in_and_something_is_wrong_it_is_degraded(
    look: Seen, surroundings: Surroundings, name: str
) -> None:
    told = report(look, surroundings, "1.2.3")

    assert told["status"] is Status.DEGRADED
    assert [check["name"] for check in told["checks"] if not check["healthy"]] == [name]
    assert not_ready(look) is None


def test_what_is_not_known_while_the_monitor_is_away_is_null_and_not_zero() -> None:
    told = report(AWAY, AROUND, "1.2.3")

    assert (told["monitor_running"], told["mqtt_connected"], told["database_connected"]) == (False, False, False)
    assert (told["queued_messages"], told["last_reading_age_seconds"]) == (None, None)


@pytest.mark.parametrize("look", [seen(), AWAY, seen(connected=False)])
def test_what_is_told_is_what_the_openapi_document_says(look: Seen) -> None:
    HealthDocument.model_validate(report(look, AROUND, "1.2.3"))


def test_a_farm_that_never_reported_has_no_age() -> None:
    told = report(seen(gauges={"grid_last_reading_timestamp_seconds": 0}), AROUND, "1.2.3")

    assert told["last_reading_age_seconds"] is None
