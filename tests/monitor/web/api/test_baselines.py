"""What is normal and what is not, as the API tells it."""

from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from learning import Watch
from stores import fill

from monitor.facts import BaselineChanges, Changes, KnowledgeChanges, TurbineRecord
from monitor.site_settings import SiteSettings
from monitor.store import DATABASE
from monitor.web.monitor_link import MonitorLink
from monitor.web.readers import Readers
from monitor.web.site import Site

Get = Callable[..., Awaitable[Any]]


@pytest.fixture(scope="module")
def data_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A farm of which turbine 1 was learnt, and showed two wrong values; of turbine 2 nothing is known."""
    watch = Watch().learn()
    watch.take(lambda reading: reading._replace(voltage=1400.0))
    watch.learn(20)
    watch.take(lambda reading: reading._replace(temperature=160.0))
    changes = BaselineChanges([watch.decider._tracks[1].record()], watch.told)
    turbines = [TurbineRecord(number, 1) for number in (1, 2)]
    folder = tmp_path_factory.mktemp("with-findings")
    fill(folder, [], also=Changes(turbines=turbines, knowledge=KnowledgeChanges(baselines=changes)))
    return folder


@pytest.fixture
def site(data_dir: Path) -> Iterator[Site]:
    """The site over that folder."""
    site = Site(SiteSettings(data_dir=data_dir), Readers(data_dir / DATABASE), MonitorLink(data_dir))
    yield site
    site.readers.close()


async def test_findings_are_listed_the_newest_first(get: Get) -> None:
    answer = await get("/findings")
    assert [(item["finding_id"], item["quantity"], item["kind"]) for item in answer["items"]] == [
        (2, "temperature", "spike"),
        (1, "voltage", "spike"),
    ]
    assert answer["items"][1]["since"] == answer["items"][1]["until"] == "2026-11-21T12:06:40.000000Z"


async def test_findings_are_filtered(get: Get) -> None:
    assert [item["finding_id"] for item in (await get("/findings", open=True))["items"]] == [2]
    assert [item["finding_id"] for item in (await get("/findings", open=False, turbine=1))["items"]] == [1]
    assert (await get("/findings", turbine=2))["items"] == []
    assert (await get("/findings", lasting=True))["items"] == []
    assert (await get("/findings", kind="drop"))["items"] == []


async def test_what_is_normal_is_told(get: Get) -> None:
    baseline = await get("/turbines/1/baseline")
    assert baseline["is_learnt"]
    assert baseline["quantities"][2]["unit"] == "V"
    assert "A reading comes every 1.0 s." in baseline["sentences"]


async def test_a_turbine_of_which_nothing_was_learnt_says_so(get: Get, refused: Get) -> None:
    baseline = await get("/turbines/2/baseline")
    assert (baseline["is_learnt"], baseline["learnt_to"]) == (False, None)
    assert baseline["sentences"] == ["Nothing was learnt yet."]
    assert (await refused("/turbines/3/baseline"))["status"] == 404
