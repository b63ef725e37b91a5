"""grid-monitor without windows, outages, baselines, alarms and notifications: what the real one is compared with.

The arguments are grid-monitor's. Its deciders are there, and are never asked.
"""

from unittest.mock import patch

from monitor.facts import Heard, KnowledgeChanges, Now
from monitor.knowledge import Knowledge


class NoKnowledge(Knowledge):
    """Decides nothing, whatever is heard."""

    def decide(self, heard: Heard, now: Now) -> KnowledgeChanges:
        """Nothing follows from it."""
        return KnowledgeChanges()


def main() -> None:
    """Run grid-monitor to its end."""
    from monitor.cli import main as grid_monitor

    with patch("monitor.monitor.Knowledge", NoKnowledge):
        grid_monitor()


if __name__ == "__main__":
    main()
