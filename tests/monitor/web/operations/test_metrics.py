"""What Prometheus reads: names, values, and nothing that is no longer so."""

import shutil
import subprocess
from collections.abc import Callable, Iterable

import pytest
from measured import AWAY, NOON, TOTALS, names_of, seen, values_of, written
from prometheus_client import Metric
from prometheus_client.openmetrics import parser
from surroundings import missing

from monitor.telemetry.measurements import Measurements
from monitor.web.operations.guarded import REASONS, Guarded
from monitor.web.operations.metrics import ALIASES, OWN

FARM = {"totals": TOTALS}
parse: Callable[[str], Iterable[Metric]] = parser.text_string_to_metric_families


def counted() -> Measurements:
    measurements = Measurements()
    measurements.count("grid_readings_received_total", 10)
    measurements.count("grid_messages_dropped_total", 2)
    measurements.labelled["grid_readings_rejected_total"].update(not_json=3, refused_by_database=1)
    for seconds in (0.0005, 0.005, 7200.0):
        measurements.observe("grid_commit_seconds", seconds)
    return measurements


def test_the_farm_is_told_by_how_its_turbines_stand_and_in_base_units() -> None:
    values = values_of(written(seen(), FARM))

    assert (values['grid_turbines{standing="offline"}'], values['grid_turbines{standing="waiting"}']) == (2, 0)
    assert values["grid_farm_power_watts"] == 1500
    assert values["grid_oldest_wait_seconds"] == 60


def test_a_histogram_is_cumulative_and_its_last_bucket_holds_all() -> None:
    values = values_of(written(seen(counted())))

    assert values['grid_commit_seconds_bucket{le="0.001"}'] == 1
    assert values['grid_commit_seconds_bucket{le="0.005"}'] == 2
    assert values['grid_commit_seconds_bucket{le="10.0"}'] == 2
    assert values['grid_commit_seconds_bucket{le="+Inf"}'] == values["grid_commit_seconds_count"] == 3
    assert values["grid_commit_seconds_sum"] == 7200.0055


def test_the_names_that_operators_of_ingestion_know_say_the_same() -> None:
    values = values_of(written(seen(counted())))

    assert values["mqtt_ingest_total"] == 10
    assert values["mqtt_ingest_errors_total"] == 3 + 1 + 2
    assert values["validation_errors_total"] == 3


def test_every_reason_is_there_before_anything_was_refused() -> None:
    values = values_of(written(seen()))

    assert values['grid_readings_rejected_total{reason="not_json"}'] == 0


def test_while_the_monitor_is_away_nothing_old_is_told() -> None:
    text = written(AWAY, FARM)

    assert values_of(text)["grid_monitor_up"] == 0
    assert {name for name in names_of(text) if not name.startswith("process_")} == OWN.keys()


def test_who_was_refused_and_when_certificates_end_is_told_without_a_monitor_too() -> None:
    guarded = Guarded({"sign_in": 2, "sign_in_throttled": 1, "expired": 3, "rate": 4}, {"pages": NOON, "monitor": 0})
    values = values_of(written(AWAY, guarded=guarded))

    assert values['grid_sign_ins_refused_total{reason="wrong"}'] == 2
    assert values['grid_sign_ins_refused_total{reason="throttled"}'] == 1
    requests = {reason: values[f'grid_requests_refused_total{{reason="{reason}"}}'] for reason in REASONS}
    assert {reason: count for reason, count in requests.items() if count} == {"expired": 3, "rate": 4}
    assert values['grid_certificate_expires_timestamp_seconds{certificate="pages"}'] == NOON / 1e6


def test_no_series_is_about_one_turbine() -> None:
    assert "turbine_number" not in written(seen(counted()), FARM)


@pytest.mark.parametrize("farm", [None, {}, FARM])
def test_promtool_finds_nothing_to_say(farm: dict[str, dict[str, object]] | None) -> None:
    if shutil.which("promtool") is None:
        missing("promtool (Debian's package prometheus) is not installed")

    said = subprocess.run(
        ["promtool", "check", "metrics"],
        input=written(seen(counted()), farm),
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )

    assert (said.returncode, said.stdout, said.stderr) == (0, "", "")


def test_who_asks_for_openmetrics_gets_it() -> None:
    text = written(seen(counted()), FARM, accept="application/openmetrics-text;version=1.0.0,text/plain;q=0.5")

    families = {family.name: family for family in parse(text)}
    assert text.endswith("# EOF\n")
    assert families["grid_readings_received"].type == "counter"


@pytest.mark.parametrize("accept", ["", "*/*", "text/plain;version=x", "text/html"])
def test_everybody_else_gets_the_text_format(accept: str) -> None:
    assert "# TYPE grid_readings_received_total counter" in written(seen(), accept=accept)


def test_aliases_name_what_they_stand_for() -> None:
    assert all(help_text in written(seen()) for help_text in ALIASES.values())
