"""Alerts: valid, firing when they must, about what exists, and each with what to do about it."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest
from measured import TOTALS, names_of, seen, written
from observed import OF_PROMETHEUS, PROMETHEUS, alerts, metrics_in
from surroundings import missing

OPERATIONS = Path(__file__).parents[2] / "docs" / "operations.md"


def promtool(*arguments: str) -> str:
    """Run promtool beside the rules; returns what it said. Fails if it finds something wrong."""
    if shutil.which("promtool") is None:
        missing("promtool (Debian's package prometheus) is not installed")
    ended = subprocess.run(
        ["promtool", *arguments], cwd=PROMETHEUS, capture_output=True, text=True, timeout=60, check=False
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return ended.stdout + ended.stderr


def test_promtool_finds_nothing_wrong_with_rules_and_configuration() -> None:
    assert f"SUCCESS: {len(alerts())} rules found" in promtool("check", "rules", "rules/grid.yml")
    assert "SUCCESS" in promtool("check", "config", "--syntax-only", "prometheus.yml")


def test_alerts_fire_when_they_must_and_only_then() -> None:
    assert "SUCCESS" in promtool("test", "rules", "grid_test.yml")


@pytest.mark.parametrize("alert", alerts(), ids=lambda alert: str(alert["alert"]))
def test_an_alert_waits_has_a_severity_speaks_in_sentences_and_says_what_to_do(alert: dict[str, object]) -> None:
    labels, annotations = alert["labels"], alert["annotations"]
    assert isinstance(labels, dict)
    assert isinstance(annotations, dict)

    assert alert["for"]
    assert labels["severity"] in {"critical", "warning"}
    assert not annotations["summary"].endswith(".")
    assert annotations["description"].endswith(".")
    assert annotations["runbook_url"] == f"docs/operations.md#{str(alert['alert']).lower()}"
    assert re.search(f"^#+ {alert['alert']}$", OPERATIONS.read_text(encoding="utf-8"), re.MULTILINE)


def test_alerts_ask_for_metrics_that_exist() -> None:
    named = set().union(*(metrics_in(alert["expr"]) for alert in alerts()))

    assert len(named) > 10
    assert named - names_of(written(seen(), {"totals": TOTALS})) == OF_PROMETHEUS & named
