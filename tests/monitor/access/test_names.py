"""Names of people and tokens."""

import pytest

from monitor.access.names import NameRefusedError, check_name, is_name, new_id


@pytest.mark.parametrize("name", ["a", "anna", "Anna.Maier", "anna@example.org", "shift-app", "7", "a" * 64])
def test_names_are_plain(name: str) -> None:
    check_name(name)


@pytest.mark.parametrize(
    "name", ["", "a" * 65, "anna maier", "änna", "-a", ".a", "@a", "a/b", "a\n", "a\x1b[2J", "\u0430nna"]
)
def test_what_could_be_taken_for_another_name_is_none(name: str) -> None:
    assert not is_name(name)
    with pytest.raises(NameRefusedError) as refused:
        check_name(name)
    assert not name or name not in str(refused.value).split()


def test_ids_are_not_repeated() -> None:
    assert len({new_id() for _ in range(1000)}) == 1000
