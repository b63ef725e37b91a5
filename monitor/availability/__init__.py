"""Availability by time and by energy, from windows and outages, with definitions after IEC 61400-26."""
