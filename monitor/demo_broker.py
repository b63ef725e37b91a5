"""A Mosquitto of our own on this machine, with the project's configuration: for the demo and for the tests."""

import os
import re
import resource
import shutil
import signal
import socket
import subprocess
import time
from importlib import resources
from pathlib import Path
from types import TracebackType
from typing import Self

HOST = "127.0.0.1"
START_TIMEOUT_SECONDS = 10.0
STOP_TIMEOUT_SECONDS = 10.0
_LOOK_EVERY_SECONDS = 0.01


class LocalBrokerError(Exception):
    """The broker can't be started: one sentence, fit to be shown."""


def find_mosquitto() -> Path | None:
    """The `mosquitto` on the PATH, or where systems put it outside a plain user's PATH; None where there is none."""
    path = os.pathsep.join([os.environ.get("PATH", os.defpath), "/usr/sbin", "/usr/local/sbin", "/opt/homebrew/sbin"])
    found = shutil.which("mosquitto", path=path)
    return Path(found) if found else None


def find_free_port() -> int:
    """A TCP port on 127.0.0.1 that nobody has at this moment."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
        return port


def project_configuration() -> str:
    """The text of `mosquitto/mosquitto.conf`, which is shipped inside this package too."""
    return resources.files("monitor").joinpath("mosquitto.conf").read_text(encoding="utf-8")


def local_configuration(*, port: int, folder: Path, text: str | None = None) -> str:
    """A configuration, the project's unless told otherwise, on this port of 127.0.0.1; what it keeps is in `folder`.

    `user root` means: stay who you are. Mosquitto started by root would else become the user `mosquitto`, who may
    not write into `folder`; started by anyone else it ignores the line.
    """
    text = _replace_line(text or project_configuration(), "listener", f"listener {port} {HOST}")
    text = _replace_line(text, "persistence_location", f"persistence_location {folder}/")
    return f"{text}\nuser root\n"


def _replace_line(text: str, option: str, line: str) -> str:
    changed, count = re.subn(rf"^{option} .*$", lambda _: line, text, flags=re.MULTILINE)
    if count != 1:
        raise ValueError(f"mosquitto.conf has {count} lines of {option}, expected one")
    return changed


class LocalMosquitto:
    """One Mosquitto on 127.0.0.1; its configuration, log and persistence are files in `folder`, where it works.

    `configuration` takes the place of the project's; `extra_configuration` comes after it.
    `start` after `stop` or `kill` brings it back on the same port with what it had saved. As a context manager it
    starts and stops. It has a session of its own, so that Ctrl-C reaches us and not the broker: we say goodbye first.
    """

    def __init__(
        self,
        folder: Path,
        *,
        port: int | None = None,
        configuration: str | None = None,
        extra_configuration: str = "",
    ) -> None:
        self.folder = folder
        self.host = HOST
        self.port = port or find_free_port()
        self.log = folder / "mosquitto.log"
        self._configuration = configuration
        self._extra_configuration = extra_configuration
        self._log_starts_at = 0
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def pid(self) -> int | None:
        """The process id while it runs, else None."""
        running = self._process is not None and self._process.poll() is None
        return self._process.pid if running and self._process else None

    def start(self) -> None:
        """Start it and return as soon as it accepts connections. Raises LocalBrokerError with the reason."""
        if self.pid is not None:
            raise LocalBrokerError(f"the broker on {self.host}:{self.port} runs already")
        program = find_mosquitto()
        if program is None:
            raise LocalBrokerError("there is no mosquitto on the PATH")
        if accepts(self.port):
            raise LocalBrokerError(f"port {self.port} on {self.host} is taken by another program")
        configuration = self._write_configuration()
        with self.log.open("ab") as log:
            self._log_starts_at = log.tell()
            self._process = subprocess.Popen(
                [program, "-c", configuration.absolute()],
                cwd=self.folder,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        _allow_many_connections(self._process.pid)
        self._wait_until_it_accepts(self._process)

    def stop(self) -> None:
        """Ask it to end and wait: it saves sessions, retained messages and queues. Nothing happens if it is down."""
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        """End it at once, as a crash would: what it had not saved is gone. Nothing happens if it is down."""
        self._end(signal.SIGKILL)

    def send_signal(self, number: int) -> None:
        """Send the process a signal, such as SIGSTOP and SIGCONT. Nothing happens if it is down."""
        if self._process is not None:
            self._process.send_signal(number)

    def _write_configuration(self) -> Path:
        path = self.folder / "mosquitto.conf"
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            text = local_configuration(port=self.port, folder=self.folder.absolute(), text=self._configuration)
            path.write_text(f"{text}{self._extra_configuration}\n", encoding="utf-8")
        except OSError as error:
            raise LocalBrokerError(f"the broker's folder {self.folder} can't be written: {error}") from None
        return path

    def _wait_until_it_accepts(self, process: subprocess.Popen[bytes]) -> None:
        deadline = time.monotonic() + START_TIMEOUT_SECONDS
        while time.monotonic() < deadline:
            if process.poll() is not None:
                raise LocalBrokerError(f"mosquitto ended at its start: {self._last_words()}")
            if accepts(self.port):
                return
            time.sleep(_LOOK_EVERY_SECONDS)
        self.kill()
        raise LocalBrokerError(f"mosquitto does not answer on {self.host}:{self.port}: {self._last_words()}")

    def _last_words(self) -> str:
        said = self.log.read_bytes()[self._log_starts_at :].decode(errors="replace").splitlines()
        errors = [line.partition(": ")[2] for line in said if "Error" in line]  # without the time
        return " ".join(errors or said[-1:]) or "it said nothing"

    def _end(self, number: int) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        process.send_signal(number)
        process.send_signal(signal.SIGCONT)  # a stopped process hears nothing else
        try:
            process.wait(STOP_TIMEOUT_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def accepts(port: int) -> bool:
    """Whether somebody listens on this port of 127.0.0.1."""
    with socket.socket() as probe:
        probe.settimeout(1.0)
        return probe.connect_ex((HOST, port)) == 0


def _allow_many_connections(pid: int) -> None:
    """A thousand turbines need a thousand file descriptors: raise the process's limit as far as the system lets us."""
    if hasattr(resource, "prlimit"):
        hard = resource.prlimit(pid, resource.RLIMIT_NOFILE)[1]
        resource.prlimit(pid, resource.RLIMIT_NOFILE, (hard, hard))
