"""Tokens that were not signed here, for this, and lately, are refused."""

import base64
import hashlib
import hmac
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from people import KEY, NOW

from grid.times import SECOND
from monitor.access.json_web_tokens import LONGEST_TOKEN, Claims, JsonWebTokens, TokenKind
from monitor.access.refusals import Refusal, TokenRefusedError

CLAIMS = Claims("anna", "1", NOW, NOW + 60 * SECOND, {"sid": "s", "auth_time": 5})
TOKENS = JsonWebTokens(KEY)
SIGNED = {kind: TOKENS.sign(kind, CLAIMS) for kind in TokenKind}
GOOD: dict[str, Any] = {
    "iss": "grid", "aud": "grid/api", "sub": "anna", "jti": "1", "iat": NOW // SECOND, "exp": NOW // SECOND + 60
}  # fmt: skip
HEADER = {"alg": "HS256", "typ": "grid-token+jwt"}


def encoded(part: bytes) -> str:
    return base64.urlsafe_b64encode(part).decode().rstrip("=")


def made(header: dict[str, Any], claims: dict[str, Any], key: bytes = KEY, digest: Any = hashlib.sha256) -> str:
    """A token made without our code, as an attacker would who has the key, or hasn't."""
    content = f"{encoded(json.dumps(header).encode())}.{encoded(json.dumps(claims).encode())}"
    return f"{content}.{encoded(hmac.new(key, content.encode(), digest).digest())}"


def refusal(text: str, kind: TokenKind = TokenKind.API, now: int = NOW) -> Refusal:
    with pytest.raises(TokenRefusedError) as refused:
        TOKENS.read(kind, text, now)
    assert len(text) < 10 or text not in str(refused.value)
    return refused.value.refusal


@pytest.mark.parametrize("kind", TokenKind)
def test_what_was_signed_is_read_again(kind: TokenKind) -> None:
    assert TOKENS.read(kind, SIGNED[kind], NOW) == CLAIMS


def test_a_token_made_elsewhere_with_the_key_is_the_same_token() -> None:
    assert TOKENS.read(TokenKind.API, made(HEADER, GOOD), NOW).subject == "anna"


@given(kind=st.sampled_from(TokenKind), data=st.data())
def test_every_altered_token_is_refused(kind: TokenKind, data: st.DataObject) -> None:
    text = SIGNED[kind]
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, len(text)))
    altered = text[:start] + data.draw(st.text(st.sampled_from([*sorted(set(text)), "=", "!", "é", "\n"]))) + text[end:]
    if altered != text:
        refusal(altered, kind)


@pytest.mark.parametrize("kind", TokenKind)
def test_each_single_letter_counts_to_the_last_bit(kind: TokenKind) -> None:
    text = SIGNED[kind]
    for place, letter in enumerate(text):
        for other in "AB-_.9=" if place < len(text) - 1 else "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123":
            if other != letter:
                refusal(text[:place] + other + text[place + 1 :], kind)


def test_padding_makes_another_text_which_is_refused() -> None:
    for padding in ("=", "==", "\n", " ", "."):
        refusal(SIGNED[TokenKind.API] + padding)


@given(st.text())
def test_any_text_is_refused_as_garbled(text: str) -> None:
    assert refusal(text) is Refusal.GARBLED


@given(
    st.fixed_dictionaries(
        {},
        optional={
            name: st.none() | st.booleans() | st.integers() | st.text() | st.floats() | st.lists(st.text())
            for name in GOOD
        },
    )
)
def test_signed_claims_of_any_type_are_read_or_refused_and_nothing_else(changed: dict[str, Any]) -> None:
    try:
        claims = TOKENS.read(TokenKind.API, made(HEADER, {**GOOD, **changed}), NOW)
    except TokenRefusedError:
        return
    assert isinstance(claims.subject, str)
    assert isinstance(claims.token_id, str)
    assert claims.issued_at - 60 * SECOND <= NOW < claims.expires_at


@pytest.mark.parametrize("algorithm", ["none", "None", "NONE", "nOnE", "", None, "RS256", "HS512", "HS384", ["HS256"]])
def test_only_one_algorithm_is_taken(algorithm: Any) -> None:
    header = {**HEADER, "alg": algorithm}
    unsigned = made(header, GOOD).rpartition(".")[0] + "."
    for text in (unsigned, unsigned[:-1], made(header, GOOD), made(header, GOOD, digest=hashlib.sha512)):
        assert refusal(text) is Refusal.GARBLED
    long = KEY * 2  # long enough for every algorithm
    for digest in (hashlib.sha256, hashlib.sha384, hashlib.sha512):
        with pytest.raises(TokenRefusedError):
            JsonWebTokens(long).read(TokenKind.API, made(header, GOOD, long, digest), NOW)


