"""How often somebody may try to sign in."""

from collections.abc import Callable

import pytest

from monitor.access.throttle import PER_ADDRESS, PER_NAME, PER_NAME_AND_ADDRESS, Throttle, network


def tries(throttle: Throttle, name: Callable[[int], str], address: Callable[[int], str], most: int = 200) -> int:
    """How many wrong passwords are looked at."""
    for number in range(most):
        if throttle.retry_after(name(number), address(number)) is not None:
            return number
        throttle.failed(name(number), address(number))
    return most


def test_a_name_is_tried_five_times_from_one_address() -> None:
    throttle = Throttle()
    assert tries(throttle, lambda _: "anna", lambda _: "10.0.0.1") == PER_NAME_AND_ADDRESS.amount == 5
    wait = throttle.retry_after("anna", "10.0.0.1")
    assert wait is not None
    assert 290 <= wait <= 300


def test_capitals_make_no_other_name() -> None:
    names = ("anna", "ANNA", "Anna")
    assert tries(Throttle(), lambda number: names[number % 3], lambda _: "10.0.0.1") == 5


def test_an_address_tries_twenty_names() -> None:
    assert tries(Throttle(), lambda number: f"user{number}", lambda _: "10.0.0.1") == PER_ADDRESS.amount == 20


def test_many_addresses_together_try_a_name_fifty_times() -> None:
    found = tries(Throttle(), lambda _: "anna", lambda number: f"10.0.{number}.1")
    assert found == PER_NAME.amount == 50


def test_whoever_is_wrong_elsewhere_locks_nobody_out_at_once() -> None:
    throttle = Throttle()
    tries(throttle, lambda _: "anna", lambda _: "10.0.0.1")
    assert throttle.retry_after("anna", "10.0.0.2") is None
    assert throttle.retry_after("bob", "10.0.0.1") is None


def test_who_signs_in_begins_again() -> None:
    throttle = Throttle()
    tries(throttle, lambda _: "anna", lambda _: "10.0.0.1", most=4)
    throttle.succeeded("anna", "10.0.0.1")
    assert tries(throttle, lambda _: "anna", lambda _: "10.0.0.1") == 5


def test_signing_in_does_not_let_an_address_guess_other_names_for_ever() -> None:
    throttle = Throttle()
    for number in range(19):
        throttle.failed(f"user{number}", "10.0.0.1")
        throttle.succeeded("mallory", "10.0.0.1")
    throttle.failed("one more", "10.0.0.1")
    assert throttle.retry_after("anna", "10.0.0.1") is not None


def test_nobody_is_locked_out_on_purpose_where_they_have_signed_in_before() -> None:
    throttle = Throttle()
    throttle.succeeded("Anna", "10.0.0.1")
    tries(throttle, lambda _: "anna", lambda number: f"10.1.{number}.1")
    assert throttle.retry_after("anna", "10.0.0.1") is None
    assert throttle.retry_after("anna", "10.0.0.2") is not None
    assert throttle.retry_after("bob", "10.0.0.1") is None
    assert tries(throttle, lambda _: "anna", lambda _: "10.0.0.1") == 5


def test_who_signs_in_at_many_addresses_is_remembered_at_the_latest(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("monitor.access.throttle.MOST_FAMILIAR", 2)
    throttle = Throttle()
    for number in (1, 2, 1, 3):
        throttle.succeeded("anna", f"10.0.0.{number}")
    tries(throttle, lambda _: "anna", lambda number: f"10.1.{number}.1")
    assert [throttle.retry_after("anna", f"10.0.0.{number}") is None for number in (1, 2, 3)] == [True, False, True]


def test_a_throttled_address_is_noted_once_a_minute() -> None:
    throttle = Throttle()
    assert [throttle.is_worth_noting("10.0.0.1") for _ in range(3)] == [True, False, False]
    assert throttle.is_worth_noting("10.0.0.2")


@pytest.mark.parametrize(
    ("address", "place"),
    [
        ("10.0.0.1", "10.0.0.1"),
        ("::ffff:10.0.0.1", "10.0.0.1"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::"),
        ("fe80::1%eth0", "fe80::"),
        ("", ""),
        ("x" * 100, "x" * 64),
    ],
)
def test_a_network_of_ipv6_is_one_place(address: str, place: str) -> None:
    assert network(address) == place
