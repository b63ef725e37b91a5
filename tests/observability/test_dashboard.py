"""The dashboard of Grafana and how it gets there."""

import json
from typing import Any

import yaml
from measured import TOTALS, names_of, seen, written
from observed import DASHBOARD, OBSERVABILITY, dashboard, dashboard_queries, metrics_in

PROJECT = OBSERVABILITY.parent
BY_THE_SYSTEM = ("process_", "grid_monitor_process_")
"""What the system knows of both processes: told where a real monitor is asked."""


def test_the_dashboard_asks_for_metrics_that_exist() -> None:
    named = set().union(*map(metrics_in, dashboard_queries()))
    existing = names_of(written(seen(), {"totals": TOTALS}))

    assert len(named) > 30
    assert {name for name in named if not name.startswith(BY_THE_SYSTEM)} <= existing


def test_every_panel_has_a_title_a_place_and_the_chosen_data_source() -> None:
    panels = [panel for panel in dashboard()["panels"] if panel["type"] != "row"]

    assert all(
        panel["title"] and panel["datasource"] == {"type": "prometheus", "uid": "${datasource}"} for panel in panels
    )
    assert all("$instance" in target["expr"] for panel in panels for target in panel["targets"])
    assert len({panel["id"] for panel in panels}) == len(panels)


def test_panels_do_not_overlap_and_stay_within_the_grid() -> None:
    taken: set[tuple[int, int]] = set()
    for panel in dashboard()["panels"]:
        place = panel["gridPos"]
        cells = {
            (x, y)
            for x in range(place["x"], place["x"] + place["w"])
            for y in range(place["y"], place["y"] + place["h"])
        }
        assert not cells & taken, panel["title"]
        assert max(x for x, _ in cells) < 24
        taken |= cells


def test_what_compose_mounts_exists_and_grafana_finds_it_there() -> None:
    services = compose()["services"]
    provisioning = OBSERVABILITY / "grafana" / "provisioning"
    (provider,) = yaml.safe_load((provisioning / "dashboards" / "grid.yml").read_text())["providers"]
    (source,) = yaml.safe_load((provisioning / "datasources" / "prometheus.yml").read_text())["datasources"]
    mounts = dict(volume.split(":")[:2][::-1] for volume in services["grafana"]["volumes"])

    assert source["url"] == "http://prometheus:9090"
    assert (PROJECT / mounts[provider["options"]["path"]]).resolve() == DASHBOARD.parent
    for service in ("prometheus", "grafana"):
        for volume in services[service]["volumes"]:
            if isinstance(volume, str) and volume.startswith("./"):
                assert (PROJECT / volume.split(":")[0]).is_dir(), volume


def test_grafana_is_open_on_this_machine_only_and_asks_nobody_outside() -> None:
    grafana = compose()["services"]["grafana"]

    assert grafana["ports"] == ["127.0.0.1:${GRID_GRAFANA_PORT:-3000}:3000"]
    assert grafana["environment"]["GF_AUTH_DISABLE_LOGIN_FORM"] == "true"
    assert grafana["environment"]["GF_ANALYTICS_REPORTING_ENABLED"] == "false"
    assert "http" not in json.dumps([panel.get("links") for panel in dashboard()["panels"]])


def compose() -> dict[str, Any]:
    document: dict[str, Any] = yaml.safe_load((PROJECT / "docker-compose.yml").read_text(encoding="utf-8"))
    return document
