"""The command: parts by name, and what it says of those that it doesn't know."""

import subprocess
import sys
from pathlib import Path

PROJECT = Path(__file__).parents[2]


def run(*arguments: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "benchmarks", *arguments],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_help_names_the_parts() -> None:
    helped = run("--help")

    assert helped.returncode == 0
    assert all(part in helped.stdout for part in ("throughput", "ceiling", "latency", "growth", "simulator"))


def test_an_unknown_part_is_wrong_usage() -> None:
    refused = run("throughputs")

    assert refused.returncode == 2
    assert "no such part: throughputs" in refused.stderr
