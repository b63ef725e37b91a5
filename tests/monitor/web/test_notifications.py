"""Notifications over HTTP, on a real monitor behind its real door."""

from collections.abc import AsyncIterator, Iterator, Sequence
from pathlib import Path

import httpx
import pytest
from desk import Desk

from monitor.facts import Notification, Receipt
from monitor.notifications.plan import Plan, Recipient, Route
from monitor.store.ledger import Ledger
from monitor.web.api import notifications as routes

PLAN = Plan({"crew": Recipient("crew")}, (Route("all", ("crew",)),))


class Postbox:
    """Fulfils the port Courier: answers at once with `error`, or not at all."""

    def __init__(self) -> None:
        self.error: str | None = None
        self.is_silent = False
        self.handed_over: list[Notification] = []
        self.desk: Desk

    def deliver(self, due: Sequence[Notification]) -> None:
        self.handed_over.extend(due)
        if due and not self.is_silent:
            self.desk.monitor.bring_receipts([Receipt(one.notification_id, self.error) for one in due])


@pytest.fixture
def postbox(tmp_path: Path) -> Iterator[Postbox]:
    postbox = Postbox()
    path = tmp_path / "grid.db"
    with Ledger.open(path) as ledger:
        postbox.desk = Desk(ledger, path, plan=PLAN, courier=postbox)
        yield postbox


@pytest.fixture
async def farm(postbox: Postbox) -> AsyncIterator[Postbox]:
    async with postbox.desk.open_to_others():
        yield postbox


async def try_out(client: httpx.AsyncClient, receiver: str = "crew") -> httpx.Response:
    return await client.post("/api/v1/notifications/test", json={"receiver": receiver, "by": "Ann"})


async def test_a_test_that_arrives_is_answered_so_and_listed(farm: Postbox, client: httpx.AsyncClient) -> None:
    answer = await try_out(client)
    assert (answer.status_code, answer.json()) == (
        200,
        {"notification_id": 1, "delivered": True, "sentence": "crew has the test"},
    )
    (listed,) = (await client.get("/api/v1/notifications")).json()["items"]
    assert (listed["receiver"], listed["delivery"], listed["title"]) == ("crew", "sent", "Test of crew")
    assert "asked for by Ann" in listed["body"]


async def test_a_test_that_is_refused_says_why_and_the_receiver_fails(farm: Postbox, client: httpx.AsyncClient) -> None:
    farm.error = "it answered 403 (Forbidden)"
    answer = await try_out(client)
    assert answer.json()["delivered"] is False
    assert answer.json()["sentence"] == "the test did not reach crew: it answered 403 (Forbidden)"
    (receiver,) = (await client.get("/api/v1/notifications/receivers")).json()["items"]
    assert receiver == {"receiver": "crew", "routes": ["all"], "waiting": 0, "failing": "it answered 403 (Forbidden)"}


async def test_a_receiver_that_takes_its_time_is_not_waited_for(
    farm: Postbox, client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(routes, "RESULT_WITHIN_SECONDS", 0.05)
    farm.is_silent = True
    answer = await try_out(client)
    assert (answer.status_code, answer.json()["delivered"]) == (200, None)


async def test_there_is_no_test_of_a_receiver_that_nobody_knows(farm: Postbox, client: httpx.AsyncClient) -> None:
    answer = await try_out(client, "boss")
    assert (answer.status_code, answer.json()["title"]) == (404, "Unknown receiver")


async def test_messages_are_found_by_where_they_stand(farm: Postbox, client: httpx.AsyncClient) -> None:
    await try_out(client)
    farm.error = "it answered 500 (Internal Server Error)"
    await try_out(client)
    for delivery, numbers in (("sent", [1]), ("failed", [2]), ("waiting", [])):
        answer = await client.get("/api/v1/notifications", params={"delivery": delivery, "receiver": "crew"})
        assert [item["notification_id"] for item in answer.json()["items"]] == numbers


async def test_without_a_monitor_nobody_is_tested(tmp_path: Path, client: httpx.AsyncClient) -> None:
    assert (await try_out(client)).status_code == 503


async def test_after_a_failed_commit_a_message_is_decided_again_and_sent_once(postbox: Postbox) -> None:
    postbox.is_silent = True
    async with postbox.desk.open_to_others() as door:
        postbox.desk.store.before_refusal = lambda: None
        answer = await door.answer({"test_receiver": "crew", "by": "Ann"})
        assert answer["notification_id"] == 1
    assert [one.notification_id for one in postbox.handed_over] == [1]
