"""How users and tokens are shown."""

from dataclasses import replace

from people import NOW

from grid.times import SECOND
from monitor.access.documents import token_document
from monitor.access.records import AccessToken
from monitor.access.roles import Scope
from monitor.console.access_sheet import tokens_sheet

TOKEN = AccessToken("id-1", "app", frozenset({Scope.READ, Scope.ORDERS}), NOW, NOW + 60 * SECOND)


def test_a_token_says_how_it_stands() -> None:
    revoked = replace(TOKEN, revoked_at=NOW + 1, last_used_at=NOW)
    at_noon = tokens_sheet([TOKEN, revoked], NOW).rows
    assert at_noon == [
        ["id-1", "app", "until 2026-11-21 00:01:00Z", "never", "orders, read"],
        ["id-1", "app", "revoked 2026-11-21 00:00:00Z", "2026-11-21 00:00:00Z", "orders, read"],
    ]
    assert tokens_sheet([TOKEN], NOW + 60 * SECOND).rows[0][2] == "ended 2026-11-21 00:01:00Z"


def test_a_document_of_a_token_says_whether_it_is_valid() -> None:
    document = token_document(TOKEN, NOW)
    assert (document["valid"], document["revoked_at"], document["last_used_at"]) == (True, None, None)
    assert document["expires_at"] == "2026-11-21T00:01:00.000000Z"
    assert token_document(TOKEN, NOW + 60 * SECOND)["valid"] is False
