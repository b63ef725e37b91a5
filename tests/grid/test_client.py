"""What every client does: what fails is said in words, and no socket, task or thread is left behind."""

import asyncio
import functools
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from listener import PATIENCE, listener

from grid.connection import (
    Backoff,
    Broker,
    BrokerLostError,
    BrokerRefusedError,
    Connection,
    Protocol,
    Tls,
    connect_once,
    stay_connected,
)
from grid.tls import tls_context
from monitor.demo_broker import LocalMosquitto, find_free_port

pytestmark = pytest.mark.usefixtures("clean_loop", "client")

WANTS_TLS = "; does it want TLS (--tls, --cafile)?"

VERSIONS = [Protocol.V5, Protocol.V311]


@pytest.fixture(params=[False, True], ids=["aiomqtt", "codec"])
def client(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """A test runs once over each client, which carries MQTT 5 for it; 3.1.1 is aiomqtt's in any case."""
    for connect in (connect_once, stay_connected):
        monkeypatch.setitem(globals(), connect.__name__, functools.partial(connect, in_bulk=request.param))


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Attempts give up after a tenth of a second."""
    for client in ("mqtt_client", "mqtt5_client"):
        monkeypatch.setattr(f"grid.{client}.CONNECT_TIMEOUT_SECONDS", 0.1)


async def refusal_of(broker: Broker) -> str:
    with pytest.raises(BrokerLostError) as caught:
        async with connect_once(broker, client_id="turbine-7"):
            pytest.fail("connected")
    return str(caught.value)


# --- nobody there, or no broker


async def test_a_port_where_nobody_listens_is_named(free_port: int) -> None:
    assert await refusal_of(Broker("127.0.0.1", free_port)) == (
        f"no broker answers at 127.0.0.1:{free_port}: Connection refused"
    )


@pytest.mark.parametrize("host", ["no-such-host.invalid", "x" * 70 + ".invalid", "not a name"])
async def test_a_host_that_is_not_known_is_named(host: str) -> None:
    assert await refusal_of(Broker(host)) == f"the host name {host} can't be resolved"


@pytest.mark.usefixtures("impatient")
async def test_whoever_never_answers_is_left_in_both_versions(free_port: int) -> None:
    async with listener(free_port) as server:
        said = await refusal_of(Broker("127.0.0.1", free_port))
        await server.everybody_hung_up()
    assert said == f"what listens at 127.0.0.1:{free_port} does not answer as a broker does{WANTS_TLS}"
    assert server.opened == 2


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize(
    "answer", [b"HTTP/1.1 400 Bad Request\r\n\r\n", b"SSH-2.0-x\r\n", b"\xff" * 64, b"\x20\x03\x00", b"\x20\x00"]
)
async def test_whoever_answers_something_else_is_no_broker(free_port: int, answer: bytes) -> None:
    async with listener(free_port, answer) as server:
        said = await refusal_of(Broker("127.0.0.1", free_port))
        await server.everybody_hung_up()
    assert said == f"what listens at 127.0.0.1:{free_port} does not answer as a broker does{WANTS_TLS}"


@pytest.mark.usefixtures("impatient")
async def test_a_wanted_version_is_not_changed(free_port: int) -> None:
    async with listener(free_port) as server:
        await refusal_of(Broker("127.0.0.1", free_port, protocol=Protocol.V5))
        await server.everybody_hung_up()
    assert server.opened == 1


@pytest.mark.parametrize(
    ("connack", "sentence"),
    [
        ("20 03 00 86 00", "refuses the user name or password"),
        ("20 03 00 87 00", "refuses the user name or password"),
        ("20 03 00 85 00", "refuses the connection: client identifier not valid"),
        ("20 03 00 88 00", "refuses the connection: server unavailable"),
        ("20 03 00 8a 00", "refuses the connection: banned"),
        ("20 03 00 84 00", f"does not answer as a broker does{WANTS_TLS}"),
    ],
)
async def test_a_refusal_is_told_in_the_brokers_words(free_port: int, connack: str, sentence: str) -> None:
    async with listener(free_port, bytes.fromhex(connack)) as server:
        said = await refusal_of(Broker("127.0.0.1", free_port, protocol=Protocol.V5))
        await server.everybody_hung_up()
    assert said.endswith(sentence)


# --- cancelled while it connects


async def test_a_cancelled_attempt_hangs_up(free_port: int) -> None:
    async def serve(_: Connection) -> None:
        pytest.fail("connected")

    async with listener(free_port) as server:
        attempt = asyncio.create_task(
            stay_connected(Broker("127.0.0.1", free_port), serve, client_id="turbine-7"), name="attempt"
        )
        await asyncio.wait_for(server.connected.wait(), PATIENCE)
        attempt.cancel()
        with pytest.raises(asyncio.CancelledError):
            await attempt
        await server.everybody_hung_up()


async def test_an_attempt_cancelled_at_any_turn_hangs_up(free_port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also in the turn between the CONNACK and whoever waits for it."""
    for client in ("mqtt_client", "mqtt5_client"):
        monkeypatch.setattr(f"grid.{client}.HANG_UP_SECONDS", 0.01)

    async def attempt() -> None:
        async with connect_once(Broker("127.0.0.1", free_port, protocol=Protocol.V5), client_id="turbine-7"):
            await asyncio.Event().wait()

    async with listener(free_port, bytes.fromhex("20 03 00 00 00")) as server:
        for turns in range(20):
            server.connected.clear()
            task = asyncio.create_task(attempt())
            async with asyncio.timeout(PATIENCE):
                await server.connected.wait()  # without a task of its own, which would miss some turns
            for _ in range(turns):
                await asyncio.sleep(0)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
        await server.everybody_hung_up()


async def test_a_broker_that_does_not_answer_in_time_is_lost(free_port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Else what it sent before would be acknowledged to it later, although we gave up what we asked it about."""
    for client in ("mqtt_client", "mqtt5_client"):
        monkeypatch.setattr(f"grid.{client}.ANSWER_TIMEOUT_SECONDS", 0.1)
        monkeypatch.setattr(f"grid.{client}.HANG_UP_SECONDS", 0.01)
    address = Broker("127.0.0.1", free_port, protocol=Protocol.V5)
    async with (
        listener(free_port, bytes.fromhex("20 03 00 00 00")),
        connect_once(address, client_id="turbine-7") as connection,
    ):
        for answer in (connection.publish("grid/turbines/7/metrics", b"?"), connection.lost()):
            with pytest.raises(BrokerLostError, match="lost: the broker does not answer in time"):
                await asyncio.wait_for(answer, PATIENCE)


async def test_a_program_cancelled_between_attempts_ends(free_port: int) -> None:
    lost = asyncio.Event()

    async def serve(_: Connection) -> None:
        pytest.fail("connected")

    attempts = asyncio.create_task(
        stay_connected(
            Broker("127.0.0.1", free_port),
            serve,
            client_id="turbine-7",
            on_lost=lambda *_: lost.set(),
            backoff=Backoff(first_seconds=60, cap_seconds=60),
        )
    )
    await asyncio.wait_for(lost.wait(), PATIENCE)
    attempts.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asyncio.wait_for(attempts, PATIENCE)


# --- passwords and rights


@pytest.fixture
def closed_broker(tmp_path: Path) -> Iterator[LocalMosquitto]:
    """A broker that lets in nobody but `monitor` with its password."""
    passwords = tmp_path / "passwords"
    subprocess.run(["mosquitto_passwd", "-b", "-c", passwords, "monitor", "right"], check=True)
    folder = tmp_path / "broker"
    rights = f"allow_anonymous false\npassword_file {passwords}"
    with LocalMosquitto(folder, extra_configuration=rights) as broker:
        yield broker


@pytest.mark.parametrize("protocol", VERSIONS)
@pytest.mark.parametrize(("username", "password"), [(None, None), ("monitor", "wrong"), ("monitor", None)])
async def test_a_wrong_password_is_refused_in_words(
    closed_broker: LocalMosquitto, protocol: Protocol, username: str | None, password: str | None
) -> None:
    address = Broker("127.0.0.1", closed_broker.port, username=username, password=password, protocol=protocol)
    with pytest.raises(BrokerRefusedError, match="refuses the user name or password") as caught:
        async with connect_once(address, client_id="monitor"):
            pytest.fail("connected")
    assert "wrong" not in str(caught.value)


async def test_the_right_password_opens(closed_broker: LocalMosquitto) -> None:
    address = Broker("127.0.0.1", closed_broker.port, username="monitor", password="right")
    async with connect_once(address, client_id="monitor") as connection:
        await connection.publish("grid/turbines/7/metrics", b"{}")
    assert "right" not in repr(address)


@pytest.fixture
def broker_with_rights(tmp_path: Path) -> Iterator[Broker]:
    """A broker where everybody may read all, and write turbine 7's readings only."""
    rights = tmp_path / "rights"
    rights.write_text("topic read grid/#\ntopic write grid/turbines/7/metrics\n")
    with LocalMosquitto(tmp_path / "broker", extra_configuration=f"acl_file {rights}") as broker:
        yield Broker(broker.host, broker.port)


async def test_what_the_broker_does_not_let_us_publish_is_refused(broker_with_rights: Broker) -> None:
    async with connect_once(broker_with_rights, client_id="turbine-8") as connection:
        await connection.publish("grid/turbines/7/metrics", b"{}")
        with pytest.raises(
            BrokerRefusedError,
            match=r"^the broker refuses what is published on grid/turbines/8/metrics: not authorized$",
        ):
            await connection.publish("grid/turbines/8/metrics", b"{}")


async def test_version_3_1_1_can_not_tell_a_refusal(broker_with_rights: Broker) -> None:
    async with connect_once(replace(broker_with_rights, protocol=Protocol.V311), client_id="turbine-8") as connection:
        await connection.publish("grid/turbines/8/metrics", b"{}")


async def test_a_wrong_password_is_tried_again_until_it_is_mended(closed_broker: LocalMosquitto) -> None:
    reasons: list[str] = []
    done = asyncio.Event()

    def hear(reason: str, _: float) -> None:
        reasons.append(reason)
        if len(reasons) == 3:
            done.set()

    async def serve(_: Connection) -> None:
        pytest.fail("connected")

    address = Broker("127.0.0.1", closed_broker.port, username="monitor", password="wrong")
    attempts = asyncio.create_task(
        stay_connected(address, serve, client_id="monitor", on_lost=hear, backoff=Backoff(first_seconds=0.01))
    )
    await asyncio.wait_for(done.wait(), PATIENCE)
    attempts.cancel()
    with pytest.raises(asyncio.CancelledError):
        await attempts
    assert set(reasons) == {f"the broker at {address} refuses the user name or password"}


# --- TLS


class Authority:
    """A certificate authority of our own, made with openssl, and a server's certificate that it signed."""

    def __init__(self, folder: Path, name: str) -> None:
        self.cafile = folder / f"{name}.crt"
        self._keyfile = folder / f"{name}.key"
        self._folder = folder
        _openssl(
            f"req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN={name} "
            f"-addext keyUsage=critical,keyCertSign,cRLSign -keyout {self._keyfile} -out {self.cafile}"
        )

    def sign(self, subject: str, name: str) -> tuple[Path, Path]:
        """A certificate for one subject alternative name, such as `IP:127.0.0.1`, and its key."""
        request, key, certificate = (self._folder / f"{name}.{suffix}" for suffix in ("csr", "key", "crt"))
        extensions = self._folder / f"{name}.ext"
        # Python 3.13 checks strictly (RFC 5280): it wants the key's usage and the identifiers that link the two.
        extensions.write_text(
            f"subjectAltName={subject}\nkeyUsage=critical,digitalSignature\n"
            "subjectKeyIdentifier=hash\nauthorityKeyIdentifier=keyid\n"
        )
        _openssl(
            f"req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj /CN={name} -keyout {key} -out {request}"
        )
        _openssl(
            f"x509 -req -in {request} -CA {self.cafile} -CAkey {self._keyfile} -CAcreateserial -days 2 "
            f"-extfile {extensions} -out {certificate}"
        )
        return certificate, key


def _openssl(arguments: str) -> None:
    subprocess.run(["openssl", *arguments.split()], check=True, capture_output=True)


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"), "ours")


@pytest.fixture(scope="module")
def server_certificate(authority: Authority) -> tuple[Path, Path]:
    return authority.sign("IP:127.0.0.1", "server")


@pytest.fixture
def tls_broker(tmp_path: Path, authority: Authority, server_certificate: tuple[Path, Path]) -> Iterator[Broker]:
    """A broker that also listens over TLS, and asks for no certificate of its clients."""
    yield from _broker_with_tls(tmp_path, authority, server_certificate, "")


@pytest.fixture
def mutual_broker(tmp_path: Path, authority: Authority, server_certificate: tuple[Path, Path]) -> Iterator[Broker]:
    """A broker that wants its clients' certificates too."""
    yield from _broker_with_tls(tmp_path, authority, server_certificate, "require_certificate true")


def _broker_with_tls(folder: Path, authority: Authority, server: tuple[Path, Path], extra: str) -> Iterator[Broker]:
    port = find_free_port()
    listener = (
        f"listener {port} 127.0.0.1\ncafile {authority.cafile}\ncertfile {server[0]}\nkeyfile {server[1]}\n{extra}"
    )
    with LocalMosquitto(folder / "broker", extra_configuration=listener):
        yield Broker("127.0.0.1", port)


def over_tls(address: Broker, **files: Path) -> Broker:
    tls = Tls(**{name: str(path) for name, path in files.items()})
    return Broker(address.host, address.port, tls=tls)


async def test_a_broker_whose_authority_we_trust_is_served_over_tls(tls_broker: Broker, authority: Authority) -> None:
    async with connect_once(over_tls(tls_broker, cafile=authority.cafile), client_id="turbine-7") as connection:
        await connection.publish("grid/turbines/7/metrics", b"{}")


async def test_a_broker_of_another_authority_is_not_trusted(tls_broker: Broker, tmp_path: Path) -> None:
    other = Authority(tmp_path, "theirs")
    said = await refusal_of(over_tls(tls_broker, cafile=other.cafile))
    assert said.startswith(f"the certificate of the broker at {tls_broker} is not trusted: ")


async def test_a_broker_that_the_system_does_not_know_is_not_trusted(tls_broker: Broker) -> None:
    said = await refusal_of(over_tls(tls_broker))
    assert "is not trusted" in said
    assert said.endswith("; name whom to trust with --cafile")


async def test_a_certificate_for_another_host_is_not_trusted(tls_broker: Broker, authority: Authority) -> None:
    said = await refusal_of(over_tls(Broker("localhost", tls_broker.port), cafile=authority.cafile))
    assert "is not trusted" in said
    assert "localhost" in said.partition("trusted")[2]


async def test_an_untrusted_broker_is_tried_again_and_does_not_end_the_program(
    tls_broker: Broker, tmp_path: Path
) -> None:
    reasons: list[str] = []
    done = asyncio.Event()

    def hear(reason: str, _: float) -> None:
        reasons.append(reason)
        if len(reasons) == 2:
            done.set()

    async def serve(_: Connection) -> None:
        pytest.fail("connected")

    address = over_tls(tls_broker, cafile=Authority(tmp_path, "theirs").cafile)
    attempts = asyncio.create_task(
        stay_connected(address, serve, client_id="turbine-7", on_lost=hear, backoff=Backoff(first_seconds=0.01))
    )
    await asyncio.wait_for(done.wait(), PATIENCE)
    attempts.cancel()
    with pytest.raises(asyncio.CancelledError):
        await attempts
    assert all("is not trusted" in reason for reason in reasons)


async def test_a_broker_without_tls_says_so(broker: LocalMosquitto, authority: Authority) -> None:
    said = await refusal_of(over_tls(Broker("127.0.0.1", broker.port), cafile=authority.cafile))
    assert said.startswith(f"no TLS connection with 127.0.0.1:{broker.port}: ")
    assert said.endswith(("what listens there does not speak it", "it hangs up, as a broker without TLS does"))


async def test_plain_mqtt_to_a_port_with_tls_says_so(tls_broker: Broker) -> None:
    assert await refusal_of(tls_broker) == f"what listens at {tls_broker} does not answer as a broker does{WANTS_TLS}"


async def test_a_client_with_its_certificate_is_let_in(mutual_broker: Broker, authority: Authority) -> None:
    certfile, keyfile = authority.sign("DNS:turbine-7", "turbine-7")
    address = over_tls(mutual_broker, cafile=authority.cafile, certfile=certfile, keyfile=keyfile)
    async with connect_once(address, client_id="turbine-7") as connection:
        await connection.publish("grid/turbines/7/metrics", b"{}")


async def test_a_client_without_its_certificate_is_told_to_bring_one(
    mutual_broker: Broker, authority: Authority
) -> None:
    said = await refusal_of(over_tls(mutual_broker, cafile=authority.cafile))
    assert said == f"the broker at {mutual_broker} wants a certificate: name one with --certfile and --keyfile"


async def test_a_certificate_of_another_authority_is_refused_in_words(
    mutual_broker: Broker, authority: Authority, tmp_path: Path
) -> None:
    certfile, keyfile = Authority(tmp_path, "theirs").sign("DNS:turbine-7", "turbine-7")
    address = over_tls(mutual_broker, cafile=authority.cafile, certfile=certfile, keyfile=keyfile)
    said = await refusal_of(address)
    why = "it is not of the authority that the broker trusts"
    assert said == f"the broker at {mutual_broker} refuses the certificate {certfile}: {why}"


async def test_a_key_with_a_password_is_refused_and_nobody_is_asked_for_it(authority: Authority) -> None:
    certfile, keyfile = authority.sign("DNS:turbine-9", "turbine-9")
    _openssl(f"ec -in {keyfile} -aes128 -passout pass:tulip -out {keyfile}.locked")
    address = over_tls(Broker(), certfile=certfile, keyfile=Path(f"{keyfile}.locked"))
    with pytest.raises(OSError, match=r"^the files for TLS can't be used: the key is encrypted"):
        async with connect_once(address, client_id="turbine-9"):
            pytest.fail("connected")


def test_a_certificate_without_its_own_key_is_told_in_words(authority: Authority, tmp_path: Path) -> None:
    certfile, _ = authority.sign("DNS:turbine-9", "turbine-9")
    _, other = authority.sign("DNS:turbine-8", "turbine-8")
    (tmp_path / "nothing").write_text("nothing")
    for keyfile, told in (
        (None, r"with its key in .+turbine-9.+: name the file of the key with --keyfile$"),
        (other, r"the key in .+turbine-8.+ is not that of the certificate in .+turbine-9"),
        (tmp_path / "nothing", r"or no key in .+nothing$"),
    ):
        with pytest.raises(OSError, match=told):
            tls_context(Tls(None, str(certfile), None if keyfile is None else str(keyfile)))


@pytest.mark.parametrize("content", [None, "", "not a certificate"])
async def test_unusable_files_for_tls_end_the_program_with_a_sentence(tmp_path: Path, content: str | None) -> None:
    cafile = tmp_path / "ca.crt"
    if content is not None:
        cafile.write_text(content)

    async def serve(_: Connection) -> None:
        pytest.fail("connected")

    with pytest.raises(OSError, match=r"^the files for TLS can't be used: .+"):
        await stay_connected(over_tls(Broker(), cafile=cafile), serve, client_id="turbine-7")
