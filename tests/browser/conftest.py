"""A real browser for the pages, under a watch that no page gets past."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from closed_farm import ClosedFarm
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright
from served import BigSite, ServedFarm
from surroundings import missing
from watched import Watch

from benchmarks.chromium import find_chromium, launch
from monitor.demo_broker import LocalMosquitto, find_mosquitto

STORY = ("--engineers", "1")
BIG = 5000
PATIENCE_MILLISECONDS = 15_000

NewPage = Callable[..., Page]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """All that need the browser run in one worker: they measure, and two Chromiums want two cores each.

    It is the worker of Docker: Chromium gives up what it loads when a container's network comes or goes.
    """
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.browser)
            item.add_marker(pytest.mark.xdist_group("docker"))


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Chromium, gone at the module's end."""
    executable = find_chromium()
    if executable is None:
        missing("no Chromium is installed")
    with sync_playwright() as playwright:
        browser = launch(playwright, executable)
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServedFarm]:
    """Mosquitto, a monitor with one engineer, its pages, and three turbines that are well."""
    if find_mosquitto() is None:
        missing("mosquitto is not installed")
    folder = tmp_path_factory.mktemp("site")
    with LocalMosquitto(folder) as broker:
        farm = ServedFarm(broker, folder)
        try:
            farm.serve(*STORY)
            for number in (1, 2, 3):
                farm.says(number, "online", model="E-82", rated_power_in_kw=2000.0, region="North")
                farm.report(number, "ok")
            yield farm
        finally:
            farm.close()
    shutil.rmtree(folder)


@pytest.fixture(scope="module")
def closed_site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ClosedFarm]:
    """The same with pages that ask who one is, and two turbines."""
    if find_mosquitto() is None:
        missing("mosquitto is not installed")
    folder = tmp_path_factory.mktemp("closed")
    with LocalMosquitto(folder) as broker:
        farm = ClosedFarm(broker, folder)
        try:
            farm.serve(*STORY)
            for number in (1, 2):
                farm.says(number, "online", model="E-82", rated_power_in_kw=2000.0, region="North")
                farm.report(number, "ok")
            yield farm
        finally:
            farm.close()
    shutil.rmtree(folder)


@pytest.fixture(scope="module")
def big_site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BigSite]:
    """The real pages over a farm of 5,000 turbines that all have a new reading every second."""
    folder = tmp_path_factory.mktemp("big")
    site = BigSite(folder, turbines=BIG)
    try:
        site.start()
        yield site
    finally:
        site.close()
    shutil.rmtree(folder)


@pytest.fixture
def watch(request: pytest.FixtureRequest) -> Iterator[Watch]:
    """What the test's pages may not do; the test fails at its end if one did.

    `watch.forgive(pattern)` for what a test does on purpose.
    """
    served = next((name for name in ("big_site", "closed_site") if name in request.fixturenames), "site")
    watch = Watch(request.getfixturevalue(served).url)
    yield watch
    assert not watch.unforgiven, "\n".join(watch.unforgiven)


@pytest.fixture
def new_page(browser: Browser, watch: Watch) -> Iterator[NewPage]:
    """Opens pages under the watch, each in a context of its own: `new_page(color_scheme="dark")`."""
    contexts: list[BrowserContext] = []

    def open_page(**options: Any) -> Page:
        context = browser.new_context(base_url=watch.origin, **options)
        context.set_default_timeout(PATIENCE_MILLISECONDS)
        contexts.append(context)
        watch.over(context)
        return context.new_page()

    yield open_page
    for context in contexts:
        context.close()


@pytest.fixture
def page(new_page: NewPage) -> Page:
    """One empty page under the watch; its relative addresses are the site's: `page.goto("/")`."""
    return new_page()
