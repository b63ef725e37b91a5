"""The program grid-monitor: keeps every reading, knows each turbine, sends engineers."""
