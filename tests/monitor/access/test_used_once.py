"""What opens something once."""

from concurrent.futures import ThreadPoolExecutor

from monitor.access.used_once import UsedOnce


def test_an_id_is_used_once() -> None:
    used = UsedOnce(10)
    assert used.use("a", 30, 0)
    assert not used.use("a", 30, 29)
    assert used.use("b", 40, 29)


def test_of_many_at_once_one_is_first() -> None:
    used = UsedOnce(10)
    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(lambda _: used.use("a", 30, 0), range(100))) == 1


def test_a_full_memory_accepts_nothing_until_something_ends() -> None:
    used = UsedOnce(2)
    assert used.use("a", 30, 0)
    assert used.use("b", 31, 0)
    assert not used.use("c", 32, 29)
    assert used.use("c", 32, 30)
