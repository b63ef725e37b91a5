"""What the running monitor tells of its own work: measurements, and traces of batches and repairs."""
