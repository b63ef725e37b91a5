"""The bounded pool of engineers."""

import pytest

from monitor.dispatch.pool import EngineerPool


def test_the_free_engineer_with_the_lowest_number_goes() -> None:
    pool = EngineerPool(3)
    assert [pool.send(), pool.send()] == [1, 2]
    pool.take_back(1)
    assert pool.send() == 1
    assert (pool.out, pool.free) == (2, 1)


def test_nobody_is_sent_from_an_empty_pool() -> None:
    with pytest.raises(LookupError):
        EngineerPool(0).send()


def test_a_smaller_pool_sends_nobody_until_enough_are_back() -> None:
    pool = EngineerPool(1, out=[2, 3])
    assert pool.free == 0
    pool.take_back(2)
    assert pool.free == 0
    pool.take_back(3)
    assert pool.send() == 1


def test_nobody_comes_back_twice() -> None:
    pool = EngineerPool(1, out=[1])
    pool.take_back(1)
    with pytest.raises(KeyError):
        pool.take_back(1)
