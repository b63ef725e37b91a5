"""What the flush of windows is measured on."""

from benchmarks.window_rows import window_rows


def test_rows_of_a_new_minute_and_corrected_ones_are_both_written() -> None:
    new, corrected = window_rows(rounds=2).rows
    assert (new[0], corrected[0]) == ("of a new minute", "all of them corrected")
    assert min(float(new[1]), float(corrected[1])) > 0
