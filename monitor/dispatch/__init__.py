"""Incidents, visits and the pool of engineers."""
