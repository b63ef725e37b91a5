"""Who ordered what, how they came in, and what became of it: kept for ever, the refused ones too."""

from dataclasses import dataclass
from enum import StrEnum


class Door(StrEnum):
    """Through what an order came in."""

    PAGES = "pages"
    """A person in a browser."""
    API = "api"
    """A program over HTTP."""
    COMMAND_LINE = "command_line"
    """Somebody on the monitor's machine, whom its accounts let near the data folder."""


@dataclass(frozen=True, slots=True)
class Actor:
    """Who gives an order, as far as that is known where it came in: it travels with the order."""

    who: str
    """Who signed in. For a token its name, and whom it acts for; where nobody signs in, what was said."""
    door: Door
    rights: str | None = None
    """What let them in: a person's role, or a token's scopes; None where nothing was asked for."""
    token_id: str | None = None
    address: str | None = None
    """From where, over HTTP."""


class AuditAction(StrEnum):
    """What was ordered: the words of the orders themselves, and of what else a person may have done."""

    REPAIR = "repair"
    HOLD = "hold"
    RELEASE = "release"
    ACKNOWLEDGE = "acknowledge"
    COMMENT = "comment"
    SHELVE = "shelve"
    UNSHELVE = "unshelve"
    TAKE_OUT_OF_SERVICE = "take_out_of_service"
    PUT_IN_SERVICE = "put_in_service"
    TEST_RECEIVER = "test_receiver"
    PRUNE = "prune"


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """An order, and what became of it: a row of the table `audit`, committed with the decision itself."""

    at: int
    """When it was decided."""
    who: str
    door: Door
    rights: str | None
    token_id: str | None
    address: str | None
    action: AuditAction
    subject: str
    """What it was about: `turbine-7`, `alarm-3`, the name of a receiver."""
    why: str
    """The reason, or the comment."""
    accepted: bool
    sentence: str
    """What was answered."""
