"""Times: ISO 8601 with a zone or seconds since 1970 in, whole microseconds in UTC out."""

import json
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grid.times import EARLIEST, LATEST, SECOND, as_datetime, format_time, from_datetime, parse_time

times = st.integers(min_value=EARLIEST, max_value=LATEST - 1)
NOON = 1_795_262_400 * SECOND


@given(times)
def test_a_time_that_is_written_is_read_back(microseconds: int) -> None:
    assert parse_time(format_time(microseconds)) == microseconds


@given(times)
def test_a_time_survives_the_way_over_a_datetime(microseconds: int) -> None:
    assert from_datetime(as_datetime(microseconds)) == microseconds


@given(times, st.integers(min_value=-23 * 60, max_value=23 * 60))
def test_a_time_in_any_zone_is_the_same_moment(microseconds: int, minutes: int) -> None:
    zone = timezone(timedelta(minutes=minutes))
    assert parse_time(as_datetime(microseconds).astimezone(zone).isoformat()) == microseconds


@given(times)
def test_seconds_since_1970_hold_microseconds(microseconds: int) -> None:
    assert abs(parse_time(microseconds / SECOND) - microseconds) <= 1


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("2026-11-21T12:00:00Z", NOON),
        ("2026-11-21T12:00:00+00:00", NOON),
        ("2026-11-21T13:00:00+01:00", NOON),
        ("2026-11-21 12:00:00.000001Z", NOON + 1),
        ("2026-11-21T17:45:00+05:45", NOON),
        ("20261121T120000Z", NOON),
        (1_795_262_400, NOON),
        (1_795_262_400.5, NOON + SECOND // 2),
        ("2000-01-01T00:00:00Z", EARLIEST),
        ("2199-12-31T23:59:59.999999Z", LATEST - 1),
    ],
)
def test_the_forms_of_the_contract_are_read(written: str | float, meant: int) -> None:
    assert parse_time(written) == meant


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ("2026-11-21T12:00:00", "zone"),
        ("2026-11-21", "zone"),
        ("2026-11-21T24:01:00Z", "ISO 8601"),
        ("2026-02-30T12:00:00Z", "ISO 8601"),
        ("2026-11-21T12:00:00+25:00", "ISO 8601"),
        ("yesterday", "ISO 8601"),
        ("", "ISO 8601"),
        ("1795262400", "ISO 8601"),
        ("NaN", "ISO 8601"),
        ("\uff12\uff10\uff12\uff16-11-21T12:00:00Z", "ISO 8601"),
        ("2026-11-21T12:00:00Z" + "0" * 100_000, "ISO 8601"),
        ("1999-12-31T23:59:59Z", "years 2000 and 2199"),
        ("2200-01-01T00:00:00Z", "years 2000 and 2199"),
        ("0001-01-01T00:00:00+23:59", "years 2000 and 2199"),
        ("9999-12-31T23:59:59-23:59", "years 2000 and 2199"),
        (0, "years 2000 and 2199"),
        (-1, "years 2000 and 2199"),
        (1_795_262_400_000, "years 2000 and 2199"),  # milliseconds, the usual slip
        (2**63, "years 2000 and 2199"),
        (10**400, "years 2000 and 2199"),
        (-(10**400), "years 2000 and 2199"),
        (1e308, "years 2000 and 2199"),
        (float("nan"), "years 2000 and 2199"),
        (float("inf"), "years 2000 and 2199"),
        (float("-inf"), "years 2000 and 2199"),
        (True, "ISO 8601 text with a zone, or seconds"),
        (None, "ISO 8601 text with a zone, or seconds"),
        ([], "ISO 8601 text with a zone, or seconds"),
        ({}, "ISO 8601 text with a zone, or seconds"),
    ],
    ids=lambda value: repr(value)[:30] if not isinstance(value, int) or value < 2**64 else "huge",
)
def test_anything_else_is_refused_in_words(value: Any, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        parse_time(value)


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.floats() | st.text(), st.lists, max_leaves=3))
def test_no_value_of_json_raises_anything_but_a_value_error(value: Any) -> None:
    try:
        microseconds = parse_time(value)
    except ValueError:
        return
    assert EARLIEST <= microseconds < LATEST


def test_a_written_time_is_utc_to_the_microsecond() -> None:
    assert format_time(NOON) == "2026-11-21T12:00:00.000000Z"
    assert json.loads(json.dumps(format_time(NOON + 1))) == "2026-11-21T12:00:00.000001Z"
    assert as_datetime(NOON) == datetime(2026, 11, 21, 12, tzinfo=UTC)


def test_a_naive_datetime_is_a_mistake_of_the_program() -> None:
    with pytest.raises(TypeError):
        from_datetime(datetime(2026, 11, 21, 12))  # noqa: DTZ001
