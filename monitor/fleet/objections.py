"""Why a message about a turbine changes no belief: it is late, or it speaks for a session that is over.

Each reason is the word by which such messages are counted. They are no errors: a late reading is history, and the
will of an earlier connection may reach us long after the turbine is back.
"""

from grid.status import OfflineReason
from grid.times import SECOND
from monitor.facts import Link, LinkReason, Reading, StatusReport
from monitor.fleet.track import NEVER, Track

LATE = "late_reading"
CORRECTED_WITHIN = 60 * SECOND
"""A reading no older than this, after one from the future, is of a corrected clock and not a late one."""


def objection_to_reading(track: Track, reading: Reading, tolerance: int) -> str | None:
    """Why a reading changes no belief, or None if it does. `tolerance` of clocks is in microseconds."""
    ended_at = end_that_counts(track, reading)
    if ended_at is not None:
        is_dead = not proves_life(track, reading, ended_at, tolerance)
    else:
        is_dead = is_of_ended_session(track, reading)
    if is_dead:
        return "dead_session_reading"
    return None if is_newest(track, reading, tolerance) else LATE


def end_that_counts(track: Track, reading: Reading) -> int | None:
    """The time after which this reading must have been emitted to be heeded, if there is one.

    That is when the turbine was stopped or lost; one that is only silent comes back by any reading. It is also when
    we lost sight of the turbine, for a reading of another session: a late one of an older session proves nothing.
    """
    record = track.record
    if record.link is Link.OFFLINE and record.link_reason is not LinkReason.SILENT:
        return record.link_since
    if record.link is not Link.UNKNOWN:
        return None
    if track.rumour is not None and reading.session == track.rumour.session:
        return track.rumour.received_at
    return record.link_since if names_another_session(track, reading) else None


def is_of_ended_session(track: Track, reading: Reading) -> bool:
    """Whether a reading speaks for another session than the believed one, and must not overrule it.

    What a status told is not overruled by a reading; a session that only readings told of is.
    """
    if track.record.link is Link.OFFLINE or not names_another_session(track, reading):
        return False
    return track.session_told or reading.session in track.ended


def proves_life(track: Track, reading: Reading, ended_at: int, tolerance: int) -> bool:
    """Whether a turbine that was lost or stopped must be alive: it emitted this after its end, by our clock.

    The readings of a dead session were emitted before its goodbye or will reached us, however late they arrive. The
    tolerance is for a clock that runs ahead by more than was measured.
    """
    emitted_at = reading.emitted_at - max(0, track.skew or 0)
    return emitted_at > ended_at + (0 if reading.session is None else tolerance)


def is_newest(track: Track, reading: Reading, tolerance: int) -> bool:
    """Whether a reading is newer than the believed one, whatever the order of arrival.

    Within a session its `sequence` tells, where both have one: no clock that is set in between can freeze the belief.
    Else `emitted_at` does.
    """
    if reading.sequence is not None and track.counted is not None and reading.session == track.counted.session:
        return reading.sequence > track.counted.sequence or counts_anew(track, reading, tolerance)
    if reading.emitted_at > track.emitted_at:
        return True
    if track.unheard and reading.session is not None and reading.session == track.record.session:
        return True  # a clock that was reset by the reboot must not freeze the belief
    # Nor must one reading from the future: a corrected clock is believed at once.
    is_believed_ahead = track.emitted_at - reading.received_at > tolerance
    return is_believed_ahead and abs(reading.emitted_at - reading.received_at) <= CORRECTED_WITHIN


def counts_anew(track: Track, reading: Reading, tolerance: int) -> bool:
    """Whether a turbine kept its session over a restart: this was emitted after a higher sequence was received.

    It should not; but it would stay unheeded until it has counted up to where it was.
    """
    received_at = (track.newest or track.record).received_at
    is_from_the_future = reading.emitted_at > reading.received_at + tolerance
    return received_at is not None and not is_from_the_future and proves_life(track, reading, received_at, tolerance)


def objection_to_birth(track: Track, report: StatusReport) -> str | None:
    """Why an `online` changes nothing, or None. What is retained is the broker's last word, and no late repeat."""
    record = track.record
    if report.session is not None and report.session in track.ended and not report.retained:
        return "old_session_status"
    if report.session != record.session or report.connection is None or record.connection is None:
        return None
    if report.connection < record.connection:
        return "old_connection_status"
    is_repeat = report.connection == record.connection
    return "repeated_status" if is_repeat and record.link in (Link.OFFLINE, Link.STALE) else None


def objection_to_end(track: Track, report: StatusReport) -> str | None:
    """Why an `offline` changes nothing, or None. One that names no session always counts."""
    record = track.record
    if is_end_of_another_session(track, report):
        return "old_session_status"
    if is_end_of_earlier_connection(track, report):
        return "old_connection_status"
    is_known = record.link is Link.OFFLINE and record.link_reason is not LinkReason.SILENT
    return "repeated_status" if is_known else None


def is_end_of_another_session(track: Track, report: StatusReport) -> bool:
    """Whether an `offline` names a session that is not the believed one: a late will, or one at a take-over."""
    return names_another_session(track, report) and not names_unwatched_session(track, report)


def names_another_session(track: Track, news: StatusReport | Reading) -> bool:
    """Whether a message names a session, and another one than the believed one."""
    return news.session is not None and track.record.session not in (None, news.session)


def is_rumour(track: Track, report: StatusReport, *, settled: bool) -> bool:
    """Whether an `offline` may be true or not, and only silence will tell."""
    return names_unwatched_session(track, report) or is_unwatched_loss(track, report, settled=settled)


def is_unwatched_loss(track: Track, report: StatusReport, *, settled: bool) -> bool:
    """Whether a turbine that we knew is said to be lost at a time when nobody watched it.

    A broker that is stopped says so of all its clients, keeps it for us, and tells it when it is back, often before
    the turbines are. Until we have `settled`, births that waited there may come before it.
    """
    is_known = track.record.session is not None or track.emitted_at != NEVER
    was_watched = settled and track.record.link is not Link.UNKNOWN
    return is_known and not was_watched and report.reason is not OfflineReason.STOPPED


def names_unwatched_session(track: Track, report: StatusReport) -> bool:
    """Whether a retained `offline` may be of a session that came and went while nobody watched.

    Or it is a late will that replaced the birth of a running turbine.
    """
    if not names_another_session(track, report) or track.record.link is not Link.UNKNOWN:
        return False
    return report.retained and report.session not in track.ended


def is_end_of_earlier_connection(track: Track, report: StatusReport) -> bool:
    """Whether an `offline` is the late will of an earlier connection of the believed session."""
    believed, ended = track.record.connection, report.connection
    return report.session == track.record.session and None not in (believed, ended) and (ended or 0) < (believed or 0)
