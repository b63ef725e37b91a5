import re

from hypothesis import given
from hypothesis import strategies as st

from monitor.web.api.cursors import CURSOR_PATTERN, from_cursor, to_cursor


@given(st.integers(-(2**63), 2**63 - 1))
def test_a_cursor_has_the_pattern_and_gives_its_key_back(key: int) -> None:
    cursor = to_cursor(key)
    assert cursor is not None
    assert re.fullmatch(CURSOR_PATTERN, cursor)
    assert from_cursor(cursor) == key


@given(st.from_regex(CURSOR_PATTERN, fullmatch=True))
def test_whatever_has_the_pattern_is_the_cursor_of_one_key(cursor: str) -> None:
    assert to_cursor(from_cursor(cursor)) == cursor


def test_there_is_no_cursor_where_nothing_follows() -> None:
    assert to_cursor(None) is None
