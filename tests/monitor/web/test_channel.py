import asyncio
import json
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import pytest
from guests import Guests, bearer, now
from sites import Message, PlayedMonitor, asking, played, row, served, site_app
from stores import fill
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.typing import Origin

from grid.times import SECOND
from monitor.access.access import COOKIE
from monitor.access.roles import Role, Scope
from monitor.control import control_door
from monitor.facts import Changes, TurbineRecord
from monitor.web import monitor_link
from monitor.web.channel import MOST_MESSAGES_OF_A_FOLLOWER, read_event_id
from monitor.web.hub import Place


def live(address: str, query: str = "", **options: Any) -> connect:
    return connect(f"ws://{address}/api/v1/live{query}", compression=None, max_size=None, **options)


async def hear(follower: ClientConnection) -> Message:
    message: Message = json.loads(await asyncio.wait_for(follower.recv(), 10))
    return message


async def ticket(address: str, headers: dict[str, str]) -> str:
    """One that the site gives out: it takes no other's."""
    async with httpx.AsyncClient() as client:
        answer = await client.post(f"http://{address}/api/v1/live/tickets", headers=headers)
    return str(answer.json()["ticket"])


async def test_a_follower_gets_the_farm_and_then_what_the_monitor_tells(tmp_path: Path) -> None:
    async with played(tmp_path) as (monitor, site, address), live(address) as follower:
        first = await hear(follower)
        monitor.tell("delta", row(7, wind_speed=8.5))
        second = await follower.recv()
    assert (first["kind"], first["turbines"]) == ("snapshot", [row(7)])
    assert isinstance(second, str)
    assert second.startswith(f'{{"stream":"{site.hub.stream}","number":{first["number"] + 1},"kind":"delta","at":')
    assert json.loads(second)["turbines"] == [row(7, wind_speed=8.5)]


async def test_a_follower_that_comes_back_gets_what_it_missed(tmp_path: Path) -> None:
    async with played(tmp_path) as (monitor, _, address):
        async with live(address) as follower:
            told = await hear(follower)
        monitor.tell("delta", row(7, wind_speed=1.0))
        async with live(address, f"?stream={told['stream']}&number={told['number']}") as follower:
            missed = await hear(follower)
    assert (missed["kind"], missed["number"], missed["turbines"][0]["wind_speed"]) == ("delta", told["number"] + 1, 1.0)


async def test_the_farm_of_who_comes_late_is_up_to_date(tmp_path: Path) -> None:
    async with played(tmp_path) as (monitor, _, address), live(address) as early:
        await hear(early)
        monitor.tell("delta", row(7, wind_speed=3.0), row(8))
        assert (await hear(early))["kind"] == "delta"
        async with live(address) as late:
            assert (await hear(late))["turbines"] == [row(7, wind_speed=3.0), row(8)]


async def test_the_channel_is_not_compressed(tmp_path: Path) -> None:
    async with played(tmp_path) as (_, _, address), connect(f"ws://{address}/api/v1/live") as follower:
        await hear(follower)
        assert follower.protocol.extensions == []


@pytest.mark.parametrize(("name", "status"), [("origin", 403), ("host", 421)])
async def test_pages_from_elsewhere_may_not_follow(tmp_path: Path, name: str, status: int) -> None:
    async with played(tmp_path) as (_, _, address):
        host, _, port = address.rpartition(":")
        named = address if name == "origin" else f"evil.example:{port}"
        origin = Origin("http://evil.example") if name == "origin" else None
        with pytest.raises(InvalidStatus) as refused:
            await connect(f"ws://{named}/api/v1/live", host=host, port=int(port), origin=origin).__aenter__()
    assert refused.value.response.status_code == status


async def test_the_sites_own_page_may_follow(tmp_path: Path) -> None:
    async with played(tmp_path) as (_, _, address), live(address, origin=Origin(f"http://{address}")) as follower:
        assert (await hear(follower))["kind"] == "snapshot"


# --- on a site that asks who one is


async def status_of(address: str, query: str = "", **options: Any) -> int:
    """How a WebSocket is answered; 101 where it opens."""
    try:
        async with live(address, query, **options):
            return 101
    except InvalidStatus as refused:
        return refused.response.status_code


