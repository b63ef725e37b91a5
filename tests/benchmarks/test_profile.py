"""A profile names the monitor's own functions, in every thread."""

from benchmarks.profile import SHOWN, profile


def test_a_profile_shows_where_all_threads_spend_their_time() -> None:
    table = profile(readings=3_000)

    assert len(table.rows) == SHOWN
    assert any(function.startswith("monitor/") for function, *_ in table.rows)
    assert {thread for _, thread, *_ in table.rows} > {"MainThread"}
