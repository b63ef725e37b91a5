"""Alarms: conditions, their life, and what people do about them."""
