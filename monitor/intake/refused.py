"""What is wrong with a message: it becomes a dead letter with its reason, in words fit to be shown."""

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from pydantic import ValidationError

from grid.connection import Message
from monitor.facts import KEPT_PAYLOAD_BYTES, DeadLetter, DeadLetterReason

MOST_COMPLAINTS = 10
"""How many fields are named that are wrong."""


class RefusedError(Exception):
    """Says that a message is a dead letter."""

    def __init__(self, reason: DeadLetterReason, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason


def invalid(error: ValidationError) -> RefusedError:
    """The refusal of what pydantic did not take."""
    complaints = error.errors(include_url=False, include_input=False, include_context=False)
    if complaints[0]["type"] == "json_invalid":
        return RefusedError(DeadLetterReason.NOT_JSON, complaints[0]["msg"])
    return RefusedError(DeadLetterReason.INVALID, in_words(complaints[:MOST_COMPLAINTS]))


def in_words(complaints: Iterable[Mapping[str, Any]]) -> str:
    """What pydantic complains of, each complaint with its field."""
    return "; ".join(
        f"{'.'.join(map(str, complaint['loc'])) or 'message'}: {complaint['msg']}" for complaint in complaints
    )


def refuse_too_large(payload: bytes, limit: int) -> None:
    """Refuse what is longer than any message of its kind, before anything is parsed."""
    if len(payload) > limit:
        raise RefusedError(DeadLetterReason.TOO_LARGE, f"{len(payload)} bytes, the limit is {limit}")


def refuse_duplicate_keys(payload: bytes) -> None:
    """Refuse JSON in which a key comes twice: readers differ on which one counts (RFC 8259, section 4)."""
    try:
        json.loads(payload, object_pairs_hook=_without_duplicates)
    except (ValueError, RecursionError) as error:  # pydantic read it, so this is its depth or its encoding
        raise RefusedError(DeadLetterReason.NOT_JSON, f"can't be read a second time: {error}") from None


def _without_duplicates(pairs: list[tuple[str, object]]) -> dict[str, object]:
    unique = dict(pairs)
    if len(unique) < len(pairs):
        [(repeated, _)] = Counter(name for name, _ in pairs).most_common(1)
        raise RefusedError(DeadLetterReason.DUPLICATE_KEY, f"the key {repeated!r} comes twice")
    return unique


def dead_letter(message: Message, received_at: int, refused: RefusedError) -> DeadLetter:
    """The dead letter that a refused message becomes."""
    payload = message.payload
    return DeadLetter(
        received_at, message.topic, payload[:KEPT_PAYLOAD_BYTES], len(payload), refused.reason, str(refused)
    )
