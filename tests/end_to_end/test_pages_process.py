"""The monitor and the process of its pages, as their user starts and ends them."""

import json
import signal
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from programs import PATIENCE_SECONDS, wait_for
from served import HOST, ServedFarm

from monitor.demo_broker import LocalMosquitto
from monitor.http_access import is_taken

pytestmark = pytest.mark.broker


@pytest.fixture
def farm(broker: LocalMosquitto, tmp_path: Path) -> Iterator[ServedFarm]:
    served = ServedFarm(broker, tmp_path)
    yield served
    served.close()


def test_the_pages_end_with_the_monitor_and_a_new_one_has_the_port_at_once(farm: ServedFarm) -> None:
    program = farm.serve()
    (pages,) = farm.processes_beside_the_monitor()
    assert program.end(signal.SIGTERM) == 0
    assert not pages.is_running()
    assert program.output.count("pages at") == 1
    assert "process" not in program.output

    program = farm.serve()
    (pages,) = farm.processes_beside_the_monitor()
    program.end(signal.SIGKILL)
    killed_at = time.monotonic()
    wait_for(lambda: not pages.is_running() or pages.status() == psutil.STATUS_ZOMBIE, "the pages' process ends")
    assert time.monotonic() - killed_at < PATIENCE_SECONDS / 6
    assert not is_taken(HOST, farm.http_port)


def test_a_reading_that_is_posted_is_seen_by_all(farm: ServedFarm) -> None:
    farm.serve()
    reading = {"turbine_number": 7, "wind_speed": 8.0, "power_output_in_kwh": 0.1, "operational_status": "broken"}
    content = json.dumps(reading).encode()
    request = urllib.request.Request(
        f"{farm.url}/post_metrics", data=content, headers={"Content-Type": "application/json"}, method="POST"
    )
    with urllib.request.urlopen(request, timeout=PATIENCE_SECONDS) as answer:
        assert (answer.status, json.load(answer)["outcome"]) == (201, "stored")
    assert [line["turbine_number"] for line in farm.text_lines(7)] == [7]
    assert [incident.turbine_number for incident in farm.read("incidents")] == [7]


def test_an_address_that_others_reach_asks_who_one_is(farm: ServedFarm) -> None:
    refused = farm.run("run", "--http-host", "0.0.0.0", "--http-port", str(farm.http_port))
    assert (refused.returncode, refused.stderr.count("\n")) == (2, 1)
    assert "--http-key-file" in refused.stderr
    assert "--http-certfile" in refused.stderr

    key_file = farm.data_dir / "http-key"  # in a folder that the monitor is to make
    program = farm.serve("--http-key-file", str(key_file))
    assert key_file.stat().st_mode & 0o777 == 0o600
    assert "the pages ask who one is" in program.output
    assert key_file.read_text().strip() not in program.output
    token = farm.run("token", "create", "reader", "--scope", "read").stdout.strip()
    request = urllib.request.Request(f"{farm.url}/api/v1/farm", headers={"Authorization": f"Bearer {token}"})
    with urllib.request.urlopen(request, timeout=PATIENCE_SECONDS) as answer:
        assert answer.status == 200
