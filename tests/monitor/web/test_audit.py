"""Orders over HTTP of people who signed in and of programs, and what the audit has of them."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from desk import Desk, reading
from guests import Guests, bearer, cookie
from people import PASSWORD
from sites import asking, site_app

from monitor.access.roles import Role, Scope

ORDERS = "/api/v1/turbines/7/orders"
HOLD = {"kind": "hold", "why": "people on site"}


@pytest.fixture
def guests(tmp_path: Path) -> Guests:
    return Guests(tmp_path)


@pytest.fixture
async def farm(desk: Desk) -> AsyncIterator[Desk]:
    """A running monitor that has heard of turbine 7."""
    async with desk.open_to_others():
        await desk.monitor.post([reading(number=1).payload])
        yield desk


@pytest.fixture
async def closed(tmp_path: Path, guests: Guests, farm: Desk) -> AsyncIterator[httpx.AsyncClient]:
    """A site beside it that asks who one is."""
    async with asking(site_app(tmp_path, **guests.settings)) as client:
        yield client


@pytest.fixture
async def open_to_neighbours(tmp_path: Path, farm: Desk) -> AsyncIterator[httpx.AsyncClient]:
    async with asking(site_app(tmp_path)) as client:
        yield client


async def listed(client: httpx.AsyncClient, headers: dict[str, str] | None = None, **query: Any) -> list[Any]:
    answer = await client.get("/api/v1/audit", params=query, headers=headers)
    assert answer.status_code == 200, answer.text
    items: list[Any] = answer.json()["items"]
    return items


async def test_an_order_is_kept_under_the_name_of_who_signed_in_whatever_it_says(
    farm: Desk, closed: httpx.AsyncClient, guests: Guests
) -> None:
    anna = cookie(guests.session(Role.OPERATOR, "anna"))
    answer = await closed.post(ORDERS, json=HOLD | {"by": "the boss"}, headers=anna)
    assert answer.status_code == 200, answer.text
    (entry,) = await listed(closed, cookie(guests.session(Role.ADMIN)))
    assert entry == {
        "audit_id": 1,
        "at": "2026-11-21T12:00:00.000000Z",
        "who": "anna",
        "door": "pages",
        "rights": "operator",
        "token_id": None,
        "address": "127.0.0.1",
        "action": "hold",
        "subject": "turbine-7",
        "why": "people on site",
        "accepted": True,
        "sentence": answer.json()["sentence"],
    }
    with farm.reader as reader:
        assert [one.by for one in reader.holds()] == ["anna"]


@pytest.mark.parametrize(
    ("by", "kept"),
    [
        ("ben", "ben (token program-1)"),
        ("", "token program-1"),
        ("x" * 64, "x" * 46 + " (token program-1)"),
    ],
)
async def test_a_program_may_say_for_whom_it_acts_and_its_token_is_kept(
    farm: Desk, closed: httpx.AsyncClient, guests: Guests, by: str, kept: str
) -> None:
    token = guests.token(Scope.ORDERS, Scope.READ, Scope.AUDIT)
    assert (await closed.post(ORDERS, json=HOLD | {"by": by}, headers=bearer(token))).status_code == 200
    (entry,) = await listed(closed, bearer(token))
    assert (entry["who"], entry["door"], entry["rights"]) == (kept, "api", "audit orders read")
    assert entry["token_id"] == guests.claims(token)["jti"]
    with farm.reader as reader:
        assert [one.by for one in reader.holds()] == [kept]
    for who, found in ((kept, 1), (kept.split(" (")[0], 1), ("program-1", 1), ("program", 0), ("1", 0)):
        assert len(await listed(closed, bearer(token), who=who)) == found, who


@pytest.mark.parametrize(("headers", "door"), [({}, "api"), ({"Sec-Fetch-Mode": "cors"}, "pages")])
async def test_where_nobody_signs_in_the_order_says_who_wants_it(
    open_to_neighbours: httpx.AsyncClient, headers: dict[str, str], door: str
) -> None:
    nameless = await open_to_neighbours.post(ORDERS, json=HOLD, headers=headers)
    assert (nameless.status_code, nameless.headers["content-type"]) == (422, "application/problem+json")
    assert (await open_to_neighbours.post(ORDERS, json=HOLD | {"by": "Ann"}, headers=headers)).status_code == 200
    (entry,) = await listed(open_to_neighbours)
    assert (entry["who"], entry["door"], entry["rights"], entry["address"]) == ("Ann", door, None, "127.0.0.1")


async def test_orders_about_alarms_and_tests_of_receivers_are_kept_and_found(
    closed: httpx.AsyncClient, guests: Guests
) -> None:
    engineer = cookie(guests.session(Role.ENGINEER, "eve"))
    acknowledge = {"kind": "acknowledge", "all": True, "comment": "on my way"}
    assert (await closed.post("/api/v1/alarms/orders", json=acknowledge, headers=engineer)).status_code == 200
    shelve = {"kind": "take_out_of_service", "alarm_ids": [9]}
    assert (await closed.post("/api/v1/alarms/orders", json=shelve, headers=engineer)).status_code == 404
    test = await closed.post("/api/v1/notifications/test", json={"receiver": "crew"}, headers=engineer)
    assert (test.status_code, test.json()["title"]) == (404, "Unknown receiver")
    admin = cookie(guests.session(Role.ADMIN))
    entries = await listed(closed, admin, who="eve")
    assert [(entry["action"], entry["subject"], entry["accepted"]) for entry in entries] == [
        ("test_receiver", "crew", False),
        ("take_out_of_service", "alarm-9", False),
        ("acknowledge", "all alarms that wait", True),
    ]
    for query, actions in (
        ({"accepted": True}, ["acknowledge"]),
        ({"subject": "alarm-9"}, ["take_out_of_service"]),
        ({"action": "test_receiver"}, ["test_receiver"]),
        ({"until": "2026-11-21T12:00:00Z"}, []),
        ({"since": "2026-11-21T12:00:00Z", "limit": 1}, ["test_receiver"]),
    ):
        assert [entry["action"] for entry in await listed(closed, admin, **query)] == actions, query


async def test_who_may_not_take_an_alarm_out_of_service_is_counted_and_no_order_is_kept(
    closed: httpx.AsyncClient, guests: Guests
) -> None:
    order = {"kind": "take_out_of_service", "alarm_ids": [9]}
    answer = await closed.post("/api/v1/alarms/orders", json=order, headers=cookie(guests.session(Role.OPERATOR)))
    assert answer.status_code == 403
    admin = cookie(guests.session(Role.ADMIN))
    assert await listed(closed, admin) == []
    assert 'grid_requests_refused_total{reason="scope"} 1.0' in (await closed.get("/metrics", headers=admin)).text


async def test_only_an_admin_reads_the_audit(closed: httpx.AsyncClient, guests: Guests) -> None:
    engineer, admin = (cookie(guests.session(role)) for role in (Role.ENGINEER, Role.ADMIN))
    for path in ("/api/v1/audit", "/api/v1/audit/access"):
        assert (await closed.get(path)).status_code == 401
        assert (await closed.get(path, headers=engineer)).status_code == 403
        assert (await closed.get(path, headers=admin)).status_code == 200


async def test_sign_ins_are_listed_the_newest_first_a_page_at_a_time(closed: httpx.AsyncClient, guests: Guests) -> None:
    admin = cookie(guests.session(Role.ADMIN, "ada"))
    origin = {"Origin": "http://localhost:8787"}
    for password in ("wrong", PASSWORD):
        await closed.post("/api/v1/session", json={"name": "ada", "password": password}, headers=origin)
    found: list[tuple[str, str, str]] = []
    query: dict[str, Any] = {"limit": 2}
    while True:
        page = (await closed.get("/api/v1/audit/access", params=query, headers=admin)).json()
        found += [(item["action"], item["name"], item["by"]) for item in page["items"]]
        if page["next_cursor"] is None:
            break
        query["cursor"] = page["next_cursor"]
    assert found == [
        ("signed in", "ada", ""),
        ("refused", "ada", ""),
        ("signed in", "ada", ""),
        ("user created", "ada", "root"),
    ]


async def test_what_happened_at_the_door_is_found_by_who_what_and_when(
    closed: httpx.AsyncClient, guests: Guests
) -> None:
    admin = cookie(guests.session(Role.ADMIN, "ada"))
    guests.session(Role.VIEWER, "vera")
    wrong = {"name": "vera", "password": "wrong"}
    await closed.post("/api/v1/session", json=wrong, headers={"Origin": "http://localhost:8787"})
    cases: list[tuple[dict[str, str | int], list[str]]] = [
        ({"who": "vera"}, ["refused", "signed in", "user created"]),
        ({"who": "root"}, ["user created", "user created"]),
        ({"action": "refused"}, ["refused"]),
        ({"action": "refused", "who": "ada"}, []),
        ({"until": "2020-01-01T00:00:00Z"}, []),
        ({"since": "2020-01-01T00:00:00Z", "limit": 1}, ["refused"]),
    ]
    for query, found in cases:
        page = (await closed.get("/api/v1/audit/access", params=query, headers=admin)).json()
        assert [item["action"] for item in page["items"]] == found, query


async def test_where_nobody_has_an_account_nothing_happened(open_to_neighbours: httpx.AsyncClient) -> None:
    answer = await open_to_neighbours.get("/api/v1/audit/access")
    assert (answer.status_code, answer.json()) == (200, {"items": [], "next_cursor": None})
