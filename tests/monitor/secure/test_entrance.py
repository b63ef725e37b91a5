"""Who gets in at a secure broker and who does not, in words on both sides, on a real Mosquitto."""

import asyncio
import shutil
import socket
import ssl
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from programs import wait_for
from secure_farm import SecureFarm, enter

from grid.broker import Broker, BrokerLostError, BrokerRefusedError, Message, Tls
from grid.tls import tls_context
from grid.topics import Kind
from monitor.secure.certificates import Authority
from monitor.secure.folder import SecureFolder, add, create, revoke, rotate
from monitor.secure.parties import MONITOR, parse_parties
from monitor.secure.private_files import write_private

LONG_AGO = datetime.now(UTC).replace(microsecond=0) - timedelta(days=400)
TOMORROW = LONG_AGO + timedelta(days=401)
NO_CERTIFICATE = "peer did not return a certificate"
NOT_ACCEPTED = "certificate verify failed"


async def refusal(farm: SecureFarm, broker: Broker, *, logged: str) -> str:
    """What a client is told that is turned away, once the broker's log has said so too."""
    before = len(farm.log)
    with pytest.raises(BrokerLostError) as refused:
        async with enter(broker):
            pass
    wait_for(lambda: logged in farm.log[before:], f"the broker's log says {logged}")
    return str(refused.value)


async def is_let_in(broker: Broker) -> bool:
    try:
        async with enter(broker):
            return True
    except BrokerRefusedError:
        return False


# --- by certificate


async def test_without_a_certificate_nobody_gets_in(certified_farm: SecureFarm) -> None:
    entrance = replace(certified_farm.turbine(5), tls=Tls(str(certified_farm.secure.cafile)))
    told = await refusal(certified_farm, entrance, logged=NO_CERTIFICATE)
    assert told.endswith("wants a certificate: name one with --certfile and --keyfile")


async def test_a_certificate_of_another_authority_is_refused(certified_farm: SecureFarm, tmp_path: Path) -> None:
    other = create(tmp_path / "other", ["broker.example"], [5])
    told = await refusal(certified_farm, certified_farm.turbine(5, other.path / "turbines" / "5"), logged=NOT_ACCEPTED)
    assert told.endswith("client.crt: it is not of the authority that the broker trusts")


@pytest.mark.parametrize(
    ("made_at", "reason"),
    [
        (LONG_AGO, "it has expired"),
        (TOMORROW, "it is none that the broker can use, or not valid yet by the broker's clock"),
    ],
)
async def test_a_certificate_of_another_time_is_refused(
    certified_farm: SecureFarm, tmp_path: Path, made_at: datetime, reason: str
) -> None:
    authority = certified_farm.secure.path / "authority"
    old = Authority.load((authority / "ca.crt").read_bytes(), (authority / "ca.key").read_bytes())
    made = old.certify_client("5", made_at)
    write_private(tmp_path / "client.crt", made.certificate)
    write_private(tmp_path / "client.key", made.key)
    told = await refusal(certified_farm, certified_farm.turbine(5, tmp_path), logged=NOT_ACCEPTED)
    assert told.endswith(f"client.crt: {reason}")


async def test_a_revoked_certificate_is_refused(certified_farm: SecureFarm, tmp_path: Path) -> None:
    kept = certified_farm.copy_of(5, tmp_path / "kept")
    revoke(certified_farm.secure.path, ["5"])
    certified_farm.reload()
    told = await refusal(certified_farm, certified_farm.turbine(5, kept), logged=NOT_ACCEPTED)
    assert told.endswith("client.crt: it is revoked")


@pytest.mark.parametrize("server", ["broker/broker", "https/site"])
async def test_the_certificate_of_a_server_opens_nothing(
    certified_farm: SecureFarm, tmp_path: Path, server: str
) -> None:
    for ending in ("crt", "key"):
        shutil.copy(certified_farm.secure.path / f"{server}.{ending}", tmp_path / f"client.{ending}")
    told = await refusal(certified_farm, certified_farm.entrance(MONITOR, tmp_path), logged=NOT_ACCEPTED)
    assert told.endswith("client.crt: it is not made for a client")


# --- in both kinds of farms


async def test_without_tls_nobody_gets_in(farm: SecureFarm) -> None:
    told = await refusal(farm, replace(farm.turbine(5), tls=None), logged="wrong version number")
    assert told.endswith("does not answer as a broker does; does it want TLS (--tls, --cafile)?")


