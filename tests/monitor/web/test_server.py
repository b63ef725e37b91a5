"""The server: TLS with a certificate of a secure folder, and whom it believes to stand in front of it."""

import asyncio
import ssl
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest
from guests import Guests, bearer, cookie
from sites import played, served
from websockets.asyncio.client import connect

from grid.errors import SettingsError
from monitor.access.roles import Role, Scope
from monitor.live.documents import Document
from monitor.live.events import Entrance, StreamRefusedError, follow_events
from monitor.secure.folder import create
from monitor.web import connections
from monitor.web.connections import new_event_loop


@pytest.fixture(scope="module")
def https(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The files of a site that is `farm.example`."""
    return create(tmp_path_factory.mktemp("pki") / "secure", ["farm.example"], []).path / "https"


def certified(https: Path) -> dict[str, Any]:
    return {"http_certfile": https / "site.crt", "http_keyfile": https / "site.key"}


def trusting(https: Path) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=https / "ca.crt")
    context.verify_flags |= ssl.VERIFY_X509_STRICT  # as Python does from 3.13 on
    return context


async def test_a_site_with_a_certificate_is_served_over_tls(tmp_path: Path, https: Path) -> None:
    guests = Guests(tmp_path)
    async with (
        served(tmp_path, **guests.settings, **certified(https)) as (_, address),
        httpx.AsyncClient(verify=trusting(https), base_url=f"https://{address}") as client,
    ):
        answer = await client.get("/api/v1/session", headers=bearer(guests.token(Scope.READ)))
        assert answer.status_code == 200
        assert "strict-transport-security" not in answer.headers  # this machine's own name is for all of its programs
        named = await client.get("/health/live", headers={"Host": "farm.example"})
        assert named.headers["strict-transport-security"] == "max-age=31536000"
        assert (await client.get("/sign-in", headers={"Host": "other.example"})).status_code == 421


async def test_the_channel_is_over_tls_too(tmp_path: Path, https: Path) -> None:
    guests = Guests(tmp_path)
    async with played(tmp_path, **guests.settings, **certified(https)) as (_, _, address):
        headers = bearer(guests.token(Scope.READ))
        async with connect(f"wss://{address}/api/v1/live", ssl=trusting(https), additional_headers=headers) as follower:
            assert '"snapshot"' in str(await asyncio.wait_for(follower.recv(), 10))


async def test_top_follows_a_site_whose_authority_it_is_told(
    tmp_path: Path, https: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("monitor.live.events.SILENT_SECONDS", 30)
    guests = Guests(tmp_path)
    async with played(tmp_path, **guests.settings, **certified(https)) as (_, _, address):
        site = Entrance(f"https://{address}", guests.token(Scope.READ), https / "ca.crt")
        assert (await asyncio.to_thread(first_message, site))["kind"] == "snapshot"
        with pytest.raises(StreamRefusedError, match=r"is not trusted: .*--cafile"):
            await asyncio.to_thread(first_message, replace(site, cafile=None))
        with pytest.raises(StreamRefusedError, match=r"site\.key holds no certificates"):
            await asyncio.to_thread(first_message, replace(site, cafile=https / "site.key"))
        with pytest.raises(StreamRefusedError, match=r"does not let us in \(401\).*scope read \(--token-file\)"):
            await asyncio.to_thread(first_message, replace(site, token=None))
    assert str(site.token) not in repr(site)


def first_message(site: Entrance) -> Document:
    """What a site tells first."""
    with closing(follow_events(site)) as messages:
        return next(messages)


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion.TLSv1_1 is deprecated:DeprecationWarning")
async def test_what_is_older_than_tls_1_2_is_refused(tmp_path: Path, https: Path) -> None:
    async with served(tmp_path, **certified(https)) as (_, address):
        assert await spoken(address, https, ssl.TLSVersion.TLSv1_3) == "TLSv1.3"
        assert await spoken(address, https, ssl.TLSVersion.TLSv1_2) == "TLSv1.2"
        with pytest.raises((ssl.SSLError, ConnectionError)):
            await spoken(address, https, ssl.TLSVersion.TLSv1_1)


async def spoken(address: str, https: Path, version: ssl.TLSVersion) -> str:
    """The version that is agreed on with a client that can only do this one."""
    context = trusting(https)
    context.set_ciphers("ALL:@SECLEVEL=0")
    context.maximum_version = ssl.TLSVersion.TLSv1_3
    context.minimum_version = version
    context.maximum_version = version
    host, _, port = address.rpartition(":")
    _, writer = await asyncio.open_connection(host, int(port), ssl=context)
    try:
        return str(writer.get_extra_info("ssl_object").version())
    finally:
        writer.close()


async def test_plain_http_on_the_port_of_tls_gets_nothing(tmp_path: Path, https: Path) -> None:
    async with served(tmp_path, **certified(https)) as (_, address), httpx.AsyncClient() as client:
        with pytest.raises(httpx.TransportError):
            await client.get(f"http://{address}/health/live")


def test_a_handshake_that_does_not_end_is_cut_off(tmp_path: Path, https: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "HANDSHAKE_WITHIN_SECONDS", 0.05)

    async def dial() -> bytes:
        async with served(tmp_path, **certified(https)) as (_, address):
            host, _, port = address.rpartition(":")
            reader, writer = await asyncio.open_connection(host, int(port))
            try:
                return await asyncio.wait_for(reader.read(), 10)
            finally:
                writer.close()

    with asyncio.Runner(loop_factory=new_event_loop) as runner:
        assert runner.run(dial()) == b""


@pytest.mark.parametrize("wrong", ["site.key", "no certificate"])
async def test_a_file_that_is_no_certificate_is_told_in_a_line(tmp_path: Path, https: Path, wrong: str) -> None:
    (tmp_path / "no certificate").write_text("nothing")
    certfile = https / wrong if (https / wrong).exists() else tmp_path / wrong
    with pytest.raises(SettingsError, match=r"http_certfile .* holds no certificate"):
        async with served(tmp_path, http_certfile=certfile, http_keyfile=https / "site.key"):
            pass


async def test_a_certificate_with_a_foreign_key_is_told_in_a_line(tmp_path: Path, https: Path) -> None:
    foreign = create(tmp_path / "secure", ["farm.example"], []).path / "https" / "site.key"
    with pytest.raises(SettingsError, match=r"are no certificate and its key"):
        async with served(tmp_path, http_certfile=https / "site.crt", http_keyfile=foreign):
            pass


@pytest.mark.parametrize(
    ("believed", "said", "noted"),
    [
        ((), "203.0.113.7", "127.0.0.1"),
        (("127.0.0.1",), "203.0.113.7", "203.0.113.7"),
        (("127.0.0.0/8",), "198.51.100.9, 203.0.113.7", "203.0.113.7"),
        (("127.0.0.0/8", "203.0.113.7"), "198.51.100.9, 203.0.113.7", "198.51.100.9"),
        (("10.0.0.0/8",), "203.0.113.7", "127.0.0.1"),
    ],
)
async def test_only_a_proxy_that_is_named_is_believed_from_where_is_asked(
    tmp_path: Path, believed: tuple[str, ...], said: str, noted: str
) -> None:
    guests = Guests(tmp_path)
    session = cookie(guests.session(Role.VIEWER))
    async with served(tmp_path, http_proxy=believed, **guests.settings) as (_, address), httpx.AsyncClient() as client:
        session["Origin"] = f"http://{address}"
        headers = session | {"X-Forwarded-For": said}
        assert (await client.delete(f"http://{address}/api/v1/session", headers=headers)).status_code == 204
    assert guests.accounts.events(1)[0].address == noted
