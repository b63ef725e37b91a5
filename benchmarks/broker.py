"""The Mosquitto of a benchmark: the project's configuration with longer queues, and a note of who subscribes."""

import shutil
from pathlib import Path
from typing import Self

from benchmarks.programs import Program, Usage, wait_for
from monitor.demo_broker import LocalMosquitto

LONG_QUEUES = """
# A peer that is slower than the load must not lose what waits for it: it is measured, not punished.
max_queued_messages 5000000
max_queued_bytes 4294967296
sys_interval 0
log_type error
log_type warning
log_type subscribe
"""


class Broker(LocalMosquitto):
    """One Mosquitto in `folder`, on a free port of 127.0.0.1: open, or as the `secure` folder has it."""

    def __init__(self, folder: Path, secure: Path | None = None) -> None:
        configuration = None
        if secure is not None:
            shutil.copytree(secure / "broker", folder, dirs_exist_ok=True)
            configuration = (folder / "mosquitto.conf").read_text(encoding="utf-8")
        super().__init__(folder, configuration=configuration, extra_configuration=LONG_QUEUES)

    def __enter__(self) -> Self:
        super().__enter__()
        return self

    def wait_for_subscription(self, topic_filter: str, program: Program) -> None:
        """Return when the program has subscribed to this filter. Raises BenchmarkError if it ends or never does."""
        wanted = f" {topic_filter}\n"

        def subscribed() -> bool:
            program.usage()
            return wanted in self.log.read_text(errors="replace")

        wait_for(subscribed, f"somebody subscribes to {topic_filter}")

    def usage(self) -> Usage:
        """What it has used up to now."""
        return Usage.of(self.pid or 0)
