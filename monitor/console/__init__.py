"""What the monitor shows on a terminal: the farm as a live table, and what happens as lines."""
