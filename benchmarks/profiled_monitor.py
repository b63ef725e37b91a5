"""grid-monitor under cProfile, every thread on its own CPU clock: started by `benchmarks.profile`.

The first argument names the folder for the statistics, the others are grid-monitor's. What a profiler adds to each
call makes short functions look longer than they are: read the shares, not the seconds.
"""

import cProfile
import sys
import threading
import time
from pathlib import Path
from types import FrameType
from typing import Any

_profiles: dict[str, cProfile.Profile] = {}


def _profile_this_thread(frame: FrameType | None = None, event: str = "", argument: Any = None) -> None:
    """Take the place of ourselves, which Python calls first in every new thread."""
    profile = cProfile.Profile(time.thread_time)
    _profiles[threading.current_thread().name] = profile
    profile.enable()


def main() -> None:
    """Run grid-monitor to its end, then write the statistics, one file for each thread."""
    folder = Path(sys.argv[1])
    sys.argv = ["grid-monitor", *sys.argv[2:]]
    from monitor.cli import main as grid_monitor

    threading.setprofile(_profile_this_thread)
    _profile_this_thread()
    try:
        grid_monitor()
    finally:
        for name, profile in _profiles.items():
            profile.dump_stats(folder / f"{name}.pstats")


if __name__ == "__main__":
    main()
