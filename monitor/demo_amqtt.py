"""A broker in Python for machines without Mosquitto: amqtt, which speaks MQTT 3.1.1, in a process of its own."""

import importlib.util
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import TracebackType
from typing import Self

from monitor import DISTRIBUTION
from monitor.demo_broker import HOST, START_TIMEOUT_SECONDS, LocalBrokerError, accepts, find_free_port

CONFIGURATION = """\
listeners:
  default:
    type: tcp
    bind: {host}:{port}
plugins:
  amqtt.plugins.authentication.AnonymousAuthPlugin:
    allow_anonymous: true
"""


class LocalAmqtt:
    """One amqtt on 127.0.0.1; its configuration and log are files in `folder`. As a context manager it stops too."""

    def __init__(self, folder: Path, *, port: int | None = None) -> None:
        self.host = HOST
        self.port = port or find_free_port()
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def start(self) -> None:
        """Start it and return as soon as it accepts connections. Raises LocalBrokerError with the reason."""
        if importlib.util.find_spec("amqtt") is None:
            raise LocalBrokerError(f"neither mosquitto nor amqtt is installed: pip install '{DISTRIBUTION}[demo]'")
        configuration = self._folder / "amqtt.yaml"
        configuration.write_text(CONFIGURATION.format(host=self.host, port=self.port), encoding="utf-8")
        with (self._folder / "amqtt.log").open("wb") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "amqtt.scripts.broker_script", "-c", configuration],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        deadline = time.monotonic() + START_TIMEOUT_SECONDS
        while not accepts(self.port):
            if self._process.poll() is not None or time.monotonic() > deadline:
                self.stop()
                raise LocalBrokerError("the embedded broker amqtt does not start")
            time.sleep(0.05)

    def stop(self) -> None:
        """Ask it to end and wait."""
        process, self._process = self._process, None
        if process is None:
            return
        process.send_signal(signal.SIGINT)
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