async def test_without_a_name_nobody_gets_in(farm: SecureFarm) -> None:
    anonymous = Broker(farm.mosquitto.host, farm.mosquitto.port, tls=Tls(str(farm.secure.cafile)))
    with pytest.raises(BrokerRefusedError):
        async with enter(anonymous):
            pass


async def test_a_wrong_password_is_refused_and_the_log_names_no_password(farm_of_passwords: SecureFarm) -> None:
    told = await refusal(
        farm_of_passwords, replace(farm_of_passwords.turbine(5), password="wrong"), logged="not authorised"
    )
    assert told.endswith("refuses the user name or password")
    assert "grid_pw_" not in farm_of_passwords.log


async def test_a_client_that_does_not_know_the_authority_trusts_no_broker(farm: SecureFarm, tmp_path: Path) -> None:
    other = create(tmp_path / "other", ["broker.example"], [])
    entrance = farm.turbine(5)
    assert entrance.tls is not None
    with pytest.raises(BrokerLostError, match="is not trusted"):
        async with enter(replace(entrance, tls=replace(entrance.tls, cafile=str(other.cafile)))):
            pass


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_the_broker_passes_the_strictest_check_by_every_version_of_tls(
    farm: SecureFarm, version: ssl.TLSVersion
) -> None:
    context = context_of(farm)
    context.verify_flags |= ssl.VERIFY_X509_STRICT
    context.minimum_version = context.maximum_version = version
    for name in ("localhost", "127.0.0.1", "broker.example", "mosquitto"):
        with knock(farm) as line, context.wrap_socket(line, server_hostname=name) as secured:
            assert secured.version() == version.name.replace("_", ".")


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion.TLSv1_1 is deprecated:DeprecationWarning")
def test_older_versions_of_tls_are_refused(farm: SecureFarm) -> None:
    context = context_of(farm)
    context.set_ciphers("DEFAULT:@SECLEVEL=0")
    context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv1_1
    with knock(farm) as line, pytest.raises(ssl.SSLError, match="PROTOCOL_VERSION"):
        context.wrap_socket(line, server_hostname="localhost")


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_a_session_of_tls_opens_nothing_once_its_certificate_is_replaced_for_good(
    certified_farm: SecureFarm, tmp_path: Path, version: ssl.TLSVersion
) -> None:
    context = tls_context(certified_farm.turbine(5, certified_farm.copy_of(5, tmp_path / "kept")).tls)
    assert context is not None
    context.minimum_version = context.maximum_version = version
    known, _ = resumed(certified_farm, context, None)
    assert resumed(certified_farm, context, known)[1]
    rotate(certified_farm.secure.path, revoke_old=True)
    certified_farm.reload()
    with pytest.raises(OSError, match=r"REVOKED|EOF|reset"):
        resumed(certified_farm, context, known)


def resumed(
    farm: SecureFarm, context: ssl.SSLContext, known: ssl.SSLSession | None
) -> tuple[ssl.SSLSession | None, bool]:
    """Enter by plain MQTT 3.1.1, with a session of TLS that is known; returns the new one, and whether it was taken."""
    with knock(farm) as line, context.wrap_socket(line, server_hostname="localhost", session=known) as secured:
        secured.sendall(b"\x10\x10\x00\x04MQTT\x04\x02\x00\x1e\x00\x04five")
        if secured.recv(4) != b"\x20\x02\x00\x00":
            raise ConnectionResetError("the connection is reset")
        return secured.session, bool(secured.session_reused)


async def test_a_client_is_no_broker(secure_server: tuple[SecureFolder, int]) -> None:
    secure, port = secure_server
    with pytest.raises(BrokerLostError, match="unsuitable certificate purpose"):
        async with enter(Broker("localhost", port, tls=Tls(str(secure.cafile)))):
            pass


@pytest.fixture
async def secure_server(tmp_path: Path) -> AsyncIterator[tuple[SecureFolder, int]]:
    """A server that shows the monitor's certificate, and its port."""
    secure = create(tmp_path / "secure", ["broker.example"], [])
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(secure.of(MONITOR) / "client.crt", secure.of(MONITOR) / "client.key")
    server = await asyncio.start_server(lambda _, writer: writer.close(), "127.0.0.1", 0, ssl=context)
    async with server:
        yield secure, server.sockets[0].getsockname()[1]


def context_of(farm: SecureFarm) -> ssl.SSLContext:
    """TLS as the monitor of this farm speaks it."""
    context = tls_context(farm.entrance(MONITOR).tls)
    assert context is not None
    return context


def knock(farm: SecureFarm) -> socket.socket:
    """A line to the broker."""
    return socket.create_connection((farm.mosquitto.host, farm.mosquitto.port))