async def test_a_program_follows_with_a_token_for_looking(tmp_path: Path) -> None:
    guests = Guests(tmp_path)
    async with played(tmp_path, **guests.settings) as (_, _, address):
        async with live(address, additional_headers=bearer(guests.token(Scope.READ))) as follower:
            assert (await hear(follower))["kind"] == "snapshot"
        others = bearer(guests.token(*(set(Scope) - {Scope.READ})))
        assert await status_of(address, additional_headers=others) == 403


async def test_what_must_not_open_the_channel_does_not(tmp_path: Path) -> None:
    guests = Guests(tmp_path)
    token, session = guests.token(*Scope), guests.session(Role.ADMIN)
    others = {"session": session, "ticket": guests.ticket(token), "revoked": guests.revoked_token(*Scope)}
    async with played(tmp_path, **guests.settings) as (_, _, address), httpx.AsyncClient() as client:
        assert await status_of(address) == 401
        for why, text in guests.refused(token, others).items():
            assert await status_of(address, additional_headers=bearer(text)) == 401, why
            answer = await client.get(f"http://{address}/api/v1/live/sse", headers=bearer(text))
            assert answer.status_code == 401, why
        for why, text in guests.refused(
            await ticket(address, bearer(token)), {"session": session, "token": token}
        ).items():
            assert await status_of(address, f"?ticket={quote(text)}") == 401, why


async def test_a_page_follows_with_a_ticket_and_not_with_its_cookie(tmp_path: Path) -> None:
    guests = Guests(tmp_path)
    async with played(tmp_path, **guests.settings) as (_, _, address):
        page = {"Cookie": f"{COOKIE}={guests.session(Role.VIEWER)}", "Origin": f"http://{address}"}
        assert await status_of(address, additional_headers=page) == 401
        async with httpx.AsyncClient(headers=page) as client:
            made = await client.post(f"http://{address}/api/v1/live/tickets")
            assert (made.status_code, made.headers["cache-control"]) == (201, "no-store")
            assert set(made.json()) == {"ticket", "expires_at"}
            other = (await client.post(f"http://{address}/api/v1/live/tickets")).json()["ticket"]
        async with live(address, f"?ticket={made.json()['ticket']}") as follower:
            assert (await hear(follower))["kind"] == "snapshot"
        assert await status_of(address, f"?ticket={made.json()['ticket']}") == 401  # it opens once
        assert await status_of(address, f"?ticket={other}") == 101


async def test_who_may_not_look_gets_no_ticket(tmp_path: Path) -> None:
    guests = Guests(tmp_path)
    async with asking(site_app(tmp_path, **guests.settings)) as client:
        assert (await client.post("/api/v1/live/tickets")).status_code == 401
        headers = bearer(guests.token(Scope.METRICS))
        assert (await client.post("/api/v1/live/tickets", headers=headers)).status_code == 403


async def test_an_open_site_has_no_tickets(client: httpx.AsyncClient) -> None:
    assert (await client.post("/api/v1/live/tickets")).status_code == 409


async def keep_telling(monitor: PlayedMonitor) -> None:
    """As a monitor does every second."""
    while True:
        monitor.tell("delta", row(7, wind_speed=1.0))
        await asyncio.sleep(0.05)


async def test_a_channel_ends_when_what_opened_it_is_revoked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("monitor.web.channel.LOOK_EVERY_SECONDS", 0.05)
    guests = Guests(tmp_path)
    token = guests.token(Scope.READ)
    async with played(tmp_path, **guests.settings) as (monitor, _, address), httpx.AsyncClient() as client:
        url = f"http://{address}/api/v1/live/sse"
        async with live(address, additional_headers=bearer(token)) as follower:
            assert (await hear(follower))["kind"] == "snapshot"
            async with client.stream("GET", url, headers=bearer(token)) as answer:
                lines = answer.aiter_lines()
                await events(lines, 1)
                guests.accounts.revoke_token(guests.claims(token)["jti"], by="root", now=now())
                with pytest.raises(ConnectionClosed) as closed:
                    await hear(follower)
                telling = asyncio.create_task(keep_telling(monitor))
                async with asyncio.timeout(10):
                    assert [line async for line in lines]
                telling.cancel()
    assert closed.value.rcvd is not None
    assert (closed.value.rcvd.code, closed.value.rcvd.reason) == (4401, "What opened this channel has ended.")


