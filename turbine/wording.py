"""Counts in words."""


def counted(count: int, noun: str) -> str:
    """A count and what is counted: `1 row`, `2,000 rows`."""
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"