# --- while the broker runs


async def test_who_is_added_gets_in_when_the_broker_has_read_its_files(changing_farm: SecureFarm) -> None:
    add(changing_farm.secure.path, parse_parties(["7000", "20-22"]))
    changing_farm.reload()
    for number in (7000, 20, 21, 22):
        async with enter(changing_farm.turbine(number)) as turbine:
            await turbine.publish(Kind.METRICS.of(number), b"{}")


async def test_a_connection_that_stands_is_worth_nothing_once_its_party_is_revoked(
    changing_farm: SecureFarm, tmp_path: Path
) -> None:
    entrance = changing_farm.turbine(5, changing_farm.copy_of(5, tmp_path / "kept"))
    heard: list[Message] = []
    async with AsyncExitStack() as stack:
        monitor = await stack.enter_async_context(enter(changing_farm.entrance(MONITOR)))
        five = await stack.enter_async_context(enter(entrance, heard))
        await five.subscribe(Kind.REPAIR.of(5))
        revoke(changing_farm.secure.path, ["5"])
        changing_farm.reload()
        await monitor.publish(Kind.REPAIR.of(5), b"{}")
        with pytest.raises(BrokerLostError):  # with a password the connection is ended, with a certificate worthless
            await five.publish(Kind.METRICS.of(5), b"{}")
    assert heard == []
    assert not await is_let_in(entrance)


async def test_the_monitor_is_let_in_again_after_its_key_was_lost(changing_farm: SecureFarm) -> None:
    revoke(changing_farm.secure.path, ["monitor"])
    add(changing_farm.secure.path, parse_parties(["monitor"]))
    changing_farm.reload()
    async with enter(changing_farm.entrance(MONITOR)) as monitor:
        await monitor.publish(Kind.REPAIR.of(5), b"{}")


async def test_a_name_that_was_a_viewers_serves_a_controller(changing_farm: SecureFarm) -> None:
    add(changing_farm.secure.path, parse_parties(["mast-1"], viewers=True))
    revoke(changing_farm.secure.path, ["mast-1"])
    (mast,) = parse_parties(["mast-1"])
    add(changing_farm.secure.path, [mast])
    changing_farm.reload()
    async with enter(changing_farm.entrance(mast)) as controller:
        await controller.publish("grid/controllers/mast-1/outages", b"{}")


async def test_others_go_on_while_the_broker_reads_its_files(changing_farm: SecureFarm) -> None:
    async with enter(changing_farm.turbine(6)) as six:
        revoke(changing_farm.secure.path, ["5"])
        changing_farm.reload()
        await six.publish(Kind.METRICS.of(6), b"{}")


async def test_who_is_added_again_gets_in_by_what_is_new_only(changing_farm: SecureFarm, tmp_path: Path) -> None:
    old = changing_farm.turbine(5, changing_farm.copy_of(5, tmp_path / "kept"))
    revoke(changing_farm.secure.path, ["5"])
    add(changing_farm.secure.path, parse_parties(["5"]))
    changing_farm.reload()
    assert (await is_let_in(changing_farm.turbine(5)), await is_let_in(old)) == (True, False)


async def test_old_certificates_hold_after_a_rotation_so_that_new_ones_can_be_handed_out(
    certified_farm: SecureFarm, tmp_path: Path
) -> None:
    old = certified_farm.turbine(5, certified_farm.copy_of(5, tmp_path / "kept"))
    served = served_by(certified_farm)
    rotate(certified_farm.secure.path)
    certified_farm.reload()
    assert (await is_let_in(certified_farm.turbine(5)), await is_let_in(old)) == (True, True)
    assert served_by(certified_farm) != served


@pytest.mark.parametrize("revoke_old", [True, False])
async def test_what_was_replaced_is_refused_where_that_is_asked_for_and_passwords_always(
    changing_farm: SecureFarm, tmp_path: Path, revoke_old: bool
) -> None:
    old = changing_farm.turbine(5, changing_farm.copy_of(5, tmp_path / "kept"))
    rotate(changing_farm.secure.path, revoke_old=revoke_old)
    changing_farm.reload()
    old_holds = old.password is None and not revoke_old
    assert (await is_let_in(changing_farm.turbine(5)), await is_let_in(old)) == (True, old_holds)


def served_by(farm: SecureFarm) -> bytes | None:
    """The certificate that the broker shows."""
    with knock(farm) as line, context_of(farm).wrap_socket(line, server_hostname="localhost") as secured:
        return secured.getpeercert(binary_form=True)
