"""How passwords are kept and compared."""

import unicodedata
from concurrent.futures import ThreadPoolExecutor

import pytest
from argon2 import extract_parameters
from argon2.profiles import RFC_9106_LOW_MEMORY
from hypothesis import given
from hypothesis import strategies as st
from people import PASSWORD, quick_passwords

from monitor.access.passwords import LONGEST_PASSWORD, PasswordRefusedError, Passwords, check_new_password

PASSWORDS = quick_passwords()
KEPT = PASSWORDS.hash(PASSWORD)


def test_passwords_are_kept_as_rfc_9106_recommends() -> None:
    kept = Passwords().hash(PASSWORD)
    assert kept.startswith("$argon2id$")
    assert extract_parameters(kept) == RFC_9106_LOW_MEMORY
    assert PASSWORD not in kept


def test_the_same_password_is_never_kept_alike() -> None:
    assert PASSWORDS.hash(PASSWORD) != KEPT


def test_only_the_password_itself_is_taken() -> None:
    assert PASSWORDS.verify(KEPT, PASSWORD)


@given(st.text())
def test_any_other_text_is_refused(text: str) -> None:
    assert not PASSWORDS.verify(KEPT, text)


@given(st.text())
def test_nobody_has_no_password(text: str) -> None:
    assert not PASSWORDS.verify(None, text)


def test_what_was_kept_and_damaged_opens_nothing() -> None:
    for damaged in ("", "x", KEPT[:-1], KEPT.replace("argon2id", "argon2x"), f"{KEPT}A"):
        assert not PASSWORDS.verify(damaged, PASSWORD)


def test_a_keyboard_may_compose_letters_as_it_likes() -> None:
    kept = PASSWORDS.hash(unicodedata.normalize("NFC", "Käse über Brücken"))
    assert PASSWORDS.verify(kept, unicodedata.normalize("NFD", "Käse über Brücken"))


def test_a_longer_password_is_another_password() -> None:
    longest = "".join(chr(97 + place % 26) for place in range(LONGEST_PASSWORD))
    kept = PASSWORDS.hash(longest)
    assert PASSWORDS.verify(kept, longest)
    assert not PASSWORDS.verify(kept, f"{longest}x")


def test_a_name_that_nobody_has_is_compared_at_the_same_cost() -> None:
    assert extract_parameters(Passwords()._nobody) == RFC_9106_LOW_MEMORY


def test_passwords_kept_with_other_parameters_are_told_apart() -> None:
    assert Passwords().is_outdated(KEPT)
    assert not PASSWORDS.is_outdated(KEPT)


def test_many_who_ask_at_once_are_all_answered() -> None:
    with ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(lambda number: PASSWORDS.verify(KEPT, PASSWORD if number % 2 else "x"), range(64)))
    assert answers == [bool(number % 2) for number in range(64)]


@pytest.mark.parametrize(
    "password",
    [
        "",
        "short",
        "a" * 15,
        "abcd" * 5,
        "x" * 257,
        "with a\ttabulator in it",
        "line\nline line line",
        "katharina.maier",
    ],
)
def test_what_is_easily_guessed_is_refused_without_being_quoted(password: str) -> None:
    with pytest.raises(PasswordRefusedError) as refused:
        check_new_password(password, "Katharina.Maier")
    assert len(password) < 6 or password not in str(refused.value)


@pytest.mark.parametrize(
    "password", ["four or five words do", "Käse über Brücken tragen", "四つの言葉をここに書いてください"]
)
def test_any_letters_and_blanks_make_a_password(password: str) -> None:
    check_new_password(password, "anna")
