"""A running monitor as tools of operations see it: probes, a scraper, and a collector of traces."""

import contextlib
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml
from collector import attributes_of, collector
from measured import names_of, values_of
from observed import OF_PROMETHEUS, RULES, alerts, dashboard_queries, metrics_in
from programs import Farm, wait_for
from surroundings import missing

from monitor.demo_broker import find_free_port


class Pages:
    """What a monitor serves, as `curl` sees it."""

    def __init__(self, port: int) -> None:
        self.at = f"127.0.0.1:{port}"
        self._client = httpx.Client(base_url=f"http://{self.at}", timeout=10)

    def get(self, path: str) -> httpx.Response:
        return self._client.get(path)

    def health(self) -> dict[str, Any]:
        """The document of /health; empty while nobody serves it."""
        try:
            document: dict[str, Any] = self.get("/health").json()
        except httpx.TransportError:
            return {}
        return document

    def values(self) -> dict[str, float]:
        return values_of(self.get("/metrics").text)

    def close(self) -> None:
        self._client.close()


@pytest.fixture
def pages(free_port: int) -> Iterator[Pages]:
    pages = Pages(free_port)
    yield pages
    pages.close()


def start(farm: Farm, pages: Pages) -> Any:
    """A monitor with its pages, and one turbine that reported."""
    monitor = farm.monitor("--http-port", pages.at.rpartition(":")[2])
    farm.report(7, "ok")
    wait_for(lambda: pages.health().get("status") == "ok", "all is well")
    return monitor


def test_probes_see_a_monitor_that_runs_one_that_hangs_and_one_that_is_gone(farm: Farm, pages: Pages) -> None:
    monitor = start(farm, pages)
    well = [pages.get(f"/health{path}").status_code for path in ("", "/ready", "/live")]

    monitor.process.send_signal(signal.SIGSTOP)
    wait_for(lambda: pages.health()["status"] == "unhealthy", "the pages see that it hangs")
    begun = time.monotonic()
    hung = [pages.get(f"/health{path}").status_code for path in ("", "/ready", "/live")]
    took = time.monotonic() - begun
    stale = pages.values()
    monitor.process.send_signal(signal.SIGCONT)

    assert (well, hung) == ([200, 200, 200], [503, 503, 200])
    assert took < 8, "each probe waits two seconds at most, and the look is shared"
    assert stale["grid_monitor_up"] == 0
    assert "grid_readings_received_total" not in stale
    wait_for(lambda: pages.health()["status"] == "ok", "it goes on")
    assert monitor.end() == 0


def test_a_lost_broker_is_told_by_health_and_metrics(farm: Farm, pages: Pages, broker: Any) -> None:
    start(farm, pages)

    broker.kill()
    wait_for(lambda: pages.health()["status"] == "unhealthy", "the loss of the broker is told")

    (failed,) = [check for check in pages.health()["checks"] if not check["healthy"]]
    assert (failed["name"], failed["since"] is not None) == ("mqtt", True)
    assert pages.get("/health/ready").status_code == 503
    assert pages.values()["grid_mqtt_connected"] == 0


@pytest.mark.slow
def test_prometheus_scrapes_a_monitor_and_can_answer_the_rules_and_the_dashboard(farm: Farm, pages: Pages) -> None:
    if shutil.which("prometheus") is None:
        missing("Debian's package prometheus is not installed")
    start(farm, pages)
    farm.publish("grid/turbines/7/metrics", "no reading")
    farm.report(7, "ok")  # the second reading tells the interval, and so the power
    wait_for(lambda: "grid_farm_power_watts" in pages.values(), "the farm is measured")

    existing = names_of(pages.get("/metrics").text) | OF_PROMETHEUS
    named = set().union(*map(metrics_in, [*dashboard_queries(), *(alert["expr"] for alert in alerts())]))
    assert named <= existing
    with prometheus(farm.folder, pages.at) as ask:
        wait_for(lambda: ask("query", query="grid_readings_rejected_total > 0")["result"], "the monitor is scraped")
        for query in dashboard_queries():
            ask("query", query=query)
        wait_for(lambda: set(rule_states(ask("rules"))) == {"ok"}, "every rule is evaluated")
        assert not [alert for alert in ask("alerts")["alerts"] if alert["state"] == "firing"]


@contextlib.contextmanager
def prometheus(folder: Path, target: str) -> Iterator[Any]:
    """Prometheus with our rules, scraping `target` every half second; gives a way to ask it."""
    port = find_free_port()
    scrape = {"job_name": "grid", "static_configs": [{"targets": [target]}]}
    intervals = {"scrape_interval": "500ms", "evaluation_interval": "500ms"}
    configuration = {"global": intervals, "rule_files": [str(RULES)], "scrape_configs": [scrape]}
    (folder / "prometheus.yml").write_text(yaml.safe_dump(configuration))
    options = [f"--config.file={folder / 'prometheus.yml'}", f"--storage.tsdb.path={folder / 'tsdb'}"]
    with (folder / "prometheus.log").open("wb") as log:
        process = subprocess.Popen(
            ["prometheus", *options, f"--web.listen-address=127.0.0.1:{port}", "--log.level=error"],
            stdout=log,
            stderr=log,
        )
    with httpx.Client(base_url=f"http://127.0.0.1:{port}/api/v1/", timeout=10) as client:

        def ask(what: str, **parameters: str) -> Any:
            answer = client.get(what, params=parameters).json()
            assert answer["status"] == "success", (parameters, answer)
            return answer["data"]

        try:
            wait_for(lambda: is_ready(port), "Prometheus answers")
            yield ask
        finally:
            process.terminate()
            process.wait(20)


def is_ready(port: int) -> bool:
    try:
        return httpx.get(f"http://127.0.0.1:{port}/-/ready").status_code == 200
    except httpx.TransportError:
        return False


def rule_states(answer: Any) -> list[str]:
    return [rule["health"] for group in answer["groups"] for rule in group["rules"]]


def test_a_repair_is_traced_from_its_order_to_its_end(farm: Farm, monkeypatch: pytest.MonkeyPatch) -> None:
    with collector() as receiver:
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", receiver.endpoint)
        monkeypatch.setenv("OTEL_BSP_SCHEDULE_DELAY", "100")
        monitor = farm.monitor()
        farm.publish("grid/turbines/7/status", '{"status": "online", "session": "s-1"}', retain=True)
        farm.report(7, "broken")
        wait_for(lambda: farm.read("visits", open_only=True), "an engineer is sent")
        farm.report(7, "ok")
        wait_for(lambda: receiver.named("repair"), "the repair is traced")
        assert monitor.end() == 0

        (repair,) = receiver.named("repair")
        batches = {batch.span_id for batch in receiver.named("batch")}
        told = attributes_of(repair)
        assert (told["grid.turbine"], told["grid.visit"], told["grid.engineer"]) == (7, 1, 1)
        assert {link.span_id for link in repair.links} <= batches
        assert repair.links


def test_a_collector_that_hangs_does_not_hold_up_the_end_of_the_monitor(
    farm: Farm, monkeypatch: pytest.MonkeyPatch
) -> None:
    with collector() as receiver:
        receiver.answers.clear()
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", receiver.endpoint)
        monkeypatch.setenv("OTEL_BSP_SCHEDULE_DELAY", "10")
        monitor = farm.monitor()
        farm.report(7, "ok")
        wait_for(lambda: farm.read("readings", turbine_number=7), "the reading is stored")
        begun = time.monotonic()

        assert monitor.end() == 0
        assert time.monotonic() - begun < 5
