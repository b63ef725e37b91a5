"""Run grid-turbines as `python -m turbine`."""

from turbine.cli import main

main()
