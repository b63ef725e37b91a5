"""Who asks for traces, and what is said when that can't be done."""

import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest
from surroundings import environment

from grid.errors import CommandError, ExitCode
from monitor.telemetry.tracing import Destination, NoTracer, destinations, tracing

OTLP, CONSOLE = Destination.OTLP, Destination.CONSOLE
ENDPOINT = "http://127.0.0.1:4318"


@pytest.mark.parametrize(
    ("variables", "to_console", "wanted"),
    [
        ({}, False, set()),
        ({}, True, {CONSOLE}),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": ENDPOINT}, False, {OTLP}),
        ({"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": ENDPOINT}, True, {OTLP, CONSOLE}),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": ""}, False, set()),
        ({"OTEL_TRACES_EXPORTER": "otlp, console"}, False, {OTLP, CONSOLE}),
        ({"OTEL_TRACES_EXPORTER": "none", "OTEL_EXPORTER_OTLP_ENDPOINT": ENDPOINT}, False, set()),
        ({"OTEL_SDK_DISABLED": "true", "OTEL_TRACES_EXPORTER": "console"}, True, set()),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": ENDPOINT, "OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf"}, False, {OTLP}),
        ({"OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"}, True, {CONSOLE}),
    ],
)
def test_the_standard_variables_and_our_setting_ask_for_traces(
    variables: dict[str, str], to_console: bool, wanted: set[Destination]
) -> None:
    assert destinations(variables, to_console=to_console) == wanted


@pytest.mark.parametrize(
    ("variables", "words"),
    [
        ({"OTEL_TRACES_EXPORTER": "zipkin"}, "'zipkin'"),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": ENDPOINT, "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"}, "http/protobuf"),
    ],
)
def test_what_is_not_here_is_refused_in_words(variables: dict[str, str], words: str) -> None:
    with pytest.raises(CommandError, match=words) as refused:
        destinations(variables, to_console=False)

    assert refused.value.code is ExitCode.WRONG_USAGE


def test_without_a_destination_nobody_is_told() -> None:
    with tracing(frozenset())(instance="m-1", say=pytest.fail) as tracer:
        assert isinstance(tracer, NoTracer)


@pytest.mark.parametrize("variable", ["GRID_TRACING", "OTEL_EXPORTER_OTLP_ENDPOINT"])
def test_traces_without_opentelemetry_are_refused_with_the_command_that_installs_it(
    tmp_path: Path, variable: str
) -> None:
    without_it = "import sys; sys.modules['opentelemetry'] = None; from monitor.cli import main; main()"
    value = "1" if variable == "GRID_TRACING" else ENDPOINT

    ended = subprocess.run(
        [sys.executable, "-c", without_it, "--data-dir", tmp_path / "data"],
        env=environment() | {variable: value},
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )

    assert (ended.returncode, ended.stdout) == (2, "")
    assert "pip install 'grid-wind-farm-monitor[tracing]'" in ended.stderr
    assert len(ended.stderr.splitlines()) == 1
    assert not (tmp_path / "data").exists()


def test_traces_on_the_terminal_of_a_live_table_are_refused_in_words(tmp_path: Path) -> None:
    terminal, its_side = pty.openpty()
    options: list[str | Path] = ["--tracing", "--log-format", "table", "--data-dir", tmp_path / "data"]

    ended = subprocess.run(
        [sys.executable, "-m", "monitor", *options], env=environment(), stdout=its_side, stderr=its_side, timeout=30
    )

    assert ended.returncode == ExitCode.WRONG_USAGE
    assert b"would tear the live table" in os.read(terminal, 4096)
    os.close(terminal)
    os.close(its_side)


def test_traces_on_a_terminal_replace_the_live_table_by_lines(tmp_path: Path, free_port: int) -> None:
    terminal, its_side = pty.openpty()
    options: list[str | Path] = ["--tracing", "--broker-port", str(free_port), "--data-dir", tmp_path / "data"]
    monitor = subprocess.Popen(
        [sys.executable, "-m", "monitor", *options],
        env=environment() | {"TERM": "xterm"},
        stdout=its_side,
        stderr=its_side,
        stdin=subprocess.DEVNULL,
    )
    os.close(its_side)
    said = b""
    while b'"span"' not in said:
        said += os.read(terminal, 4096)
    monitor.terminate()

    assert monitor.wait(30) == 0
    assert b"\x1b[" not in said, "cursor movements of a table among the traces"
    os.close(terminal)


def test_a_monitor_without_traces_does_not_load_opentelemetry() -> None:
    question = "import sys, monitor.program; print([name for name in sys.modules if name.startswith('opentelemetry')])"

    answer = subprocess.run([sys.executable, "-c", question], capture_output=True, text=True, timeout=30, check=True)

    assert answer.stdout.strip() == "[]"