def test_another_key_signs_nothing() -> None:
    for key in (b"", KEY[:-1], KEY + b"1", KEY.upper()):
        assert refusal(made(HEADER, GOOD, key)) is Refusal.GARBLED


@pytest.mark.parametrize("wrong", [kind for kind in TokenKind if kind is not TokenKind.API])
def test_each_kind_opens_only_what_it_is_for(wrong: TokenKind) -> None:
    assert refusal(SIGNED[wrong], TokenKind.API) is Refusal.FOREIGN
    assert refusal(SIGNED[TokenKind.API], wrong) is Refusal.FOREIGN
    # Only one of the two that tell kinds apart is wrong: each is enough.
    assert refusal(made({**HEADER, "typ": wrong.media_type}, GOOD)) is Refusal.FOREIGN
    assert refusal(made(HEADER, {**GOOD, "aud": wrong.audience})) is Refusal.FOREIGN


@pytest.mark.parametrize("audience", ["grid/API", "", ["grid/api"], ["grid/pages", "grid/api"], None, 7, "elsewhere"])
def test_an_audience_is_exactly_ours(audience: Any) -> None:
    assert refusal(made(HEADER, {**GOOD, "aud": audience})) is Refusal.FOREIGN


@pytest.mark.parametrize("issuer", ["", "Grid", None, "elsewhere", ["grid"]])
def test_an_issuer_is_exactly_ours(issuer: Any) -> None:
    assert refusal(made(HEADER, {**GOOD, "iss": issuer})) is Refusal.FOREIGN


@pytest.mark.parametrize("typ", [None, "JWT", "", "grid-token+JWT", 7])
def test_a_token_says_its_type(typ: Any) -> None:
    assert refusal(made({**HEADER, "typ": typ}, GOOD)) in (Refusal.FOREIGN, Refusal.GARBLED)
    assert refusal(made({"alg": "HS256"}, GOOD)) is Refusal.FOREIGN


@pytest.mark.parametrize("missing", GOOD)
def test_every_claim_has_to_be_there(missing: str) -> None:
    assert refusal(made(HEADER, {name: GOOD[name] for name in GOOD if name != missing})) is Refusal.FOREIGN


def test_a_token_holds_from_its_first_second_to_its_last() -> None:
    assert TOKENS.read(TokenKind.API, SIGNED[TokenKind.API], NOW + 60 * SECOND - 1)
    assert refusal(SIGNED[TokenKind.API], now=NOW + 60 * SECOND) is Refusal.EXPIRED
    assert refusal(SIGNED[TokenKind.API], now=NOW + 86_400 * SECOND) is Refusal.EXPIRED


def test_a_clock_may_step_back_by_a_minute_and_no_more() -> None:
    assert TOKENS.read(TokenKind.API, SIGNED[TokenKind.API], NOW - 60 * SECOND)
    assert refusal(SIGNED[TokenKind.API], now=NOW - 60 * SECOND - 1) is Refusal.EXPIRED


@pytest.mark.parametrize("end", [True, -1, 10**15, 1e12, "9999999999", float("inf"), None])
def test_times_are_whole_seconds_that_there_are(end: Any) -> None:
    refusal(made(HEADER, {**GOOD, "exp": end}))
    refusal(made(HEADER, {**GOOD, "iat": end}))


@pytest.mark.parametrize("text", ["\ud800", "ä", "anna\u212a"])
def test_texts_are_ascii_as_all_of_ours_are(text: str) -> None:
    """Half a letter, which JSON can say, is none that a database could be asked for."""
    for name in ("sub", "jti"):
        assert refusal(made(HEADER, {**GOOD, name: text})) is Refusal.FOREIGN
    with pytest.raises(TokenRefusedError):
        TOKENS.read(TokenKind.API, made(HEADER, {**GOOD, "sid": text}), NOW).text("sid")


def test_what_is_too_long_is_not_even_looked_at() -> None:
    assert refusal(made(HEADER, {**GOOD, "more": "x" * LONGEST_TOKEN})) is Refusal.GARBLED


def test_own_claims_have_their_types() -> None:
    claims = Claims("anna", "1", NOW, NOW, {"text": 1, "number": "1", "truth": True})
    for ask, name in ((claims.text, "text"), (claims.text, "missing"), (claims.number, "number")):
        with pytest.raises(TokenRefusedError):
            ask(name)
    with pytest.raises(TokenRefusedError):
        claims.number("truth")
