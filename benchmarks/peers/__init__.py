"""What others would run in the monitor's place: short programs as their authors would write them."""
