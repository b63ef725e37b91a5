"""received = stored + duplicate + rejected + pending."""

from monitor.books import Balance


def test_books_balance_when_every_message_is_in_one_column() -> None:
    balance = Balance.of({"received": 8, "stored": 5, "duplicate": 2, "rejected": 1})
    assert balance.missing == 0
    assert balance.in_words() == "8 received = 5 stored + 2 duplicate + 1 rejected + 0 pending"


def test_what_waits_is_in_the_books_too() -> None:
    assert Balance.of({"stored": 5}, received=1012, pending=1007).missing == 0


def test_a_message_that_got_lost_is_noticed() -> None:
    balance = Balance.of({"received": 8, "stored": 5, "duplicate": 2})
    assert balance.missing == 1
    assert balance.in_words() == "8 received is not 5 stored + 2 duplicate + 0 rejected + 0 pending"


def test_a_message_that_was_counted_twice_is_noticed() -> None:
    assert Balance.of({"received": 8, "stored": 9}).missing == -1
