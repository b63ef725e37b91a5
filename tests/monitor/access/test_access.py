"""Who asks, by what they bring."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from argon2 import PasswordHasher
from people import HERE, KEY, NOW, PASSWORD, add_user, closed_site

from grid.times import SECOND
from monitor.access.access import (
    LONGEST_SESSION_SECONDS,
    SESSION_SECONDS,
    TICKET_SECONDS,
    Access,
    Pass,
)
from monitor.access.identity import NEIGHBOUR, STRANGER, IdentityKind
from monitor.access.passwords import Passwords
from monitor.access.records import AccessAction
from monitor.access.refusals import Refusal, SignInRefusedError, ThrottledError, TokenRefusedError
from monitor.access.roles import Role, Scope, scopes_of
from monitor.store.accounts import Accounts
from monitor.store.errors import StoreError

MINUTE = 60 * SECOND
READ = frozenset({Scope.READ})


@pytest.fixture
def accounts(tmp_path: Path) -> Accounts:
    """Those of a farm where anna is an operator."""
    accounts = Accounts.of(tmp_path)
    add_user(accounts)
    return accounts


@pytest.fixture
def access(tmp_path: Path, accounts: Accounts) -> Access:
    return closed_site(tmp_path)


def signed_in(access: Access, now: int = NOW) -> Pass:
    return access.sign_in("anna", PASSWORD, address=HERE, now=now)


def token(access: Access, name: str = "app", *, days: int = 1, now: int = NOW) -> Pass:
    return access.create_token(name, READ, days=days, by="root", now=now)


def bearer(text: str) -> str:
    return f"Bearer {text}"


# --- who asks


def test_on_an_open_site_everybody_is_a_neighbour() -> None:
    access = Access.open_site()
    assert access.is_open
    assert access.recognise(now=NOW, cookie="x", authorization="y", ticket="z").identity is NEIGHBOUR
    assert access.holds(NEIGHBOUR, NOW)
    assert not access.anyone_can_sign_in()


def test_a_closed_site_knows_no_neighbours(access: Access) -> None:
    assert not access.is_open
    assert not access.holds(NEIGHBOUR, NOW)
    assert not access.holds(STRANGER, NOW)
    assert access.recognise(now=NOW).refusal is Refusal.NOTHING


def test_nobody_can_sign_in_before_there_is_a_user(tmp_path: Path) -> None:
    access = closed_site(tmp_path)
    assert not access.anyone_can_sign_in()
    add_user(Accounts.of(tmp_path))
    assert access.anyone_can_sign_in()


def test_a_session_tells_who_signed_in(access: Access) -> None:
    session = signed_in(access)
    who = access.recognise(now=NOW, cookie=session.text).identity
    assert (who.kind, who.name, who.role) == (IdentityKind.USER, "anna", Role.OPERATOR)
    assert who.scopes == scopes_of(Role.OPERATOR)
    assert who == session.identity
    assert access.holds(who, NOW)


def test_a_token_tells_which_program_asks(access: Access) -> None:
    made = token(access)
    who = access.recognise(now=NOW, authorization=bearer(made.text)).identity
    assert (who.kind, who.name, who.role, who.scopes) == (IdentityKind.TOKEN, "app", Role.VIEWER, READ)
    assert who == made.identity
    assert access.holds(who, NOW)


@pytest.mark.parametrize("header", ["Bearer", "bearer  ", "Basic YTpi", "", " ", "Digest x", "Bearer a b", "\0", "é"])
def test_any_other_header_is_a_stranger(access: Access, header: str) -> None:
    found = access.recognise(now=NOW, authorization=header)
    assert (found.identity, found.refusal) == (STRANGER, Refusal.GARBLED)


def test_the_scheme_is_written_as_one_likes(access: Access) -> None:
    text = token(access).text
    assert access.recognise(now=NOW, authorization=f"bEARER  {text} ").identity.name == "app"


def test_each_kind_is_taken_only_where_it_belongs(access: Access) -> None:
    session, made = signed_in(access), token(access)
    ticket = access.make_ticket(session.identity, NOW)
    for wrong in (session.text, ticket.text):
        assert access.recognise(now=NOW, authorization=bearer(wrong)).refusal is Refusal.FOREIGN
    for wrong in (made.text, ticket.text):
        assert access.recognise(now=NOW, cookie=wrong).refusal is Refusal.FOREIGN
    for wrong in (made.text, session.text):
        assert access.recognise(now=NOW, ticket=wrong).refusal is Refusal.FOREIGN


def test_what_is_refused_is_not_made_up_for_by_a_cookie(access: Access) -> None:
    session = signed_in(access)
    assert access.recognise(now=NOW, authorization="Bearer x", cookie=session.text).identity is STRANGER
    assert access.recognise(now=NOW, ticket="x", authorization="Bearer x", cookie=session.text).identity is STRANGER


def test_what_another_key_signed_opens_nothing(access: Access, tmp_path: Path) -> None:
    session, made = signed_in(access), token(access)
    other = closed_site(tmp_path, KEY[::-1])
    assert other.recognise(now=NOW, cookie=session.text).refusal is Refusal.GARBLED
    assert other.recognise(now=NOW, authorization=bearer(made.text)).refusal is Refusal.GARBLED


def test_a_pass_shows_nobody_its_text(access: Access) -> None:
    session = signed_in(access)
    assert session.text not in f"{session} {session!r} {[session]}"


# --- signing in


@pytest.mark.parametrize(
    ("name", "password"),
    [("anna", "wrong"), ("eve", PASSWORD), ("", ""), ("an na", PASSWORD)],
    ids=["wrong password", "nobody's name", "nothing", "no name"],
)
def test_a_wrong_name_and_a_wrong_password_are_refused_alike(access: Access, name: str, password: str) -> None:
    with pytest.raises(SignInRefusedError, match=r"^the name or the password is wrong$"):
        access.sign_in(name, password, address=HERE, now=NOW)


def test_what_nobody_is_called_is_not_written_down(access: Access, accounts: Accounts) -> None:
    for name in ("anna", "mySecretPassphrase7", "my secret passphrase"):
        with pytest.raises(SignInRefusedError):
            access.sign_in(name, "wrong", address=HERE, now=NOW)
    refused = [event for event in accounts.events(10) if event.action is AccessAction.REFUSED]
    assert [(event.name, event.address) for event in refused] == [("", HERE), ("", HERE), ("anna", HERE)]


def test_after_five_wrong_passwords_even_the_right_one_waits(access: Access, accounts: Accounts) -> None:
    for _ in range(5):
        with pytest.raises(SignInRefusedError):
            access.sign_in("anna", "wrong", address=HERE, now=NOW)
    for _ in range(3):
        with pytest.raises(ThrottledError) as throttled:
            signed_in(access)
    assert 0 < throttled.value.retry_after <= 300
    assert [event.action for event in accounts.events(2)] == [AccessAction.THROTTLED, AccessAction.REFUSED]
    assert access.sign_in("anna", PASSWORD, address="10.0.0.9", now=NOW)


def test_who_mistypes_now_and_then_never_waits(access: Access) -> None:
    for _ in range(3):
        for _ in range(4):
            with pytest.raises(SignInRefusedError):
                access.sign_in("anna", "wrong", address=HERE, now=NOW)
        signed_in(access)


def test_a_sign_in_is_written_down(access: Access, accounts: Accounts) -> None:
    access.sign_in("ANNA", PASSWORD, address=HERE, now=NOW)
    event = accounts.events(1)[0]
    assert (event.action, event.name, event.address, event.at) == (AccessAction.SIGNED_IN, "anna", HERE, NOW)


def test_a_password_kept_with_older_parameters_is_kept_anew(tmp_path: Path, accounts: Accounts) -> None:
    newer = Passwords(PasswordHasher(time_cost=2, memory_cost=16, parallelism=1))
    access = Access(accounts, KEY, passwords=newer)
    session = signed_in(access)
    kept = accounts.password_of("anna")
    assert kept is not None
    assert not newer.is_outdated(kept)
    assert newer.verify(kept, PASSWORD)
    assert access.recognise(now=NOW, cookie=session.text).identity.name == "anna"


# --- how long sessions last


def test_a_session_lasts_a_quarter_of_an_hour(access: Access) -> None:
    session = signed_in(access)
    assert session.expires_at == NOW + SESSION_SECONDS * SECOND
    assert access.recognise(now=session.expires_at - 1, cookie=session.text).identity.name == "anna"
    assert access.recognise(now=session.expires_at, cookie=session.text).refusal is Refusal.EXPIRED
    assert not access.holds(session.identity, session.expires_at)


def test_whoever_works_on_is_given_a_later_one_at_half_time(access: Access) -> None:
    session = signed_in(access)
    assert access.renewed(session.text, NOW + 7 * MINUTE) is None
    later = access.renewed(session.text, NOW + 8 * MINUTE)
    assert later is not None
    assert later.expires_at == NOW + 23 * MINUTE
    assert later.identity.pass_id == session.identity.pass_id


def test_after_twelve_hours_one_signs_in_again(access: Access) -> None:
    session, now = signed_in(access), NOW
    while (later := access.renewed(session.text, now + 8 * MINUTE)) is not None:
        session, now = later, now + 8 * MINUTE
    assert session.expires_at == NOW + LONGEST_SESSION_SECONDS * SECOND
    assert access.recognise(now=session.expires_at - 1, cookie=session.text).identity.name == "anna"
    assert access.recognise(now=session.expires_at, cookie=session.text).refusal is Refusal.EXPIRED


def test_what_is_refused_is_not_renewed(access: Access, accounts: Accounts) -> None:
    session = signed_in(access)
    assert access.renewed(session.text, session.expires_at) is None
    assert access.renewed("x", NOW) is None
    accounts.remove_user("anna", by="root", now=NOW)
    assert access.renewed(session.text, NOW + 8 * MINUTE) is None


def test_signing_out_ends_the_session_and_its_renewals_but_no_other(access: Access, accounts: Accounts) -> None:
    session, other = signed_in(access), signed_in(access)
    later = access.renewed(session.text, NOW + 8 * MINUTE)
    assert later is not None
    access.sign_out(session.text, address=HERE, now=NOW + 9 * MINUTE)
    for ended in (session, later):
        assert access.recognise(now=NOW + 9 * MINUTE, cookie=ended.text).refusal is Refusal.REVOKED
        assert not access.holds(ended.identity, NOW + 9 * MINUTE)
    assert access.recognise(now=NOW + 9 * MINUTE, cookie=other.text).identity.name == "anna"
    assert accounts.events(1)[0].action is AccessAction.SIGNED_OUT
    access.sign_out("x", address=HERE, now=NOW)


@pytest.mark.parametrize("change", ["password", "role", "removed", "removed and made again"])
def test_what_changes_an_account_ends_its_sessions(access: Access, accounts: Accounts, change: str) -> None:
    session = signed_in(access)
    ticket = access.make_ticket(session.identity, NOW)
    if change == "password":
        accounts.change_password("anna", "kept", by="root", now=NOW)
    elif change == "role":
        accounts.change_role("anna", Role.ADMIN, by="root", now=NOW)
    else:
        accounts.remove_user("anna", by="root", now=NOW)
    if change == "removed and made again":
        add_user(accounts, now=NOW + 1)
    assert access.recognise(now=NOW + 1, cookie=session.text).refusal is Refusal.REVOKED
    assert access.recognise(now=NOW + 1, ticket=ticket.text).refusal is Refusal.REVOKED
    assert not access.holds(session.identity, NOW + 1)


# --- tokens


def test_a_revoked_token_opens_nothing_from_the_next_request_on(access: Access, accounts: Accounts) -> None:
    made = token(access)
    ticket = access.make_ticket(made.identity, NOW)
    accounts.revoke_token("app", by="root", now=NOW)
    assert access.recognise(now=NOW, authorization=bearer(made.text)).refusal is Refusal.REVOKED
    assert access.recognise(now=NOW, ticket=ticket.text).refusal is Refusal.REVOKED
    assert not access.holds(made.identity, NOW)


def test_a_token_ends_with_its_last_day(access: Access) -> None:
    made = token(access, days=2)
    assert made.expires_at == NOW + 2 * 86_400 * SECOND
    assert access.recognise(now=made.expires_at - 1, authorization=bearer(made.text)).identity.name == "app"
    assert access.recognise(now=made.expires_at, authorization=bearer(made.text)).refusal is Refusal.EXPIRED
    assert not access.holds(made.identity, made.expires_at)


def test_a_token_that_the_accounts_do_not_know_is_refused(access: Access, tmp_path: Path) -> None:
    made = token(access)
    (tmp_path / "access.db").unlink()
    assert access.recognise(now=NOW, authorization=bearer(made.text)).refusal is Refusal.REVOKED


def test_the_use_of_a_token_is_noted_to_the_minute(access: Access, accounts: Accounts) -> None:
    made = token(access)
    for now in (NOW, NOW + MINUTE - 1):
        access.recognise(now=now, authorization=bearer(made.text))
        assert accounts.tokens()[0].last_used_at == NOW
    access.recognise(now=NOW + MINUTE, authorization=bearer(made.text))
    assert accounts.tokens()[0].last_used_at == NOW + MINUTE


# --- tickets


def test_a_ticket_opens_the_channel_once_as_who_asked_for_it(access: Access) -> None:
    for given in (signed_in(access), token(access)):
        ticket = access.make_ticket(given.identity, NOW)
        assert access.recognise(now=NOW, ticket=ticket.text).identity == given.identity
        assert access.recognise(now=NOW, ticket=ticket.text).refusal is Refusal.REVOKED


def test_of_many_who_bring_a_ticket_at_once_one_gets_in(access: Access) -> None:
    ticket = access.make_ticket(signed_in(access).identity, NOW)
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda _: access.recognise(now=NOW, ticket=ticket.text).identity, range(32)))
    assert [who.name for who in found if who is not STRANGER] == ["anna"]


def test_a_ticket_lasts_half_a_minute(access: Access) -> None:
    ticket = access.make_ticket(signed_in(access).identity, NOW)
    late = NOW + TICKET_SECONDS * SECOND
    assert access.recognise(now=late, ticket=ticket.text).refusal is Refusal.EXPIRED
    assert access.recognise(now=late - 1, ticket=ticket.text).identity.name == "anna"


def test_a_ticket_does_not_outlive_its_session(access: Access) -> None:
    session = signed_in(access)
    ticket = access.make_ticket(session.identity, session.expires_at - SECOND)
    assert access.recognise(now=session.expires_at, ticket=ticket.text).refusal is Refusal.EXPIRED


def test_a_restart_opens_nothing_a_second_time(access: Access, tmp_path: Path) -> None:
    ticket = access.make_ticket(signed_in(access).identity, NOW)
    assert access.recognise(now=NOW, ticket=ticket.text).identity.name == "anna"
    assert closed_site(tmp_path).recognise(now=NOW, ticket=ticket.text).refusal is Refusal.REVOKED


def test_a_stranger_gets_no_ticket(access: Access) -> None:
    for who in (STRANGER, NEIGHBOUR):
        with pytest.raises(TokenRefusedError):
            access.make_ticket(who, NOW)


# --- when the accounts can't be read


def test_damaged_accounts_let_nobody_in(access: Access, tmp_path: Path) -> None:
    session, made = signed_in(access), token(access)
    (tmp_path / "access.db").write_bytes(b"garbage" * 1000)
    with pytest.raises(StoreError):
        access.recognise(now=NOW, cookie=session.text)
    with pytest.raises(StoreError):
        access.recognise(now=NOW, authorization=bearer(made.text))
    with pytest.raises(StoreError):
        access.holds(session.identity, NOW)
    with pytest.raises(StoreError):
        signed_in(access)
