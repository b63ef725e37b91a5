"""Gaps in the readings of turbines that count them, in sentences."""

from collections.abc import Mapping, Sequence

from monitor.console.words import counted
from monitor.facts import SequenceRecord

MOST_SESSIONS_NAMED = 5
LONGEST_LIST = 60
"""Characters of a list of gaps that are shown."""


def gaps_in_sentences(sessions: Sequence[SequenceRecord], books: Mapping[str, int]) -> str:
    """Which readings are missing now, and what became of those that were; `books` are those of the database."""
    return " ".join([_missing_now(sessions), _so_far(books), *_not_counted(sessions)])


def _missing_now(sessions: Sequence[SequenceRecord]) -> str:
    lacking = sorted((session for session in sessions if session.missing), key=lambda session: -session.missing)
    if not lacking:
        turbines = len({session.turbine_number for session in sessions})
        return f"No reading is missing, of {counted(turbines, 'turbine')} that count theirs."
    named = [
        f"turbine {session.turbine_number} lacks {session.missing:,} ({_shortened(session.gaps)} of {session.session})"
        for session in lacking[:MOST_SESSIONS_NAMED]
    ]
    if len(lacking) > MOST_SESSIONS_NAMED:
        named.append(f"and so on, in {counted(len(lacking) - MOST_SESSIONS_NAMED, 'more session')}")
    total = counted(sum(session.missing for session in lacking), "reading")
    return f"Missing now: {total}: {'; '.join(named)}. A turbine with an outbox sends them again."


def _so_far(books: Mapping[str, int]) -> str:
    opened, closed = books.get("gaps_opened", 0), books.get("gaps_closed", 0)
    if not opened:
        return "None ever was."
    given_up = books.get("gaps_given_up", 0)
    return f"Since the database was made {opened:,} were skipped; {closed:,} came later, {given_up:,} are given up."


def _not_counted(sessions: Sequence[SequenceRecord]) -> list[str]:
    """What is told apart: readings of a time when nobody here listened are no loss that was seen."""
    older = sum(first_missing(session) < session.followed_from for session in sessions if session.gaps)
    if not older:
        return []
    them = "it" if older == 1 else "them"
    return [f"Not counted is what {counted(older, 'session')} sent before this database followed {them}."]


def first_missing(session: SequenceRecord) -> int:
    """The lowest sequence that lacks in a session with gaps."""
    return int(session.gaps.split(",")[0].split("-")[0])


def _shortened(gaps: str) -> str:
    return gaps if len(gaps) <= LONGEST_LIST else f"{gaps[:LONGEST_LIST]}..."
