"""What tools of operations ask a site for: health for probes, and metrics for Prometheus."""
