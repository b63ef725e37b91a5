"""The ledger in SQLite, and the turbines' text files."""

DATABASE = "grid.db"
"""The database's name in the data folder."""
