"""Run grid-monitor as `python -m monitor`."""

from monitor.cli import main

main()
