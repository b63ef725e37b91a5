"""docs/secure.md as its reader follows it: its commands run, and its table says what really happens."""

import os
import re
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
from programs import PROGRAMS, wait_for
from surroundings import environment, missing

from grid import broker_words as words
from grid.broker import Broker, Tls
from monitor.demo_broker import find_mosquitto
from monitor.secure.broker_configuration import broker_configuration
from monitor.secure.certificates import AUTHORITY_LASTS, CERTIFICATE_LASTS
from monitor.secure.ends import SOON
from monitor.secure.parties import Credentials

TEXT = (Path(__file__).parents[2] / "docs" / "secure.md").read_text(encoding="utf-8")
BLOCKS = [block.splitlines() for block in re.findall(r"```bash\n(.+?)```", TEXT, re.DOTALL)]
CREATION, PROGRAM_LINES, LOOKS, CHANGES = BLOCKS
NOT_GUESSED = " as (grid-monitor-[0-9a-f]{32}|grid-turbine-[1-6]-[0-9a-f]{16}) "
"""How the broker's log names who is connected by a client id with a random part."""


class Reader:
    """Types what the page says, in one folder."""

    def __init__(self, folder: Path, port: int) -> None:
        self.folder = folder
        self.port = port
        path = os.pathsep.join([str(PROGRAMS), os.environ["PATH"], "/usr/sbin"])
        self.environment = environment() | {"PATH": path}

    def types(self, line: str) -> str:
        """One command to its end; returns what it says."""
        done = subprocess.run(
            ["bash", "-c", line.replace("--host broker.example", f"--host broker.example --port {self.port}")],
            cwd=self.folder, env=self.environment, capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip
        assert done.returncode == 0, f"{line}: {done.stdout}{done.stderr}"
        return done.stdout

    @contextmanager
    def terminal(self, line: str) -> Iterator["subprocess.Popen[bytes]"]:
        """One command that runs until it is told to end."""
        *way, program = line.split(" && ")
        with (self.folder / f"{program.split()[0]}.log").open("wb") as log:
            typed = " && ".join([*way, f"exec {program}"])
            process = subprocess.Popen(
                ["bash", "-c", typed], cwd=self.folder, env=self.environment, stdout=log, stderr=log
            )
        try:
            yield process
        finally:
            process.terminate()
            process.wait(30)

    def log(self, program: str) -> str:
        return (self.folder / f"{program}.log").read_text(encoding="utf-8")


@pytest.fixture
def reader(tmp_path: Path, free_port: int) -> Reader:
    if find_mosquitto() is None:
        missing("mosquitto is not installed")
    return Reader(tmp_path, free_port)


def test_the_commands_lead_from_nothing_to_six_turbines_and_let_some_in_and_others_out(reader: Reader) -> None:
    for line in CREATION:
        assert "secure/broker" in reader.types(line)
    if os.geteuid() == 0:  # as the page says: root would become another user
        with (reader.folder / "secure" / "broker" / "mosquitto.conf").open("a") as configuration:
            configuration.write("\nuser root\n")
    with ExitStack() as stack:
        broker, *_ = [stack.enter_context(reader.terminal(line)) for line in PROGRAM_LINES]
        wait_for(lambda: len(set(re.findall(NOT_GUESSED, reader.log("mosquitto")))) == 7, "seven are let in")
        assert set(re.findall(r", u'(\w+)'", reader.log("mosquitto"))) == {"monitor", *map(str, range(1, 7))}
        assert len(reader.types(LOOKS[1]).splitlines()) == 3
        wait_for(lambda: "ok" in reader.types(LOOKS[0]), "the doctor is content")
        for line in CHANGES:
            reader.types(line.replace("$(pidof mosquitto)", str(broker.pid)))
        wait_for(lambda: reader.log("mosquitto").count("Reloading config") == 3, "the broker reads its files again")
        assert broker.poll() is None
        assert len(reader.types(LOOKS[1]).splitlines()) == 3


def test_the_table_of_refusals_is_in_the_words_of_the_clients() -> None:
    broker = Broker("broker.example", 8883, tls=Tls("ca.crt", "client.crt", "client.key"))
    alerts = ("UNKNOWN_CA", "CERTIFICATE_EXPIRED", "BAD_CERTIFICATE", "CERTIFICATE_REVOKED", "UNSUPPORTED_CERTIFICATE")
    said = [words._CERTIFICATE_ALERTS[alert] for alert in alerts]
    said.append(str(words.unanswered(Broker("broker.example", 8883))).partition("8883 ")[2])
    said.append(str(words.refused(Broker("b", username="7"), 135, "")).partition("b:1883 ")[2])
    said.append(str(words.refused_publish("(topic)", 135)))
    assert broker.tls is not None
    rows = re.findall(r"^\| [^|]+ \| ([^|]+) \| [^|]+ \|$", TEXT, re.MULTILINE)
    assert [sentence for sentence in said if sentence not in rows] == []


def test_the_figures_are_those_in_force() -> None:
    assert (AUTHORITY_LASTS.days, CERTIFICATE_LASTS.days, SOON.days) == (3650, 365, 30)
    assert "Certificates hold for a year, the authority for ten." in TEXT
    assert "warns (`!!`) 30 days\nbefore" in TEXT
    assert "log_type debug" not in broker_configuration("x\n\npersistence_location /x/", Credentials.CERTIFICATES)
