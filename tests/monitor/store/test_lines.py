"""A line of a text file says all of a reading, in JSON that every program reads."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grid.metrics import OperationalStatus
from grid.times import EARLIEST, LATEST, format_time
from monitor.facts import Reading
from monitor.store.lines import emitted_at_of, to_line

numbers = st.floats(allow_nan=False, allow_infinity=False).map(lambda number: number + 0.0)
times = st.integers(EARLIEST, LATEST - 1)
readings = st.builds(
    Reading,
    st.integers(1, 2**31 - 1),
    times,
    numbers,
    numbers,
    st.sampled_from(OperationalStatus),
    st.none() | numbers,
    st.none() | numbers,
    st.none() | numbers,
    st.none() | st.text(min_size=1, max_size=32),
    st.none() | st.integers(0, 2**53 - 1),
    times,
)


@given(readings)
def test_a_line_is_the_json_of_all_fields_in_their_order(reading: Reading) -> None:
    fields: dict[str, Any] = reading._asdict()
    fields |= {name: format_time(fields[name]) for name in ("emitted_at", "received_at")}
    assert to_line(reading) == json.dumps(fields) + "\n"


def test_a_zero_has_no_sign_as_in_the_database() -> None:
    reading = Reading(7, 0, -0.0, -0.0, OperationalStatus.OK, -0.0, -0.0, -0.0, None, None, 0)
    assert "-" not in to_line(reading).replace("1970-01-01", "")


@given(readings)
def test_a_line_is_known_again_by_its_time_of_emission(reading: Reading) -> None:
    line = to_line(reading).encode()
    assert line.count(b"\n") == 1
    assert emitted_at_of(line, reading.turbine_number) == reading.emitted_at
    assert emitted_at_of(line, reading.turbine_number + 1) is None


@pytest.mark.parametrize("line", [b"", b"\n", b"hello\n", b"[1]\n", b"{}\n", b"\x00\xff\n", b"7", b"[" * 100_000])
def test_a_line_of_somebody_else_is_no_reading(line: bytes) -> None:
    assert emitted_at_of(line, 7) is None
