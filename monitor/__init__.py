"""The program grid-monitor: keeps every reading, knows each turbine, sends engineers."""

DISTRIBUTION = "grid-wind-farm-monitor"
"""The name under which Grid is installed."""
