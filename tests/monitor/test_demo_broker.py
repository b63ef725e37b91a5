"""The Mosquitto that the demo and the tests start for themselves."""

import os
import signal
from pathlib import Path

import pytest

from monitor import demo_broker
from monitor.demo_broker import LocalBrokerError, LocalMosquitto


def test_a_stopped_broker_comes_back_on_the_same_port(broker: LocalMosquitto) -> None:
    port, first = broker.port, broker.pid
    broker.stop()
    assert broker.pid is None

    broker.start()

    assert (broker.port, broker.pid != first) == (port, True)


def test_a_killed_broker_comes_back(broker: LocalMosquitto) -> None:
    broker.kill()
    broker.start()

    assert broker.pid is not None


def test_a_frozen_broker_can_be_stopped(broker: LocalMosquitto) -> None:
    pid = broker.pid
    broker.send_signal(signal.SIGSTOP)

    broker.stop()

    assert pid is not None
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


def test_stopping_twice_is_harmless(broker: LocalMosquitto) -> None:
    broker.stop()
    broker.stop()

    assert broker.pid is None


def test_a_taken_port_is_said_in_a_sentence(broker: LocalMosquitto, tmp_path: Path) -> None:
    with pytest.raises(LocalBrokerError, match=f"port {broker.port} on 127.0.0.1 is taken by another program"):
        LocalMosquitto(tmp_path, port=broker.port).start()


def test_a_running_broker_is_not_started_again(broker: LocalMosquitto) -> None:
    with pytest.raises(LocalBrokerError, match="runs already"):
        broker.start()


def test_a_wrong_configuration_is_said_with_mosquittos_own_words(broker: LocalMosquitto, tmp_path: Path) -> None:
    wrong = LocalMosquitto(tmp_path, extra_configuration="no_such_option 1")

    with pytest.raises(LocalBrokerError, match='Unknown configuration variable "no_such_option"'):
        wrong.start()

    assert wrong.pid is None


def test_a_folder_that_cannot_be_written_is_said_in_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a folder", encoding="utf-8")

    with pytest.raises(LocalBrokerError, match="can't be written"):
        LocalMosquitto(tmp_path / "file").start()


def test_a_machine_without_mosquitto_is_said_in_a_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(demo_broker, "find_mosquitto", lambda: None)

    with pytest.raises(LocalBrokerError, match="no mosquitto on the PATH"):
        LocalMosquitto(tmp_path).start()


def test_the_broker_has_the_right_to_many_connections(broker: LocalMosquitto) -> None:
    limits = Path(f"/proc/{broker.pid}/limits")
    if not limits.exists():
        pytest.skip("only Linux shows a process's limits in /proc")
    open_files = next(line for line in limits.read_text().splitlines() if line.startswith("Max open files"))
    soft, hard = open_files.split()[3:5]

    assert soft == hard


def test_the_configuration_is_the_projects_with_another_listener_and_folder(tmp_path: Path) -> None:
    ours = set(demo_broker.project_configuration().splitlines())
    local = set(demo_broker.local_configuration(port=18830, folder=tmp_path).splitlines())

    assert ours - local == {"listener 1883", "persistence_location /mosquitto/data/"}
    assert local - ours == {"listener 18830 127.0.0.1", f"persistence_location {tmp_path}/", "user root"}


def test_the_installed_package_ships_the_configuration(tmp_path: Path) -> None:
    project = Path(__file__).parents[2]

    assert demo_broker.project_configuration() == (project / "mosquitto" / "mosquitto.conf").read_text(encoding="utf-8")


def test_ctrl_c_at_the_terminal_does_not_reach_the_broker(broker: LocalMosquitto) -> None:
    assert broker.pid is not None
    assert os.getsid(broker.pid) != os.getsid(0)
