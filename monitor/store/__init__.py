"""The ledger in SQLite, and the turbines' text files."""
