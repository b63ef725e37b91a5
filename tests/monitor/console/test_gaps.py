"""Which readings are missing, in sentences."""

from monitor.console.gaps import gaps_in_sentences
from monitor.console.lines import missing_in_words
from monitor.facts import SequenceRecord


def session(turbine_number: int = 7, gaps: str = "", missing: int = 0, followed_from: int = 0) -> SequenceRecord:
    return SequenceRecord(turbine_number, "s-1", 1000, followed_from, gaps, missing, heard_at=0)


def test_a_farm_without_a_gap() -> None:
    assert gaps_in_sentences([session(7), session(8)], {}) == (
        "No reading is missing, of 2 turbines that count theirs. None ever was."
    )


def test_what_came_late_and_what_never_will() -> None:
    books = {"gaps_opened": 1500, "gaps_closed": 1490, "gaps_given_up": 10}
    assert gaps_in_sentences([session()], books).endswith(
        "Since the database was made 1,500 were skipped; 1,490 came later, 10 are given up."
    )


def test_what_was_before_the_database_followed_a_session_is_told_apart() -> None:
    told = gaps_in_sentences([session(gaps="0-499", followed_from=500)], {})
    assert told.startswith("No reading is missing")
    assert told.endswith("Not counted is what 1 session sent before this database followed it.")


def test_a_long_list_is_cut_and_many_sessions_are_counted() -> None:
    gaps = ",".join(str(sequence) for sequence in range(100, 200, 2))
    told = gaps_in_sentences([session(number, gaps, 50) for number in range(1, 8)], {"gaps_opened": 350})
    assert told.startswith("Missing now: 350 readings: turbine 1 lacks 50 (100,102,")
    assert "; and so on, in 2 more sessions." in told
    assert len(told) < 900


def test_missing_readings_in_one_line() -> None:
    assert missing_in_words({3: 1}) == "1 reading is missing: 1 of turbine 3"
    assert missing_in_words(dict.fromkeys(range(1, 6), 2)) == (
        "10 readings are missing: 2 of turbine 1, 2 of turbine 2, 2 of turbine 3, the rest of 2 more turbines"
    )