async def test_a_channel_ends_when_its_session_does(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """At that moment, and not only when it is looked at the next time."""
    guests = Guests(tmp_path)
    session = guests.session(Role.VIEWER)
    async with played(tmp_path, **guests.settings) as (_, _, address):
        given = await ticket(address, {"Cookie": f"{COOKIE}={session}", "Origin": f"http://{address}"})
        soon = guests.forged(given, until=now() + 3 * SECOND)
        async with live(address, f"?ticket={soon}") as follower:
            assert (await hear(follower))["kind"] == "snapshot"
            with pytest.raises(ConnectionClosed) as closed:
                await hear(follower)
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 4401


async def test_a_place_that_makes_no_sense_is_refused(tmp_path: Path) -> None:
    async with played(tmp_path) as (_, _, address):
        with pytest.raises(InvalidStatus) as refused:
            await live(address, "?stream=a&number=-1").__aenter__()
    assert refused.value.response.status_code == 422


async def test_there_is_a_bound_on_followers(tmp_path: Path) -> None:
    async with played(tmp_path) as (_, site, address):
        site.hub._most_followers = 1
        async with live(address) as follower, httpx.AsyncClient() as client:
            await hear(follower)
            with pytest.raises(InvalidStatus) as refused:
                await live(address).__aenter__()
            answer = await client.get(f"http://{address}/api/v1/live/sse")
    assert refused.value.response.status_code == answer.status_code == 503
    assert answer.json()["title"] == "Too many followers"


@pytest.mark.parametrize(
    ("said", "code"), [(["x"] * MOST_MESSAGES_OF_A_FOLLOWER, 1008), ([b"x"] * 99, 1008), (["x" * 1025], 1009)]
)
async def test_who_talks_instead_of_listening_is_sent_away(tmp_path: Path, said: list[Any], code: int) -> None:
    async with played(tmp_path) as (_, site, address), live(address) as follower:
        await hear(follower)
        for words in said:
            await follower.send(words)
        with pytest.raises(ConnectionClosed) as closed:
            await asyncio.wait_for(follower.recv(), 10)
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == code
    assert site.hub.followers == 0


async def test_followers_are_told_that_the_monitor_is_away_and_that_it_is_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(monitor_link, "TELL_EVERY_SECONDS", 0.02)
    monitor = PlayedMonitor()
    async with served(tmp_path) as (_, address), live(address) as follower:
        async with control_door(tmp_path, monitor.serve, monitor.follow):
            monitor.tell("snapshot", row(7))
            while (told := await hear(follower))["farm"]["monitor"]["running"] is False:
                pass
            assert told["turbines"] == [row(7)]
        away, later = await hear(follower), await hear(follower)
        assert (away["kind"], away["turbines"], away["farm"]["monitor"]["running"]) == ("delta", [], False)
        assert later["farm"]["monitor"] == away["farm"]["monitor"]
        assert later["at"] > away["at"]
        async with control_door(tmp_path, monitor.serve, monitor.follow):
            monitor.tell("snapshot", row(7), row(8))
            while (told := await hear(follower))["kind"] == "delta":
                pass
            assert told["farm"]["monitor"]["running"] is True
            assert told["turbines"] == [row(7), row(8)]


async def test_a_monitor_that_stands_still_is_told_to_be_away(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(monitor_link, "TELL_EVERY_SECONDS", 0.02)
    monkeypatch.setattr(monitor_link, "AWAY_AFTER_SECONDS", 0.1)
    async with played(tmp_path) as (monitor, site, address), live(address) as follower:
        while (await hear(follower))["farm"]["monitor"]["running"]:
            pass
        assert not site.monitor.is_there
        monitor.tell("delta")
        while not (await hear(follower))["farm"]["monitor"]["running"]:
            pass
        assert site.monitor.is_there


async def test_without_a_monitor_the_farm_is_what_the_ledger_holds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(monitor_link, "TELL_EVERY_SECONDS", 0.02)
    fill(tmp_path, also=Changes(turbines=[TurbineRecord(7, time.time_ns() // 1000)]))
    async with served(tmp_path) as (_, address), live(address) as follower:
        told = await hear(follower)
    assert [turbine["turbine_number"] for turbine in told["turbines"]] == [7]
    assert None not in told["turbines"][0].values()
    assert told["farm"]["monitor"]["running"] is False


async def test_a_monitor_that_speaks_another_language_is_as_good_as_away(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(monitor_link, "TELL_EVERY_SECONDS", 0.02)
    monitor = PlayedMonitor()
    for line in (b"nonsense", b"[]", b'{"kind":"other"}', b"\xff", b"{}"):
        monitor.lines.put_nowait(line)
    door = control_door(tmp_path, monitor.serve, monitor.follow)
    async with door, served(tmp_path) as (_, address), live(address) as follower:
        for _ in range(3):
            assert (await hear(follower))["farm"]["monitor"]["running"] is False


# --- server-sent events


async def events(lines: AsyncIterator[str], count: int) -> list[tuple[str, Message]]:
    """The next events, each with its id."""
    found, event_id = [], ""
    async for line in lines:
        if line.startswith("id: "):
            event_id = line[4:]
        elif line.startswith("data: "):
            found.append((event_id, json.loads(line[6:])))
            if len(found) == count:
                break
    return found


async def test_the_same_is_told_as_events(tmp_path: Path) -> None:
    async with played(tmp_path) as (monitor, site, address), httpx.AsyncClient() as client:
        async with client.stream("GET", f"http://{address}/api/v1/live/sse") as answer:
            lines = answer.aiter_lines()
            assert await anext(lines) == "retry: 2000"
            ((_, first),) = await events(lines, 1)
            monitor.tell("delta", row(7, wind_speed=1.0))
            ((event_id, second),) = await events(lines, 1)
        assert (answer.headers["content-type"], answer.headers["cache-control"]) == (
            "text/event-stream; charset=utf-8",
            "no-store",
        )
        assert "content-encoding" not in answer.headers
    assert (first["kind"], second["kind"]) == ("snapshot", "delta")
    assert event_id == f"{site.hub.stream}-{second['number']}"


async def test_a_client_of_events_that_comes_back_gets_what_it_missed(tmp_path: Path) -> None:
    async with played(tmp_path) as (monitor, _, address), httpx.AsyncClient() as client, live(address) as follower:
        first = await hear(follower)
        for wind_speed in (1.0, 2.0):
            monitor.tell("delta", row(7, wind_speed=wind_speed))
            await hear(follower)
        headers = {"Last-Event-ID": f"{first['stream']}-{first['number'] + 1}"}
        async with client.stream("GET", f"http://{address}/api/v1/live/sse", headers=headers) as answer:
            ((_, missed),) = await events(answer.aiter_lines(), 1)
    assert (missed["number"], missed["turbines"][0]["wind_speed"]) == (first["number"] + 2, 2.0)


async def test_the_head_of_an_endless_answer_ends(tmp_path: Path) -> None:
    async with played(tmp_path) as (_, _, address), httpx.AsyncClient() as client:
        answer = await client.head(f"http://{address}/api/v1/live/sse")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/event-stream; charset=utf-8")


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("ab-12", Place("ab", 12)),
        ("a-b-1", Place("a-b", 1)),
        ("", None),
        ("12", None),
        ("ab-", None),
        ("ab-\u00b2", None),
    ],
)
def test_an_events_id_names_a_place(text: str, place: Place | None) -> None:
    assert read_event_id(text) == place


async def test_all_followers_are_gone_at_once_when_the_site_ends(tmp_path: Path) -> None:
    async with played(tmp_path) as (_, site, address):
        client = httpx.AsyncClient()
        followers = [await live(address).__aenter__() for _ in range(3)]
        stream = await client.stream("GET", f"http://{address}/api/v1/live/sse").__aenter__()
        assert await anext(stream.aiter_lines()) == "retry: 2000"
        for follower in followers:
            await hear(follower)
        began = time.monotonic()
    assert time.monotonic() - began < 2
    assert site.hub.followers == 0
    for follower in followers:
        with pytest.raises(ConnectionClosed):
            await follower.recv()
        assert follower.close_code == 1012
    await client.aclose()
