"""Baselines: a turbine's own normal, and findings."""
