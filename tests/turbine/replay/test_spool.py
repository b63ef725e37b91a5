"""Rows of any order come out by turbine and time, from memory or from disk."""

import resource

import pytest
from hypothesis import given
from hypothesis import strategies as st

from turbine.replay.errors import ReplayError
from turbine.replay.spool import OK, Record, Spool, in_order, unpack

finite = st.floats(-1e12, 1e12)
unknown_or_finite = st.none() | finite
records = st.builds(
    Record,
    turbine=st.integers(0, 2**32 - 1),
    time=st.integers(0, 2**63),
    line=st.integers(1, 2**63),
    kind=st.just(OK),
    wind_speed=finite,
    amount=finite,
    voltage=unknown_or_finite,
    current=unknown_or_finite,
    temperature=unknown_or_finite,
)


@given(records)
def test_a_record_is_kept_as_it_is(record: Record) -> None:
    assert unpack(record.packed()) == record


@given(st.lists(records, max_size=20), st.integers(1, 25))
def test_records_are_in_order_of_turbine_time_and_line_however_small_the_runs(given: list[Record], run: int) -> None:
    ordered = [unpack(packed) for packed in in_order((record.packed() for record in given), run)]
    keys = [record[:3] for record in ordered]
    assert keys == sorted(record[:3] for record in given)
    assert sorted(map(repr, ordered)) == sorted(map(repr, given))


def test_stretches_of_one_spool_are_read_in_turn() -> None:
    spool = Spool()
    try:
        first = spool.append(Record(1, time, 1, OK).packed() for time in range(5))
        second = spool.append(Record(2, time, 1, OK).packed() for time in range(5))
        pairs = list(zip(spool.read(first, block=2), spool.read(second, block=3), strict=True))
        assert [(unpack(a).turbine, unpack(b).turbine) for a, b in pairs] == [(1, 2)] * 5
        assert [unpack(a).time for a, _ in pairs] == [unpack(b).time for _, b in pairs] == list(range(5))
    finally:
        spool.close()


def test_a_full_disk_is_told_and_the_spool_can_still_be_closed() -> None:
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    spool = Spool()
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, limits[1]))
    try:
        with pytest.raises(ReplayError, match=r"^the rows can't be sorted in .+: File too large$"):
            spool.append(Record(1, time, 1, OK).packed() for time in range(1000))
        spool.close()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
