"""Cursors: where the next page of a list begins, as text that nobody needs to understand."""

from base64 import urlsafe_b64decode, urlsafe_b64encode

_BYTES = 8

CURSOR_PATTERN = r"^[A-Za-z0-9_-]{10}[AEIMQUYcgkosw048]$"
"""Eight bytes in base64 (RFC 4648, section 5) without its padding: the last sign has two bits to spare."""


PAIR_PATTERN = r"^[A-Za-z0-9_-]{21}[AQgw]$"
"""Sixteen bytes in base64 without its padding: the last sign has four bits to spare."""


def to_cursor(key: int | None) -> str | None:
    """Write a key, an integer of 64 bits; None, where nothing follows, stays None."""
    if key is None:
        return None
    return urlsafe_b64encode(key.to_bytes(_BYTES, "big", signed=True)).rstrip(b"=").decode()


def from_cursor(cursor: str) -> int:
    """Read the key of a cursor that has the pattern."""
    return int.from_bytes(urlsafe_b64decode(f"{cursor}="), "big", signed=True)


def to_pair(keys: tuple[int, int] | None) -> str | None:
    """Write two keys, for lists whose order takes both."""
    if keys is None:
        return None
    written = b"".join(key.to_bytes(_BYTES, "big", signed=True) for key in keys)
    return urlsafe_b64encode(written).rstrip(b"=").decode()


def from_pair(cursor: str) -> tuple[int, int]:
    """Read the two keys of a cursor that has the pattern `PAIR_PATTERN`."""
    read = urlsafe_b64decode(f"{cursor}==")
    return int.from_bytes(read[:_BYTES], "big", signed=True), int.from_bytes(read[_BYTES:], "big", signed=True)
