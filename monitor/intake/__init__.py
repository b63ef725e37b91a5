"""From the broker's bytes to batches of news."""
