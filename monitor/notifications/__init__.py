"""Notifications: routes, groups, quiet hours, and their delivery."""
