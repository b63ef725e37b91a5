"""What open pages cost: the intake's speed, CPU and memory with 20 of them beside a monitor without."""

import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.direct import Fed, Feeder, data_folder, feeder
from benchmarks.programs import BenchmarkError, Program, Speaker, Usage, wait_for
from benchmarks.table import Bar, Table, figure, median, median_ratio, spread
from monitor.demo_broker import find_free_port

Say = Callable[[str], None]

PAGES = 20
FEW = 100
TURBINES = 5_000
FLOODS = 5
"""In one run of the intake: it must last for some of the pages' seconds."""

INTAKE = Bar(0.9, at_least=True)
SERVER_CPU = Bar(5, "% of a core")
MEMORY = Bar(60, "MB")


@dataclass(frozen=True, slots=True)
class Served:
    """A running monitor on a scripted broker, and the process of its pages where it has one."""

    broker: Feeder
    monitor: Program
    url: str | None

    def feed(self, readings: int, *, turbines: int = FEW, rate: float | None = None) -> Fed:
        """Send readings and wait until all are acknowledged."""
        return self.broker.feed(self.monitor, readings, turbines=turbines, rate=rate)

    @property
    def pages(self) -> int | None:
        """The process id of the pages."""
        children = Path(f"/proc/{self.monitor.process.pid}/task/{self.monitor.process.pid}/children")
        pids = children.read_text().split()
        return int(pids[0]) if pids else None

    def memory_mb(self) -> float:
        """What both take of the machine's memory: what several processes share is counted in parts (PSS)."""
        return sum(map(_pss_mb, filter(None, [self.monitor.process.pid, self.pages])))

    def cpu_seconds(self) -> tuple[float, float]:
        """What the monitor and the process of its pages have used."""
        pages = self.pages
        return self.monitor.usage().cpu_seconds, Usage.of(pages).cpu_seconds if pages else 0.0


def _pss_mb(pid: int) -> float:
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("Pss:")) / 1024


@contextmanager
def served(*, with_pages: bool) -> Iterator[Served]:
    """A monitor with an empty data folder; with pages it is ready when they answer."""
    port = find_free_port() if with_pages else 0
    with feeder(pinned=False) as broker, data_folder() as folder, broker.monitor(folder, http_port=port) as program:
        url = f"http://127.0.0.1:{port}" if with_pages else None
        if url:
            wait_for(lambda: _answers(url), "the pages are served")
        yield Served(broker, program, url)


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(f"{url}/api/v1/farm", timeout=5):  # noqa: S310 -- our own server
            return True
    except OSError:
        return False


@contextmanager
def watched(url: str | None, *, questions: bool = False) -> Iterator[None]:
    """Have 20 pages open, and slow questions asked where wanted; without a URL there are none."""
    if url is None:
        yield
        return
    with Speaker("watchers", url, "--count", str(PAGES), *(["--questions"] if questions else [])) as speaker:
        speaker.hear()
        yield
        speaker.tell(done=True)
        heard = speaker.hear()
        if not heard["messages"]:
            raise BenchmarkError("the pages heard nothing")


def intake(*, rounds: int, readings: int, say: Say) -> Table:
    """Readings a second without pages, and with 20 pages and slow questions, in turn."""
    found: dict[bool, list[Fed]] = {False: [], True: []}
    for number in range(1, rounds + 1):
        for with_pages in (False, True):
            found[with_pages].append(_flooded(readings, with_pages=with_pages))
        pair = " and ".join(figure(found[with_pages][-1].per_second) for with_pages in (False, True))
        say(f"round {number}: without and with {PAGES} pages: {pair} readings/s")
    columns = ("pages", "readings/s", "of that without", "bar", "CPU us a reading")
    table = Table("Intake beside open pages, fed directly", columns)
    rates = {with_pages: [fed.per_second for fed in fed_so] for with_pages, fed_so in found.items()}
    costs = {with_pages: spread([fed.cpu_microseconds for fed in fed_so]) for with_pages, fed_so in found.items()}
    ratio = median_ratio(rates[True], rates[False])
    table.add("none", spread(rates[False]), "1.0", "", costs[False])
    verdict = table.judge(INTAKE, ratio)
    table.add(f"{PAGES} and slow questions", spread(rates[True]), figure(ratio), verdict, costs[True])
    return table


def _flooded(readings: int, *, with_pages: bool) -> Fed:
    """The median of some floods in a row, by their time."""
    with served(with_pages=with_pages) as site:
        site.feed(readings // 10)  # something to ask for
        with watched(site.url, questions=True):
            floods = sorted((site.feed(readings) for _ in range(FLOODS)), key=lambda fed: fed.seconds)
            return floods[FLOODS // 2]


def cpu(*, seconds: float, rounds: int, say: Say) -> Table:
    """What pages cost a monitor of 5,000 turbines, each with a reading a second: none, and 20 of them."""
    alone, told, serving = [], [], []
    for number in range(1, rounds + 1):
        alone.append(_percent(seconds, with_pages=False)[0])
        monitor, pages = _percent(seconds, with_pages=True)
        told.append(monitor)
        serving.append(pages)
        costs = f"monitor {figure(alone[-1])} and {figure(monitor)} %, pages {figure(pages)} %"
        say(f"round {number}: of a core, without and with {PAGES} pages: {costs}")
    columns = ("process", "% of a core", "bar")
    table = Table(f"CPU: {TURBINES:,} turbines, a reading a second each, {PAGES} pages open", columns)
    table.add("the monitor, without pages", spread(alone), "")
    table.add("the monitor, telling the pages' process", spread(told), "")
    table.add(f"the pages' process, for {PAGES} pages", spread(serving), table.judge(SERVER_CPU, median(serving)))
    return table


def _percent(seconds: float, *, with_pages: bool) -> tuple[float, float]:
    """The share of a core that the monitor and the process of its pages take, in per cent."""
    with served(with_pages=with_pages) as site:
        site.feed(TURBINES, turbines=TURBINES)
        with watched(site.url):
            before, began = site.cpu_seconds(), time.monotonic()
            site.feed(int(TURBINES * seconds), turbines=TURBINES, rate=TURBINES)
            after, took = site.cpu_seconds(), time.monotonic() - began
    monitor, pages = (100 * (then - first) / took for first, then in zip(before, after, strict=True))
    return monitor, pages


def memory(*, seconds: float, say: Say) -> Table:
    """What pages add to the monitor's memory, with none open and with 20, for a small farm and a large one."""
    columns = ("turbines", "without pages MB", "served MB", f"{PAGES} open MB", "added MB", "bar")
    table = Table("Memory of monitor and pages together (PSS)", columns)
    for turbines in (FEW, TURBINES):
        _, alone = _megabytes(turbines, seconds, with_pages=False)  # after as many readings as `used`
        idle, used = _megabytes(turbines, seconds, with_pages=True)
        say(f"memory, {turbines} turbines: {figure(alone)}, {figure(idle)} and {figure(used)} MB")
        added = used - alone
        table.add(f"{turbines:,}", *map(figure, (alone, idle, used, added)), table.judge(MEMORY, added))
    return table


def _megabytes(turbines: int, seconds: float, *, with_pages: bool) -> tuple[float, float]:
    """Memory when nobody looks, and when 20 pages have been open for a while."""
    with served(with_pages=with_pages) as site:
        site.feed(turbines, turbines=turbines)
        site.feed(int(turbines * seconds), turbines=turbines, rate=turbines)
        idle = site.memory_mb()
        with watched(site.url):
            site.feed(int(turbines * seconds), turbines=turbines, rate=turbines)
            return idle, site.memory_mb()
