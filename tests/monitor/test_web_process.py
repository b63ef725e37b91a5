"""The process of the pages as the monitor keeps it: the real one, without a monitor beside it."""

import asyncio
import os
import signal
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, closing
from dataclasses import replace
from pathlib import Path

import psutil
import pytest
from served import answers

from monitor.demo_broker import HOST, find_free_port
from monitor.http_access import is_taken
from monitor.site_settings import SiteSettings
from monitor.web.__main__ import NICENESS
from monitor.web_process import in_words, keep_serving


class Kept:
    """A process that is kept running, and what is said of it."""

    def __init__(self, settings: SiteSettings) -> None:
        self.settings = settings
        self.said: list[str] = []
        self.pages_at = f"pages at http://{settings.http_host}:{settings.http_port}"
        self._known = set(psutil.Process().children())

    @property
    def processes(self) -> list[psutil.Process]:
        return [child for child in psutil.Process().children() if child not in self._known]

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        task = asyncio.create_task(keep_serving(self.settings, self.said.append))
        try:
            yield
        finally:
            task.cancel()
            await asyncio.wait([task])


async def until(is_true: Callable[[], object]) -> None:
    async with asyncio.timeout(60):
        while not is_true():
            await asyncio.sleep(0.02)


async def until_it_answers(settings: SiteSettings) -> None:
    async with asyncio.timeout(60):
        while not await asyncio.to_thread(answers, f"http://{settings.http_host}:{settings.http_port}/health/live"):
            await asyncio.sleep(0.02)


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> SiteSettings:
    monkeypatch.setattr("monitor.web_process.PAUSES_SECONDS", (0.01,))
    monkeypatch.setattr("monitor.web_process.LOOK_AT_PORT_SECONDS", 0.01)
    return SiteSettings(data_dir=tmp_path, http_host=HOST, http_port=find_free_port())


async def test_it_says_where_the_pages_are_and_ends_without_a_word(settings: SiteSettings) -> None:
    kept = Kept(settings)
    async with kept.running():
        await until(lambda: kept.said)
        (process,) = kept.processes
        assert os.getsid(process.pid) != os.getsid(0)  # Ctrl-C in the terminal is not for it
        assert process.nice() == min(19, os.nice(0) + NICENESS)
    assert kept.said == [kept.pages_at]
    assert kept.processes == []
    assert not is_taken(HOST, settings.http_port)


async def test_one_that_dies_is_started_again(settings: SiteSettings) -> None:
    kept = Kept(settings)
    async with kept.running():
        for _ in range(2):
            await until_it_answers(settings)
            (process,) = kept.processes
            process.send_signal(signal.SIGKILL)
            await until(lambda: not is_taken(HOST, settings.http_port))
        await until_it_answers(settings)
    assert kept.said == [kept.pages_at, "the pages' process was ended by SIGKILL; it is started again"]


async def test_a_port_that_is_taken_is_told_once_and_waited_for(settings: SiteSettings) -> None:
    kept = Kept(settings)
    with closing(socket.create_server((HOST, settings.http_port))):
        async with kept.running():
            await until(lambda: kept.said)
            await asyncio.sleep(0.1)
    (sentence,) = kept.said
    assert sentence.startswith(f"port {settings.http_port} on {HOST} is taken: ")
    async with kept.running():
        await until(lambda: kept.pages_at in kept.said)


async def test_what_keeps_it_from_starting_is_told_once(settings: SiteSettings, tmp_path: Path) -> None:
    key_file = tmp_path / "key"
    key_file.write_text("short")
    key_file.chmod(0o600)
    kept = Kept(replace(settings, http_key_file=key_file))
    async with kept.running():
        await until(lambda: kept.said)
        (first,) = kept.processes
        await until(lambda: first not in kept.processes and kept.processes)  # it is tried again
        key_file.unlink()
        await until(lambda: kept.pages_at in kept.said)
    complaint, pages = kept.said
    assert complaint.startswith(f"http_key_file {key_file} must hold ")
    assert pages == kept.pages_at
    assert key_file.stat().st_mode & 0o777 == 0o600


async def test_a_machine_that_can_start_nothing_now_is_told_once_and_waited_for(
    settings: SiteSettings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = Kept(settings)
    with monkeypatch.context() as away:
        away.setattr("sys.executable", str(tmp_path / "python"))
        async with kept.running():
            await until(lambda: kept.said)
            await asyncio.sleep(0.1)
            away.undo()
            await until(lambda: kept.pages_at in kept.said)
    assert kept.said == [
        "the pages' process can't be started (No such file or directory); it is tried again",
        kept.pages_at,
    ]


async def test_a_host_that_can_be_no_name_is_told(settings: SiteSettings, tmp_path: Path) -> None:
    kept = Kept(replace(settings, http_host="a..b", http_key_file=tmp_path / "key", http_plain=True))
    async with kept.running():
        await until(lambda: kept.said)
    assert kept.said == ["http_host a..b: no name of a host can be like that"]


async def test_it_finds_no_other_settings_than_the_monitors(
    settings: SiteSettings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "grid.toml").write_text("data_dir = [", encoding="utf-8")
    monkeypatch.setenv("GRID_HTTP_KEY_FILE", str(tmp_path / "another"))
    kept = Kept(settings)
    async with kept.running():
        await until(lambda: kept.said)
    assert kept.said == [kept.pages_at]
    assert not (tmp_path / "another").exists()


@pytest.mark.parametrize(
    ("line", "sentences"),
    [
        ('{"time": "T", "action": "pages", "sentence": "pages at X"}', ["pages at X"]),
        (
            '{"sentence": "a bug", "traceback": "Traceback:\\n  File\\nKeyError"}',
            ["a bug", "Traceback:", "  File", "KeyError"],
        ),
        ("the port is taken", ["the port is taken"]),
        ("\x1b[2Jnot ours", ["\\x1b[2Jnot ours"]),
        ('{"sentence": 7}', ["7"]),
        ("[]", ["[]"]),
        ("", []),
    ],
)
def test_what_the_process_says_is_told_in_sentences(line: str, sentences: list[str]) -> None:
    assert in_words(line) == sentences
