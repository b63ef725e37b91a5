"""Lines on pipes that are read late, or never."""

import os
import time
from collections.abc import Iterator
from typing import TextIO

import pytest

from monitor.console.line_writer import FLUSH_SECONDS, LINES_KEPT, LineWriter

LINES = LINES_KEPT + 5000


class Pipe:
    """A pipe with both ends here."""

    def __init__(self) -> None:
        reading, writing = os.pipe()
        self.reader: TextIO = os.fdopen(reading)
        self.writer: TextIO = os.fdopen(writing, "w")

    def close(self) -> None:
        self.reader.close()
        self.writer.close()


@pytest.fixture
def pipe() -> Iterator[Pipe]:
    pipe = Pipe()
    yield pipe
    pipe.close()


@pytest.fixture
def lines(pipe: Pipe) -> LineWriter:
    writer = LineWriter(pipe.writer, lambda count: f"... {count} lines left out")
    writer.start()
    return writer


def test_what_nobody_reads_yet_holds_nobody_up_and_is_counted(pipe: Pipe, lines: LineWriter) -> None:
    for number in range(LINES):
        lines.write(f"line {number} {'x' * 80}")
    expected = kept = 0
    while expected < LINES:  # every line in its place, or counted there
        word, told, *_ = pipe.reader.readline().split()
        if word == "...":
            expected += int(told)
        else:
            assert int(told) == expected
            expected, kept = expected + 1, kept + 1
    assert expected == LINES
    assert LINES_KEPT <= kept < LINES
    lines.write("as before")
    assert pipe.reader.readline() == "as before\n"
    lines.close()


def test_the_end_waits_no_longer_than_it_says(pipe: Pipe, lines: LineWriter) -> None:
    for _ in range(LINES):
        lines.write("x" * 80)
    begun = time.monotonic()
    lines.close()
    assert FLUSH_SECONDS <= time.monotonic() - begun < FLUSH_SECONDS + 1
    pipe.reader.close()  # lets the thread go


def test_a_line_that_is_written_before_the_end_is_there(pipe: Pipe, lines: LineWriter) -> None:
    lines.write("the last \ud800 words")
    lines.close()
    lines.close()
    pipe.writer.close()
    assert pipe.reader.read() == "the last \\ud800 words\n"


def test_a_reader_that_goes_away_is_told_of(pipe: Pipe, lines: LineWriter) -> None:
    lines.check()
    pipe.reader.close()
    lines.write("to nobody")
    lines.close()
    lines.write("to nobody again")
    with pytest.raises(BrokenPipeError):
        lines.check()
