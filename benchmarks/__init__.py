"""How fast Grid is, measured beside others in the same run: `make bench`, or `python -m benchmarks --help`."""
