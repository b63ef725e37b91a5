"""Outages: reports, events, their category and what they cost."""
